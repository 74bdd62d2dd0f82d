/* Every public call, by what nobody should give it: a clear error, in words in both languages where
 * it has any, and a file that is as it was. A function of the headers that is not tried here fails.
 */
#include "tests/medication/surface.h"

#include <string.h>

#include "tern/medication/adherence.h"
#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tern/medication/quota.h"
#include "tern/medication/reminder.h"

static tern_care_error error;
static char words[64];

static bool no_plan(void *context, const tern_planned_dose *dose)
{
    (void)context;
    (void)dose;
    fail_msg("a planned dose is told");
    return false;
}

static bool no_sum(void *context, const tern_adherence *sum)
{
    (void)context;
    (void)sum;
    fail_msg("a sum is told");
    return false;
}

static bool no_reminder(void *context, const tern_reminder *reminder)
{
    (void)context;
    (void)reminder;
    fail_msg("a reminder is told");
    return false;
}

static bool no_alert(void *context, const tern_alert *alert)
{
    (void)context;
    (void)alert;
    fail_msg("an alert is told");
    return false;
}

static bool no_entry(void *context, const tern_audit_entry *entry)
{
    (void)context;
    (void)entry;
    fail_msg("an entry is told");
    return false;
}

/* ---- Settings ---- */

static void try_zones_and_meals(void)
{
    static const char *const no_zones[] =
        {"", "Mars/Olympus", "../UTC", "localtime", "\xff", "Asia/", given.too_long};
    static const char *const no_meals[] = {"",
                                           "25:00",
                                           "7:60",
                                           "-1:00",
                                           "7",
                                           " ",
                                           "\xff",
                                           "7:00-6:00",
                                           "7:00              AM  ",
                                           given.too_long};

    for (size_t i = 0; i < sizeof(no_zones) / sizeof(no_zones[0]); i++) {
        BAD(tern_settings_set_time_zone, FORMAT, ZONE, (care, no_zones[i], &error));
    }
    for (size_t i = 0; i < sizeof(no_meals) / sizeof(no_meals[0]); i++) {
        int32_t minute = -5;

        if (i == 4) {
            continue; /* an hour alone is one */
        }
        BAD(tern_settings_set_meals, FORMAT, MEAL_TIME, (care, no_meals[i], NULL, NULL, &error));
        BAD(tern_settings_set_meals, FORMAT, MEAL_TIME, (care, NULL, NULL, no_meals[i], &error));
        surface_note("tern_meal_parse");
        CHECK(i == 8 || (!tern_meal_parse(no_meals[i], &minute) && minute == -5));
    }
    CHECK(!tern_meal_parse("7:00", NULL));
}

static void try_settings(void)
{
    static const int32_t no_graces[] = {0, -1, 15, 61, INT32_MIN, INT32_MAX};
    tern_settings small = {.size = 1};

    surface_begin();
    BAD(tern_settings_read, MISUSE, NONE, (NULL, &small, &error));
    BAD(tern_settings_read, MISUSE, NONE, (care, NULL, &error));
    BAD(tern_settings_read, MISUSE, NONE, (care, &small, &error));
    BAD(tern_settings_set_language, MISUSE, NONE, (NULL, TERN_KHMER, &error));
    BAD(tern_settings_set_language, ENUM, SETTING, (care, (tern_language)2, &error));
    BAD(tern_settings_set_language, ENUM, SETTING, (care, (tern_language)-1, &error));
    BAD(tern_settings_set_theme, MISUSE, NONE, (NULL, TERN_THEME_DARK, &error));
    BAD(tern_settings_set_theme, ENUM, SETTING, (care, (tern_theme)2, &error));
    BAD(tern_settings_set_theme, ENUM, SETTING, (care, (tern_theme)-1, &error));
    BAD(tern_settings_set_grace, MISUSE, NONE, (NULL, 30, &error));
    for (size_t i = 0; i < sizeof(no_graces) / sizeof(no_graces[0]); i++) {
        BAD(tern_settings_set_grace, RANGE, GRACE, (care, no_graces[i], &error));
    }
    BAD(tern_settings_set_time_zone, MISUSE, NONE, (NULL, "Asia/Tokyo", &error));
    BAD(tern_settings_set_time_zone, MISUSE, NONE, (care, NULL, &error));
    BAD(tern_settings_set_meals, MISUSE, NONE, (NULL, NULL, NULL, NULL, &error));
    try_zones_and_meals();
    care_end();
}

