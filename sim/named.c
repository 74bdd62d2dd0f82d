/* Changes that an event names, and the names of their rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "sim/cells.h"
#include "sim/memory.h"
#include "sim/write.h"

bool sim_label_find(struct sim_world *world, const char *label, tern_id *ret_id)
{
    const char *hex;
    size_t user;

    if (label != NULL && label[0] == '@') {
        user = sim_world_user(world, label + 1);
        if (user < SIM_USERS) {
            *ret_id = world->users[user].id;
        }
        return user < SIM_USERS;
    }
    if (label != NULL && label[0] == '$') {
        label++;
    }
    hex = json_string_value(json_object_get(world->rows, label != NULL ? label : ""));
    return hex != NULL && trn_hex_decode(trn_slice_text(hex), ret_id->bytes, sizeof ret_id->bytes);
}

void sim_label_keep(struct sim_world *world, const char *label, const tern_id *id)
{
    char hex[2 * sizeof id->bytes + 1];

    if (label != NULL && label[0] != '@') {
        trn_hex_encode(id->bytes, sizeof id->bytes, hex);
        (void)json_object_set_new(world->rows, label, json_string(hex));
    }
}

static tern_value value_of_json(struct sim_world *world,
                                const struct trn_column *column,
                                const json_t *json,
                                char room[SIM_CELL_ROOM])
{
    tern_id id = {{0}};
    const char *text = json_string_value(json);

    if (json_is_integer(json)) {
        return column != NULL && column->type == TRN_TYPE_REAL
                   ? tern_value_real((double)json_integer_value(json))
                   : tern_value_integer(json_integer_value(json));
    }
    if (json_is_real(json)) {
        return tern_value_real(json_real_value(json));
    }
    if (json_is_boolean(json)) {
        return tern_value_integer(json_is_true(json));
    }
    if (text == NULL) {
        return tern_value_null();
    }
    if (column == NULL || column->type != TRN_TYPE_UUID) {
        return tern_value_text(text);
    }
    if (!sim_label_find(world, text, &id)) {
        sim_fail(world, "history", "there is no row or user %s", text);
    }
    memcpy(room, id.bytes, sizeof id.bytes);
    return tern_value_blob(room, sizeof id.bytes);
}

static void cells_of_json(struct sim_world *world,
                          const struct trn_table *table,
                          json_t *values,
                          struct sim_cells *cells)
{
    const char *name;
    json_t *value;

    cells->count = 0;
    json_object_foreach(values, name, value)
    {
        uint16_t column = trn_table_column(table, name);

        if (cells->count + 1 < TRN_COLUMNS_MAX) {
            cells->items[cells->count] =
                (tern_cell){name,
                            value_of_json(world,
                                          column != TRN_NO_COLUMN ? &table->columns[column] : NULL,
                                          value,
                                          cells->room[cells->count])};
            cells->count++;
        }
    }
}

static tern_status insert_named(struct sim_writer *writer,
                                const char *table,
                                const char *label,
                                struct sim_cells *cells)
{
    struct sim_world *world = writer->device->world;
    tern_id id;
    tern_status status;

    if (label != NULL && label[0] == '@' && sim_label_find(world, label, &id)) {
        cells->items[cells->count++] = (tern_cell){"id", tern_value_id(&id)};
    }
    status = SIM_CALL(writer->device->index,
                      tern_row_insert(writer->tx,
                                      table,
                                      cells->items,
                                      cells->count,
                                      &id,
                                      &writer->device->heard));
    if (status == TERN_OK) {
        sim_label_keep(world, label, &id);
    }
    return status;
}

static tern_status
change_named(struct sim_writer *writer, const char *verb, const char *name, json_t *change)
{
    struct sim_world *world = writer->device->world;
    const char *label = json_string_value(json_object_get(change, "row"));
    const struct trn_table *table = trn_schema_table(writer->schema, name);
    struct sim_cells cells;
    tern_id id;
    int who = writer->device->index;

    if (table == NULL) {
        sim_fail(world, "history", "there is no table %s", name);
        return TERN_ERR_UNKNOWN_TABLE;
    }
    cells_of_json(world, table, json_object_get(change, "values"), &cells);
    if (strcmp(verb, "insert") == 0) {
        return insert_named(writer, name, label, &cells);
    }
    if (!sim_label_find(world, label, &id)) {
        sim_fail(world, "history", "there is no row %s", label != NULL ? label : "(unnamed)");
        return TERN_ERR_NOT_FOUND;
    }
    if (strcmp(verb, "update") == 0) {
        return SIM_CALL(who,
                        tern_row_update(writer->tx,
                                        name,
                                        &id,
                                        cells.items,
                                        cells.count,
                                        &writer->device->heard));
    }
    if (strcmp(verb, "undo") == 0) {
        return SIM_CALL(
            who,
            tern_row_undo(writer->tx, name, &id, cells.items, cells.count, &writer->device->heard));
    }
    return strcmp(verb, "delete") == 0
               ? SIM_CALL(who, tern_row_delete(writer->tx, name, &id, &writer->device->heard))
               : SIM_CALL(who, tern_row_undelete(writer->tx, name, &id, &writer->device->heard));
}

static tern_status change_row(struct sim_writer *writer, json_t *change)
{
    static const char *const verbs[] = {"insert", "update", "undo", "delete", "undelete"};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const char *table = json_string_value(json_object_get(change, verbs[i]));

        if (table != NULL) {
            return sim_writer_judge(writer->device,
                                    verbs[i],
                                    change_named(writer, verbs[i], table, change));
        }
    }
    sim_fail(writer->device->world, "history", "a change has no verb");
    return TERN_ERR_MISUSE;
}

tern_status sim_write_rows(struct sim_device *device, json_t *rows, bool inferred)
{
    struct sim_writer writer;
    tern_status status = TERN_OK;
    size_t index;
    json_t *change;

    if (!sim_writer_begin(&writer, device, 0, inferred)) {
        return writer.begun;
    }
    json_array_foreach(rows, index, change)
    {
        if (status == TERN_OK) {
            status = change_row(&writer, change);
        }
    }
    if (status != TERN_OK) {
        tern_tx_rollback(writer.tx);
        return status;
    }
    return sim_writer_commit(&writer);
}
