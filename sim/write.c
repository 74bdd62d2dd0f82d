/*
 * The app of a device: it writes rows of any schema, by dice or as an event says, through the
 * public interface alone. A refusal that the interface may give is part of life; what it may not
 * give is a failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "sim/bounded.h"
#include "sim/care.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/statements.h"
#include "sim/steady.h"
#include "sim/write.h"

enum { ROOM = 120, SQL_DELETES = 4 /* in one life of so many rows are deleted by SQL */ };

/* The cells of one change and the bytes that they borrow. */
struct cells {
    tern_cell items[TRN_COLUMNS_MAX];
    char room[TRN_COLUMNS_MAX][ROOM];
    size_t count;
};

struct writer {
    struct sim_device *device;
    const struct trn_schema *schema;
    struct sim_dice dice;
    tern_tx *tx;
    uint64_t ordinal; /* committed before it */
    tern_status begun;
    const char *long_text; /* of columns that have room for it; NULL: short ones */
};

/* Whether a call may end so. */
static tern_status judge(struct sim_device *device, const char *call, tern_status status)
{
    struct sim_world *world = device->world;

    bool lost = status == TERN_ERR_MISUSE || status == TERN_ERR_SQL; /* with the transaction */

    world->ops++;
    sim_hash_number(world, status);
    if (sim_is_trouble(status) || lost
            ? !device->troubled
            : status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT) {
        sim_fail(world,
                 "status",
                 "%s: %s gave %s %s",
                 device->name,
                 call,
                 tern_status_code(status),
                 device->heard.message);
    }
    return status;
}

/* ---- Values ---- */

static bool is_key(const struct trn_table *table, uint16_t column)
{
    for (size_t i = 0; i < table->natural_key_count; i++) {
        if (table->natural_key[i] == column) {
            return true;
        }
    }
    for (size_t i = 0; i < table->unique_count; i++) {
        for (size_t j = 0; j < table->uniques[i].column_count; j++) {
            if (table->uniques[i].columns[j] == column) {
                return true;
            }
        }
    }
    return false;
}

static const char *sample(enum trn_format format, unsigned n)
{
    static const char *const zones[] = {"Asia/Phnom_Penh", "Europe/Paris", "UTC"};
    static const char *const times[] = {"07:00", "12:30", "18:00"};

    switch (format) {
    case TRN_FORMAT_EMAIL:
        return n % 2 == 0 ? "a@example.org" : "b@example.org";
    case TRN_FORMAT_USERNAME:
        return n % 2 == 0 ? "someone" : "another";
    case TRN_FORMAT_PHONE:
        return n % 2 == 0 ? "012 345 678" : "023 456 789";
    case TRN_FORMAT_URL:
        return "https://example.org/x";
    case TRN_FORMAT_TIME_OF_DAY:
        return times[n % 3];
    case TRN_FORMAT_TIME_ZONE:
        return zones[n % 3];
    case TRN_FORMAT_IP_ADDRESS:
        return "192.0.2.1";
    case TRN_FORMAT_LANGUAGE_TAG:
        return "km";
    case TRN_FORMAT_NONE:
        break;
    }
    return NULL;
}

static bool is_roomy(const struct trn_table *table, uint16_t index)
{
    const struct trn_column *column = &table->columns[index];

    return column->type == TRN_TYPE_TEXT && column->length_max == 0 && column->word_count == 0 &&
           sample(column->format, 0) == NULL && !is_key(table, index);
}

static tern_value
text_of(struct writer *writer, const struct trn_table *table, uint16_t index, char room[ROOM])
{
    const struct trn_column *column = &table->columns[index];
    unsigned n = sim_roll(&writer->dice, is_key(table, index) ? 6 : 1000000);
    const char *fixed = column->word_count > 0 && sim_chance(&writer->dice, 50)
                            ? column->words[n % column->word_count]
                            : sample(column->format, n);
    size_t size;

    if (writer->long_text != NULL && is_roomy(table, index)) {
        return tern_value_text(writer->long_text);
    }
    if (fixed == NULL && column->word_count > 0) {
        fixed = column->words[n % column->word_count];
    }
    if (fixed != NULL) {
        return tern_value_text(fixed);
    }
    (void)snprintf(room, ROOM, "w%u", n);
    size = strlen(room);
    while (size < column->length_min && size + 1 < ROOM) {
        room[size++] = 'x';
    }
    if (column->length_max > 0 && size > column->length_max) {
        size = column->length_max;
    }
    room[size] = '\0';
    return tern_value_text(room);
}

static tern_value number_of(struct writer *writer, const struct trn_table *table, uint16_t index)
{
    const struct trn_column *column = &table->columns[index];
    int64_t low = column->has_min ? (int64_t)column->min : 0;
    int64_t span = is_key(table, index) ? 7 : 900;

    if (column->has_max && (int64_t)column->max - low < span) {
        span = (int64_t)column->max - low + 1;
    }
    return tern_value_integer(low + (int64_t)sim_roll(&writer->dice, (unsigned)span));
}

