/* Brings a file's tables to the schema in one transaction: new, upgraded by addition, or refused.
 */
#include "server/db_sqlite_migrate.h"

#include <stdio.h>

#include "base/error.h"
#include "schema/schema.h"
#include "server/db_sqlite_entry.h"

static const char bookkeeping[] =
    "CREATE TABLE tern_meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tern_entry("
    " number INTEGER PRIMARY KEY, tx BLOB NOT NULL UNIQUE, device BLOB NOT NULL,"
    " sender BLOB NOT NULL, ordinal INTEGER NOT NULL, user BLOB NOT NULL, time INTEGER NOT NULL,"
    " raw_time INTEGER NOT NULL, received INTEGER NOT NULL, hash BLOB NOT NULL,"
    " kind INTEGER NOT NULL, schema INTEGER NOT NULL, verdict INTEGER NOT NULL,"
    " change INTEGER NOT NULL, detail TEXT NOT NULL, body BLOB NOT NULL,"
    " UNIQUE(device, ordinal, sender));"
    "CREATE TABLE tern_device(id BLOB PRIMARY KEY, user BLOB NOT NULL, last_time INTEGER NOT NULL,"
    " last_ordinal INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tern_log(scope BLOB NOT NULL, number INTEGER NOT NULL, tab INTEGER NOT NULL,"
    " id BLOB NOT NULL, PRIMARY KEY(scope, number, tab, id)) WITHOUT ROWID;";

static const char later[] = "CREATE TABLE IF NOT EXISTS tern_erased(id BLOB PRIMARY KEY,"
                            " number INTEGER NOT NULL, flags INTEGER NOT NULL) WITHOUT ROWID;";

static tern_status execute(struct trn_db_view *view, const char *sql, tern_error *error)
{
    int rc = sqlite3_exec(view->sqlite, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "database: migrate", error);
}

/* Whether the file holds tables at all, and whether ours are among them. */
static tern_status
look(struct trn_db_view *view, bool *ret_empty, bool *ret_ours, tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_prepare(
        view,
        "SELECT count(*), coalesce(sum(name = 'tern_entry'), 0) FROM sqlite_schema",
        &statement,
        error);

    if (status == TERN_OK) {
        status = trn_db_sqlite_step(view, statement, &row, "database: look", error);
    }
    if (status == TERN_OK && row) {
        *ret_empty = sqlite3_column_int(statement, 0) == 0;
        *ret_ours = sqlite3_column_int(statement, 1) > 0;
    }
    sqlite3_finalize(statement);
    return status;
}

static tern_status put_document(struct trn_db_sqlite *db, tern_error *error)
{
    return trn_db_sqlite_meta_write(db->writer,
                                    "schema",
                                    db->base.schema->document,
                                    db->base.schema->document_size,
                                    error);
}

static tern_status
create(struct trn_db_sqlite *db, const uint8_t *seal_key, const uint8_t *epoch, tern_error *error)
{
    struct trn_bytes ddl = {0};
    tern_status status = execute(db->writer, bookkeeping, error);

    if (status == TERN_OK) {
        status = trn_schema_ddl(db->base.schema, TRN_DIALECT_SERVER_SQLITE, &ddl, error);
    }
    if (status == TERN_OK) {
        status = execute(db->writer, trn_bytes_text(&ddl), error);
    }
    if (status == TERN_OK) {
        status = put_document(db, error);
    }
    if (status == TERN_OK) {
        status = db->base.ops->set_epoch(&db->base, epoch, error);
    }
    if (status == TERN_OK) {
        status =
            trn_db_sqlite_meta_write(db->writer, "seal_key", seal_key, TRN_SEAL_KEY_BYTES, error);
    }
    trn_bytes_free(&ddl);
    return status;
}

/* The log names tables by their place in the document, and sync_audit, always the last, gives way
 * to new ones. A cursor that stands at an audit row inside a number then sends the number's audit
 * rows again, which changes nothing: no row of a table that is new now can stand at an old number.
 */
static tern_status
move_audit(struct trn_db_sqlite *db, const struct trn_schema *from, tern_error *error)
{
    char sql[96];

    if (from->table_count == db->base.schema->table_count) {
        return TERN_OK;
    }
    (void)snprintf(sql,
                   sizeof(sql),
                   "UPDATE tern_log SET tab = %u WHERE tab = %u",
                   (unsigned)(db->base.schema->table_count - 1),
                   (unsigned)(from->table_count - 1));
    return execute(db->writer, sql, error);
}

static tern_status upgrade(struct trn_db_sqlite *db, tern_error *error)
{
    struct trn_bytes document = {0};
    struct trn_bytes ddl = {0};
    struct trn_schema *from = NULL;
    bool found = false;
    tern_status status = trn_db_sqlite_meta_get(db->writer, "schema", &found, &document, error);

    if (status == TERN_OK && !found) {
        status = trn_fail(error, TERN_ERR_CORRUPT, "database: its schema is not in it");
    }
    if (status != TERN_OK ||
        trn_slice_equal_text(trn_bytes_slice(&document), db->base.schema->document)) {
        goto out;
    }
    status = trn_schema_load(trn_bytes_text(&document), document.size, &from, error);
    if (status == TERN_OK) {
        status =
            trn_schema_upgrade_ddl(from, db->base.schema, TRN_DIALECT_SERVER_SQLITE, &ddl, error);
    }
    if (status == TERN_OK && ddl.size > 0) {
        status = execute(db->writer, trn_bytes_text(&ddl), error);
    }
    if (status == TERN_OK) {
        status = move_audit(db, from, error);
    }
    if (status == TERN_OK) {
        status = put_document(db, error);
    }
out:
    trn_schema_free(from);
    trn_bytes_free(&ddl);
    trn_bytes_free(&document);
    return status;
}

tern_status trn_db_sqlite_migrate(struct trn_db_sqlite *db,
                                  const uint8_t *seal_key,
                                  const uint8_t *epoch,
                                  tern_error *error)
{
    bool empty = false;
    bool ours = false;
    tern_status status = execute(db->writer, "BEGIN IMMEDIATE", error);

    if (status != TERN_OK) {
        return status;
    }
    status = look(db->writer, &empty, &ours, error);
    if (status == TERN_OK && !empty && !ours) {
        status = trn_fail(error, TERN_ERR_NOT_A_REPLICA, "database: a file of another program");
    }
    if (status == TERN_OK) {
        status = empty ? create(db, seal_key, epoch, error) : upgrade(db, error);
    }
    if (status == TERN_OK) {
        status = execute(db->writer, later, error);
    }
    if (status == TERN_OK) {
        status = execute(db->writer, "COMMIT", error);
    }
    if (status != TERN_OK) {
        (void)execute(db->writer, "ROLLBACK", NULL);
    }
    return status;
}
