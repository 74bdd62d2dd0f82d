/* Schedules as a pure function: slots, words, bounds, zones. */
#include "tern/medication/schedule.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/harness.h"

static char seen[4096];

static bool write_dose(void *context, const tern_planned_dose *dose)
{
    size_t used = strlen(seen);
    bool with_time = *(const bool *)context;

    (void)snprintf(seen + used,
                   sizeof(seen) - used,
                   "%s%s %s",
                   used > 0 ? ", " : "",
                   dose->local_date + 5,
                   dose->slot);
    used = strlen(seen);
    if (with_time) {
        (void)snprintf(seen + used,
                       sizeof(seen) - used,
                       "=%s%c",
                       dose->reminder_time,
                       dose->period == TERN_PERIOD_NIGHT ? 'N' : 'D');
    }
    return true;
}

static tern_regimen regimen(const char *frequency, const char *timing)
{
    return (tern_regimen){.size = sizeof(tern_regimen),
                          .zone = "Asia/Phnom_Penh",
                          .start_date = "2026-03-02", /* a Monday */
                          .frequency = frequency,
                          .timing = timing,
                          .meal_minutes = {420, 720, 1080},
                          .grace_minutes = 30};
}

static bool plan(const tern_regimen *source, const char *from, uint32_t days, bool with_time)
{
    tern_posix_zones *zones = NULL;
    tern_zone_port port;
    tern_error error = {0};
    bool understood = false;

    seen[0] = '\0';
    CHECK_INT(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
    if (tern_schedule_plan(&port,
                           source,
                           from,
                           days,
                           write_dose,
                           &with_time,
                           &understood,
                           &error) != TERN_OK) {
        fail_msg("%s", error.message);
    }
    tern_posix_zones_close(zones);
    return understood;
}

static void expect(const char *frequency,
                   const char *timing,
                   const char *from,
                   uint32_t days,
                   const char *doses)
{
    tern_regimen source = regimen(frequency, timing);

    CHECK(plan(&source, from, days, false));
    CHECK_TEXT(seen, doses);
}

TEST(slots_come_half_an_hour_before_or_after_their_meals)
{
    tern_regimen source = regimen(NULL, NULL);

    source.slots = TERN_SLOT_MORNING | TERN_SLOT_DAYTIME | TERN_SLOT_NIGHT;
    source.before_meal = TERN_SLOT_DAYTIME;
    CHECK(plan(&source, "2026-03-02", 1, true));
    CHECK_TEXT(seen, "03-02 MORNING=07:30D, 03-02 DAYTIME=11:30D, 03-02 NIGHT=18:30N");
}

TEST(a_slot_that_crosses_midnight_stays_with_the_day_of_its_meal)
{
    tern_regimen source = regimen(NULL, NULL);

    source.slots = TERN_SLOT_MORNING | TERN_SLOT_NIGHT;
    source.before_meal = TERN_SLOT_MORNING;
    source.meal_minutes[0] = 10;
    source.meal_minutes[2] = 1425;
    CHECK(plan(&source, "2026-03-02", 1, true));
    CHECK_TEXT(seen, "03-02 MORNING=23:40D, 03-02 NIGHT=00:15N");
}

TEST(a_schedule_keeps_to_its_dates_and_its_duration)
{
    tern_regimen source = regimen(NULL, NULL);

    source.slots = TERN_SLOT_MORNING;
    source.end_date = "2026-03-04";
    CHECK(plan(&source, "2026-02-20", 30, false));
    CHECK_TEXT(seen, "03-02 MORNING, 03-03 MORNING, 03-04 MORNING");
    source.duration_days = 2;
    CHECK(plan(&source, "2026-02-20", 30, false));
    CHECK_TEXT(seen, "03-02 MORNING, 03-03 MORNING");
    source.end_date = "2026-03-02";
    CHECK(plan(&source, "2026-02-20", 30, false));
    CHECK_TEXT(seen, "03-02 MORNING");
}

TEST(leap_days_have_their_doses)
{
    tern_regimen source = regimen(NULL, NULL);

    source.slots = TERN_SLOT_NIGHT;
    source.start_date = "2024-02-28";
    CHECK(plan(&source, "2024-02-28", 3, false));
    CHECK_TEXT(seen, "02-28 NIGHT, 02-29 NIGHT, 03-01 NIGHT");
    source.start_date = "2100-02-28";
    CHECK(plan(&source, "2100-02-28", 2, false));
    CHECK_TEXT(seen, "02-28 NIGHT, 03-01 NIGHT");
}

TEST(words_of_hours_are_equally_spaced_from_the_first_morning)
{
    expect("every 6 hours",
           NULL,
           "2026-03-02",
           2,
           "03-02 07:00, 03-02 13:00, 03-02 19:00, 03-03 01:00, 03-03 07:00, 03-03 13:00, "
           "03-03 19:00");
    expect("every 36 hours", NULL, "2026-03-02", 4, "03-02 07:00, 03-03 19:00, 03-05 07:00");
    expect("3 times every 36 hours", NULL, "2026-03-02", 1, "03-02 07:00, 03-02 19:00");
    expect("6 times a day",
           NULL,
           "2026-03-03",
           1,
           "03-03 03:00, 03-03 07:00, 03-03 11:00, 03-03 15:00, 03-03 19:00, 03-03 23:00");
}

TEST(words_of_days_weeks_and_months_keep_their_period)
{
    expect("twice a day", NULL, "2026-03-02", 1, "03-02 MORNING, 03-02 NIGHT");
    expect("4 times a day",
           NULL,
           "2026-03-02",
           1,
           "03-02 07:00, 03-02 12:00, 03-02 18:00, 03-02 21:00");
    expect("every 3 days", NULL, "2026-03-02", 8, "03-02 MORNING, 03-05 MORNING, 03-08 MORNING");
    expect("once a week", NULL, "2026-03-03", 14, "03-09 MORNING, 03-16 MORNING");
    expect("twice every 3 days",
           NULL,
           "2026-03-02",
           6,
           "03-02 MORNING, 03-03 MORNING, 03-05 MORNING, 03-06 MORNING");
    expect("once a month", NULL, "2026-03-02", 62, "03-02 MORNING, 04-02 MORNING, 05-02 MORNING");
    expect("twice a month", NULL, "2026-03-02", 31, "03-02 MORNING, 03-17 MORNING");
    expect("twice a year", NULL, "2026-03-02", 365, "03-02 MORNING, 09-02 MORNING");
}

TEST(a_monthly_dose_of_the_31st_is_on_the_last_of_shorter_months)
{
    tern_regimen source = regimen("once a month", NULL);

    source.start_date = "2026-01-31";
    CHECK(plan(&source, "2026-01-31", 91, false));
    CHECK_TEXT(seen, "01-31 MORNING, 02-28 MORNING, 03-31 MORNING, 04-30 MORNING");
}

TEST(timings_name_times_weekdays_and_moments)
{
    expect("once a day", "08:15", "2026-03-02", 2, "03-02 08:15, 03-03 08:15");
    expect("twice a day", "20:00; 08:15; with water", "2026-03-02", 1, "03-02 08:15, 03-02 20:00");
    expect("twice a week",
           "mon; thu",
           "2026-03-02",
           8,
           "03-02 MORNING, 03-05 MORNING, 03-09 MORNING");
    expect("every 2 weeks", "thu", "2026-03-02", 28, "03-05 MORNING, 03-19 MORNING");
    expect("once a week", "sun; 09:00", "2026-03-02", 14, "03-08 09:00, 03-15 09:00");
    expect("once a week", "HS", "2026-03-02", 7, "03-02 NIGHT");
    expect(NULL, "06:00; 22:00", "2026-03-02", 1, "03-02 06:00, 03-02 22:00");
}

TEST(a_dose_that_a_gap_would_move_onto_another_gives_way)
{
    tern_regimen source = regimen(NULL, "02:30; 03:30");

    source.zone = "America/New_York"; /* 02:00 became 03:00 on the 8th */
    CHECK(plan(&source, "2026-03-07", 3, true));
    CHECK_TEXT(seen,
               "03-07 02:30=02:30N, 03-07 03:30=03:30N, 03-08 03:30=03:30N, "
               "03-09 02:30=02:30N, 03-09 03:30=03:30N");
    source.timing = "02:30; 04:00";
    CHECK(plan(&source, "2026-03-08", 1, true));
    CHECK_TEXT(seen, "03-08 02:30=03:30N, 03-08 04:00=04:00D");
    source.timing = NULL;
    source.frequency = "every 1 hours";
    CHECK(plan(&source, "2026-03-08", 1, false));
    CHECK(strstr(seen, "03-08 01:00, 03-08 03:00, 03-08 04:00") != NULL);
    CHECK(strstr(seen, "02:00") == NULL);
}

TEST(a_day_that_a_zone_skips_doubles_no_dose_of_the_next)
{
    tern_regimen source = regimen(NULL, NULL);

    source.zone = "Pacific/Apia"; /* had no 30th of December 2011, a Friday */
    source.start_date = "2011-12-02";
    source.slots = TERN_SLOT_MORNING | TERN_SLOT_NIGHT;
    CHECK(plan(&source, "2011-12-29", 3, false));
    CHECK_TEXT(seen, "12-29 MORNING, 12-29 NIGHT, 12-31 MORNING, 12-31 NIGHT");
    source.frequency = "once a week";
    CHECK(plan(&source, "2011-12-29", 3, true));
    CHECK_TEXT(seen, "12-30 MORNING=07:30D, 12-30 NIGHT=18:30N");
}

TEST(times_that_are_not_as_many_as_the_words_say_make_no_schedule)
{
    static const struct {
        const char *frequency;
        const char *timing;
    } wrong[] = {{"once a day", "08:00; 20:00"},
                 {"1 times a day", "08:00; 20:00"},
                 {"once a day", "CM; CV"},
                 {"twice a day", "08:00"},
                 {"3 times a day", "CM; CV"},
                 {"once a week", "08:00; 20:00"},
                 {"once a week", "mon; thu"},
                 {"once a week", "mon; 08:00; 20:00"},
                 {"twice a week", "mon; wed; fri"},
                 {"once every 2 weeks", "mon; thu"},
                 {"once a month", "08:00; 20:00"},
                 {"twice a day", "AC"}};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tern_regimen source = regimen(wrong[i].frequency, wrong[i].timing);

        CHECK(!plan(&source, "2026-03-02", 40, false));
        CHECK_TEXT(seen, "");
    }
    /* Words that name no number leave it to the times. */
    expect("every 1 days", "08:00; 20:00", "2026-03-02", 1, "03-02 08:00, 03-02 20:00");
    expect("every 2 days", "08:00; 20:00", "2026-03-02", 2, "03-02 08:00, 03-02 20:00");
    expect("every 1 weeks", "mon; thu", "2026-03-02", 7, "03-02 MORNING, 03-05 MORNING");
    expect("3 times a day", "C", "2026-03-02", 1, "03-02 MORNING, 03-02 DAYTIME, 03-02 NIGHT");
    expect("twice a week", "mon; thu; 09:00", "2026-03-02", 7, "03-02 09:00, 03-05 09:00");
    expect("4 times a week",
           "mon; thu; 09:00; 21:00",
           "2026-03-02",
           7,
           "03-02 09:00, 03-02 21:00, 03-05 09:00, 03-05 21:00");
}

