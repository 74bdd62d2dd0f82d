/*
 * The storage contract on SQLite: connections, groups, savepoints, snapshots.
 *
 * One connection writes and checkpoints, the others only read, each in a snapshot of its own. WAL
 * and synchronous=FULL: what COMMIT returned for survives a power cut. A lock on a file beside the
 * database keeps a second server out.
 */
#include "server/db_sqlite_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mutant.h"
#include "base/text.h"

enum { BUSY_TIMEOUT_MS = 5000 };

static const char *const statement_texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_SNAPSHOT] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT tern",
    [SQL_RELEASE] = "RELEASE tern",
    [SQL_RESTORE] = "ROLLBACK TO tern",
    [SQL_META_READ] = "SELECT value FROM tern_meta WHERE key = ?1",
    [SQL_META_WRITE] = "INSERT OR REPLACE INTO tern_meta(key, value) VALUES(?1, ?2)",
    [SQL_ENTRY_BY_TX] =
        ("SELECT number, tx, device, sender, ordinal, user, time, raw_time, received, hash, kind, "
         "schema, verdict, change, detail FROM tern_entry WHERE tx = ?1"),
    [SQL_ENTRY_BY_ORDINAL] =
        ("SELECT number, tx, device, sender, ordinal, user, time, raw_time, received, hash, kind, "
         "schema, verdict, change, detail FROM tern_entry WHERE device = ?1 AND ordinal = ?2"),
    [SQL_ENTRY_BODY] = "SELECT body FROM tern_entry WHERE number = ?1",
    [SQL_ENTRY_ADD] =
        ("INSERT INTO tern_entry(number, tx, device, sender, ordinal, user, time, raw_time, "
         "received, hash, kind, schema, verdict, change, detail, body) "
         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"),
    [SQL_TX_GET] =
        "SELECT tx, device, time, sender, received, verdict = 0 FROM tern_entry WHERE number = ?1",
    [SQL_LAST_NUMBER] = "SELECT max(number) FROM tern_entry",
    [SQL_DEVICE_READ] = "SELECT user, last_time, last_ordinal FROM tern_device WHERE id = ?1",
    [SQL_DEVICE_WRITE] = ("INSERT INTO tern_device(id, user, last_time, last_ordinal) "
                          "VALUES(?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE SET user = "
                          "excluded.user, last_time = excluded.last_time, last_ordinal = "
                          "excluded.last_ordinal"),
    [SQL_LOG_REMOVE] =
        "DELETE FROM tern_log WHERE scope = ?1 AND number = ?2 AND tab = ?3 AND id = ?4",
    [SQL_LOG_ADD] = "INSERT INTO tern_log(scope, number, tab, id) VALUES(?1, ?2, ?3, ?4)",
    [SQL_LOG_READ] = ("SELECT number, tab, id FROM tern_log WHERE scope = ?1 AND "
                      "(number, tab, id) > (?2, ?3, ?4) ORDER BY number, tab, id LIMIT ?5"),
    [SQL_ERASED_READ] = "SELECT number, flags FROM tern_erased WHERE id = ?1",
    [SQL_ERASED_WRITE] = "INSERT OR REPLACE INTO tern_erased(id, number, flags) VALUES(?1, ?2, ?3)",
    [SQL_ERASED_ANY] = "SELECT 1 FROM tern_erased LIMIT 1",
    [SQL_ENTRY_NEXT] =
        "SELECT number, body FROM tern_entry WHERE number > ?1 ORDER BY number LIMIT 1",
    [SQL_ENTRY_CLEAR] = "UPDATE tern_entry SET body = x'' WHERE number = ?1",
};

struct trn_db_sqlite *trn_db_sqlite_of(struct trn_db *db)
{
    TRN_ASSERT(db != NULL);
    return (struct trn_db_sqlite *)db;
}

static tern_status status_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return TERN_ERR_NOMEM;
    case SQLITE_FULL:
        return TERN_ERR_DISK_FULL;
    case SQLITE_READONLY:
        return TERN_ERR_READ_ONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TERN_ERR_BUSY;
    case SQLITE_CORRUPT:
        return TERN_ERR_CORRUPT;
    case SQLITE_NOTADB:
        return TERN_ERR_NOT_A_REPLICA;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return TERN_ERR_IO;
    default:
        return TERN_ERR_INTERNAL;
    }
}

tern_status
trn_db_sqlite_fail(struct trn_db_view *view, int rc, const char *where, tern_error *error)
{
    tern_status status = status_of(rc);

    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    /* SQLite's sentence may quote what a statement held; its code never does. */
    if (status == TERN_ERR_INTERNAL && view != NULL) {
        return trn_fail(error, status, "%s: %s", where, sqlite3_errmsg(view->sqlite));
    }
    return trn_fail(error, status, "%s: %s", where, sqlite3_errstr(rc));
}

