/*
 * Opening and closing the replica's file.
 *
 * Nothing is written before the file is known to be empty or a replica of a format known here, and
 * before this connection holds the lock of the side file "<name>-lock", which says who writes. The
 * lock is SQLite's own, so it goes with the process and works through any VFS.
 */
#include "store/store.h"

#include <limits.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/text.h"
#include "store/capture.h"
#include "store/cell.h"
#include "store/fault.h"
#include "store/functions.h"
#include "store/guard.h"
#include "store/sql.h"
#include "store/table.h"
#include "store/tx.h"

enum { BUSY_TIMEOUT_MS = 5000, PAGE_SIZE_AT = 16 /* in the file's header */ };

/* As those of the app's tables, for the queue: no download brings it back, and nothing would say
 * that it is gone. Each is parsed with every open, so other tables have none. */
#define GUARD(table, event)                                                                        \
    "CREATE TRIGGER tern_guard_" table "_" event " BEFORE " event " ON " table                     \
    " BEGIN SELECT RAISE(ABORT, 'write through the Tern library'); END;"
#define GUARDS(table) GUARD(table, "insert") GUARD(table, "update") GUARD(table, "delete")

static const char internals[] =
    "PRAGMA application_id = 1952805486;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE tern_meta(id INTEGER PRIMARY KEY CHECK (id = 1), device BLOB NOT NULL, "
    "user BLOB NOT NULL, schema INTEGER NOT NULL, last_time INTEGER NOT NULL, "
    "offset INTEGER NOT NULL, offset_known INTEGER NOT NULL, last_ordinal INTEGER NOT NULL, "
    "acked_ordinal INTEGER NOT NULL, last_tx BLOB NOT NULL, acked_tx BLOB NOT NULL, "
    "epoch TEXT NOT NULL, last_sync INTEGER NOT NULL, last_error INTEGER NOT NULL, "
    "stamps_capped INTEGER NOT NULL, clock_suspect INTEGER NOT NULL, lease BLOB NOT NULL, "
    "lease_until INTEGER NOT NULL, lease_wall INTEGER NOT NULL, lease_monotonic INTEGER NOT NULL, "
    "lease_boot BLOB NOT NULL, sent_ordinal INTEGER NOT NULL, steady INTEGER NOT NULL, "
    "steady_boot BLOB NOT NULL, former BLOB NOT NULL) STRICT;"
    "INSERT INTO tern_meta VALUES(1, zeroblob(16), zeroblob(16), 0, 0, 0, 0, 0, 0, zeroblob(16), "
    "zeroblob(16), '', 0, 0, 0, 0, zeroblob(16), 0, 0, 0, zeroblob(16), 0, 0, zeroblob(16), x'');"
    "CREATE TABLE tern_document(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, "
    "text TEXT NOT NULL) STRICT;"
    "CREATE TABLE tern_cursor(id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB NOT NULL) STRICT;"
    /* number: the server's; 0 none yet; minus the ordinal while the tx waits in the outbox. A tx
     * made here has no row as long as it waits under the ordinal that gave it its key. */
    "CREATE TABLE tern_tx(key INTEGER PRIMARY KEY, number INTEGER NOT NULL, "
    "time INTEGER NOT NULL, device BLOB NOT NULL) STRICT;"
    "CREATE INDEX tern_tx_number ON tern_tx(number) WHERE number > 0;"
    /* place: the ordinal; of an acknowledged entry, so much less that those come first. last: body
     * and what else is long. needs: ",1,5," */
    "CREATE TABLE tern_outbox(place INTEGER PRIMARY KEY, ordinal INTEGER NOT NULL, "
    "tx BLOB NOT NULL, "
    "author BLOB NOT NULL, key INTEGER NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL, "
    "number INTEGER NOT NULL, wall INTEGER NOT NULL, monotonic INTEGER NOT NULL, "
    "boot BLOB NOT NULL, changes INTEGER NOT NULL, attempts INTEGER NOT NULL, "
    "kind INTEGER NOT NULL, schema INTEGER NOT NULL, reason INTEGER NOT NULL, "
    "waits_for INTEGER NOT NULL, size INTEGER NOT NULL, acked INTEGER NOT NULL, "
    "gzip INTEGER NOT NULL, detail TEXT, needs TEXT, "
    "undo BLOB, body BLOB) STRICT;"
    /* Of long entries, so that their state can change without moving it. */
    "CREATE TABLE tern_body(ordinal INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE tern_stage(sequence INTEGER PRIMARY KEY, scope BLOB NOT NULL, "
    "lines BLOB NOT NULL) STRICT;"
    "CREATE INDEX tern_stage_scope ON tern_stage(scope, sequence);"
    "CREATE TABLE tern_stage_state(scope BLOB PRIMARY KEY, fresh INTEGER NOT NULL, "
    "complete INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    /* stale: held since before a start over, and not heard of since. */
    "CREATE TABLE tern_scope(scope BLOB PRIMARY KEY, stale INTEGER NOT NULL) STRICT, WITHOUT "
    "ROWID;"
    /* id: the table's index; column: its own. What was declared when the floor was set. */
    "CREATE TABLE tern_window(id INTEGER PRIMARY KEY, column INTEGER NOT NULL, "
    "days INTEGER NOT NULL, floor INTEGER NOT NULL, "
    "reach INTEGER NOT NULL) STRICT;" GUARDS("tern_outbox") GUARDS("tern_body");

