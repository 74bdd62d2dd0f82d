/* Reminders: each call lists what differs from what was listed before, and nothing else. */
#include "tern/medication/reminder.h"

#include "tern/medication/settings.h"
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

static tern_care_error error;
static int set;
static int cancelled;
static bool all;
static tern_reminder last;

static bool count(void *context, const tern_reminder *reminder)
{
    (void)context;
    set += !reminder->is_cancelled;
    cancelled += reminder->is_cancelled;
    last = *reminder;
    return true;
}

static void expect(int64_t *cursor, int expected_set, int expected_cancelled)
{
    set = 0;
    cancelled = 0;
    care_ok(tern_reminders_read(care, NULL, cursor, count, NULL, &all, &error), &error);
    CHECK_INT(set, expected_set);
    CHECK_INT(cancelled, expected_cancelled);
}

TEST(only_the_difference_is_listed)
{
    int64_t cursor = 0;
    int64_t other = 0;
    tern_id prescription;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    expect(&cursor, 0, 0);
    prescription = care_prescribe();
    expect(&cursor, 60, 0);
    CHECK(all);
    expect(&cursor, 0, 0);
    CHECK(!all);
    care_clock("2026-03-02 06:30");
    dose = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    expect(&cursor, 0, 1);
    CHECK(memcmp(&last.dose, &dose, sizeof(dose)) == 0);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    expect(&cursor, 1, 0);
    CHECK_INT(last.at_us[0], care_time("2026-03-02 06:30"));
    CHECK_INT(last.at_us[1], care_time("2026-03-02 06:40"));
    CHECK_INT(last.at_us[3], care_time("2026-03-02 07:00"));
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    expect(&cursor, 0, 60);
    care_ok(tern_prescription_resume(care, &prescription, &error), &error);
    expect(&cursor, 60, 0);
    expect(&other, 60, 0);
    care_ok(tern_settings_set_meals(care, NULL, NULL, "19:00", &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    expect(&cursor, 30, 0);
    care_clock("2026-03-02 12:00");
    expect(&cursor, 0, 0);
    expect(&cursor, 0, 0);
    care_end();
}

/* What each reminder said last, between bars. */
static char said[200];

static void write_text(tern_value value)
{
    size_t used = strlen(said);

    (void)snprintf(said + used,
                   sizeof(said) - used,
                   "|%.*s",
                   value.kind == TERN_TEXT ? (int)value.size : 1,
                   value.kind == TERN_TEXT ? (const char *)value.data : "-");
}

static bool note_said(void *context, const tern_reminder *reminder)
{
    said[0] = '\0';
    write_text(reminder->medicine_name);
    write_text(reminder->medicine_name_khmer);
    write_text(reminder->dosage);
    return count(context, reminder);
}

static void expect_said(int64_t *cursor, int expected_set, const char *expected)
{
    set = 0;
    cancelled = 0;
    care_ok(tern_reminders_read(care, NULL, cursor, note_said, NULL, &all, &error), &error);
    CHECK_INT(set, expected_set);
    CHECK_TEXT(said, expected);
}

static tern_id first_medicine(void)
{
    tern_id id = {{0}};
    tern_statement *statement = NULL;
    const char *sql = "SELECT id FROM medications WHERE deleted_at IS NULL";
    bool row = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

static void edit(const tern_id *prescription)
{
    care_medicine.id = first_medicine();
    care_ok(tern_prescription_edit(care, prescription, &care_prescription, "why", NULL, &error),
            &error);
}

TEST(an_edit_of_what_is_said_sets_the_reminders_anew_at_the_same_times)
{
    int64_t cursor = 0;
    tern_id prescription;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_medicine.morning_dosage = NULL;
    prescription = care_prescribe();
    expect_said(&cursor, 30, "|a medicine|-|{\"amount\":2,\"before_meal\":false}");
    dose = last.dose;
    care_medicine.night_dosage = "{\"amount\":1,\"before_meal\":false}";
    edit(&prescription);
    expect_said(&cursor, 30, "|a medicine|-|{\"amount\":1,\"before_meal\":false}");
    CHECK_INT(cancelled, 0);
    CHECK(memcmp(&last.dose, &dose, sizeof(dose)) == 0);
    care_medicine.name = "another";
    edit(&prescription);
    expect_said(&cursor, 30, "|another|-|{\"amount\":1,\"before_meal\":false}");
    care_medicine.name_khmer = "\u1780";
    edit(&prescription);
    expect_said(&cursor, 30, "|another|\u1780|{\"amount\":1,\"before_meal\":false}");
    care_prescription.diagnosis = "what no reminder says";
    edit(&prescription);
    expect(&cursor, 0, 0);
    care_clock("2026-03-02 12:00");
    care_medicine.name = "a third";
    edit(&prescription);
    expect(&cursor, 30, 0);
    care_end();
}

TEST(what_is_cancelled_says_nothing_and_keeps_nothing_of_it)
{
    int64_t cursor = 0;
    tern_id prescription;

    care_begin("2026-03-02 05:00");
    prescription = care_prescribe();
    expect(&cursor, 60, 0);
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    expect_said(&cursor, 0, "|-|-|-");
    CHECK_INT(cancelled, 60);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(said) + count(medication) FROM care_listed"),
        0);
    care_end();
}

TEST(at_most_a_hundred_are_set_and_later_ones_come_as_they_near)
{
    int64_t cursor = 0;

    care_begin("2026-03-02 05:00");
    care_medicine.frequency = "every 2 hours";
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    expect(&cursor, 100, 0);
    care_clock("2026-03-03 05:45");
    expect(&cursor, 12, 0);
    care_end();
}

/* A platform rings by its own clock. */
TEST(a_reminder_rings_at_its_true_time_where_a_sync_found_the_clock_wrong)
{
    int64_t cursor = 0;
    int64_t hour_us = INT64_C(3600000000);

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    expect(&cursor, 60, 0);
    CHECK_INT(last.at_us[0], last.scheduled_us);
    care_compare_clock(-3600);
    expect(&cursor, 60, 0);
    CHECK(!all);
    CHECK_INT(last.at_us[0], last.scheduled_us + hour_us);
    CHECK_INT(last.at_us[3] - last.at_us[0], hour_us / 2);
    care_compare_clock(-3600 + 30);
    expect(&cursor, 0, 0);
    care_compare_clock(-3600 + 31);
    expect(&cursor, 60, 0);
    CHECK_INT(last.at_us[0], last.scheduled_us + hour_us - 31000000);
    care_compare_clock(7200);
    expect(&cursor, 59, 0); /* 07:00: that of 06:30 is over */
    CHECK_INT(last.at_us[0], last.scheduled_us - 2 * hour_us);
    care_end();
}

TEST(a_servers_time_that_is_none_moves_no_reminder_out_of_its_numbers)
{
    int64_t cursor = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_change_file("UPDATE tern_meta SET offset_known=1,offset=-9223372036854775807-1");
    expect(&cursor, 60, 0);
    care_change_file("UPDATE tern_meta SET offset=9223372036854775807");
    expect(&cursor, 0, 0);
    care_end();
}

TEST(reminders_are_listed_whole_or_not_at_all_when_memory_runs_out)
{
    int64_t cursor = 0;
    int64_t read = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(tern_reminders_read(care, NULL, NULL, count, NULL, &all, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_reminders_read(care, NULL, &cursor, count, NULL, NULL, &error), TERN_ERR_MISUSE);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_reminders_read(care, NULL, &cursor, count, NULL, &all, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK((cursor != 0) >= (status == TERN_OK));
        read += status == TERN_OK;
    }
    CHECK(read > 0);
    expect(&cursor, 0, 0);
    care_end();
}

/* ---- What is taken as needed ---- */

static tern_id prn_medicine(void)
{
    tern_id id = {{0}};
    tern_statement *statement = NULL;
    const char *sql = "SELECT id FROM medications WHERE is_prn AND deleted_at IS NULL";
    bool row = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row);
    memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

static tern_id prescribe_prn(void)
{
    care_begin("2026-03-02 05:00");
    care_medicine =
        (tern_medicine){.name = "as needed", .is_prn = true, .frequency = "every 6 hours"};
    return care_prescribe();
}

static void set_times(size_t count, const int32_t *minutes)
{
    const tern_id medicine = prn_medicine();

    care_ok(tern_medication_set_prn_times(care, &medicine, minutes, count, &error), &error);
}

static const int32_t presets[] = TERN_PRN_PRESETS;

TEST(what_is_taken_as_needed_has_no_reminders_until_the_patient_sets_times)
{
    int64_t cursor = 0;

    (void)prescribe_prn();
    expect(&cursor, 0, 0);
    set_times(4, presets);
    expect(&cursor, 100, 0);
    expect(&cursor, 0, 0);
    set_times(0, NULL);
    expect(&cursor, 0, 100);
    expect(&cursor, 0, 0);
    care_end();
}

TEST(a_time_that_the_patient_set_rings_once_and_names_the_medicine)
{
    const int32_t minute = 7 * 60;
    int64_t cursor = 0;
    int64_t again = 0;
    tern_id medicine;
    tern_id dose;
    tern_id first;

    (void)prescribe_prn();
    medicine = prn_medicine();
    care_prescription.end_date = "2026-03-02";
    set_times(1, &minute);
    expect(&cursor, 30, 0);
    care_clock("2026-03-31 06:59");
    expect(&cursor, 29, 0);
    CHECK(last.is_prn);
    CHECK_INT(last.rings, 1);
    CHECK(memcmp(&last.medication, &medicine, sizeof(medicine)) == 0);
    CHECK_INT(last.scheduled_us, care_time("2026-04-29 07:00"));
    CHECK_INT(last.at_us[0], last.scheduled_us);
    first = last.dose;
    care_ok(tern_dose_take_prn(care, &medicine, NULL, &dose, &error), &error);
    expect(&cursor, 0, 0);
    care_clock("2026-03-31 07:00");
    expect(&cursor, 0, 0);
    care_clock("2026-03-31 07:01");
    expect(&cursor, 0, 0);
    expect(&again, 29, 0);
    CHECK(memcmp(&last.dose, &first, sizeof(first)) == 0);
    care_end();
}

TEST(times_stop_with_the_prescription_and_come_back_under_their_names)
{
    const int32_t minute = 7 * 60;
    int64_t cursor = 0;
    tern_id prescription = prescribe_prn();
    tern_id name;

    set_times(1, &minute);
    expect(&cursor, 30, 0);
    name = last.dose;
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    expect(&cursor, 0, 30);
    CHECK(last.is_prn);
    care_ok(tern_prescription_resume(care, &prescription, &error), &error);
    expect(&cursor, 30, 0);
    CHECK(memcmp(&last.dose, &name, sizeof(name)) == 0);
    care_ok(tern_prescription_end(care, &prescription, &error), &error);
    expect(&cursor, 0, 30);
    care_end();
}

TEST(times_keep_within_the_days_of_the_prescription)
{
    const int32_t minutes[] = {7 * 60, 4 * 60};
    int64_t cursor = 0;

    care_begin("2026-03-02 05:00");
    care_medicine = (tern_medicine){.name = "as needed", .is_prn = true, .duration_days = 3};
    (void)care_prescribe();
    set_times(2, minutes);
    expect(&cursor, 5, 0);
    care_end();
}

TEST(another_zone_moves_the_times_and_keeps_their_names)
{
    const int32_t minute = 7 * 60;
    int64_t cursor = 0;
    tern_id name;

    (void)prescribe_prn();
    set_times(1, &minute);
    expect(&cursor, 30, 0);
    name = last.dose;
    care_ok(tern_settings_set_time_zone(care, "Asia/Kolkata", &error), &error);
    expect(&cursor, 30, 0);
    CHECK(memcmp(&last.dose, &name, sizeof(name)) == 0);
    CHECK_INT(last.scheduled_us, care_time("2026-03-31 08:30"));
    care_end();
}

static bool keep_set(void *context, const tern_reminder *reminder)
{
    return reminder->is_cancelled || count(context, reminder);
}

/* Looks for the name that the last of the reminders should have. */
static int64_t names_last(const char *local_date)
{
    char sql[200];
    char digits[2 * sizeof(last.dose.bytes) + 1];

    for (size_t i = 0; i < sizeof(last.dose.bytes); i++) {
        (void)snprintf(digits + 2 * i, 3, "%02x", last.dose.bytes[i]);
    }
    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT count(*) FROM medications WHERE tern_key('dose_events', id, '%s', "
                   "'PRN 07:00') = x'%s'",
                   local_date,
                   digits);
    return fixture_number(care_replica, sql);
}

TEST(a_time_is_named_by_medicine_date_and_time_on_every_day_and_in_every_zone)
{
    static const struct {
        const char *zone;
        const char *now; /* in Phnom Penh, seven hours ahead of UTC */
        const char *last_date;
    } cases[] = {{"Asia/Phnom_Penh", "2026-03-02 06:30", "2026-03-31"},
                 {"Asia/Phnom_Penh", "2026-03-02 23:30", "2026-03-31"},
                 {"Pacific/Kiritimati", "2026-03-03 06:30", "2026-04-01"},
                 {"Pacific/Pago_Pago", "2026-03-04 07:30", "2026-04-01"}};
    const int32_t minute = 7 * 60;

    (void)prescribe_prn();
    set_times(1, &minute);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t cursor = 0;

        care_clock(cases[i].now);
        care_ok(tern_settings_set_time_zone(care, cases[i].zone, &error), &error);
        care_ok(tern_reminders_read(care, NULL, &cursor, keep_set, NULL, &all, &error), &error);
        CHECK_INT(names_last(cases[i].last_date), 1);
    }
    care_end();
}

TEST(times_and_doses_share_the_hundred_by_time)
{
    const int32_t minute = 7 * 60 + 1;
    int64_t cursor = 0;
    tern_medicine medicines[2];

    care_begin("2026-03-02 05:00");
    medicines[0] = care_medicine;
    medicines[0].frequency = "every 2 hours";
    medicines[0].morning_dosage = NULL;
    medicines[0].night_dosage = NULL;
    medicines[1] = (tern_medicine){.name = "as needed", .is_prn = true};
    care_prescription.medicines = medicines;
    care_prescription.medicine_count = 2;
    (void)care_prescribe();
    expect(&cursor, 100, 0);
    set_times(1, &minute);
    expect(&cursor, 8, 8);
    care_end();
}

TEST(setting_times_is_one_recorded_act_with_its_audit_row)
{
    const int32_t minutes[] = {18 * 60, 0, 18 * 60};

    (void)prescribe_prn();
    set_times(3, minutes);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM medications WHERE prn_times="
                             "'[\"00:00\",\"18:00\"]'"),
              1);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM audit_logs a JOIN medications m"
                             " ON m.id=a.resource_id WHERE a.action_type='PRESCRIPTION_UPDATE'"
                             " AND json_extract(a.details,'$.prn_times')"),
              1);
    care_end();
}

