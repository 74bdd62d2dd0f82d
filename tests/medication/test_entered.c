/* What a person enters that cannot stand: it is refused where it is entered, in words that are true
 * of it, and changes nothing. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tern/medication/audit.h"
#include "tern/medication/message.h"

static tern_care_error error;

/* The call failed by this problem. */
static void refused(tern_status status, tern_problem problem)
{
    CHECK(status != TERN_OK);
    CHECK_TEXT(tern_problem_code(error.problem), tern_problem_code(problem));
    CHECK_INT(error.error.status, status);
}

static const char *said(tern_language language)
{
    static char text[512];
    const tern_locale locale = {.size = sizeof(locale), .language = language};

    CHECK(tern_say_problem(&locale, &error, text, sizeof(text)) > 0);
    return text;
}

/* ---- Dates ---- */

static tern_status end_on(const tern_id *id, const char *end_date)
{
    care_prescription.start_date = NULL;
    care_prescription.end_date = end_date;
    return tern_prescription_edit(care, id, &care_prescription, "why", NULL, &error);
}

TEST(an_edit_that_leaves_the_start_does_not_end_before_it)
{
    tern_id id;

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    refused(end_on(&id, "2026-03-01"), TERN_PROBLEM_END_DATE);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    care_ok(end_on(&id, "2026-03-02"), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-03"), "");
    care_end();
}

TEST(nor_before_the_day_on_which_it_was_put_in_force)
{
    tern_id id;

    care_begin("2026-03-02 06:00");
    care_prescription.start_date = NULL;
    id = care_prescribe();
    refused(end_on(&id, "2026-01-01"), TERN_PROBLEM_END_DATE);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    care_ok(end_on(&id, "2026-03-02"), &error);
    care_end();
}

TEST(a_draft_that_has_not_begun_may_end_on_any_day)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    care_prescription.start_date = NULL;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_ok(end_on(&id, "2026-01-01"), &error);
    care_end();
}

/* ---- Zones ---- */

TEST(what_is_another_zone_on_each_machine_is_nobodys)
{
    tern_schedule_report report;
    tern_id id;

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    refused(tern_settings_set_time_zone(care, "localtime", &error), TERN_PROBLEM_ZONE);
    care_ok(tern_settings_set_time_zone(care, "Asia/Phnom_Penh", &error), &error);
    /* As it comes by a sync. */
    fixture_run(care_replica, "UPDATE users SET time_zone='localtime'");
    refused(tern_schedule_generate(care, NULL, &report, &error), TERN_PROBLEM_ZONE);
    refused(tern_audit_access(care, &care_prescription.patient, NULL, &error), TERN_PROBLEM_ZONE);
    CHECK_INT(tern_prescription_pause(care, &id, &error), TERN_OK);
    care_end();
}

/* ---- Times ---- */

static const char *refuse_take(const char *now, const char *taken)
{
    const tern_id dose = care_dose("2026-03-02", "MORNING");
    const tern_dose_act act = {.size = sizeof(act), .taken_us = care_time(taken)};

    care_clock(now);
    refused(tern_dose_take(care, &dose, &act, NULL, &error), TERN_PROBLEM_TOO_EARLY);
    return said(TERN_ENGLISH);
}

TEST(a_time_too_early_is_told_by_the_time_of_the_dose_whatever_the_clock_says)
{
    static const char *const wanted =
        "This is 1 hour 30 minutes before the time of the dose. It can be recorded from 30 minutes "
        "before its time.";

    care_begin("2026-03-02 05:00");
    care_medicine.morning_dosage = "{\"amount\":1}";
    (void)care_prescribe();
    CHECK_TEXT(refuse_take("2026-03-02 06:00", "2026-03-02 06:00"), wanted);
    CHECK_TEXT(refuse_take("2026-03-02 09:00", "2026-03-02 06:00"), wanted);
    CHECK(strstr(said(TERN_KHMER), "1 ម៉ោង 30 នាទី") != NULL);
    care_end();
}

TEST(a_grace_that_is_none_is_not_told_as_another_number)
{
    care_begin("2026-03-02 05:00");
    refused(tern_settings_set_grace(care, -1, &error), TERN_PROBLEM_GRACE);
    CHECK_TEXT(said(TERN_ENGLISH),
               "This length of time cannot be chosen. Choose 10, 20, 30 or 60 minutes.");
    care_end();
}

/* ---- Arguments ---- */

static bool count_dose(void *context, const tern_planned_dose *dose)
{
    (void)dose;
    ++*(int *)context;
    return true;
}