tern_status trn_db_sqlite_prepare(struct trn_db_view *view,
                                  const char *sql,
                                  sqlite3_stmt **slot,
                                  tern_error *error)
{
    int rc;

    TRN_ASSERT(slot != NULL);

    if (*slot != NULL) {
        return TERN_OK;
    }
    rc = sqlite3_prepare_v3(view->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
    if (rc != SQLITE_OK) {
        return trn_db_sqlite_fail(view, rc, "prepare", error);
    }
    return TERN_OK;
}

tern_status trn_db_sqlite_statement(struct trn_db_view *view,
                                    enum trn_sql which,
                                    sqlite3_stmt **ret_statement,
                                    tern_error *error)
{
    tern_status status =
        trn_db_sqlite_prepare(view, statement_texts[which], &view->statements[which], error);

    if (status == TERN_OK) {
        *ret_statement = view->statements[which];
    }
    return status;
}

tern_status trn_db_sqlite_step(struct trn_db_view *view,
                               sqlite3_stmt *statement,
                               bool *ret_row,
                               const char *where,
                               tern_error *error)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW) {
        *ret_row = true;
        return TERN_OK;
    }
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE) {
        return trn_db_sqlite_fail(view, rc, where, error);
    }
    *ret_row = false;
    return TERN_OK;
}

tern_status trn_db_sqlite_run(struct trn_db_view *view,
                              sqlite3_stmt *statement,
                              const char *where,
                              tern_error *error)
{
    bool row = false;
    tern_status status = trn_db_sqlite_step(view, statement, &row, where, error);

    sqlite3_reset(statement);
    return status;
}

static tern_status run(struct trn_db_view *view, enum trn_sql which, tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, which, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    return trn_db_sqlite_run(view, statement, statement_texts[which], error);
}

void trn_db_sqlite_bind_id(sqlite3_stmt *statement, int index, const tern_id *id)
{
    sqlite3_bind_blob(statement, index, id->bytes, (int)sizeof(id->bytes), SQLITE_STATIC);
}

tern_id trn_db_sqlite_column_id(sqlite3_stmt *statement, int column)
{
    tern_id id = {{0}};

    if (sqlite3_column_bytes(statement, column) == (int)sizeof(id.bytes)) {
        memcpy(id.bytes, sqlite3_column_blob(statement, column), sizeof(id.bytes));
    }
    return id;
}

/* ---- Connections ---- */

static void view_free(struct trn_db_view *view)
{
    size_t count;

    if (view == NULL) {
        return;
    }
    for (count = 0; count < SQL_COUNT; count++) {
        sqlite3_finalize(view->statements[count]);
    }
    for (count = 0;
         view->tables != NULL && count < view->owner->base.schema->table_count * TABLE_SQL_COUNT;
         count++) {
        sqlite3_finalize(view->tables[count]);
    }
    for (count = 0; view->grants != NULL && count < view->owner->base.schema->grant_count * 2;
         count++) {
        sqlite3_finalize(view->grants[count]);
    }
    trn_free((void *)view->tables);
    trn_free((void *)view->grants);
    sqlite3_close(view->sqlite);
    trn_free(view);
}

static tern_status pragma(struct trn_db_view *view, const char *sql, tern_error *error)
{
    int rc = sqlite3_exec(view->sqlite, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "settings", error);
}

