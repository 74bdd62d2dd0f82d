/* The windows at their boundaries, to the microsecond. */
#include "medication/window.h"

#include "medication/calendar.h"
#include "tests/harness/harness.h"

static const int64_t due_us = INT64_C(1763600000000000);

static struct trn_window_verdict judge(int64_t after_us, bool insist, bool suspect)
{
    struct trn_window window = {.scheduled_us = due_us,
                                .grace_minutes = 30,
                                .taken_us = due_us + after_us,
                                .now_us = due_us + after_us,
                                .insist = insist,
                                .suspect = suspect};
    struct trn_window_verdict verdict;

    trn_window_judge(&window, &verdict);
    return verdict;
}

static void
expect(int64_t after_us, tern_problem problem, tern_dose_status status, const char *flags)
{
    CHECK_INT(judge(after_us, false, false).problem, problem);
    CHECK_INT(judge(after_us, true, false).problem, TERN_PROBLEM_NONE);
    CHECK_INT(judge(after_us, true, false).status, status);
    CHECK_TEXT(judge(after_us, true, false).flags, flags);
}

TEST(grace_and_the_day_after_include_both_their_ends)
{
    const int64_t grace_us = 30 * TRN_MINUTE_US;

    expect(-grace_us - 1, TERN_PROBLEM_TOO_EARLY, TERN_DOSE_TAKEN_ON_TIME, "EARLY");
    expect(-grace_us, TERN_PROBLEM_NONE, TERN_DOSE_TAKEN_ON_TIME, "");
    expect(0, TERN_PROBLEM_NONE, TERN_DOSE_TAKEN_ON_TIME, "");
    expect(grace_us, TERN_PROBLEM_NONE, TERN_DOSE_TAKEN_ON_TIME, "");
    expect(grace_us + 1, TERN_PROBLEM_NONE, TERN_DOSE_TAKEN_LATE, "");
    expect(TRN_DAY_US, TERN_PROBLEM_NONE, TERN_DOSE_TAKEN_LATE, "");
    expect(TRN_DAY_US + 1, TERN_PROBLEM_TOO_LATE, TERN_DOSE_TAKEN_LATE, "AFTER_24H");
}

TEST(a_problem_says_how_many_minutes)
{
    struct trn_window_verdict verdict = judge(-31 * TRN_MINUTE_US, false, false);

    CHECK_INT(verdict.first, 31);
    CHECK_INT(verdict.second, 30);
    CHECK_INT(judge(-31 * TRN_MINUTE_US - 1, false, false).first, 32);
    CHECK_INT(judge(TRN_DAY_US + 1, false, false).first, 24 * 60 + 1);
}

TEST(a_suspect_clock_refuses_nothing_and_flags_everything)
{
    CHECK_INT(judge(-TRN_DAY_US, false, true).problem, TERN_PROBLEM_NONE);
    CHECK_TEXT(judge(-TRN_DAY_US, false, true).flags, "EARLY CLOCK");
    CHECK_INT(judge(3 * TRN_DAY_US, false, true).problem, TERN_PROBLEM_NONE);
    CHECK_TEXT(judge(3 * TRN_DAY_US, false, true).flags, "AFTER_24H CLOCK");
    CHECK_TEXT(judge(0, false, true).flags, "CLOCK");
}

TEST(a_time_that_is_far_ahead_is_a_problem_of_its_own)
{
    struct trn_window window = {.scheduled_us = due_us,
                                .grace_minutes = 10,
                                .taken_us = due_us + 5 * TRN_MINUTE_US,
                                .now_us = due_us};
    struct trn_window_verdict verdict;

    trn_window_judge(&window, &verdict);
    CHECK_INT(verdict.problem, TERN_PROBLEM_NONE);
    CHECK_TEXT(verdict.flags, "");
    window.taken_us++;
    trn_window_judge(&window, &verdict);
    CHECK_INT(verdict.problem, TERN_PROBLEM_AHEAD);
    CHECK_INT(verdict.first, 6);
    window.taken_us = due_us + 2 * TRN_DAY_US;
    window.insist = true;
    trn_window_judge(&window, &verdict);
    CHECK_TEXT(verdict.flags, "AFTER_24H AHEAD");
}

TEST(moments_at_the_ends_of_time_are_judged_as_what_they_are)
{
    static const struct {
        int64_t scheduled_us;
        int64_t taken_us;
        int64_t now_us;
        tern_problem problem;
        int64_t first;
        const char *flags;
    } cases[] = {
        {0, INT64_MIN, 0, TERN_PROBLEM_TOO_EARLY, INT64_MAX / TRN_MINUTE_US + 1, "EARLY"},
        {1, INT64_MIN, 0, TERN_PROBLEM_TOO_EARLY, INT64_MAX / TRN_MINUTE_US + 1, "EARLY"},
        {INT64_MAX, 0, 0, TERN_PROBLEM_TOO_EARLY, INT64_MAX / TRN_MINUTE_US + 1, "EARLY"},
        {-1, INT64_MAX, 0, TERN_PROBLEM_TOO_LATE, INT64_MAX / TRN_MINUTE_US + 1, "AFTER_24H AHEAD"},
        {INT64_MIN, 0, 0, TERN_PROBLEM_TOO_LATE, INT64_MAX / TRN_MINUTE_US + 1, "AFTER_24H"},
        {INT64_MAX, INT64_MAX, -1, TERN_PROBLEM_AHEAD, INT64_MAX / TRN_MINUTE_US + 1, "AHEAD"},
        {INT64_MIN, INT64_MIN, INT64_MAX, TERN_PROBLEM_NONE, 0, ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trn_window window = {.scheduled_us = cases[i].scheduled_us,
                                    .grace_minutes = 30,
                                    .taken_us = cases[i].taken_us,
                                    .now_us = cases[i].now_us};
        struct trn_window_verdict verdict;

        trn_window_judge(&window, &verdict);
        CHECK_INT(verdict.problem, cases[i].problem);
        CHECK_INT(verdict.first, cases[i].first);
        CHECK_TEXT(verdict.flags, cases[i].flags);
    }
}

TEST(a_grace_ends_at_the_latest_at_the_end_of_time)
{
    CHECK_INT(trn_window_end(INT64_MAX, 30), INT64_MAX);
    CHECK_INT(trn_window_end(INT64_MAX - 30 * TRN_MINUTE_US, 30), INT64_MAX);
    CHECK_INT(trn_window_end(INT64_MIN, 30), INT64_MIN + 30 * TRN_MINUTE_US);
    CHECK_INT(trn_window_end(0, INT64_MAX), INT64_MAX);
    CHECK_INT(trn_window_end(-1, INT64_MIN), INT64_MIN);
    CHECK(!trn_window_has_passed(INT64_MAX, 30, due_us));
    CHECK(trn_window_has_passed(INT64_MIN, 30, due_us));
}

TEST(a_dose_is_missed_after_its_grace_and_not_before)
{
    CHECK(!trn_window_has_passed(due_us, 30, due_us + 30 * TRN_MINUTE_US));
    CHECK(trn_window_has_passed(due_us, 30, due_us + 30 * TRN_MINUTE_US + 1));
}
