/* What passed stays as it was prescribed then, whatever is prescribed later and by whom. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tests/medication/pair.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

static tern_care_error error;
static char told[512];

/* ---- A patient and their doctor ---- */

struct practice {
    struct care_pair pair;
    struct care_device doctor;
    tern_id prescription;
};

/* The patient has doses, and the doctor holds them. */
static void begin(struct practice *practice)
{
    care_pair_begin(&practice->pair);
    practice->prescription = care_pair_prescribe(&practice->pair, &practice->pair.phone);
    care_pair_sync(&practice->pair);
    care_pair_open_to(&practice->pair, 'd', "DOCTOR");
    care_device_begin(&practice->pair.world, &practice->doctor, "doctor", 'd');
    device_sync_well(&practice->doctor.device);
    device_sync_well(&practice->doctor.device);
}

static void end(struct practice *practice)
{
    care_device_end(&practice->doctor);
    care_pair_end(&practice->pair);
}

/* All of them hold the same, and nothing was refused. */
static void meet(struct practice *practice)
{
    device_sync_well(&practice->doctor.device);
    care_pair_sync(&practice->pair);
    device_sync_well(&practice->doctor.device);
    CHECK_INT(device_status(&practice->doctor.device).quarantined, 0);
}

static bool tell(void *context, const tern_dose *dose)
{
    static const char *const names[] = {"DUE", "ON_TIME", "LATE", "MISSED", "SKIPPED"};
    size_t used = strlen(told);

    (void)context;
    (void)snprintf(told + used,
                   sizeof(told) - used,
                   "%s%.*s %s",
                   used > 0 ? ", " : "",
                   (int)dose->slot.size,
                   (const char *)dose->slot.data,
                   names[dose->status]);
    return true;
}

static const char *day(struct care_device *device, const char *date)
{
    const tern_id patient = world_user('p');

    told[0] = '\0';
    care_ok(tern_dose_list(device->care, &patient, date, tell, NULL, &error), &error);
    return told;
}

static bool add(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->missed;
    return true;
}

static int64_t missed(struct care_device *device)
{
    const tern_id patient = world_user('p');
    const tern_adherence_query query = {.size = sizeof(query), .patient = &patient};
    int64_t count = 0;

    care_ok(tern_adherence_read(device->care, &query, add, &count, NULL, &error), &error);
    return count;
}

static void edit(struct practice *practice, struct care_device *device)
{
    care_ok(tern_prescription_edit(device->care,
                                   &practice->prescription,
                                   &practice->pair.prescription,
                                   "another",
                                   NULL,
                                   &error),
            &error);
}

static void name_medicine(struct practice *practice)
{
    practice->pair.medicine.id =
        care_pair_id(&practice->doctor,
                     "SELECT quote(id) FROM medications WHERE deleted_at IS NULL");
}

enum { EDIT, REPLACE, PAUSE, END };