static tern_status view_configure(struct trn_db_view *view, bool fast, tern_error *error)
{
    tern_status status;

    sqlite3_extended_result_codes(view->sqlite, 1);
    sqlite3_busy_timeout(view->sqlite, BUSY_TIMEOUT_MS);
    status = pragma(view, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON", error);
    if (status == TERN_OK) {
        status =
            pragma(view, fast ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL", error);
    }
    if (status == TERN_OK && TRN_MUTANT(SERVER_SYNC_NORMAL)) {
        status = pragma(view, "PRAGMA synchronous = NORMAL", error);
    }
    if (status == TERN_OK) {
        status = pragma(view,
                        "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; "
                        "PRAGMA wal_autocheckpoint = 8192",
                        error);
    }
    return status;
}

static tern_status
view_open(struct trn_db_sqlite *db, bool fast, struct trn_db_view **ret_view, tern_error *error)
{
    const struct trn_schema *schema = db->base.schema;
    struct trn_db_view *view = trn_calloc(1, sizeof(*view));
    tern_status status = TERN_OK;
    int rc;

    if (view == NULL) {
        return trn_fail_nomem(error);
    }
    view->owner = db;
    view->tables =
        (sqlite3_stmt **)trn_calloc(schema->table_count * TABLE_SQL_COUNT, sizeof(sqlite3_stmt *));
    view->grants = (sqlite3_stmt **)trn_calloc(schema->grant_count * 2 + 1, sizeof(sqlite3_stmt *));
    if (view->tables == NULL || view->grants == NULL) {
        status = trn_fail_nomem(error);
        goto out;
    }
    rc = sqlite3_open_v2(db->path,
                         &view->sqlite,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                         db->vfs);
    if (rc != SQLITE_OK) {
        status = trn_db_sqlite_fail(NULL, rc, "database: open", error);
        goto out;
    }
    status = view_configure(view, fast, error);
    if (status != TERN_OK) {
        goto out;
    }
    *ret_view = view;
    view = NULL;
out:
    view_free(view);
    return status;
}

/* ---- Groups ---- */

static tern_status group_begin(struct trn_db *base, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);
    sqlite3_stmt *way_back = NULL; /* compiled first: memory may be what the group fails for */
    int64_t last = 0;
    tern_status status = trn_db_sqlite_statement(db->writer, SQL_ROLLBACK, &way_back, error);

    if (status != TERN_OK) {
        return status;
    }
    if (TRN_MUTANT(ANSWER_FIRST) && !sqlite3_get_autocommit(db->writer->sqlite)) {
        status = run(db->writer, SQL_COMMIT, error);
    }
    status = status == TERN_OK ? run(db->writer, SQL_BEGIN, error) : status;
    if (status != TERN_OK) {
        return status;
    }
    status = base->ops->last_number(db->writer, &last, error);
    if (status != TERN_OK) {
        base->ops->rollback(base);
        return status;
    }
    if (TRN_MUTANT(NUMBER_UNLOCKED) || TRN_MUTANT(NUMBER_SELDOM_UNLOCKED) ||
        TRN_MUTANT(RECEIPT_ALONE)) {
        if (db->next_number <= last) {
            db->next_number = (last + 2) & ~INT64_C(1);
        }
        return TERN_OK;
    }
    db->next_number = last + 1;
    return TERN_OK;
}

/* A row that is still borrowed keeps its reader's mark in the log, and with it the log itself. */
static void return_rows(struct trn_db_view *view)
{
    size_t count = view->owner->base.schema->table_count * TABLE_SQL_COUNT;

    for (size_t index = 0; index < count && !TRN_MUTANT(LOG_PINNED); index++) {
        sqlite3_reset(view->tables[index]);
    }
}

static void group_rollback(struct trn_db *base)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    return_rows(db->writer);
    if (!sqlite3_get_autocommit(db->writer->sqlite)) {
        (void)run(db->writer, SQL_ROLLBACK, NULL);
    }
}

static tern_status group_commit(struct trn_db *base, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    tern_status status;

    return_rows(writer);
    status = TRN_MUTANT(ANSWER_FIRST) ? TERN_OK : run(writer, SQL_COMMIT, error);
    if (status != TERN_OK) {
        group_rollback(base);
    }
    return status;
}

static tern_status group_savepoint(struct trn_db *base, tern_error *error)
{
    return run(trn_db_sqlite_of(base)->writer, SQL_SAVEPOINT, error);
}

static tern_status group_release(struct trn_db *base, tern_error *error)
{
    return run(trn_db_sqlite_of(base)->writer, SQL_RELEASE, error);
}

static tern_status group_restore(struct trn_db *base, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    tern_status status = run(writer, SQL_RESTORE, error);

    return status == TERN_OK ? run(writer, SQL_RELEASE, error) : status;
}

static tern_status references_hold(struct trn_db *base, bool *ret_hold, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    int broken = 0;
    int peak = 0;
    int rc = sqlite3_db_status(writer->sqlite, SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &peak, 0);

    if (rc != SQLITE_OK) {
        return trn_db_sqlite_fail(writer, rc, "references", error);
    }
    *ret_hold = broken == 0;
    return TERN_OK;
}

static tern_status next_number(struct trn_db *base, int64_t *ret_number, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    if (db->next_number >= TRN_KEY_MAX) {
        return trn_fail(error, TERN_ERR_INTERNAL, "the numbers are used up");
    }
    *ret_number = db->next_number++;
    if (TRN_MUTANT(NUMBER_UNLOCKED) ||
        (TRN_MUTANT(NUMBER_SELDOM_UNLOCKED) && (*ret_number & 62) == 62)) {
        *ret_number ^= 1;
    }
    return TERN_OK;
}

/* ---- Snapshots ---- */

static struct trn_db_view *writer_view(struct trn_db *base)
{
    return trn_db_sqlite_of(base)->writer;
}

