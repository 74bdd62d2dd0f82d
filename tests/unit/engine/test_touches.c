/* Touches: the latest of each row is found, and what a failed statement added is taken back. */
#include "engine/touches.h"

#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"

static tern_status touch(struct trn_touches *touches, size_t table, int64_t rowid)
{
    struct trn_touch item = {.table = &tables_schema()->tables[table], .rowid = rowid};

    return trn_touches_add(touches, &item);
}

static size_t latest(const struct trn_touches *touches, size_t table, int64_t rowid)
{
    return trn_touches_latest(touches, &tables_schema()->tables[table], rowid);
}

TEST(each_rows_latest_touch_leads_to_the_one_before)
{
    struct trn_touches touches = {0};

    CHECK_INT(latest(&touches, TABLES_DOSES, 7), TRN_NO_TOUCH);
    CHECK_INT(touch(&touches, TABLES_DOSES, 7), TERN_OK);
    CHECK_INT(touch(&touches, TABLES_KINDS, 7), TERN_OK);
    CHECK_INT(touch(&touches, TABLES_DOSES, 7), TERN_OK);
    CHECK_INT(latest(&touches, TABLES_DOSES, 7), 2);
    CHECK_INT(touches.items[2].previous, 0);
    CHECK(touches.items[2].is_latest && touches.items[1].is_latest && !touches.items[0].is_latest);
    CHECK_INT(touches.items[0].previous, TRN_NO_TOUCH);
    CHECK_INT(latest(&touches, TABLES_KINDS, 7), 1);
    CHECK_INT(latest(&touches, TABLES_KINDS, 8), TRN_NO_TOUCH);
    trn_touches_free(&touches);
}

TEST(what_is_cut_off_is_as_if_it_had_never_been)
{
    struct trn_touches touches = {0};

    for (int64_t rowid = 0; rowid < 500; rowid++) {
        CHECK_INT(touch(&touches, TABLES_DOSES, rowid), TERN_OK);
    }
    for (int64_t rowid = 400; rowid < 900; rowid++) {
        CHECK_INT(touch(&touches, TABLES_DOSES, rowid), TERN_OK);
    }
    trn_touches_cut(&touches, 500);
    CHECK_INT(touches.count, 500);
    CHECK(touches.items[450].is_latest && touches.items[499].is_latest);
    for (int64_t rowid = 0; rowid < 900; rowid++) {
        CHECK_INT(latest(&touches, TABLES_DOSES, rowid),
                  rowid < 500 ? (size_t)rowid : TRN_NO_TOUCH);
    }
    CHECK_INT(touch(&touches, TABLES_DOSES, 899), TERN_OK);
    CHECK_INT(latest(&touches, TABLES_DOSES, 899), 500);
    trn_touches_clear(&touches);
    CHECK_INT(latest(&touches, TABLES_DOSES, 1), TRN_NO_TOUCH);
    CHECK_INT(touch(&touches, TABLES_DOSES, 1), TERN_OK);
    trn_touches_clear(&touches);
    CHECK_INT(latest(&touches, TABLES_DOSES, 1), TRN_NO_TOUCH);
    trn_touches_free(&touches);
}

TEST(a_touch_that_found_no_memory_changes_nothing)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_touches touches = {0};
        tern_status status = TERN_OK;

        for (int64_t rowid = 0; rowid < 100 && status == TERN_OK; rowid++) {
            size_t count = touches.count;

            status = touch(&touches, TABLES_DOSES, rowid);
            CHECK_INT(touches.count, status == TERN_OK ? count + 1 : count);
            CHECK_INT(latest(&touches, TABLES_DOSES, rowid),
                      status == TERN_OK ? count : TRN_NO_TOUCH);
        }
        trn_touches_free(&touches);
    }
}
