/*
 * Scopes: which are held, which rows lie in one, and where a row lies.
 *
 * A path leads from a row over its references to the cell that holds the scope's id; each hop is
 * one look-up by primary key.
 */
#include "store/store.h"

#include "base/assert.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/sql.h"

enum { VISIT_BATCH = 256 };

static const char place[] = "scopes";

/* ---- Scopes held ---- */

tern_status trn_store_scope_run(struct trn_store *store,
                                enum trn_sql which,
                                const tern_id *scope,
                                tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, scope);
    return trn_store_run(store, stmt, place, error);
}

tern_status trn_scope_hold(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    return trn_store_scope_run(store, TRN_SQL_SCOPE_HOLD, scope, error);
}

tern_status trn_scope_release(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    return trn_store_scope_run(store, TRN_SQL_SCOPE_RELEASE, scope, error);
}

tern_status trn_store_scope_any(struct trn_store *store,
                                enum trn_sql which,
                                bool *ret_any,
                                tern_id *ret_scope,
                                tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, place, &found, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_any = found;
    if (found) {
        trn_column_id(stmt, 0, ret_scope);
        (void)sqlite3_reset(stmt);
    }
    return TERN_OK;
}

tern_status trn_store_scope_flag(struct trn_store *store,
                                 enum trn_sql which,
                                 const tern_id *scope,
                                 bool *ret_found,
                                 bool *ret_flag,
                                 tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, scope);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status == TERN_OK) {
        *ret_found = found;
        *ret_flag = found && sqlite3_column_int(stmt, 0) != 0;
        (void)sqlite3_reset(stmt);
    }
    return status;
}

tern_status
trn_scope_is_held(struct trn_store *store, const tern_id *scope, bool *ret_held, tern_error *error)
{
    bool found = false;
    bool stale = false;
    tern_status status =
        trn_store_scope_flag(store, TRN_SQL_SCOPE_HELD, scope, &found, &stale, error);

    if (status == TERN_OK) {
        *ret_held = found && !stale;
    }
    return status;
}

tern_status
trn_scope_has_rows(struct trn_store *store, const tern_id *scope, bool *ret_has, tern_error *error)
{
    bool stale = false;

    return trn_store_scope_flag(store, TRN_SQL_SCOPE_HELD, scope, ret_has, &stale, error);
}

tern_status
trn_scope_stale(struct trn_store *store, bool *ret_any, tern_id *ret_scope, tern_error *error)
{
    return trn_store_scope_any(store, TRN_SQL_SCOPE_STALE, ret_any, ret_scope, error);
}

tern_status trn_scope_suspect(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    return trn_store_scope_run(store, TRN_SQL_SCOPE_SUSPECT_ONE, scope, error);
}

tern_status trn_scope_closed(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    return trn_store_scope_run(store, TRN_SQL_SCOPE_CLOSED, scope, error);
}

tern_status trn_scope_trust(struct trn_store *store, tern_error *error)
{
    return trn_store_do(store, TRN_SQL_SCOPE_TRUST, place, error);
}

tern_status trn_scope_counts(struct trn_store *store,
                             uint64_t *ret_held,
                             uint64_t *ret_partial,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_SCOPE_COUNTS, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, place, &found, error);
    }
    if (status == TERN_OK) {
        *ret_held = trn_column_uint64(stmt, 0);
        *ret_partial = trn_column_uint64(stmt, 1);
        (void)sqlite3_reset(stmt);
    }
    return status;
}

/* ---- Rows of a scope ---- */

/* Appends `alias.column` for the cell that ends the path, joining what lies between into `joins`.
 */
static tern_status append_path(struct trn_store *store,
                               const struct trn_scope_path *path,
                               struct trn_bytes *joins,
                               struct trn_bytes *cell)
{
    const struct trn_table *tables = store->schema->tables;
    tern_status status = TERN_OK;

