/* The app of a device writes rows of any schema, by dice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/care.h"
#include "sim/cells.h"
#include "sim/memory.h"
#include "sim/write.h"

enum { SQL_DELETES = 4 /* in one life of so many rows are deleted by SQL */ };

static void insert_row(struct sim_writer *writer, const struct trn_table *table)
{
    bool is_long = writer->long_text != NULL;
    struct sim_cells cells;

    cells.count = 0;
    for (uint16_t i = 1; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        bool may_omit = column->nullable || column->has_default;
        unsigned percent = !is_long ? 50 : sim_is_roomy(table, i) ? 0 : 100;

        /* Keys have few values, so that they meet; many long rows would refuse each other. */
        if (may_omit && (is_long || !sim_is_key(table, i)) && sim_chance(&writer->dice, percent)) {
            continue;
        }
        if (!sim_cells_add(writer, &cells, table, i)) {
            return;
        }
    }
    (void)sim_writer_judge(writer->device,
                           "insert",
                           SIM_CALL(writer->device->index,
                                    tern_row_insert(writer->tx,
                                                    table->name,
                                                    cells.items,
                                                    cells.count,
                                                    NULL,
                                                    &writer->device->heard)));
}

/* The cells of one unit, or of all that can change. */
static void
changed_cells(struct sim_writer *writer, const struct trn_table *table, struct sim_cells *cells)
{
    size_t unit =
        table->unit_count > 1 ? 1 + sim_roll(&writer->dice, (unsigned)table->unit_count - 1) : 0;

    cells->count = 0;
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        if (!table->columns[column].immutable &&
            (cells->count == 0 || sim_chance(&writer->dice, 60))) {
            (void)sim_cells_add(writer, cells, table, column);
        }
    }
}

static tern_status update_by_sql(struct sim_writer *writer,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 const tern_cell *cell)
{
    char sql[300];
    tern_statement *statement = NULL;
    bool row = false;
    int who = writer->device->index;
    tern_status status;

    (void)snprintf(sql,
                   sizeof sql,
                   "UPDATE \"%s\" SET \"%s\" = ?1 WHERE id = ?2 AND deleted_at IS NULL",
                   table->name,
                   cell->column);
    status = SIM_CALL(
        who,
        tern_statement_prepare(writer->device->replica, sql, strlen(sql), &statement, NULL));
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_statement_bind(statement, 1, cell->value, NULL));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_statement_bind(statement, 2, tern_value_id(id), NULL));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_statement_step(statement, &row, &writer->device->heard));
    }
    tern_statement_free(statement);
    return status;
}

static void update_row(struct sim_writer *writer, const struct trn_table *table, bool undo)
{
    struct sim_cells cells;
    tern_id id;
    tern_status status;
    int who = writer->device->index;

    if (!sim_writer_pick(writer, table, false, &id)) {
        insert_row(writer, table);
        return;
    }
    changed_cells(writer, table, &cells);
    if (cells.count == 0) {
        return;
    }
    if (undo) {
        status = SIM_CALL(who,
                          tern_row_undo(writer->tx,
                                        table->name,
                                        &id,
                                        cells.items,
                                        cells.count,
                                        &writer->device->heard));
    } else if (sim_chance(&writer->dice, 40)) {
        status = update_by_sql(writer, table, &id, &cells.items[0]);
    } else {
        status = SIM_CALL(who,
                          tern_row_update(writer->tx,
                                          table->name,
                                          &id,
                                          cells.items,
                                          cells.count,
                                          &writer->device->heard));
    }
    (void)sim_writer_judge(writer->device, "update", status);
}

static tern_status
delete_by_sql(struct sim_writer *writer, const struct trn_table *table, const tern_id *id)
{
    char sql[200];
    tern_statement *statement = NULL;
    bool row = false;
    int who = writer->device->index;
    tern_status status;

    (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\" WHERE id = ?1", table->name);
    status = SIM_CALL(
        who,
        tern_statement_prepare(writer->device->replica, sql, strlen(sql), &statement, NULL));
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_statement_bind(statement, 1, tern_value_id(id), NULL));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_statement_step(statement, &row, &writer->device->heard));
    }
    tern_statement_free(statement);
    return status;
}

