/* SQLite's result codes as statuses. */
#ifndef TRN_STORE_FAULT_H
#define TRN_STORE_FAULT_H

#include "store/state.h"

/* Turns SQLite's result code, and the message of the connection, into a status and a sentence. */
tern_status trn_store_fail(sqlite3 *db, int rc, const char *what, tern_error *error);
/* The same, where a broken constraint may be one of the schema's; `schema` may be NULL. */
tern_status trn_store_fail_rows(sqlite3 *db,
                                const struct trn_schema *schema,
                                int rc,
                                const char *what,
                                tern_error *error);
/* The same for a statement of the app: its text may hold values, and SQLite quotes it. */
tern_status trn_store_fail_sql(sqlite3 *db,
                               const struct trn_schema *schema,
                               int rc,
                               struct trn_slice sql,
                               tern_error *error);

#endif
