/* The steps that every replica knows: transactions, syncs, reads, and what must be found. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/shared/shared.h"

/* ---- Values ---- */

static unsigned char *unhex(const char *hex, size_t *ret_size)
{
    size_t size = strlen(hex) / 2;
    unsigned char *bytes = calloc(1, size + 1);

    for (size_t i = 0; bytes != NULL && i < size; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    *ret_size = size;
    return bytes;
}

static tern_value
object_value(const struct story *story, const json_t *json, struct cell_room *room)
{
    const char *text;
    tern_value value = tern_value_null();
    size_t size;

    if ((text = text_of(json, "time")) != NULL) {
        return tern_value_integer(time_of(text));
    }
    if ((text = text_of(json, "decimal")) != NULL || (text = text_of(json, "date")) != NULL) {
        return tern_value_text(text);
    }
    if ((text = text_of(json, "bytes")) != NULL || (text = text_of(json, "text")) != NULL) {
        room->bytes = unhex(text, &size);
        value = tern_value_blob(room->bytes, size);
        value.kind = text_of(json, "text") != NULL ? TERN_TEXT : TERN_BLOB;
        return value;
    }
    room->bytes = calloc(1, sizeof(tern_id));
    id_of(story, json, (tern_id *)room->bytes);
    return tern_value_blob(room->bytes, sizeof(tern_id));
}

tern_value value_of(const struct story *story, const json_t *json, struct cell_room *room)
{
    room->bytes = NULL;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return object_value(story, json, room);
    case JSON_STRING:
        return tern_value_text(json_string_value(json));
    case JSON_INTEGER:
        return tern_value_integer(json_integer_value(json));
    case JSON_REAL:
        return tern_value_real(json_real_value(json));
    case JSON_TRUE:
    case JSON_FALSE:
        return tern_value_integer(json_is_true(json));
    default:
        return tern_value_null();
    }
}

/* ---- Statements ---- */

static tern_status run_rows(struct device *device,
                            tern_statement *statement,
                            const json_t *values,
                            FILE *file,
                            tern_error *error)
{
    tern_status status = TERN_OK;
    struct cell_room room;
    bool row = true;

    for (size_t i = 0; i < json_array_size(values) && status == TERN_OK; i++) {
        tern_value value = value_of(device->story, json_array_get(values, i), &room);

        status = tern_statement_bind(statement, (int)i + 1, value, error);
        free(room.bytes);
    }
    while (status == TERN_OK && row) {
        status = tern_statement_step(statement, &row, error);
        for (int i = 0; status == TERN_OK && row && i < tern_statement_columns(statement); i++) {
            tern_value value = tern_statement_value(statement, i);

            (void)fputs(i == 0 ? "" : "|", file);
            spell(file, &value);
        }
        (void)fputs(status == TERN_OK && row ? "\n" : "", file);
    }
    return status;
}

char *read_rows(struct device *device, const char *sql, const json_t *values, size_t *ret_size)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_size);
    tern_statement *statement;
    tern_error error;

    if (file == NULL ||
        tern_statement_prepare(device->replica, sql, strlen(sql), &statement, &error) != TERN_OK ||
        run_rows(device, statement, values, file, &error) != TERN_OK) {
        broken("%s: %s", sql, error.message);
    }
    tern_statement_free(statement);
    (void)fclose(file);
    return text;
}

static tern_status run_sql(struct device *device, const json_t *change, tern_error *error)
{
    const char *sql = need(change, "sql");
    tern_statement *statement;
    tern_status status =
        tern_statement_prepare(device->replica, sql, strlen(sql), &statement, error);

    if (status == TERN_OK) {
        status = run_rows(device, statement, json_object_get(change, "values"), stdout, error);
        tern_statement_free(statement);
    }
    return status;
}

/* ---- Transactions ---- */

struct cells {
    tern_cell cells[CELLS_MAX];
    struct cell_room rooms[CELLS_MAX];
    size_t count;
};

static void fill_cells(const struct story *story, json_t *json, struct cells *cells)
{
    const char *name;
    json_t *value;

    cells->count = 0;
    json_object_foreach(json, name, value)
    {
        cells->cells[cells->count].column = name;
        cells->cells[cells->count].value = value_of(story, value, &cells->rooms[cells->count]);
        cells->count++;
    }
}