static tern_status
delete_it(struct sim_writer *writer, const struct trn_table *table, const tern_id *id, bool back)
{
    int who = writer->device->index;

    if (back) {
        return SIM_CALL(who, tern_row_undelete(writer->tx, table->name, id, NULL));
    }
    return writer->device->world->seed % SQL_DELETES == 0
               ? delete_by_sql(writer, table, id)
               : SIM_CALL(who, tern_row_delete(writer->tx, table->name, id, NULL));
}

static void delete_row(struct sim_writer *writer, const struct trn_table *table, bool back)
{
    tern_id id;

    if (table->index == writer->schema->users_table || !sim_writer_pick(writer, table, back, &id)) {
        return;
    }
    (void)sim_writer_judge(writer->device,
                           back ? "undelete" : "delete",
                           delete_it(writer, table, &id, back));
}

static bool is_granting(const struct trn_schema *schema, const struct trn_table *table)
{
    for (size_t i = 0; i < schema->grant_count; i++) {
        if (schema->grants[i].table == table->index) {
            return true;
        }
    }
    return false;
}

static const struct trn_table *pick_table(struct sim_writer *writer)
{
    for (unsigned i = 0; i < 20; i++) {
        const struct trn_table *table =
            &writer->schema
                 ->tables[sim_roll(&writer->dice, (unsigned)writer->schema->table_count - 1)];
        bool rare = table->write_rule == TRN_WRITE_SERVER ||
                    table->index == writer->schema->users_table ||
                    is_granting(writer->schema, table);

        if (writer->device->world->care && sim_care_owns(table->name)) {
            continue;
        }
        if (!rare || sim_chance(&writer->dice, 8)) {
            return table;
        }
    }
    return NULL;
}

static void change_something(struct sim_writer *writer)
{
    const struct trn_table *table = pick_table(writer);
    unsigned what = sim_roll(&writer->dice, 100);

    if (table == NULL || is_granting(writer->schema, table)) {
        return;
    }
    if (table->index == writer->schema->users_table) {
        update_row(writer, table, false);
    } else if (what < 30 || table->append_only) {
        insert_row(writer, table);
    } else if (what < 82) {
        update_row(writer, table, false);
    } else if (what < 87) {
        update_row(writer, table, true);
    } else if (what < 96) {
        delete_row(writer, table, false);
    } else {
        delete_row(writer, table, true);
    }
}

void sim_write_anything(struct sim_device *device, uint64_t seed, unsigned changes, bool inferred)
{
    struct sim_writer writer;

    if (device->world->care && device->power != TRN_POWER_USER) {
        sim_care_anything(device, seed); /* a job does nothing else */
    } else if (sim_writer_begin(&writer, device, seed, inferred)) {
        while (changes-- > 0) {
            change_something(&writer);
        }
        (void)sim_writer_commit(&writer);
    }
}

/* ---- Large ones ---- */

/* A table that everybody writes, with a column that has room; NULL if there is none. */
static const struct trn_table *roomy_table(const struct trn_schema *schema)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct trn_table *table = &schema->tables[i];

        for (uint16_t j = 1; j < table->column_count; j++) {
            if (sim_is_roomy(table, j) && table->index != schema->users_table &&
                table->write_rule == TRN_WRITE_OWNER && !is_granting(schema, table) &&
                table->natural_key_count == 0) {
                return table;
            }
        }
    }
    return NULL;
}

void sim_write_much(struct sim_device *device, uint64_t seed, unsigned rows, size_t bytes)
{
    struct sim_dice dice = sim_dice_make(seed);
    const struct trn_table *table = roomy_table(sim_device_schema(device));
    char *text = malloc(bytes + 1);
    struct sim_writer writer;

    if (text == NULL) {
        abort();
    }
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (char)('a' + sim_roll(&dice, 26));
    }
    text[bytes] = '\0';
    if (table != NULL && sim_writer_begin(&writer, device, seed, false)) {
        writer.long_text = text;
        while (rows-- > 0) {
            insert_row(&writer, table);
        }
        (void)sim_writer_commit(&writer);
    }
    free(text);
}