/* Tables whose absence means that somebody took the file apart. */
#define REQUIRED_TABLES "'tern_meta', 'tern_document', 'tern_tx', 'tern_outbox'"
enum { REQUIRED_COUNT = 4 };

static tern_status read_number(sqlite3 *db, const char *sql, int64_t *ret_value, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = TERN_OK;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        *ret_value = sqlite3_column_int64(stmt, 0);
    } else {
        status = trn_store_fail(db, rc, "the file", error);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static tern_status check_tables(sqlite3 *db, tern_error *error)
{
    int64_t count = 0;
    tern_status status = read_number(db,
                                     "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
                                     "name IN (" REQUIRED_TABLES ")",
                                     &count,
                                     error);

    if (status == TERN_OK && count != REQUIRED_COUNT) {
        return trn_fail(error,
                        TERN_ERR_CORRUPT,
                        "the file is a replica without one of: " REQUIRED_TABLES);
    }
    return status;
}

/* Says what the file is, reading only. */
static tern_status check_kind(sqlite3 *db, bool *ret_is_empty, tern_error *error)
{
    int64_t application = 0;
    int64_t format = 0;
    int64_t tables = 0;
    tern_status status = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, error);

    if (status == TERN_OK) {
        status = read_number(db, "PRAGMA application_id", &application, error);
    }
    if (status == TERN_OK) {
        status = read_number(db, "PRAGMA user_version", &format, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_is_empty = tables == 0 && application == 0 && format == 0;
    if (*ret_is_empty) {
        return TERN_OK;
    }
    if (application != TRN_STORE_APPLICATION_ID) {
        return trn_fail(error,
                        TERN_ERR_NOT_A_REPLICA,
                        "the file is a database of another application (its id is %lld)",
                        (long long)application);
    }
    if (format > TRN_STORE_FORMAT) {
        return trn_fail(error,
                        TERN_ERR_FORMAT_NEWER,
                        "the file has format %lld, this library knows up to %d",
                        (long long)format,
                        TRN_STORE_FORMAT);
    }
    return check_tables(db, error);
}

static tern_status check_exists(const struct trn_store_options *options, tern_error *error)
{
    int rc = sqlite3_initialize();
    sqlite3_vfs *vfs = rc == SQLITE_OK ? sqlite3_vfs_find(options->vfs) : NULL;
    int exists = 0;

    if (rc != SQLITE_OK) {
        return trn_store_fail(NULL, rc, "SQLite", error);
    }
    if (vfs == NULL) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "no VFS of the name %s is registered",
                        options->vfs != NULL ? options->vfs : "(default)");
    }
    if (!options->must_exist) {
        return TERN_OK;
    }
    if (vfs->xAccess(vfs, options->path, SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK ||
        exists == 0) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "there is no such file, or it is empty");
    }
    return TERN_OK;
}