    if (path->hop_count == 0) {
        return trn_bytes_append_text(cell, "a0.id");
    }
    for (size_t i = 1; i < path->hop_count && status == TERN_OK; i++) {
        const struct trn_table *from = &tables[path->tables[i - 1]];

        status = trn_bytes_append_text(joins, " JOIN main.");
        if (status == TERN_OK) {
            status = trn_sql_name(joins, tables[path->tables[i]].name);
        }
        if (status == TERN_OK) {
            status = trn_bytes_append_format(joins, " AS a%zu ON a%zu.id = a%zu.", i, i, i - 1);
        }
        if (status == TERN_OK) {
            status = trn_sql_name(joins, from->columns[path->columns[i - 1]].name);
        }
    }
    if (status == TERN_OK) {
        const struct trn_table *last = &tables[path->tables[path->hop_count - 1]];

        status = trn_bytes_append_format(cell, "a%zu.", path->hop_count - 1);
        if (status == TERN_OK) {
            status = trn_sql_name(cell, last->columns[path->columns[path->hop_count - 1]].name);
        }
    }
    return status;
}

static tern_status build_path(struct trn_store *store,
                              const struct trn_table *table,
                              const struct trn_scope_path *path,
                              struct trn_bytes *sql)
{
    struct trn_bytes joins = {0};
    struct trn_bytes cell = {0};
    tern_status status = append_path(store, path, &joins, &cell);

    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, "SELECT a0.rowid, a0.id FROM main.");
    }
    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql,
                                         " AS a0%s WHERE %s = ?1 AND a0.rowid > ?2 "
                                         "ORDER BY a0.rowid LIMIT %zu",
                                         trn_bytes_text(&joins),
                                         trn_bytes_text(&cell),
                                         trn_portion(VISIT_BATCH));
    }
    trn_bytes_free(&joins);
    trn_bytes_free(&cell);
    return status;
}

static tern_status path_statement(struct trn_store *store,
                                  const struct trn_table *table,
                                  size_t which,
                                  sqlite3_stmt **ret_stmt,
                                  tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->paths[which];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*stmt == NULL) {
        tern_status built = build_path(store, table, &table->scopes[which], &sql);

        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status == TERN_OK) {
        *ret_stmt = *stmt;
    }
    return status;
}

struct batch {
    tern_id ids[VISIT_BATCH];
    size_t count;
    int64_t last;
};

static tern_status read_batch(struct trn_store *store,
                              sqlite3_stmt *stmt,
                              const tern_id *scope,
                              struct batch *batch,
                              tern_error *error)
{
    bool found = false;
    tern_status status;

    trn_bind_id(stmt, 1, scope);
    (void)sqlite3_bind_int64(stmt, 2, batch->last);
    batch->count = 0;
    for (;;) {
        status = trn_store_step(store, stmt, place, &found, error);
        if (status != TERN_OK || !found) {
            return status;
        }
        batch->last = sqlite3_column_int64(stmt, 0);
        trn_column_id(stmt, 1, &batch->ids[batch->count++]);
    }
}

/* Whether the row lies in a scope that is held, `scope` left out of account. */
static tern_status lies_elsewhere(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  const tern_id *scope,
                                  bool *ret_elsewhere,
                                  tern_error *error)
{
    struct trn_row row;
    tern_id scopes[TRN_SCOPES_MAX];
    size_t count = 0;
    bool found = false;
    tern_status status;

    *ret_elsewhere = false;
    if (table->scope_count < 2) {
        return TERN_OK;
    }
    status = trn_store_row_read(store, table, id, &found, &row, error);
    if (status == TERN_OK && found) {
        status = trn_store_row_scopes(store, table, &row, scopes, &count, error);
    }
    for (size_t i = 0; i < count && status == TERN_OK && !*ret_elsewhere; i++) {
        if (!trn_id_equal(&scopes[i], scope)) {
            status = trn_scope_is_held(store, &scopes[i], ret_elsewhere, error);
        }
    }
    return status;
}

