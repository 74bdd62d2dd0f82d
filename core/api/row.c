/*
 * Typed row calls.
 *
 * What a call can refuse it refuses before it writes, so that a failed one leaves the transaction
 * as it was; the write itself is a statement of the app's connection, captured like any other.
 */
#include "api/internal.h"

#include <string.h>

#include "base/memory.h"
#include "schema/schema.h"

/* ---- Statements ---- */

static void free_all(struct trn_statement **statements, size_t count)
{
    for (size_t i = 0; statements != NULL && i < count; i++) {
        trn_statement_free(statements[i]);
    }
    trn_free(statements);
}

void trn_row_statements_free(tern_replica *replica)
{
    struct trn_row_statements *rows = &replica->rows;
    size_t count = replica->schema != NULL ? replica->schema->table_count : 0;

    free_all(rows->inserts, count);
    free_all(rows->deletes, count);
    free_all(rows->undeletes, count);
    for (size_t i = 0; i < TRN_UPDATES_KEPT; i++) {
        trn_statement_free(rows->updates[i].statement);
    }
    *rows = (struct trn_row_statements){0};
}

/* Appends "name". Names of a schema document hold no quotes. */
static tern_status
append_name(struct trn_bytes *sql, const char *before, const char *name, const char *after)
{
    return trn_bytes_append_format(sql, "%s\"%s\"%s", before, name, after);
}

static tern_status build_insert(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = append_name(sql, "INSERT INTO main.", table->name, "(id");

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = append_name(sql, ", ", table->columns[i].name, "");
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, ") VALUES(?");
    }
    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        status = trn_bytes_append_text(sql, ", ?");
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, ")") : status;
}

/* What a DELETE becomes by a trigger; that takes longer, once it is made all has to be compiled
 * anew. */
static tern_status build_delete(struct trn_bytes *sql, const struct trn_table *table)
{
    return append_name(sql,
                       "UPDATE main.",
                       table->name,
                       " SET deleted_at = tern_stamp() WHERE id = ?1 AND deleted_at IS NULL");
}

static tern_status build_undelete(struct trn_bytes *sql, const struct trn_table *table)
{
    return append_name(sql, "UPDATE main.", table->name, " SET deleted_at = NULL WHERE id = ?1");
}

static tern_status
build_update(struct trn_bytes *sql, const struct trn_table *table, uint64_t columns)
{
    const char *separator = " SET ";
    int parameter = 2;
    tern_status status = append_name(sql, "UPDATE main.", table->name, "");

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        if ((columns >> i & 1) != 0) {
            status = append_name(sql, separator, table->columns[i].name, "");
            if (status == TERN_OK) {
                status = trn_bytes_append_format(sql, " = ?%d", parameter++);
            }
            separator = ", ";
        }
    }
    return status == TERN_OK ? trn_bytes_append_text(sql, " WHERE id = ?1") : status;
}

static tern_status compile(tern_replica *replica,
                           struct trn_bytes *sql,
                           tern_status built,
                           struct trn_statement **ret_statement,
                           tern_error *error)
{
    tern_status status = built == TERN_OK ? trn_statement_prepare_unchecked(replica->store,
                                                                            trn_bytes_slice(sql),
                                                                            ret_statement,
                                                                            error)
                                          : trn_fail_nomem(error);

    trn_bytes_free(sql);
    return status;
}

/* The table's statement of a list made at first use. */
static tern_status statement_of(tern_replica *replica,
                                struct trn_statement ***list,
                                const struct trn_table *table,
                                tern_status (*build)(struct trn_bytes *sql,
                                                     const struct trn_table *table),
                                struct trn_statement **ret_statement,
                                tern_error *error)
{
    struct trn_statement **place;
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    if (*list == NULL) {
        *list = trn_calloc(replica->schema->table_count, sizeof(void *));
        if (*list == NULL) {
            return trn_fail_nomem(error);
        }
    }
    place = &(*list)[table->index];
    if (*place != NULL && trn_statement_has_needless_checks(*place)) {
        trn_statement_free(*place);
        *place = NULL;
    }
    if (*place == NULL) {
        tern_status built = build(&sql, table);

        status = compile(replica, &sql, built, place, error);
    }
    if (status == TERN_OK) {
        *ret_statement = *place;
    }
    return status;
}

