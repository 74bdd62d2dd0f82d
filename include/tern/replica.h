/**
 * The replica: one SQLite file that holds one user's records, its outbox and its sync state.
 *
 * A handle may be used from any thread; calls that write are serialised by it. No call here touches
 * the network, and none waits for it. Rows live in the app's own tables as the schema document
 * names them; beside the document's columns each has `updated_at`, `deleted_at` and the library's
 * `tern_v`, which the app never writes.
 */
#ifndef TERN_REPLICA_H
#define TERN_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "tern/port.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_replica tern_replica;

typedef struct tern_replica_options {
    size_t size;        /* sizeof(tern_replica_options) */
    const char *schema; /* the schema document, JSON; NULL opens an existing file with the document
                           it holds */
    size_t schema_size; /* bytes of `schema` */
    tern_id user;       /* whose replica this is; the nil id opens an existing file as it is */
    bool must_exist;    /* fail with TERN_ERR_NOT_FOUND rather than create */
    int64_t busy_timeout_ms; /* how long opening waits for who else holds the replica, and a write
                                for another connection of the file; 0 means 5,000 */
    const tern_ports *ports; /* copied; see tern/platform.h for the desktop's */
} tern_replica_options;

/**
 * Opens the replica at `path`, creating or upgrading it as the schema document asks.
 *
 * Opening runs a full WAL checkpoint first, so that what was recovered after a crash is durable
 * before it is served. A full disk keeps no replica that exists from being opened with the same
 * document, and read (but for the 32 KiB that SQLite shares between connections, gone with a clean
 * close); what writes, an upgrade too, fails with TERN_ERR_DISK_FULL until there is room. An
 * upgrade adds tables, columns, indexes and enum values in one transaction; anything else in a
 * newer document is TERN_ERR_SCHEMA_INCOMPATIBLE. One process holds a replica for writing at a
 * time; a second waits for it as long as busy_timeout_ms says, and is then refused with
 * TERN_ERR_BUSY.
 *
 * @param path        UTF-8 file name; copied.
 * @param options     Copied.
 * @param ret_replica Owned by the caller on success, closed with tern_replica_close; untouched on
 * failure.
 * @param error       Filled on failure; may be NULL.
 * @return TERN_OK, TERN_ERR_MISUSE, _NOMEM, _IO, _DISK_FULL, _READ_ONLY, _CORRUPT, _NOT_A_REPLICA,
 * _BUSY, _FORMAT_NEWER, _WRONG_USER, _SCHEMA, _SCHEMA_OLDER, _SCHEMA_INCOMPATIBLE or _NOT_FOUND.
 * @threadsafety Any thread.
 */
TERN_API TERN_MUST_USE tern_status tern_replica_open(const char *path,
                                                     const tern_replica_options *options,
                                                     tern_replica **ret_replica,
                                                     tern_error *error);

/** Closes; NULL is accepted. An open transaction is rolled back. No other call may be under way on
 * the handle. */
TERN_API void tern_replica_close(tern_replica *replica);

/** This installation's id. It changes when the server finds that a clone of the file is alive. */
TERN_API void tern_replica_device(tern_replica *replica, tern_id *ret_id);

/** The user the replica belongs to. */
TERN_API void tern_replica_user(tern_replica *replica, tern_id *ret_id);

/**
 * How often rows of `table` changed since open, by a local commit or a sync. A live query reads it,
 * runs, and runs again once it moved.
 *
 * @return TERN_OK or TERN_ERR_UNKNOWN_TABLE.
 * @threadsafety Any thread, without waiting for a writer.
 */
TERN_API TERN_MUST_USE tern_status tern_replica_changes(tern_replica *replica,
                                                        const char *table,
                                                        uint64_t *ret_count,
                                                        tern_error *error);

/* ---- Transactions ---- */

typedef struct tern_tx tern_tx;

typedef struct tern_tx_options {
    size_t size;   /* sizeof(tern_tx_options) */
    bool inferred; /* a job's or a rule's guesses: they yield to all that a person recorded */
} tern_tx_options;

/**
 * Begins a transaction: the unit of upload, shown whole or not at all on every device.
 *
 * The calling thread holds the replica's write lock until commit or rollback; other writers wait,
 * readers do not.
 *
 * @param options NULL for a recorded transaction.
 * @return TERN_OK, TERN_ERR_MISUSE (this thread holds one already), _BUSY, _IO, _NOMEM.
 */
TERN_API TERN_MUST_USE tern_status tern_tx_begin(tern_replica *replica,
                                                 const tern_tx_options *options,
                                                 tern_tx **ret_tx,
                                                 tern_error *error);

/**
 * Makes the changes durable, stamped, and queued for the server. `tx` is gone afterwards, whatever
 * the outcome; after a failure nothing of it remains. A transaction that changed no synced row
 * queues nothing.
 *
 * After TERN_ERR_IO and TERN_ERR_DISK_FULL the log is cleaned of it, too, lest it come back after a
 * crash; if the disk fails in that as well, it may, should the process die before the next commit.
 *
 * @param ret_kept How many units of an inferred transaction yielded to a recorded value; may be
 * NULL.
 * @return TERN_OK, or why nothing was committed: TERN_ERR_FOREIGN_KEY, _OUTRANKED, _TOO_LARGE,
 * _DISK_FULL, _IO, _NOMEM, or the first failure of a statement that broke a rule of synced rows.
 */
