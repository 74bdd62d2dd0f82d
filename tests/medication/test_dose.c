/* Doses: the day's list, records, undo, as needed, missed. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

static tern_care_error error;

static int64_t actions(const char *action)
{
    char sql[128];

    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT count(*) FROM audit_logs WHERE action_type = '%s'",
                   action);
    return fixture_number(care_replica, sql);
}

static void begin(void)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
}

TEST(taking_within_grace_is_on_time_and_after_it_late)
{
    tern_dose_status status = TERN_DOSE_DUE;
    tern_id morning;
    tern_id night;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    care_clock("2026-03-02 06:59:59");
    care_ok(tern_dose_take(care, &morning, NULL, &status, &error), &error);
    CHECK_INT(status, TERN_DOSE_TAKEN_ON_TIME);
    care_clock("2026-03-02 19:01");
    care_ok(tern_dose_take(care, &night, NULL, &status, &error), &error);
    CHECK_INT(status, TERN_DOSE_TAKEN_LATE);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME, NIGHT LATE");
    CHECK_INT(actions("DOSE_TAKEN"), 2);
    care_end();
}

TEST(it_is_the_time_of_taking_that_counts)
{
    tern_dose_act act = {.size = sizeof(act), .was_offline = true};
    tern_id morning;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    care_clock("2026-03-04 20:00");
    act.taken_us = care_time("2026-03-02 06:31");
    care_ok(tern_dose_take(care, &morning, &act, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME, NIGHT MISSED");
    CHECK_INT(fixture_number(care_replica,
                             "SELECT was_offline FROM dose_events WHERE taken_at IS NOT NULL"),
              1);
    care_end();
}

TEST(too_early_and_too_late_change_nothing_unless_the_caller_insists)
{
    tern_dose_act act = {.size = sizeof(act), .insist = true};
    tern_id morning;
    tern_id night;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    CHECK_INT(tern_dose_take(care, &night, NULL, NULL, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_TOO_EARLY);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    CHECK_INT(actions("DOSE_TAKEN"), 0);
    care_ok(tern_dose_take(care, &night, &act, NULL, &error), &error);
    care_clock("2026-03-03 06:31");
    CHECK_INT(tern_dose_take(care, &morning, NULL, NULL, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_TOO_LATE);
    care_ok(tern_dose_take(care, &morning, &act, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE AFTER_24H, NIGHT ON_TIME EARLY");
    care_end();
}

TEST(a_suspect_clock_flags_and_refuses_nothing)
{
    tern_id morning;
    tern_id night;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    care_change_file("UPDATE tern_meta SET clock_suspect=1");
    care_ok(tern_dose_take(care, &night, NULL, NULL, &error), &error);
    care_clock("2026-03-09 12:00");
    care_ok(tern_dose_take(care, &morning, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE AFTER_24H CLOCK, NIGHT ON_TIME EARLY CLOCK");
    care_end();
}

TEST(a_clock_that_ran_back_is_suspect_before_any_sync_and_refuses_nothing)
{
    tern_dose_act act = {.size = sizeof(act)};
    tern_id morning;
    tern_id night;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    care_clock("2026-03-01 12:00"); /* the prescription was made on the second */
    act.taken_us = care_time("2026-03-02 06:40");
    care_ok(tern_dose_take(care, &morning, &act, NULL, &error), &error);
    care_ok(tern_dose_take(care, &night, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME AHEAD CLOCK, NIGHT ON_TIME EARLY CLOCK");
    care_end();
}

TEST(a_clock_that_ran_ahead_is_believed_until_a_sync_or_until_it_is_put_right)
{
    const tern_dose_act insist = {.size = sizeof(insist), .insist = true};
    tern_id morning;
    tern_id night;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    care_clock("2026-03-09 12:00");
    CHECK_INT(tern_dose_take(care, &morning, NULL, NULL, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_TOO_LATE);
    care_ok(tern_dose_take(care, &morning, &insist, NULL, &error), &error);
    care_clock("2026-03-02 18:30");
    care_ok(tern_dose_take(care, &night, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE AFTER_24H, NIGHT ON_TIME CLOCK");
    care_end();
}

TEST(a_record_is_not_overwritten_but_undone)
{
    tern_id morning;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    CHECK_INT(tern_dose_undo(care, &morning, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_RECORDED);
    care_ok(tern_dose_skip(care, &morning, "felt ill", false, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING SKIPPED, NIGHT DUE");
    CHECK_INT(tern_dose_take(care, &morning, NULL, NULL, &error), TERN_ERR_EXISTS);
    CHECK_INT(error.problem, TERN_PROBLEM_RECORDED);
    CHECK_INT(tern_dose_skip(care, &morning, NULL, false, &error), TERN_ERR_EXISTS);
    care_ok(tern_dose_undo(care, &morning, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE UNDONE, NIGHT DUE");
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE skip_reason IS NOT NULL"),
              0);
    CHECK_INT(actions("DOSE_SKIPPED"), 2);
    care_clock("2026-03-02 07:30");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED UNDONE, NIGHT DUE");
    care_ok(tern_dose_take(care, &morning, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE, NIGHT DUE");
    care_end();
}

TEST(no_such_dose_is_told)
{
    tern_id nothing = fixture_id(99);

    begin();
    CHECK_INT(tern_dose_take(care, &nothing, NULL, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_DOSE);
    CHECK_INT(tern_dose_list(care, NULL, "2026-02-30", NULL, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_dose_take(care, NULL, NULL, NULL, &error), TERN_ERR_MISUSE);
    care_end();
}

TEST(missed_doses_are_stored_in_bounded_steps_that_go_on_where_they_stopped)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    uint32_t total = 0;
    unsigned calls = 0;
    bool more = true;
    tern_id taken;

    begin();
    care_clock("2026-03-03 06:30");
    taken = care_dose("2026-03-03", "MORNING");
    care_ok(tern_dose_take(care, &taken, NULL, NULL, &error), &error);
    care_clock("2026-03-05 18:45");
    while (more) {
        care_ok(tern_doses_infer_missed(care, NULL, 2, &cursor, &missed, &more, &error), &error);
        total += missed;
        calls++;
    }
    CHECK_INT(total, 6);
    CHECK_INT(calls, 4);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        6);
    /* The one whose grace ran is looked at again. */
    care_clock("2026-03-05 19:00:01");
    care_ok(tern_doses_infer_missed(care, NULL, 2, &cursor, &missed, &more, &error), &error);
    CHECK_INT(missed, 1);
    CHECK_INT(actions("DOSE_MISSED"), 0);
    care_end();
}

/* A clock that was ahead has stored what had not come. */
TEST(a_guess_says_no_more_than_the_plan_does_by_now)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    bool more = true;

    begin();
    care_clock("2026-03-03 05:00");
    care_ok(tern_doses_infer_missed(care, NULL, 100, &cursor, &missed, &more, &error), &error);
    CHECK_INT(missed, 2);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, NIGHT MISSED");
    care_clock("2026-03-02 12:00");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, NIGHT DUE");
    care_end();
}

/* What another program says was missed is its word, whatever is prescribed. */
TEST(a_dose_that_came_as_missed_is_shown_although_nothing_yields_it)
{
    tern_id prescription;

    care_begin("2026-03-02 05:00");
    prescription = care_prescribe();
    fixture_run(care_replica,
                "UPDATE dose_events SET status = 'MISSED' WHERE local_date = '2026-03-02' AND slot "
                "= 'MORNING'");
    care_clock("2026-03-02 05:30");
    care_ok(tern_prescription_end(care, &prescription, &error), &error);
    care_clock("2026-03-04 12:00");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED");
    care_end();
}

static bool tell_flags(void *context, const tern_dose *dose)
{
    *(tern_kind *)context = dose->flags.kind;
    return true;
}

/* A program that does not know the flag of a guess leaves it beside what it records. */
TEST(the_flag_of_a_guess_is_told_of_no_record)
{
    tern_kind kind = TERN_BLOB;
    tern_id morning;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    morning = care_dose("2026-03-02", "MORNING");
    fixture_run(care_replica,
                "UPDATE dose_events SET status = 'TAKEN_LATE', taken_at = scheduled_time, flags = "
                "'INFERRED' WHERE local_date = '2026-03-02' AND slot = 'MORNING'");
    care_clock("2026-03-04 12:00");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE, NIGHT MISSED");
    care_ok(tern_dose_read(care, &morning, tell_flags, &kind, &error), &error);
    CHECK_INT(kind, TERN_NULL);
    care_end();
}

TEST(a_guess_yields_to_a_person_who_undid)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 9;
    bool more = true;
    tern_id morning;

    begin();
    morning = care_dose("2026-03-02", "MORNING");
    care_clock("2026-03-02 06:30");
    care_ok(tern_dose_take(care, &morning, NULL, NULL, &error), &error);
    care_ok(tern_dose_undo(care, &morning, &error), &error);
    care_clock("2026-03-02 09:00");
    care_ok(tern_doses_infer_missed(care, NULL, 100, &cursor, &missed, &more, &error), &error);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        0);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED UNDONE, NIGHT DUE");
    care_end();
}

TEST(what_was_taken_as_needed_and_undone_is_never_missed_and_can_be_recorded_again)
{
    tern_dose_act act = {.size = sizeof(act), .was_offline = true};
    tern_id medication;
    tern_id first;
    tern_id again;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    care_medicine.morning_dosage = NULL;
    (void)care_prescribe();
    medication = care_id("SELECT id FROM medications");
    care_clock("2026-03-02 22:15");
    act.taken_us = care_time("2026-03-02 22:00");
    care_ok(tern_dose_take_prn(care, &medication, &act, &first, &error), &error);
    care_ok(tern_dose_undo(care, &first, &error), &error);
    care_clock("2026-03-03 09:00");
    CHECK_TEXT(care_day("2026-03-02"), "");
    care_ok(tern_dose_take_prn(care, &medication, &act, &again, &error), &error);
    CHECK(memcmp(&first, &again, sizeof(first)) == 0);
    CHECK_TEXT(care_day("2026-03-02"), "22:00:00 ON_TIME");
    CHECK_INT(fixture_number(care_replica, "SELECT was_offline FROM dose_events"), 1);
    CHECK_INT(actions("DOSE_TAKEN"), 3);
    CHECK_INT(tern_dose_take_prn(care, &medication, &act, &again, &error), TERN_ERR_EXISTS);
    care_end();
}

TEST(what_was_taken_as_needed_is_on_time_however_late_it_is_recorded_again)
{
    tern_dose_status taken = TERN_DOSE_DUE;
    tern_dose_act act = {.size = sizeof(act)};
    tern_id medication;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    care_medicine.morning_dosage = NULL;
    (void)care_prescribe();
    medication = care_id("SELECT id FROM medications");
    care_ok(tern_dose_take_prn(care, &medication, NULL, &dose, &error), &error);
    for (int hours = 1; hours < 60; hours += 30) {
        care_ok(tern_dose_undo(care, &dose, &error), &error);
        fixture_clock.wall_us = care_time("2026-03-02 05:00") + hours * INT64_C(3600000000);
        care_ok(tern_dose_take(care, &dose, NULL, &taken, &error), &error);
        CHECK_INT(taken, TERN_DOSE_TAKEN_ON_TIME);
        CHECK_TEXT(care_day("2026-03-02"), "05:00:00 ON_TIME");
    }
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    act.taken_us = fixture_clock.wall_us + 6 * INT64_C(60000000);
    CHECK_INT(tern_dose_take(care, &dose, &act, &taken, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_AHEAD);
    care_end();
}

TEST(what_is_taken_as_needed_is_recorded_at_once)
{
    tern_dose_act act = {.size = sizeof(act)};
    tern_id medication;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    care_medicine.morning_dosage = NULL;
    (void)care_prescribe();
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 0);
    medication = care_id("SELECT id FROM medications");
    care_clock("2026-03-02 22:15:07");
    act.taken_us = care_time("2026-03-02 22:15:05");
    care_ok(tern_dose_take_prn(care, &medication, &act, &dose, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "22:15:05 ON_TIME");
    CHECK_INT(tern_dose_take_prn(care, &medication, &act, &dose, &error), TERN_ERR_EXISTS);
    CHECK_INT(error.problem, TERN_PROBLEM_RECORDED);
    act.taken_us = care_time("2026-03-02 22:21");
    CHECK_INT(tern_dose_take_prn(care, &medication, &act, &dose, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_AHEAD);
    CHECK_INT(actions("DOSE_TAKEN"), 1);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "");
    care_end();
}

/* Which the app read from a wall clock that is two minutes fast. */
TEST(a_time_of_taking_that_is_a_few_minutes_ahead_is_recorded_once_as_it_is)
{
    tern_dose_act act = {.size = sizeof(act), .taken_us = 0};
    tern_id medication;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    care_medicine.morning_dosage = NULL;
    (void)care_prescribe();
    medication = care_id("SELECT id FROM medications");
    act.taken_us = care_time("2026-03-02 05:02");
    care_ok(tern_dose_take_prn(care, &medication, &act, &dose, &error), &error);
    care_clock("2026-03-02 05:01"); /* and again, as its answer was lost on the app */
    CHECK_INT(tern_dose_take_prn(care, &medication, &act, &dose, &error), TERN_ERR_EXISTS);
    CHECK_TEXT(care_day("2026-03-02"), "05:02:00 ON_TIME");
    care_end();
}

TEST(a_time_of_taking_in_no_year_is_told_as_a_date_and_nothing_is_recorded)
{
    static const int64_t first_us = INT64_C(-62135596800000000); /* 0001-01-01 */
    static const int64_t last_us = INT64_C(253402300799999999);  /* 9999-12-31 */
    const int64_t taken[] = {INT64_MIN, first_us - 1, last_us + 1, INT64_MAX};
    tern_dose_act act = {.size = sizeof(act), .insist = true};
    tern_medicine two[2];
    tern_id morning;
    tern_id medication;

    care_begin("2026-03-02 05:00");
    two[0] = care_medicine;
    two[1] = (tern_medicine){.name = "as needed", .is_prn = true};
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    (void)care_prescribe();
    morning = care_dose("2026-03-02", "MORNING");
    medication = care_id("SELECT id FROM medications WHERE is_prn");
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        act.taken_us = taken[i];
        CHECK_INT(tern_dose_take(care, &morning, &act, NULL, &error), TERN_ERR_FORMAT);
        CHECK_INT(error.problem, TERN_PROBLEM_DATE);
        CHECK_INT(tern_dose_take_prn(care, &medication, &act, NULL, &error), TERN_ERR_FORMAT);
        CHECK_INT(error.problem, TERN_PROBLEM_DATE);
    }
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    CHECK_INT(actions("DOSE_TAKEN"), 0);
    act.taken_us = first_us;
    care_ok(tern_dose_take(care, &morning, &act, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME EARLY, NIGHT DUE");
    care_end();
}

TEST(what_is_scheduled_is_not_taken_as_needed)
{
    tern_id nothing = fixture_id(99);
    tern_id medication;

    begin();
    medication = care_id("SELECT id FROM medications");
    CHECK_INT(tern_dose_take_prn(care, &medication, NULL, NULL, &error), TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PRN);
    CHECK_INT(tern_dose_take_prn(care, &nothing, NULL, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATION);
    care_end();
}

static char shown[64];

static bool show(void *context, const tern_dose *dose)
{
    (void)context;
    (void)snprintf(shown,
                   sizeof(shown),
                   "%.*s %d",
                   (int)dose->slot.size,
                   (const char *)dose->slot.data,
                   (int)dose->status);
    return true;
}

TEST(one_dose_is_read_by_its_id_as_its_day_has_it)
{
    tern_id prescription;
    tern_id morning;
    tern_id night;

    care_begin("2026-03-02 05:00");
    prescription = care_prescribe();
    morning = care_dose("2026-03-02", "MORNING");
    night = care_dose("2026-03-02", "NIGHT");
    care_ok(tern_dose_read(care, &morning, show, NULL, &error), &error);
    CHECK_TEXT(shown, "MORNING 0");
    care_clock("2026-03-02 12:00");
    care_ok(tern_dose_read(care, &morning, show, NULL, &error), &error);
    CHECK_TEXT(shown, "MORNING 3");
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    care_ok(tern_dose_read(care, &morning, show, NULL, &error), &error);
    CHECK_TEXT(shown, "MORNING 3");
    shown[0] = '\0';
    CHECK_INT(tern_dose_read(care, &night, show, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_DOSE);
    CHECK_TEXT(shown, "");
    CHECK_INT(tern_dose_read(care, &prescription, show, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_DOSE);
    CHECK_INT(tern_dose_read(care, NULL, show, NULL, &error), TERN_ERR_MISUSE);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_dose_read(care, &morning, show, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    care_end();
}