static tern_status update_statement(tern_replica *replica,
                                    const struct trn_table *table,
                                    uint64_t columns,
                                    struct trn_statement **ret_statement,
                                    tern_error *error)
{
    struct trn_row_statements *rows = &replica->rows;
    struct trn_kept_update made = {.table = table, .columns = columns};
    struct trn_bytes sql = {0};
    tern_status status;

    for (size_t i = 0; i < TRN_UPDATES_KEPT; i++) {
        if (rows->updates[i].table == table && rows->updates[i].columns == columns) {
            *ret_statement = rows->updates[i].statement;
            return TERN_OK;
        }
    }
    status = build_update(&sql, table, columns);
    status = compile(replica, &sql, status, &made.statement, error);
    if (status == TERN_OK) {
        trn_statement_free(rows->updates[rows->next_update].statement);
        rows->updates[rows->next_update] = made;
        rows->next_update = (rows->next_update + 1) % TRN_UPDATES_KEPT;
        *ret_statement = made.statement;
    }
    return status;
}

static tern_status run(struct trn_statement *statement, tern_error *error)
{
    bool row = false;

    return trn_statement_step(statement, &row, error);
}

/* ---- Arguments ---- */

struct call {
    tern_replica *replica;
    const struct trn_table *table;
    struct trn_row row; /* as it is to be */
    uint64_t named;     /* columns that the cells name */
    const tern_value *id;
};

static tern_status begin_call(tern_tx *tx, const char *table, struct call *call, tern_error *error)
{
    tern_status status = trn_tx_table(tx, table, &call->table, error);

    if (status == TERN_OK) {
        call->replica = tx->replica;
    }
    return status;
}

/* As SQLite does where the column is declared REAL. */
static tern_value converted(const struct trn_column *column, tern_value value)
{
    if (column->type == TRN_TYPE_REAL && value.kind == TERN_INTEGER) {
        value = tern_value_real((double)value.integer);
    }
    return value;
}

static tern_status
take_cells(struct call *call, const tern_cell *cells, size_t count, tern_error *error)
{
    if (cells == NULL && count != 0) {
        return trn_fail(error, TERN_ERR_MISUSE, "the cells are missing");
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = cells[i].column != NULL ? cells[i].column : "";
        uint16_t column = trn_table_column(call->table, name);

        if (column == TRN_NO_COLUMN && strcmp(name, "id") == 0) {
            call->id = &cells[i].value;
            continue;
        }
        if (column == TRN_NO_COLUMN) {
            return trn_fail(error,
                            TERN_ERR_UNKNOWN_COLUMN,
                            "%s has no column %s",
                            call->table->name,
                            name);
        }
        call->row.values[column] = converted(&call->table->columns[column], cells[i].value);
        call->named |= UINT64_C(1) << column;
    }
    return TERN_OK;
}

/* ---- Insert ---- */

static void set_defaults(struct call *call)
{
    const struct trn_table *table = call->table;

    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];

        call->row.values[i] = column->has_default ? column->default_value : tern_value_null();
    }
}

static tern_status take_id(struct call *call, tern_error *error)
{
    tern_id *id = &call->row.id;

    if (call->id == NULL || call->id->kind == TERN_NULL) {
        return trn_ports_mint(call->replica, call->table->mint_v4, id) == TERN_OK
                   ? TERN_OK
                   : trn_fail(error, TERN_ERR_INTERNAL, "the platform gave no random bytes");
    }
    return trn_value_id(call->id, id)
               ? TERN_OK
               : trn_fail(error, TERN_ERR_TYPE, "%s.id takes an id of 16 bytes", call->table->name);
}

static tern_status find_id(struct call *call, tern_error *error)
{
    bool derived = false;
    tern_id id;
    tern_status status = TERN_OK;

    if (call->table->natural_key_count != 0) {
        status = trn_natural_id(call->table, call->row.values, &derived, &id, error);
    }
    if (status != TERN_OK || !derived) {
        return status == TERN_OK ? take_id(call, error) : status;
    }
    if (call->id != NULL && call->id->kind != TERN_NULL &&
        (call->id->kind != TERN_BLOB || call->id->size != sizeof(id.bytes) ||
         memcmp(call->id->data, id.bytes, sizeof(id.bytes)) != 0)) {
        return trn_fail(error,
                        TERN_ERR_NATURAL_KEY,
                        "%s: the id is not the one that its natural key gives",
                        call->table->name);
    }
    call->row.id = id;
    return TERN_OK;
}

