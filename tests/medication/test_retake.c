/* An ended prescription taken up again. */
#include "tests/medication/fixture.h"

#include <string.h>

#include "tests/medication/pair.h"

static tern_care_error error;

static int64_t number(const char *sql)
{
    return fixture_number(care_replica, sql);
}

/* One of two medicines, the third of which an edit took away, that lived a day and was ended. */
static tern_id live_and_end(void)
{
    static tern_medicine two[2];
    tern_id id;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    two[0] = care_medicine;
    two[1] = (tern_medicine){.name = "as needed", .name_khmer = "x", .is_prn = true};
    care_prescription.end_date = "2026-03-10";
    care_prescription.is_urgent = true;
    care_prescription.urgent_reason = "now";
    care_prescription.diagnosis = "a diagnosis";
    id = care_prescribe();
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "more", NULL, &error), &error);
    fixture_run(care_replica, "UPDATE medications SET prn_times='[\"09:00\"]' WHERE is_prn");
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    care_clock("2026-03-02 06:30");
    dose = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    care_ok(tern_prescription_end(care, &id, &error), &error);
    return id;
}

TEST(what_is_retaken_is_a_new_draft_of_what_the_ended_one_held)
{
    tern_id again = {{0}};
    tern_id id = live_and_end();

    care_clock("2026-06-01 05:00");
    care_ok(tern_prescription_retake(care, &id, "2026-06-02", "2026-06-20", "back", &again, &error),
            &error);
    CHECK(memcmp(&again, &id, sizeof(id)) != 0);
    CHECK_INT(number("SELECT count(*) FROM prescriptions WHERE status='DRAFT' AND "
                     "start_date='2026-06-02' AND end_date='2026-06-20' AND current_version=1 AND "
                     "diagnosis='a diagnosis' AND patient_name='a patient' AND NOT is_urgent AND "
                     "urgent_reason IS NULL"),
              1);
    CHECK_INT(number("SELECT count(*) FROM prescriptions WHERE status='INACTIVE'"), 1);
    CHECK_INT(number("SELECT count(*) FROM prescription_turns t JOIN prescriptions p ON "
                     "p.id=t.prescription_id WHERE p.status='DRAFT'"),
              0);
    CHECK_INT(number("SELECT count(*) FROM medications m JOIN prescriptions p ON "
                     "p.id=m.prescription_id WHERE p.status='DRAFT' AND m.deleted_at IS NULL AND "
                     "m.prn_times IS NULL"),
              2);
    CHECK_INT(number("SELECT count(*) FROM medications a JOIN medications b ON a.id<>b.id AND "
                     "a.medicine_name=b.medicine_name AND a.row_number=b.row_number AND "
                     "a.is_prn=b.is_prn AND a.morning_dosage IS b.morning_dosage AND "
                     "a.night_dosage IS b.night_dosage AND a.medicine_name_khmer IS "
                     "b.medicine_name_khmer WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL"),
              4);
    CHECK_INT(number("SELECT count(*) FROM prescription_versions v JOIN prescriptions p ON "
                     "p.id=v.prescription_id WHERE p.status='DRAFT' AND v.version_number=1 AND "
                     "v.change_reason='back' AND json_array_length(v.medications_snapshot)=2"),
              1);
    CHECK_INT(number("SELECT count(*) FROM audit_logs a JOIN prescriptions p ON p.id=a.resource_id "
                     "JOIN prescriptions e ON e.status='INACTIVE' WHERE "
                     "a.action_type='PRESCRIPTION_RETAKE' AND a.resource_type='prescriptions' AND "
                     "p.status='DRAFT' AND json_extract(a.details,'$.of')=tern_id_text(e.id)"),
              1);
    CHECK_INT(number("SELECT count(*) FROM audit_logs WHERE action_type='PRESCRIPTION_CREATE'"), 1);
    care_end();
}

