/*
 * The app's SQL: statements of the writer connection and of readers.
 *
 * A statement is checked when it is compiled (guard.c) and marks its place in the capture before it
 * writes, so that one that fails leaves nothing. All calls on the writer's need the replica's lock.
 */
#ifndef TRN_STORE_STATEMENT_H
#define TRN_STORE_STATEMENT_H

#include "store/store.h"

struct trn_guard;
struct trn_statement;
struct trn_reader;
struct sqlite3;

/* TERN_ERR_SQL where it is wrong or not allowed, _MISUSE unless it is exactly one statement. */
tern_status trn_statement_prepare(struct trn_store *store,
                                  struct trn_slice sql,
                                  struct trn_statement **ret_statement,
                                  tern_error *error);
/* The same for one whose values trn_schema_check_row passes before it is run: the tables' CHECKs
 * are left out, unless the app has made triggers, whose statements would lose theirs as well. Once
 * it makes one, SQLite compiles this anew by itself, with them. */
tern_status trn_statement_prepare_unchecked(struct trn_store *store,
                                            struct trn_slice sql,
                                            struct trn_statement **ret_statement,
                                            tern_error *error);
/* Whether that has happened, and need not have: it may be prepared once more. */
bool trn_statement_has_needless_checks(const struct trn_statement *statement);
/* Of the store's own: as trn_statement_prepare, for the connection that the guard is of; `store` is
 * NULL for a reader's. */
tern_status trn_statement_compile(struct sqlite3 *db,
                                  struct trn_store *store,
                                  struct trn_guard *guard,
                                  struct trn_slice sql,
                                  struct trn_statement **ret_statement,
                                  tern_error *error);
/* Whether it may change the file: then it needs a tx, and for synced rows a listener. */
bool trn_statement_is_write(const struct trn_statement *statement);
/* Index from 1. Text and blobs are copied. */
tern_status
trn_statement_bind(struct trn_statement *statement, int index, tern_value value, tern_error *error);
/* As trn_statement_bind, with the bytes borrowed until the statement has run to its end. */
tern_status trn_statement_bind_borrowed(struct trn_statement *statement,
                                        int index,
                                        const tern_value *value,
                                        tern_error *error);
/* To the next row, or to the end or a failure, which reset it. */
tern_status trn_statement_step(struct trn_statement *statement, bool *ret_row, tern_error *error);
int trn_statement_columns(const struct trn_statement *statement);
const char *trn_statement_name(const struct trn_statement *statement, int column);
/* Borrowed until the next step, reset or free. */
tern_value trn_statement_value(struct trn_statement *statement, int column);
void trn_statement_reset(struct trn_statement *statement);
void trn_statement_free(struct trn_statement *statement);
/* Rows that the statement run last changed. */
int64_t trn_store_changed_rows(const struct trn_store *store);

/* ---- Readers: reader.c. A connection of their own, one thread at a time. ---- */

tern_status
trn_reader_open(struct trn_store *store, struct trn_reader **ret_reader, tern_error *error);
/* Resets its statements, and ends its snapshot. */
void trn_reader_rest(struct trn_reader *reader);
/* With no statement left. */
void trn_reader_close(struct trn_reader *reader);
tern_status trn_reader_prepare(struct trn_reader *reader,
                               struct trn_slice sql,
                               struct trn_statement **ret_statement,
                               tern_error *error);
tern_status trn_reader_begin(struct trn_reader *reader, tern_error *error);
void trn_reader_end(struct trn_reader *reader);

#endif
