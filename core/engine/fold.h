/* Rows that one transaction touched more than once, or where an inferred value has to yield: worked
 * out anew from what the row holds now and what it held before. */
#ifndef TRN_ENGINE_FOLD_H
#define TRN_ENGINE_FOLD_H

#include "engine/entry.h"

struct trn_folded {
    struct trn_bytes *text;  /* the row's lines are appended */
    struct trn_bytes *lines; /* struct trn_noted_line */
    struct trn_bytes *undo;  /* its undo record, if it changed at all */
    uint64_t kept;           /* units that yielded are added */
};

/**
 * Folds the row of the touch `first`, its first; capture has been stopped.
 *
 * Writes the row where it does not hold its stamp yet, or where units go back to what they were.
 *
 * @return TERN_OK, TERN_ERR_OUTRANKED in a recorded tx, a constraint's code, _NOMEM, _IO.
 */
tern_status trn_fold_row(struct trn_recorder *recorder,
                         size_t first,
                         struct trn_folded *folded,
                         tern_error *error);

tern_status
trn_fold_fail_outranked(const struct trn_table *table, uint16_t outranked, tern_error *error);

#endif
