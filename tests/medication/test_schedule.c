/* The rows of the days to come, on a replica. */
#include "tern/medication/reminder.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/settings.h"
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

static tern_id medication_of(int row)
{
    tern_statement *statement = NULL;
    tern_id id = {{0}};
    bool more = false;
    const char *sql = "SELECT id FROM medications WHERE row_number=?1 ORDER BY id";

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 1, tern_value_integer(row), NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &more, NULL), TERN_OK);
    CHECK(more);
    memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

/* A second medicine on the prescription, by an edit of today. */
static tern_id add_medicine(const tern_id *prescription, const tern_medicine *medicine)
{
    tern_medicine both[2] = {care_medicine, *medicine};
    tern_care_error error;

    both[0].id = medication_of(1);
    care_prescription.medicines = both;
    care_prescription.medicine_count = 2;
    care_ok(tern_prescription_edit(care, prescription, &care_prescription, "more", NULL, &error),
            &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    return medication_of(2);
}

TEST(a_medicine_that_an_edit_adds_is_taken_for_its_whole_duration)
{
    const tern_medicine antibiotic = {.name = "an antibiotic",
                                      .daytime_dosage = "{\"amount\":1}",
                                      .duration_days = 7};
    tern_care_error error;
    tern_id prescription;

    care_begin("2026-03-02 06:00");
    prescription = care_prescribe();
    care_clock("2026-03-21 09:00");
    (void)add_medicine(&prescription, &antibiotic);
    CHECK_TEXT(care_day("2026-03-21"), "MORNING MISSED, DAYTIME DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-27"), "MORNING DUE, DAYTIME DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-28"), "MORNING DUE, NIGHT DUE");
    /* Another zone does not shift it. */
    care_clock("2026-03-22 09:00");
    fixture_run(care_replica, "UPDATE users SET time_zone='Pacific/Honolulu'");
    (void)generate();
    CHECK_TEXT(care_day("2026-03-27"), "MORNING DUE, DAYTIME DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-28"), "MORNING DUE, NIGHT DUE");
    fixture_run(care_replica, "UPDATE users SET time_zone='Asia/Phnom_Penh'");
    (void)generate();
    /* Once another version has come, what passed is judged by the days that it had. */
    care_clock("2026-03-29 06:00");
    care_prescription.medicine_count = 1;
    care_medicine.id = medication_of(1);
    care_prescription.medicines = &care_medicine;
    care_ok(tern_prescription_edit(care, &prescription, &care_prescription, "over", NULL, &error),
            &error);
    CHECK_TEXT(care_day("2026-03-27"), "MORNING MISSED, DAYTIME MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-28"), "MORNING MISSED, NIGHT MISSED");
    care_end();
}

/* The day on which a medicine begins that is added by a wall clock, of a prescription from March 2
 * on. */
static void check_beginning(const char *wall, int offset_days, const char *day)
{
    const tern_medicine course = {.name = "an antibiotic", .daytime_dosage = "{}"};
    tern_id prescription;
    char sql[120];

    care_begin("2026-03-02 06:00");
    prescription = care_prescribe();
    care_compare_clock(offset_days * INT64_C(86400));
    care_clock(wall);
    (void)add_medicine(&prescription, &course);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM medications WHERE starts_on='%s'", day);
    CHECK_INT(fixture_number(care_replica, sql), 1);
    care_end();
}

TEST(a_clock_that_is_suspect_lets_no_medicine_begin_later_than_it_is)
{
    check_beginning("2025-03-21 09:00", 365, "2025-03-21");  /* behind: with its prescription */
    check_beginning("2026-03-21 09:00", 365, "2026-03-21");  /* was behind, and was put right */
    check_beginning("2027-03-21 09:00", -365, "2026-03-21"); /* ahead */
}