/* ---- What is told ---- */

static void try_sums_and_reminders(void)
{
    const tern_adherence_query small = {.size = 1};
    tern_adherence_query query = {.size = sizeof(query)};
    tern_quota quota = {.size = 1};
    int64_t cursor = 0;
    bool all = false;

    surface_begin();
    BAD(tern_adherence_read, MISUSE, NONE, (NULL, NULL, no_sum, NULL, NULL, &error));
    BAD(tern_adherence_read, MISUSE, NONE, (care, NULL, NULL, NULL, NULL, &error));
    BAD(tern_adherence_read, MISUSE, NONE, (care, &small, no_sum, NULL, NULL, &error));
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        query.first_date = surface_no_dates[i];
        BAD(tern_adherence_read, FORMAT, DATE, (care, &query, no_sum, NULL, NULL, &error));
        query = (tern_adherence_query){.size = sizeof(query), .last_date = surface_no_dates[i]};
        BAD(tern_adherence_read, FORMAT, DATE, (care, &query, no_sum, NULL, NULL, &error));
    }
    query.first_date = "2026-03-02";
    query.last_date = "2026-03-01";
    BAD(tern_adherence_read, RANGE, END_DATE, (care, &query, no_sum, NULL, NULL, &error));
    query = (tern_adherence_query){.size = sizeof(query), .by = (tern_adherence_by)4};
    BAD(tern_adherence_read, MISUSE, NONE, (care, &query, no_sum, NULL, NULL, &error));
    query.by = (tern_adherence_by)-1;
    BAD(tern_adherence_read, MISUSE, NONE, (care, &query, no_sum, NULL, NULL, &error));
    BAD(tern_adherence_rebuild, MISUSE, NONE, (NULL, &error));
    BAD(tern_reminders_read, MISUSE, NONE, (NULL, NULL, &cursor, no_reminder, NULL, &all, &error));
    BAD(tern_reminders_read, MISUSE, NONE, (care, NULL, NULL, no_reminder, NULL, &all, &error));
    BAD(tern_reminders_read, MISUSE, NONE, (care, NULL, &cursor, NULL, NULL, &all, &error));
    BAD(tern_reminders_read, MISUSE, NONE, (care, NULL, &cursor, no_reminder, NULL, NULL, &error));
    BAD(tern_quota_read, MISUSE, NONE, (NULL, NULL, &quota, &error));
    BAD(tern_quota_read, MISUSE, NONE, (care, NULL, NULL, &error));
    BAD(tern_quota_read, MISUSE, NONE, (care, NULL, &quota, &error));
    care_end();
}

