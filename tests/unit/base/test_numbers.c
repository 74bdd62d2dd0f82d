/* The set of numbers. */
#include "base/numbers.h"

#include "tests/harness/harness.h"

TEST(a_set_of_numbers_holds_what_was_added_and_nothing_else)
{
    struct trn_numbers set = {0};

    CHECK(!trn_numbers_has(&set, 1));
    for (int64_t i = 1; i <= 5000; i++) {
        CHECK(trn_numbers_add(&set, i * 3) == TERN_OK);
        CHECK(trn_numbers_add(&set, i * 3) == TERN_OK);
    }
    CHECK(trn_numbers_add(&set, INT64_MAX) == TERN_OK);
    CHECK_INT(set.count, 5001);
    for (int64_t i = 0; i <= 15003; i++) {
        CHECK(trn_numbers_has(&set, i) == (i > 0 && i <= 15000 && i % 3 == 0));
    }
    CHECK(trn_numbers_has(&set, INT64_MAX));
    trn_numbers_clear(&set);
    CHECK(!trn_numbers_has(&set, 3));
    CHECK_INT(set.count, 0);
    CHECK(trn_numbers_add(&set, 3) == TERN_OK);
    CHECK(trn_numbers_has(&set, 3));
    trn_numbers_free(&set);
    CHECK(!trn_numbers_has(&set, 3));
}

TEST(a_set_of_numbers_keeps_what_it_holds_when_memory_runs_out)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_numbers set = {0};
        tern_status status = TERN_OK;
        int64_t added = 0;

        while (added < 200 && status == TERN_OK) {
            status = trn_numbers_add(&set, added + 1);
            added += status == TERN_OK;
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK_INT(set.count, added);
        for (int64_t i = 1; i <= added; i++) {
            CHECK(trn_numbers_has(&set, i));
        }
        trn_numbers_free(&set);
    }
}
