/* What the files that apply changes share: see apply.c and meeting.c. */
#ifndef TRN_SERVER_MEETING_H
#define TRN_SERVER_MEETING_H

#include "merge/merge.h"
#include "server/push.h"

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

/* Whether the change carries the column. */
bool trn_change_carries(const struct trn_change *change, size_t column);

/* Puts a written row at the entry's number in the log of each of its scopes. */
tern_status trn_apply_log(struct trn_push *push,
                          const struct trn_table *table,
                          const tern_id *id,
                          const struct trn_row_scopes *scopes,
                          int64_t old_number,
                          tern_error *error);

/* What a failed write means: a key that is taken now may be freed by a later change. */
tern_status
trn_apply_failed(tern_status status, bool last_call, bool *ret_waits, tern_error *error);

/* The rank of the change's write of the unit. */
enum trn_rank trn_apply_rank(const struct trn_push *push,
                             const struct trn_change *change,
                             size_t unit,
                             const tern_value *values);

#endif
