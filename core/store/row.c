/*
 * Rows by id, round capture.
 *
 * Columns stand in every statement here as: id, the schema's columns, updated_at, deleted_at,
 * tern_v.
 */
#include "store/row.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mutant.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/sql.h"

/* ---- Text ---- */

static tern_status append_columns(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_text(sql, "id");

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = trn_bytes_append_text(sql, ", ");
        if (status == TERN_OK) {
            status = trn_sql_name(sql, table->columns[i].name);
        }
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, ", updated_at, deleted_at, tern_v")
                             : status;
}

static tern_status build_read(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_text(sql, "SELECT ");

    if (status == TERN_OK) {
        status = append_columns(sql, table);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, " FROM main.");
    }
    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, " WHERE id = ?1") : status;
}

static tern_status
build_by_id(struct trn_bytes *sql, const struct trn_table *table, const char *verb)
{
    tern_status status = trn_bytes_append_text(sql, verb);

    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, " WHERE id = ?1") : status;
}

static tern_status build_has(struct trn_bytes *sql, const struct trn_table *table)
{
    return build_by_id(sql, table, "SELECT 1 FROM main.");
}

static tern_status build_version(struct trn_bytes *sql, const struct trn_table *table)
{
    return build_by_id(sql, table, "SELECT tern_v FROM main.");
}

/* An UPDATE that names a column rewrites every index that knows it, though the value stays. */
static tern_status
build_update_of(struct trn_bytes *sql, const struct trn_table *table, uint16_t units)
{
    tern_status status = trn_bytes_append_text(sql, "UPDATE main.");

    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, " SET ");
    }
    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        if ((units >> table->columns[i].unit & 1) == 0) {
            continue;
        }
        status = trn_sql_name(sql, table->columns[i].name);
        if (status == TERN_OK) {
            status = trn_bytes_append_format(sql, " = ?%zu, ", i + 2);
        }
    }
    if (status == TERN_OK && (units >> TRN_UNIT_EXISTENCE & 1) != 0) {
        status = trn_bytes_append_format(sql, "deleted_at = ?%zu, ", table->column_count + 3);
    }
    return status == TERN_OK
               ? trn_bytes_append_format(sql,
                                         "updated_at = ?%zu, tern_v = ?%zu WHERE id = ?1",
                                         table->column_count + 2,
                                         table->column_count + 4)
               : status;
}

static tern_status build_update(struct trn_bytes *sql, const struct trn_table *table)
{
    return build_update_of(sql, table, UINT16_MAX);
}

/* "(?, ?, ...)": the parameters behind those that are there already. */
static tern_status append_marks(struct trn_bytes *sql, const struct trn_table *table)
{
    size_t count = table->column_count + 4;
    tern_status status = trn_bytes_append_text(sql, "(?");

    for (size_t i = 1; i < count && status == TERN_OK; i++) {
        status = trn_bytes_append_text(sql, ", ?");
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, ")") : status;
}

static tern_status
append_insert(struct trn_bytes *sql, const struct trn_table *table, const char *verb, size_t rows)
{
    tern_status status = trn_bytes_append_text(sql, verb);

    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, "(");
    }
    if (status == TERN_OK) {
        status = append_columns(sql, table);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, ") VALUES");
    }
    for (size_t i = 0; i < rows && status == TERN_OK; i++) {
        status = i == 0 ? TERN_OK : trn_bytes_append_text(sql, ", ");
        if (status == TERN_OK) {
            status = append_marks(sql, table);
        }
    }
    return status;
}

static tern_status build_insert(struct trn_bytes *sql, const struct trn_table *table)
{
    return append_insert(sql, table, "INSERT INTO main.", 1);
}

/* OR FAIL: to take back what one statement has inserted so far, SQLite would copy aside every page
 * that it touches. */
static tern_status build_insert_many(struct trn_bytes *sql, const struct trn_table *table)
{
    return append_insert(sql, table, "INSERT OR FAIL INTO main.", TRN_ROWS_AT_ONCE);
}

static tern_status build_erase(struct trn_bytes *sql, const struct trn_table *table)
{
    return build_by_id(sql, table, "DELETE FROM main.");
}

static bool is_unchecked(enum trn_table_sql which)
{
    return which >= TRN_TABLE_TAKE_NEW;
}