static tern_status
snapshot_open(struct trn_db *base, struct trn_db_view **ret_view, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);
    struct trn_db_view *view = db->idle;
    struct trn_db_meta meta;
    tern_status status = TERN_OK;

    if (view != NULL) {
        db->idle = view->next_idle;
    } else {
        status = view_open(db, false, &view, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = run(view, SQL_BEGIN_SNAPSHOT, error);
    if (status == TERN_OK) {
        status = base->ops->meta_read(view, &meta, error); /* the first read fixes the state */
    }
    if (status != TERN_OK) {
        view_free(view);
        return status;
    }
    *ret_view = view;
    return TERN_OK;
}

static void snapshot_close(struct trn_db *base, struct trn_db_view *view)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    if (view == NULL) {
        return;
    }
    return_rows(view);
    if (run(view, SQL_ROLLBACK, NULL) != TERN_OK) {
        view_free(view);
        return;
    }
    view->next_idle = db->idle;
    db->idle = view;
}

static void database_close(struct trn_db *base)
{
    struct trn_db_sqlite *db;

    if (base == NULL) {
        return;
    }
    db = trn_db_sqlite_of(base);
    while (db->idle != NULL) {
        struct trn_db_view *view = db->idle;

        db->idle = view->next_idle;
        view_free(view);
    }
    if (db->writer != NULL) {
        group_rollback(base);
    }
    view_free(db->writer);
    if (db->lock >= 0) {
        (void)close(db->lock);
    }
    trn_free(db->path);
    trn_free(db->vfs);
    trn_free(db);
}

static const struct trn_db_ops group_ops = {
    .close = database_close,
    .begin = group_begin,
    .commit = group_commit,
    .rollback = group_rollback,
    .savepoint = group_savepoint,
    .release = group_release,
    .restore = group_restore,
    .references_hold = references_hold,
    .next_number = next_number,
    .writer = writer_view,
    .snapshot_open = snapshot_open,
    .snapshot_close = snapshot_close,
};

/* ---- Opening ---- */

void trn_db_sqlite_single_thread(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* A lock of its own file: SQLite closes and thereby unlocks its own files as it likes. */
static tern_status lock_file(struct trn_db_sqlite *db, tern_error *error)
{
    struct trn_bytes name = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    tern_status status = trn_bytes_append_format(&name, "%s-server", db->path);

    if (status != TERN_OK) {
        return trn_fail_nomem(error);
    }
    db->lock = open(trn_bytes_text(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    trn_bytes_free(&name);
    if (db->lock < 0) {
        return trn_fail(error, TERN_ERR_IO, "database: the lock file cannot be opened");
    }
    if (fcntl(db->lock, F_SETLK, &lock) != 0) {
        return trn_fail(error, TERN_ERR_BUSY, "database: another server has it open");
    }
    return TERN_OK;
}

/* A transaction that was recovered but not synced must not be served before it is. */
static tern_status checkpoint(struct trn_db_view *view, tern_error *error)
{
    int rc = sqlite3_wal_checkpoint_v2(view->sqlite, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "database: checkpoint", error);
}

tern_status trn_db_sqlite_open(const struct trn_db_sqlite_options *options,
                               const struct trn_schema *schema,
                               struct trn_db **ret_db,
                               tern_error *error)
{
    struct trn_db_sqlite *db = trn_calloc(1, sizeof(*db));
    tern_status status;

    TRN_ASSERT(options != NULL && schema != NULL && ret_db != NULL);

    if (db == NULL) {
        return trn_fail_nomem(error);
    }
    db->ops = group_ops;
    trn_db_sqlite_enter_entries(&db->ops);
    trn_db_sqlite_enter_rows(&db->ops);
    trn_db_sqlite_enter_log(&db->ops);
    trn_db_sqlite_enter_erasure(&db->ops);
    trn_db_sqlite_enter_waiting(&db->ops);
    db->base.ops = &db->ops;
    db->base.schema = schema;
    db->lock = -1;
    db->path = trn_text_copy(trn_slice_text(options->path));
    db->vfs = options->vfs != NULL ? trn_text_copy(trn_slice_text(options->vfs)) : NULL;
    if (db->path == NULL || (options->vfs != NULL && db->vfs == NULL)) {
        status = trn_fail_nomem(error);
        goto out;
    }
    status = db->vfs == NULL ? lock_file(db, error) : TERN_OK;
    if (status == TERN_OK) {
        status = view_open(db, options->unsafe_fast, &db->writer, error);
    }
    if (status == TERN_OK) {
        status = TRN_MUTANT(SERVER_LOG_TRUSTED) ? TERN_OK : checkpoint(db->writer, error);
    }
    if (status == TERN_OK) {
        status = trn_db_sqlite_migrate(db, options, error);
    }
    /* What the constraints would check, db_sqlite_row.c has checked: a tenth of a bulk push. */
    if (status == TERN_OK) {
        status = pragma(db->writer,
                        "PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -65536",
                        error);
    }
    if (status != TERN_OK) {
        goto out;
    }
    *ret_db = &db->base;
    db = NULL;
out:
    if (db != NULL) {
        database_close(&db->base);
    }
    return status;
}
