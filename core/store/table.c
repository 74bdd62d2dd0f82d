/*
 * What depends on the schema: the statements of each synced table, the guards of this connection,
 * and the upgrade of the file.
 */
#include "store/table.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/compile.h"
#include "store/fault.h"
#include "store/followed.h"
#include "store/sql.h"

/* The columns that no document names. */
static const char *const hidden[] = {"id", "updated_at", "deleted_at", "tern_v"};
enum { HIDDEN_COUNT = sizeof(hidden) / sizeof(hidden[0]) };

/* ---- The tables attached ---- */

static void free_statements(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; statements != NULL && i < count; i++) {
        trn_store_finalize(&statements[i]);
    }
    trn_free(statements);
}

static void free_table(struct trn_store_table *own)
{
    for (size_t i = 0; i < TRN_TABLE_COUNT; i++) {
        trn_store_finalize(&own->statements[i]);
    }
    for (size_t i = 0; i < TRN_TAKES_KEPT; i++) {
        trn_store_finalize(&own->takes[i].stmt);
    }
    if (own->table != NULL) {
        free_statements(own->uniques, own->table->unique_count);
        free_statements(own->paths, own->table->scope_count);
        free_statements(own->hops, own->table->column_count);
    }
    trn_bytes_free(&own->room);
}

void trn_store_tables_free(struct trn_store *store)
{
    trn_followed_forget(store);
    if (store->schema == NULL) {
        return;
    }
    for (size_t i = 0; store->tables != NULL && i < store->schema->table_count; i++) {
        free_table(&store->tables[i]);
    }
    trn_free(store->tables);
    trn_free(store->changes);
    store->tables = NULL;
    store->changes = NULL;
    store->schema = NULL;
}

static uint64_t bit(uint16_t column)
{
    return UINT64_C(1) << column;
}

static void note_columns(struct trn_store_table *own)
{
    const struct trn_table *table = own->table;

    for (size_t u = 0; u < table->unit_count; u++) {
        const struct trn_unit *unit = &table->units[u];

        for (size_t i = 0; i < unit->column_count; i++) {
            own->unit_columns[u] |= bit(unit->columns[i]);
        }
        if (unit->rank_rule == TRN_RANK_BY_VALUE && unit->rank_column != TRN_NO_COLUMN) {
            own->rank_columns |= bit(unit->rank_column);
        }
        if (unit->rank_rule != TRN_RANK_RECORDED && unit->recorded_if_column != TRN_NO_COLUMN) {
            own->rank_columns |= bit(unit->recorded_if_column);
        }
    }
}

static void note_position(struct trn_store_table *own, const char *name, int position, int *left)
{
    int *const places[] = {&own->id_position,
                           &own->updated_position,
                           &own->deleted_position,
                           &own->version_position};
    uint16_t column = trn_table_column(own->table, name);

    if (column != TRN_NO_COLUMN) {
        own->positions[column] = position;
        (*left)--;
        return;
    }
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        if (strcmp(hidden[i], name) == 0) {
            *places[i] = position;
            (*left)--;
        }
    }
}