TEST(both_have_their_own_doses)
{
    tern_id again = {{0}};
    tern_id id = live_and_end();

    care_ok(tern_prescription_retake(care, &id, NULL, NULL, NULL, &again, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME");
    care_ok(tern_prescription_activate(care, &again, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING ON_TIME, MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-20"), "MORNING DUE, NIGHT DUE");
    /* Once more it is taken up, when it has ended as well. */
    care_ok(tern_prescription_end(care, &again, &error), &error);
    care_ok(tern_prescription_retake(care, &again, NULL, NULL, NULL, &id, &error), &error);
    care_end();
}

TEST(what_cannot_be_retaken_is_told_and_nothing_changes)
{
    tern_id again = {{7}};
    tern_id unknown = fixture_id(77);
    tern_id active;
    int64_t rows;
    tern_id id = live_and_end();

    active = care_prescribe();
    rows = number("SELECT count(*) FROM prescriptions");
    CHECK_INT(tern_prescription_retake(care, &active, NULL, NULL, NULL, &again, &error),
              TERN_ERR_CHECK);
    CHECK_INT(error.problem, TERN_PROBLEM_STATUS);
    CHECK_INT(tern_prescription_retake(care, &unknown, NULL, NULL, NULL, &again, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PRESCRIPTION);
    CHECK_INT(tern_prescription_retake(care, &id, "2026-02-30", NULL, NULL, &again, &error),
              TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_DATE);
    CHECK_INT(tern_prescription_retake(care, &id, "2026-03-02", "2026-03-01", NULL, &again, &error),
              TERN_ERR_RANGE);
    CHECK_INT(error.problem, TERN_PROBLEM_END_DATE);
    CHECK_INT(tern_prescription_retake(care, &id, NULL, NULL, "\xff", &again, &error),
              TERN_ERR_FORMAT);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_TEXT);
    CHECK_INT(error.first, TERN_FIELD_CHANGE_REASON);
    CHECK_INT(tern_prescription_retake(care, &id, NULL, NULL, NULL, NULL, &error), TERN_ERR_MISUSE);
    fixture_run(care_replica, "DELETE FROM medications");
    CHECK_INT(tern_prescription_retake(care, &id, NULL, NULL, NULL, &again, &error),
              TERN_ERR_NOT_NULL);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_MEDICATIONS);
    CHECK_INT(number("SELECT count(*) FROM prescriptions"), rows);
    CHECK_INT(number("SELECT count(*) FROM audit_logs WHERE action_type='PRESCRIPTION_RETAKE'"), 0);
    CHECK_INT(again.bytes[0], 7);
    care_end();
}

TEST(it_is_taken_up_whole_or_not_at_all)
{
    tern_id id = live_and_end();
    int64_t made = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_id again = {{0}};
        tern_status status =
            tern_prescription_retake(care, &id, NULL, NULL, "back", &again, &error);

        /* SQLite that runs out of memory within a snapshot gives half of one, which the column
         * does not take. */
        CHECK(status == TERN_OK ||
              ((status == TERN_ERR_NOMEM || status == TERN_ERR_FORMAT) && again.bytes[0] == 0));
        made += status == TERN_OK ? 1 : 0;
    }
    CHECK(made > 0);
    CHECK_INT(number("SELECT count(*) FROM prescriptions WHERE status='DRAFT'"), made);
    CHECK_INT(number("SELECT count(*) FROM audit_logs WHERE action_type='PRESCRIPTION_RETAKE'"),
              made);
    care_end();
}

/* The doctor's own is the doctor's; the patient's keeps the doctor who stood there. */
TEST(a_doctor_and_a_patient_who_both_retake_it_make_two_and_the_server_takes_both)
{
    struct care_pair pair;
    struct care_device doctor;
    tern_id id;
    tern_id first;
    tern_id second;

    care_pair_begin(&pair);
    care_pair_open_to(&pair, 'd', "DOCTOR");
    id = care_pair_prescribe(&pair, &pair.phone);
    care_ok(tern_prescription_end(pair.phone.care, &id, &error), &error);
    care_pair_sync(&pair);
    care_device_begin(&pair.world, &doctor, "doctor", 'd');
    device_sync_well(&doctor.device);
    care_ok(tern_prescription_retake(doctor.care, &id, NULL, NULL, "again", &first, &error),
            &error);
    care_ok(tern_prescription_retake(pair.phone.care, &id, NULL, NULL, NULL, &second, &error),
            &error);
    device_sync_well(&doctor.device);
    CHECK_INT(device_status(&doctor.device).quarantined, 0);
    care_pair_sync(&pair);
    CHECK_INT(device_status(&pair.phone.device).quarantined, 0);
    CHECK_TEXT(
        device_ask(&pair.tablet.device, "SELECT count(*) FROM prescriptions WHERE status='DRAFT'"),
        "2");
    CHECK_TEXT(device_ask(&pair.tablet.device,
                          "SELECT count(*) FROM prescriptions WHERE status='DRAFT' AND doctor_id "
                          "IS NOT NULL"),
               "1");
    CHECK(memcmp(&first, &second, sizeof(first)) != 0);
    care_device_end(&doctor);
    care_pair_end(&pair);
}
