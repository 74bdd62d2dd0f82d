/* The hybrid logical clock, ages, and the server's correction: a wrong clock wins nothing for ever
 * and refuses nothing. */
#include "model/clock.h"

#include "tests/harness/harness.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define YEAR_US (INT64_C(365) * 24 * HOUR_US)
#define NOON_US (INT64_C(1763640000) * SECOND_US) /* 20 November 2025, 12:00 UTC */
/* A reading of a wall clock alone. */
#define AT(wall) (&(const struct trn_reading){.wall_us = (wall)})

static const tern_id boot_a = {{0xA}};
static const tern_id boot_b = {{0xB}};
static const tern_id no_boot;

TEST(stamps_follow_the_wall_and_never_repeat_when_it_stands_or_runs_back)
{
    struct trn_clock clock = {0};

    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US)), NOON_US);
    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US)), NOON_US + 1);
    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US - HOUR_US)), NOON_US + 2);
    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US + HOUR_US)), NOON_US + HOUR_US);
    CHECK_INT(clock.last_us, NOON_US + HOUR_US);
}

/* Kulkarni 2014, theorem 1: what happened before has the smaller stamp, however the clocks stand.
 */
TEST(a_stamp_is_after_every_stamp_its_writer_had_seen)
{
    struct trn_clock fast = {0};
    struct trn_clock slow = {0};
    int64_t last = 0;

    for (int round = 0; round < 100; round++) {
        int64_t there = trn_clock_issue(&fast, AT(NOON_US + HOUR_US + round / 3));
        int64_t here;

        trn_clock_observe(&slow, there);
        here = trn_clock_issue(&slow, AT(NOON_US + round / 7));
        CHECK(there > last && here > there);
        trn_clock_observe(&fast, here);
        last = here;
    }
}

/* Kulkarni 2014, bounded drift: a clock runs ahead of the fastest wall by no more than it issued.
 */
TEST(the_logical_part_stays_within_what_was_issued)
{
    struct trn_clock clock = {0};

    for (int i = 0; i < 1000; i++) {
        CHECK(trn_clock_issue(&clock, AT(NOON_US)) < NOON_US + 1000);
    }
    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US + SECOND_US)), NOON_US + SECOND_US);
}

TEST(an_older_stamp_seen_changes_nothing)
{
    struct trn_clock clock = {.last_us = NOON_US};

    trn_clock_observe(&clock, NOON_US - 1);
    CHECK_INT(clock.last_us, NOON_US);
}

TEST(the_offset_is_measured_at_the_middle_of_the_exchange)
{
    struct trn_clock clock = {0};

    CHECK_INT(trn_clock_now(&clock, AT(NOON_US)), NOON_US);
    trn_clock_measure(&clock, NOON_US, NOON_US + HOUR_US, AT(NOON_US + HOUR_US + 2 * SECOND_US));
    CHECK_INT(clock.offset_us, -HOUR_US - SECOND_US);
    CHECK_INT(trn_clock_now(&clock, AT(NOON_US + HOUR_US + SECOND_US)), NOON_US);
    trn_clock_measure(&clock, NOON_US, NOON_US + HOUR_US, AT(NOON_US));
    CHECK_INT(clock.offset_us, 0);
}

/* A phone that slept between a request and its answer: the server may have spoken at any time
 * between. */
TEST(a_long_exchange_moves_an_offset_no_further_than_it_proves)
{
    struct trn_clock clock = {.offset_us = 3 * SECOND_US, .offset_known = true};

    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + 8 * HOUR_US));
    CHECK_INT(clock.offset_us, 0);
    clock.offset_us = -3 * SECOND_US;
    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + 8 * HOUR_US));
    CHECK_INT(clock.offset_us, -3 * SECOND_US);
    clock.offset_us = -9 * HOUR_US;
    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + 8 * HOUR_US));
    CHECK_INT(clock.offset_us, -8 * HOUR_US);
}

