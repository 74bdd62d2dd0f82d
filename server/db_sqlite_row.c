/*
 * Rows of the synced tables in SQLite.
 *
 * Statements are made from the schema once a connection and read or write all synced columns, in
 * wire order, then updated_at, deleted_at and tern_v; of server-only columns those that the
 * server fills are written with a new row, the others never. Checks
 * of the schema document are made here, by the code whose verdicts the table's own CHECKs share.
 */
#include "server/db_sqlite_row.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "model/limit.h"
#include "schema/schema.h"
#include "server/db_sqlite_view.h"

#define UPDATED_AT "updated_at"
#define DELETED_AT "deleted_at"
#define TERN_V "tern_v"

/* ---- Texts ---- */

static tern_status append_names(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < table->column_count && status == TERN_OK; index++) {
        status = trn_bytes_append_format(sql, "\"%s\", ", table->columns[index].name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, UPDATED_AT ", " DELETED_AT ", " TERN_V);
    }
    return status;
}

static tern_status append_select(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_text(sql, "SELECT id, ");

    if (status == TERN_OK) {
        status = append_names(sql, table);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql, " FROM \"%s\" WHERE ", table->name);
    }
    return status;
}

static tern_status sql_read(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = append_select(sql, table);

    return status == TERN_OK ? trn_bytes_append_text(sql, "id = ?1") : status;
}

/* Behind the id, the columns and the three implied ones. */
static size_t arrival_parameter(const struct trn_table *table)
{
    return table->column_count + 5;
}

static bool has_arrival(const struct trn_table *table)
{
    for (size_t index = 0; index < table->server_column_count; index++) {
        if (table->server_columns[index].is_arrival) {
            return true;
        }
    }
    return false;
}

/* The columns that a new row's arrival is written to, or, for each, the parameter that holds it. */
static tern_status
append_arrivals(struct trn_bytes *sql, const struct trn_table *table, bool values)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < table->server_column_count && status == TERN_OK; index++) {
        const struct trn_column *column = &table->server_columns[index];

        if (column->is_arrival && values) {
            status = trn_bytes_append_format(sql, ", ?%zu", arrival_parameter(table));
        } else if (column->is_arrival) {
            status = trn_bytes_append_format(sql, ", \"%s\"", column->name);
        }
    }
    return status;
}

static tern_status sql_add(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_format(sql, "INSERT INTO \"%s\"(id, ", table->name);

    if (status == TERN_OK) {
        status = append_names(sql, table);
    }
    if (status == TERN_OK) {
        status = append_arrivals(sql, table, false);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, ") VALUES(?");
    }
    for (size_t index = 0; index < table->column_count + 3 && status == TERN_OK; index++) {
        status = trn_bytes_append_text(sql, ", ?");
    }
    if (status == TERN_OK) {
        status = append_arrivals(sql, table, true);
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, ")") : status;
}

static tern_status sql_replace(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_format(sql, "UPDATE \"%s\" SET ", table->name);
    size_t next = table->column_count + 2;

    for (size_t index = 0; index < table->column_count && status == TERN_OK; index++) {
        status =
            trn_bytes_append_format(sql, "\"%s\" = ?%zu, ", table->columns[index].name, index + 2);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql,
                                         UPDATED_AT " = ?%zu, " DELETED_AT " = ?%zu, " TERN_V
                                                    " = ?%zu WHERE id = ?1",
                                         next,
                                         next + 1,
                                         next + 2);
    }
    return status;
}

/* The conditions' values come from the schema document, not from a client; they are quoted all the
 * same. */
static tern_status append_condition(struct trn_bytes *sql,
                                    const struct trn_table *table,
                                    const struct trn_grant_condition *condition)
{
    char *quoted = sqlite3_mprintf(" AND \"%w\" = %Q",
                                   table->columns[condition->column].name,
                                   condition->value);
    tern_status status = quoted == NULL ? TERN_ERR_NOMEM : trn_bytes_append_text(sql, quoted);

    sqlite3_free(quoted);
    return status;
}