static tern_status
change_row(struct device *device, tern_tx *tx, const json_t *change, tern_error *error)
{
    struct story *story = device->story;
    struct cells cells;
    tern_status status = TERN_ERR_MISUSE;
    const char *table;
    tern_id id;

    if (text_of(change, "sql") != NULL) {
        return run_sql(device, change, error);
    }
    fill_cells(story, json_object_get(change, "cells"), &cells);
    if ((table = text_of(change, "insert")) != NULL) {
        status = tern_row_insert(tx, table, cells.cells, cells.count, &id, error);
        if (status == TERN_OK) {
            keep_name(story, json_object_get(change, "as"), &id);
        }
    } else {
        id_of(story, json_object_get(change, "row"), &id);
        if ((table = text_of(change, "update")) != NULL) {
            status = tern_row_update(tx, table, &id, cells.cells, cells.count, error);
        } else if ((table = text_of(change, "undo")) != NULL) {
            status = tern_row_undo(tx, table, &id, cells.cells, cells.count, error);
        } else if ((table = text_of(change, "delete")) != NULL) {
            status = tern_row_delete(tx, table, &id, error);
        } else if ((table = text_of(change, "undelete")) != NULL) {
            status = tern_row_undelete(tx, table, &id, error);
        }
    }
    for (size_t i = 0; i < cells.count; i++) {
        free(cells.rooms[i].bytes);
    }
    return status;
}

static void play_write(struct device *device, const json_t *step, struct outcome *out)
{
    const tern_tx_options options = {.size = sizeof(options),
                                     .inferred = json_is_true(json_object_get(step, "inferred"))};
    const json_t *changes = json_object_get(step, "changes");
    tern_error *error = &out->error.error;
    uint64_t kept = 0;
    tern_tx *tx = NULL;

    out->status = tern_tx_begin(device->replica, &options, &tx, error);
    for (size_t i = 0; i < json_array_size(changes) && out->status == TERN_OK; i++) {
        out->status = change_row(device, tx, json_array_get(changes, i), error);
    }
    if (out->status != TERN_OK) {
        tern_tx_rollback(tx);
        return;
    }
    out->status = tern_tx_commit(tx, &kept, error);
    if (options.inferred && out->status == TERN_OK) {
        (void)fprintf(device->story->told, "inferred %" PRIu64 "\n", kept);
    }
}

/* ---- Syncs ---- */

static const char *give_token(void *context, bool refused)
{
    const struct device *device = context;

    return refused ? NULL : device->token;
}

static void play_sync(struct device *device, struct outcome *out)
{
    struct story *story = device->story;
    const tern_sync_options patience = {.size = sizeof(patience), .max_attempts = 1};
    tern_sync_progress progress = {0};
    tern_http_port port;
    tern_curl *curl = NULL;

    out->status = open_curl(story, &curl, &out->error.error);
    if (out->status != TERN_OK) {
        return;
    }
    tern_curl_port(curl, &port);
    out->status = tern_sync_run(device->replica,
                                &patience,
                                &port,
                                give_token,
                                device,
                                0,
                                &progress,
                                &out->error.error);
    tern_curl_close(curl);
    if (out->status == TERN_OK) {
        (void)fprintf(story->told,
                      "sync %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                      progress.sent_txs,
                      progress.pending_txs,
                      progress.rows);
    }
}

/* ---- What must be found ---- */

static void play_expect(struct device *device, const json_t *step)
{
    const json_t *rows = json_object_get(step, "rows");
    char *wanted = NULL;
    size_t wanted_size;
    size_t size;
    FILE *file = open_memstream(&wanted, &wanted_size);
    char *found = read_rows(device, need(step, "sql"), json_object_get(step, "values"), &size);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        for (size_t j = 0; j < json_array_size(row); j++) {
            struct cell_room room;
            tern_value value = value_of(device->story, json_array_get(row, j), &room);

            (void)fputs(j == 0 ? "" : "|", file);
            spell(file, &value);
            free(room.bytes);
        }
        (void)fputc('\n', file);
    }
    (void)fclose(file);
    if (size != wanted_size || memcmp(found, wanted, size) != 0) {
        broken("%s: %s\nfound:\n%swanted:\n%s", device->name, need(step, "sql"), found, wanted);
    }
    free(found);
    free(wanted);
}

static void first_id(struct device *device, const json_t *step, tern_id *ret_id)
{
    const char *sql = need(step, "sql");
    size_t size;
    char *rows = read_rows(device, sql, json_object_get(step, "values"), &size);
    size_t id_size;
    unsigned char *id;

    if (size < 33 || rows[0] != 'B') {
        broken("%s gives no id", sql);
    }
    rows[33] = '\0';
    id = unhex(rows + 1, &id_size);
    memcpy(ret_id->bytes, id, sizeof(ret_id->bytes));
    free(id);
    free(rows);
}

static bool is_step(const char *what, const char *name)
{
    return strcmp(what, name) == 0;
}

bool play_basic(struct story *story, const json_t *step, const char *what, struct outcome *out)
{
    struct device *device = device_of(story, step);
    tern_id id;

    if (is_step(what, "write")) {
        play_write(device, step, out);
    } else if (is_step(what, "sync")) {
        play_sync(device, out);
    } else if (is_step(what, "expect")) {
        play_expect(device, step);
    } else if (is_step(what, "name")) {
        first_id(device, step, &id);
        keep_name(story, json_object_get(step, "as"), &id);
    } else if (is_step(what, "reinstate")) {
        first_id(device, step, &id);
        out->status = tern_audit_reinstate(device->replica, &id, &out->error.error);
    } else {
        return false;
    }
    return true;
}