TEST(a_long_exchange_leaves_a_wall_alone_that_it_does_not_prove_wrong)
{
    struct trn_clock clock = {0};

    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + 8 * HOUR_US));
    CHECK(!clock.offset_known);
    CHECK_INT(trn_clock_now(&clock, AT(NOON_US)), NOON_US);
    trn_clock_measure(&clock, NOON_US, NOON_US + YEAR_US, AT(NOON_US + YEAR_US + 8 * HOUR_US));
    CHECK(clock.offset_known);
    CHECK_INT(clock.offset_us, -YEAR_US);
}

TEST(a_short_exchange_measures_better_than_an_offset_that_may_have_drifted)
{
    struct trn_clock clock = {.offset_us = SECOND_US, .offset_known = true};

    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + TRN_CLOCK_TRIP_US));
    CHECK_INT(clock.offset_us, -TRN_CLOCK_TRIP_US / 2);
    clock.offset_us = SECOND_US;
    trn_clock_measure(&clock, NOON_US, NOON_US, AT(NOON_US + TRN_CLOCK_TRIP_US + 1));
    CHECK_INT(clock.offset_us, 0);
}

TEST(after_one_exchange_a_clock_three_years_off_stamps_as_the_server_would)
{
    struct trn_clock clock = {0};

    trn_clock_measure(&clock, NOON_US, NOON_US + 3 * YEAR_US, AT(NOON_US + 3 * YEAR_US));
    CHECK_INT(trn_clock_issue(&clock, AT(NOON_US + 3 * YEAR_US + HOUR_US)), NOON_US + HOUR_US);
}

TEST(in_the_boot_of_its_measurement_an_offset_is_of_a_clock_that_nobody_sets)
{
    struct trn_clock clock = {0};
    struct trn_reading reading = {NOON_US + HOUR_US, 10 * SECOND_US, boot_a};

    trn_clock_measure(&clock, NOON_US, reading.wall_us, &reading);
    CHECK_INT(trn_clock_offset(&clock, &reading), -HOUR_US);
    reading = (struct trn_reading){NOON_US - YEAR_US, 70 * SECOND_US, boot_a};
    CHECK_INT(trn_clock_now(&clock, &reading), NOON_US + MINUTE_US);
    CHECK_INT(trn_clock_offset(&clock, &reading), YEAR_US + MINUTE_US);
    CHECK_INT(trn_clock_issue(&clock, &reading), NOON_US + MINUTE_US);
    reading.boot = boot_b; /* nothing but the wall clock has gone on */
    CHECK_INT(trn_clock_now(&clock, &reading), NOON_US - YEAR_US - HOUR_US);
}

TEST(a_platform_without_boots_has_nothing_but_its_wall_clock)
{
    struct trn_clock clock = {0};
    struct trn_reading reading = {NOON_US + HOUR_US, 10 * SECOND_US, no_boot};

    trn_clock_measure(&clock, NOON_US, reading.wall_us, &reading);
    reading.wall_us += SECOND_US;
    reading.monotonic_us += HOUR_US;
    CHECK_INT(trn_clock_now(&clock, &reading), NOON_US + SECOND_US);
}

TEST(a_long_exchange_in_which_the_wall_was_set_is_measured_by_what_the_clock_knew)
{
    struct trn_clock clock = {0};
    struct trn_reading reading = {NOON_US, 0, boot_a};

    trn_clock_measure(&clock, NOON_US, NOON_US, &reading);
    reading = (struct trn_reading){NOON_US - YEAR_US, 9 * HOUR_US, boot_a};
    trn_clock_measure(&clock, NOON_US + 5 * HOUR_US, reading.wall_us - 8 * HOUR_US, &reading);
    CHECK_INT(trn_clock_now(&clock, &reading), NOON_US + 9 * HOUR_US);
}

