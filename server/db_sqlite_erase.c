/* What erasure needs of SQLite. Pages are overwritten with zeros from the first row that goes. A
 * row that has gone stands in tern_erased under its id with its table's place behind it, a record
 * under its id alone; so did rows, in files from before. */
#include "server/db_sqlite_erase.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "server/db_sqlite_view.h"

static tern_status erased_read(struct trn_db_view *view,
                               const tern_id *id,
                               struct trn_db_erased *ret_erased,
                               tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_ERASED_READ, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, id);
    status = trn_db_sqlite_step(view, statement, &row, "erased: read", error);
    if (status != TERN_OK) {
        return status;
    }
    ret_erased->number = row ? sqlite3_column_int64(statement, 0) : 0;
    ret_erased->flags = row ? (unsigned)sqlite3_column_int(statement, 1) : 0;
    sqlite3_reset(statement);
    return TERN_OK;
}

static tern_status erased_write(struct trn_db *db,
                                const tern_id *id,
                                const struct trn_db_erased *erased,
                                tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ERASED_WRITE, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, id);
    sqlite3_bind_int64(statement, 2, erased->number);
    sqlite3_bind_int(statement, 3, (int)erased->flags);
    return trn_db_sqlite_run(view, statement, "erased: write", error);
}

/* What a row of a table is kept under. The audit, always the last table, changes its place. */
enum { ROW_KEY_BYTES = sizeof(tern_id) + 2, BEHIND_ALL_KEYS_BYTES = ROW_KEY_BYTES + 1 };

static void row_key(const struct trn_db *db,
                    const struct trn_table *table,
                    const tern_id *id,
                    uint8_t ret_key[ROW_KEY_BYTES])
{
    unsigned place = table->index + 1U == db->schema->table_count ? UINT16_MAX : table->index;

    memcpy(ret_key, id->bytes, sizeof(*id));
    ret_key[sizeof(*id)] = (uint8_t)(place >> 8);
    ret_key[sizeof(*id) + 1] = (uint8_t)place;
}

static tern_status row_erased_read(struct trn_db_view *view,
                                   const struct trn_table *table,
                                   const tern_id *id,
                                   bool *ret_erased,
                                   tern_error *error)
{
    uint8_t key[BEHIND_ALL_KEYS_BYTES];
    int size = ROW_KEY_BYTES;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status =
        trn_db_sqlite_statement(view,
                                table != NULL ? SQL_ROW_ERASED : SQL_ROW_ERASED_ANY,
                                &statement,
                                error);

    if (status != TERN_OK) {
        return status;
    }
    if (table != NULL) {
        row_key(&view->owner->base, table, id, key);
    } else {
        size = BEHIND_ALL_KEYS_BYTES;
        memset(key, UINT8_MAX, sizeof(key));
        memcpy(key, id->bytes, sizeof(*id));
    }
    trn_db_sqlite_bind_id(statement, 1, id);
    sqlite3_bind_blob(statement, 2, key, size, SQLITE_STATIC);
    status = trn_db_sqlite_step(view, statement, &row, "erased: read", error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (status == TERN_OK) {
        *ret_erased = row;
    }
    return status;
}

static tern_status row_erased_write(struct trn_db *db,
                                    const struct trn_table *table,
                                    const tern_id *id,
                                    int64_t number,
                                    tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    uint8_t key[ROW_KEY_BYTES];
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ERASED_WRITE, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    row_key(db, table, id, key);
    sqlite3_bind_blob(statement, 1, key, sizeof(key), SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int(statement, 3, TRN_ERASED_ITSELF);
    status = trn_db_sqlite_run(view, statement, "erased: write", error);
    sqlite3_clear_bindings(statement);
    return status;
}

/* Compiles a statement about one table that is seldom needed; to be finalized. */
static tern_status prepare(struct trn_db_view *view,
                           const char *format,
                           const char *table,
                           const char *column,
                           sqlite3_stmt **ret_statement,
                           tern_error *error)
{
    char *sql = sqlite3_mprintf(format, table, column);
    int rc =
        sql == NULL ? SQLITE_NOMEM : sqlite3_prepare_v2(view->sqlite, sql, -1, ret_statement, NULL);

    sqlite3_free(sql);
    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "erasure", error);
}

static tern_status
rows_naming(struct trn_db_view *view,
            const struct trn_table *table,
            uint16_t column,
            const tern_id *id,
            tern_status (*visit)(void *context, const tern_id *row, tern_error *error),
            void *context,
            tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = true;
    tern_status status = prepare(view,
                                 "SELECT id FROM \"%w\" WHERE \"%w\" = ?1",
                                 table->name,
                                 table->columns[column].name,
                                 &statement,
                                 error);

    if (status == TERN_OK) {
        trn_db_sqlite_bind_id(statement, 1, id);
    }
    while (status == TERN_OK && row) {
        status = trn_db_sqlite_step(view, statement, &row, "erasure: references", error);
        if (status == TERN_OK && row) {
            tern_id found = trn_db_sqlite_column_id(statement, 0);

            status = visit(context, &found, error);
        }
    }
    sqlite3_finalize(statement);
    return status;
}

static tern_status rows_unchanged(struct trn_db_view *view,
                                  const struct trn_table *table,
                                  int64_t before_us,
                                  const tern_id *after,
                                  tern_id *ret_ids,
                                  size_t room,
                                  size_t *ret_count,
                                  tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    bool row = true;
    tern_status status =
        prepare(view,
                "SELECT id FROM \"%w\" WHERE id > ?1 AND updated_at < ?2 ORDER BY id LIMIT ?3",
                table->name,
                NULL,
                &statement,
                error);

    if (status == TERN_OK) {
        trn_db_sqlite_bind_id(statement, 1, after);
        sqlite3_bind_int64(statement, 2, before_us);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)room);
    }
    while (status == TERN_OK && row && count < room) {
        status = trn_db_sqlite_step(view, statement, &row, "retention: rows", error);
        if (status == TERN_OK && row) {
            ret_ids[count++] = trn_db_sqlite_column_id(statement, 0);
        }
    }
    sqlite3_finalize(statement);
    if (status == TERN_OK) {
        *ret_count = count;
    }
    return status;
}

