/* tern_v: what is written is read again, small where one transaction wrote all, and damage shows.
 */
#include "model/version.h"

#include <string.h>

#include "tests/harness/harness.h"

static struct trn_version round_trip(const struct trn_version *version, size_t units)
{
    uint8_t room[TRN_VERSION_BLOB_MAX];
    struct trn_version read = {0};
    tern_value cell;

    trn_version_encode(version, units, room, &cell);
    CHECK_INT(trn_version_decode(&cell, units, &read, NULL), TERN_OK);
    return read;
}

TEST(one_transaction_for_all_units_is_one_integer)
{
    struct trn_version version = {0};
    uint8_t room[TRN_VERSION_BLOB_MAX];
    tern_value cell;

    trn_version_set(&version, 0, 77, TRN_RANK_1_RECORDED);
    trn_version_set(&version, 1, 77, TRN_RANK_0_INFERRED);
    trn_version_set(&version, 2, 77, TRN_RANK_1_RECORDED);
    trn_version_encode(&version, 3, room, &cell);
    CHECK_INT(cell.kind, TERN_INTEGER);
    CHECK_INT(cell.integer, 77 << 16 | 5);
}

TEST(units_of_different_transactions_keep_their_keys_and_ranks)
{
    for (size_t units = 1; units <= TRN_UNITS_MAX; units++) {
        struct trn_version version = {0};
        struct trn_version read;

        for (size_t unit = 0; unit < units; unit++) {
            int64_t key = unit % 3 == 0 ? TRN_KEY_MAX - (int64_t)unit : (int64_t)(unit * 61);

            trn_version_set(&version, unit, key, (enum trn_rank)(unsigned)(unit * 5 % 2));
        }
        read = round_trip(&version, units);
        CHECK(memcmp(read.keys, version.keys, sizeof(read.keys)) == 0);
        CHECK_INT(read.ranks, version.ranks);
        CHECK_INT(trn_version_newest(&read, units), TRN_KEY_MAX);
        for (size_t unit = 0; unit < units; unit++) {
            CHECK_INT(trn_version_rank(&read, unit), unit * 5 % 2);
        }
    }
}

TEST(a_unit_that_came_with_an_upgrade_is_unwritten_or_of_the_insert)
{
    struct trn_version version = {0};
    struct trn_version read = {0};
    uint8_t room[TRN_VERSION_BLOB_MAX];
    tern_value cell;

    trn_version_set(&version, 0, 3, TRN_RANK_1_RECORDED);
    trn_version_set(&version, 1, 4, TRN_RANK_1_RECORDED);
    trn_version_encode(&version, 2, room, &cell);
    CHECK_INT(trn_version_decode(&cell, 3, &read, NULL), TERN_OK);
    CHECK(read.keys[1] == 4 && read.keys[2] == 0);
    trn_version_set(&version, 1, 3, TRN_RANK_1_RECORDED);
    trn_version_encode(&version, 2, room, &cell);
    CHECK_INT(trn_version_decode(&cell, 3, &read, NULL), TERN_OK);
    CHECK(read.keys[2] == 3 && trn_version_rank(&read, 2) == TRN_RANK_0_INFERRED);
}

TEST(a_rank_can_be_taken_back)
{
    struct trn_version version = {0};

    trn_version_set(&version, 1, 9, TRN_RANK_1_RECORDED);
    trn_version_set(&version, 1, 10, TRN_RANK_0_INFERRED);
    CHECK_INT(trn_version_rank(&version, 1), TRN_RANK_0_INFERRED);
    CHECK_INT(version.keys[1], 10);
}

static void check_damaged(tern_value cell)
{
    struct trn_version version = {.ranks = 0x1234};
    tern_error error = {0};

    CHECK_INT(trn_version_decode(&cell, 3, &version, &error), TERN_ERR_CORRUPT);
    CHECK(version.ranks == 0x1234 && error.status == TERN_ERR_CORRUPT);
}

TEST(a_cell_that_holds_no_version_is_called_damaged_and_changes_nothing)
{
    check_damaged(tern_value_null());
    check_damaged(tern_value_text("12"));
    check_damaged(tern_value_real(1));
    check_damaged(tern_value_integer(-1));
    check_damaged(tern_value_integer((TRN_KEY_MAX + 1) << 16));
    check_damaged(tern_value_blob("", 0));
    check_damaged(tern_value_blob("\x01\x02\x03\x04", 4));
    check_damaged(tern_value_blob("\x01\x82", 2));
    check_damaged(tern_value_blob("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 8));
    check_damaged(tern_value_blob("\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 7));
}