static tern_value
decimal_of(struct writer *writer, const struct trn_column *column, char room[ROOM])
{
    unsigned whole = sim_roll(&writer->dice, 9) + (column->has_min ? (unsigned)column->min : 0);
    unsigned part = sim_roll(&writer->dice, 10);

    if (column->scale == 0) {
        (void)snprintf(room, ROOM, "%u", whole);
    } else {
        (void)snprintf(room, ROOM, "%u.%u%0*d", whole, part, column->scale - 1, 0);
        room[strlen(room) - (column->scale == 1 ? 1 : 0)] = '\0';
    }
    return tern_value_text(room);
}

/* A live row of the table, or a deleted one. */
static bool
pick_row(struct writer *writer, const struct trn_table *table, bool deleted, tern_id *ret_id)
{
    char sql[400];
    const char *state = deleted ? "IS NOT NULL" : "IS NULL";
    unsigned which = sim_roll(&writer->dice, 1000);
    tern_statement *statement;
    bool row = false;

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT id FROM \"%s\" WHERE deleted_at %s ORDER BY id LIMIT 1 OFFSET "
                   "(SELECT ?1 %% max(1, count(*)) FROM \"%s\" WHERE deleted_at %s)",
                   table->name,
                   state,
                   table->name,
                   state);
    statement = sim_statement_of(writer->device, sql);
    if (statement == NULL) {
        return false;
    }
    if (tern_statement_bind(statement, 1, tern_value_integer(which), NULL) == TERN_OK &&
        tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        memcpy(ret_id->bytes, tern_statement_value(statement, 0).data, sizeof ret_id->bytes);
    }
    tern_statement_reset(statement);
    return row;
}

static bool reference_of(struct writer *writer,
                         const struct trn_column *column,
                         char room[ROOM],
                         tern_value *ret_value)
{
    struct sim_world *world = writer->device->world;
    tern_id id = world->users[writer->device->user].id;

    if (column->target == TRN_NO_TABLE) {
        sim_dice_fill(&writer->dice, id.bytes, sizeof id.bytes);
    } else if (column->target == writer->schema->users_table) {
        if (sim_chance(&writer->dice, 30) && writer->long_text == NULL) {
            id = world->users[sim_roll(&writer->dice, (unsigned)world->user_count)].id;
        }
    } else if (!pick_row(writer, &writer->schema->tables[column->target], false, &id)) {
        return false;
    }
    memcpy(room, id.bytes, sizeof id.bytes);
    *ret_value = tern_value_blob(room, sizeof id.bytes);
    return true;
}

/* A day of the last weeks. */
static void date_of(struct writer *writer, char room[ROOM])
{
    time_t then = (time_t)(writer->device->world->now_us / SIM_SECOND_US) -
                  (time_t)sim_roll(&writer->dice, 30) * 86400;
    struct tm day;

    if (gmtime_r(&then, &day) == NULL || strftime(room, ROOM, "%Y-%m-%d", &day) == 0) {
        abort();
    }
}

static bool value_of(struct writer *writer,
                     const struct trn_table *table,
                     uint16_t index,
                     char room[ROOM],
                     tern_value *ret_value)
{
    const struct trn_column *column = &table->columns[index];
    unsigned n;

    if (column->nullable && sim_chance(&writer->dice, 15)) {
        *ret_value = tern_value_null();
        return true;
    }
    switch (column->type) {
    case TRN_TYPE_UUID:
        return reference_of(writer, column, room, ret_value);
    case TRN_TYPE_TEXT:
        *ret_value = text_of(writer, table, index, room);
        return true;
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
        *ret_value = number_of(writer, table, index);
        return true;
    case TRN_TYPE_REAL:
        *ret_value = tern_value_real((column->has_min ? column->min : 0) +
                                     (double)sim_roll(&writer->dice, 4) / 4);
        return true;
    case TRN_TYPE_DECIMAL:
        *ret_value = decimal_of(writer, column, room);
        return true;
    case TRN_TYPE_BOOL:
        *ret_value = tern_value_integer((int64_t)sim_roll(&writer->dice, 2));
        return true;
    case TRN_TYPE_DATE:
        date_of(writer, room);
        *ret_value = tern_value_text(room);
        return true;
    case TRN_TYPE_TIMESTAMPTZ:
        *ret_value = tern_value_integer(writer->device->world->now_us -
                                        (int64_t)sim_roll(&writer->dice, 86400) * SIM_SECOND_US *
                                            (sim_chance(&writer->dice, 15) ? 120 : 1));
        return true;
    case TRN_TYPE_ENUM:
        n = sim_roll(&writer->dice, (unsigned)column->enumeration->value_count);
        *ret_value = tern_value_text(column->enumeration->values[n]);
        return true;
    case TRN_TYPE_JSON:
        (void)snprintf(room, ROOM, "{\"n\":%u}", sim_roll(&writer->dice, 1000));
        *ret_value = tern_value_text(room);
        return true;
    case TRN_TYPE_BYTES:
        n = column->length_min > 0 ? column->length_min : 1;
        sim_dice_fill(&writer->dice, room, n < ROOM ? n : ROOM);
        *ret_value = tern_value_blob(room, n < ROOM ? n : ROOM);
        return true;
    }
    return false;
}