static tern_status run_insert(struct call *call, tern_error *error)
{
    struct trn_row_statements *rows = &call->replica->rows;
    struct trn_statement *statement = NULL;
    tern_value id = tern_value_id(&call->row.id);
    tern_status status =
        statement_of(call->replica, &rows->inserts, call->table, build_insert, &statement, error);

    if (status == TERN_OK) {
        status = trn_statement_bind_borrowed(statement, 1, &id, error);
    }
    for (size_t i = 0; i < call->table->column_count && status == TERN_OK; i++) {
        status = trn_statement_bind_borrowed(statement, (int)i + 2, &call->row.values[i], error);
    }
    return status == TERN_OK ? run(statement, error) : status;
}

/* created_at is the column 0 of every table. */
static tern_status take_created_at(struct call *call, tern_error *error)
{
    struct trn_meta meta = {0};
    tern_status status;

    if ((call->named & 1) != 0 && call->row.values[0].kind != TERN_NULL) {
        return TERN_OK;
    }
    if (call->replica->recorder.stamped) {
        call->row.values[0] = tern_value_integer(call->replica->recorder.time_us);
        return TERN_OK;
    }
    status = trn_meta_read(call->replica->store, &meta, error);
    if (status == TERN_OK) {
        struct trn_reading reading = trn_engine_reading(&call->replica->engine);

        call->row.values[0] = tern_value_integer(trn_clock_now(&meta.clock, &reading));
    }
    return status;
}

tern_status tern_row_insert(tern_tx *tx,
                            const char *table,
                            const tern_cell *cells,
                            size_t cell_count,
                            tern_id *ret_id,
                            tern_error *error)
{
    struct call call = {.named = 0};
    tern_status status;

    trn_error_clear(error);
    status = begin_call(tx, table, &call, error);
    if (status != TERN_OK) {
        return status;
    }
    set_defaults(&call);
    status = take_cells(&call, cells, cell_count, error);
    if (status == TERN_OK) {
        status = take_created_at(&call, error);
    }
    if (status == TERN_OK) {
        status = trn_schema_check_row(call.table, call.row.values, error);
    }
    if (status == TERN_OK) {
        status = find_id(&call, error);
    }
    if (status == TERN_OK) {
        status = run_insert(&call, error);
    }
    if (status == TERN_OK && ret_id != NULL) {
        *ret_id = call.row.id;
    }
    return status;
}

/* ---- Update and undo ---- */

static tern_status read_row(struct call *call, const tern_id *id, bool live, tern_error *error)
{
    bool found = false;
    tern_status status;

    if (id == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "an id is needed");
    }
    status = trn_store_row_read(call->replica->store, call->table, id, &found, &call->row, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!found || (call->row.deleted_at_us == 0) != live) {
        return trn_fail(error,
                        TERN_ERR_NOT_FOUND,
                        "%s has no such %s row",
                        call->table->name,
                        live ? "live" : "deleted");
    }
    return TERN_OK;
}

static tern_status check_changeable(const struct call *call, tern_error *error)
{
    if (call->table->append_only) {
        return trn_fail(error,
                        TERN_ERR_APPEND_ONLY,
                        "rows of %s never change once inserted",
                        call->table->name);
    }
    if (call->table->write_rule == TRN_WRITE_INSERT_ONLY) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "rows of %s may be inserted, not changed",
                        call->table->name);
    }
    return TERN_OK;
}

/* `before` holds the row as it was. */
static tern_status
check_immutable(const struct call *call, const struct trn_row *before, tern_error *error)
{
    if (call->id != NULL) {
        return trn_fail(error, TERN_ERR_IMMUTABLE, "%s: an id never changes", call->table->name);
    }
    for (size_t i = 0; i < call->table->column_count; i++) {
        if ((call->named >> i & 1) != 0 && call->table->columns[i].immutable &&
            !trn_value_equal(&call->row.values[i], &before->values[i])) {
            return trn_fail(error,
                            TERN_ERR_IMMUTABLE,
                            "%s.%s never changes",
                            call->table->name,
                            call->table->columns[i].name);
        }
    }
    return TERN_OK;
}

