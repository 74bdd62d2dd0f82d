/*
 * Lives with a ledger: four devices write, stop, lie about the time and lose answers, and a note
 * is kept of each change that was committed and of what its writer saw. What became of each is then
 * looked up in the files.
 */
#ifndef TERN_TEST_SIM_STORY_H
#define TERN_TEST_SIM_STORY_H

#include "tests/sim/files.h"

enum { STORY_DEVICES = 4, STORY_MARKS = 400 };
enum { PHONE, TABLET, DESK, WARD }; /* two of a patient's, p, and two of a doctor's, d */

/* One unit of one change: a value that nothing else writes. */
struct mark {
    char text[16];
    char table[16];
    char column[16];
    char row[33];  /* hexadecimal */
    char seen[16]; /* the value that was there before its writer; "" for none */
    int device;
    char tx[33];
};

struct story {
    struct world world;
    struct device devices[STORY_DEVICES];
    struct mark marks[STORY_MARKS];
    size_t mark_count;
    uint64_t seed;
    bool fine; /* network, clocks and grants behave */
};

/* SIM_SEED=<n> in the environment gives every seed another life. */
void story_begin(struct story *story, uint64_t seed);
/* The next `moments` of the life, by dice. */
void story_live(struct story *story, unsigned moments);
/* Faults stop, the record is open, and every device syncs until quiet. */
void story_settle(struct story *story);
void story_end(struct story *story);
/* Some of what stands quarantined is discarded, and all sync again. */
void story_discard_some(struct story *story);
unsigned story_roll(struct story *story, unsigned below);

#endif
