/* Files of FHIR: whatever is imported is a row that the apps' schema takes, and nothing of a
 * malformed file is. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fhir_import.h"
#include "cli/fhir_turns.h"
#include "schema/schema.h"

static char path[40]; /* in memory where the system has such a place */
static struct trn_schema *schema;

static void leave(void)
{
    (void)unlink(path);
    trn_schema_free(schema);
}

static void load_schema(void)
{
    static char text[65536];
    FILE *file = fopen(SCHEMA_FILE, "rb");
    size_t size;

    fuzz_expect(file != NULL, "the schema document is there");
    size = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    fuzz_expect(trn_schema_load(text, size, &schema, NULL) == TERN_OK, "the schema is good");
}

static void begin(void)
{
    int descriptor;

    (void)snprintf(path,
                   sizeof(path),
                   "%s/fuzz-fhir-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    descriptor = mkstemp(path);
    fuzz_expect(descriptor >= 0 && close(descriptor) == 0, "a file can be made");
    load_schema();
    (void)atexit(leave);
}

/* The command leaves out a contact that is malformed, once the schema has said so. */
static bool takes(const struct trn_table *table, uint16_t column, const tern_value *value)
{
    const char *name = table->columns[column].name;
    tern_status status = trn_schema_check_value(table, &table->columns[column], value, NULL);

    return status == TERN_OK || (status == TERN_ERR_FORMAT &&
                                 (strcmp(name, "email") == 0 || strcmp(name, "phone_number") == 0));
}

static void check_row(const struct trn_fhir_row *row)
{
    const struct trn_table *table = trn_schema_table(schema, row->table);

    fuzz_expect(table != NULL && row->status == TERN_OK, "a row has its table");
    for (size_t i = 0; i < row->count; i++) {
        uint16_t column = trn_table_column(table, row->cells[i].column);
        tern_value value = trn_fhir_row_value(row, i);

        if (strcmp(row->cells[i].column, TRN_FHIR_TURNS) == 0) {
            continue; /* rows of another table, which the command makes */
        }
        fuzz_expect(column != TRN_NO_COLUMN, "a cell has its column");
        if (!takes(table, column, &value)) {
            (void)fprintf(stderr, "%s.%s\n", row->table, row->cells[i].column);
            fuzz_expect(false, "the schema takes what is imported");
        }
    }
}

static tern_status put(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *error)
{
    size_t *total = context;

    (void)report;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
    }
    *total += count;
    return TERN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const paths[] = {path};
    size_t total = 0;
    const struct trn_fhir_sink sink = {.context = &total, .put = put};
    struct trn_fhir_report report;
    tern_status status;
    FILE *file;

    if (schema == NULL) {
        begin();
    }
    file = fopen(path, "wb");
    fuzz_expect(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0,
                "the file can be written");
    fuzz_expect(trn_fhir_report_open(&report, NULL) == TERN_OK, "a report can be opened");
    status = trn_fhir_import(paths, 1, &sink, &report, NULL);
    fuzz_expect(status == TERN_OK || (status == TERN_ERR_FORMAT && total == 0),
                "a file is imported whole, or malformed and not at all");
    trn_fhir_report_close(&report);
    return 0;
}
