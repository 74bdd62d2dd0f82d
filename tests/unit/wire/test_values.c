/* Values of a row as a JSON object. */
#include "wire/values.h"

#include <string.h>

#include "model/change.h"
#include "tests/harness/harness.h"

enum { COLUMNS = 7 };

static const struct trn_column columns[COLUMNS] = {
    {.name = "id_of_it", .type = TRN_TYPE_UUID},
    {.name = "title", .type = TRN_TYPE_TEXT},
    {.name = "count", .type = TRN_TYPE_INTEGER},
    {.name = "weight", .type = TRN_TYPE_REAL},
    {.name = "done", .type = TRN_TYPE_BOOL},
    {.name = "raw", .type = TRN_TYPE_BYTES},
    {.name = "empty", .type = TRN_TYPE_TEXT},
};
static const struct trn_table table = {.name = "things",
                                       .columns = columns,
                                       .column_count = COLUMNS};

static const uint8_t bytes[16] = {1, 2, 3, 250, 251, 252, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9};

static void fill(tern_value values[COLUMNS])
{
    values[0] = tern_value_blob(bytes, sizeof bytes);
    values[1] = tern_value_text("a \"title\" \xe1\x9e\x80");
    values[2] = tern_value_integer(-7);
    values[3] = tern_value_real(0.1);
    values[4] = tern_value_integer(1);
    values[5] = tern_value_blob(bytes, 5);
    values[6] = tern_value_null();
}

TEST(values_written_are_read_as_they_were)
{
    tern_value values[COLUMNS];
    struct trn_bytes text = {0};
    struct trn_values read = {0};

    fill(values);
    CHECK(trn_values_write(&table, 0x7f, values, &text, NULL) == TERN_OK);
    CHECK(trn_values_read(&table, trn_bytes_slice(&text), &read, NULL) == TERN_OK);
    CHECK_INT(read.columns, 0x7f);
    CHECK(!read.has_deleted);
    for (size_t i = 0; i < COLUMNS; i++) {
        CHECK(trn_value_equal(&read.values[i], &values[i]));
    }
    trn_values_free(&read);
    trn_bytes_free(&text);
}

TEST(only_the_columns_asked_for_are_written)
{
    tern_value values[COLUMNS];
    struct trn_bytes text = {0};

    fill(values);
    CHECK(trn_values_write(&table, 0x14, values, &text, NULL) == TERN_OK);
    CHECK_TEXT(trn_bytes_text(&text), "{\"count\":-7,\"done\":true}");
    trn_bytes_free(&text);
}

TEST(a_mark_of_deletion_is_read_and_strange_members_are_passed_over)
{
    struct trn_values read = {0};

    CHECK(
        trn_values_read(&table, trn_slice_text("{\"deleted_at\":5,\"later\":[1]}"), &read, NULL) ==
        TERN_OK);
    CHECK(read.has_deleted && read.deleted_at_us == 5 && read.columns == 0);
    trn_values_free(&read);
    CHECK(trn_values_read(&table, trn_slice_text("{\"deleted_at\":null}"), &read, NULL) == TERN_OK);
    CHECK(read.has_deleted && read.deleted_at_us == 0);
    trn_values_free(&read);
}

TEST(what_holds_no_values_of_the_table_is_refused)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "7",
                                      "{",
                                      "{\"title\":3}",
                                      "{\"count\":\"3\"}",
                                      "{\"done\":1}",
                                      "{\"id_of_it\":\"!\"}",
                                      "{\"title\":[]}",
                                      "{\"count\":true}",
                                      "{\"count\":1,\"count\":2}"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trn_values read = {0};

        CHECK_INT(trn_values_read(&table, trn_slice_text(bad[i]), &read, NULL), TERN_ERR_CORRUPT);
        CHECK(read.values == NULL && read.object == NULL);
    }
}

TEST(values_leave_nothing_behind_when_memory_runs_out)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_value values[COLUMNS];
        struct trn_bytes text = {0};
        struct trn_values read = {0};
        tern_status status;

        fill(values);
        status = trn_values_write(&table, 0x7f, values, &text, NULL);
        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && text.size == 0));
        if (status == TERN_OK) {
            status = trn_values_read(&table, trn_bytes_slice(&text), &read, NULL);
            CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && read.values == NULL));
        }
        trn_values_free(&read);
        trn_bytes_free(&text);
    }
}
