/* A sink that keeps what an import hands over. */
#include "tests/unit/cli/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "tests/harness/harness.h"

const char *fixture_file(const char *name, const char *text)
{
    const char *path = trn_test_path(trn_test_folder(), name);
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fputs(text, file) >= 0);
    (void)fclose(file);
    return path;
}

static json_t *value_as_json(tern_value value)
{
    char text[TRN_ID_TEXT_SIZE + 1];
    tern_id id;

    switch (value.kind) {
    case TERN_INTEGER:
        return json_integer(value.integer);
    case TERN_TEXT:
        return json_stringn(value.data, value.size);
    case TERN_BLOB:
        CHECK_INT(value.size, sizeof(id.bytes));
        memcpy(id.bytes, value.data, sizeof(id.bytes));
        trn_id_format(&id, text);
        return json_string(text);
    default:
        return json_null();
    }
}

static void keep_row(struct imported *imported, const struct trn_fhir_row *row)
{
    char id[TRN_ID_TEXT_SIZE + 1];
    json_t *rows = json_object_get(imported->tables, row->table);
    json_t *cells = json_object();

    if (rows == NULL) {
        rows = json_object();
        CHECK(json_object_set_new(imported->tables, row->table, rows) == 0);
    }
    for (size_t i = 0; i < row->count; i++) {
        json_t *value = value_as_json(trn_fhir_row_value(row, i));

        CHECK(value != NULL); /* text that is no UTF-8 would have none */
        CHECK(json_object_set_new(cells, row->cells[i].column, value) == 0);
    }
    trn_id_format(&row->id, id);
    CHECK(json_object_get(rows, id) == NULL);
    CHECK(json_object_set_new(rows, id, cells) == 0);
    trn_fhir_report_row(&imported->report, row->table, "created");
}

static tern_status put(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *error)
{
    struct imported *imported = context;
    json_t *tx = json_array();
    char patient[TRN_ID_TEXT_SIZE + 1];

    (void)report;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        keep_row(imported, &rows[i]);
        trn_id_format(&rows[i].patient, patient);
        CHECK(json_array_append_new(tx, json_string(patient)) == 0);
    }
    CHECK(json_array_append_new(imported->txs, tx) == 0);
    return TERN_OK;
}

void import_files(struct imported *ret_imported, const char *const *paths)
{
    struct trn_fhir_sink sink = {.context = ret_imported, .put = put};
    size_t count = 0;

    *ret_imported = (struct imported){.tables = json_object(), .txs = json_array()};
    CHECK(trn_fhir_report_open(&ret_imported->report, NULL) == TERN_OK);
    while (paths[count] != NULL) {
        count++;
    }
    ret_imported->status =
        trn_fhir_import(paths, count, &sink, &ret_imported->report, &ret_imported->error);
}

void import_text(struct imported *ret_imported, const char *text)
{
    const char *paths[] = {fixture_file("input.json", text), NULL};

    import_files(ret_imported, paths);
}

void imported_close(struct imported *imported)
{
    json_decref(imported->tables);
    json_decref(imported->txs);
    trn_fhir_report_close(&imported->report);
}

const json_t *imported_row(const struct imported *imported, const char *table, const char *id)
{
    const json_t *row = json_object_get(json_object_get(imported->tables, table), id);

    CHECK(row != NULL);
    return row;
}

const json_t *imported_only(const struct imported *imported, const char *table)
{
    json_t *rows = json_object_get(imported->tables, table);

    CHECK_INT(json_object_size(rows), 1);
    return json_object_iter_value(json_object_iter(rows));
}

int64_t imported_unmapped(const struct imported *imported, const char *path)
{
    return trn_fhir_report_count(imported->report.unmapped, path);
}

const char *cell_text(const json_t *row, const char *column)
{
    const char *text = json_string_value(json_object_get(row, column));

    return text != NULL ? text : "";
}
