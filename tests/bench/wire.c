/* Builds requests line by line from the schema document's columns. */
#include "tests/bench/wire.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/tern.h"

enum { ID_CHARACTERS = 22 };

static void reserve(struct bench_text *text, size_t more)
{
    if (text->room - text->size <= more) {
        text->room = text->room * 2 + more + 1;
        text->data = realloc(text->data, text->room);
        bench_check(text->data != NULL, "memory");
    }
}

void bench_text_append(struct bench_text *text, const char *data, size_t size)
{
    reserve(text, size);
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

void bench_text_format(struct bench_text *text, const char *format, ...)
{
    size_t more = 0;

    for (;;) {
        va_list arguments;
        int length;

        reserve(text, more);
        va_start(arguments, format);
        length = vsnprintf(text->data + text->size, text->room - text->size, format, arguments);
        va_end(arguments);
        bench_check(length >= 0, "format");
        if ((size_t)length < text->room - text->size) {
            text->size += (size_t)length;
            return;
        }
        more = (size_t)length;
    }
}

void bench_text_free(struct bench_text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

/* Base64 of the 16 bytes, padding left off. */
static const char *id_text(const tern_id *id, char text[ID_CHARACTERS + 1])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned held = 0;
    char *out = text;

    for (size_t i = 0; i < sizeof(id->bytes); i++) {
        bits = bits << 8 | id->bytes[i];
        for (held += 8; held >= 6; held -= 6) {
            *out++ = digits[bits >> (held - 6) & 63];
        }
    }
    *out++ = digits[bits << (6 - held) & 63];
    *out = 0;
    return text;
}

void bench_device_make(uint64_t seed, struct bench_device *ret_device)
{
    memset(ret_device, 0, sizeof(*ret_device));
    ret_device->seed = seed * 104729 + 3;
    bench_random_id(&ret_device->seed, &ret_device->id);
}

void bench_wire_entry(struct bench_text *lines, struct bench_device *device)
{
    char tx[ID_CHARACTERS + 1];

    device->ordinal++;
    bench_random_id(&device->seed, &device->last_tx);
    bench_text_format(lines,
                      "[\"@\",1000]\n[\"x\",%" PRId64 ",\"%s\",%" PRId64 ",1,1,null]\n",
                      device->ordinal,
                      id_text(&device->last_tx, tx),
                      bench_wall_us());
}

/* The document's table of that name. */
static const json_t *find_table(const char *name, size_t *ret_index)
{
    static json_t *root;
    const json_t *tables;

    if (root == NULL) {
        size_t size;
        const char *text = bench_document(BENCH_DERIVED, &size);

        root = json_loadb(text, size, 0, NULL);
    }
    tables = json_object_get(root, "tables");
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *table = json_array_get(tables, i);

        if (strcmp(json_string_value(json_object_get(table, "name")), name) == 0) {
            *ret_index = i;
            return table;
        }
    }
    bench_check(false, name);
    return NULL;
}

static void append_cell(struct bench_text *lines, const char *type, const tern_value *cell)
{
    char id[ID_CHARACTERS + 1];
    tern_id bytes;

    if (cell->kind == TERN_NULL) {
        bench_text_format(lines, ",null");
    } else if (cell->kind == TERN_BLOB) {
        memcpy(bytes.bytes, cell->data, sizeof(bytes.bytes));
        bench_text_format(lines, ",\"%s\"", id_text(&bytes, id));
    } else if (cell->kind == TERN_TEXT) {
        bench_text_format(lines, ",\"%.*s\"", (int)cell->size, (const char *)cell->data);
    } else if (strcmp(type, "bool") == 0) {
        bench_text_format(lines, cell->integer != 0 ? ",true" : ",false");
    } else {
        bench_text_format(lines, ",%" PRId64, cell->integer);
    }
}

static void append_default(struct bench_text *lines, const json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);

    bench_text_format(lines, ",%s", text == NULL ? "null" : text);
    free(text);
}

static const tern_value *
find_cell(const char *const *names, const tern_value *cells, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return &cells[i];
        }
    }
    return NULL;
}