/* The place and the name of every column of the table; none of a table that is not there. */
static tern_status list_columns(struct trn_store *store,
                                const struct trn_table *table,
                                sqlite3_stmt **ret_stmt,
                                tern_error *error)
{
    struct trn_bytes sql = {0};
    tern_status status = trn_bytes_append_text(&sql, "PRAGMA main.table_info(");
    int rc = SQLITE_OK;

    if (status == TERN_OK) {
        status = trn_sql_name(&sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_byte(&sql, ')');
    }
    if (status == TERN_OK) {
        rc = sqlite3_prepare_v2(store->db, trn_bytes_text(&sql), -1, ret_stmt, NULL);
    }
    trn_bytes_free(&sql);
    if (status != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->db, rc, "columns", error);
}

static tern_status fail_lacking(const struct trn_table *table, tern_error *error)
{
    return trn_fail(error,
                    TERN_ERR_CORRUPT,
                    "the table %s of the file lacks columns of the schema document",
                    table->name);
}

/* Where SQLite has each column: an upgrade appends behind the hidden ones. */
static tern_status
read_positions(struct trn_store *store, struct trn_store_table *own, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int left = (int)own->table->column_count + HIDDEN_COUNT;
    bool found = true;
    tern_status status = list_columns(store, own->table, &stmt, error);

    while (status == TERN_OK && found) {
        const char *name;

        status = trn_store_step(store, stmt, "columns", &found, error);
        if (status != TERN_OK || !found) {
            break;
        }
        name = (const char *)sqlite3_column_text(stmt, 1);
        if (name == NULL) {
            status = trn_fail_nomem(error);
        } else {
            note_position(own, name, sqlite3_column_int(stmt, 0), &left);
        }
    }
    trn_store_finalize(&stmt);
    return status == TERN_OK && left != 0 ? fail_lacking(own->table, error) : status;
}

tern_status trn_store_place_columns(struct trn_store *store, tern_error *error)
{
    tern_status status = TERN_OK;

    if (store->schema == NULL || store->is_placed) {
        return TERN_OK;
    }
    for (size_t i = 0; i < store->schema->table_count && status == TERN_OK; i++) {
        status = read_positions(store, &store->tables[i], error);
    }
    store->is_placed = status == TERN_OK;
    return status;
}

static tern_status check_column(struct trn_store *store,
                                const struct trn_table *table,
                                const char *column,
                                tern_error *error)
{
    int rc = sqlite3_table_column_metadata(store->db,
                                           "main",
                                           table->name,
                                           column,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL);

    if (rc == SQLITE_ERROR) {
        return fail_lacking(table, error);
    }
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->db, rc, "columns", error);
}

/* Asks what SQLite has in memory, which takes a tenth of what compiling a statement does. */
static tern_status
check_columns(struct trn_store *store, const struct trn_table *table, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = check_column(store, table, table->columns[i].name, error);
    }
    for (size_t i = 0; i < HIDDEN_COUNT && status == TERN_OK; i++) {
        status = check_column(store, table, hidden[i], error);
    }
    return status;
}

static tern_status
prepare_table(struct trn_store_table *own, const struct trn_table *table, tern_error *error)
{
    own->table = table;
    own->uniques = trn_calloc(table->unique_count, sizeof(void *));
    own->paths = trn_calloc(table->scope_count, sizeof(void *));
    own->hops = trn_calloc(table->column_count, sizeof(void *));
    if (own->uniques == NULL || own->paths == NULL || own->hops == NULL) {
        return trn_fail_nomem(error);
    }
    note_columns(own);
    return TERN_OK;
}

static tern_status append_all(struct trn_bytes *sql, const char *const *parts, const char *name)
{
    tern_status status = TERN_OK;

    for (; *parts != NULL && status == TERN_OK; parts++) {
        status = (*parts)[0] == '\0' ? trn_sql_name(sql, name) : trn_bytes_append_text(sql, *parts);
    }
    return status;
}

static tern_status
guard_table(struct trn_store *store, const struct trn_table *table, tern_error *error)
{
    /* An empty part stands for the table's name. */
    static const char *const parts[] = {
        " BEFORE DELETE ON main.",
        "",
        " WHEN tern_capturing() BEGIN UPDATE ",
        "",
        " SET deleted_at = tern_stamp() WHERE rowid = old.rowid AND deleted_at IS NULL;",
        " SELECT RAISE(IGNORE); END",
        NULL,
    };
    struct trn_bytes sql = {0};
    tern_status status =
        trn_bytes_append_format(&sql,
                                "CREATE TEMP TRIGGER IF NOT EXISTS \"tern_delete_%u\"",
                                (unsigned)table->index);

    if (status == TERN_OK) {
        status = append_all(&sql, parts, table->name);
    }
    status = status == TERN_OK ? trn_store_exec(store, trn_bytes_text(&sql), table->name, error)
                               : trn_fail_nomem(error);
    trn_bytes_free(&sql);
    return status;
}

tern_status trn_store_guard_deletes(struct trn_store *store, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < store->schema->table_count && !store->is_guarded; i++) {
        status = guard_table(store, &store->schema->tables[i], error);
        if (status != TERN_OK) {
            return status;
        }
    }
    store->is_guarded = true;
    store->guarded_in_tx = true;
    return TERN_OK;
}

