#include "tests/unit/server/job.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

/* ---- Zones ---- */

static tern_status
offset(void *context, const char *zone, int64_t utc_us, int32_t *ret_offset_s, tern_error *error)
{
    (void)context;
    (void)utc_us;
    (void)error;
    if (strcmp(zone, "Asia/Phnom_Penh") != 0) {
        return TERN_ERR_NOT_FOUND;
    }
    *ret_offset_s = 7 * 3600;
    return TERN_OK;
}

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    const struct lab *lab = context;

    trn_server_handle(lab->server, now_us, call, 1);
}

struct trn_missed_port job_port(struct lab *lab)
{
    return (
        struct trn_missed_port){.zones = {.offset = offset}, .context = lab, .hand_in = hand_in};
}

/* ---- A patient with a prescription ---- */

static const char morning[] = "{\"amount\":1,\"before_meal\":false}";

void job_insert_user(struct phone *phone, const char *zone)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "users", phone->auth.user);

    lab_set(&change, "role", tern_value_text("PATIENT"));
    lab_set(&change, "time_zone", tern_value_text(zone));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

void job_insert_prescription(struct phone *phone, tern_id id, const char *status)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "prescriptions", id);

    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "patient_name", tern_value_text("x"));
    lab_set(&change, "start_date", tern_value_text("2026-01-01"));
    lab_set(&change, "status", tern_value_text(status));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

void job_insert_medication(struct phone *phone,
                           tern_id id,
                           tern_id prescription,
                           const char *timing,
                           bool prn)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "medications", id);

    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "row_number", tern_value_integer(1));
    lab_set(&change, "medicine_name", tern_value_text("Paracetamol"));
    lab_set(&change,
            "morning_dosage",
            timing == NULL ? tern_value_text(morning) : tern_value_null());
    lab_set(&change, "timing", tern_value_text(timing));
    lab_set(&change, "is_prn", tern_value_integer(prn ? 1 : 0));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

tern_id job_insert_dose(struct phone *phone,
                        tern_id prescription,
                        tern_id medication,
                        unsigned day,
                        const char *slot,
                        int64_t scheduled_us)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "dose_events", lab_id('?', 0));
    char date[24];
    bool derived = false;

    (void)snprintf(date, sizeof(date), "2026-%02u-%02u", 1 + day / 28, 1 + day % 28);
    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "medication_id", tern_value_id(&medication));
    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "scheduled_time", tern_value_integer(scheduled_us));
    lab_set(&change, "local_date", tern_value_text(date));
    lab_set(&change, "slot", tern_value_text(slot));
    lab_set(&change, "time_period", tern_value_text("DAYTIME"));
    lab_set(&change, "grace_minutes", tern_value_integer(GRACE));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(phone, TRN_ENTRY_INFERRED);
    phone_change(phone, &change);
    phone_commit(phone);
    return change.id;
}

void job_set_outcome(struct phone *phone,
                     tern_id dose,
                     int64_t base,
                     const char *status,
                     enum trn_operation operation,
                     enum trn_entry_kind kind)
{
    struct trn_change change = lab_change(phone->lab, operation, "dose_events", dose);

    change.base = base;
    lab_set(&change, "status", tern_value_text(status));
    if (strncmp(status, "TAKEN", 5) == 0) {
        lab_set(&change, "taken_at", tern_value_integer(phone->lab->now_us));
    }
    if (kind == TRN_ENTRY_INFERRED && strcmp(status, "MISSED") == 0) {
        lab_set(&change, "flags", tern_value_text("INFERRED"));
    }
    phone_begin(phone, kind);
    phone_change(phone, &change);
    phone_commit(phone);
}

void job_open(struct job *job)
{
    const struct trn_missed_port port = job_port(&job->lab);

    CHECK(trn_missed_open(job->lab.db, &port, &job->missed, NULL) == TERN_OK);
}

void job_start_on(struct job *job, const char *vfs)
{
    memset(job, 0, sizeof(*job));
    lab_open(&job->lab);
    if (vfs != NULL) {
        job->lab.vfs = vfs;
        lab_reopen(&job->lab);
    }
    phone_open(&job->phone, &job->lab, 1, 1);
    job->prescription = lab_id('p', 1);
    job->medication = lab_id('m', 1);
    job_insert_user(&job->phone, "Asia/Phnom_Penh");
    job_insert_prescription(&job->phone, job->prescription, "ACTIVE");
    job_insert_medication(&job->phone, job->medication, job->prescription, NULL, false);
    phone_push(&job->phone);
    job_open(job);
}

void job_start(struct job *job)
{
    job_start_on(job, NULL);
}

void job_end(struct job *job)
{
    trn_missed_close(job->missed);
    phone_close(&job->phone);
    lab_close(&job->lab);
}

tern_id job_push_dose(struct job *job, unsigned day)
{
    tern_id id = job_insert_dose(&job->phone,
                                 job->prescription,
                                 job->medication,
                                 day,
                                 "MORNING",
                                 LAB_START_US + day * DAY_US + 30 * MINUTE_US);

    phone_push(&job->phone);
    return id;
}

struct trn_missed_report job_step(struct job *job)
{
    struct trn_missed_report report = {.missed = 0};
    tern_error error = {.status = TERN_OK};

    if (trn_missed_step(job->missed, job->lab.now_us, &report, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    return report;
}

int64_t job_count(struct job *job, const char *status)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM dose_events WHERE status='%s'", status);
    return lab_number(&job->lab, sql);
}

int64_t job_transactions(struct job *job)
{
    return lab_number(&job->lab,
                      "SELECT count(*) FROM tern_entry WHERE device NOT IN "
                      "(SELECT id FROM tern_device WHERE substr(id, 1, 1) = x'64')");
}

int64_t job_audits(struct job *job)
{
    return lab_number(&job->lab, "SELECT count(*) FROM sync_audit");
}

void job_insert_version(struct job *job, int64_t number, int64_t created_us, const char *says)
{
    struct trn_change change =
        lab_change(&job->lab, TRN_OP_INSERT, "prescription_versions", lab_id('?', 0));
    char id[TRN_ID_TEXT_SIZE + 1];
    char snapshot[400];
    bool derived = false;

    trn_id_format(&job->medication, id);
    (void)snprintf(snapshot, sizeof(snapshot), "[{\"id\":\"%s\"%s}]", id, says);
    lab_set(&change, "prescription_id", tern_value_id(&job->prescription));
    lab_set(&change, "version_number", tern_value_integer(number));
    lab_set(&change, "created_at", tern_value_integer(created_us));
    lab_set(&change, "medications_snapshot", tern_value_text(snapshot));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(&job->phone, TRN_ENTRY_RECORDED);
    phone_change(&job->phone, &change);
    phone_commit(&job->phone);
}
