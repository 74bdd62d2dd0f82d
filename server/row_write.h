/* What new rows and merged ones have in common as they are written. */
#ifndef TRN_SERVER_ROW_WRITE_H
#define TRN_SERVER_ROW_WRITE_H

#include "server/push_state.h"

/* Resolves the base of a change to a number of this epoch, or 0. */
tern_status trn_row_write_base(struct trn_push *push,
                               const struct trn_change *change,
                               int64_t *ret_number,
                               tern_error *error);

/* Puts a written row at the entry's number in the log of each of its scopes. */
tern_status trn_row_write_log(struct trn_push *push,
                              const struct trn_table *table,
                              const tern_id *id,
                              const struct trn_row_scopes *scopes,
                              int64_t old_number,
                              tern_error *error);

/* What a failed write of the row means: a key that is taken now may be freed by a later change. */
tern_status trn_row_write_failed(struct trn_push *push,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_status status,
                                 bool last_call,
                                 bool *ret_waits,
                                 tern_error *error);
/* Tells those that wait that the row was replaced, and which keys that freed. */
void trn_row_write_replaced(struct trn_push *push,
                            const struct trn_table *table,
                            const struct trn_row *before,
                            const struct trn_row *after);

/* The rank of the change's write of the unit. */
enum trn_rank trn_row_write_rank(const struct trn_push *push,
                                 const struct trn_change *change,
                                 size_t unit,
                                 const tern_value *values);

#endif