void bench_wire_insert(struct bench_text *lines,
                       const char *table,
                       const tern_id *id,
                       const char *const *names,
                       const tern_value *cells,
                       size_t count)
{
    size_t index = 0;
    const json_t *columns = json_object_get(find_table(table, &index), "columns");
    const tern_value *created = find_cell(names, cells, count, "created_at");
    const tern_value now = tern_value_integer(bench_wall_us());
    char text[ID_CHARACTERS + 1];

    bench_text_format(lines, "[\"i\",%zu,\"%s\"", index, id_text(id, text));
    append_cell(lines, "timestamptz", created == NULL ? &now : created);
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        const char *name = json_string_value(json_object_get(column, "name"));
        const tern_value *cell = find_cell(names, cells, count, name);

        if (cell == NULL) {
            append_default(lines, json_object_get(column, "default"));
        } else {
            append_cell(lines, json_string_value(json_object_get(column, "type")), cell);
        }
    }
    bench_text_format(lines, "]\n");
}

void bench_wire_user(struct bench_text *lines, const tern_id *user, const char *role)
{
    static const char *const names[] = {"role", "full_name"};
    const tern_value cells[] = {tern_value_text(role), tern_value_text("A person")};

    bench_wire_insert(lines, "users", user, names, cells, 2);
}

void bench_wire_people(struct bench_text *lines, const struct bench_record *record)
{
    static const char *const names[] = {"initiator_id",
                                        "recipient_id",
                                        "status",
                                        "permission_level",
                                        "requested_at",
                                        "accepted_at"};
    const tern_value cells[] = {
        tern_value_id(&record->doctor),
        tern_value_id(&record->patient),
        tern_value_text("ACCEPTED"),
        tern_value_text("ALLOWED"),
        tern_value_integer(bench_wall_us()),
        tern_value_integer(bench_wall_us()),
    };
    static const tern_id nobody;

    bench_wire_user(lines, &record->patient, "PATIENT");
    if (memcmp(&record->doctor, &nobody, sizeof(nobody)) != 0) {
        bench_wire_insert(lines, "connections", &record->connection, names, cells, 6);
    }
}

void bench_wire_parents(struct bench_text *lines, const struct bench_record *record)
{
    static const char *const prescription[] = {"id",
                                               "created_at",
                                               "patient_id",
                                               "patient_name",
                                               "status"};
    static const char *const medication[] = {"id",
                                             "created_at",
                                             "prescription_id",
                                             "row_number",
                                             "medicine_name"};
    tern_value cells[PARENT_CELLS];

    bench_prescription_cells(record, cells);
    bench_wire_insert(lines,
                      "prescriptions",
                      &record->prescription,
                      prescription,
                      cells,
                      PARENT_CELLS);
    for (size_t i = 0; i < DOSE_MEDICATIONS; i++) {
        bench_medication_cells(record, i, cells);
        bench_wire_insert(lines,
                          "medications",
                          &record->medications[i],
                          medication,
                          cells,
                          PARENT_CELLS);
    }
}

void bench_wire_dose(struct bench_text *lines, const struct bench_dose *dose)
{
    static const char *const names[DOSE_CELLS] = {"id",
                                                  "created_at",
                                                  "prescription_id",
                                                  "medication_id",
                                                  "patient_id",
                                                  "scheduled_time",
                                                  "local_date",
                                                  "slot",
                                                  "time_period",
                                                  "reminder_time",
                                                  "grace_minutes",
                                                  "status",
                                                  "taken_at",
                                                  "was_offline",
                                                  "flags"};
    tern_value cells[DOSE_CELLS];

    bench_dose_cells(dose, cells);
    bench_wire_insert(lines, "dose_events", &dose->id, names, cells, DOSE_CELLS);
}

static size_t count_lines(const struct bench_text *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->size; i++) {
        count += text->data[i] == '\n';
    }
    return count;
}

void bench_wire_request(struct bench_text *body,
                        const struct bench_device *device,
                        const struct bench_text *lines,
                        size_t txs,
                        size_t rows,
                        const char *cursor)
{
    char id[ID_CHARACTERS + 1];

    body->size = 0;
    bench_text_format(body,
                      "{\"tern\":1,\"schema\":1,\"device\":\"%s\",\"sent\":%" PRId64
                      ",\"rows\":%zu",
                      id_text(&device->id, id),
                      bench_wall_us(),
                      rows);
    if (cursor != NULL) {
        bench_text_format(body, ",\"cursor\":\"%s\"", cursor);
    }
    if (device->ordinal > 0) {
        bench_text_format(body,
                          ",\"top\":[%" PRId64 ",\"%s\"]",
                          device->ordinal,
                          id_text(&device->last_tx, id));
    }
    bench_text_format(body, ",\"txs\":%zu}\n", txs);
    if (lines->size > 0) {
        bench_text_append(body, lines->data, lines->size);
    }
    bench_text_format(body, "[\"z\",%zu]\n", 1 + count_lines(lines));
}