static void try_alerts_and_the_log(void)
{
    const tern_audit_query small = {.size = 1};
    const tern_audit_query large = {.size = sizeof(large), .limit = 1001};
    tern_alert_cursor page = {.created_us = 0};
    tern_audit_cursor place = {.time_us = 0};
    uint32_t made = 0;
    bool more = false;

    surface_begin();
    BAD(tern_alerts_infer, MISUSE, NONE, (NULL, 10, &made, &more, &error));
    BAD(tern_alerts_infer, MISUSE, NONE, (care, 0, &made, &more, &error));
    BAD(tern_alerts_infer, MISUSE, NONE, (care, 501, &made, &more, &error));
    BAD(tern_alerts_infer, MISUSE, NONE, (care, UINT32_MAX, &made, &more, &error));
    BAD(tern_alert_list, MISUSE, NONE, (NULL, false, 10, &page, no_alert, NULL, &error));
    BAD(tern_alert_list, MISUSE, NONE, (care, false, 0, &page, no_alert, NULL, &error));
    BAD(tern_alert_list, MISUSE, NONE, (care, false, 1001, &page, no_alert, NULL, &error));
    BAD(tern_alert_list, MISUSE, NONE, (care, false, 10, NULL, no_alert, NULL, &error));
    BAD(tern_alert_list, MISUSE, NONE, (care, false, 10, &page, NULL, NULL, &error));
    BAD(tern_alert_count, MISUSE, NONE, (NULL, &made, &error));
    BAD(tern_alert_count, MISUSE, NONE, (care, NULL, &error));
    BAD(tern_alert_mark_read, MISUSE, NONE, (NULL, &given.nobody, &error));
    BAD(tern_alert_mark_read, MISUSE, NONE, (care, NULL, &error));
    BAD(tern_alert_mark_read, NOT_FOUND, NO_ALERT, (care, &given.nobody, &error));
    BAD(tern_alerts_mark_read, MISUSE, NONE, (NULL, &error));
    BAD(tern_audit_access, MISUSE, NONE, (NULL, &given.nobody, NULL, &error));
    BAD(tern_audit_access, MISUSE, NONE, (care, NULL, NULL, &error));
    BAD(tern_audit_access, NOT_FOUND, NO_PATIENT, (care, &given.nobody, NULL, &error));
    BAD(tern_audit_read, MISUSE, NONE, (NULL, NULL, &place, no_entry, NULL, &more, &error));
    BAD(tern_audit_read, MISUSE, NONE, (care, &small, &place, no_entry, NULL, &more, &error));
    BAD(tern_audit_read, MISUSE, NONE, (care, &large, &place, no_entry, NULL, &more, &error));
    BAD(tern_audit_read, MISUSE, NONE, (care, NULL, NULL, no_entry, NULL, &more, &error));
    BAD(tern_audit_read, MISUSE, NONE, (care, NULL, &place, NULL, NULL, &more, &error));
    care_end();
}

/* ---- Handles, zones and words ---- */

static void try_handles(void)
{
    const tern_zone_port empty = {.context = NULL};
    tern_care_options options = {.size = sizeof(options), .zones = care_zones()};
    const tern_care_options small = {.size = 1, .zones = care_zones()};
    const tern_care_options zoneless = {.size = sizeof(zoneless)};
    const tern_care_options without = {.size = sizeof(without), .zones = &empty};
    tern_care *other = NULL;

    surface_begin();
    BAD(tern_care_open, MISUSE, NONE, (NULL, &options, &other, &error));
    BAD(tern_care_open, MISUSE, NONE, (care_replica, NULL, &other, &error));
    BAD(tern_care_open, MISUSE, NONE, (care_replica, &options, NULL, &error));
    BAD(tern_care_open, MISUSE, NONE, (care_replica, &small, &other, &error));
    BAD(tern_care_open, MISUSE, NONE, (care_replica, &zoneless, &other, &error));
    BAD(tern_care_open, MISUSE, NONE, (care_replica, &without, &other, &error));
    CHECK(other == NULL);
    surface_note("tern_care_close");
    tern_care_close(NULL);
    surface_note("tern_problem_code");
    CHECK_TEXT(tern_problem_code((tern_problem)-1), "UNKNOWN");
    CHECK_TEXT(tern_problem_code((tern_problem)1000), "UNKNOWN");
    surface_note("tern_audit_code");
    CHECK_TEXT(tern_audit_code((tern_audit_kind)-1), "UNKNOWN");
    CHECK_TEXT(tern_audit_code((tern_audit_kind)1000), "UNKNOWN");
    BAD(tern_schedule_generate, MISUSE, NONE, (NULL, NULL, NULL, &error));
    BAD(tern_schedule_generate, NOT_FOUND, NO_PATIENT, (care, &given.nobody, NULL, &error));
    care_end();
}

