/*
 * Which entries one request carries, in what order, and how old they are.
 */
#ifndef TRN_ENGINE_BATCH_H
#define TRN_ENGINE_BATCH_H

#include "engine/work.h"

struct trn_batch_item {
    uint64_t ordinal;
    tern_id tx;
    tern_id author;
    int64_t time_us;
    int64_t age_us;
    bool stored; /* the time is one that a server stored before: a re-offer */
    struct trn_reading reading;
};

struct trn_batch {
    struct trn_batch_item *items;
    size_t count;
    size_t room;
    struct trn_bytes bodies; /* the entries' bytes, one after another */
    size_t *ends;            /* where each one's bytes end */
};

/* Ordinals that this session leaves alone, ascending. */
struct trn_set_aside {
    uint64_t *ordinals;
    size_t count;
    size_t room;
};

struct trn_batch_limits {
    size_t bytes; /* of bodies; one larger entry travels alone */
    size_t entries;
};

void trn_batch_free(struct trn_batch *batch);
void trn_set_aside_free(struct trn_set_aside *aside);
tern_status trn_set_aside_add(struct trn_set_aside *aside, uint64_t ordinal, tern_error *error);

/* Fills an empty batch with the oldest entries that wait for the server, `aside` and what depends
 * on it left out (and added to it). */
tern_status trn_batch_fill(struct trn_batch *batch,
                           struct trn_work *work,
                           const struct trn_batch_limits *limits,
                           struct trn_set_aside *aside,
                           tern_error *error);
/* The bytes of one entry. */
struct trn_slice trn_batch_body(const struct trn_batch *batch, size_t index);

/* What the entries are is kept, their bytes are not. */
void trn_batch_forget_bodies(struct trn_batch *batch);
/* How many entries wait for the server, those set aside included, and the first and last ordinal of
 * those not set aside (0: none). */
tern_status trn_batch_waiting(struct trn_work *work,
                              const struct trn_set_aside *aside,
                              uint64_t *ret_count,
                              uint64_t *ret_first,
                              tern_error *error);

#endif