static tern_status
connect(const char *path, const char *vfs, bool create, sqlite3 **ret_db, tern_error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE |
                (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(path, ret_db, flags, vfs);

    if (rc != SQLITE_OK) {
        return trn_store_fail(*ret_db, rc, "open", error);
    }
    if (sqlite3_db_readonly(*ret_db, "main") == 1) {
        return trn_fail(error, TERN_ERR_READ_ONLY, "the file may not be written");
    }
    return TERN_OK;
}

/* BEGIN EXCLUSIVE on the empty side file holds its lock and writes nothing. While it waits, one of
 * two that have begun at once lets go of what it has, so that the other goes on. */
static tern_status take_lock(struct trn_store *store, tern_error *error)
{
    const char *main_path = sqlite3_db_filename(store->db, "main");
    struct trn_bytes path = {0};
    tern_status status;
    int rc;

    status = trn_bytes_append_text(&path, main_path != NULL ? main_path : store->path);
    if (status == TERN_OK) {
        status = trn_bytes_append_text(&path, "-lock");
    }
    if (status != TERN_OK) {
        trn_bytes_free(&path);
        return trn_fail_nomem(error);
    }
    status = connect(trn_bytes_text(&path), store->vfs, true, &store->lock, error);
    trn_bytes_free(&path);
    if (status != TERN_OK) {
        trn_error_context(error, "the lock file beside the replica");
        return status;
    }
    (void)sqlite3_busy_timeout(store->lock, store->busy_timeout_ms);
    rc = sqlite3_exec(store->lock,
                      "PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE",
                      NULL,
                      NULL,
                      NULL);
    if ((rc & 0xff) == SQLITE_BUSY) {
        return trn_fail(error, TERN_ERR_BUSY, "another process or handle has the replica open");
    }
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->lock, rc, "the lock file", error);
}

/* The schema stays trusted: the checks use json_valid, which SQLite 3.40 does not call innocuous.
 */
static tern_status configure(struct trn_store *store, tern_error *error)
{
    sqlite3 *db = store->db;
    tern_status status;

    if (!trn_store_set_flag(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0) ||
        !trn_store_set_flag(db, SQLITE_DBCONFIG_DEFENSIVE, 1) ||
        !trn_store_set_flag(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1) ||
        !trn_store_set_flag(db, SQLITE_DBCONFIG_DQS_DML, 0) ||
        !trn_store_set_flag(db, SQLITE_DBCONFIG_DQS_DDL, 0)) {
        return trn_fail(error, TERN_ERR_INTERNAL, "this build of SQLite lacks what is needed");
    }
    /* Some phones have no folder for temporary files. What would lie in one is small: the pages
     * that an entry changes under its savepoint, the keys of an index that is made, and what the
     * app has sorted, which it asked for. */
    status = trn_store_exec(store, "PRAGMA temp_store = MEMORY", "settings", error);
    if (status != TERN_OK) {
        return status;
    }
    if (TRN_MUTANT(DEVICE_SYNC_NORMAL)) {
        return trn_store_exec(store, "PRAGMA synchronous = NORMAL", "settings", error);
    }
    if (TRN_MUTANT(LOG_NOT_CUT)) {
        return trn_store_exec(store, "PRAGMA synchronous = FULL", "settings", error);
    }
    /* A log that is cut shorter than it is to grow again costs a new size, and the disk more, with
     * each commit: so the limit is above what tx.c lets it grow to. */
    return trn_store_exec(store,
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA fullfsync = ON;"
                          "PRAGMA checkpoint_fullfsync = ON;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA journal_size_limit = 5242880;",
                          "settings",
                          error);
}

