/* Prescriptions: versions, status, and the history that nothing takes away. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/message.h"

static tern_care_error error;

TEST(creating_writes_version_one_with_its_snapshot)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 05:00");
    care_ok(tern_prescription_create(care, &care_prescription, "first", &id, &error), &error);
    CHECK_INT(
        fixture_number(care_replica,
                       "SELECT count(*) FROM prescription_versions WHERE version_number = 1 AND "
                       "change_reason = 'first' AND json_extract(medications_snapshot, "
                       "'$[0].medicine_name') = 'a medicine' AND json_extract("
                       "medications_snapshot, '$[0].morning_dosage.before_meal') = 1"),
        1);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM audit_logs WHERE action_type = "
                             "'PRESCRIPTION_CREATE' AND actor_role = 'PATIENT'"),
              1);
    CHECK_INT(fixture_number(care_replica, "SELECT status = 'DRAFT' FROM prescriptions"), 1);
    care_end();
}

TEST(what_an_urgent_or_empty_prescription_lacks_is_told)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 05:00");
    care_prescription.is_urgent = true;
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_URGENT_REASON);
    care_prescription.urgent_reason = " \t\r\n";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_URGENT_REASON);
    care_prescription.is_urgent = false;
    care_prescription.patient_name = " ";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_MISSING);
    care_prescription.patient_name = "a patient";
    care_prescription.medicine_count = 0;
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATIONS);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), 0);
    care_end();
}

TEST(an_edit_is_a_new_version_and_the_old_one_stays)
{
    tern_medicine two[2];
    int32_t version = 0;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    two[0] = care_medicine; /* no id: a new one, and the old one goes */
    two[0].name = "another";
    two[1] = care_medicine;
    two[1].name = "a third";
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "", NULL, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_REASON);
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, " \n", NULL, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_REASON);
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "works better", &version, &error),
            &error);
    CHECK_INT(version, 2);
    CHECK_INT(fixture_number(care_replica, "SELECT current_version FROM prescriptions"), 2);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT sum(json_array_length(medications_snapshot) = version_number) "
                             "FROM prescription_versions"),
              2);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM medications WHERE deleted_at IS NOT NULL"),
              1);
    care_end();
}

TEST(an_edit_that_fails_changes_nothing)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_medicine.id = fixture_id(99);
    care_prescription.patient_name = "another";
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATION);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"), 1);
    CHECK_INT(fixture_number(care_replica, "SELECT patient_name = 'a patient' FROM prescriptions"),
              1);
    care_end();
}

TEST(an_edit_that_names_a_medication_twice_changes_nothing)
{
    tern_medicine two[2];
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    two[0] = care_medicine;
    two[0].id = care_id("SELECT id FROM medications");
    two[1] = two[0];
    two[1].name = "another medicine";
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_MISUSE);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"), 1);
    two[1].id = (tern_id){{0}};
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    care_end();
}

TEST(a_pause_by_a_clock_that_ran_back_hides_no_dose_that_had_passed_before_the_last_edit)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-05 12:00");
    care_medicine.id = care_id("SELECT id FROM medications");
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    care_clock("2024-10-01 12:00");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    care_clock("2026-03-06 12:00");
    CHECK_TEXT(care_day("2026-03-04"), "MORNING MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-06"), "");
    care_end();
}

TEST(a_pause_counts_from_its_own_time_where_the_last_edit_was_by_a_clock_that_ran_ahead)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-04-02 12:00");
    care_medicine.id = care_id("SELECT id FROM medications");
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    care_clock("2026-03-03 12:00");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    care_clock("2026-03-06 12:00");
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-04"), "");
    care_end();
}

TEST(no_version_is_counted_on_past_the_largest_number)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    fixture_run(care_replica, "UPDATE prescriptions SET current_version = 2147483647");
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_OUT_OF_RANGE);
    CHECK_INT(error.first, TERN_FIELD_NONE);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"), 1);
    care_end();
}

TEST(an_edit_keeps_what_was_taken_and_what_was_missed)
{
    tern_id taken;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-02 06:30");
    taken = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &taken, NULL, NULL, &error), &error);
    care_clock("2026-03-03 12:00");
    care_medicine.morning_dosage = NULL;
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME, NIGHT MISSED");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING MISSED");
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-03"), "MORNING MISSED, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-04"), "NIGHT DUE");
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM dose_events WHERE deleted_at IS NOT NULL"),
              0);
    care_end();
}

