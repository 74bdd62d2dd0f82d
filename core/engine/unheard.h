/*
 * Transactions that the server took and whose verdict never came, though a page named them: the
 * page says number, time and device, and not which entry that was.
 */
#ifndef TRN_ENGINE_UNHEARD_H
#define TRN_ENGINE_UNHEARD_H

#include "engine/work.h"

/* Appends the ordinals of own entries that were sent and have no verdict, what is left of
 * transactions left out. */
tern_status trn_unheard_list(struct trn_work *work, struct trn_bytes *ordinals, tern_error *error);
/* Whether one of these entries says all of what is left of an own transaction: `items`, in the
 * order of tables and ids. Rows must show no pending edit. */
tern_status trn_unheard_says(struct trn_work *work,
                             struct trn_slice ordinals,
                             const struct trn_left *items,
                             size_t count,
                             bool *ret_says,
                             tern_error *error);

#endif
