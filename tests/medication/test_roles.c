/* What the calls let a person do in another's record is what the server takes of them: nothing that
 * seems recorded here waits for ever, or is thrown away there. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tests/medication/pair.h"

static tern_care_error error;

/* What there is in the patient's record, as all devices know it. */
struct record {
    struct care_pair pair;
    tern_id active;
    tern_id draft;
    tern_id paused;
    tern_id ended;
    tern_id due; /* a dose, and the one behind it */
    tern_id next;
    tern_id taken; /* one that the patient has recorded */
    tern_id prn;   /* a medication */
};

static tern_id prescribe(struct record *record)
{
    tern_id id = {{0}};

    care_ok(tern_prescription_create(record->pair.phone.care,
                                     &record->pair.prescription,
                                     NULL,
                                     &id,
                                     &error),
            &error);
    return id;
}

static void record_begin(struct record *record)
{
    tern_care *phone;

    care_pair_begin(&record->pair);
    phone = record->pair.phone.care;
    record->draft = prescribe(record);
    record->paused = prescribe(record);
    record->ended = prescribe(record);
    care_ok(tern_prescription_activate(phone, &record->paused, &error), &error);
    care_ok(tern_prescription_pause(phone, &record->paused, &error), &error);
    care_ok(tern_prescription_end(phone, &record->ended, &error), &error);
    record->active = care_pair_prescribe(&record->pair, &record->pair.phone);
    record->pair.medicine = (tern_medicine){.name = "as needed", .is_prn = true};
    (void)care_pair_prescribe(&record->pair, &record->pair.phone);
    record->prn =
        care_pair_id(&record->pair.phone, "SELECT quote(id) FROM medications WHERE is_prn");
    record->due = care_pair_id(&record->pair.phone,
                               "SELECT quote(id) FROM dose_events ORDER BY scheduled_time LIMIT 1");
    record->taken =
        care_pair_id(&record->pair.phone,
                     "SELECT quote(id) FROM dose_events ORDER BY scheduled_time LIMIT 1 OFFSET 1");
    record->next =
        care_pair_id(&record->pair.phone,
                     "SELECT quote(id) FROM dose_events ORDER BY scheduled_time LIMIT 1 OFFSET 2");
    care_ok(tern_dose_skip(phone, &record->taken, NULL, false, &error), &error);
    world_pass(&record->pair.world, INT64_C(10) * 3600 * 1000000); /* the evening */
    care_pair_sync(&record->pair);
}

/* ---- The calls ---- */

static tern_status take(struct record *record, struct care_device *by)
{
    const tern_dose_act act = {.size = sizeof(act), .insist = true};

    return tern_dose_take(by->care, &record->due, &act, NULL, &error);
}

static tern_status skip_it(struct record *record, struct care_device *by)
{
    return tern_dose_skip(by->care, &record->next, NULL, false, &error);
}

static tern_status undo(struct record *record, struct care_device *by)
{
    return tern_dose_undo(by->care, &record->taken, &error);
}

static tern_status take_prn(struct record *record, struct care_device *by)
{
    return tern_dose_take_prn(by->care, &record->prn, NULL, NULL, &error);
}

static tern_status set_times(struct record *record, struct care_device *by)
{
    const int32_t minute = 480;

    return tern_medication_set_prn_times(by->care, &record->prn, &minute, 1, &error);
}

static tern_status generate(struct record *record, struct care_device *by)
{
    return tern_schedule_generate(by->care, &record->pair.prescription.patient, NULL, &error);
}

static tern_status create(struct record *record, struct care_device *by)
{
    tern_id id;

    return tern_prescription_create(by->care, &record->pair.prescription, NULL, &id, &error);
}

static tern_status edit(struct record *record, struct care_device *by)
{
    return tern_prescription_edit(by->care,
                                  &record->active,
                                  &record->pair.prescription,
                                  "why",
                                  NULL,
                                  &error);
}

static tern_status activate(struct record *record, struct care_device *by)
{
    return tern_prescription_activate(by->care, &record->draft, &error);
}