TEST(dosages_win_over_the_words_of_a_day_and_keep_those_of_a_week)
{
    tern_regimen source = regimen("every 8 hours", NULL);

    source.slots = TERN_SLOT_NIGHT;
    CHECK(plan(&source, "2026-03-02", 2, false));
    CHECK_TEXT(seen, "03-02 NIGHT, 03-03 NIGHT");
    source.frequency = "once a week";
    CHECK(plan(&source, "2026-03-02", 8, false));
    CHECK_TEXT(seen, "03-02 NIGHT, 03-09 NIGHT");
    source.frequency = "as the doctor said";
    CHECK(plan(&source, "2026-03-02", 1, false));
    CHECK_TEXT(seen, "03-02 NIGHT");
}

/* The number is read as that of the days or of the doses, where it is one of them. */
TEST(weekdays_with_several_dosages_are_as_many_as_the_days_or_the_doses)
{
    static const char *const right[] = {"twice a week", "4 times a week", "every 1 weeks"};
    static const char *const wrong[] = {"once a week", "3 times a week", "8 times a week"};
    tern_regimen source = regimen(NULL, "mon; thu");

    source.slots = TERN_SLOT_MORNING | TERN_SLOT_NIGHT;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        source.frequency = right[i];
        CHECK(plan(&source, "2026-03-02", 7, false));
        CHECK_TEXT(seen, "03-02 MORNING, 03-02 NIGHT, 03-05 MORNING, 03-05 NIGHT");
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        source.frequency = wrong[i];
        CHECK(!plan(&source, "2026-03-02", 7, false));
    }
}

