/* Entries and undo images, as they lie in the outbox; the first byte says which. What is read can
 * be written again, and says the same then. */
#include "tests/fuzz/fuzz.h"

#include "engine/undo.h"
#include "tests/unit/model/tables.h"
#include "wire/entry.h"

enum { VERSION = 2 };

/* The entry again, in the schema's own version; false where it cannot be read. */
static bool rewrite_entry(struct trn_slice text, struct trn_bytes *bytes)
{
    struct trn_entry_reader reader;
    struct trn_line_writer writer;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, tables_schema(), text, NULL);

    trn_line_writer_open(&writer, bytes);
    reader.header.schema_version = VERSION;
    fuzz_expect(status != TERN_OK ||
                    trn_entry_write_header(&writer, &reader.header, NULL) == TERN_OK,
                "a first line can be written again");
    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        fuzz_expect(status != TERN_OK || !any ||
                        trn_entry_write_change(&writer, &change, NULL) == TERN_OK,
                    "a change can be written again");
    }
    trn_entry_close(&reader);
    return status == TERN_OK;
}

static tern_status write_record(struct trn_bytes *bytes, const struct trn_undo_record *record)
{
    struct trn_row row = {.id = record->id,
                          .updated_at_us = record->updated_at_us,
                          .deleted_at_us = record->deleted_at_us,
                          .version = record->version};

    if (record->absent) {
        return trn_undo_write_absent(bytes, record->table, &record->id);
    }
    for (size_t column = 0; column < record->table->column_count; column++) {
        if ((record->units >> record->table->columns[column].unit & 1) != 0) {
            row.values[column] = record->values[column];
        }
    }
    return trn_undo_write_row(bytes, record->table, &row, record->units);
}

static bool rewrite_image(struct trn_slice image, struct trn_bytes *bytes)
{
    struct trn_undo_reader reader;
    struct trn_undo_record record;
    bool any = true;
    tern_status status = TERN_OK;

    trn_undo_reader_open(&reader, tables_schema(), image);
    while (status == TERN_OK && any) {
        status = trn_undo_next(&reader, &any, &record, NULL);
        fuzz_expect(status != TERN_OK || !any || write_record(bytes, &record) == TERN_OK,
                    "a record can be written again");
    }
    return status == TERN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool (*rewrite)(struct trn_slice text, struct trn_bytes * bytes) = rewrite_entry;
    struct trn_bytes once = {0};
    struct trn_bytes twice = {0};

    if (size == 0) {
        return 0;
    }
    if (data[0] == 'u') {
        rewrite = rewrite_image;
    }
    if (rewrite(trn_slice_make(data + 1, size - 1), &once)) {
        fuzz_expect(rewrite(trn_bytes_slice(&once), &twice), "what was written can be read");
        fuzz_expect(fuzz_equal(&once, &twice), "what was written again says the same");
    }
    trn_bytes_free(&once);
    trn_bytes_free(&twice);
    return 0;
}
