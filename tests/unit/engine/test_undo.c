/* The undo image gives back what was written into it, and nothing of a damaged one. */
#include "engine/undo.h"

#include <string.h>

#include "base/uuid.h"
#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"

static const struct trn_table *doses(void)
{
    return &tables_schema()->tables[TABLES_DOSES];
}

static struct trn_row row(void)
{
    struct trn_row before = {.id = {{1, 2, 3}},
                             .updated_at_us = 1763600000000000,
                             .deleted_at_us = 0,
                             .version = {.keys = {5, 6, 7}, .ranks = 4}};

    before.values[0] = tern_value_integer(-1);
    before.values[DOSE_STATUS] = tern_value_text("DUE");
    before.values[DOSE_TAKEN_AT] = tern_value_integer(INT64_MIN);
    before.values[DOSE_SKIP_REASON] = tern_value_null();
    return before;
}

static void write_two(struct trn_bytes *image)
{
    struct trn_row before = row();
    tern_id inserted = {{9}};

    CHECK_INT(trn_undo_write_row(image, doses(), &before, 1u << DOSE_UNIT_OUTCOME), TERN_OK);
    CHECK_INT(trn_undo_write_absent(image, doses(), &inserted), TERN_OK);
}

TEST(an_image_reads_back_record_by_record)
{
    struct trn_bytes image = {0};
    struct trn_undo_reader reader;
    struct trn_undo_record record;
    struct trn_row before = row();
    bool any = false;

    write_two(&image);
    trn_undo_reader_open(&reader, tables_schema(), trn_bytes_slice(&image));
    CHECK_INT(trn_undo_next(&reader, &any, &record, NULL), TERN_OK);
    CHECK(any && !record.absent && record.table == doses());
    CHECK(trn_id_equal(&record.id, &before.id));
    CHECK_INT(record.units, 1u << DOSE_UNIT_OUTCOME);
    CHECK_INT(record.updated_at_us, before.updated_at_us);
    CHECK_INT(record.deleted_at_us, 0);
    CHECK(record.version.keys[0] == 5 && record.version.keys[2] == 7 && record.version.ranks == 4);
    CHECK(trn_unit_equal(doses(), DOSE_UNIT_OUTCOME, record.values, before.values));
    CHECK_INT(trn_undo_next(&reader, &any, &record, NULL), TERN_OK);
    CHECK(any && record.absent && record.id.bytes[0] == 9);
    CHECK_INT(trn_undo_next(&reader, &any, &record, NULL), TERN_OK);
    CHECK(!any);
    trn_bytes_free(&image);
}

TEST(an_image_cut_anywhere_but_between_records_is_damaged)
{
    struct trn_bytes image = {0};
    struct trn_row before = row();
    size_t whole;

    CHECK_INT(trn_undo_write_row(&image, doses(), &before, 1u << DOSE_UNIT_OUTCOME), TERN_OK);
    whole = image.size;
    for (size_t cut = 1; cut < whole; cut++) {
        struct trn_undo_reader reader;
        struct trn_undo_record record;
        bool any = false;

        trn_undo_reader_open(&reader, tables_schema(), trn_slice_make(image.data, cut));
        CHECK_INT(trn_undo_next(&reader, &any, &record, NULL), TERN_ERR_CORRUPT);
    }
    trn_bytes_free(&image);
}

TEST(no_byte_changed_in_an_image_reads_beyond_it)
{
    struct trn_bytes image = {0};

    write_two(&image);
    for (size_t at = 0; at < image.size; at++) {
        for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
            struct trn_undo_reader reader;
            struct trn_undo_record record;
            bool any = true;
            tern_status status = TERN_OK;

            image.data[at] ^= (uint8_t)flip;
            trn_undo_reader_open(&reader, tables_schema(), trn_bytes_slice(&image));
            while (status == TERN_OK && any) {
                status = trn_undo_next(&reader, &any, &record, NULL);
            }
            CHECK(status == TERN_OK || status == TERN_ERR_CORRUPT);
            image.data[at] ^= (uint8_t)flip;
        }
    }
    trn_bytes_free(&image);
}

TEST(a_record_that_could_not_be_written_leaves_the_image_as_it_was)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes image = {0};
        struct trn_row before = row();
        tern_status status = trn_undo_write_row(&image, doses(), &before, 1u << DOSE_UNIT_OUTCOME);

        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && image.size == 0));
        trn_bytes_free(&image);
    }
}
