/* Whether the writer may: by its power, by grants, by whose a unit is. */
#ifndef TRN_SERVER_ACCESS_H
#define TRN_SERVER_ACCESS_H

#include "server/push_state.h"

/* Fails with TERN_ERR_FORBIDDEN unless the writer may make this change to a row of these scopes. */
tern_status trn_access_check(struct trn_push *push,
                             const struct trn_change *change,
                             const struct trn_row_scopes *scopes,
                             bool exists,
                             tern_error *error);
/* Whether the writer may write a unit of rows it may write: not those of the server, but for the
 * operator. */
bool trn_access_owns_unit(const struct trn_push *push, const struct trn_table *table, size_t unit);
/* Fails with TERN_ERR_FORBIDDEN where an insert says of a unit of the server's what it may not.
 * `present` is what the row that is there holds, or NULL. */
tern_status trn_access_check_units(const struct trn_push *push,
                                   const struct trn_change *change,
                                   const tern_value *present,
                                   tern_error *error);
/* The same for what the row becomes: opening a record is its owner's. `before` is NULL for none. */
tern_status trn_access_check_opening(struct trn_push *push,
                                     const struct trn_table *table,
                                     const struct trn_row *before,
                                     const struct trn_row *after,
                                     tern_error *error);
/* Whether the writer may write the table's rows of these scopes: by the first, or by any of them
 * where the table says so. */
tern_status trn_access_writes(struct trn_push *push,
                              const struct trn_table *table,
                              const struct trn_row_scopes *scopes,
                              bool *ret_writes,
                              tern_error *error);

/* Whether a new row's paths lead over rows of records that the writer may not even read: to them it
 * is as if the rows were not there, for an answer of its own would say that they are. */
tern_status trn_access_hides(struct trn_push *push,
                             const struct trn_table *table,
                             const struct trn_row_scopes *scopes,
                             bool *ret_hides,
                             tern_error *error);

#endif
