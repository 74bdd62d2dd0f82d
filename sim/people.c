/* Who people are, and to whom their records are open. */
#include <stdio.h>
#include <string.h>

#include "sim/cells.h"
#include "sim/memory.h"
#include "sim/write.h"

void sim_write_user(struct sim_device *device)
{
    const struct sim_user *user = &device->world->users[device->user];
    struct sim_writer writer;
    struct sim_cells cells;
    const struct trn_table *table;

    if (!sim_writer_begin(&writer, device, device->user + 1, false)) {
        return;
    }
    table = &writer.schema->tables[writer.schema->users_table];
    cells.count = 0;
    sim_cells_put(&cells, "id", tern_value_id(&user->id));
    sim_cells_put(&cells,
                  table->columns[writer.schema->role_column].name,
                  tern_value_text(user->role));
    if (sim_cells_add_needed(&writer, table, &cells)) {
        (void)sim_writer_judge(device,
                               "insert",
                               SIM_CALL(device->index,
                                        tern_row_insert(writer.tx,
                                                        table->name,
                                                        cells.items,
                                                        cells.count,
                                                        NULL,
                                                        &device->heard)));
    }
    (void)sim_writer_commit(&writer);
}

/* The values of the conditions, or for the first of them another. */
static void put_conditions(const struct trn_table *table,
                           const struct trn_grant *grant,
                           bool open,
                           struct sim_cells *cells)
{
    for (size_t i = 0; i < grant->when_count; i++) {
        const struct trn_column *column = &table->columns[grant->when[i].column];
        const char *value = grant->when[i].value;

        for (size_t j = 0;
             !open && i == 0 && column->enumeration != NULL && j < column->enumeration->value_count;
             j++) {
            if (strcmp(column->enumeration->values[j], grant->when[i].value) != 0) {
                value = column->enumeration->values[j];
            }
        }
        sim_cells_put(cells, column->name, tern_value_text(value));
    }
}

static bool find_grant(struct sim_writer *writer,
                       const struct trn_table *table,
                       const struct trn_grant *grant,
                       const tern_id *subject,
                       const tern_id *holder,
                       tern_id *ret_id)
{
    char sql[300];
    tern_statement *statement = NULL;
    bool row = false;

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT id FROM \"%s\" WHERE \"%s\" = ?1 AND \"%s\" = ?2 AND deleted_at IS NULL",
                   table->name,
                   table->columns[grant->person_a].name,
                   table->columns[grant->person_b].name);
    if (tern_statement_prepare(writer->device->replica, sql, strlen(sql), &statement, NULL) ==
            TERN_OK &&
        tern_statement_bind(statement, 1, tern_value_id(subject), NULL) == TERN_OK &&
        tern_statement_bind(statement, 2, tern_value_id(holder), NULL) == TERN_OK &&
        tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        memcpy(ret_id->bytes, tern_statement_value(statement, 0).data, sizeof ret_id->bytes);
    }
    tern_statement_free(statement);
    return row;
}

void sim_write_grant(struct sim_device *device, size_t subject, size_t holder, bool open)
{
    const struct trn_schema *schema = sim_device_schema(device);
    const struct trn_grant *grant = schema->grants;
    const tern_id *people[2] = {&device->world->users[subject].id,
                                &device->world->users[holder].id};
    const struct trn_table *table;
    struct sim_writer writer;
    struct sim_cells cells;
    tern_id id;
    tern_status status = TERN_OK;

    if (schema->grant_count == 0 || !sim_writer_begin(&writer, device, subject + 7, false)) {
        return;
    }
    table = &schema->tables[grant->table];
    cells.count = 0;
    put_conditions(table, grant, open, &cells);
    if (find_grant(&writer, table, grant, people[0], people[1], &id)) {
        status =
            SIM_CALL(device->index,
                     tern_row_update(writer.tx, table->name, &id, cells.items, cells.count, NULL));
    } else {
        sim_cells_put(&cells, table->columns[grant->person_a].name, tern_value_id(people[0]));
        sim_cells_put(&cells, table->columns[grant->person_b].name, tern_value_id(people[1]));
        if (sim_cells_add_needed(&writer, table, &cells)) {
            status = SIM_CALL(
                device->index,
                tern_row_insert(writer.tx, table->name, cells.items, cells.count, NULL, NULL));
        }
    }
    (void)sim_writer_judge(device, "grant", status);
    (void)sim_writer_commit(&writer);
}