TEST(pausing_leaves_out_what_is_due_and_resuming_brings_the_same_doses_back)
{
    tern_id before;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    before = care_dose("2026-03-04", "NIGHT");
    care_clock("2026-03-02 12:00");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED");
    CHECK_TEXT(care_day("2026-03-04"), "");
    CHECK_INT(tern_prescription_pause(care, &id, &error), TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_STATUS);
    care_ok(tern_prescription_resume(care, &id, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-04"), "MORNING DUE, NIGHT DUE");
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 60);
    care_clock("2026-03-04 18:30");
    care_ok(tern_dose_take(care, &before, NULL, NULL, &error), &error);
    care_end();
}

TEST(what_has_ended_stays_ended)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_ok(tern_prescription_end(care, &id, &error), &error);
    CHECK_TEXT(care_day("2026-03-03"), "");
    CHECK_INT(tern_prescription_activate(care, &id, &error), TERN_ERR_CHECK);
    CHECK_INT(tern_prescription_resume(care, &id, &error), TERN_ERR_CHECK);
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_STATUS);
    care_end();
}

TEST(a_date_that_does_not_exist_is_told_as_one_and_nothing_changes)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-02 12:00");
    care_prescription.end_date = "2026-02-30";
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_DATE);
    care_prescription.end_date = NULL;
    care_prescription.start_date = "tomorrow";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_DATE);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), 1);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        0);
    care_end();
}

TEST(a_call_that_is_refused_stores_no_missed_doses_either)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-02 12:00");
    CHECK_INT(tern_prescription_activate(care, &id, &error), TERN_ERR_CHECK);
    CHECK_INT(tern_prescription_resume(care, &id, &error), TERN_ERR_CHECK);
    care_medicine.id = fixture_id(99);
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATION);
    care_medicine.id = (tern_id){{0}};
    care_prescription.patient = fixture_id(99);
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_MISUSE);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        0);
    care_end();
}

TEST(a_dose_whose_record_was_taken_back_is_hidden_by_no_pause)
{
    tern_missed_cursor cursor = {0};
    uint32_t missed = 0;
    bool more = false;
    tern_id dose;
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    dose = care_dose("2026-03-02", "MORNING");
    care_clock("2026-03-02 06:30");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    care_clock("2026-03-02 12:00");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING MISSED UNDONE");
    care_ok(tern_prescription_resume(care, &id, &error), &error);
    care_ok(tern_doses_infer_missed(care, NULL, 10, &cursor, &missed, &more, &error), &error);
    CHECK_INT(missed, 0); /* a guess does not change what a person said */
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING LATE, NIGHT DUE");
    care_end();
}

TEST(a_prescription_does_not_end_before_it_starts)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_prescription.end_date = "2026-03-01";
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_END_DATE);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), 0);
    care_prescription.end_date = "2026-03-02";
    id = care_prescribe();
    care_prescription.end_date = "2026-02-28";
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_END_DATE);
    CHECK_INT(fixture_number(care_replica, "SELECT max(current_version) FROM prescriptions"), 1);
    care_end();
}

/* ---- What is entered wrongly ---- */

static tern_medicine two[2];

/* So many Khmer letters, of three bytes each; borrowed. */
static const char *letters(size_t count)
{
    static char text[3 * 300 + 1];

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        memcpy(text + 3 * i, "\u1780", 4);
    }
    return text;
}

static void no_patient_name(void)
{
    care_prescription.patient_name = NULL;
}

static void empty_patient_name(void)
{
    care_prescription.patient_name = "";
}

static void long_patient_name(void)
{
    care_prescription.patient_name = letters(201);
}

static void broken_diagnosis(void)
{
    care_prescription.diagnosis = "caf\xe9";
}

static void other_gender(void)
{
    care_prescription.patient_gender = "female";
}

static void great_age(void)
{
    care_prescription.patient_age = 151;
}

static void no_name(void)
{
    two[1].name = NULL;
}

static void empty_name(void)
{
    two[0].name = "";
}

static void long_name(void)
{
    two[0].name = letters(256);
}

static void long_khmer_name(void)
{
    two[1].name_khmer = letters(256);
}

