/* Names, times, values. */
#include "tests/conformance/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"

void world_problem(struct world *world, const char *format, ...)
{
    va_list arguments;

    world->problems++;
    if (world->quiet) {
        return;
    }
    (void)fprintf(stderr, "%s: ", world->story);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

_Noreturn void world_broken(const struct world *world, const char *what, const char *which)
{
    (void)fprintf(stderr, "%s: broken story: %s %s\n", world->story, what, which);
    abort();
}

tern_id world_id(const struct world *world, const char *name)
{
    static const tern_id urls = {{0x6b,
                                  0xa7,
                                  0xb8,
                                  0x11,
                                  0x9d,
                                  0xad,
                                  0x11,
                                  0xd1,
                                  0x80,
                                  0xb4,
                                  0x00,
                                  0xc0,
                                  0x4f,
                                  0xd4,
                                  0x30,
                                  0xc8}};
    const char *listed =
        json_string_value(json_object_get(json_object_get(world->world, "ids"), name));
    char text[128];
    tern_id id;

    if (trn_id_parse(trn_slice_text(listed != NULL ? listed : name), &id)) {
        return id;
    }
    (void)snprintf(text, sizeof(text), "urn:tern:conformance:%s", name);
    if (trn_id_v5(&urls, trn_slice_text(text), &id) != TERN_OK) {
        world_broken(world, "no id for", name);
    }
    return id;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. */
static int64_t days_to(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t days = (int64_t)(year - 1970) * 365 + (year - 1969) / 4;

    days += before[month - 1] + day - 1;
    return days + (month > 2 && year % 4 == 0 ? 1 : 0);
}

int64_t world_time(const char *text)
{
    int year = 2026;
    int month = 11;
    int day = 20;
    int hour = 0;
    int minute = 0;
    int second = 0;
    const char *point = strchr(text, '.');
    int64_t fraction_us = 0;
    int64_t unit_us = 100000;

    if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) !=
            6 &&
        sscanf(text, "%2d:%2d:%2d", &hour, &minute, &second) != 3) {
        (void)fprintf(stderr, "broken story: no time: %s\n", text);
        abort();
    }
    if (strchr(text, '-') == NULL) {
        year = 2026;
    }
    for (const char *digit = point != NULL ? point + 1 : ""; *digit != '\0'; digit++) {
        fraction_us += (*digit - '0') * unit_us;
        unit_us /= 10;
    }
    return ((days_to(year, month, day) * 24 + hour) * 3600 + minute * 60 + second) * 1000000 +
           fraction_us;
}

int64_t world_time_of(const json_t *object, const char *name, int64_t standard)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? world_time(text) : standard;
}

struct world_tx *world_tx(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->tx_count; i++) {
        if (strcmp(world->txs[i].name, name) == 0) {
            return &world->txs[i];
        }
    }
    return NULL;
}

struct world_tx *world_tx_by_number(struct world *world, int64_t number)
{
    for (size_t i = 0; i < world->tx_count; i++) {
        if (world->txs[i].number == number) {
            return &world->txs[i];
        }
    }
    return NULL;
}

struct world_device *world_device(struct world *world, const tern_id *id)
{
    struct world_device *device = world->devices;

    for (size_t i = 0; i < world->device_count; i++, device++) {
        if (trn_id_equal(&device->id, id)) {
            return device;
        }
    }
    if (world->device_count == WORLD_DEVICES_MAX) {
        world_broken(world, "too many devices", "");
    }
    world->device_count++;
    *device = (struct world_device){.id = *id};
    return device;
}

const json_t *world_row(const struct world *world, const char *name)
{
    const json_t *row = json_object_get(json_object_get(world->world, "rows"), name);

    if (row == NULL) {
        world_broken(world, "no such row:", name);
    }
    return row;
}

const struct trn_table *world_table(const struct world *world, const char *row)
{
    const char *name = json_string_value(json_object_get(world_row(world, row), "table"));
    const struct trn_table *table = trn_schema_table(world->schema, name != NULL ? name : "");

    if (table == NULL) {
        world_broken(world, "no table for", row);
    }
    return table;
}

static void set(const struct world *world,
                const struct trn_column *column,
                const json_t *json,
                tern_value *value,
                tern_id *id)
{
    const char *text = json_string_value(json);

    if (json_is_null(json)) {
        *value = tern_value_null();
    } else if (column->type == TRN_TYPE_UUID && text != NULL) {
        *id = world_id(world, text);
        *value = tern_value_id(id);
    } else if (column->type == TRN_TYPE_TIMESTAMPTZ && text != NULL) {
        *value = tern_value_integer(world_time(text));
    } else if (column->type == TRN_TYPE_BOOL) {
        *value = tern_value_integer(json_is_true(json));
    } else if (json_is_integer(json)) {
        *value = tern_value_integer(json_integer_value(json));
    } else if (text != NULL) {
        *value = (tern_value){.kind = TERN_TEXT, .data = text, .size = json_string_length(json)};
    } else {
        world_broken(world, "no value for", column->name);
    }
}

static void overlay(const struct world *world,
                    const struct trn_table *table,
                    const json_t *values,
                    struct world_cells *cells)
{
    const json_t *json;
    const char *name;

    for (void *at = json_object_iter((json_t *)(uintptr_t)values); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)values, at)) {
        uint16_t column;

        name = json_object_iter_key(at);
        json = json_object_iter_value(at);
        column = trn_table_column(table, name);
        if (column == TRN_NO_COLUMN) {
            world_broken(world, "no such column:", name);
        }
        set(world, &table->columns[column], json, &cells->values[column], &cells->ids[column]);
    }
}

void world_fill(const struct world *world,
                const char *row,
                const json_t *values,
                struct world_cells *ret_cells)
{
    const struct trn_table *table = world_table(world, row);

    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];

        ret_cells->values[i] = column->has_default ? column->default_value : tern_value_null();
    }
    overlay(world, table, json_object_get(world_row(world, row), "values"), ret_cells);
    if (values != NULL) {
        overlay(world, table, values, ret_cells);
    }
}

bool world_has(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0) {
            return true;
        }
    }
    return false;
}