static tern_status statement_of(struct trn_store *store,
                                const struct trn_table *table,
                                enum trn_table_sql which,
                                sqlite3_stmt **ret_stmt,
                                tern_error *error)
{
    static tern_status (*const build[])(struct trn_bytes * sql, const struct trn_table *table) = {
        [TRN_TABLE_READ] = build_read,
        [TRN_TABLE_HAS] = build_has,
        [TRN_TABLE_VERSION] = build_version,
        [TRN_TABLE_INSERT] = build_insert,
        [TRN_TABLE_UPDATE] = build_update,
        [TRN_TABLE_ERASE] = build_erase,
        [TRN_TABLE_TAKE_NEW] = build_insert,
        [TRN_TABLE_TAKE_OVER] = build_update,
        [TRN_TABLE_TAKE_MANY] = build_insert_many,
    };
    sqlite3_stmt **stmt = &trn_store_table(store, table)->statements[which];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*stmt != NULL && is_unchecked(which) && trn_store_has_checks_again(*stmt)) {
        trn_store_finalize(stmt);
    }
    if (*stmt == NULL) {
        tern_status built = build[which](&sql, table);

        status = is_unchecked(which) ? trn_store_compile_unchecked(store, &sql, built, stmt, error)
                                     : trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status == TERN_OK) {
        *ret_stmt = *stmt;
    }
    return status;
}

/* ---- Reading ---- */

/* Bytes that the cells from `first` on hold in all. */
static size_t bytes_in(sqlite3_stmt *stmt, int first, int count)
{
    size_t size = 0;

    for (int i = first; i < first + count; i++) {
        int type = sqlite3_column_type(stmt, i);

        if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
            size += (size_t)sqlite3_column_bytes(stmt, i);
        }
    }
    return size;
}

/* Copies a cell's bytes into room reserved before, so that the statement can be reset. */
static void keep(struct trn_bytes *room, tern_value *value)
{
    uint8_t *place = room->data + room->size;

    if (value->kind != TERN_TEXT && value->kind != TERN_BLOB) {
        return;
    }
    memcpy(place, value->data, value->size);
    room->size += value->size;
    value->data = place;
}

static tern_status read_version(sqlite3_stmt *stmt,
                                int column,
                                const struct trn_table *table,
                                struct trn_version *ret_version,
                                tern_error *error)
{
    tern_value cell = trn_column_value(stmt, column);
    tern_status status = trn_version_decode(&cell, table->unit_count, ret_version, error);

    if (status != TERN_OK) {
        trn_error_context(error, "%s", table->name);
    }
    return status;
}

