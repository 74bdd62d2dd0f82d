/*
 * What a restored server may have lost and no entry is kept of any more: this device's own units on
 * the rows. They go into the queue again, transaction by transaction, under new tx ids and with
 * their stamps, before all that is kept, since that builds on them.
 */
#ifndef TRN_ENGINE_REOFFER_H
#define TRN_ENGINE_REOFFER_H

#include "engine/work.h"

/* Finds them; the server's numbers must still be known. Lifts pending edits. */
tern_status trn_reoffer_gather(struct trn_work *work, tern_error *error);
/* Queues them; the numbers must have been forgotten. Lays pending edits back. */
tern_status trn_reoffer_queue(struct trn_work *work, tern_error *error);

/* Parks units of a row that another device wrote, `left->author`, as an entry of its. */
tern_status trn_reoffer_park(struct trn_work *work, const struct trn_left *left, tern_error *error);

#endif