static tern_status pause_it(struct record *record, struct care_device *by)
{
    return tern_prescription_pause(by->care, &record->active, &error);
}

static tern_status resume(struct record *record, struct care_device *by)
{
    return tern_prescription_resume(by->care, &record->paused, &error);
}

static tern_status end(struct record *record, struct care_device *by)
{
    return tern_prescription_end(by->care, &record->active, &error);
}

static tern_status retake(struct record *record, struct care_device *by)
{
    tern_id id;

    return tern_prescription_retake(by->care, &record->ended, NULL, NULL, NULL, &id, &error);
}

static tern_status look(struct record *record, struct care_device *by)
{
    return tern_audit_access(by->care, &record->pair.prescription.patient, NULL, &error);
}

static tern_status alert(struct record *record, struct care_device *by)
{
    uint32_t made = 0;
    bool more = false;

    (void)record;
    return tern_alerts_infer(by->care, 100, &made, &more, &error);
}

static tern_status set_meals(struct record *record, struct care_device *by)
{
    (void)record;
    return tern_settings_set_meals(by->care, "6:30", NULL, NULL, &error);
}

static tern_status set_zone(struct record *record, struct care_device *by)
{
    (void)record;
    return tern_settings_set_time_zone(by->care, "Asia/Tokyo", &error);
}

static const struct {
    const char *name;
    tern_status (*make)(struct record *record, struct care_device *by);
    bool by_doctor;
    bool by_family;
} calls[] = {
    {"take", take, false, false},
    {"skip", skip_it, false, false},
    {"undo", undo, false, false},
    {"take_prn", take_prn, false, false},
    {"set_prn_times", set_times, false, false},
    {"create", create, true, false},
    {"edit", edit, true, false},
    {"activate", activate, true, false},
    {"pause", pause_it, true, false},
    {"resume", resume, true, false},
    {"end", end, true, false},
    {"retake", retake, true, false},
    /* In one's own record, whoever it is. */
    {"access", look, true, true},
    {"alerts_infer", alert, true, true},
    {"set_meals", set_meals, true, true},
    {"set_time_zone", set_zone, true, true},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static void check_taken(struct care_device *device, const char *name)
{
    tern_replica_status status;

    device_sync_well(&device->device);
    status = device_status(&device->device);
    if (status.pending != 0 || status.quarantined != 0 || status.locked != 0) {
        fail_msg("%s: the server has not taken it", name);
    }
}

static void check_refused(struct care_device *device, tern_status status, const char *name)
{
    if (status != TERN_ERR_FORBIDDEN || error.problem != TERN_PROBLEM_NOT_PATIENT) {
        fail_msg("%s: %s, %s",
                 name,
                 tern_status_code(status),
                 status == TERN_OK ? "" : tern_problem_code(error.problem));
    }
    CHECK_INT(device_status(&device->device).pending, 0);
}

/* Each call, one after another, of one who has what the patient has. */
static void play(const char *role, bool is_doctor)
{
    struct record record;
    struct care_device device;

    record_begin(&record);
    care_pair_open_to(&record.pair, 'd', role);
    care_device_begin(&record.pair.world, &device, "other", 'd');
    check_taken(&device, "a sync of nothing");
    for (size_t i = 0; i < CALLS; i++) {
        tern_status status = calls[i].make(&record, &device);

        if (is_doctor ? calls[i].by_doctor : calls[i].by_family) {
            care_ok(status, &error);
            check_taken(&device, calls[i].name);
        } else {
            check_refused(&device, status, calls[i].name);
        }
    }
    care_device_end(&device);
    care_pair_end(&record.pair);
}

TEST(a_doctor_prescribes_and_records_nothing)
{
    play("DOCTOR", true);
}

TEST(a_family_member_reads)
{
    play("FAMILY_MEMBER", false);
}

TEST(a_patient_may_do_all_in_their_own_record)
{
    struct record record;

    record_begin(&record);
    for (size_t i = 0; i < CALLS; i++) {
        care_ok(calls[i].make(&record, &record.pair.tablet), &error);
        check_taken(&record.pair.tablet, calls[i].name);
    }
    care_pair_end(&record.pair);
}

/* What is refused here, the server would have refused. */
TEST(the_server_takes_of_each_what_the_calls_let_them_write)
{
    static const struct {
        const char *role;
        const char *sql;
        bool is_taken;
    } writes[] = {
        {"DOCTOR", "UPDATE dose_events SET status='SKIPPED'", false},
        {"DOCTOR", "UPDATE prescriptions SET status='INACTIVE'", true},
        {"DOCTOR", "UPDATE medications SET frequency='once a week'", true},
        {"FAMILY_MEMBER", "UPDATE dose_events SET status='SKIPPED'", false},
        {"FAMILY_MEMBER", "UPDATE prescriptions SET status='INACTIVE'", false},
        {"FAMILY_MEMBER", "UPDATE medications SET frequency='once a week'", false},
    };

    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        struct record record;
        struct care_device device;

        record_begin(&record);
        care_pair_open_to(&record.pair, 'd', writes[i].role);
        care_device_begin(&record.pair.world, &device, "other", 'd');
        device_sync_well(&device.device);
        device_run(&device.device, writes[i].sql);
        CHECK_INT(device_status(&device.device).pending, 1);
        device_sync_well(&device.device);
        CHECK_INT(device_status(&device.device).locked, writes[i].is_taken ? 0 : 1);
        care_device_end(&device);
        care_pair_end(&record.pair);
    }
}

