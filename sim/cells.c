#include "sim/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/statements.h"

void sim_cells_put(struct sim_cells *cells, const char *column, tern_value value)
{
    cells->items[cells->count++] = (tern_cell){column, value};
}

bool sim_is_key(const struct trn_table *table, uint16_t column)
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

bool sim_is_roomy(const struct trn_table *table, uint16_t index)
{
    const struct trn_column *column = &table->columns[index];

    return column->type == TRN_TYPE_TEXT && column->length_max == 0 && column->word_count == 0 &&
           sample(column->format, 0) == NULL && !sim_is_key(table, index);
}

static tern_value text_of(struct sim_writer *writer,
                          const struct trn_table *table,
                          uint16_t index,
                          char room[SIM_CELL_ROOM])
{
    const struct trn_column *column = &table->columns[index];
    unsigned n = sim_roll(&writer->dice, sim_is_key(table, index) ? 6 : 1000000);
    const char *fixed = column->word_count > 0 && sim_chance(&writer->dice, 50)
                            ? column->words[n % column->word_count]
                            : sample(column->format, n);
    size_t size;

    if (writer->long_text != NULL && sim_is_roomy(table, index)) {
        return tern_value_text(writer->long_text);
    }
    if (fixed == NULL && column->word_count > 0) {
        fixed = column->words[n % column->word_count];
    }
    if (fixed != NULL) {
        return tern_value_text(fixed);
    }
    (void)snprintf(room, SIM_CELL_ROOM, "w%u", n);
    size = strlen(room);
    while (size < column->length_min && size + 1 < SIM_CELL_ROOM) {
        room[size++] = 'x';
    }
    if (column->length_max > 0 && size > column->length_max) {
        size = column->length_max;
    }
    room[size] = '\0';
    return tern_value_text(room);
}

static tern_value
number_of(struct sim_writer *writer, const struct trn_table *table, uint16_t index)
{
    const struct trn_column *column = &table->columns[index];
    int64_t low = column->has_min ? (int64_t)column->min : 0;
    int64_t span = sim_is_key(table, index) ? 7 : 900;

    if (column->has_max && (int64_t)column->max - low < span) {
        span = (int64_t)column->max - low + 1;
    }
    return tern_value_integer(low + (int64_t)sim_roll(&writer->dice, (unsigned)span));
}

static tern_value
decimal_of(struct sim_writer *writer, const struct trn_column *column, char room[SIM_CELL_ROOM])
{
    unsigned whole = sim_roll(&writer->dice, 9) + (column->has_min ? (unsigned)column->min : 0);
    unsigned part = sim_roll(&writer->dice, 10);

    if (column->scale == 0) {
        (void)snprintf(room, SIM_CELL_ROOM, "%u", whole);
    } else {
        (void)snprintf(room, SIM_CELL_ROOM, "%u.%u%0*d", whole, part, column->scale - 1, 0);
        room[strlen(room) - (column->scale == 1 ? 1 : 0)] = '\0';
    }
    return tern_value_text(room);
}

/* A live row of the table, or a deleted one. */
bool sim_writer_pick(struct sim_writer *writer,
                     const struct trn_table *table,
                     bool deleted,
                     tern_id *ret_id)
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

static bool reference_of(struct sim_writer *writer,
                         const struct trn_column *column,
                         char room[SIM_CELL_ROOM],
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
    } else if (!sim_writer_pick(writer, &writer->schema->tables[column->target], false, &id)) {
        return false;
    }
    memcpy(room, id.bytes, sizeof id.bytes);
    *ret_value = tern_value_blob(room, sizeof id.bytes);
    return true;
}

/* A day of the last weeks. */
static void date_of(struct sim_writer *writer, char room[SIM_CELL_ROOM])
{
    time_t then = (time_t)(writer->device->world->now_us / SIM_SECOND_US) -
                  (time_t)sim_roll(&writer->dice, 30) * 86400;
    struct tm day;

    if (gmtime_r(&then, &day) == NULL || strftime(room, SIM_CELL_ROOM, "%Y-%m-%d", &day) == 0) {
        abort();
    }
}

static bool value_of(struct sim_writer *writer,
                     const struct trn_table *table,
                     uint16_t index,
                     char room[SIM_CELL_ROOM],
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
        (void)snprintf(room, SIM_CELL_ROOM, "{\"n\":%u}", sim_roll(&writer->dice, 1000));
        *ret_value = tern_value_text(room);
        return true;
    case TRN_TYPE_BYTES:
        n = column->length_min > 0 ? column->length_min : 1;
        sim_dice_fill(&writer->dice, room, n < SIM_CELL_ROOM ? n : SIM_CELL_ROOM);
        *ret_value = tern_value_blob(room, n < SIM_CELL_ROOM ? n : SIM_CELL_ROOM);
        return true;
    }
    return false;
}

bool sim_cells_add(struct sim_writer *writer,
                   struct sim_cells *cells,
                   const struct trn_table *table,
                   uint16_t column)
{
    tern_value value;

    if (!value_of(writer, table, column, cells->room[cells->count], &value)) {
        return table->columns[column].nullable;
    }
    cells->items[cells->count++] = (tern_cell){table->columns[column].name, value};
    return true;
}

bool sim_cells_add_needed(struct sim_writer *writer,
                          const struct trn_table *table,
                          struct sim_cells *cells)
{
    for (uint16_t i = 1; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        bool given = column->nullable || column->has_default;

        for (size_t j = 0; j < cells->count; j++) {
            given = given || strcmp(cells->items[j].column, column->name) == 0;
        }
        if (!given && !sim_cells_add(writer, cells, table, i)) {
            return false;
        }
    }
    return true;
}