TEST(what_a_call_needs_is_missed_and_not_read)
{
    tern_zone_port port;
    int32_t minute = 5;

    CHECK(!tern_meal_parse("7:00", NULL));
    CHECK(!tern_meal_parse(NULL, &minute));
    CHECK_INT(minute, 5);
    tern_posix_zones_port(NULL, NULL);
    tern_posix_zones_port(NULL, &port);
    CHECK_INT(tern_zone_to_utc(&port,
                               "UTC",
                               &(tern_local_time){2026, 1, 1, 0, 0, 0},
                               &(int64_t){0},
                               NULL,
                               NULL),
              TERN_ERR_MISUSE);
}

TEST(a_plan_has_no_number_below_zero)
{
    static const struct {
        int32_t duration_days;
        int32_t grace_minutes;
        tern_status status;
    } plans[] = {{-1, 30, TERN_ERR_RANGE},
                 {INT32_MIN, 30, TERN_ERR_RANGE},
                 {0, -1, TERN_ERR_RANGE},
                 {0, INT32_MIN, TERN_ERR_RANGE},
                 {0, 30, TERN_OK}};

    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        const tern_regimen regimen = {.size = sizeof(regimen),
                                      .zone = "Asia/Phnom_Penh",
                                      .start_date = "2026-03-02",
                                      .duration_days = plans[i].duration_days,
                                      .slots = TERN_SLOT_MORNING,
                                      .meal_minutes = {420, 720, 1080},
                                      .grace_minutes = plans[i].grace_minutes};
        int count = 0;

        CHECK_INT(tern_schedule_plan(care_zones(),
                                     &regimen,
                                     "2026-03-02",
                                     3,
                                     count_dose,
                                     &count,
                                     NULL,
                                     NULL),
                  plans[i].status);
        CHECK_INT(count, plans[i].status == TERN_OK ? 3 : 0);
    }
    care_zones_end();
}

TEST(a_missing_argument_is_told_with_the_call_that_missed_it)
{
    care_begin("2026-03-02 06:00");
    CHECK_INT(tern_prescription_pause(care, NULL, &error), TERN_ERR_MISUSE);
    CHECK(strstr(error.error.message, "tern_prescription_pause:") != NULL);
    CHECK_INT(tern_prescription_end(care, NULL, &error), TERN_ERR_MISUSE);
    CHECK(strstr(error.error.message, "tern_prescription_end:") != NULL);
    CHECK_INT(tern_prescription_resume(care, NULL, &error), TERN_ERR_MISUSE);
    CHECK(strstr(error.error.message, "tern_prescription_resume:") != NULL);
    CHECK_INT(tern_prescription_activate(care, NULL, &error), TERN_ERR_MISUSE);
    CHECK(strstr(error.error.message, "tern_prescription_activate:") != NULL);
    care_end();
}

/* ---- Texts ---- */

enum { TEXT_MAX = 10000 };

/* So many of a character of three bytes, as Khmer has them; borrowed until the next one. */
static const char *repeat(size_t count)
{
    static char text[3 * (TEXT_MAX + 1) + 1];

    for (size_t i = 0; i < count; i++) {
        memcpy(text + 3 * i, "\u1780", 3);
    }
    text[3 * count] = '\0';
    return text;
}

static void named(tern_problem problem, tern_field field, const char *english)
{
    CHECK_TEXT(tern_problem_code(error.problem), tern_problem_code(problem));
    CHECK_INT(error.first, field);
    CHECK_TEXT(said(TERN_ENGLISH), english);
    CHECK(strstr(said(TERN_KHMER), "NOT_UTF8") == NULL);
}

TEST(a_reason_to_skip_is_a_text_that_can_be_kept)
{
    tern_id dose;

    care_begin("2026-03-02 06:00");
    (void)care_prescribe();
    dose = care_dose("2026-03-02", "MORNING");
    CHECK_INT(tern_dose_skip(care, &dose, "\xff", false, &error), TERN_ERR_FORMAT);
    named(TERN_PROBLEM_NOT_TEXT,
          TERN_FIELD_SKIP_REASON,
          "The reason to skip the dose has characters that cannot be kept.");
    CHECK_INT(tern_dose_skip(care, &dose, repeat(TEXT_MAX + 1), false, &error), TERN_ERR_LENGTH);
    named(TERN_PROBLEM_TOO_LONG,
          TERN_FIELD_SKIP_REASON,
          "The reason to skip the dose is too long. At most 10000 characters fit.");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    care_ok(tern_dose_skip(care, &dose, repeat(TEXT_MAX), false, &error), &error);
    care_end();
}

