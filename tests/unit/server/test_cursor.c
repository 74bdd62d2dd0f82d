/* Cursors: short, opaque, and nobody else's. */
#include "server/cursor.h"

#include <string.h>

#include "tests/harness/harness.h"
#include "tests/unit/server/lab.h"

static const struct trn_db_meta meta = {.epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .seal_key = {9}};

static struct trn_cursor phone_cursor(int64_t number)
{
    struct trn_cursor cursor = {.high = number, .tag = {0xab, 0xcd}};

    cursor.own.begun = true;
    cursor.own.place.number = number;
    cursor.own.place.table = TRN_NO_TABLE;
    return cursor;
}

TEST(the_cursor_of_a_phone_with_one_record_is_short)
{
    struct trn_cursor cursor = phone_cursor(10000000);
    struct trn_bytes text = {0};
    tern_id user = lab_id('u', 1);
    tern_id device = lab_id('d', 1);

    CHECK(trn_cursor_seal(&cursor, &meta, &user, &device, &text, NULL) == TERN_OK);
    CHECK(text.size <= 24);
    trn_bytes_free(&text);
}

TEST(a_cursor_over_a_hundred_records_costs_less_than_29_characters_each)
{
    struct trn_cursor cursor = phone_cursor(10000000);
    struct trn_bytes text = {0};
    tern_id user = lab_id('u', 1);
    tern_id device = lab_id('d', 1);

    for (unsigned i = 0; i < 100; i++) {
        struct trn_position other = {.scope = lab_id('s', i),
                                     .version = 5000000 + i,
                                     .place = {.number = 10000000, .table = TRN_NO_TABLE},
                                     .begun = true};

        CHECK(trn_cursor_add(&cursor, &other) == TERN_OK);
    }
    CHECK(trn_cursor_seal(&cursor, &meta, &user, &device, &text, NULL) == TERN_OK);
    CHECK(text.size < 2900);
    trn_cursor_free(&cursor);
    trn_bytes_free(&text);
}

TEST(what_was_sealed_is_read_back)
{
    struct trn_cursor cursor = phone_cursor(77);
    struct trn_cursor again;
    struct trn_position other = {.scope = lab_id('u', 5),
                                 .version = 31,
                                 .place = {.number = 60, .table = 3, .id = lab_id('r', 8)},
                                 .begun = true,
                                 .fresh = true,
                                 .partial = true};
    const struct trn_position erased = {.scope = lab_id('u', 4),
                                        .place = {.table = TRN_NO_TABLE},
                                        .erased = true};
    struct trn_bytes text = {0};
    tern_id user = lab_id('u', 1);
    tern_id device = lab_id('d', 1);

    CHECK(trn_cursor_add(&cursor, &other) == TERN_OK);
    CHECK(trn_cursor_add(&cursor, &erased) == TERN_OK);
    CHECK(trn_cursor_seal(&cursor, &meta, &user, &device, &text, NULL) == TERN_OK);
    CHECK(trn_cursor_open(trn_bytes_slice(&text), &meta, &user, &device, &again, NULL) == TERN_OK);
    CHECK(again.same_epoch && again.high == 77 && again.own.begun && !again.own.partial);
    CHECK(memcmp(again.tag, cursor.tag, sizeof(again.tag)) == 0);
    CHECK_INT(again.own.place.number, 77);
    CHECK_INT(again.count, 2);
    CHECK_INT(again.others[1].version, 31);
    CHECK_INT(again.others[1].place.number, 60);
    CHECK_INT(again.others[1].place.table, 3);
    CHECK(again.others[1].begun && again.others[1].fresh && again.others[1].partial);
    CHECK(memcmp(&again.others[1].place.id, &other.place.id, sizeof(other.place.id)) == 0);
    CHECK(again.others[0].erased && !again.others[0].begun && !again.others[1].erased);
    CHECK(trn_cursor_find(&again, &erased.scope) == &again.others[0]);
    CHECK(trn_cursor_find(&again, &other.scope) == &again.others[1]);
    trn_cursor_free(&again);
    trn_cursor_free(&cursor);
    trn_bytes_free(&text);
}

TEST(no_other_user_device_or_key_opens_it_and_another_epoch_is_seen)
{
    struct trn_cursor cursor = phone_cursor(77);
    struct trn_cursor again = {.high = -1};
    struct trn_db_meta other_key = meta;
    struct trn_db_meta other_epoch = meta;
    struct trn_bytes text = {0};
    tern_id user = lab_id('u', 1);
    tern_id device = lab_id('d', 1);
    tern_id stranger = lab_id('u', 2);

    other_key.seal_key[0] ^= 1;
    other_epoch.epoch[0] ^= 1;
    CHECK(trn_cursor_seal(&cursor, &meta, &user, &device, &text, NULL) == TERN_OK);
    CHECK_INT(trn_cursor_open(trn_bytes_slice(&text), &meta, &stranger, &device, &again, NULL),
              TERN_ERR_CURSOR);
    CHECK_INT(trn_cursor_open(trn_bytes_slice(&text), &meta, &user, &stranger, &again, NULL),
              TERN_ERR_CURSOR);
    CHECK_INT(trn_cursor_open(trn_bytes_slice(&text), &other_key, &user, &device, &again, NULL),
              TERN_ERR_CURSOR);
    CHECK_INT(again.high, -1);
    CHECK_INT(trn_cursor_open(trn_bytes_slice(&text), &other_epoch, &user, &device, &again, NULL),
              TERN_OK);
    CHECK(!again.same_epoch);
    trn_cursor_free(&again);
    trn_bytes_free(&text);
}

TEST(a_cursor_cut_short_anywhere_is_refused)
{
    struct trn_cursor cursor = phone_cursor(77);
    struct trn_cursor again;
    struct trn_bytes text = {0};
    tern_id user = lab_id('u', 1);
    tern_id device = lab_id('d', 1);

    CHECK(trn_cursor_seal(&cursor, &meta, &user, &device, &text, NULL) == TERN_OK);
    for (size_t size = 0; size < text.size; size++) {
        CHECK_INT(
            trn_cursor_open(trn_slice_make(text.data, size), &meta, &user, &device, &again, NULL),
            TERN_ERR_CURSOR);
    }
    trn_bytes_free(&text);
}
