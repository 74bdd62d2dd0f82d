/* Reading prescriptions, their versions, and medications on their own. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tern/medication/medication.h"
#include "tern/medication/reminder.h"

static tern_care_error error;
static char told[2048];

static void tell(const char *text, tern_value value)
{
    size_t used = strlen(told);

    (void)snprintf(told + used,
                   sizeof(told) - used,
                   "%s%.*s",
                   text,
                   value.kind == TERN_TEXT ? (int)value.size : 0,
                   value.kind == TERN_TEXT ? (const char *)value.data : "");
}

static void tell_number(int64_t number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), " %lld", (long long)number);
    tell(text, tern_value_null());
}

static bool tell_medication(void *context, const tern_medication *medication)
{
    static const char *const states[] = {"scheduled",
                                         "prn",
                                         "words",
                                         "timeless",
                                         "to come",
                                         "over",
                                         "inactive",
                                         "snapshot",
                                         "dosage"};

    (void)context;
    tell(told[0] != '\0' ? ", " : "", medication->name);
    tell(" ", tern_value_text(states[medication->state]));
    return true;
}

static bool tell_prescription(void *context, const tern_prescription_row *prescription)
{
    static const char *const names[] = {"DRAFT", "ACTIVE", "PAUSED", "INACTIVE"};

    (void)context;
    tell(told[0] != '\0' ? ", " : "", prescription->patient_name);
    tell(" ", tern_value_text(names[prescription->status]));
    tell_number(prescription->version);
    tell_number(prescription->medication_count);
    tell(" ", prescription->change_reason);
    return true;
}

static bool tell_part(void *context,
                      const tern_prescription_row *prescription,
                      const tern_medication *medication)
{
    ++*(int *)context;
    CHECK(prescription->version_us >= prescription->created_us);
    CHECK(memcmp(&prescription->author, &prescription->patient, sizeof(tern_id)) == 0);
    CHECK_INT(prescription->patient_age, -1);
    if (medication == NULL) {
        tell("nothing", tern_value_null());
        return true;
    }
    tell(" ", medication->morning_dosage);
    return tell_medication(NULL, medication);
}

static bool tell_version(void *context, const tern_prescription_version *version)
{
    (void)context;
    tell_number(version->version);
    tell(" ", version->reason);
    CHECK(version->snapshot.size > 2);
    return !version->is_current;
}

static bool count(void *context, const tern_medication *medication)
{
    ++*(int *)context;
    return medication == NULL;
}

static const char *list(unsigned states)
{
    told[0] = '\0';
    care_ok(tern_medication_list(care, NULL, states, tell_medication, NULL, &error), &error);
    return told;
}

TEST(prescriptions_are_listed_by_status_the_newest_first_with_their_current_version)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "better", NULL, &error), &error);
    care_clock("2026-03-02 06:00");
    care_prescription.patient_name = "second";
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    told[0] = '\0';
    care_ok(tern_prescription_list(care, NULL, 0, tell_prescription, NULL, &error), &error);
    CHECK_TEXT(told, "second DRAFT 1 1 , a patient ACTIVE 2 1 better");
    told[0] = '\0';
    care_ok(tern_prescription_list(care,
                                   NULL,
                                   1U << TERN_PRESCRIPTION_ACTIVE,
                                   tell_prescription,
                                   NULL,
                                   &error),
            &error);
    CHECK_TEXT(told, "a patient ACTIVE 2 1 better");
    told[0] = '\0';
    care_ok(tern_prescription_list(care,
                                   NULL,
                                   1U << TERN_PRESCRIPTION_PAUSED,
                                   tell_prescription,
                                   NULL,
                                   &error),
            &error);
    id = fixture_id(77);
    care_ok(tern_prescription_list(care, &id, 0, tell_prescription, NULL, &error), &error);
    CHECK_TEXT(told, "");
    care_end();
}

TEST(one_prescription_comes_with_its_medications_in_their_order)
{
    tern_medicine two[2];
    tern_id unknown = fixture_id(77);
    int parts = 0;
    tern_id id;

    care_begin("2026-03-02 05:00");
    two[0] = care_medicine;
    two[1] = care_medicine;
    two[1].name = "a second";
    two[1].morning_dosage = NULL;
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    id = care_prescribe();
    told[0] = '\0';
    care_ok(tern_prescription_read(care, &id, tell_part, &parts, &error), &error);
    CHECK_INT(parts, 2);
    CHECK_TEXT(told,
               " {\"amount\":1,\"before_meal\":true}, a medicine scheduled , a second scheduled");
    fixture_run(care_replica, "DELETE FROM medications");
    told[0] = '\0';
    care_ok(tern_prescription_read(care, &id, tell_part, &parts, &error), &error);
    CHECK_INT(parts, 3);
    CHECK_TEXT(told, "nothing");
    CHECK_INT(tern_prescription_read(care, &unknown, tell_part, &parts, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PRESCRIPTION);
    CHECK_INT(parts, 3);
    care_end();
}

TEST(versions_and_what_each_of_them_held_are_read)
{
    tern_id unknown = fixture_id(77);
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_medicine.name = "another";
    care_medicine.morning_dosage = NULL;
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "better", NULL, &error), &error);
    told[0] = '\0';
    care_ok(tern_prescription_versions(care, &id, tell_version, NULL, &error), &error);
    CHECK_TEXT(told, " 1  2 better");
    told[0] = '\0';
    care_ok(tern_prescription_snapshot(care, &id, 1, tell_medication, NULL, &error), &error);
    CHECK_TEXT(told, "a medicine snapshot");
    told[0] = '\0';
    care_ok(tern_prescription_snapshot(care, &id, 2, tell_medication, NULL, &error), &error);
    CHECK_TEXT(told, "another snapshot");
    CHECK_INT(tern_prescription_snapshot(care, &id, 3, tell_medication, NULL, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_VERSION);
    CHECK_INT(tern_prescription_versions(care, &unknown, tell_version, NULL, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PRESCRIPTION);
    care_end();
}

TEST(a_medication_without_a_schedule_says_why)
{
    tern_medicine six[6];
    tern_id unknown = fixture_id(77);
    tern_id id;

    care_begin("2026-03-02 05:00");
    for (size_t i = 0; i < 6; i++) {
        six[i] = (tern_medicine){.name = "plain", .frequency = "2 times a day"};
    }
    six[1].name = "as needed";
    six[1].is_prn = true;
    six[2].name = "a range";
    six[2].frequency = "every 4-6 hours";
    six[3].name = "silent";
    six[3].frequency = NULL;
    six[4].name = "short";
    six[4].duration_days = 2;
    six[5].name = "dosed";
    six[5].frequency = NULL;
    six[5].night_dosage = "{\"amount\":1}";
    care_prescription.medicines = six;
    care_prescription.medicine_count = 6;
    care_clock("2026-03-01 05:00");
    id = care_prescribe();
    CHECK_TEXT(list(1U << TERN_MEDICATION_TO_COME), "plain to come, short to come, dosed to come");
    care_clock("2026-03-04 05:00");
    CHECK_TEXT(list(0),
               "plain scheduled, as needed prn, a range words, silent timeless, short over, "
               "dosed scheduled");
    CHECK_TEXT(list(1U << TERN_MEDICATION_PRN), "as needed prn");
    CHECK_TEXT(list(1U << TERN_MEDICATION_WORDS | 1U << TERN_MEDICATION_TIMELESS),
               "a range words, silent timeless");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    CHECK_TEXT(list(0), "");
    id = care_id("SELECT id FROM medications WHERE row_number = 2");
    told[0] = '\0';
    care_ok(tern_medication_read(care, &id, tell_medication, NULL, &error), &error);
    CHECK_TEXT(told, "as needed inactive");
    CHECK_INT(tern_medication_read(care, &unknown, tell_medication, NULL, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATION);
    care_end();
}

/* ---- A dosage that is none, as a row of another program may hold it ---- */