static const char *with_dosage(const char *frequency, const char *timing)
{
    tern_regimen source = regimen(frequency, timing);

    source.slots = TERN_SLOT_NIGHT;
    return plan(&source, "2026-03-02", 8, false) ? seen : "";
}

TEST(words_of_more_than_a_day_that_cannot_be_read_make_no_daily_dose)
{
    static const char *const words[] = {"weekly",
                                        "Once Weekly",
                                        "every 2-3 weeks",
                                        "every 1.5 weeks",
                                        "every week",
                                        "Every 3 days",
                                        "every 3 day",
                                        "every 2-3 days",
                                        "every 1.5 days",
                                        "3-4 times a week",
                                        "once a day; once a week",
                                        "2.5 mg on Mondays",
                                        "mon and thu",
                                        "1/wk",
                                        "every other day",
                                        "every second day",
                                        "every 2nd day",
                                        "alternate days",
                                        "QOD",
                                        "q2d",
                                        "q 72 h",
                                        "Every 48 hours",
                                        "every 24-48 hours",
                                        "every 36 hours",
                                        "for pain once a week",
                                        "for 3 days each month",
                                        "3 times a fortnight",
                                        "monthly",
                                        "annually",
                                        "មួយសប្ដាហ៍ម្ដង",
                                        "មួយសប្តាហ៍ម្តង",
                                        "១ខែម្តង",
                                        "ពីរថ្ងៃម្តង"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *made = with_dosage(words[i], NULL);

        if (made[0] != '\0') {
            fail_msg("\"%s\" makes %s", words[i], made);
        }
        made = with_dosage(NULL, words[i]);
        if (strstr(made, "03-02") != NULL && strstr(made, "03-03") != NULL) {
            fail_msg("timing \"%s\" makes %s", words[i], made);
        }
    }
    CHECK_TEXT(with_dosage("every 48 hours", NULL),
               "03-02 NIGHT, 03-04 NIGHT, 03-06 NIGHT, 03-08 NIGHT");
    CHECK_TEXT(with_dosage("every 168 hours", NULL), "03-02 NIGHT, 03-09 NIGHT");
    CHECK_TEXT(with_dosage("weekly", "mon"), "");
    CHECK_TEXT(with_dosage(NULL, "mon; weekly"), "03-02 NIGHT, 03-09 NIGHT");
    CHECK_TEXT(with_dosage("once a week", "on Mondays"), "03-02 NIGHT, 03-09 NIGHT");
}