static tern_status
row_erase(struct trn_db *db, const struct trn_table *table, const tern_id *id, tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    sqlite3_stmt *statement = NULL;
    tern_status status;
    int rc = sqlite3_exec(view->sqlite, "PRAGMA secure_delete = ON", NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        return trn_db_sqlite_fail(view, rc, "erasure", error);
    }
    status =
        prepare(view, "DELETE FROM \"%w\" WHERE id = ?1", table->name, NULL, &statement, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, id);
    rc = sqlite3_step(statement);
    if ((rc & 0xff) == SQLITE_CONSTRAINT) {
        status = trn_fail(error, TERN_ERR_FOREIGN_KEY, "%s: another row holds it", table->name);
    } else if (rc != SQLITE_DONE) {
        status = trn_db_sqlite_fail(view, rc, "erasure: row", error);
    }
    sqlite3_finalize(statement);
    return status;
}

static tern_status entry_next(struct trn_db_view *view,
                              int64_t after,
                              bool *ret_found,
                              int64_t *ret_number,
                              struct trn_bytes *body,
                              tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_NEXT, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, after);
    status = trn_db_sqlite_step(view, statement, &row, "entry: next", error);
    if (status == TERN_OK && row) {
        *ret_number = sqlite3_column_int64(statement, 0);
        if (trn_bytes_append(body,
                             sqlite3_column_blob(statement, 1),
                             (size_t)sqlite3_column_bytes(statement, 1)) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    sqlite3_reset(statement);
    if (status == TERN_OK) {
        *ret_found = row;
    }
    return status;
}

static tern_status entry_clear(struct trn_db *db, int64_t number, tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_CLEAR, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, number);
    return trn_db_sqlite_run(view, statement, "entry: clear", error);
}

void trn_db_sqlite_enter_erasure(struct trn_db_ops *ops)
{
    ops->erased_read = erased_read;
    ops->erased_write = erased_write;
    ops->row_erased_read = row_erased_read;
    ops->row_erased_write = row_erased_write;
    ops->rows_naming = rows_naming;
    ops->rows_unchanged = rows_unchanged;
    ops->row_erase = row_erase;
    ops->entry_next = entry_next;
    ops->entry_clear = entry_clear;
}