static tern_status sql_grant(struct trn_bytes *sql,
                             const struct trn_schema *schema,
                             const struct trn_grant *grant,
                             uint16_t person)
{
    const struct trn_table *table = &schema->tables[grant->table];
    tern_status status = append_select(sql, table);

    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql,
                                         "\"%s\" = ?1 AND " DELETED_AT " IS NULL",
                                         table->columns[person].name);
    }
    for (size_t index = 0;
         index < grant->when_count && status == TERN_OK && !TRN_MUTANT(PULL_UNCHECKED);
         index++) {
        status = append_condition(sql, table, &grant->when[index]);
    }
    return status;
}

static tern_status table_statement(struct trn_db_view *view,
                                   const struct trn_table *table,
                                   enum trn_table_sql which,
                                   sqlite3_stmt **ret_statement,
                                   tern_error *error)
{
    sqlite3_stmt **slot = &view->tables[table->index * TABLE_SQL_COUNT + which];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*slot == NULL) {
        status = which == TABLE_READ  ? sql_read(&sql, table)
                 : which == TABLE_ADD ? sql_add(&sql, table)
                                      : sql_replace(&sql, table);
        status = status == TERN_OK ? trn_db_sqlite_prepare(view, trn_bytes_text(&sql), slot, error)
                                   : trn_fail_nomem(error);
        trn_bytes_free(&sql);
    }
    if (status == TERN_OK) {
        *ret_statement = *slot;
    }
    return status;
}

/* ---- Reading ---- */

static void value_of(sqlite3_stmt *statement, int column, tern_value *ret_value)
{
    memset(ret_value, 0, sizeof(*ret_value));
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        ret_value->kind = TERN_INTEGER;
        ret_value->integer = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        ret_value->kind = TERN_REAL;
        ret_value->real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
        ret_value->kind = TERN_TEXT;
        ret_value->data = sqlite3_column_text(statement, column);
        ret_value->size = (size_t)sqlite3_column_bytes(statement, column);
        break;
    case SQLITE_BLOB:
        ret_value->kind = TERN_BLOB;
        ret_value->data = sqlite3_column_blob(statement, column);
        ret_value->size = (size_t)sqlite3_column_bytes(statement, column);
        break;
    default:
        ret_value->kind = TERN_NULL;
        break;
    }
}

/* The row under the statement's cursor; column 0 is the id. */
static tern_status row_of(sqlite3_stmt *statement,
                          const struct trn_table *table,
                          struct trn_row *ret_row,
                          tern_error *error)
{
    int column = 1;
    tern_value version;

    ret_row->id = trn_db_sqlite_column_id(statement, 0);
    for (size_t index = 0; index < table->column_count; index++) {
        value_of(statement, column++, &ret_row->values[index]);
    }
    ret_row->updated_at_us = sqlite3_column_int64(statement, column);
    ret_row->deleted_at_us = sqlite3_column_int64(statement, column + 1);
    value_of(statement, column + 2, &version);
    return trn_version_decode(&version, table->unit_count, &ret_row->version, error);
}

