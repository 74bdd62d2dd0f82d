/* What is compiled stays with its connection, for as long as that lives. */
#include "server/db_sqlite_view.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"

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
        ("SELECT tx, device, time, sender, received, verdict = 0, kind, device <> sender "
         "FROM tern_entry WHERE number = ?1"),
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
    [SQL_ROW_ERASED] = "SELECT 1 FROM tern_erased WHERE id IN (?1, ?2) AND flags & 1",
    [SQL_ROW_ERASED_ANY] =
        "SELECT 1 FROM tern_erased WHERE id >= ?1 AND id < ?2 AND flags & 1 LIMIT 1",
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

tern_status trn_db_sqlite_do(struct trn_db_view *view, enum trn_sql which, tern_error *error)
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

void trn_db_sqlite_view_free(struct trn_db_view *view)
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

tern_status trn_db_sqlite_pragma(struct trn_db_view *view, const char *sql, tern_error *error)
{
    int rc = sqlite3_exec(view->sqlite, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "settings", error);
}

static tern_status view_configure(struct trn_db_view *view, bool fast, tern_error *error)
{
    tern_status status;

    sqlite3_extended_result_codes(view->sqlite, 1);
    sqlite3_busy_timeout(view->sqlite, BUSY_TIMEOUT_MS);
    status =
        trn_db_sqlite_pragma(view, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON", error);
    if (status == TERN_OK) {
        status =
            trn_db_sqlite_pragma(view,
                                 fast ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL",
                                 error);
    }
    if (status == TERN_OK && TRN_MUTANT(SERVER_SYNC_NORMAL)) {
        status = trn_db_sqlite_pragma(view, "PRAGMA synchronous = NORMAL", error);
    }
    if (status == TERN_OK) {
        status = trn_db_sqlite_pragma(view,
                                      "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; "
                                      "PRAGMA wal_autocheckpoint = 8192",
                                      error);
    }
    return status;
}

tern_status trn_db_sqlite_view_open(struct trn_db_sqlite *db,
                                    bool fast,
                                    struct trn_db_view **ret_view,
                                    tern_error *error)
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
    trn_db_sqlite_view_free(view);
    return status;
}
