#include "sim/unit.h"

#include <stdlib.h>

#include "sim/applied.h"
#include "sim/look.h"

tern_value sim_unit_cell(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return tern_value_integer(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT:
        return tern_value_real(sqlite3_column_double(stmt, column));
    case SQLITE_TEXT:
        return (tern_value){.kind = TERN_TEXT,
                            .data = sqlite3_column_text(stmt, column),
                            .size = (size_t)sqlite3_column_bytes(stmt, column)};
    case SQLITE_BLOB:
        return tern_value_blob(sqlite3_column_blob(stmt, column),
                               (size_t)sqlite3_column_bytes(stmt, column));
    default:
        return tern_value_null();
    }
}

sqlite3_stmt *sim_unit_prepare(struct sim_world *world, sqlite3 *db, const struct trn_table *table)
{
    struct trn_bytes sql = {0};
    sqlite3_stmt *stmt;
    tern_status status = trn_bytes_append_text(&sql, "SELECT tern_v, deleted_at");

    for (size_t i = 0; status == TERN_OK && i < table->column_count; i++) {
        status = trn_bytes_append_format(&sql, ", \"%s\"", table->columns[i].name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(&sql, " FROM \"%s\" WHERE id = ?1", table->name);
    }
    if (status != TERN_OK) {
        abort();
    }
    stmt = sim_look_prepare(world, db, trn_bytes_text(&sql));
    trn_bytes_free(&sql);
    return stmt;
}

bool sim_unit_read(sqlite3_stmt *stmt,
                   const struct trn_table *table,
                   const tern_id *row,
                   size_t unit,
                   struct sim_unit *ret_unit)
{
    tern_value cells[TRN_COLUMNS_MAX];
    struct trn_version version;
    tern_value cell;
    bool found = false;

    (void)sqlite3_bind_blob(stmt, 1, row->bytes, sizeof row->bytes, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        cell = sim_unit_cell(stmt, 0);
        found = trn_version_decode(&cell, table->unit_count, &version, NULL) == TERN_OK;
        for (size_t i = 0; i < table->column_count; i++) {
            cells[i] = sim_unit_cell(stmt, (int)i + 2);
        }
        ret_unit->key = version.keys[unit];
        ret_unit->rank = trn_version_rank(&version, unit);
        ret_unit->values = unit == TRN_UNIT_EXISTENCE ? sqlite3_column_type(stmt, 1) == SQLITE_NULL
                                                      : sim_applied_hash(table, unit, cells);
    }
    (void)sqlite3_reset(stmt);
    return found;
}
