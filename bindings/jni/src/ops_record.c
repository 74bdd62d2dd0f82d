/* Reading the record: prescriptions and medications, alerts, the quota, the audit log. */
#include "bindings/jni/src/bridge.h"
#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tern/medication/prescription.h"
#include "tern/medication/quota.h"

/* ---- Prescriptions and medications ---- */

static bool put_medication(void *context, const tern_medication *medication)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &medication->id);
    bridge_put_id(call, &medication->prescription);
    bridge_put_int(call, medication->row_number);
    bridge_put_value(call, &medication->name);
    bridge_put_value(call, &medication->name_khmer);
    bridge_put_value(call, &medication->image_url);
    bridge_put_value(call, &medication->morning_dosage);
    bridge_put_value(call, &medication->daytime_dosage);
    bridge_put_value(call, &medication->night_dosage);
    bridge_put_value(call, &medication->frequency);
    bridge_put_value(call, &medication->timing);
    bridge_put_int(call, medication->duration_days);
    bridge_put_byte(call, medication->is_prn);
    bridge_put_value(call, &medication->prn_times);
    bridge_put_int(call, (int32_t)medication->state);
    return !call->out.failed;
}

static bool put_prescription(void *context, const tern_prescription_row *row)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &row->id);
    bridge_put_id(call, &row->patient);
    bridge_put_id(call, &row->doctor);
    bridge_put_value(call, &row->patient_name);
    bridge_put_value(call, &row->patient_gender);
    bridge_put_int(call, row->patient_age);
    bridge_put_value(call, &row->symptoms);
    bridge_put_value(call, &row->diagnosis);
    bridge_put_value(call, &row->start_date);
    bridge_put_value(call, &row->begins_on);
    bridge_put_value(call, &row->end_date);
    bridge_put_int(call, (int32_t)row->status);
    bridge_put_byte(call, row->is_urgent);
    bridge_put_value(call, &row->urgent_reason);
    bridge_put_long(call, row->created_us);
    bridge_put_int(call, row->version);
    bridge_put_long(call, row->version_us);
    bridge_put_id(call, &row->author);
    bridge_put_value(call, &row->change_reason);
    bridge_put_int(call, row->medication_count);
    return !call->out.failed;
}

tern_status bridge_prescriptionList(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    unsigned statuses = (unsigned)bridge_int(call);
    tern_status status = tern_prescription_list(call->handle,
                                                patient,
                                                statuses,
                                                put_prescription,
                                                call,
                                                &call->error);

    bridge_put_byte(call, 0);
    return status;
}

/* The prescription once, then its medications. */
struct parts {
    struct bridge_call *call;
    bool begun;
};

static bool put_part(void *context,
                     const tern_prescription_row *prescription,
                     const tern_medication *medication)
{
    struct parts *parts = context;

    if (!parts->begun) {
        (void)put_prescription(parts->call, prescription);
        parts->begun = true;
    }
    return medication == NULL || put_medication(parts->call, medication);
}

tern_status bridge_prescriptionRead(struct bridge_call *call)
{
    tern_id id = bridge_id(call);
    struct parts parts = {.call = call};
    tern_status status = tern_prescription_read(call->handle, &id, put_part, &parts, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

static bool put_version(void *context, const tern_prescription_version *version)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &version->id);
    bridge_put_int(call, version->version);
    bridge_put_id(call, &version->author);
    bridge_put_value(call, &version->reason);
    bridge_put_long(call, version->created_us);
    bridge_put_byte(call, version->is_current);
    bridge_put_value(call, &version->snapshot);
    return !call->out.failed;
}