static bool ring(void *context, const tern_reminder *reminder)
{
    CHECK(!reminder->is_cancelled);
    CHECK(reminder->dosage.kind == TERN_NULL || *(const char *)reminder->dosage.data == '{');
    ++*(int *)context;
    return true;
}

static bool sum_up(void *context, const tern_adherence *sum)
{
    *(int64_t *)context = sum->missed;
    return true;
}

static bool see_dosage(void *context, const tern_dose *dose)
{
    *(tern_kind *)context = dose->dosage.kind;
    return true;
}

TEST(a_dosage_that_is_none_leaves_its_slot_out_and_is_told)
{
    static const char *const none[] = {"5", "true", "[]", "\"two\"", "[{\"amount\":1}]"};

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        tern_schedule_report report = {0};
        tern_medicine two[2];
        tern_kind kind = TERN_BLOB;
        int64_t cursor = 0;
        int64_t missed = 0;
        int rings = 0;
        bool all = false;
        char sql[120];
        tern_id night;

        care_begin("2026-03-02 05:00");
        two[0] = care_medicine;
        two[1] = (tern_medicine){.name = "another", .daytime_dosage = "{\"amount\":1}"};
        care_prescription.medicines = two;
        care_prescription.medicine_count = 2;
        (void)care_prescribe();
        night =
            care_id("SELECT id FROM dose_events WHERE slot='NIGHT' AND local_date='2026-03-02'");
        (void)snprintf(sql,
                       sizeof(sql),
                       "UPDATE medications SET night_dosage='%s' WHERE row_number=1",
                       none[i]);
        fixture_run(care_replica, sql);
        CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, DAYTIME DUE");
        CHECK_TEXT(list(0), "a medicine dosage, another scheduled");
        CHECK_TEXT(list(1U << TERN_MEDICATION_DOSAGE), "a medicine dosage");
        care_ok(tern_schedule_generate(care, NULL, &report, &error), &error);
        CHECK_INT(report.unscheduled, 1);
        care_ok(tern_reminders_read(care, NULL, &cursor, ring, &rings, &all, &error), &error);
        CHECK_INT(rings, 60);
        /* Who took it all the same may say so. */
        care_clock("2026-03-02 18:35");
        care_ok(tern_dose_take(care, &night, NULL, NULL, &error), &error);
        CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, DAYTIME MISSED, NIGHT ON_TIME");
        care_ok(tern_dose_read(care, &night, see_dosage, &kind, &error), &error);
        CHECK_INT(kind, TERN_NULL);
        care_clock("2026-03-03 05:00");
        care_ok(tern_adherence_read(care, NULL, sum_up, &missed, NULL, &error), &error);
        CHECK_INT(missed, 2);
        care_end();
    }
}