/* Its token says that it may, which the replica does not see. */
TEST(a_job_of_anybody_makes_a_schedule)
{
    struct record record;
    struct care_device job;

    record_begin(&record);
    care_pair_open_to(&record.pair, 'd', "DOCTOR");
    care_device_begin(&record.pair.world, &job, "job", 'd');
    job.device.power = TRN_POWER_SERVICE;
    device_sync_well(&job.device);
    world_pass(&record.pair.world, INT64_C(2) * 24 * 3600 * 1000000);
    care_ok(generate(&record, &job), &error);
    CHECK_INT(device_status(&job.device).pending, 1);
    check_taken(&job, "generate");
    care_device_end(&job);
    care_pair_end(&record.pair);
}

TEST(of_one_whose_own_row_is_not_here_nothing_is_refused)
{
    tern_id dose;

    care_begin("2026-03-02 06:00");
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'PATIENT')");
    fixture_run(care_replica, "DELETE FROM users WHERE id=x'6170692d666978747572652d00000001'");
    care_prescription.patient = fixture_id(2);
    {
        tern_id id = {{0}};

        care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
        care_ok(tern_prescription_activate(care, &id, &error), &error);
        care_ok(tern_schedule_generate(care, &care_prescription.patient, NULL, &error), &error);
    }
    care_clock("2026-03-02 06:30");
    dose = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    care_end();
}

TEST(a_doctor_prescribes_for_patients_alone)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    fixture_run(care_replica, "UPDATE users SET role='DOCTOR'");
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'FAMILY_MEMBER')");
    care_prescription.patient = fixture_id(2);
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error),
              TERN_ERR_FORBIDDEN);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PATIENT);
    fixture_run(care_replica, "UPDATE users SET role='PATIENT' WHERE role='FAMILY_MEMBER'");
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error), TERN_OK);
    care_end();
}

TEST(a_deleted_patients_record_is_nobodys_to_write)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    fixture_run(care_replica, "UPDATE users SET role='DOCTOR'");
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'PATIENT')");
    care_prescription.patient = fixture_id(2);
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_ok(tern_prescription_activate(care, &id, &error), &error);
    fixture_run(care_replica, "DELETE FROM users WHERE role='PATIENT'");
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM users WHERE role='PATIENT' AND deleted_at>0"),
              1);
    CHECK_INT(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
              TERN_ERR_FORBIDDEN);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PATIENT);
    CHECK_INT(tern_prescription_pause(care, &id, &error), TERN_ERR_FORBIDDEN);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PATIENT);
    CHECK_INT(tern_prescription_end(care, &id, &error), TERN_ERR_FORBIDDEN);
    CHECK_INT(error.problem, TERN_PROBLEM_NOT_PATIENT);
    care_end();
}
