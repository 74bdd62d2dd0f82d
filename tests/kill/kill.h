/*
 * What all parts of tern-kill share: settings, the totals of a run, and how a broken promise is
 * noted.
 *
 * A promise that breaks ends the run and keeps its files; what the program itself needs and does
 * not get (a process, a file) ends the program.
 */
#ifndef TERN_KILL_H
#define TERN_KILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/value.h"

enum { KILL_PATH_BYTES = 640, KILL_AUTHORS_MAX = 8 };

struct kill_settings {
    uint64_t seed;
    const char *folder; /* where files live; made and removed by main */
    const char *ternd;  /* the program */
    const char *document;
    size_t document_size;
};

struct kill_totals {
    uint64_t kills;
    uint64_t device_kills;
    uint64_t server_kills;
    uint64_t acknowledged; /* commits that returned, and transactions that a sync acknowledged */
    uint64_t lost;
    uint64_t doubled;
    uint64_t checks;
};

struct kill_run {
    struct kill_settings settings;
    struct kill_totals totals;
    bool broken;
    char what[512]; /* the first promise that broke */
};

/* Notes that a promise broke; the first one stands. */
void kill_broken(struct kill_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the program where it cannot do its work. */
void kill_need(bool condition, const char *what);

int64_t kill_now_us(void);
void kill_sleep_us(int64_t us);

/* Joins a folder and a name. */
void kill_path(char path[KILL_PATH_BYTES], const char *folder, const char *name);

/* Kills devices that write alone, one after the other, until `kills` are spent or a promise breaks.
 */
void kill_alone(struct kill_run *run, uint64_t kills);

/* Kills a server and the devices that sync with it. */
void kill_together(struct kill_run *run, uint64_t kills);

#endif