TEST(a_medicine_that_an_edit_adds_begins_no_earlier_than_its_prescription)
{
    const tern_medicine antibiotic = {.name = "an antibiotic",
                                      .daytime_dosage = "{\"amount\":1}",
                                      .duration_days = 2};
    tern_id prescription;

    care_begin("2026-02-20 06:00");
    prescription = care_prescribe();
    (void)add_medicine(&prescription, &antibiotic);
    CHECK_TEXT(care_day("2026-03-01"), "");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, DAYTIME DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING DUE, DAYTIME DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-04"), "MORNING DUE, NIGHT DUE");
    care_end();
}

static tern_status try_words(const char *frequency, const char *timing, tern_care_error *error)
{
    tern_id id;

    care_medicine = (tern_medicine){.name = "a medicine", .frequency = frequency, .timing = timing};
    return tern_prescription_create(care, &care_prescription, NULL, &id, error);
}

TEST(a_relation_to_meals_names_no_number_of_times)
{
    tern_care_error error;
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_ok(try_words("twice a day", "AC", &error), &error);
    care_ok(try_words("twice a day", "PC", &error), &error);
    care_ok(try_words("once a day", "C; with water", &error), &error);
    care_ok(try_words("once a week", "mon; AC", &error), &error);
    care_medicine.morning_dosage = "{}";
    care_medicine.timing = "mon; thu; AC";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_CHECK);
    CHECK_INT(try_words("twice a day", "CM; CD; CV", &error), TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_TIMES);
    care_end();
}

static tern_status edit_words(const tern_id *id, const char *frequency, const char *timing)
{
    tern_care_error error;
    tern_status status;

    care_medicine.id = medication_of(1);
    care_medicine.frequency = frequency;
    care_medicine.timing = timing;
    status = tern_prescription_edit(care, id, &care_prescription, "why", NULL, &error);
    CHECK(status == TERN_OK || error.problem == TERN_PROBLEM_TIMES);
    return status;
}

TEST(times_that_came_by_a_sync_hold_up_no_edit_that_leaves_them)
{
    tern_care_error error;
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_medicine = (tern_medicine){.name = "a medicine"};
    id = care_prescribe();
    CHECK_INT(edit_words(&id, "once a day", "08:00; 20:00"), TERN_ERR_CHECK);
    fixture_run(care_replica,
                "UPDATE medications SET frequency='once a day', timing='08:00; 20:00'");
    CHECK_INT(edit_words(&id, "once a day", "08:00; 20:00"), TERN_OK);
    CHECK_INT(edit_words(&id, "once a day", "08:00; 21:00"), TERN_ERR_CHECK);
    CHECK_INT(edit_words(&id, "1 times a day", "08:00; 20:00"), TERN_ERR_CHECK);
    /* In another prescription it is new. */
    care_medicine.frequency = "once a day";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_CHECK);
    care_end();
}

TEST(a_row_of_a_dose_that_gives_way_to_another_is_not_shown)
{
    tern_care_error error;

    care_begin("2026-03-02 05:00");
    care_medicine = (tern_medicine){.name = "a medicine", .timing = "02:30; 03:30"};
    (void)care_prescribe();
    CHECK_TEXT(care_day("2026-03-08"), "02:30 DUE, 03:30 DUE");
    care_ok(tern_settings_set_time_zone(care, "America/New_York", &error), &error);
    CHECK_TEXT(care_day("2026-03-08"), "03:30 DUE");
    (void)generate();
    CHECK_TEXT(care_day("2026-03-08"), "03:30 DUE");
    CHECK_TEXT(care_day("2026-03-09"), "02:30 DUE, 03:30 DUE");
    care_end();
}