TEST(words_without_a_period_of_more_than_a_day_leave_the_dosages_daily)
{
    static const char *const words[] = {"as the doctor said",
                                        "3-4 times a day",
                                        "every 4-6 hours",
                                        "every 24 hours",
                                        "3 times every 36 hours",
                                        "Daily",
                                        "once a day for 7 days",
                                        "twice daily for 2-3 weeks",
                                        "with other medicines",
                                        "2/day",
                                        "q8h",
                                        "mornings, before meals",
                                        "មួយថ្ងៃម្តង",
                                        "ព្រឹក និងល្ងាច"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *made = with_dosage(words[i], NULL);

        if (strstr(made, "03-02 NIGHT, 03-03 NIGHT, 03-04 NIGHT") == NULL) {
            fail_msg("\"%s\" makes %s", words[i], made);
        }
    }
}

TEST(words_that_leave_the_times_open_make_no_dose)
{
    static const char *const words[] = {"",
                                        "every 4-6 hours",
                                        "3-4 times a day",
                                        "every 1.5 hours",
                                        "once a day; once a week",
                                        "every 5 minutes",
                                        "11 times a day",
                                        "3 times a fortnight",
                                        "once",
                                        "every 0 days",
                                        "every 9999999999 days",
                                        "5 times every 3 days"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tern_regimen source = regimen(words[i], NULL);

        if (plan(&source, "2026-03-02", 30, false) || seen[0] != '\0') {
            fail_msg("\"%s\" makes %s", words[i], seen);
        }
    }
}

