/* The rows of the days to come, on a replica. */
#include "tern/medication/reminder.h"
#include "tests/medication/fixture.h"

static tern_schedule_report generate(void)
{
    tern_schedule_report report = {0};
    tern_care_error error;

    care_ok(tern_schedule_generate(care, NULL, &report, &error), &error);
    return report;
}

TEST(thirty_days_are_made_once_however_often)
{
    tern_schedule_report report;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 60);
    report = generate();
    CHECK_INT(report.made, 0);
    CHECK_INT(report.moved, 0);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 60);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-31"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-04-01"), "");
    care_clock("2026-03-03 05:00");
    CHECK_INT(generate().made, 2);
    care_end();
}

TEST(rows_that_were_deleted_are_not_made_again)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    fixture_run(care_replica, "DELETE FROM dose_events");
    CHECK_INT(generate().made, 0);
    CHECK_TEXT(care_day("2026-03-03"), "");
    care_end();
}

TEST(a_dose_whose_time_has_passed_is_not_invented)
{
    care_begin("2026-03-02 12:00");
    (void)care_prescribe();
    CHECK_TEXT(care_day("2026-03-02"), "NIGHT DUE");
    care_end();
}

TEST(generating_is_a_guess_that_queues_no_record)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM audit_logs"), 2);
    care_end();
}

TEST(another_meal_time_moves_future_doses_without_a_record_alone)
{
    tern_care_error error;
    tern_id taken;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-02 06:40");
    taken = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &taken, NULL, NULL, &error), &error);
    fixture_run(care_replica,
                "INSERT INTO meal_time_preferences(id, user_id, morning_meal) VALUES("
                "tern_key('meal_time_preferences', x'6170692d666978747572652d00000001'), "
                "x'6170692d666978747572652d00000001', '8-9AM')");
    CHECK_INT(generate().moved, 29);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE reminder_time = '08:00'"),
              29);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE reminder_time = '06:30' AND "
                             "status = 'TAKEN_ON_TIME'"),
              1);
    care_end();
}

TEST(grace_is_the_one_in_force_when_the_dose_was_scheduled)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    fixture_run(care_replica, "UPDATE users SET grace_period_minutes = 10");
    CHECK_INT(generate().moved, 0);
    CHECK_INT(fixture_number(care_replica, "SELECT min(grace_minutes) FROM dose_events"), 30);
    care_clock("2026-03-03 05:00");
    CHECK_INT(generate().made, 2);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE grace_minutes = 10"),
        2);
    care_end();
}

TEST(words_that_make_no_schedule_are_told)
{
    care_begin("2026-03-02 05:00");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    care_medicine.frequency = "every 4-6 hours";
    (void)care_prescribe();
    CHECK_INT(generate().unscheduled, 1);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 0);
    care_end();
}

static bool count_medication(void *context, const tern_medication *medication)
{
    (*(int *)context)++;
    return medication != NULL;
}

static bool count_reminder(void *context, const tern_reminder *reminder)
{
    (*(int *)context)++;
    return reminder != NULL;
}

TEST(a_start_that_no_calendar_has_stops_no_other_medication)
{
    tern_missed_cursor missed = {.scheduled_us = 0};
    tern_care_error error;
    int64_t cursor = 0;
    int medications = 0;
    int reminders = 0;
    bool more = false;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    /* 9999-12-31 23:00 by UTC: in Phnom Penh another year has begun. */
    fixture_run(care_replica,
                "INSERT INTO prescriptions(id, created_at, patient_id, patient_name, status) "
                "VALUES(x'00000000000000000000000000000077', 253402297200000000, "
                "x'6170692d666978747572652d00000001', 'x', 'ACTIVE')");
    fixture_run(care_replica,
                "INSERT INTO medications(id, prescription_id, row_number, medicine_name, "
                "morning_dosage) VALUES(x'00000000000000000000000000000078', "
                "x'00000000000000000000000000000077', 1, 'x', "
                "'{\"amount\":1}')");
    fixture_run(care_replica,
                "INSERT INTO dose_events(id, prescription_id, medication_id, patient_id, "
                "scheduled_time, local_date, slot, time_period, grace_minutes) SELECT "
                "tern_key('dose_events', x'00000000000000000000000000000078', local_date, slot), "
                "x'00000000000000000000000000000077', x'00000000000000000000000000000078', "
                "patient_id, scheduled_time, "
                "local_date, slot, time_period, grace_minutes FROM dose_events "
                "WHERE slot = 'MORNING'");
    CHECK_INT(generate().unscheduled, 1);
    care_clock("2026-03-03 05:00");
    CHECK_INT(generate().made, 2);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING DUE, NIGHT DUE");
    care_ok(tern_medication_list(care, NULL, 0, count_medication, &medications, &error), &error);
    CHECK_INT(medications, 2);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_reminder, &reminders, &error), &error);
    CHECK_INT(reminders, 60);
    care_ok(tern_doses_infer_missed(care, NULL, 100, &missed, NULL, &more, &error), &error);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        2);
    care_end();
}

TEST(a_zone_that_is_unknown_here_is_a_problem_and_never_utc)
{
    tern_care_error error;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    fixture_run(care_replica, "UPDATE users SET time_zone = 'Asia/Nowhere'");
    CHECK_INT(tern_schedule_generate(care, NULL, NULL, &error), TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_ZONE);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 60);
    care_end();
}

TEST(nobody_who_is_not_here_is_scheduled)
{
    tern_id nobody = fixture_id(77);
    tern_care_error error;

    care_begin("2026-03-02 05:00");
    CHECK_INT(tern_schedule_generate(care, &nobody, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    care_end();
}