TEST(within_one_boot_age_does_not_care_for_the_wall)
{
    struct trn_reading then = {NOON_US + 3 * YEAR_US, 10 * SECOND_US, boot_a};
    struct trn_reading now = {NOON_US, 70 * SECOND_US, boot_a};

    CHECK_INT(trn_clock_age(&then, &now), MINUTE_US);
    now.monotonic_us = 0;
    CHECK_INT(trn_clock_age(&then, &now), 0);
}

TEST(across_boots_age_is_the_wall_difference_and_never_negative)
{
    struct trn_reading then = {NOON_US, 500 * SECOND_US, boot_a};
    struct trn_reading now = {NOON_US + HOUR_US, SECOND_US, boot_b};

    CHECK_INT(trn_clock_age(&then, &now), HOUR_US);
    now.wall_us = NOON_US - HOUR_US;
    CHECK_INT(trn_clock_age(&then, &now), 0);
}

TEST(where_the_platform_names_no_boot_the_wall_decides)
{
    struct trn_reading then = {NOON_US, 500 * SECOND_US, no_boot};
    struct trn_reading now = {NOON_US + HOUR_US, 501 * SECOND_US, no_boot};

    CHECK_INT(trn_clock_age(&then, &now), HOUR_US);
}

/* A claim of a device whose clock is right: written an hour ago, sent now. */
static struct trn_claim honest(void)
{
    return (struct trn_claim){.time_us = NOON_US - HOUR_US,
                              .age_us = HOUR_US,
                              .sent_us = NOON_US,
                              .received_us = NOON_US,
                              .newest_base_us = INT64_MIN,
                              .previous_us = INT64_MIN};
}

static int64_t stored(struct trn_claim claim, bool expect_corrected)
{
    bool corrected = !expect_corrected;
    int64_t time_us = trn_clock_store(&claim, &corrected);

    CHECK_INT(corrected, expect_corrected);
    CHECK_INT(trn_clock_store(&claim, NULL), time_us);
    return time_us;
}

TEST(an_honest_claim_is_stored_as_it_is)
{
    struct trn_claim claim = honest();

    CHECK_INT(stored(claim, false), NOON_US - HOUR_US);
    claim.sent_us += TRN_CLOCK_TOLERANCE_US;
    claim.time_us += TRN_CLOCK_TOLERANCE_US;
    CHECK_INT(stored(claim, false), claim.time_us);
}

TEST(a_clock_three_years_ahead_is_replaced_by_age)
{
    struct trn_claim claim = honest();

    claim.time_us += 3 * YEAR_US;
    claim.sent_us += 3 * YEAR_US;
    CHECK_INT(stored(claim, true), NOON_US - HOUR_US);
}

TEST(a_clock_three_years_behind_is_replaced_by_age)
{
    struct trn_claim claim = honest();

    claim.time_us -= 3 * YEAR_US;
    claim.sent_us -= 3 * YEAR_US;
    CHECK_INT(stored(claim, true), NOON_US - HOUR_US);
}

TEST(a_clock_corrected_between_writing_and_sending_is_seen)
{
    struct trn_claim claim = honest();

    claim.time_us += 3 * YEAR_US;
    CHECK_INT(stored(claim, true), NOON_US - HOUR_US);
    claim.time_us = NOON_US - HOUR_US - 3 * YEAR_US;
    CHECK_INT(stored(claim, true), NOON_US - HOUR_US);
}

TEST(a_clock_broken_between_writing_and_sending_is_seen)
{
    struct trn_claim claim = honest();

    claim.sent_us += 3 * YEAR_US;
    claim.age_us = 2 * HOUR_US;
    CHECK_INT(stored(claim, true), NOON_US - 2 * HOUR_US);
}

TEST(nothing_is_stored_more_than_five_minutes_ahead)
{
    struct trn_claim claim = honest();

    claim.age_us = 0;
    claim.time_us = NOON_US + TRN_CLOCK_AHEAD_US;
    CHECK_INT(stored(claim, false), NOON_US + TRN_CLOCK_AHEAD_US);
    claim.time_us++;
    CHECK_INT(stored(claim, true), NOON_US);
    claim.age_us = -3 * YEAR_US;
    CHECK_INT(stored(claim, true), NOON_US);
}