TEST(nothing_but_a_dosage_that_is_none_has_no_schedule_whatever_the_words_say)
{
    tern_schedule_report report = {0};

    care_begin("2026-03-02 05:00");
    care_medicine.frequency = "3 times a day";
    (void)care_prescribe();
    fixture_run(care_replica, "UPDATE medications SET morning_dosage='5', night_dosage='6'");
    CHECK_TEXT(care_day("2026-03-02"), "");
    CHECK_TEXT(list(0), "a medicine dosage");
    care_ok(tern_schedule_generate(care, NULL, &report, &error), &error);
    CHECK_INT(report.unscheduled, 1);
    CHECK_INT(report.made, 0);
    /* What is no JSON at all is refused. */
    CHECK(fixture_sql(care_replica, "UPDATE medications SET night_dosage='{'", NULL) != TERN_OK);
    care_end();
}

/* In rows of other programs, too: it is what FHIR and the server read there. */
TEST(before_the_meal_is_what_says_true_and_nothing_else)
{
    static const struct {
        const char *said;
        int64_t minute;
    } cases[] = {{"true", 390}, {"1", 450}, {"\"true\"", 450}, {"false", 450}, {"1.0", 450}};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[200];

        (void)snprintf(sql,
                       sizeof(sql),
                       "UPDATE medications SET morning_dosage='{\"before_meal\":%s}'",
                       cases[i].said);
        fixture_run(care_replica, sql);
        care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
        CHECK_INT(fixture_number(care_replica,
                                 "SELECT substr(reminder_time,1,2)*60+substr(reminder_time,4) FROM "
                                 "dose_events WHERE slot='MORNING' AND local_date='2026-03-03'"),
                  cases[i].minute);
    }
    care_end();
}