TEST(an_edit_leaves_the_patients_times_alone)
{
    const int32_t minute = 7 * 60;
    int64_t cursor = 0;
    tern_id prescription = prescribe_prn();

    set_times(1, &minute);
    expect(&cursor, 30, 0);
    care_medicine.id = prn_medicine();
    care_medicine.frequency = "every 8 hours";
    care_ok(tern_prescription_edit(care, &prescription, &care_prescription, "why", NULL, &error),
            &error);
    expect(&cursor, 0, 0);
    care_medicine.name = "another name";
    care_ok(tern_prescription_edit(care, &prescription, &care_prescription, "why", NULL, &error),
            &error);
    expect(&cursor, 30, 0);
    care_medicine.is_prn = false;
    care_ok(tern_prescription_edit(care, &prescription, &care_prescription, "why", NULL, &error),
            &error);
    expect(&cursor, 0, 30);
    care_end();
}

TEST(times_that_are_none_and_medicines_that_have_none_are_refused)
{
    static const int32_t bad[][2] = {{0, -1}, {0, 1440}};
    static const int32_t many[TERN_PRN_TIMES_MAX + 1];
    int64_t cursor = 0;
    tern_id medicine;

    (void)prescribe_prn();
    medicine = prn_medicine();
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(tern_medication_set_prn_times(care, &medicine, bad[i], 2, &error),
                  TERN_ERR_RANGE);
        CHECK_INT(error.problem, TERN_PROBLEM_PRN_TIME);
        CHECK_INT(error.first, 1);
    }
    CHECK_INT(tern_medication_set_prn_times(care, &medicine, many, TERN_PRN_TIMES_MAX + 1, &error),
              TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_PRN_TIME);
    CHECK_INT(tern_medication_set_prn_times(care, &medicine, NULL, 1, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_medication_set_prn_times(care, &(tern_id){{9}}, bad[0], 1, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATION);
    fixture_run(care_replica, "UPDATE medications SET is_prn=0");
    CHECK_INT(tern_medication_set_prn_times(care, &medicine, bad[0], 1, &error), TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PRN);
    fixture_run(care_replica,
                "UPDATE medications SET is_prn=1, prn_times='[\"24:00\",7,\"7:00\"]'");
    expect(&cursor, 0, 0);
    care_end();
}

TEST(nobody_but_the_patient_sets_the_times)
{
    tern_id medicine;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    fixture_run(care_replica, "UPDATE users SET role='DOCTOR'");
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'PATIENT')");
    care_prescription.patient = fixture_id(2);
    (void)care_prescribe();
    medicine = prn_medicine();
    CHECK_INT(tern_medication_set_prn_times(care, &medicine, presets, 4, &error),
              TERN_ERR_FORBIDDEN);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PATIENT);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM medications WHERE prn_times IS NOT NULL"),
              0);
    care_end();
}

TEST(times_are_set_whole_or_not_at_all_when_memory_runs_out)
{
    int64_t cursor = 0;
    int64_t done = 0;
    tern_id medicine;

    (void)prescribe_prn();
    medicine = prn_medicine();
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_medication_set_prn_times(care, &medicine, presets, 1, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        done += status == TERN_OK;
    }
    CHECK(done > 0);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM audit_logs WHERE resource_type='medications'"),
              done);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_reminders_read(care, NULL, &cursor, count, NULL, &all, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    care_end();
}
