/* Prescriptions: versions, status, and the history that nothing takes away. */
#include "tests/medication/fixture.h"

#include <string.h>

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
    care_prescription.is_urgent = false;
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