static bool
add_cell(struct writer *writer, struct cells *cells, const struct trn_table *table, uint16_t column)
{
    tern_value value;

    if (!value_of(writer, table, column, cells->room[cells->count], &value)) {
        return table->columns[column].nullable;
    }
    cells->items[cells->count++] = (tern_cell){table->columns[column].name, value};
    return true;
}

/* ---- Changes by dice ---- */

static void insert_row(struct writer *writer, const struct trn_table *table)
{
    struct cells cells;

    cells.count = 0;
    for (uint16_t i = 1; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        bool may_omit = column->nullable || column->has_default;
        unsigned percent = writer->long_text == NULL ? 50 : is_roomy(table, i) ? 0 : 100;

        if (may_omit && !is_key(table, i) && sim_chance(&writer->dice, percent)) {
            continue;
        }
        if (!add_cell(writer, &cells, table, i)) {
            return;
        }
    }
    (void)judge(writer->device,
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
static void changed_cells(struct writer *writer, const struct trn_table *table, struct cells *cells)
{
    size_t unit =
        table->unit_count > 1 ? 1 + sim_roll(&writer->dice, (unsigned)table->unit_count - 1) : 0;

    cells->count = 0;
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        if (!table->columns[column].immutable &&
            (cells->count == 0 || sim_chance(&writer->dice, 60))) {
            (void)add_cell(writer, cells, table, column);
        }
    }
}

static tern_status update_by_sql(struct writer *writer,
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

static void update_row(struct writer *writer, const struct trn_table *table, bool undo)
{
    struct cells cells;
    tern_id id;
    tern_status status;
    int who = writer->device->index;

    if (!pick_row(writer, table, false, &id)) {
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
    (void)judge(writer->device, "update", status);
}

static tern_status
delete_by_sql(struct writer *writer, const struct trn_table *table, const tern_id *id)
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
delete_it(struct writer *writer, const struct trn_table *table, const tern_id *id, bool back)
{
    int who = writer->device->index;

    if (back) {
        return SIM_CALL(who, tern_row_undelete(writer->tx, table->name, id, NULL));
    }
    return writer->device->world->seed % SQL_DELETES == 0
               ? delete_by_sql(writer, table, id)
               : SIM_CALL(who, tern_row_delete(writer->tx, table->name, id, NULL));
}

static void delete_row(struct writer *writer, const struct trn_table *table, bool back)
{
    tern_id id;

    if (table->index == writer->schema->users_table || !pick_row(writer, table, back, &id)) {
        return;
    }
    (void)judge(writer->device, back ? "undelete" : "delete", delete_it(writer, table, &id, back));
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

static const struct trn_table *pick_table(struct writer *writer)
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

static void change_something(struct writer *writer)
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

/* ---- Transactions ---- */

static bool begin(struct writer *writer, struct sim_device *device, uint64_t seed, bool inferred)
{
    tern_tx_options options = {.size = sizeof options, .inferred = inferred};
    tern_id top;

    *writer = (struct writer){.device = device,
                              .schema = sim_device_schema(device),
                              .dice = sim_dice_make(seed),
                              .begun = TERN_ERR_IO};
    if (device->replica == NULL) {
        return false;
    }
    (void)sim_device_top(device, &writer->ordinal, &top);
    writer->begun =
        judge(device,
              "begin",
              SIM_CALL(device->index, tern_tx_begin(device->replica, &options, &writer->tx, NULL)));
    return writer->begun == TERN_OK;
}

static tern_status commit(struct writer *writer)
{
    struct sim_device *device = writer->device;
    tern_status status =
        judge(device,
              "commit",
              SIM_CALL(device->index, tern_tx_commit(writer->tx, NULL, &device->heard)));
    uint64_t ordinal = 0;
    tern_id tx;

    if (status == TERN_OK && sim_device_top(device, &ordinal, &tx) && ordinal > writer->ordinal) {
        device->last_ordinal = ordinal;
        sim_ledger_add(device, &tx);
        sim_steady_stamp(device);
        sim_bounded_log(device->world, device->index);
    }
    return status;
}

void sim_write_anything(struct sim_device *device, uint64_t seed, unsigned changes, bool inferred)
{
    struct writer writer;

    if (device->world->care && device->power != TRN_POWER_USER) {
        sim_care_anything(device, seed); /* a job does nothing else */
    } else if (begin(&writer, device, seed, inferred)) {
        while (changes-- > 0) {
            change_something(&writer);
        }
        (void)commit(&writer);
    }
}

/* ---- Large ones ---- */

/* A table that everybody writes, with a column that has room; NULL if there is none. */
static const struct trn_table *roomy_table(const struct trn_schema *schema)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct trn_table *table = &schema->tables[i];

        for (uint16_t j = 1; j < table->column_count; j++) {
            if (is_roomy(table, j) && table->index != schema->users_table &&
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
    struct writer writer;

    if (text == NULL) {
        abort();
    }
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (char)('a' + sim_roll(&dice, 26));
    }
    text[bytes] = '\0';
    if (table != NULL && begin(&writer, device, seed, false)) {
        writer.long_text = text;
        while (rows-- > 0) {
            insert_row(&writer, table);
        }
        (void)commit(&writer);
    }
    free(text);
}

/* ---- Changes that an event names ---- */

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
                                char room[ROOM])
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
                          struct cells *cells)
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

static tern_status
insert_named(struct writer *writer, const char *table, const char *label, struct cells *cells)
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
change_named(struct writer *writer, const char *verb, const char *name, json_t *change)
{
    struct sim_world *world = writer->device->world;
    const char *label = json_string_value(json_object_get(change, "row"));
    const struct trn_table *table = trn_schema_table(writer->schema, name);
    struct cells cells;
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

static tern_status change_row(struct writer *writer, json_t *change)
{
    static const char *const verbs[] = {"insert", "update", "undo", "delete", "undelete"};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const char *table = json_string_value(json_object_get(change, verbs[i]));

        if (table != NULL) {
            return judge(writer->device, verbs[i], change_named(writer, verbs[i], table, change));
        }
    }
    sim_fail(writer->device->world, "history", "a change has no verb");
    return TERN_ERR_MISUSE;
}

tern_status sim_write_rows(struct sim_device *device, json_t *rows, bool inferred)
{
    struct writer writer;
    tern_status status = TERN_OK;
    size_t index;
    json_t *change;

    if (!begin(&writer, device, 0, inferred)) {
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
    return commit(&writer);
}

/* ---- People and grants ---- */

/* Fills in what a row must have and an event does not say. */
static bool add_needed(struct writer *writer, const struct trn_table *table, struct cells *cells)
{
    for (uint16_t i = 1; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        bool given = column->nullable || column->has_default;

        for (size_t j = 0; j < cells->count; j++) {
            given = given || strcmp(cells->items[j].column, column->name) == 0;
        }
        if (!given && !add_cell(writer, cells, table, i)) {
            return false;
        }
    }
    return true;
}

static void put(struct cells *cells, const char *column, tern_value value)
{
    cells->items[cells->count++] = (tern_cell){column, value};
}

void sim_write_user(struct sim_device *device)
{
    const struct sim_user *user = &device->world->users[device->user];
    struct writer writer;
    struct cells cells;
    const struct trn_table *table;

    if (!begin(&writer, device, device->user + 1, false)) {
        return;
    }
    table = &writer.schema->tables[writer.schema->users_table];
    cells.count = 0;
    put(&cells, "id", tern_value_id(&user->id));
    put(&cells, table->columns[writer.schema->role_column].name, tern_value_text(user->role));
    if (add_needed(&writer, table, &cells)) {
        (void)judge(device,
                    "insert",
                    SIM_CALL(device->index,
                             tern_row_insert(writer.tx,
                                             table->name,
                                             cells.items,
                                             cells.count,
                                             NULL,
                                             &device->heard)));
    }
    (void)commit(&writer);
}

/* The values of the conditions, or for the first of them another. */
static void put_conditions(const struct trn_table *table,
                           const struct trn_grant *grant,
                           bool open,
                           struct cells *cells)
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
        put(cells, column->name, tern_value_text(value));
    }
}

static bool find_grant(struct writer *writer,
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
    struct writer writer;
    struct cells cells;
    tern_id id;
    tern_status status = TERN_OK;

    if (schema->grant_count == 0 || !begin(&writer, device, subject + 7, false)) {
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
        put(&cells, table->columns[grant->person_a].name, tern_value_id(people[0]));
        put(&cells, table->columns[grant->person_b].name, tern_value_id(people[1]));
        if (add_needed(&writer, table, &cells)) {
            status = SIM_CALL(
                device->index,
                tern_row_insert(writer.tx, table->name, cells.items, cells.count, NULL, NULL));
        }
    }
    (void)judge(device, "grant", status);
    (void)commit(&writer);
}
