/* What the file says of windows, and the rows that one leaves behind. */
#include "store/store.h"

#include <string.h>

#include "store/cell.h"
#include "store/compile.h"
#include "store/sql.h"

static const char place_name[] = "tern_window";

tern_status trn_window_read(struct trn_store *store,
                            const struct trn_table *table,
                            bool *ret_found,
                            struct trn_window_state *ret_state,
                            tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_WINDOW, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int(stmt, 1, table->index);
    status = trn_store_step(store, stmt, place_name, &found, error);
    if (status != TERN_OK) {
        return status;
    }
    *ret_found = found;
    if (found) {
        ret_state->column = (uint16_t)sqlite3_column_int(stmt, 0);
        ret_state->days = (uint32_t)sqlite3_column_int64(stmt, 1);
        ret_state->floor_us = sqlite3_column_int64(stmt, 2);
        ret_state->reach_us = sqlite3_column_int64(stmt, 3);
        (void)sqlite3_reset(stmt);
    }
    return TERN_OK;
}

tern_status trn_window_write(struct trn_store *store,
                             const struct trn_table *table,
                             const struct trn_window_state *state,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_WINDOW_SET, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int(stmt, 1, table->index);
    (void)sqlite3_bind_int(stmt, 2, state->column);
    (void)sqlite3_bind_int64(stmt, 3, state->days);
    (void)sqlite3_bind_int64(stmt, 4, state->floor_us);
    (void)sqlite3_bind_int64(stmt, 5, state->reach_us);
    return trn_store_run(store, stmt, place_name, error);
}

tern_status
trn_window_drop(struct trn_store *store, const struct trn_table *table, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_WINDOW_DROP, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int(stmt, 1, table->index);
    return trn_store_run(store, stmt, place_name, error);
}

tern_status trn_window_count(struct trn_store *store, uint64_t *ret_count, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_WINDOW_COUNT, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, place_name, &found, error);
    }
    if (status == TERN_OK) {
        *ret_count = found ? trn_column_uint64(stmt, 0) : 0;
        (void)sqlite3_reset(stmt);
    }
    return status;
}

/* ---- Rows that left ---- */

static tern_status build_before(struct trn_bytes *sql, const struct trn_table *table)
{
    struct trn_bytes column = {0};
    tern_status status = trn_sql_name(&column, table->columns[table->window_column].name);

    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql,
                                         "SELECT rowid, id, %s FROM main.",
                                         trn_bytes_text(&column));
    }
    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(sql,
                                         " WHERE %s < ?1 AND (%s, rowid) > (?2, ?3) "
                                         "ORDER BY %s, rowid LIMIT ?4",
                                         trn_bytes_text(&column),
                                         trn_bytes_text(&column),
                                         trn_bytes_text(&column));
    }
    trn_bytes_free(&column);
    return status;
}

static tern_status before_statement(struct trn_store *store,
                                    const struct trn_table *table,
                                    sqlite3_stmt **ret_stmt,
                                    tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->statements[TRN_TABLE_BEFORE];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*stmt == NULL) {
        tern_status built = build_before(&sql, table);

        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status == TERN_OK) {
        *ret_stmt = *stmt;
    }
    return status;
}

static void move_place(sqlite3_stmt *stmt, struct trn_window_place *place)
{
    tern_value value = trn_column_value(stmt, 2);

    place->rowid = sqlite3_column_int64(stmt, 0);
    place->time_us = value.integer;
    if (value.kind == TERN_TEXT && value.size < sizeof(place->date)) {
        memcpy(place->date, value.data, value.size);
        place->date[value.size] = '\0';
    }
}

tern_status trn_store_rows_before(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_value *bound,
                                  struct trn_window_place *place,
                                  tern_id *ret_ids,
                                  size_t room,
                                  size_t *ret_count,
                                  tern_error *error)
{
    struct trn_window_place next = *place;
    sqlite3_stmt *stmt = NULL;
    size_t count = 0;
    bool found = true;
    tern_status status = before_statement(store, table, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_value(stmt, 1, bound);
    if (bound->kind == TERN_TEXT) {
        trn_bind_text(stmt, 2, place->date);
    } else {
        (void)sqlite3_bind_int64(stmt, 2, place->time_us);
    }
    (void)sqlite3_bind_int64(stmt, 3, place->rowid);
    (void)sqlite3_bind_int64(stmt, 4, (int64_t)room);
    while (status == TERN_OK && found) {
        status = trn_store_step(store, stmt, table->name, &found, error);
        if (status == TERN_OK && found) {
            trn_column_id(stmt, 1, &ret_ids[count++]);
            move_place(stmt, &next);
        }
    }
    if (status == TERN_OK) {
        *place = next;
        *ret_count = count;
    }
    return status;
}

/* ---- Who references a row ---- */

static tern_status append_reference(struct trn_bytes *sql,
                                    const struct trn_table *from,
                                    const struct trn_column *column,
                                    bool is_first)
{
    tern_status status = trn_bytes_append_text(sql, is_first ? "SELECT " : " OR ");

    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, "EXISTS(SELECT 1 FROM main.");
    }
    if (status == TERN_OK) {
        status = trn_sql_name(sql, from->name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, " WHERE ");
    }
    if (status == TERN_OK) {
        status = trn_sql_name(sql, column->name);
    }
    if (status != TERN_OK) {
        return status;
    }
    /* A row that references itself holds nothing. */
    return trn_bytes_append_text(sql,
                                 column->target == from->index ? " = ?1 AND id <> ?1)" : " = ?1)");
}

/* Stays empty where no column references the table. */
static tern_status build_referenced(struct trn_bytes *sql,
                                    const struct trn_schema *schema,
                                    const struct trn_table *table)
{
    tern_status status = TERN_OK;

    for (size_t t = 0; t < schema->table_count; t++) {
        const struct trn_table *from = &schema->tables[t];

        for (size_t c = 0; c < from->column_count && status == TERN_OK; c++) {
            const struct trn_column *column = &from->columns[c];

            if (column->target == table->index && !column->may_leave) {
                status = append_reference(sql, from, column, sql->size == 0);
            }
        }
    }
    return status;
}

tern_status trn_store_row_is_referenced(struct trn_store *store,
                                        const struct trn_table *table,
                                        const tern_id *id,
                                        bool *ret_referenced,
                                        tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->statements[TRN_TABLE_REFERENCED];
    struct trn_bytes sql = {0};
    bool found = false;
    tern_status status = TERN_OK;

    if (*stmt == NULL) {
        tern_status built = build_referenced(&sql, store->schema, table);

        if (built == TERN_OK && sql.size == 0) {
            *ret_referenced = false;
            return TERN_OK;
        }
        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(*stmt, 1, id);
    status = trn_store_step(store, *stmt, table->name, &found, error);
    if (status == TERN_OK && found) {
        *ret_referenced = sqlite3_column_int(*stmt, 0) != 0;
        (void)sqlite3_reset(*stmt);
    }
    return status;
}
