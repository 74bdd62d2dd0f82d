/* Settings, and what they do to the doses to come. */
#include "tern/medication/settings.h"

#include <stdio.h>

#include "tern/outbox.h"
#include "tests/medication/fixture.h"

static tern_care_error error;

static tern_settings read_settings(void)
{
    tern_settings settings = {.size = sizeof(settings)};

    care_ok(tern_settings_read(care, &settings, &error), &error);
    return settings;
}

TEST(a_new_person_has_the_presets)
{
    tern_settings settings;

    care_begin("2026-03-02 05:00");
    settings = read_settings();
    CHECK_INT(settings.language, TERN_KHMER);
    CHECK_INT(settings.theme, TERN_THEME_LIGHT);
    CHECK_INT(settings.grace_minutes, 30);
    CHECK_TEXT(settings.time_zone, "Asia/Phnom_Penh");
    CHECK_INT(settings.meal_minutes[0], 420);
    CHECK_INT(settings.meal_minutes[1], 720);
    CHECK_INT(settings.meal_minutes[2], 1080);
    care_end();
}

TEST(what_is_set_is_read)
{
    tern_settings settings;

    care_begin("2026-03-02 05:00");
    care_ok(tern_settings_set_language(care, TERN_ENGLISH, &error), &error);
    care_ok(tern_settings_set_theme(care, TERN_THEME_DARK, &error), &error);
    care_ok(tern_settings_set_grace(care, 60, &error), &error);
    care_ok(tern_settings_set_time_zone(care, "Europe/Dublin", &error), &error);
    care_ok(tern_settings_set_meals(care, "6-7AM", NULL, "19:30", &error), &error);
    care_ok(tern_settings_set_meals(care, "6-7AM", NULL, "20:30", &error), &error);
    settings = read_settings();
    CHECK_INT(settings.language, TERN_ENGLISH);
    CHECK_INT(settings.theme, TERN_THEME_DARK);
    CHECK_INT(settings.grace_minutes, 60);
    CHECK_TEXT(settings.time_zone, "Europe/Dublin");
    CHECK_INT(settings.meal_minutes[0], 390);
    CHECK_INT(settings.meal_minutes[1], 720);
    CHECK_INT(settings.meal_minutes[2], 1230);
    care_end();
}

TEST(meal_times_whose_row_was_deleted_are_presets_until_they_are_set_again)
{
    care_begin("2026-03-02 05:00");
    care_ok(tern_settings_set_meals(care, "6-7AM", "11:00", "19:30", &error), &error);
    fixture_run(care_replica, "DELETE FROM meal_time_preferences");
    CHECK_INT(read_settings().meal_minutes[0], 420);
    care_ok(tern_settings_set_meals(care, "6:15", NULL, "20:30", &error), &error);
    CHECK_INT(read_settings().meal_minutes[0], 375);
    CHECK_INT(read_settings().meal_minutes[1], 720);
    CHECK_INT(read_settings().meal_minutes[2], 1230);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM meal_time_preferences"), 1);
    fixture_run(care_replica, "DELETE FROM meal_time_preferences");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_meals(care, "6:00", NULL, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    CHECK_INT(read_settings().meal_minutes[0], 360);
    care_end();
}

TEST(values_that_a_setting_does_not_have_change_nothing)
{
    care_begin("2026-03-02 05:00");
    CHECK_INT(tern_settings_set_language(care, (tern_language)2, &error), TERN_ERR_ENUM);
    CHECK_INT(error.problem, TERN_PROBLEM_SETTING);
    CHECK_INT(tern_settings_set_theme(care, (tern_theme)9, &error), TERN_ERR_ENUM);
    CHECK_INT(tern_settings_set_grace(care, 15, &error), TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_GRACE);
    CHECK_INT(error.first, 15);
    CHECK_INT(tern_settings_set_time_zone(care, "Asia/Nowhere", &error), TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_ZONE);
    CHECK_INT(tern_settings_set_meals(care, "07:00", "noon", NULL, &error), TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_MEAL_TIME);
    CHECK_INT(error.first, 1);
    CHECK_INT(tern_settings_set_meals(care, NULL, NULL, "19:00                ", &error),
              TERN_ERR_FORMAT); /* longer than its column */
    CHECK_INT(error.problem, TERN_PROBLEM_MEAL_TIME);
    CHECK_INT(error.first, 2);
    CHECK_INT(read_settings().grace_minutes, 30);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM meal_time_preferences"), 0);
    care_end();
}

TEST(one_who_travels_takes_the_local_times_along)
{
    tern_schedule_report report = {0};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_ok(tern_settings_set_time_zone(care, "Asia/Tokyo", &error), &error);
    care_ok(tern_schedule_generate(care, NULL, &report, &error), &error);
    /* It is 07:00 in Tokyo, and the dose of 06:30 by the clock there is still within its grace: it
     * stays where it was, as moving it would put it into the past. */
    CHECK_INT(report.moved, 59);
    CHECK_INT(report.made, 0);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE scheduled_time % 86400000000 "
                             "= 77400000000"),
              29);
    care_end();
}