TERN_API TERN_MUST_USE tern_status tern_tx_commit(tern_tx *tx,
                                                  uint64_t *ret_kept,
                                                  tern_error *error);

/** Forgets the changes; NULL is accepted. `tx` is gone afterwards. */
TERN_API void tern_tx_rollback(tern_tx *tx);

/* ---- Statements ---- */

typedef struct tern_statement tern_statement;

/**
 * Compiles one SQL statement for the writer connection.
 *
 * On synced tables: DELETE marks the row deleted, REPLACE and OR FAIL, OR ROLLBACK are refused, and
 * a write outside a transaction is one of its own (one that returns rows needs one around it).
 * Transaction control, ATTACH, PRAGMA writes and schema changes of synced or `tern_` tables are
 * refused with TERN_ERR_SQL; tables and TEMP triggers of the app's own are not, and such a trigger
 * runs for statements alone, not when a sync writes. A failed statement leaves nothing, so triggers
 * with RAISE(FAIL) or RAISE(ROLLBACK) and tables with ON CONFLICT FAIL are refused; and so are
 * foreign keys to synced tables, whose rows a sync takes out and, for a moment, lifts. A table of
 * that kind that is in the file already stays, CREATE TABLE IF NOT EXISTS of it does nothing, and
 * opening the replica tells of it in the log (a warning): it should be made anew without the
 * clause. Beside one with ON CONFLICT FAIL a statement that fails ends its transaction. Functions
 * offered to SQL: `tern_id()` mints an id, `tern_key(table, key...)` derives one from a natural
 * key, `tern_id_text(blob)` and `tern_id_blob(text)` convert, `tern_now()` is the stamp clock in
 * microseconds; `tern_unsent(table, id)`, which readers do not have, is the ordinal of the entry
 * that inserted the row, or deleted it or brought it back, while the server has not acknowledged it
 * (that of the open transaction included), else 0, also where there is no such row: an entry with a
 * row that references it shares its fate, so what is to stand by itself is written in another.
 *
 * @param sql Exactly one statement, UTF-8, `sql_size` bytes.
 * @return TERN_OK, TERN_ERR_SQL, _NOMEM, _MISUSE.
 */
TERN_API TERN_MUST_USE tern_status tern_statement_prepare(tern_replica *replica,
                                                          const char *sql,
                                                          size_t sql_size,
                                                          tern_statement **ret_statement,
                                                          tern_error *error);

/** Binds parameter `index`, from 1. Text and blobs are copied. Null, too, must be bound to
 * overwrite an earlier value. */
TERN_API TERN_MUST_USE tern_status tern_statement_bind(tern_statement *statement,
                                                       int index,
                                                       tern_value value,
                                                       tern_error *error);

/**
 * Runs to the next row or to the end. After the end, and after a failure, the statement is reset
 * and may be run again; bindings stay.
 *
 * @param ret_row True if a row stands ready for tern_statement_value.
 * @return TERN_OK, or a code of "The rows", "The file" or TERN_ERR_NOMEM. A failed write changed
 * nothing. A failure of the disk or of memory may take the whole transaction back: then each later
 * call on it, reading or writing, and its commit give that failure's code, with its sentence.
 */
TERN_API TERN_MUST_USE tern_status tern_statement_step(tern_statement *statement,
                                                       bool *ret_row,
                                                       tern_error *error);

/** Number of columns a row has. */
TERN_API int tern_statement_columns(const tern_statement *statement);
/** Name of a column; borrowed until the statement is freed. */
TERN_API const char *tern_statement_name(const tern_statement *statement, int column);
/** Cell `column`, from 0, of the current row; borrowed until the next step, reset or free. */
TERN_API tern_value tern_statement_value(tern_statement *statement, int column);
/** Abandons the rows left. */
TERN_API void tern_statement_reset(tern_statement *statement);
/** NULL is accepted. */
TERN_API void tern_statement_free(tern_statement *statement);

/* ---- Readers ---- */

typedef struct tern_reader tern_reader;

/** Opens a further, read-only connection. It reads while a sync or a transaction writes, and is
 * used by one thread at a time. What a statement sorts without an index lies in memory. */
TERN_API TERN_MUST_USE tern_status tern_reader_open(tern_replica *replica,
                                                    tern_reader **ret_reader,
                                                    tern_error *error);
/** Closes; NULL is accepted. Statements of its own that are left give no row any more (stepping and
 * binding is MISUSE), nor do cells read from them stay; the last of them to be freed gives the
 * connection back. Its statements must be freed, and it closed, before the replica. */
TERN_API void tern_reader_close(tern_reader *reader);
/** As tern_statement_prepare, for reading only. */
TERN_API TERN_MUST_USE tern_status tern_reader_prepare(tern_reader *reader,
                                                       const char *sql,
                                                       size_t sql_size,
                                                       tern_statement **ret_statement,
                                                       tern_error *error);
/** Holds one snapshot until tern_reader_end: all statements between see the same state. */
TERN_API TERN_MUST_USE tern_status tern_reader_begin(tern_reader *reader, tern_error *error);
TERN_API void tern_reader_end(tern_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
