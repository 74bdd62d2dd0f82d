/* The order of stamps is total and does not depend on who is asked first. */
#include "model/stamp.h"

#include "tests/harness/harness.h"

enum { STAMPS = 18 };

/* Every combination of two ranks, three times and three devices. */
static struct trn_stamp stamp(unsigned i)
{
    static const int64_t times[] = {INT64_MIN, 0, INT64_MAX};
    struct trn_stamp stamp = {.rank = (enum trn_rank)(i / 9), .time_us = times[i / 3 % 3]};

    stamp.device.bytes[0] = (uint8_t)(i % 3 * 0x7F);
    return stamp;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

TEST(any_two_stamps_have_one_order_whoever_is_asked)
{
    for (unsigned a = 0; a < STAMPS; a++) {
        for (unsigned b = 0; b < STAMPS; b++) {
            struct trn_stamp left = stamp(a);
            struct trn_stamp right = stamp(b);

            CHECK_INT(sign(trn_stamp_compare(&left, &right)), (a > b) - (a < b));
        }
    }
}

TEST(what_was_recorded_is_after_whatever_was_inferred_later)
{
    struct trn_stamp recorded = {.rank = TRN_RANK_1_RECORDED, .time_us = 1};
    struct trn_stamp inferred = {.rank = TRN_RANK_0_INFERRED, .time_us = INT64_MAX};

    CHECK(trn_stamp_compare(&recorded, &inferred) > 0);
}