static void long_frequency(void)
{
    two[0].frequency = letters(101);
}

static void long_timing(void)
{
    two[0].timing = letters(101);
}

static void days_below_none(void)
{
    two[1].duration_days = -1;
}

static void broken_dosage(void)
{
    two[0].morning_dosage = "{\"amount\":";
}

static void a_number_for_a_dosage(void)
{
    two[1].daytime_dosage = "5";
}

static void a_list_for_a_dosage(void)
{
    two[0].night_dosage = "[]";
}

static void more_times_than_said(void)
{
    two[1] = (tern_medicine){.name = "a medicine",
                             .morning_dosage = "null",
                             .frequency = "once a day",
                             .timing = "08:00; 20:00"};
}

static void fewer_times_than_said(void)
{
    two[0] = (tern_medicine){.name = "a medicine", .frequency = "twice a day", .timing = "08:00"};
}

static void no_text_for_a_dosage(void)
{
    two[0].night_dosage = "";
}

static const struct {
    void (*enter)(void);
    tern_status status;
    tern_problem problem;
    tern_field field;
    int64_t medicine;
    const char *said[2]; /* in Khmer and in English */
} wrong[] = {
    {no_patient_name,
     TERN_ERR_NOT_NULL,
     TERN_PROBLEM_MISSING,
     TERN_FIELD_PATIENT_NAME,
     0,
     {"សូមបំពេញឈ្មោះអ្នកជំងឺ។", "The patient's name is missing. Please fill it in."}},
    {empty_patient_name,
     TERN_ERR_NOT_NULL,
     TERN_PROBLEM_MISSING,
     TERN_FIELD_PATIENT_NAME,
     0,
     {"សូមបំពេញឈ្មោះអ្នកជំងឺ។", "The patient's name is missing. Please fill it in."}},
    {long_patient_name,
     TERN_ERR_LENGTH,
     TERN_PROBLEM_TOO_LONG,
     TERN_FIELD_PATIENT_NAME,
     0,
     {"ឈ្មោះអ្នកជំងឺវែងពេក។ អាចសរសេរបានច្រើនបំផុត 200 តួអក្សរ។",
      "The patient's name is too long. At most 200 characters fit."}},
    {broken_diagnosis,
     TERN_ERR_FORMAT,
     TERN_PROBLEM_NOT_TEXT,
     TERN_FIELD_DIAGNOSIS,
     0,
     {"រោគវិនិច្ឆ័យមានតួអក្សរដែលមិនអាចរក្សាទុកបាន។", "The diagnosis has characters that cannot be kept."}},
    {other_gender,
     TERN_ERR_ENUM,
     TERN_PROBLEM_CHOICE,
     TERN_FIELD_PATIENT_GENDER,
     0,
     {"ភេទអ្នកជំងឺមិនមែនជាជម្រើសដែលអាចជ្រើសរើសបានទេ។",
      "The patient's gender is none of those that can be chosen."}},
    {great_age,
     TERN_ERR_RANGE,
     TERN_PROBLEM_OUT_OF_RANGE,
     TERN_FIELD_PATIENT_AGE,
     0,
     {"អាយុអ្នកជំងឺត្រូវនៅចន្លោះពី 0 ដល់ 150។", "The patient's age must be from 0 to 150."}},
    {no_name,
     TERN_ERR_NOT_NULL,
     TERN_PROBLEM_MISSING,
     TERN_FIELD_MEDICINE_NAME,
     2,
     {"សូមបំពេញឈ្មោះរបស់ថ្នាំទី 2។", "The name of medicine 2 is missing. Please fill it in."}},
    {empty_name,
     TERN_ERR_NOT_NULL,
     TERN_PROBLEM_MISSING,
     TERN_FIELD_MEDICINE_NAME,
     1,
     {"សូមបំពេញឈ្មោះរបស់ថ្នាំទី 1។", "The name of medicine 1 is missing. Please fill it in."}},
    {long_name,
     TERN_ERR_LENGTH,
     TERN_PROBLEM_TOO_LONG,
     TERN_FIELD_MEDICINE_NAME,
     1,
     {"ឈ្មោះរបស់ថ្នាំទី 1វែងពេក។ អាចសរសេរបានច្រើនបំផុត 255 តួអក្សរ។",
      "The name of medicine 1 is too long. At most 255 characters fit."}},
    {long_khmer_name,
     TERN_ERR_LENGTH,
     TERN_PROBLEM_TOO_LONG,
     TERN_FIELD_MEDICINE_NAME_KHMER,
     2,
     {"ឈ្មោះជាភាសាខ្មែររបស់ថ្នាំទី 2វែងពេក។ អាចសរសេរបានច្រើនបំផុត 255 តួអក្សរ។",
      "The Khmer name of medicine 2 is too long. At most 255 characters fit."}},
    {long_frequency,
     TERN_ERR_LENGTH,
     TERN_PROBLEM_TOO_LONG,
     TERN_FIELD_FREQUENCY,
     1,
     {"ភាពញឹកញាប់របស់ថ្នាំទី 1វែងពេក។ អាចសរសេរបានច្រើនបំផុត 100 តួអក្សរ។",
      "The frequency of medicine 1 is too long. At most 100 characters fit."}},
    {long_timing,
     TERN_ERR_LENGTH,
     TERN_PROBLEM_TOO_LONG,
     TERN_FIELD_TIMING,
     1,
     {"ម៉ោងប្រើរបស់ថ្នាំទី 1វែងពេក។ អាចសរសេរបានច្រើនបំផុត 100 តួអក្សរ។",
      "The timing of medicine 1 is too long. At most 100 characters fit."}},
    {days_below_none,
     TERN_ERR_RANGE,
     TERN_PROBLEM_OUT_OF_RANGE,
     TERN_FIELD_DURATION,
     2,
     {"រយៈពេលប្រើរបស់ថ្នាំទី 2មិនអាចតិចជាង 0 បានទេ។", "The duration of medicine 2 cannot be below 0."}},
    {broken_dosage,
     TERN_ERR_FORMAT,
     TERN_PROBLEM_DOSAGE,
     TERN_FIELD_MORNING_DOSAGE,
     1,
     {"មិនអាចអានកម្រិតប្រើពេលព្រឹករបស់ថ្នាំទី 1ជាកម្រិតថ្នាំបានទេ។",
      "The morning dosage of medicine 1 cannot be read as an amount of medicine."}},
    {a_number_for_a_dosage,
     TERN_ERR_FORMAT,
     TERN_PROBLEM_DOSAGE,
     TERN_FIELD_DAYTIME_DOSAGE,
     2,
     {"មិនអាចអានកម្រិតប្រើពេលថ្ងៃរបស់ថ្នាំទី 2ជាកម្រិតថ្នាំបានទេ។",
      "The daytime dosage of medicine 2 cannot be read as an amount of medicine."}},
    {a_list_for_a_dosage,
     TERN_ERR_FORMAT,
     TERN_PROBLEM_DOSAGE,
     TERN_FIELD_NIGHT_DOSAGE,
     1,
     {"មិនអាចអានកម្រិតប្រើពេលយប់របស់ថ្នាំទី 1ជាកម្រិតថ្នាំបានទេ។",
      "The night dosage of medicine 1 cannot be read as an amount of medicine."}},
    {more_times_than_said,
     TERN_ERR_CHECK,
     TERN_PROBLEM_TIMES,
     TERN_FIELD_TIMING,
     2,
     {"ម៉ោងប្រើរបស់ថ្នាំទី 2មិនត្រូវគ្នានឹងភាពញឹកញាប់របស់វាទេ។",
      "The timing of medicine 2 does not agree with how often it is to be taken."}},
    {fewer_times_than_said,
     TERN_ERR_CHECK,
     TERN_PROBLEM_TIMES,
     TERN_FIELD_TIMING,
     1,
     {"ម៉ោងប្រើរបស់ថ្នាំទី 1មិនត្រូវគ្នានឹងភាពញឹកញាប់របស់វាទេ។",
      "The timing of medicine 1 does not agree with how often it is to be taken."}},
    {no_text_for_a_dosage,
     TERN_ERR_FORMAT,
     TERN_PROBLEM_DOSAGE,
     TERN_FIELD_NIGHT_DOSAGE,
     1,
     {"មិនអាចអានកម្រិតប្រើពេលយប់របស់ថ្នាំទី 1ជាកម្រិតថ្នាំបានទេ។",
      "The night dosage of medicine 1 cannot be read as an amount of medicine."}},
};