TEST(texts_of_a_prescription_have_a_length_that_is_told)
{
    tern_id id = {{0}};
    const char **const places[] = {&care_prescription.symptoms,
                                   &care_prescription.diagnosis,
                                   &care_prescription.urgent_reason,
                                   &care_medicine.image_url};
    static const tern_field fields[] = {TERN_FIELD_SYMPTOMS,
                                        TERN_FIELD_DIAGNOSIS,
                                        TERN_FIELD_URGENT_REASON,
                                        TERN_FIELD_IMAGE_URL};

    care_begin("2026-03-02 06:00");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        *places[i] = repeat(TEXT_MAX + 1);
        CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
                  TERN_ERR_LENGTH);
        CHECK_INT(error.first, fields[i]);
        *places[i] = repeat(TEXT_MAX);
        care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
        *places[i] = NULL;
    }
    CHECK_INT(
        tern_prescription_edit(care, &id, &care_prescription, repeat(TEXT_MAX + 1), NULL, &error),
        TERN_ERR_LENGTH);
    CHECK_INT(error.first, TERN_FIELD_CHANGE_REASON);
    care_ok(tern_prescription_end(care, &id, &error), &error);
    refused(tern_prescription_retake(care, &id, NULL, NULL, repeat(TEXT_MAX + 1), &id, &error),
            TERN_PROBLEM_TOO_LONG);
    care_end();
}

/* ---- What stands already ---- */

static tern_status change_diagnosis(const tern_id *id)
{
    care_prescription.diagnosis = "another one";
    return tern_prescription_edit(care, id, &care_prescription, "why", NULL, &error);
}

static void refused_of(tern_status status, tern_problem problem, tern_field field)
{
    refused(status, problem);
    CHECK_INT(error.first, field);
}

/* Of an edit of one who changes the diagnosis and gives the dosage back as it was read. */
static void check_dosage_that_stands(const char *dosage)
{
    char sql[128];
    tern_id id;
    tern_id other = {{0}};

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    care_medicine.id = care_id("SELECT id FROM medications");
    (void)snprintf(sql, sizeof(sql), "UPDATE medications SET morning_dosage='%s'", dosage);
    fixture_run(care_replica, sql); /* as it comes by a sync */
    care_medicine.morning_dosage = dosage;
    care_ok(change_diagnosis(&id), &error);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM prescriptions WHERE diagnosis='another one'"),
              1);
    /* What is new is none, in another place as well. */
    care_medicine.daytime_dosage = dosage;
    refused_of(change_diagnosis(&id), TERN_PROBLEM_DOSAGE, TERN_FIELD_DAYTIME_DOSAGE);
    care_medicine.daytime_dosage = NULL;
    care_medicine.morning_dosage = "{\"amount\":-3}";
    refused_of(change_diagnosis(&id), TERN_PROBLEM_DOSAGE, TERN_FIELD_MORNING_DOSAGE);
    care_medicine.morning_dosage = dosage;
    refused_of(tern_prescription_create(care, &care_prescription, NULL, &other, &error),
               TERN_PROBLEM_DOSAGE,
               TERN_FIELD_MORNING_DOSAGE);
    care_medicine.id = (tern_id){{0}};
    refused_of(change_diagnosis(&id), TERN_PROBLEM_DOSAGE, TERN_FIELD_MORNING_DOSAGE);
    care_end();
}

TEST(a_dosage_that_came_by_a_sync_holds_up_no_edit_that_leaves_it)
{
    static const char *const dosages[] = {"{\"amount\":\"1/2\"}",
                                          "{\"amount\":0}",
                                          "{\"before_meal\":1}",
                                          "{\"amount\":1,\"amount\":2}",
                                          "5"};

    for (size_t i = 0; i < sizeof(dosages) / sizeof(dosages[0]); i++) {
        check_dosage_that_stands(dosages[i]);
    }
}