static tern_status read_cells(sqlite3_stmt *stmt,
                              struct trn_store_table *own,
                              struct trn_row *ret_row,
                              tern_error *error)
{
    int columns = (int)own->table->column_count;
    tern_status status;

    trn_bytes_clear(&own->room);
    if (trn_bytes_reserve(&own->room, bytes_in(stmt, 1, columns) + 1) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    status = read_version(stmt, columns + 3, own->table, &ret_row->version, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_column_id(stmt, 0, &ret_row->id);
    for (int i = 0; i < columns; i++) {
        ret_row->values[i] = trn_column_value(stmt, i + 1);
        keep(&own->room, &ret_row->values[i]);
    }
    ret_row->updated_at_us = sqlite3_column_int64(stmt, columns + 1);
    ret_row->deleted_at_us = sqlite3_column_int64(stmt, columns + 2);
    return TERN_OK;
}

tern_status trn_store_row_read(struct trn_store *store,
                               const struct trn_table *table,
                               const tern_id *id,
                               bool *ret_found,
                               struct trn_row *ret_row,
                               tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = statement_of(store, table, TRN_TABLE_READ, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, id);
    status = trn_store_step(store, stmt, table->name, &found, error);
    if (status != TERN_OK) {
        return status;
    }
    if (found) {
        status = read_cells(stmt, trn_store_table(store, table), ret_row, error);
        (void)sqlite3_reset(stmt);
    }
    if (status == TERN_OK) {
        *ret_found = found;
    }
    return status;
}

void trn_store_row_swap_room(struct trn_store *store,
                             const struct trn_table *table,
                             struct trn_bytes *room)
{
    struct trn_store_table *own = trn_store_table(store, table);
    struct trn_bytes other = *room;

    *room = own->room;
    own->room = other;
}

tern_status trn_store_row_version(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  bool *ret_found,
                                  struct trn_version *ret_version,
                                  tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = statement_of(store, table, TRN_TABLE_VERSION, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, id);
    status = trn_store_step(store, stmt, table->name, &found, error);
    if (status == TERN_OK && found) {
        status = read_version(stmt, 0, table, ret_version, error);
        (void)sqlite3_reset(stmt);
    }
    if (status == TERN_OK) {
        *ret_found = found;
    }
    return status;
}

/* ---- Writing ---- */

tern_status trn_row_is_there(struct trn_store *store,
                             const struct trn_table *table,
                             const tern_id *id,
                             bool *ret_has,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = statement_of(store, table, TRN_TABLE_HAS, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, id);
    status = trn_store_step(store, stmt, table->name, ret_has, error);
    if (status == TERN_OK && *ret_has) {
        (void)sqlite3_reset(stmt);
    }
    return status;
}

/* From parameter `first` on. `room` holds the version as it is bound. */
static void bind_row(sqlite3_stmt *stmt,
                     int first,
                     const struct trn_table *table,
                     const struct trn_row *row,
                     uint8_t room[TRN_VERSION_BLOB_MAX])
{
    tern_value version = {0};
    int columns = (int)table->column_count;

    trn_version_encode(&row->version, table->unit_count, room, &version);
    trn_bind_id(stmt, first, &row->id);
    for (int i = 0; i < columns; i++) {
        trn_bind_value(stmt, first + 1 + i, &row->values[i]);
    }
    (void)sqlite3_bind_int64(stmt, first + columns + 1, row->updated_at_us);
    if (row->deleted_at_us != 0) {
        (void)sqlite3_bind_int64(stmt, first + columns + 2, row->deleted_at_us);
    } else {
        (void)sqlite3_bind_null(stmt, first + columns + 2);
    }
    trn_bind_value(stmt, first + columns + 3, &version);
}

tern_status trn_row_run(struct trn_store *store,
                        const struct trn_table *table,
                        enum trn_table_sql which,
                        const struct trn_row *rows,
                        tern_error *error)
{
    uint8_t room[TRN_ROWS_AT_ONCE][TRN_VERSION_BLOB_MAX];
    size_t count = which == TRN_TABLE_TAKE_MANY ? TRN_ROWS_AT_ONCE : 1;
    sqlite3_stmt *stmt = NULL;
    tern_status status = statement_of(store, table, which, &stmt, error);

    TRN_ASSERT(store->listener == NULL);
    if (status != TERN_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        bind_row(stmt, (int)(i * (table->column_count + 4)) + 1, table, &rows[i], room[i]);
    }
    return trn_store_run(store, stmt, table->name, error);
}

/* A statement compiled for these units, in the place of another where there is no room. */
static tern_status take_of(struct trn_store *store,
                           const struct trn_table *table,
                           uint16_t units,
                           sqlite3_stmt **ret_stmt,
                           tern_error *error)
{
    struct trn_store_table *own = trn_store_table(store, table);
    struct trn_store_take *take = &own->takes[own->next_take];
    struct trn_bytes sql = {0};
    tern_status built;
    tern_status status;

    for (size_t i = 0; i < TRN_TAKES_KEPT; i++) {
        if (own->takes[i].stmt != NULL && own->takes[i].units == units) {
            take = &own->takes[i];
        }
    }
    if (take->stmt != NULL && take->units == units && !trn_store_has_checks_again(take->stmt)) {
        *ret_stmt = take->stmt;
        return TERN_OK;
    }
    trn_store_finalize(&take->stmt);
    built = build_update_of(&sql, table, units);
    status = trn_store_compile_unchecked(store, &sql, built, &take->stmt, error);
    if (status == TERN_OK) {
        take->units = units;
        own->next_take = (own->next_take + 1) % TRN_TAKES_KEPT;
        *ret_stmt = take->stmt;
    }
    return status;
}

tern_status trn_store_row_take_units(struct trn_store *store,
                                     const struct trn_table *table,
                                     const struct trn_row *row,
                                     uint16_t units,
                                     tern_error *error)
{
    uint8_t room[TRN_VERSION_BLOB_MAX];
    sqlite3_stmt *stmt = NULL;
    tern_status status = take_of(store, table, units, &stmt, error);

    TRN_ASSERT(store->listener == NULL);
    if (status != TERN_OK) {
        return status;
    }
    bind_row(stmt, 1, table, row, room);
    return trn_store_run(store, stmt, table->name, error);
}

/* Not an upsert: for one that sets foreign keys SQLite copies every page it touches aside, row by
 * row, which takes longer than writing them. */
tern_status trn_store_row_write(struct trn_store *store,
                                const struct trn_table *table,
                                const struct trn_row *row,
                                tern_error *error)
{
    bool has = false;
    tern_status status = trn_row_is_there(store, table, &row->id, &has, error);

    return status == TERN_OK
               ? trn_row_run(store, table, has ? TRN_TABLE_UPDATE : TRN_TABLE_INSERT, row, error)
               : status;
}

tern_status trn_store_scrub(struct trn_store *store, tern_error *error)
{
    return trn_store_exec(store,
                          TRN_MUTANT(ERASED_UNSCRUBBED) ? "PRAGMA secure_delete = OFF"
                                                        : "PRAGMA secure_delete = ON",
                          "erasure",
                          error);
}

tern_status trn_store_row_erase(struct trn_store *store,
                                const struct trn_table *table,
                                const tern_id *id,
                                tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = statement_of(store, table, TRN_TABLE_ERASE, &stmt, error);

    TRN_ASSERT(store->listener == NULL);
    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, id);
    return trn_store_run(store, stmt, table->name, error);
}

/* ---- Unique keys ---- */

static tern_status
build_unique(struct trn_bytes *sql, const struct trn_table *table, const struct trn_unique *unique)
{
    tern_status status = trn_bytes_append_text(sql, "SELECT id FROM main.");

    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, " WHERE deleted_at IS NULL AND id <> ?1");
    }
    for (size_t i = 0; i < unique->column_count && status == TERN_OK; i++) {
        status = trn_bytes_append_text(sql, " AND ");
        if (status == TERN_OK) {
            status = trn_sql_name(sql, table->columns[unique->columns[i]].name);
        }
        if (status == TERN_OK) {
            status = trn_bytes_append_format(sql, " = ?%zu", i + 2);
        }
    }
    return status;
}