tern_status bridge_prescriptionVersions(struct bridge_call *call)
{
    tern_id id = bridge_id(call);
    tern_status status =
        tern_prescription_versions(call->handle, &id, put_version, call, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_prescriptionSnapshot(struct bridge_call *call)
{
    tern_id id = bridge_id(call);
    int32_t version = bridge_int(call);
    tern_status status =
        tern_prescription_snapshot(call->handle, &id, version, put_medication, call, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_medicationList(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    unsigned states = (unsigned)bridge_int(call);
    tern_status status =
        tern_medication_list(call->handle, patient, states, put_medication, call, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_medicationRead(struct bridge_call *call)
{
    tern_id id = bridge_id(call);

    return tern_medication_read(call->handle, &id, put_medication, call, &call->error);
}

/* A refused version comes before each of its medications. */
static bool
put_refused(void *context, const tern_refused_version *version, const tern_medication *medication)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_long(call, (int64_t)version->ordinal);
    bridge_put_int(call, (int32_t)version->problem);
    bridge_put_int(call, (int32_t)version->reason);
    bridge_put_long(call, version->time_us);
    bridge_put_id(call, &version->prescription);
    bridge_put_int(call, version->version);
    bridge_put_value(call, &version->change_reason);
    bridge_put_value(call, &version->clinical);
    bridge_put_value(call, &version->snapshot);
    if (medication == NULL) {
        bridge_put_byte(call, 0);
        return !call->out.failed;
    }
    return put_medication(call, medication);
}

tern_status bridge_prescriptionRefused(struct bridge_call *call)
{
    tern_status status = tern_prescription_refused(call->handle, put_refused, call, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

/* ---- Alerts ---- */

tern_status bridge_alertsInfer(struct bridge_call *call)
{
    uint32_t limit = (uint32_t)bridge_int(call);
    uint32_t made = 0;
    bool more = false;
    tern_status status = tern_alerts_infer(call->handle, limit, &made, &more, &call->error);

    bridge_put_int(call, (int32_t)made);
    bridge_put_byte(call, more);
    return status;
}

static bool put_alert(void *context, const tern_alert *alert)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &alert->id);
    bridge_put_int(call, (int32_t)alert->type);
    bridge_put_id(call, &alert->about);
    bridge_put_value(call, &alert->title);
    bridge_put_value(call, &alert->message);
    bridge_put_value(call, &alert->data);
    bridge_put_long(call, alert->created_us);
    bridge_put_byte(call, alert->is_late);
    bridge_put_byte(call, alert->is_over);
    bridge_put_byte(call, alert->is_read);
    bridge_put_long(call, alert->read_us);
    return !call->out.failed;
}

tern_status bridge_alertList(struct bridge_call *call)
{
    bool unread = bridge_byte(call) != 0;
    uint32_t limit = (uint32_t)bridge_int(call);
    tern_alert_cursor cursor;
    tern_status status;

    cursor.created_us = bridge_long(call);
    cursor.id = bridge_id(call);
    status = tern_alert_list(call->handle, unread, limit, &cursor, put_alert, call, &call->error);
    bridge_put_byte(call, 0);
    bridge_put_long(call, cursor.created_us);
    bridge_put_id(call, &cursor.id);
    return status;
}

tern_status bridge_alertCount(struct bridge_call *call)
{
    uint32_t count = 0;
    tern_status status = tern_alert_count(call->handle, &count, &call->error);

    bridge_put_int(call, (int32_t)count);
    return status;
}

tern_status bridge_alertMarkRead(struct bridge_call *call)
{
    tern_id room;
    const tern_id *alert = bridge_id_or_none(call, &room);

    return alert == NULL ? tern_alerts_mark_read(call->handle, &call->error)
                         : tern_alert_mark_read(call->handle, alert, &call->error);
}

/* ---- Quota and audit ---- */

tern_status bridge_quotaRead(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    tern_quota quota = {.size = sizeof quota};
    tern_status status = tern_quota_read(call->handle, patient, &quota, &call->error);

    bridge_put_int(call, (int32_t)quota.tier);
    bridge_put_byte(call, quota.is_shared);
    bridge_put_byte(call, quota.is_expired);
    bridge_put_long(call, quota.expires_us);
    bridge_put_long(call, quota.allowed_bytes);
    bridge_put_long(call, quota.counted_bytes);
    bridge_put_long(call, quota.counted_us);
    bridge_put_long(call, quota.added_bytes);
    bridge_put_long(call, quota.used_bytes);
    return status;
}

struct audit {
    struct bridge_call *call;
    tern_locale locale;
};

static bool put_audit(void *context, const tern_audit_entry *entry)
{
    struct audit *audit = context;
    struct bridge_call *call = audit->call;
    char sentence[1024] = "";

    (void)tern_say_audit(&audit->locale, entry, sentence, sizeof sentence);
    bridge_put_byte(call, 1);
    bridge_put_id(call, &entry->id);
    bridge_put_long(call, entry->time_us);
    bridge_put_text(call, tern_audit_code(entry->kind));
    bridge_put_byte(call, entry->is_undone);
    bridge_put_byte(call, entry->is_set_aside);
    bridge_put_id(call, &entry->actor);
    bridge_put_value(call, &entry->actor_role);
    bridge_put_value(call, &entry->table);
    bridge_put_id(call, &entry->row);
    bridge_put_value(call, &entry->details);
    bridge_put_value(call, &entry->unit);
    bridge_put_value(call, &entry->lost);
    bridge_put_value(call, &entry->kept);
    bridge_put_long(call, entry->lost_us);
    bridge_put_long(call, entry->kept_us);
    bridge_put_text(call, sentence);
    return !call->out.failed;
}

tern_status bridge_auditAccess(struct bridge_call *call)
{
    tern_id patient = bridge_id(call);
    bool written = false;
    tern_status status = tern_audit_access(call->handle, &patient, &written, &call->error);

    bridge_put_byte(call, written);
    return status;
}

tern_status bridge_auditRead(struct bridge_call *call)
{
    tern_id rooms[2];
    tern_audit_query query = {.size = sizeof query};
    struct audit audit = {.call = call, .locale.size = sizeof audit.locale};
    tern_audit_cursor cursor;
    bool more = false;
    tern_status status;

    audit.locale.language = (tern_language)bridge_int(call);
    audit.locale.native_digits = bridge_byte(call) != 0;
    query.person = bridge_id_or_none(call, &rooms[0]);
    query.row = bridge_id_or_none(call, &rooms[1]);
    query.limit = (uint32_t)bridge_int(call);
    cursor.time_us = bridge_long(call);
    cursor.id = bridge_id(call);
    status = tern_audit_read(call->handle, &query, &cursor, put_audit, &audit, &more, &call->error);
    bridge_put_byte(call, 0);
    bridge_put_byte(call, more);
    bridge_put_long(call, cursor.time_us);
    bridge_put_id(call, &cursor.id);
    return status;
}
