/* What the two ways to write a row share; the rest of rows is in store.h. */
#ifndef TRN_STORE_ROW_H
#define TRN_STORE_ROW_H

#include "store/state.h"

/* Whether the file holds a row of that id. */
tern_status trn_row_is_there(struct trn_store *store,
                             const struct trn_table *table,
                             const tern_id *id,
                             bool *ret_has,
                             tern_error *error);
/* Inserts or updates, as `which` says, by all cells of the rows: TRN_ROWS_AT_ONCE for _TAKE_MANY,
 * else one. */
tern_status trn_row_run(struct trn_store *store,
                        const struct trn_table *table,
                        enum trn_table_sql which,
                        const struct trn_row *rows,
                        tern_error *error);

#endif
