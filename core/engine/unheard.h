/*
 * Transactions that the server took and whose verdict never came, though a page named them: the
 * page says number, time and device, and not which entry that was.
 */
#ifndef TRN_ENGINE_UNHEARD_H
#define TRN_ENGINE_UNHEARD_H

#include "engine/work.h"

/* The rows that own entries change which were sent and have no verdict, 16 bytes a line: all zero
 * before, and after trn_unheard_free. */
struct trn_unheard {
    struct trn_bytes lines;
    bool is_listed;
};

/* Reads these entries, once for all that is looked for. */
tern_status trn_unheard_list(struct trn_work *work, struct trn_unheard *unheard, tern_error *error);
void trn_unheard_free(struct trn_unheard *unheard);
/* Appends the ordinals of those that may change the row. */
tern_status trn_unheard_find(const struct trn_unheard *unheard,
                             const struct trn_left *left,
                             struct trn_bytes *ordinals,
                             tern_error *error);
/* Whether one of the entries says all of what is left of an own transaction: `items`, in the
 * order of tables and ids. Rows must show no pending edit. */
tern_status trn_unheard_says(struct trn_work *work,
                             struct trn_slice ordinals,
                             const struct trn_left *items,
                             size_t count,
                             bool *ret_says,
                             tern_error *error);

#endif