static tern_status unique_statement(struct trn_store *store,
                                    const struct trn_table *table,
                                    size_t which,
                                    sqlite3_stmt **ret_stmt,
                                    tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->uniques[which];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*stmt == NULL) {
        tern_status built = build_unique(&sql, table, &table->uniques[which]);

        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status == TERN_OK) {
        *ret_stmt = *stmt;
    }
    return status;
}

/* A key with a null in it is held by nobody. */
static tern_status find_holder(struct trn_store *store,
                               const struct trn_table *table,
                               size_t which,
                               const struct trn_row *row,
                               bool *ret_found,
                               tern_id *ret_holder,
                               tern_error *error)
{
    const struct trn_unique *unique = &table->uniques[which];
    sqlite3_stmt *stmt = NULL;
    tern_status status;

    *ret_found = false;
    for (size_t i = 0; i < unique->column_count; i++) {
        if (row->values[unique->columns[i]].kind == TERN_NULL) {
            return TERN_OK;
        }
    }
    status = unique_statement(store, table, which, &stmt, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, &row->id);
    for (size_t i = 0; i < unique->column_count; i++) {
        trn_bind_value(stmt, (int)i + 2, &row->values[unique->columns[i]]);
    }
    status = trn_store_step(store, stmt, table->name, ret_found, error);
    if (status == TERN_OK && *ret_found) {
        trn_column_id(stmt, 0, ret_holder);
        (void)sqlite3_reset(stmt);
    }
    return status;
}

tern_status trn_store_row_visit_holders(struct trn_store *store,
                                        const struct trn_table *table,
                                        const struct trn_row *row,
                                        tern_status (*visit)(void *context,
                                                             const tern_id *id,
                                                             tern_error *error),
                                        void *context,
                                        tern_error *error)
{
    tern_status status = TERN_OK;

    if (row->deleted_at_us != 0) {
        return TERN_OK;
    }
    for (size_t i = 0; i < table->unique_count && status == TERN_OK; i++) {
        tern_id holder = {{0}};
        bool found = false;

        status = find_holder(store, table, i, row, &found, &holder, error);
        if (status == TERN_OK && found) {
            status = visit(context, &holder, error);
        }
    }
    return status;
}
