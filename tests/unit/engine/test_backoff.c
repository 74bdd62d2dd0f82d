/* Waiting between attempts. */
#include "engine/backoff.h"
#include "tests/harness/harness.h"

TEST(waits_grow_and_stay_below_their_bound)
{
    int64_t bound = TRN_BACKOFF_FIRST_MS;

    for (uint32_t failures = 1; failures < 40; failures++) {
        for (uint32_t random = 0; random < 3000; random += 7) {
            int64_t wait = trn_backoff_wait_ms(failures, -1, random);

            CHECK(wait >= bound / 2 && wait <= bound);
        }
        bound = bound * 2 < TRN_BACKOFF_LONGEST_MS ? bound * 2 : TRN_BACKOFF_LONGEST_MS;
    }
}

TEST(devices_that_failed_together_do_not_come_back_together)
{
    CHECK(trn_backoff_wait_ms(5, -1, 1) != trn_backoff_wait_ms(5, -1, 1000));
    CHECK(trn_backoff_wait_ms(1, 30000, 1) != trn_backoff_wait_ms(1, 30000, 100));
}

TEST(the_server_s_time_is_kept_within_reason)
{
    CHECK(trn_backoff_wait_ms(1, 30000, 0) >= 30000);
    CHECK(trn_backoff_wait_ms(1, 30000, UINT32_MAX) < 31000);
    CHECK(trn_backoff_wait_ms(1, INT64_MAX, 0) < TRN_BACKOFF_SERVER_LONGEST_MS + 1000);
}
