/* The statements of enum trn_sql, and the small verbs to run any. */
#ifndef TRN_STORE_SQL_H
#define TRN_STORE_SQL_H

#include "store/state.h"

/* An acknowledged entry's place is its ordinal less this. */
#define TRN_SQL_KEPT "4611686018427387904"

/* The compiled statement, unbound. */
tern_status trn_store_sql(struct trn_store *store,
                          enum trn_sql which,
                          sqlite3_stmt **ret_stmt,
                          tern_error *error);
/* Steps once: true where a row stands ready, else the statement is reset. A failure resets it too.
 */
tern_status trn_store_step(struct trn_store *store,
                           sqlite3_stmt *stmt,
                           const char *what,
                           bool *ret_row,
                           tern_error *error);
/* Runs a statement that gives no rows, or whose rows do not matter, and resets it. */
tern_status
trn_store_run(struct trn_store *store, sqlite3_stmt *stmt, const char *what, tern_error *error);
/* Fetches and runs a statement without parameters. */
tern_status
trn_store_do(struct trn_store *store, enum trn_sql which, const char *what, tern_error *error);
/* Runs a statement whose one parameter is a scope. */
tern_status trn_store_scope_run(struct trn_store *store,
                                enum trn_sql which,
                                const tern_id *scope,
                                tern_error *error);
/* Whether such a statement gives a row, and whether its first cell is other than 0. */
tern_status trn_store_scope_flag(struct trn_store *store,
                                 enum trn_sql which,
                                 const tern_id *scope,
                                 bool *ret_found,
                                 bool *ret_flag,
                                 tern_error *error);
/* The scope in the first row of a statement without parameters; `ret_scope` is untouched without
 * one. */
tern_status trn_store_scope_any(struct trn_store *store,
                                enum trn_sql which,
                                bool *ret_any,
                                tern_id *ret_scope,
                                tern_error *error);
/* Runs a text of any number of statements. */
tern_status
trn_store_exec(struct trn_store *store, const char *sql, const char *what, tern_error *error);
void trn_store_finalize(sqlite3_stmt **stmt);

/* Sets one of SQLITE_DBCONFIG_; false where this build of SQLite does not have it. */
bool trn_store_set_flag(sqlite3 *db, int flag, int value);

#endif