static tern_status row_read(struct trn_db_view *view,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_found,
                            struct trn_row *ret_row,
                            tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = table_statement(view, table, TABLE_READ, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_reset(statement); /* where the last read's values were borrowed until now */
    trn_db_sqlite_bind_id(statement, 1, id);
    status = trn_db_sqlite_step(view, statement, &row, "row: read", error);
    if (status == TERN_OK && row) {
        status = row_of(statement, table, ret_row, error);
    }
    if (status == TERN_OK) {
        *ret_found = row;
    }
    return status;
}

static tern_status
grant_rows(struct trn_db_view *view,
           const struct trn_grant *grant,
           const tern_id *person,
           tern_status (*visit)(void *context, const struct trn_row *row, tern_error *error),
           void *context,
           tern_error *error)
{
    const struct trn_schema *schema = view->owner->base.schema;
    const struct trn_table *table = &schema->tables[grant->table];
    size_t which = (size_t)(grant - schema->grants);
    tern_status status = TERN_OK;

    for (size_t side = 0; side < 2 && status == TERN_OK; side++) {
        sqlite3_stmt **slot = &view->grants[which * 2 + side];
        struct trn_bytes sql = {0};
        struct trn_row row;
        bool more = true;

        if (sql_grant(&sql, schema, grant, side == 0 ? grant->person_a : grant->person_b) !=
            TERN_OK) {
            status = trn_fail_nomem(error);
        } else {
            status = trn_db_sqlite_prepare(view, trn_bytes_text(&sql), slot, error);
        }
        trn_bytes_free(&sql);
        if (status != TERN_OK) {
            return status;
        }
        trn_db_sqlite_bind_id(*slot, 1, person);
        while (more && status == TERN_OK) {
            status = trn_db_sqlite_step(view, *slot, &more, "grants: read", error);
            if (status == TERN_OK && more) {
                status = row_of(*slot, table, &row, error);
            }
            if (status == TERN_OK && more) {
                status = visit(context, &row, error);
            }
        }
        sqlite3_reset(*slot);
    }
    return status;
}

/* ---- Writing ---- */

static void bind_value(sqlite3_stmt *statement, int index, const tern_value *value)
{
    switch (value->kind) {
    case TERN_INTEGER:
        sqlite3_bind_int64(statement, index, value->integer);
        break;
    case TERN_REAL:
        sqlite3_bind_double(statement, index, value->real);
        break;
    case TERN_TEXT:
        sqlite3_bind_text64(statement,
                            index,
                            value->size == 0 ? "" : value->data,
                            value->size,
                            SQLITE_STATIC,
                            SQLITE_UTF8);
        break;
    case TERN_BLOB:
        sqlite3_bind_blob64(statement,
                            index,
                            value->size == 0 ? "" : value->data,
                            value->size,
                            SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(statement, index);
        break;
    }
}

/* `room` must outlive the step: the version is borrowed. */
static void bind_row(sqlite3_stmt *statement,
                     const struct trn_table *table,
                     const struct trn_row *row,
                     uint8_t room[TRN_VERSION_BLOB_MAX])
{
    int next = 2;
    tern_value version;

    trn_db_sqlite_bind_id(statement, 1, &row->id);
    for (size_t index = 0; index < table->column_count; index++) {
        bind_value(statement, next++, &row->values[index]);
    }
    sqlite3_bind_int64(statement, next++, row->updated_at_us);
    if (row->deleted_at_us != 0) {
        sqlite3_bind_int64(statement, next++, row->deleted_at_us);
    } else {
        sqlite3_bind_null(statement, next++);
    }
    trn_version_encode(&row->version, table->unit_count, room, &version);
    bind_value(statement, next, &version);
}

/* What was broken; a message that does not say so lacked the memory for it. */
static tern_status explain(const struct trn_db_view *view, int rc, tern_error *error)
{
    tern_status status =
        trn_schema_explain(view->owner->base.schema, sqlite3_errmsg(view->sqlite), error);

    return status == TERN_ERR_CHECK && rc != SQLITE_CONSTRAINT_CHECK ? trn_fail_nomem(error)
                                                                     : status;
}

static tern_status write_row(struct trn_db *db,
                             enum trn_table_sql which,
                             const struct trn_table *table,
                             const struct trn_row *row,
                             int64_t received_us,
                             tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    uint8_t room[TRN_VERSION_BLOB_MAX];
    sqlite3_stmt *statement = NULL;
    tern_status status = table_statement(view, table, which, &statement, error);
    int rc;

    if (status != TERN_OK) {
        return status;
    }
    bind_row(statement, table, row, room);
    if (which == TABLE_ADD && has_arrival(table)) {
        sqlite3_bind_int64(statement, (int)arrival_parameter(table), received_us);
    }
    rc = sqlite3_step(statement);
    if ((rc & 0xff) == SQLITE_CONSTRAINT) {
        status = explain(view, rc, error);
    } else if (rc != SQLITE_DONE) {
        status = trn_db_sqlite_fail(view, rc, "row: write", error);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

static tern_status row_add(struct trn_db *db,
                           const struct trn_table *table,
                           const struct trn_row *row,
                           int64_t received_us,
                           tern_error *error)
{
    tern_status status = trn_schema_check_row(table, row->values, error);

    return status == TERN_OK ? write_row(db, TABLE_ADD, table, row, received_us, error) : status;
}

static tern_status row_add_made(struct trn_db *db,
                                const struct trn_table *table,
                                const struct trn_row *row,
                                int64_t received_us,
                                tern_error *error)
{
    return write_row(db, TABLE_ADD, table, row, received_us, error);
}

static tern_status row_replace(struct trn_db *db,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               tern_error *error)
{
    tern_status status = trn_schema_check_row(table, row->values, error);

    return status == TERN_OK ? write_row(db, TABLE_REPLACE, table, row, 0, error) : status;
}

/* Takes the text over. */
static tern_status find_one(struct trn_db_view *view,
                            char *sql,
                            const tern_id *id,
                            int64_t value,
                            bool *ret_found,
                            tern_id *ret_row,
                            tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status =
        sql == NULL ? trn_fail_nomem(error) : trn_db_sqlite_prepare(view, sql, &statement, error);

    if (status == TERN_OK) {
        trn_db_sqlite_bind_id(statement, 1, id);
        sqlite3_bind_int64(statement, 2, value);
        status = trn_db_sqlite_step(view, statement, &row, "row: find one", error);
    }
    if (status == TERN_OK && row) {
        *ret_row = trn_db_sqlite_column_id(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    if (status == TERN_OK) {
        *ret_found = row;
    }
    return status;
}

static tern_status row_least(struct trn_db_view *view,
                             const struct trn_db_least *by,
                             const tern_id *id,
                             bool flag,
                             bool *ret_found,
                             tern_id *ret_row,
                             tern_error *error)
{
    const struct trn_column *columns = by->table->columns;
    char *sql = sqlite3_mprintf("SELECT id FROM \"%w\" WHERE \"%w\" = ?1 AND \"%w\" = ?2 AND "
                                "deleted_at IS NULL ORDER BY \"%w\" LIMIT 1",
                                by->table->name,
                                columns[by->naming].name,
                                columns[by->flag].name,
                                columns[by->least].name);

    return find_one(view, sql, id, flag ? 1 : 0, ret_found, ret_row, error);
}

static tern_status row_beside(struct trn_db_view *view,
                              const struct trn_db_least *by,
                              const tern_id *id,
                              int64_t value,
                              bool is_greater,
                              bool *ret_found,
                              tern_id *ret_row,
                              tern_error *error)
{
    const struct trn_column *columns = by->table->columns;
    const char *order = is_greater ? "ASC" : "DESC";
    char *sql = sqlite3_mprintf("SELECT id FROM \"%w\" WHERE \"%w\" = ?1 AND \"%w\" %s ?2 AND "
                                "deleted_at IS NULL ORDER BY \"%w\" %s, \"%w\" %s LIMIT 1",
                                by->table->name,
                                columns[by->naming].name,
                                columns[by->least].name,
                                is_greater ? ">" : "<=",
                                columns[by->least].name,
                                order,
                                columns[by->flag].name,
                                order);

    return find_one(view, sql, id, value, ret_found, ret_row, error);
}

void trn_db_sqlite_enter_rows(struct trn_db_ops *ops)
{
    ops->row_read = row_read;
    ops->row_add = row_add;
    ops->row_add_made = row_add_made;
    ops->row_replace = row_replace;
    ops->grant_rows = grant_rows;
    ops->row_least = row_least;
    ops->row_beside = row_beside;
}