TEST(a_text_that_came_by_a_sync_holds_up_no_edit_that_leaves_it)
{
    static const struct {
        const char *sql;
        const char **place;
        tern_field field;
    } texts[] = {
        {"UPDATE prescriptions SET symptoms=replace(hex(zeroblob(10001)),'00','\u1780')",
         &care_prescription.symptoms,
         TERN_FIELD_SYMPTOMS},
        {"UPDATE prescriptions SET urgent_reason=replace(hex(zeroblob(10001)),'00','\u1780')",
         &care_prescription.urgent_reason,
         TERN_FIELD_URGENT_REASON},
        {"UPDATE medications SET image_url=replace(hex(zeroblob(10001)),'00','\u1780')",
         &care_medicine.image_url,
         TERN_FIELD_IMAGE_URL}};
    static char other[TEXT_MAX + 2];
    tern_id id;

    memset(other, 'x', TEXT_MAX + 1);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        care_begin("2026-03-02 06:00");
        id = care_prescribe();
        care_medicine.id = care_id("SELECT id FROM medications");
        fixture_run(care_replica, texts[i].sql);
        *texts[i].place = repeat(TEXT_MAX + 1);
        care_ok(change_diagnosis(&id), &error);
        *texts[i].place = other;
        refused_of(change_diagnosis(&id), TERN_PROBLEM_TOO_LONG, texts[i].field);
        *texts[i].place = repeat(TEXT_MAX + 1);
        refused_of(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
                   TERN_PROBLEM_TOO_LONG,
                   texts[i].field);
        care_end();
    }
}

TEST(what_stands_in_one_place_is_new_in_another)
{
    tern_id id;

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    fixture_run(care_replica,
                "UPDATE prescriptions SET diagnosis=replace(hex(zeroblob(10001)),'00','\u1780')");
    care_prescription.diagnosis = repeat(TEXT_MAX + 1);
    care_prescription.end_date = "2026-04-01";
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    care_prescription.symptoms = repeat(TEXT_MAX + 1);
    refused_of(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
               TERN_PROBLEM_TOO_LONG,
               TERN_FIELD_SYMPTOMS);
    care_prescription.symptoms = NULL;
    refused_of(
        tern_prescription_edit(care, &id, &care_prescription, repeat(TEXT_MAX + 1), NULL, &error),
        TERN_PROBLEM_TOO_LONG,
        TERN_FIELD_CHANGE_REASON);
    care_end();
}

/* ---- As a whole ---- */

/* Of many medicines each of which fits. */
TEST(what_is_too_much_at_once_is_told_in_words)
{
    static tern_medicine many[60];
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        many[i] = care_medicine;
        many[i].image_url = repeat(TEXT_MAX);
    }
    care_prescription.medicines = many;
    care_prescription.medicine_count = sizeof(many) / sizeof(many[0]);
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_TOO_LARGE);
    CHECK_TEXT(said(TERN_ENGLISH), "This is too much to be kept at once. Nothing was changed.");
    CHECK(strstr(said(TERN_KHMER), "TOO_LARGE") == NULL);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), 0);
    care_end();
}

TEST(what_cannot_be_seen_is_missing)
{
    static const char *const blanks[] = {"\u00a0",
                                         "\u200b",
                                         "\u3000",
                                         "\ufeff",
                                         " \u2003\t\u202f\u2060\n",
                                         "\xc2\x85\u1680\u2000\u200a\u2028\u2029\u205f",
                                         "\v\f\u200c\u200d"};
    static const char *const texts[] = {"\u1780\u200b", "\u00a0a", ".", "\u00ad"};
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        refused(tern_prescription_edit(care, &id, &care_prescription, blanks[i], NULL, &error),
                TERN_PROBLEM_REASON);
        care_prescription.patient_name = blanks[i];
        refused(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
                TERN_PROBLEM_MISSING);
        care_prescription.patient_name = "a patient";
        care_prescription.is_urgent = true;
        care_prescription.urgent_reason = blanks[i];
        refused(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
                TERN_PROBLEM_URGENT_REASON);
        care_prescription.is_urgent = false;
        care_prescription.urgent_reason = NULL;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        care_prescription.patient_name = texts[i];
        care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    }
    care_prescription.patient_name = "\u200b\xff";
    refused(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
            TERN_PROBLEM_NOT_TEXT);
    care_end();
}

static bool fail_sum(void *context, const tern_adherence *sum)
{
    (void)context;
    (void)sum;
    fail_msg("a sum of no days");
    return false;
}

TEST(days_of_adherence_do_not_end_before_they_begin)
{
    tern_adherence_query query = {.size = sizeof(query),
                                  .first_date = "2026-03-02",
                                  .last_date = "2026-03-01"};

    care_begin("2026-03-02 06:00");
    refused(tern_adherence_read(care, &query, fail_sum, NULL, NULL, &error), TERN_PROBLEM_END_DATE);
    CHECK_TEXT(said(TERN_ENGLISH), "The end date cannot be before the start date.");
    care_end();
}