tern_status
trn_store_attach_schema(struct trn_store *store, const struct trn_schema *schema, tern_error *error)
{
    tern_status status = TERN_OK;

    TRN_ASSERT(store->listener == NULL);
    trn_store_tables_free(store);
    store->schema = schema;
    store->is_guarded = false;
    store->is_placed = false;
    store->tables = trn_calloc(schema->table_count, sizeof(*store->tables));
    store->changes = trn_calloc(schema->table_count, sizeof(*store->changes));
    if (store->tables == NULL || store->changes == NULL) {
        trn_store_tables_free(store);
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        status = prepare_table(&store->tables[i], &schema->tables[i], error);
        if (status == TERN_OK) {
            status = check_columns(store, &schema->tables[i], error);
        }
    }
    if (status != TERN_OK) {
        trn_store_tables_free(store);
    }
    return status;
}

/* ---- Upgrade ---- */

/* A row older than an added column holds nothing for it, and the preupdate hook of SQLite 3.40 does
 * not fill the default in: so the rows are rewritten once. */
static tern_status
fill_column(struct trn_store *store, const char *table, const char *column, tern_error *error)
{
    struct trn_bytes sql = {0};
    const char *const parts[] = {"UPDATE main.", "", " SET ", NULL};
    tern_status status = append_all(&sql, parts, table);

    if (status == TERN_OK) {
        status = trn_sql_name(&sql, column);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(&sql, " = ");
    }
    if (status == TERN_OK) {
        status = trn_sql_name(&sql, column);
    }
    status = status == TERN_OK ? trn_store_exec(store, trn_bytes_text(&sql), table, error)
                               : trn_fail_nomem(error);
    trn_bytes_free(&sql);
    return status;
}

static tern_status fill_added_columns(struct trn_store *store,
                                      const struct trn_schema *schema,
                                      uint32_t old_version,
                                      tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t t = 0; t < schema->table_count; t++) {
        const struct trn_table *table = &schema->tables[t];

        if (table->since > old_version) {
            continue;
        }
        for (size_t c = 0; c < table->column_count && status == TERN_OK; c++) {
            const struct trn_column *column = &table->columns[c];

            if (column->since > old_version && column->has_default &&
                column->default_value.kind != TERN_NULL) {
                status = fill_column(store, table->name, column->name, error);
            }
        }
    }
    return status;
}

static tern_status
keep_document(struct trn_store *store, const struct trn_schema *schema, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_DOCUMENT_SET, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, schema->version);
    (void)sqlite3_bind_text64(stmt,
                              2,
                              schema->document,
                              schema->document_size,
                              SQLITE_STATIC,
                              SQLITE_UTF8);
    return trn_store_run(store, stmt, "schema document", error);
}

tern_status trn_store_migrate(struct trn_store *store,
                              const char *ddl,
                              const struct trn_schema *schema,
                              tern_error *error)
{
    struct trn_meta meta = {0};
    struct trn_bytes document = {0};
    tern_status status;

    TRN_ASSERT(trn_store_in_transaction(store));
    status = trn_meta_read(store, &meta, error);
    if (status != TERN_OK) {
        return status;
    }
    if (trn_bytes_append(&document, schema->document, schema->document_size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    trn_store_tables_free(store); /* what was compiled may not fit any more */
    /* The check of a grown enum is changed in sqlite_schema itself. */
    (void)trn_store_set_flag(store->db, SQLITE_DBCONFIG_DEFENSIVE, 0);
    status = trn_store_exec(store, ddl, "upgrade", error);
    (void)trn_store_set_flag(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1);
    if (status == TERN_OK && meta.schema_version != 0) {
        status = fill_added_columns(store, schema, meta.schema_version, error);
    }
    if (status == TERN_OK) {
        status = keep_document(store, schema, error);
    }
    if (status == TERN_OK) {
        meta.schema_version = schema->version;
        status = trn_meta_write(store, &meta, error);
    }
    if (status == TERN_OK) {
        trn_bytes_free(&store->document);
        store->document = trn_bytes_move(&document);
        store->is_new = false;
    }
    trn_bytes_free(&document);
    return status;
}