TEST(what_is_taken_as_needed_is_never_scheduled)
{
    tern_regimen source = regimen("once a day", NULL);

    source.slots = TERN_SLOT_MORNING;
    source.is_prn = true;
    CHECK(!plan(&source, "2026-03-02", 30, false));
    CHECK_TEXT(seen, "");
    source = regimen("once a day", "as needed for pain");
    CHECK(!plan(&source, "2026-03-02", 30, false));
    CHECK_TEXT(seen, "");
}

static int64_t first_us;

static bool keep_first(void *context, const tern_planned_dose *dose)
{
    (void)context;
    first_us = dose->scheduled_us;
    return false;
}

TEST(doses_in_a_gap_or_an_overlap_follow_the_clock_on_the_wall)
{
    tern_regimen source = regimen("once a day", "02:30");
    tern_posix_zones *zones = NULL;
    tern_zone_port port;

    source.zone = "America/New_York";
    CHECK(plan(&source, "2026-03-07", 3, true));
    CHECK_TEXT(seen, "03-07 02:30=02:30N, 03-08 02:30=03:30N, 03-09 02:30=02:30N");
    source.timing = "01:30";
    CHECK_INT(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-11-01", 1, keep_first, NULL, NULL, NULL),
              TERN_OK);
    CHECK_INT(first_us, INT64_C(1793511000000000)); /* 05:30 UTC: the first 01:30 */
    tern_posix_zones_close(zones);
}

TEST(dates_meals_and_zones_that_are_none_are_refused)
{
    tern_regimen source = regimen("once a day", NULL);
    tern_posix_zones *zones = NULL;
    tern_zone_port port;

    CHECK_INT(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-02-29", 1, keep_first, NULL, NULL, NULL),
              TERN_ERR_RANGE);
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-02-28", 401, keep_first, NULL, NULL, NULL),
              TERN_ERR_RANGE);
    source.meal_minutes[1] = 1440;
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-03-02", 1, keep_first, NULL, NULL, NULL),
              TERN_ERR_RANGE);
    source = regimen("once a day", NULL);
    source.zone = "Asia/Nowhere";
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-03-02", 1, keep_first, NULL, NULL, NULL),
              TERN_ERR_NOT_FOUND);
    source.size = 3;
    CHECK_INT(tern_schedule_plan(&port, &source, "2026-03-02", 1, keep_first, NULL, NULL, NULL),
              TERN_ERR_MISUSE);
    tern_posix_zones_close(zones);
}

TEST(meal_times_are_times_or_the_middle_of_ranges)
{
    static const struct {
        const char *text;
        int32_t minute;
    } good[] = {{"07:00", 420},
                {"7:30", 450},
                {"00:00", 0},
                {"23:59", 1439},
                {"6-7AM", 390},
                {"6 - 7 am", 390},
                {"6:30-7:30 AM", 420},
                {"11AM-1PM", 720},
                {"11-1PM", 720},
                {"12-1PM", 750},
                {"6-7PM", 1110},
                {"18-19", 1110},
                {"12AM", 0},
                {"12PM", 720},
                {"9pm", 1260}};
    static const char *const bad[] = {"",
                                      "noon",
                                      "25:00",
                                      "24",
                                      "7:60",
                                      "13PM",
                                      "0AM",
                                      "7-",
                                      "-7",
                                      "9-7",
                                      "7:00:00",
                                      "7XM",
                                      "7AM-",
                                      "07:00x"};
    int32_t minute = 0;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!tern_meal_parse(good[i].text, &minute) || minute != good[i].minute) {
            fail_msg("%s is read as %d", good[i].text, (int)minute);
        }
    }
    minute = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (tern_meal_parse(bad[i], &minute)) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    CHECK_INT(minute, 77);
}

TEST(plans_run_out_of_memory_with_the_zone_alone)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_regimen source = regimen("once a day", NULL);
        tern_posix_zones *zones = NULL;
        tern_zone_port port;
        tern_status status = tern_posix_zones_open(NULL, &zones, NULL);

        if (status == TERN_OK) {
            tern_posix_zones_port(zones, &port);
            status =
                tern_schedule_plan(&port, &source, "2026-03-02", 1, keep_first, NULL, NULL, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        tern_posix_zones_close(zones);
    }
}