TEST(what_a_doctor_changes_hides_no_dose_that_had_passed)
{
    for (int what = EDIT; what <= END; what++) {
        struct practice practice;
        struct care_device *doctor = &practice.doctor;
        struct care_device *phone = &practice.pair.phone;

        begin(&practice);
        world_pass(&practice.pair.world, DAY_US + 4 * HOUR_US); /* 21 November, about noon */
        if (what == EDIT) {
            name_medicine(&practice);
            practice.pair.medicine.morning_dosage = NULL;
            practice.pair.medicine.night_dosage = NULL;
            practice.pair.medicine.daytime_dosage = "{\"amount\":1,\"before_meal\":true}";
        }
        if (what <= REPLACE) {
            edit(&practice, doctor);
        } else if (what == PAUSE) {
            care_ok(tern_prescription_pause(doctor->care, &practice.prescription, &error), &error);
        } else {
            care_ok(tern_prescription_end(doctor->care, &practice.prescription, &error), &error);
        }
        CHECK_TEXT(
            device_ask(&doctor->device, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
            "0");
        CHECK_TEXT(day(doctor, "2025-11-20"), "NIGHT MISSED");
        CHECK_TEXT(day(doctor, "2025-11-21"), "MORNING MISSED");
        CHECK_INT(missed(doctor), 2);
        meet(&practice);
        CHECK_TEXT(day(phone, "2025-11-20"), "NIGHT MISSED");
        CHECK_TEXT(day(phone, "2025-11-21"), "MORNING MISSED");
        CHECK_INT(missed(phone), 2);
        world_pass(&practice.pair.world, 9 * HOUR_US);
        CHECK_TEXT(day(phone, "2025-11-21"), "MORNING MISSED");
        CHECK_INT(missed(&practice.pair.tablet), 2);
        end(&practice);
    }
}

TEST(what_passes_in_a_pause_is_not_missed_after_it)
{
    struct practice practice;
    struct care_device *phone = &practice.pair.phone;
    tern_missed_cursor cursor = {0};
    uint32_t count = 0;
    bool more = false;

    begin(&practice);
    world_pass(&practice.pair.world, 4 * HOUR_US);
    care_ok(tern_prescription_pause(practice.doctor.care, &practice.prescription, &error), &error);
    meet(&practice);
    world_pass(&practice.pair.world, 2 * DAY_US);
    CHECK_INT(missed(phone), 0);
    care_ok(tern_prescription_resume(phone->care, &practice.prescription, &error), &error);
    CHECK_TEXT(day(phone, "2025-11-20"), "");
    CHECK_TEXT(day(phone, "2025-11-21"), "");
    CHECK_TEXT(day(phone, "2025-11-22"), "NIGHT DUE");
    CHECK_INT(missed(phone), 0);
    care_ok(tern_doses_infer_missed(phone->care, NULL, 100, &cursor, &count, &more, &error),
            &error);
    CHECK_INT(count, 0);
    meet(&practice);
    world_pass(&practice.pair.world, DAY_US);
    for (int i = 0; i < 2; i++) { /* again, with another pause behind it */
        CHECK_TEXT(day(phone, "2025-11-21"), "");
        CHECK_TEXT(day(phone, "2025-11-22"), "NIGHT MISSED");
        CHECK_TEXT(day(&practice.doctor, "2025-11-22"), "NIGHT MISSED");
        CHECK_TEXT(day(phone, "2025-11-23"),
                   i == 0 ? "MORNING MISSED, NIGHT DUE" : "MORNING MISSED");
        CHECK_INT(missed(phone), 2);
        if (i == 0) {
            care_ok(tern_prescription_pause(phone->care, &practice.prescription, &error), &error);
            meet(&practice);
        }
    }
    end(&practice);
}

TEST(what_an_edit_took_away_is_not_missed_after_the_next_edit)
{
    struct practice practice;
    struct care_device *phone = &practice.pair.phone;

    begin(&practice);
    world_pass(&practice.pair.world, 4 * HOUR_US);
    name_medicine(&practice);
    practice.pair.medicine.night_dosage = NULL; /* of the rows that are there for thirty days */
    edit(&practice, &practice.doctor);
    meet(&practice);
    world_pass(&practice.pair.world, 2 * DAY_US);
    practice.pair.medicine.night_dosage = "{\"amount\":2,\"before_meal\":false}";
    practice.pair.medicine.morning_dosage = NULL;
    practice.pair.prescription.start_date = "2025-11-22";
    edit(&practice, &practice.doctor);
    meet(&practice);
    CHECK_TEXT(day(phone, "2025-11-20"), "");
    CHECK_TEXT(day(phone, "2025-11-21"), "MORNING MISSED");
    CHECK_TEXT(day(phone, "2025-11-22"), "MORNING MISSED, NIGHT DUE");
    CHECK_TEXT(day(&practice.doctor, "2025-11-21"), "MORNING MISSED");
    CHECK_INT(missed(phone), 2);
    CHECK_INT(missed(&practice.doctor), 2);
    end(&practice);
}

TEST(an_end_by_one_who_knew_a_draft_alone_hides_no_dose_that_had_passed)
{
    struct practice practice;
    struct care_device *phone = &practice.pair.phone;

    care_pair_begin(&practice.pair);
    care_ok(tern_prescription_create(phone->care,
                                     &practice.pair.prescription,
                                     NULL,
                                     &practice.prescription,
                                     &error),
            &error);
    care_pair_sync(&practice.pair);
    care_pair_open_to(&practice.pair, 'd', "DOCTOR");
    care_device_begin(&practice.pair.world, &practice.doctor, "doctor", 'd');
    device_sync_well(&practice.doctor.device);
    device_sync_well(&practice.doctor.device);
    care_ok(tern_prescription_activate(phone->care, &practice.prescription, &error), &error);
    care_ok(tern_schedule_generate(phone->care, NULL, NULL, &error), &error);
    world_pass(&practice.pair.world, DAY_US);
    care_ok(tern_prescription_end(practice.doctor.care, &practice.prescription, &error), &error);
    meet(&practice);
    CHECK_TEXT(day(phone, "2025-11-20"), "NIGHT MISSED");
    CHECK_TEXT(day(phone, "2025-11-21"), "MORNING MISSED");
    CHECK_TEXT(day(phone, "2025-11-22"), "");
    CHECK_INT(missed(&practice.doctor), 2);
    end(&practice);
}

/* The patient's device guesses before it hears of a pause that had begun by then; what it says of
 * it is no other than what one says that has guessed nothing. */
TEST(a_guess_does_not_outlive_the_news_of_a_pause)
{
    for (int order = 0; order < 2; order++) {
        struct practice practice;
        struct care_device *phone = &practice.pair.phone;
        tern_missed_cursor cursor = {.scheduled_us = 0};
        bool more = false;

        begin(&practice);
        care_ok(tern_prescription_pause(practice.doctor.care, &practice.prescription, &error),
                &error);
        world_pass(&practice.pair.world, DAY_US);
        if (order == 0) {
            care_ok(tern_doses_infer_missed(phone->care, NULL, 100, &cursor, NULL, &more, &error),
                    &error);
            CHECK_INT(missed(phone), 2);
        }
        meet(&practice);
        CHECK_TEXT(day(phone, "2025-11-20"), "");
        CHECK_TEXT(day(&practice.doctor, "2025-11-20"), "");
        CHECK_INT(missed(phone), 0);
        CHECK_INT(missed(&practice.doctor), 0);
        end(&practice);
    }
}

/* As an import leaves it: active, with its doses, and without a version. */
static void begin_imported(struct practice *practice)
{
    struct care_device *phone = &practice->pair.phone;

    care_pair_begin(&practice->pair);
    device_run(&phone->device,
               "INSERT INTO prescriptions(id, patient_id, patient_name, status, start_date) "
               "VALUES(tern_id(), @p, 'a patient', 'ACTIVE', '2025-11-20')");
    device_run(&phone->device,
               "INSERT INTO medications(id, prescription_id, row_number, medicine_name, "
               "night_dosage) SELECT tern_id(), id, 1, 'a medicine', '{\"amount\":1}' FROM "
               "prescriptions");
    practice->prescription = care_pair_id(phone, "SELECT quote(id) FROM prescriptions");
    care_ok(tern_schedule_generate(phone->care, NULL, NULL, &error), &error);
    care_pair_sync(&practice->pair);
    care_pair_open_to(&practice->pair, 'd', "DOCTOR");
    care_device_begin(&practice->pair.world, &practice->doctor, "doctor", 'd');
    device_sync_well(&practice->doctor.device);
    device_sync_well(&practice->doctor.device);
}

TEST(an_edit_of_a_prescription_that_came_without_versions_hides_nothing_either)
{
    struct practice practice;
    struct care_device *phone = &practice.pair.phone;

    begin_imported(&practice);
    world_pass(&practice.pair.world, DAY_US);
    practice.pair.medicine.night_dosage = NULL;
    edit(&practice, &practice.doctor);
    meet(&practice);
    CHECK_TEXT(day(phone, "2025-11-20"), "NIGHT MISSED");
    CHECK_TEXT(day(phone, "2025-11-21"), "");
    CHECK_INT(missed(&practice.doctor), 1);
    CHECK_TEXT(device_ask(&phone->device,
                          "SELECT version_number, json_extract(medications_snapshot, "
                          "'$[0].night_dosage.amount') FROM prescription_versions ORDER BY 1"),
               "1,1;2,null");
    end(&practice);
}

static bool
note_refused(void *context, const tern_refused_version *version, const tern_medication *medication)
{
    (void)medication;
    *(int32_t *)context = version->version;
    return true;
}

TEST(of_two_first_edits_of_what_came_without_versions_the_later_is_read_back_as_the_second)
{
    struct practice practice;
    int32_t refused = 0;

    begin_imported(&practice);
    edit(&practice, &practice.pair.phone);
    world_pass(&practice.pair.world, HOUR_US);
    edit(&practice, &practice.doctor);
    care_pair_sync(&practice.pair);
    device_sync_well(&practice.doctor.device);
    CHECK_INT(device_status(&practice.doctor.device).quarantined, 1);
    care_ok(tern_prescription_refused(practice.doctor.care, note_refused, &refused, &error),
            &error);
    CHECK_INT(refused, 2);
    CHECK_TEXT(world_ask(&practice.pair.world, "SELECT count(*) FROM prescription_versions"), "2");
    end(&practice);
}
