/* A change and the row that is there: what the merge makes of them is written. */
#ifndef TRN_SERVER_MEETING_H
#define TRN_SERVER_MEETING_H

#include "merge/merge.h"
#include "server/audit.h"

/* A row that a change meets, while it is being merged. */
struct trn_meeting {
    struct trn_push *push;
    const struct trn_change *change;
    const struct trn_row_scopes *scopes;
    struct trn_row before;
    struct trn_row after;
    int64_t base; /* as a number of this epoch */
    bool wrote;
    struct trn_audit audits[TRN_UNITS_MAX]; /* written once the row is */
    size_t audit_count;
};

/* Merges the change into the row that is there, and writes what comes of it. */
tern_status trn_meet(struct trn_push *push,
                     const struct trn_change *change,
                     const struct trn_row_scopes *scopes,
                     bool last_call,
                     bool *ret_waits,
                     tern_error *error);

/* The stamp of a unit's value, and the transaction that wrote it; neither where nothing has. */
tern_status trn_meeting_stamp(struct trn_push *push,
                              const struct trn_version *version,
                              size_t unit,
                              struct trn_merge_unit_input *input,
                              struct trn_db_tx *ret_tx,
                              tern_error *error);

#endif