static tern_status use_wal(struct trn_store *store, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = TERN_OK;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc != SQLITE_ROW) {
        status = trn_store_fail(store->db, rc, "write-ahead log", error);
    } else if (sqlite3_column_text(stmt, 0) == NULL) {
        status = trn_fail_nomem(error);
    } else if (sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") != 0) {
        status = trn_fail(error, TERN_ERR_IO, "the file system has no write-ahead log to offer");
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* SQLite waits for readers, yet not for another's checkpoint, which every reader makes that closes
 * last (sqlite3_wal_checkpoint_v2). */
static int wait_and_checkpoint(struct trn_store *store)
{
    static const int pause_ms = 10;
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_FULL, NULL, NULL);

    for (int64_t waited_ms = 0; rc == SQLITE_BUSY && waited_ms < store->busy_timeout_ms;
         waited_ms += pause_ms) {
        (void)sqlite3_busy_timeout(store->db, 0);
        (void)sqlite3_sleep(pause_ms);
        rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_FULL, NULL, NULL);
    }
    (void)sqlite3_busy_timeout(store->db, store->busy_timeout_ms);
    return rc;
}

/* What was recovered after a crash is made durable before anything of it is served. The log is
 * synced before any of it is copied, so where the disk is full that is done, and it stays in the
 * log. That the log shrinks, too, is only worth an attempt: somebody may be reading. */
static tern_status checkpoint(struct trn_store *store, bool *ret_copied, tern_error *error)
{
    int rc = wait_and_checkpoint(store);

    *ret_copied = rc == SQLITE_OK;
    if (rc == SQLITE_FULL) {
        return TERN_OK;
    }
    if (rc != SQLITE_OK) {
        return trn_store_fail(store->db, rc, "checkpoint", error);
    }
    (void)sqlite3_busy_timeout(store->db, 0);
    rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(store->db, store->busy_timeout_ms);
    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY
               ? TERN_OK
               : trn_store_fail(store->db, rc, "checkpoint", error);
}

/* SQLite takes half a page at the end for a whole one, and finds out when it reads it. To be called
 * after a checkpoint, when nothing of the file is still in the log. */
static tern_status check_size(struct trn_store *store, tern_error *error)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    uint8_t bytes[2] = {0};
    int page_size;
    int rc = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    if (rc == SQLITE_OK) {
        rc = file->pMethods->xFileSize(file, &size);
    }
    if (rc == SQLITE_OK && size > 0) {
        rc = file->pMethods->xRead(file, bytes, sizeof bytes, PAGE_SIZE_AT);
    }
    if (rc != SQLITE_OK) {
        return trn_store_fail(store->db, rc, "the file", error);
    }
    page_size = bytes[0] << 8 | bytes[1];
    page_size = page_size == 1 ? 65536 : page_size; /* as the format has it */
    return size == 0 || (page_size > 0 && size % page_size == 0)
               ? TERN_OK
               : trn_fail(error,
                          TERN_ERR_CORRUPT,
                          "the file is malformed: it ends in the middle of a page");
}