static void try_plans(const tern_zone_port *port, tern_error *cause)
{
    const tern_regimen whole = {.size = sizeof(whole),
                                .zone = "Asia/Phnom_Penh",
                                .start_date = "2026-03-02",
                                .slots = TERN_SLOT_MORNING,
                                .meal_minutes = {420, 720, 1080},
                                .grace_minutes = 30};
    tern_regimen part;

#define PLAN(wanted, change, first, days)                                                          \
    (part = whole,                                                                                 \
     change,                                                                                       \
     FAILS(tern_schedule_plan, wanted, (port, &part, first, days, no_plan, NULL, NULL, cause)))
    FAILS(tern_schedule_plan, MISUSE, (NULL, &whole, "2026-03-02", 1, no_plan, NULL, NULL, cause));
    FAILS(tern_schedule_plan, MISUSE, (port, NULL, "2026-03-02", 1, no_plan, NULL, NULL, cause));
    FAILS(tern_schedule_plan, MISUSE, (port, &whole, NULL, 1, no_plan, NULL, NULL, cause));
    FAILS(tern_schedule_plan, MISUSE, (port, &whole, "2026-03-02", 1, NULL, NULL, NULL, cause));
    PLAN(MISUSE, part.size = 1, "2026-03-02", 1);
    PLAN(MISUSE, part.zone = NULL, "2026-03-02", 1);
    PLAN(NOT_FOUND, part.zone = "Mars/Olympus", "2026-03-02", 1);
    PLAN(FORMAT, part.zone = "\xff", "2026-03-02", 1);
    PLAN(RANGE, part.size += 0, "2026-03-02", 401);
    PLAN(RANGE, part.size += 0, "2026-03-02", UINT32_MAX);
    PLAN(RANGE, part.duration_days = -1, "2026-03-02", 1);
    PLAN(RANGE, part.grace_minutes = INT32_MIN, "2026-03-02", 1);
    PLAN(RANGE, part.meal_minutes[0] = -1, "2026-03-02", 1);
    PLAN(RANGE, part.meal_minutes[2] = 1440, "2026-03-02", 1);
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        PLAN(RANGE, part.size += 0, surface_no_dates[i], 1);
        PLAN(RANGE, part.start_date = surface_no_dates[i], "2026-03-02", 1);
        PLAN(RANGE, part.end_date = surface_no_dates[i], "2026-03-02", 1);
    }
}

static void try_zones(void)
{
    const tern_zone_port *port = care_zones();
    static const tern_local_time none[] = {{2026, 2, 30, 0, 0, 0},
                                           {2026, 0, 1, 0, 0, 0},
                                           {2026, 13, 1, 0, 0, 0},
                                           {0, 1, 1, 0, 0, 0},
                                           {10000, 1, 1, 0, 0, 0},
                                           {2026, 1, 1, 24, 0, 0},
                                           {2026, 1, 1, 0, -1, 0},
                                           {2026, 1, 1, 0, 0, 60},
                                           {INT32_MIN, INT32_MAX, INT32_MIN, 0, 0, 0}};
    tern_local_time local = {2026, 1, 1, 0, 0, 0};
    tern_zone_port empty;
    tern_error cause;
    int64_t us = 5;

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        FAILS(tern_zone_to_utc, RANGE, (port, "UTC", &none[i], &us, NULL, &cause));
    }
    FAILS(tern_zone_to_utc, MISUSE, (NULL, "UTC", &local, &us, NULL, &cause));
    FAILS(tern_zone_to_utc, MISUSE, (port, NULL, &local, &us, NULL, &cause));
    FAILS(tern_zone_to_utc, MISUSE, (port, "UTC", NULL, &us, NULL, &cause));
    FAILS(tern_zone_to_utc, MISUSE, (port, "UTC", &local, NULL, NULL, &cause));
    FAILS(tern_zone_to_utc, FORMAT, (port, "", &local, &us, NULL, &cause));
    FAILS(tern_zone_to_utc, NOT_FOUND, (port, "Mars", &local, &us, NULL, &cause));
    CHECK_INT(us, 5);
    for (size_t i = 0; i < SURFACE_NO_MOMENTS; i++) {
        FAILS(tern_zone_to_local, RANGE, (port, "UTC", surface_no_moments[i], &local, &cause));
    }
    FAILS(tern_zone_to_local, MISUSE, (NULL, "UTC", 0, &local, &cause));
    FAILS(tern_zone_to_local, MISUSE, (port, NULL, 0, &local, &cause));
    FAILS(tern_zone_to_local, MISUSE, (port, "UTC", 0, NULL, &cause));
    FAILS(tern_posix_zones_open, MISUSE, (NULL, NULL, &cause));
    surface_note("tern_posix_zones_port");
    tern_posix_zones_port(NULL, NULL);
    tern_posix_zones_port(NULL, &empty);
    FAILS(tern_zone_to_local, MISUSE, (&empty, "UTC", 0, &local, &cause));
    surface_note("tern_posix_zones_close");
    tern_posix_zones_close(NULL);
    try_plans(port, &cause);
    care_zones_end();
}

