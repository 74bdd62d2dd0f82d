/*
 * What a restored server has lost and others wrote: no device speaks for another, so it is parked
 * as an entry of its author's until that one offers it again, or somebody lets it be sent in the
 * author's name, which the server takes from that author's user and from an operator.
 */
#ifndef TRN_ENGINE_LOST_H
#define TRN_ENGINE_LOST_H

#include "engine/work.h"

/* Whether the entry is one of these, also where the server has refused it or its record is closed.
 */
tern_status trn_lost_is(const struct trn_work *work,
                        const struct trn_entry *entry,
                        bool *ret_is,
                        tern_error *error);

/* Parks what stands on the row from before the epoch changed, written by others, and is newer than
 * `incoming`, what the server sends now (its versions are still numbers); NULL: nothing, the row
 * goes. */
tern_status trn_lost_park(struct trn_work *work,
                          const struct trn_table *table,
                          const tern_id *id,
                          const struct trn_row *incoming,
                          tern_error *error);

/* The parked ones, while rows come in: all zero before, and after trn_lost_free. */
struct trn_lost {
    struct trn_bytes items;
};

/* Adds those above the ordinal `after`. */
tern_status
trn_lost_load(struct trn_work *work, struct trn_lost *lost, uint64_t after, tern_error *error);
void trn_lost_free(struct trn_lost *lost);
/* The server has sent this row (its versions are keys by now): what it has again, or something
 * newer, is parked no longer. */
tern_status trn_lost_clear(struct trn_work *work,
                           struct trn_lost *lost,
                           const struct trn_table *table,
                           const struct trn_row *incoming,
                           tern_error *error);

/* Sends it in its author's name. It stays what it was: its stamp, its author. */
tern_status trn_lost_send(struct trn_work *work, struct trn_entry *entry, tern_error *error);

#endif