static tern_status create_internals(struct trn_store *store, tern_error *error)
{
    tern_status status = trn_store_begin(store, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_store_exec(store, internals, "create", error);
    if (status == TERN_OK) {
        return trn_store_commit(store, error);
    }
    trn_store_rollback(store);
    return status;
}

static tern_status load_document(struct trn_store *store, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_DOCUMENT, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, "schema document", &found, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    store->is_new = !found;
    if (found) {
        trn_bytes_clear(&store->document);
        status = trn_column_append(stmt, 0, &store->document, error);
        (void)sqlite3_reset(stmt);
    }
    return status;
}

static tern_status
open_file(struct trn_store *store, const struct trn_store_options *options, tern_error *error)
{
    bool is_empty = false;
    bool copied = true;
    tern_status status = connect(store->path, store->vfs, !options->must_exist, &store->db, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_busy_timeout(store->db, store->busy_timeout_ms);
    /* Until the lock is ours, closing must leave another process's log alone. */
    (void)trn_store_set_flag(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    status = check_kind(store->db, &is_empty, error);
    if (status == TERN_OK && is_empty && options->must_exist) {
        status = trn_fail(error, TERN_ERR_NOT_A_REPLICA, "the file is empty");
    }
    if (status == TERN_OK) {
        status = take_lock(store, error);
    }
    if (status == TERN_OK && is_empty) { /* again: another process may just have created it */
        status = check_kind(store->db, &is_empty, error);
    }
    if (status == TERN_OK) {
        status = configure(store, error);
    }
    if (status == TERN_OK) {
        status = use_wal(store, error);
    }
    if (status == TERN_OK) {
        if (TRN_MUTANT(OPEN_UNSYNCED)) {
            (void)sqlite3_exec(store->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
        }
        status = TRN_MUTANT(DEVICE_LOG_TRUSTED) ? TERN_OK : checkpoint(store, &copied, error);
        if (TRN_MUTANT(OPEN_UNSYNCED)) {
            (void)sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
        }
    }
    if (status == TERN_OK && copied) {
        status = check_size(store, error);
    }
    if (status == TERN_OK && is_empty) {
        status = create_internals(store, error);
    }
    if (status == TERN_OK) {
        (void)trn_store_set_flag(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0);
        status = load_document(store, error);
    }
    return status;
}

/* As SQLite takes it: one that is negative there does not wait at all. */
static int patience_of(const struct trn_store_options *options)
{
    int64_t ms = options->busy_timeout_ms > 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;

    return ms < INT_MAX ? (int)ms : INT_MAX;
}

tern_status trn_store_open(const struct trn_store_options *options,
                           struct trn_store **ret_store,
                           tern_error *error)
{
    struct trn_store *store = NULL;
    tern_status status;

    TRN_ASSERT(options != NULL && options->path != NULL && ret_store != NULL);

    status = check_exists(options, error);
    if (status != TERN_OK) {
        return status;
    }
    store = trn_calloc(1, sizeof(*store));
    if (store == NULL) {
        return trn_fail_nomem(error);
    }
    store->busy_timeout_ms = patience_of(options);
    store->host = options->host;
    if (store->host.read_clocks != NULL) {
        struct trn_reading reading;

        store->host.read_clocks(store->host.context, &reading);
        store->boot = reading.boot;
    }
    store->path = trn_text_copy(trn_slice_text(options->path));
    store->vfs = options->vfs != NULL ? trn_text_copy(trn_slice_text(options->vfs)) : NULL;
    if (store->path == NULL || (options->vfs != NULL && store->vfs == NULL)) {
        status = trn_fail_nomem(error);
        goto out;
    }
    status = open_file(store, options, error);
    if (status == TERN_OK) {
        status =
            trn_functions_register(store->db, &store->host, &store->schema, store, true, error);
    }
    if (status == TERN_OK) {
        store->guard.schema = &store->schema;
        status = trn_guard_install(store->db, &store->guard, error);
    }
    if (status == TERN_OK) {
        trn_capture_install(store);
        trn_log_install(store);
        *ret_store = store;
        store = NULL;
    }
out:
    trn_store_close(store);
    return status;
}

void trn_store_close(struct trn_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->db != NULL && trn_store_in_transaction(store)) {
        trn_store_rollback(store);
    }
    trn_store_tables_free(store);
    for (size_t i = 0; i < TRN_SQL_COUNT; i++) {
        trn_store_finalize(&store->statements[i]);
    }
    (void)sqlite3_close_v2(store->db);
    (void)sqlite3_close(store->lock);
    trn_bytes_free(&store->document);
    trn_free(store->path);
    trn_free(store->vfs);
    trn_free(store);
}

bool trn_store_is_new(const struct trn_store *store)
{
    return store->is_new;
}

tern_status
trn_store_document(struct trn_store *store, struct trn_slice *ret_document, tern_error *error)
{
    if (store->is_new) {
        return trn_fail(error, TERN_ERR_NOT_A_REPLICA, "the file holds no schema document");
    }
    *ret_document = trn_bytes_slice(&store->document);
    return TERN_OK;
}