TEST(a_version_of_what_is_none_hides_no_day)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    bool more = true;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-02 12:00");
    fixture_run(care_replica,
                "INSERT INTO prescription_versions(id,prescription_id,version_number,"
                "medications_snapshot) SELECT tern_key('prescription_versions',p.id,2),p.id,2,"
                "json_array(5,'x',json_object('id',tern_id_text(m.id),'medicine_name','a name',"
                "'morning_dosage','one','night_dosage',json('{\"before_meal\":true}')),json('[]'))"
                " FROM prescriptions p JOIN medications m");
    fixture_run(care_replica, "UPDATE prescriptions SET current_version=2");
    care_clock("2026-03-04 05:00");
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "better", NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-03"), "NIGHT MISSED");
    care_ok(tern_doses_infer_missed(care, NULL, 100, &cursor, &missed, &more, &error), &error);
    CHECK_INT(missed, 3);
    told[0] = '\0';
    care_ok(tern_prescription_snapshot(care, &id, 2, tell_medication, NULL, &error), &error);
    CHECK_TEXT(told, "a name snapshot");
    care_end();
}

TEST(reads_say_what_is_missing_and_stop_when_they_are_told_to)
{
    tern_medicine two[2];
    tern_id id;
    int seen = 0;

    care_begin("2026-03-02 05:00");
    two[0] = care_medicine;
    two[1] = care_medicine;
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    id = care_prescribe();
    CHECK_INT(tern_medication_list(care, NULL, 0, NULL, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_medication_read(care, NULL, count, &seen, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_prescription_list(NULL, NULL, 0, tell_prescription, NULL, &error),
              TERN_ERR_MISUSE);
    CHECK_INT(tern_prescription_read(care, &id, NULL, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_prescription_versions(care, NULL, tell_version, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_prescription_snapshot(care, NULL, 1, count, &seen, &error), TERN_ERR_MISUSE);
    care_ok(tern_medication_list(care, NULL, 0, count, &seen, &error), &error);
    CHECK_INT(seen, 1);
    care_ok(tern_prescription_snapshot(care, &id, 1, count, &seen, &error), &error);
    CHECK_INT(seen, 2);
    care_end();
}

static bool is_whole(tern_status status)
{
    if (status != TERN_OK && status != TERN_ERR_NOMEM && status != TERN_ERR_SQL) {
        fail_msg("%s: %s", tern_status_code(status), error.error.message);
    }
    return status == TERN_OK;
}

TEST(reads_are_whole_or_say_that_memory_ran_out)
{
    int parts = 0;
    tern_id medication;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    medication = care_id("SELECT id FROM medications");
    FOR_EACH_ALLOC_FAILURE (nth) {
        told[0] = '\0';
        CHECK(!is_whole(tern_prescription_list(care, NULL, 0, tell_prescription, NULL, &error)) ||
              strcmp(told, "a patient ACTIVE 1 1 ") == 0);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        parts = 0;
        CHECK(!is_whole(tern_prescription_read(care, &id, tell_part, &parts, &error)) ||
              parts == 1);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        told[0] = '\0';
        CHECK(!is_whole(tern_prescription_versions(care, &id, tell_version, NULL, &error)) ||
              strcmp(told, " 1 ") == 0);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        told[0] = '\0';
        CHECK(!is_whole(tern_prescription_snapshot(care, &id, 1, tell_medication, NULL, &error)) ||
              strcmp(told, "a medicine snapshot") == 0);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        told[0] = '\0';
        CHECK(!is_whole(tern_medication_read(care, &medication, tell_medication, NULL, &error)) ||
              strcmp(told, "a medicine scheduled") == 0);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        told[0] = '\0';
        CHECK(!is_whole(tern_medication_list(care, NULL, 0, tell_medication, NULL, &error)) ||
              strcmp(told, "a medicine scheduled") == 0);
    }
    care_end();
}