TEST(every_some_hours_keeps_to_its_hours_when_meals_move)
{
    tern_care_error error;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_ok(tern_settings_set_meals(care, "6:00", NULL, NULL, &error), &error);
    care_medicine = (tern_medicine){.name = "a medicine", .frequency = "every 8 hours"};
    (void)care_prescribe();
    CHECK_TEXT(care_day("2026-03-02"), "06:00 DUE, 14:00 DUE, 22:00 DUE");
    care_clock("2026-03-02 06:00");
    dose = care_dose("2026-03-02", "06:00");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    care_ok(tern_settings_set_meals(care, "9:00", NULL, NULL, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "06:00 ON_TIME, 14:00 DUE, 22:00 DUE");
    CHECK_TEXT(care_day("2026-03-03"), "06:00 DUE, 14:00 DUE, 22:00 DUE");
    care_end();
}

static tern_care_error edit_error;

/* The one medicine under its id, with other words. */
static void say_otherwise(const tern_id *prescription, const char *frequency)
{
    care_medicine.id = medication_of(1);
    care_medicine.frequency = frequency;
    care_ok(
        tern_prescription_edit(care, prescription, &care_prescription, "other", NULL, &edit_error),
        &edit_error);
    (void)generate();
}

static tern_id prescribe_hours(const char *frequency)
{
    care_begin("2026-03-02 05:00");
    care_medicine = (tern_medicine){.name = "hours", .frequency = frequency};
    return care_prescribe();
}

TEST(hours_that_an_edit_changes_go_on_from_the_last_dose)
{
    tern_care_error error;
    tern_id prescription = prescribe_hours("every 8 hours");
    tern_id dose;

    care_clock("2026-03-04 23:10");
    dose = care_dose("2026-03-04", "23:00");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    say_otherwise(&prescription, "every 6 hours");
    CHECK_TEXT(care_day("2026-03-04"), "07:00 MISSED, 15:00 MISSED, 23:00 ON_TIME");
    CHECK_TEXT(care_day("2026-03-05"), "05:00 DUE, 11:00 DUE, 17:00 DUE, 23:00 DUE");
    /* An edit of something else leaves them. */
    care_clock("2026-03-05 12:00");
    care_medicine.name = "other";
    say_otherwise(&prescription, "every 6 hours");
    CHECK_TEXT(care_day("2026-03-05"), "05:00 MISSED, 11:00 MISSED, 17:00 DUE, 23:00 DUE");
    CHECK_TEXT(care_day("2026-03-06"), "05:00 DUE, 11:00 DUE, 17:00 DUE, 23:00 DUE");
    /* Also one that is made in a pause. */
    care_clock("2026-03-06 17:10");
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    say_otherwise(&prescription, "every 8 hours");
    care_ok(tern_prescription_resume(care, &prescription, &error), &error);
    (void)generate();
    CHECK_TEXT(care_day("2026-03-07"), "01:00 DUE, 09:00 DUE, 17:00 DUE");
    care_end();
}

TEST(hours_that_keep_a_dose_where_the_last_one_was_keep_all)
{
    tern_id prescription = prescribe_hours("every 6 hours");

    care_clock("2026-03-04 20:00");
    say_otherwise(&prescription, "every 12 hours");
    CHECK_INT(fixture_number(care_replica, "SELECT first_minute FROM medications"), 420);
    CHECK_TEXT(care_day("2026-03-05"), "07:00 DUE, 19:00 DUE");
    care_end();
}

static bool keep_nearest(void *context, const tern_dose *dose)
{
    int64_t *nearest_us = context;

    if (dose->status == TERN_DOSE_DUE && dose->scheduled_us > nearest_us[0] &&
        dose->scheduled_us < nearest_us[1]) {
        nearest_us[1] = dose->scheduled_us;
    }
    return true;
}

/* The last dose of the words until now lies before the edit; the next one of the new words is at
 * least as far from it as they say. */
TEST(no_edit_of_hours_brings_a_dose_nearer_to_the_last_than_they_allow)
{
    static const int hours[] = {5, 6, 8, 36};
    enum { COUNT = sizeof(hours) / sizeof(hours[0]) };
    const int64_t hour_us = INT64_C(3600000000);

    for (size_t i = 0; i < COUNT * COUNT; i++) {
        int from = hours[i / COUNT];
        int to = hours[i % COUNT];
        char words[2][30];
        tern_id prescription;
        tern_care_error error;
        int64_t first_us;
        int64_t now_us;
        int64_t nearest_us[2];

        (void)snprintf(words[0], sizeof(words[0]), "every %d hours", from);
        (void)snprintf(words[1], sizeof(words[1]), "every %d hours", to);
        prescription = prescribe_hours(words[0]);
        first_us = care_time("2026-03-02 07:00");
        care_clock(i % 2 == 0 ? "2026-03-05 23:40" : "2026-03-06 13:05");
        now_us = care_time(i % 2 == 0 ? "2026-03-05 23:40" : "2026-03-06 13:05");
        say_otherwise(&prescription, words[1]);
        nearest_us[0] = first_us + (now_us - first_us) / (from * hour_us) * (from * hour_us);
        nearest_us[1] = INT64_MAX;
        care_ok(tern_dose_list(care, NULL, "2026-03-05", keep_nearest, nearest_us, &error), &error);
        care_ok(tern_dose_list(care, NULL, "2026-03-06", keep_nearest, nearest_us, &error), &error);
        care_ok(tern_dose_list(care, NULL, "2026-03-07", keep_nearest, nearest_us, &error), &error);
        CHECK(nearest_us[1] - nearest_us[0] >= to * hour_us);
        care_end();
    }
}

/* At half past midnight, after the dose of 23:00. */
static void restart_hours(const char *start_date, const char *frequency)
{
    tern_id prescription = prescribe_hours("every 8 hours");

    care_clock("2026-03-05 00:30");
    care_prescription.start_date = start_date;
    say_otherwise(&prescription, frequency);
}

TEST(hours_go_on_from_the_last_dose_whatever_start_the_edit_names)
{
    restart_hours("2026-03-05", "every 12 hours");
    CHECK_TEXT(care_day("2026-03-05"), "11:00 DUE, 23:00 DUE");
    care_end();
    restart_hours("2026-03-05", "every 36 hours");
    CHECK_TEXT(care_day("2026-03-05"), "");
    CHECK_TEXT(care_day("2026-03-06"), "11:00 DUE");
    care_end();
    restart_hours("2026-03-03", "every 12 hours");
    CHECK_TEXT(care_day("2026-03-05"), "11:00 DUE, 23:00 DUE");
    care_end();
    restart_hours("2026-03-06", "every 12 hours"); /* long enough after it */
    CHECK_TEXT(care_day("2026-03-06"), "07:00 DUE, 19:00 DUE");
    care_end();
}

TEST(hours_after_slots_go_on_from_the_last_slot_once_its_grace_is_over)
{
    tern_id prescription;

    care_begin("2026-03-02 05:00");
    prescription = care_prescribe(); /* 06:30 and 18:30 */
    care_clock("2026-03-03 19:45");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    say_otherwise(&prescription, "every 6 hours");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-04"), "00:30 DUE, 06:30 DUE, 12:30 DUE, 18:30 DUE");
    care_end();
    care_begin("2026-03-02 05:00");
    prescription = care_prescribe();
    care_clock("2026-03-03 18:35");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    say_otherwise(&prescription, "every 6 hours");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING MISSED, 19:00 DUE"); /* the one of the night */
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

TEST(a_dose_that_is_moved_has_the_grace_of_when_it_was_moved)
{
    tern_care_error error;
    const char *const mornings =
        "SELECT count(*) FROM dose_events WHERE slot = 'MORNING' AND grace_minutes = 60";

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_ok(tern_settings_set_grace(care, 60, &error), &error);
    (void)generate();
    CHECK_INT(fixture_number(care_replica, mornings), 0);
    care_ok(tern_settings_set_meals(care, "9:00", NULL, NULL, &error), &error);
    CHECK_INT(generate().moved, 30);
    CHECK_INT(fixture_number(care_replica, mornings), 30);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE slot = 'NIGHT' AND "
                             "grace_minutes = 30"),
              30);
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
    bool all = false;
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
    care_ok(tern_reminders_read(care, NULL, &cursor, count_reminder, &reminders, &all, &error),
            &error);
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