static tern_status
visit_path(struct trn_store *store,
           const struct trn_table *table,
           size_t which,
           const tern_id *scope,
           tern_status (*visit)(void *context, const tern_id *id, tern_error *error),
           void *context,
           tern_error *error)
{
    struct batch batch = {.last = INT64_MIN};
    sqlite3_stmt *stmt = NULL;
    tern_status status = path_statement(store, table, which, &stmt, error);

    do {
        if (status == TERN_OK) {
            status = read_batch(store, stmt, scope, &batch, error);
        }
        for (size_t i = 0; i < batch.count && status == TERN_OK; i++) {
            bool elsewhere = false;

            status = lies_elsewhere(store, table, &batch.ids[i], scope, &elsewhere, error);
            if (status == TERN_OK && !elsewhere) {
                status = visit(context, &batch.ids[i], error);
            }
        }
    } while (status == TERN_OK && batch.count == trn_portion(VISIT_BATCH) &&
             !TRN_MUTANT(LEAVING_CUT));
    return status;
}

tern_status
trn_store_scope_rows(struct trn_store *store,
                     const struct trn_table *table,
                     const tern_id *scope,
                     tern_status (*visit)(void *context, const tern_id *id, tern_error *error),
                     void *context,
                     tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->scope_count && status == TERN_OK; i++) {
        status = visit_path(store, table, i, scope, visit, context, error);
    }
    return status;
}

/* ---- Scopes of a row ---- */

/* One hop: the cell `column` of the row `id` of `table`. */
static tern_status follow(struct trn_store *store,
                          const struct trn_table *table,
                          uint16_t column,
                          tern_id *id,
                          bool *ret_found,
                          tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->hops[column];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*stmt == NULL) {
        tern_status built = trn_bytes_append_text(&sql, "SELECT ");

        built = built == TERN_OK ? trn_sql_name(&sql, table->columns[column].name) : built;
        built = built == TERN_OK ? trn_bytes_append_text(&sql, " FROM main.") : built;
        built = built == TERN_OK ? trn_sql_name(&sql, table->name) : built;
        built = built == TERN_OK ? trn_bytes_append_text(&sql, " WHERE id = ?1") : built;
        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(*stmt, 1, id);
    status = trn_store_step(store, *stmt, table->name, ret_found, error);
    if (status == TERN_OK && *ret_found) {
        *ret_found = sqlite3_column_type(*stmt, 0) == SQLITE_BLOB;
        trn_column_id(*stmt, 0, id);
        (void)sqlite3_reset(*stmt);
    }
    return status;
}

static tern_status walk(struct trn_store *store,
                        const struct trn_scope_path *path,
                        const struct trn_row *row,
                        bool *ret_found,
                        tern_id *ret_scope,
                        tern_error *error)
{
    const tern_value *cell;
    tern_status status = TERN_OK;

    *ret_scope = row->id;
    *ret_found = true;
    if (path->hop_count == 0) {
        return TERN_OK;
    }
    cell = &row->values[path->columns[0]];
    *ret_found = cell->kind == TERN_BLOB && cell->size == sizeof(ret_scope->bytes);
    if (*ret_found) {
        for (size_t i = 0; i < sizeof(ret_scope->bytes); i++) {
            ret_scope->bytes[i] = ((const uint8_t *)cell->data)[i];
        }
    }
    for (size_t i = 1; i < path->hop_count && status == TERN_OK && *ret_found; i++) {
        status = follow(store,
                        &store->schema->tables[path->tables[i]],
                        path->columns[i],
                        ret_scope,
                        ret_found,
                        error);
    }
    return status;
}

tern_status trn_store_row_scopes(struct trn_store *store,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_id *ret_scopes,
                                 size_t *ret_count,
                                 tern_error *error)
{
    size_t count = 0;
    tern_status status = TERN_OK;

    TRN_ASSERT(table->scope_count <= TRN_SCOPES_MAX);
    for (size_t i = 0; i < table->scope_count && status == TERN_OK; i++) {
        bool found = false;
        bool known = false;
        tern_id scope;

        status = walk(store, &table->scopes[i], row, &found, &scope, error);
        for (size_t k = 0; k < count; k++) {
            known = known || trn_id_equal(&ret_scopes[k], &scope);
        }
        if (status == TERN_OK && found && !known) {
            ret_scopes[count++] = scope;
        }
    }
    if (status == TERN_OK) {
        *ret_count = count;
    }
    return status;
}