static void try_words(void)
{
    const tern_locale english = {.size = sizeof(english), .language = TERN_ENGLISH};
    const tern_locale other = {.size = sizeof(other), .language = (tern_language)5};
    const tern_notice_words small = {.size = 1, .minute = -1};
    const tern_notice_words late = {.size = sizeof(late), .minute = 1440};
    const tern_notice_words meal = {.size = sizeof(meal),
                                    .minute = -1,
                                    .meal = (tern_meal_relation)9};
    const tern_audit_entry entry = {.kind = (tern_audit_kind)99};
    const size_t size = sizeof(words);

    error = (tern_care_error){.problem = (tern_problem)1000};
    EMPTY(tern_say_problem, (&english, &error, words, size));
    EMPTY(tern_say_problem, (&english, NULL, words, size));
    EMPTY(tern_say_problem, (NULL, &error, words, size));
    EMPTY(tern_say_problem, (&other, &error, words, size));
    EMPTY(tern_say_date, (&english, NULL, false, words, size));
    EMPTY(tern_say_date, (NULL, "2026-03-02", false, words, size));
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        EMPTY(tern_say_date, (&english, surface_no_dates[i], true, words, size));
    }
    EMPTY(tern_say_time, (&english, -1, words, size));
    EMPTY(tern_say_time, (&english, 1440, words, size));
    EMPTY(tern_say_time, (&other, 0, words, size));
    EMPTY(tern_say_span, (&english, INT64_MIN, words, size));
    EMPTY(tern_say_span, (NULL, 1, words, size));
    EMPTY(tern_say_title, (&english, (tern_notice)99, words, size));
    EMPTY(tern_say_title, (&english, (tern_notice)-1, words, size));
    EMPTY(tern_say_notice, (&english, TERN_NOTICE_MISSED, NULL, words, size));
    EMPTY(tern_say_notice, (&english, TERN_NOTICE_MISSED, &small, words, size));
    EMPTY(tern_say_notice, (&english, TERN_NOTICE_MISSED, &late, words, size));
    EMPTY(tern_say_notice, (&english, TERN_NOTICE_MISSED, &meal, words, size));
    EMPTY(tern_say_notice, (&english, (tern_notice)99, &late, words, size));
    EMPTY(tern_say_audit, (&english, NULL, words, size));
    EMPTY(tern_say_audit, (NULL, &entry, words, size));
    EMPTY(tern_say_audit, (&other, &entry, words, size));
}

TEST(every_public_call_refuses_what_nobody_should_give_it)
{
    surface_try_doses();
    surface_try_prescriptions();
    surface_try_medications();
    try_settings();
    try_sums_and_reminders();
    try_alerts_and_the_log();
    try_handles();
    try_zones();
    try_words();
    surface_check_headers();
}