static void enter_well(void)
{
    care_medicine = (tern_medicine){.name = "a medicine",
                                    .morning_dosage = "{\"amount\":1,\"before_meal\":true}"};
    two[0] = care_medicine;
    two[1] = care_medicine;
    care_prescription.patient_name = "a patient";
    care_prescription.patient_gender = NULL;
    care_prescription.patient_age = -1;
    care_prescription.diagnosis = NULL;
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
}

static int64_t count_rows(void)
{
    return fixture_number(care_replica,
                          "SELECT (SELECT count(*) FROM prescriptions) + (SELECT count(*) FROM "
                          "prescription_versions) + (SELECT count(*) FROM medications) + (SELECT "
                          "count(*) FROM audit_logs) + (SELECT count(*) FROM dose_events) + "
                          "(SELECT sum(current_version) FROM prescriptions)");
}

static void expect_wrong(size_t at, tern_status status)
{
    CHECK_INT(status, wrong[at].status);
    CHECK_INT(error.problem, wrong[at].problem);
    CHECK_INT(error.first, wrong[at].field);
    CHECK_INT(error.second, wrong[at].medicine);
    for (int i = 0; i < 2; i++) {
        const tern_locale locale = {.size = sizeof(locale),
                                    .language = i == 0 ? TERN_KHMER : TERN_ENGLISH};
        char said[400] = "";

        CHECK(tern_say_problem(&locale, &error, said, sizeof(said)) > 0);
        CHECK_TEXT(said, wrong[at].said[i]);
    }
}

