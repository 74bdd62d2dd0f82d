/* Generated statements, compiled with the CHECKs of the tables they write or without. */
#ifndef TRN_STORE_COMPILE_H
#define TRN_STORE_COMPILE_H

#include "store/state.h"

/* Appends a name in double quotes. */
tern_status trn_sql_name(struct trn_bytes *sql, const char *name);

/* Compiles generated text and takes it over; `sql` may be empty after an allocation failed. */
tern_status trn_store_compile(struct trn_store *store,
                              struct trn_bytes *sql,
                              tern_status built,
                              sqlite3_stmt **ret_stmt,
                              tern_error *error);
/* As trn_store_compile; what is compiled does not run the CHECKs of the tables it writes. */
tern_status trn_store_compile_unchecked(struct trn_store *store,
                                        struct trn_bytes *sql,
                                        tern_status built,
                                        sqlite3_stmt **ret_stmt,
                                        tern_error *error);
/* Whether SQLite has compiled the statement anew by itself, and so with the CHECKs. */
bool trn_store_has_checks_again(sqlite3_stmt *stmt);
/* What is compiled until trn_store_restore_checks does without them. */
tern_status trn_store_leave_checks_out(struct trn_store *store, tern_error *error);
/* Sees to it that what is compiled from here on has its CHECKs. Where lack of memory kept them off,
 * nothing else may be compiled or run before this has worked. */
tern_status trn_store_restore_checks(struct trn_store *store, tern_error *error);

#endif
