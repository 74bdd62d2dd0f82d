/* The windows, at their boundaries: both ends of grace and of the 24 hours belong inside. Any
 * moment is judged, as far from the others as it may be. */
#include "medication/window.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/calendar.h"

/* As far ahead as a clock may be that is not said to be wrong. */
#define AHEAD_US (5 * TRN_MINUTE_US)

static int64_t minutes_up(int64_t us)
{
    return us / TRN_MINUTE_US + (us % TRN_MINUTE_US > 0 ? 1 : 0);
}

static void add_flag(struct trn_window_verdict *verdict, const char *flag)
{
    size_t used = strlen(verdict->flags);

    if (used > 0) {
        verdict->flags[used++] = ' ';
    }
    memcpy(verdict->flags + used, flag, strlen(flag) + 1);
}

static void object(struct trn_window_verdict *verdict,
                   tern_problem problem,
                   const char *flag,
                   int64_t first,
                   int64_t second)
{
    add_flag(verdict, flag);
    if (verdict->problem == TERN_PROBLEM_NONE) {
        verdict->problem = problem;
        verdict->first = first;
        verdict->second = second;
    }
}

void trn_window_judge(const struct trn_window *window, struct trn_window_verdict *ret_verdict)
{
    int64_t grace_us = window->grace_minutes * TRN_MINUTE_US;
    int64_t after_us = trn_us_difference(window->taken_us, window->scheduled_us);
    struct trn_window_verdict verdict = {
        .status = after_us > (TRN_MUTANT(CARE_LATE_ON_TIME) ? TRN_DAY_US : grace_us)
                      ? TERN_DOSE_TAKEN_LATE
                      : TERN_DOSE_TAKEN_ON_TIME};

    if (after_us < -grace_us) {
        object(&verdict,
               TERN_PROBLEM_TOO_EARLY,
               "EARLY",
               minutes_up(trn_us_difference(0, after_us)),
               window->grace_minutes);
    }
    if (after_us > TRN_DAY_US) {
        object(&verdict, TERN_PROBLEM_TOO_LATE, "AFTER_24H", minutes_up(after_us), 0);
    }
    if (trn_us_difference(window->taken_us, window->now_us) > AHEAD_US) {
        object(&verdict,
               TERN_PROBLEM_AHEAD,
               "AHEAD",
               minutes_up(trn_us_difference(window->taken_us, window->now_us)),
               0);
    }
    if (window->insist || window->suspect) {
        verdict.problem = TERN_PROBLEM_NONE;
    }
    if (window->suspect) {
        add_flag(&verdict, "CLOCK");
    }
    *ret_verdict = verdict;
}

int64_t trn_window_end(int64_t scheduled_us, int64_t grace_minutes)
{
    return trn_us_sum(scheduled_us, trn_us_minutes(grace_minutes));
}

bool trn_window_has_passed(int64_t scheduled_us, int64_t grace_minutes, int64_t now_us)
{
    return now_us >
           trn_window_end(scheduled_us, TRN_MUTANT(CARE_MISSED_IN_GRACE) ? 0 : grace_minutes);
}
