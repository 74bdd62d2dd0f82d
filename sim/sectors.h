/*
 * The bytes of a file in memory: what they are now, and for each page written since the last sync
 * what it was at that sync and which of its sectors were written.
 */
#ifndef TERN_SIM_SECTORS_H
#define TERN_SIM_SECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/dice.h"

enum { SIM_SECTOR = 512 };

struct sim_shadow;

struct sim_sectors {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t synced_size;
    struct sim_shadow **shadows; /* by page */
    size_t shadow_count;
    size_t shadow_from; /* before it, and from the end on, there are none */
    size_t shadow_end;
};

/* Room for so many bytes; the size stays. */
void sim_sectors_reserve(struct sim_sectors *sectors, size_t size);
/* What is new is zeros. */
void sim_sectors_resize(struct sim_sectors *sectors, size_t size);
/* Before the bytes from `at` to `end` are written or cut off. */
void sim_sectors_touch(struct sim_sectors *sectors, size_t at, size_t end);
/* All of it lasts now. */
void sim_sectors_sync(struct sim_sectors *sectors);
/* Each sector that was not synced is, by the dice, as it was, as it became, or torn. */
void sim_sectors_lose_power(struct sim_sectors *sectors, struct sim_dice *dice);
void sim_sectors_free(struct sim_sectors *sectors);

/* Whether no power will be lost until it is said again: then nothing is kept of what was. */
void sim_sectors_spare_power(bool spared);
bool sim_sectors_have_power(void);

/* The disks' own memory is no part of the world's: it does not run out. */
void *sim_disk_grown(void *block, size_t size);
void *sim_disk_zeroed(size_t size);

#endif