static tern_status run_update(struct call *call, tern_error *error)
{
    struct trn_statement *statement = NULL;
    tern_value id = tern_value_id(&call->row.id);
    int parameter = 2;
    tern_status status =
        update_statement(call->replica, call->table, call->named, &statement, error);

    if (status == TERN_OK) {
        status = trn_statement_bind_borrowed(statement, 1, &id, error);
    }
    for (size_t i = 0; i < call->table->column_count && status == TERN_OK; i++) {
        if ((call->named >> i & 1) != 0) {
            status =
                trn_statement_bind_borrowed(statement, parameter++, &call->row.values[i], error);
        }
    }
    return status == TERN_OK ? run(statement, error) : status;
}

static tern_status update_row(tern_tx *tx,
                              const char *table,
                              const tern_id *id,
                              const tern_cell *cells,
                              size_t cell_count,
                              bool undo,
                              tern_error *error)
{
    struct call call = {.named = 0};
    struct trn_row before;
    tern_status status = begin_call(tx, table, &call, error);

    if (status == TERN_OK) {
        status = read_row(&call, id, true, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    before = call.row;
    status = take_cells(&call, cells, cell_count, error);
    if (status == TERN_OK) {
        status = check_immutable(&call, &before, error);
    }
    if (status == TERN_OK) {
        status = check_changeable(&call, error);
    }
    if (status == TERN_OK) {
        status = trn_schema_check_row(call.table, call.row.values, error);
    }
    if (status != TERN_OK || call.named == 0) {
        return status;
    }
    call.replica->recorder.undo = undo;
    status = run_update(&call, error);
    call.replica->recorder.undo = false;
    return status;
}

tern_status tern_row_update(tern_tx *tx,
                            const char *table,
                            const tern_id *id,
                            const tern_cell *cells,
                            size_t cell_count,
                            tern_error *error)
{
    trn_error_clear(error);
    return update_row(tx, table, id, cells, cell_count, false, error);
}

tern_status tern_row_undo(tern_tx *tx,
                          const char *table,
                          const tern_id *id,
                          const tern_cell *cells,
                          size_t cell_count,
                          tern_error *error)
{
    trn_error_clear(error);
    return update_row(tx, table, id, cells, cell_count, true, error);
}

/* ---- Delete and undelete ---- */

static tern_status run_by_id(struct trn_statement *statement, const tern_id *id, tern_error *error)
{
    tern_value value = tern_value_id(id);
    tern_status status = trn_statement_bind_borrowed(statement, 1, &value, error);

    return status == TERN_OK ? run(statement, error) : status;
}

tern_status tern_row_delete(tern_tx *tx, const char *table, const tern_id *id, tern_error *error)
{
    struct call call = {.named = 0};
    struct trn_statement *statement = NULL;
    tern_status status;

    trn_error_clear(error);
    status = begin_call(tx, table, &call, error);
    if (status == TERN_OK) {
        status = read_row(&call, id, true, error);
    }
    if (status == TERN_OK) {
        status = check_changeable(&call, error);
    }
    if (status == TERN_OK && call.replica->recorder.inferred) {
        status = trn_fail(error,
                          TERN_ERR_OUTRANKED,
                          "%s: an inferred transaction may not delete",
                          call.table->name);
    }
    if (status == TERN_OK) {
        status = statement_of(call.replica,
                              &call.replica->rows.deletes,
                              call.table,
                              build_delete,
                              &statement,
                              error);
    }
    return status == TERN_OK ? run_by_id(statement, id, error) : status;
}

tern_status tern_row_undelete(tern_tx *tx, const char *table, const tern_id *id, tern_error *error)
{
    struct call call = {.named = 0};
    struct trn_statement *statement = NULL;
    tern_status status;

    trn_error_clear(error);
    status = begin_call(tx, table, &call, error);
    if (status == TERN_OK) {
        status = read_row(&call, id, false, error);
    }
    if (status == TERN_OK) {
        status = check_changeable(&call, error);
    }
    if (status == TERN_OK) {
        status = statement_of(call.replica,
                              &call.replica->rows.undeletes,
                              call.table,
                              build_undelete,
                              &statement,
                              error);
    }
    return status == TERN_OK ? run_by_id(statement, id, error) : status;
}
