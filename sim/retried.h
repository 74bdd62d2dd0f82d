/*
 * What is tried again is what it was: the same changes on the same bases, of the same epoch and the
 * same kind.
 */
#ifndef TERN_SIM_RETRIED_H
#define TERN_SIM_RETRIED_H

#include "sim/world.h"

/* Entries of a device that wait or are parked, in the order of their ordinals; to be freed. */
struct sim_entries {
    struct sim_entries_item {
        uint64_t ordinal;
        int64_t key;
        int64_t time_us;
        tern_id author;
        int kind;
        bool is_parked;
        bool is_unseen; /* nothing of it is on the rows */
        bool is_offered_again;
        size_t at; /* in `bodies` */
        size_t size;
    } * items;
    size_t count;
    struct trn_bytes bodies;
};

struct sim_entries sim_entries_read(struct sim_device *device);
void sim_entries_free(struct sim_entries *entries);
/* An entry of the device was tried again: what came in the place of those that are gone since
 * `before` says what they said. */
void sim_retried_check(struct sim_device *device, const struct sim_entries *before);

#endif