TEST(settings_run_out_of_memory_and_change_nothing)
{
    care_begin("2026-03-02 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_settings settings = {.size = sizeof(settings), .grace_minutes = 7};
        tern_status status = tern_settings_read(care, &settings, &error);

        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && settings.grace_minutes == 7));
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_language(care, TERN_ENGLISH, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_theme(care, TERN_THEME_DARK, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_grace(care, 60, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_time_zone(care, "Europe/Dublin", &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_settings_set_meals(care, "6:00", NULL, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    CHECK_INT(read_settings().meal_minutes[0], 360);
    CHECK_TEXT(read_settings().time_zone, "Europe/Dublin");
    care_end();
}

static int64_t stored_as_missed(void)
{
    return fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status='MISSED'");
}

TEST(a_setting_that_cannot_be_written_stores_no_missed_dose)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-04 12:00");
    fixture_run(care_replica, "UPDATE users SET deleted_at=tern_now()");
    CHECK_INT(tern_settings_set_meals(care, "6:00", NULL, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    CHECK_INT(stored_as_missed(), 0);
    CHECK_INT(tern_settings_set_time_zone(care, "Asia/Tokyo", &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    CHECK_INT(stored_as_missed(), 0);
    care_end();
}

/* In Berlin the clock skips the hour from 02:00 on that night: the first would give way there. */
TEST(what_passed_is_missed_also_in_a_zone_whose_clock_skips_its_hour)
{
    care_begin("2026-03-28 05:00");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    care_medicine.timing = "02:30; 03:30";
    (void)care_prescribe();
    care_clock("2026-03-29 12:00");
    CHECK_TEXT(care_day("2026-03-29"), "02:30 MISSED, 03:30 MISSED");
    care_ok(tern_settings_set_time_zone(care, "Europe/Berlin", &error), &error);
    CHECK_INT(stored_as_missed(), 2);
    CHECK_TEXT(care_day("2026-03-29"), "02:30 MISSED, 03:30 MISSED");
    CHECK_TEXT(care_day("2026-03-30"), "02:30 DUE, 03:30 DUE");
    care_end();
}

static uint64_t pending(void)
{
    tern_replica_status status = {.size = sizeof(status)};

    CHECK_INT(tern_replica_read_status(care_replica, &status, NULL), TERN_OK);
    return status.pending;
}

TEST(what_passed_before_a_setting_is_stored_as_guesses_ahead_of_it)
{
    uint64_t before;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-04 12:00");
    before = pending();
    care_ok(tern_settings_set_meals(care, "6:00", NULL, NULL, &error), &error);
    CHECK_INT(stored_as_missed(), 5);
    CHECK_INT(pending(), before + 2);
    care_end();
}

/* ---- What passed, where it is much ---- */

enum { MEDICINES = 20, PASSED = 29 * 2 * MEDICINES + MEDICINES, STEP = 500 };

/* 1,180 doses that have passed, of a prescription of another program: it has no start date, so that
 * its first day takes a look at the zone. */
static void let_much_pass(void)
{
    char sql[400];

    care_begin("2026-03-02 05:00");
    fixture_run(care_replica,
                "INSERT INTO prescriptions(id,patient_id,patient_name,status) "
                "SELECT tern_id(),id,'a patient','ACTIVE' FROM users");
    (void)snprintf(sql,
                   sizeof(sql),
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
                   "INSERT INTO medications(id,prescription_id,row_number,medicine_name,"
                   "morning_dosage,night_dosage) SELECT tern_id(),p.id,i,'a medicine','%s','%s' "
                   "FROM n,prescriptions p",
                   MEDICINES,
                   care_medicine.morning_dosage,
                   care_medicine.night_dosage);
    fixture_run(care_replica, sql);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    care_clock("2026-03-31 12:00");
}

struct seen {
    uint64_t last; /* before what is looked at */
    uint32_t entries;
    uint32_t most; /* changes of one */
};

static bool see_entry(void *context, const tern_entry *entry)
{
    struct seen *seen = context;

    seen->last = entry->ordinal;
    return true;
}

static bool see_later(void *context, const tern_entry *entry)
{
    struct seen *seen = context;

    if (entry->ordinal > seen->last) {
        seen->entries++;
        seen->most = entry->changes > seen->most ? entry->changes : seen->most;
    }
    return true;
}

TEST(much_that_passed_before_a_setting_is_stored_in_bounded_transactions)
{
    struct seen seen = {0};

    let_much_pass();
    CHECK_INT(tern_outbox_visit(care_replica, 0, see_entry, &seen, NULL), TERN_OK);
    care_ok(tern_settings_set_meals(care, "6:00", NULL, NULL, &error), &error);
    CHECK_INT(tern_outbox_visit(care_replica, 0, see_later, &seen, NULL), TERN_OK);
    CHECK_INT(stored_as_missed(), PASSED);
    CHECK_INT(seen.entries, 4);
    CHECK_INT(seen.most, STEP);
    CHECK_INT(read_settings().meal_minutes[0], 360);
    care_end();
}

/* The zone was written by a device that knows it. */
TEST(a_zone_that_is_unknown_here_keeps_nobody_from_setting_another)
{
    let_much_pass();
    fixture_run(care_replica, "UPDATE users SET time_zone='Asia/Kampuchea'");
    care_ok(tern_settings_set_meals(care, "6:00", NULL, NULL, &error), &error);
    care_ok(tern_settings_set_time_zone(care, "Asia/Phnom_Penh", &error), &error);
    CHECK_TEXT(read_settings().time_zone, "Asia/Phnom_Penh");
    CHECK_INT(read_settings().meal_minutes[0], 360);
    CHECK_INT(stored_as_missed(), 0); /* when it was missed, nobody can say */
    care_end();
}

/* Once they are asked of what lies behind a moment, they answer no more. */
struct failing_zones {
    int64_t until_us;
    bool is_out;
};

static tern_status ask_failing(void *context,
                               const char *zone,
                               int64_t utc_us,
                               int32_t *ret_offset_s,
                               tern_error *failure)
{
    struct failing_zones *failing = context;
    const tern_zone_port *real = care_zones();

    failing->is_out |= utc_us >= failing->until_us;
    return failing->is_out ? TERN_ERR_IO
                           : real->offset(real->context, zone, utc_us, ret_offset_s, failure);
}

/* Cut short wherever it is, the setting is the old one, whole steps are stored, and the same call
 * goes on and ends it. */
TEST(a_setting_that_is_cut_short_goes_on_where_it_stopped)
{
    /* In the second step, and in the third. */
    static const char *const until[] = {"2026-03-20 00:00", "2026-03-30 00:00"};
    struct failing_zones failing = {.until_us = INT64_MAX};
    const tern_zone_port port = {.context = &failing, .offset = ask_failing};
    const tern_care_options options = {.size = sizeof(options), .zones = &port};
    tern_care *cut = NULL;
    int64_t stored = 0;

    let_much_pass();
    care_ok(tern_care_open(care_replica, &options, &cut, &error), &error);
    for (int i = 0; i < 2; i++) {
        failing = (struct failing_zones){.until_us = care_time(until[i])};
        CHECK_INT(tern_settings_set_time_zone(cut, "Asia/Tokyo", &error), TERN_ERR_IO);
        CHECK_TEXT(read_settings().time_zone, "Asia/Phnom_Penh");
        CHECK(stored_as_missed() > stored && stored_as_missed() % STEP == 0);
        stored = stored_as_missed();
    }
    failing = (struct failing_zones){.until_us = INT64_MAX};
    care_ok(tern_settings_set_time_zone(cut, "Asia/Tokyo", &error), &error);
    CHECK_TEXT(read_settings().time_zone, "Asia/Tokyo");
    CHECK_INT(stored_as_missed(), PASSED);
    tern_care_close(cut);
    care_end();
}