TEST(limits_are_named_in_the_digits_of_the_language)
{
    const tern_locale khmer = {.size = sizeof(khmer),
                               .language = TERN_KHMER,
                               .native_digits = true};
    const tern_care_error age = {.problem = TERN_PROBLEM_OUT_OF_RANGE,
                                 .first = TERN_FIELD_PATIENT_AGE};
    const tern_care_error days = {.problem = TERN_PROBLEM_OUT_OF_RANGE,
                                  .first = TERN_FIELD_DURATION,
                                  .second = 12};
    /* Of a later version, whose limits are not known here. */
    const tern_care_error later = {.problem = TERN_PROBLEM_OUT_OF_RANGE, .first = 99};
    char said[400] = "";

    CHECK(tern_say_problem(&khmer, &age, said, sizeof(said)) > 0);
    CHECK_TEXT(said, "អាយុអ្នកជំងឺត្រូវនៅចន្លោះពី ០ ដល់ ១៥០។");
    CHECK(tern_say_problem(&khmer, &days, said, sizeof(said)) > 0);
    CHECK_TEXT(said, "រយៈពេលប្រើរបស់ថ្នាំទី ១២មិនអាចតិចជាង ០ បានទេ។");
    CHECK(tern_say_problem(&khmer, &later, said, sizeof(said)) > 0);
    CHECK_TEXT(said, "ទិន្នន័យមិនអាចជាចំនួននេះបានទេ។");
}

TEST(what_is_entered_wrongly_is_named_in_both_languages_and_nothing_changes)
{
    int64_t rows;
    tern_id id;

    care_begin("2026-03-02 05:00");
    enter_well();
    id = care_prescribe();
    rows = count_rows();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tern_id other = {{0}};

        enter_well();
        wrong[i].enter();
        expect_wrong(i, tern_prescription_create(care, &care_prescription, NULL, &other, &error));
        CHECK_INT(other.bytes[0], 0);
        expect_wrong(i, tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error));
        CHECK_INT(count_rows(), rows);
    }
    care_end();
}

