/* Growable bytes: content, the zero byte behind it, and nothing lost when memory runs out. */
#include "base/bytes.h"

#include <string.h>

#include "tests/harness/harness.h"

TEST(what_is_appended_stands_in_order_and_reads_as_a_c_string)
{
    struct trn_bytes bytes = {0};

    CHECK_TEXT(trn_bytes_text(&bytes), "");
    CHECK_INT(trn_bytes_append_text(&bytes, "ten"), TERN_OK);
    CHECK_INT(trn_bytes_append_byte(&bytes, ' '), TERN_OK);
    CHECK_INT(trn_bytes_append_format(&bytes, "%d %s", 5, "mg"), TERN_OK);
    CHECK_INT(trn_bytes_append_slice(&bytes, trn_slice_text("!")), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes), "ten 5 mg!");
    CHECK_INT(trn_bytes_slice(&bytes).size, 9);
    trn_bytes_free(&bytes);
    CHECK(bytes.data == NULL && bytes.size == 0 && bytes.capacity == 0);
}

TEST(what_is_printed_fits_or_leaves_the_bytes_as_they_were)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        size_t before = 0;
        tern_status status = TERN_OK;

        for (int width = 0; width < 200 && status == TERN_OK; width++) {
            before = bytes.size;
            status = trn_bytes_append_format(&bytes, "%*d", width, 7);
            CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        }
        CHECK_INT(bytes.size, status == TERN_OK ? 1 + 199 * 200 / 2 : before);
        CHECK_INT(strlen(trn_bytes_text(&bytes)), bytes.size);
        trn_bytes_free(&bytes);
    }
}

TEST(ten_thousand_appends_keep_every_byte)
{
    struct trn_bytes bytes = {0};

    for (unsigned i = 0; i < 10000; i++) {
        CHECK_INT(trn_bytes_append_byte(&bytes, (uint8_t)(i * 7)), TERN_OK);
    }
    CHECK_INT(bytes.size, 10000);
    for (unsigned i = 0; i < 10000; i++) {
        CHECK_INT(bytes.data[i], (uint8_t)(i * 7));
    }
    CHECK_INT(bytes.data[10000], 0);
    trn_bytes_free(&bytes);
}

TEST(a_size_that_overflows_is_out_of_memory_and_changes_nothing)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(trn_bytes_append_text(&bytes, "kept"), TERN_OK);
    CHECK_INT(trn_bytes_reserve(&bytes, SIZE_MAX), TERN_ERR_NOMEM);
    CHECK_INT(trn_bytes_reserve(&bytes, SIZE_MAX - 4), TERN_ERR_NOMEM);
    CHECK_INT(trn_bytes_reserve(&bytes, SIZE_MAX / 2), TERN_ERR_NOMEM);
    CHECK_TEXT(trn_bytes_text(&bytes), "kept");
    trn_bytes_free(&bytes);
}

TEST(clearing_keeps_the_room_and_moving_leaves_nothing)
{
    struct trn_bytes bytes = {0};
    struct trn_bytes moved;
    size_t capacity;

    CHECK_INT(trn_bytes_append_text(&bytes, "first"), TERN_OK);
    capacity = bytes.capacity;
    trn_bytes_clear(&bytes);
    CHECK_TEXT(trn_bytes_text(&bytes), "");
    CHECK_INT(bytes.capacity, capacity);
    CHECK_INT(trn_bytes_append_text(&bytes, "second"), TERN_OK);
    moved = trn_bytes_move(&bytes);
    CHECK(bytes.data == NULL);
    CHECK_TEXT(trn_bytes_text(&moved), "second");
    trn_bytes_free(&moved);
    trn_bytes_free(&bytes);
    trn_bytes_free(NULL);
}

TEST(slices_compare_bytewise_and_a_prefix_comes_first)
{
    CHECK(trn_slice_equal(trn_slice_text(NULL), trn_slice_make(NULL, 0)));
    CHECK(trn_slice_equal_text(trn_slice_make("dose", 4), "dose"));
    CHECK(!trn_slice_equal_text(trn_slice_make("dose", 3), "dose"));
    CHECK(trn_slice_compare(trn_slice_text("a"), trn_slice_text("b")) < 0);
    CHECK(trn_slice_compare(trn_slice_text("ab"), trn_slice_text("a")) > 0);
    CHECK(trn_slice_compare(trn_slice_text(""), trn_slice_text("a")) < 0);
    CHECK(trn_slice_compare(trn_slice_text("\xFF"), trn_slice_text("a")) > 0);
    CHECK(trn_slice_compare(trn_slice_text("a"), trn_slice_text("a")) == 0);
}

TEST(when_memory_runs_out_the_bytes_stay_as_they_were)
{
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        struct trn_bytes before = {0};
        size_t done = 0;
        tern_status status = TERN_OK;

        while (status == TERN_OK && done < 100) {
            before = bytes;
            status = trn_bytes_append_format(&bytes, "%08zu", done);
            done += status == TERN_OK;
        }
        if (status != TERN_OK) {
            failures++;
            CHECK_INT(status, TERN_ERR_NOMEM);
            CHECK(bytes.data == before.data && bytes.capacity == before.capacity);
        }
        CHECK_INT(bytes.size, done * 8);
        CHECK_INT(strlen(trn_bytes_text(&bytes)), done * 8);
        trn_bytes_free(&bytes);
    }
    CHECK(failures >= 5);
}
