/* One sync at a time. */
#include "engine/lease.h"
#include "tests/harness/harness.h"

#define MINUTE_US (INT64_C(60) * 1000000)

static const tern_id first = {{1}};
static const tern_id second = {{2}};

static struct trn_reading at(int64_t wall_us, int64_t monotonic_us, uint8_t boot)
{
    return (struct trn_reading){wall_us, monotonic_us, {{boot}}};
}

TEST(a_second_session_waits_for_the_first_to_end)
{
    struct trn_meta meta = {0};
    struct trn_reading now = at(1000 * MINUTE_US, MINUTE_US, 1);

    CHECK(trn_lease_take(&meta, &first, &now));
    CHECK(!trn_lease_take(&meta, &second, &now));
    CHECK(trn_lease_take(&meta, &first, &now));
    trn_lease_release(&meta, &second);
    CHECK(!trn_lease_take(&meta, &second, &now));
    trn_lease_release(&meta, &first);
    CHECK(trn_lease_take(&meta, &second, &now));
}

TEST(a_dead_session_s_lease_runs_out_by_the_monotonic_clock)
{
    struct trn_meta meta = {0};
    struct trn_reading then = at(1000 * MINUTE_US, MINUTE_US, 1);
    struct trn_reading soon = at(9000 * MINUTE_US, 2 * MINUTE_US, 1); /* the wall clock jumped */
    struct trn_reading later = at(1 * MINUTE_US, 10 * MINUTE_US, 1);

    CHECK(trn_lease_take(&meta, &first, &then));
    CHECK(!trn_lease_take(&meta, &second, &soon));
    CHECK(trn_lease_take(&meta, &second, &later));
    CHECK(!trn_lease_take(&meta, &first, &later));
}

TEST(a_reboot_ends_a_lease_at_once)
{
    struct trn_meta meta = {0};
    struct trn_reading then = at(1000 * MINUTE_US, 50 * MINUTE_US, 1);
    struct trn_reading now = at(1000 * MINUTE_US, MINUTE_US, 2);

    CHECK(trn_lease_take(&meta, &first, &then));
    CHECK(trn_lease_take(&meta, &second, &now));
}

TEST(without_a_boot_id_the_wall_clock_decides_even_when_it_ran_back)
{
    struct trn_meta meta = {0};
    struct trn_reading then = at(1000 * MINUTE_US, 50 * MINUTE_US, 0);
    struct trn_reading soon = at(1001 * MINUTE_US, MINUTE_US, 0);
    struct trn_reading later = at(1010 * MINUTE_US, MINUTE_US, 0);
    struct trn_reading back = at(10 * MINUTE_US, MINUTE_US, 0);

    CHECK(trn_lease_take(&meta, &first, &then));
    CHECK(!trn_lease_take(&meta, &second, &soon));
    CHECK(trn_lease_is_held(&meta, &soon));
    CHECK(!trn_lease_is_held(&meta, &later));
    CHECK(trn_lease_take(&meta, &second, &back));
}