/* Whoever reads a dosage has to read the same in it. */
TEST(a_dosage_says_how_much_and_whether_before_the_meal_or_nothing_of_it)
{
    static const char *const good[] = {
        "{}",
        "null",
        " {\"amount\": 1} ",
        "{\"amount\":0.5,\"unit\":\"tablet\",\"before_meal\":false}",
        "{\"amount\":1.0,\"before_meal\":true}",
        "{\"amount\":1e-3}",
        "{\"unit\":\"\\ud83d\\udc8a\",\"note\":{\"by\":[0,-1]}}",
    };
    static const char *const bad[] = {
        "{\"amount\":-1}",
        "{\"amount\":0}",
        "{\"amount\":0.0}",
        "{\"amount\":\"x\"}",
        "{\"amount\":\"1\"}",
        "{\"amount\":true}",
        "{\"amount\":null}",
        "{\"amount\":[1]}",
        "{\"amount\":1e999}",
        "{\"amount\":99999999999999999999999}",
        "{\"before_meal\":\"true\"}",
        "{\"before_meal\":1}",
        "{\"before_meal\":0}",
        "{\"before_meal\":null}",
        "{\"before_meal\":true,\"before_meal\":false}",
        "{\"amount\":1,\"unit\":\"ml\",\"amount\":2}",
    };
    tern_id id = {{0}};

    care_begin("2026-03-02 05:00");
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        enter_well();
        two[1].night_dosage = good[i];
        care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enter_well();
        two[1].night_dosage = bad[i];
        if (tern_prescription_create(care, &care_prescription, NULL, &id, &error) !=
            TERN_ERR_FORMAT) {
            fail_msg("%s is taken", bad[i]);
        }
        CHECK_INT(error.problem, TERN_PROBLEM_DOSAGE);
        CHECK_INT(error.first, TERN_FIELD_NIGHT_DOSAGE);
        CHECK_INT(error.second, 2);
    }
    care_end();
}

/* What the turns of a draft become where it is put in force, or ended: b begins, c ceases. */
static void turn_draft(const char *turns, bool ends, const char *become)
{
    char sql[300];
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    fixture_run(care_replica, "UPDATE prescriptions SET status='DRAFT'");
    for (int i = 0; turns[i] != '\0'; i++) {
        (void)snprintf(sql,
                       sizeof(sql),
                       "INSERT INTO prescription_turns(id,prescription_id,turned_at,begins) SELECT "
                       "tern_key('prescription_turns',id,%d,%d),id,%d,%d FROM prescriptions",
                       1000 * (i + 1),
                       turns[i] == 'b',
                       1000 * (i + 1),
                       turns[i] == 'b');
        fixture_run(care_replica, sql);
    }
    care_ok(ends ? tern_prescription_end(care, &id, &error)
                 : tern_prescription_activate(care, &id, &error),
            &error);
    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT coalesce((SELECT group_concat(iif(begins,'b','c'),'') FROM (SELECT "
                   "begins FROM prescription_turns ORDER BY turned_at,begins)),'')='%s' AND "
                   "status='%s' FROM prescriptions",
                   become,
                   ends ? "INACTIVE" : "ACTIVE");
    CHECK_INT(fixture_number(care_replica, sql), 1);
    care_end();
}

/* As an import makes it where the file has a draft. */
TEST(a_draft_that_had_been_paused_counts_nothing_of_its_pause)
{
    turn_draft("c", false, "cb");
    turn_draft("c", true, "cc");
}

/* As if it had none: it may have become active elsewhere. */
TEST(a_draft_whose_turns_do_not_say_that_it_had_ceased_may_have_had_doses)
{
    turn_draft("cb", false, "cb");
    turn_draft("cb", true, "cbc");
    turn_draft("", false, "");
    turn_draft("", true, "c");
}

/* Anybody who may prescribe can write such a row. */
TEST(a_turn_at_the_end_of_time_keeps_nobody_from_turning_it)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    fixture_run(care_replica,
                "INSERT INTO prescription_turns(id,prescription_id,turned_at,begins) SELECT "
                "tern_key('prescription_turns',id,253402300799000000,0),id,253402300799000000,0 "
                "FROM prescriptions");
    for (int i = 0; i < 2; i++) {
        care_ok(tern_prescription_pause(care, &id, &error), &error);
        care_ok(tern_prescription_resume(care, &id, &error), &error);
    }
    care_ok(tern_prescription_end(care, &id, &error), &error);
    CHECK_INT(fixture_number(care_replica, "SELECT status='INACTIVE' FROM prescriptions"), 1);
    care_end();
}

TEST(what_just_fits_is_taken)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 05:00");
    enter_well();
    care_prescription.patient_name = letters(200);
    care_prescription.patient_gender = "OTHER";
    care_prescription.patient_age = 150;
    two[0].night_dosage = "null";
    two[1].morning_dosage = "{}";
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    enter_well();
    two[0].name = letters(255);
    two[0].name_khmer = two[0].name;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    two[0] = care_medicine;
    two[1].frequency = letters(100);
    two[1].timing = two[1].frequency;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_end();
}