TEST(a_device_s_stored_times_rise_strictly_whatever_it_claims)
{
    struct trn_claim claim = honest();
    int64_t previous = INT64_MIN;

    for (int i = 0; i < 50; i++) {
        int64_t time_us;

        claim.time_us = NOON_US + (i * 7919 % 100 - 50) * HOUR_US * 1000;
        claim.age_us = i * 104729 % 100 * HOUR_US;
        claim.previous_us = previous;
        time_us = trn_clock_store(&claim, NULL);
        CHECK(time_us > previous);
        previous = time_us;
    }
    CHECK(previous <= NOON_US + TRN_CLOCK_AHEAD_US + 50);
}

TEST(what_was_seen_is_before_what_was_written_on_it)
{
    struct trn_claim claim = honest();

    claim.newest_base_us = NOON_US;
    CHECK_INT(stored(claim, false), NOON_US + 1);
    claim.previous_us = NOON_US + 7;
    CHECK_INT(stored(claim, false), NOON_US + 8);
}

TEST(no_reading_overflows_and_no_time_is_before_1970)
{
    struct trn_claim claim = honest();
    struct trn_clock clock = {.last_us = INT64_MAX, .offset_us = INT64_MAX, .offset_known = true};
    struct trn_reading then = {INT64_MIN, INT64_MIN, boot_a};
    struct trn_reading now = {INT64_MAX, INT64_MAX, boot_a};

    claim.time_us = INT64_MIN;
    claim.sent_us = INT64_MAX;
    claim.age_us = INT64_MAX;
    CHECK_INT(stored(claim, true), 0);
    claim.received_us = INT64_MIN;
    CHECK_INT(stored(claim, true), INT64_MIN + TRN_CLOCK_AHEAD_US);
    CHECK_INT(trn_clock_issue(&clock, AT(INT64_MAX)), INT64_MAX);
    trn_clock_measure(&clock, INT64_MAX, INT64_MIN, AT(INT64_MAX));
    trn_clock_measure(&clock, INT64_MIN, INT64_MAX, AT(INT64_MIN));
    CHECK_INT(trn_clock_age(&then, &now), INT64_MAX);
}

TEST(a_re_offered_time_goes_through_unmoved)
{
    struct trn_claim claim = honest();

    claim.time_us = NOON_US - YEAR_US;
    claim.sent_us = claim.received_us;
    claim.age_us = claim.received_us - claim.time_us;
    CHECK_INT(stored(claim, false), NOON_US - YEAR_US);
}

/* The whole story: a phone in 2031 writes, is put right, syncs, and is then a phone like any. */
TEST(one_day_in_2031_poisons_nothing)
{
    int64_t wrong = NOON_US + 6 * YEAR_US;
    struct trn_clock phone = {0};
    struct trn_claim claim = honest();
    int64_t first = trn_clock_issue(&phone, AT(wrong));
    int64_t second = trn_clock_issue(&phone, AT(NOON_US)); /* put right; still after the first */
    int64_t stored_first;
    int64_t stored_second;

    CHECK(second > first);
    claim.time_us = first;
    claim.age_us = HOUR_US;
    stored_first = stored(claim, true);
    claim.time_us = second;
    claim.age_us = MINUTE_US;
    claim.newest_base_us = claim.previous_us = stored_first;
    stored_second = stored(claim, true);
    CHECK_INT(stored_first, NOON_US - HOUR_US);
    CHECK_INT(stored_second, NOON_US - MINUTE_US);
    trn_clock_measure(&phone, NOON_US, NOON_US, AT(NOON_US));
    trn_clock_anchor(&phone, stored_second);
    CHECK_INT(trn_clock_issue(&phone, AT(NOON_US + SECOND_US)), NOON_US + SECOND_US);
}
