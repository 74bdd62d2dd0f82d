/*
 * What people are told of: alerts, the audit log, how much room there is. Each beside what SQL of
 * our own finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/memory.h"
#include "sim/replica.h"
#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tern/medication/quota.h"

#define FREEMIUM_BYTES INT64_C(5368709120)
#define ROOM_BYTES 200000 /* more than one of these lives' prescriptions takes */

bool care_prepare_told(struct care_call *call)
{
    call->subject = call->world->users[call->device->user].id;
    return true;
}

/* ---- Alerts ---- */

/* Of missed doses: type, dose, and whether it is late. */
static struct trn_bytes made_alerts(struct care_call *call)
{
    return care_rows(call,
                     "SELECT n.about_id,n.type,json_extract(n.data,'$.late') FROM notifications n "
                     "WHERE n.recipient_id=?3 AND n.type IN ('MISSED_DOSE_ALERT','FAMILY_ALERT') "
                     "ORDER BY 1,2");
}

#define OWN "d.patient_id=?3"
#define TYPE "iif(" OWN ",'MISSED_DOSE_ALERT','FAMILY_ALERT')"
#define LATE "(?2-" CARE_ENDS ">3600000000)"

/* Those that are due by what the device can know: of one's own in time, of all others once a sync
 * has told what became of the dose. */
static struct trn_bytes due_alerts(struct care_call *call)
{
    char sql[12000];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT d.id," TYPE "," LATE CARE_DOSES
                   " WHERE d.scheduled_time BETWEEN ?2-86400000000 AND ?2 AND d.deleted_at IS NULL "
                   "AND " CARE_PASSED " AND ((d.status='MISSED' AND NOT " CARE_UNSAID
                   ") OR (" CARE_UNSAID " AND coalesce(%s,0))) AND (" OWN
                   " OR (SELECT role FROM users WHERE id=?3)="
                   "'FAMILY_MEMBER') AND (%lld>=" CARE_ENDS " OR (" OWN " AND NOT " LATE
                   ")) AND NOT EXISTS(SELECT 1 FROM notifications n WHERE n.recipient_id=?3 AND "
                   "n.type=" TYPE " AND n.about_id=d.id) ORDER BY 1,2",
                   CARE_YIELDED,
                   (long long)sim_device_status(call->device).last_sync_us);
    return care_rows(call, sql);
}

static bool has_line(const struct trn_bytes *lines, const char *line, size_t size)
{
    for (const char *at = trn_bytes_text(lines); *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, line, size) == 0 && at[size] == '\n') {
            return true;
        }
    }
    return false;
}

/* Every line of `left` is in one of the others. */
static void must_be_in(struct care_call *call,
                       const struct trn_bytes *left,
                       const struct trn_bytes *one,
                       const struct trn_bytes *other,
                       const char *what)
{
    for (const char *at = trn_bytes_text(left); *at != '\0'; at += strcspn(at, "\n") + 1) {
        size_t size = strcspn(at, "\n");

        if (!has_line(one, at, size) && (other == NULL || !has_line(other, at, size))) {
            sim_fail(call->world,
                     "alerts",
                     "%s: %s: %.*s",
                     call->device->name,
                     what,
                     (int)(size < 120 ? size : 120),
                     at);
            return;
        }
    }
}

tern_status care_run_alerts(struct care_call *call)
{
    struct trn_bytes before = made_alerts(call);
    struct trn_bytes due = due_alerts(call);
    uint32_t limit = call->by_dice && care_chance(call, 30) ? 1 + care_roll(call, 5) : 500;
    uint32_t made = 0;
    bool more = false;
    tern_status status =
        SIM_CALL(call->device->index,
                 tern_alerts_infer(call->state->handle, limit, &made, &more, &call->error));

    if (status == TERN_OK && !sim_disk_is_dead(call->device->disk)) {
        struct trn_bytes after = made_alerts(call);

        must_be_in(call, &before, &after, NULL, "an alert is gone or another");
        must_be_in(call, &after, &before, &due, "an alert that is not due");
        if (!more) {
            must_be_in(call, &due, &after, NULL, "an alert that was due is not made");
        }
        trn_bytes_free(&after);
    }
    trn_bytes_free(&before);
    trn_bytes_free(&due);
    return status;
}

static bool note_alert(void *context, const tern_alert *alert)
{
    char id[33];
    char line[CARE_LINE];

    trn_hex_encode(alert->id.bytes, sizeof alert->id.bytes, id);
    (void)snprintf(line,
                   sizeof line,
                   "%s|%d|%d|%d\n",
                   id,
                   alert->is_read,
                   alert->is_late,
                   alert->is_over);
    care_line(context, line);
    return true;
}

#define INBOX                                                                                      \
    " FROM notifications n LEFT JOIN dose_events d ON d.id=n.about_id WHERE n.recipient_id=?3 "    \
    "AND n.deleted_at IS NULL"
#define OVER "coalesce(d.status IN " CARE_RECORDED ",0)"

tern_status care_run_inbox(struct care_call *call)
{
    struct care_lines lines = {NULL, 0};
    tern_alert_cursor cursor = {.created_us = 0};
    uint32_t limit = call->by_dice ? 1 + care_roll(call, 9) : 100;
    uint32_t unread = 0;
    size_t size = 1;
    tern_status status = TERN_OK;

    while (status == TERN_OK && size != lines.size) {
        size = lines.size;
        status = SIM_CALL(call->device->index,
                          tern_alert_list(call->state->handle,
                                          false,
                                          limit,
                                          &cursor,
                                          note_alert,
                                          &lines,
                                          &call->error));
    }
    if (status == TERN_OK) {
        care_compare(call,
                     "alerts",
                     "the list of alerts",
                     &lines,
                     "SELECT n.id,n.is_read,coalesce(json_extract(n.data,'$.late'),0)," OVER INBOX
                     " ORDER BY n.created_at DESC,n.id DESC");
        status = SIM_CALL(call->device->index,
                          tern_alert_count(call->state->handle, &unread, &call->error));
    }
    free(lines.text);
    if (status == TERN_OK) {
        char count[20];
        const struct care_lines read = {count, 0};

        (void)snprintf(count, sizeof count, "%u\n", unread);
        care_compare(call,
                     "alerts",
                     "the count of alerts",
                     &read,
                     "SELECT count(*)" INBOX " AND n.is_read=0 AND NOT " OVER);
    }
    return status;
}

/* Somebody reads an alert, or all. */
tern_status care_run_heed(struct care_call *call)
{
    tern_id alert;
    bool one = call->by_dice && care_chance(call, 60);

    if (one && !care_pick(call, "SELECT n.id" INBOX " ORDER BY 1 LIMIT 9", &alert)) {
        return TERN_OK;
    }
    return one ? SIM_CALL(call->device->index,
                          tern_alert_mark_read(call->state->handle, &alert, &call->error))
               : SIM_CALL(call->device->index,
                          tern_alerts_mark_read(call->state->handle, &call->error));
}

/* ---- The audit log ---- */

static bool note_entry(void *context, const tern_audit_entry *entry)
{
    char id[33];
    char line[CARE_LINE];

    trn_hex_encode(entry->id.bytes, sizeof entry->id.bytes, id);
    (void)snprintf(line, sizeof line, "%d|%s\n", entry->is_set_aside, id);
    care_line(context, line);
    return true;
}

#define LOG(acts, set_aside)                                                                       \
    "SELECT k,id FROM (SELECT 0 AS k,id,created_at AS t FROM audit_logs WHERE " acts               \
    " AND deleted_at IS NULL UNION ALL SELECT 1,id,created_at FROM sync_audit WHERE " set_aside    \
    " AND deleted_at IS NULL) ORDER BY t DESC,id DESC"

tern_status care_run_audit(struct care_call *call)
{
    tern_audit_query query = {.size = sizeof query, .limit = 100};
    struct care_lines lines = {NULL, 0};
    tern_audit_cursor cursor = {.time_us = 0};
    bool more = true;
    tern_status status = TERN_OK;

    if (call->by_dice) {
        query.limit = 1 + care_roll(call, 12);
        if (care_chance(call, 40) &&
            care_pick(call,
                      "SELECT resource_id FROM audit_logs WHERE resource_id IS NOT NULL ORDER BY "
                      "created_at DESC,1 LIMIT 9",
                      &call->subject)) {
            query.row = &call->subject;
        }
    }
    while (status == TERN_OK && more) {
        status = SIM_CALL(call->device->index,
                          tern_audit_read(call->state->handle,
                                          &query,
                                          &cursor,
                                          note_entry,
                                          &lines,
                                          &more,
                                          &call->error));
    }
    if (status == TERN_OK) {
        care_compare(call,
                     "audit rows",
                     "the audit log",
                     &lines,
                     query.row != NULL ? LOG("resource_id=?3", "row_id=?3")
                                       : LOG("actor_id=?3", "scope_id=?3"));
    }
    free(lines.text);
    return status;
}

/* ---- Storage ---- */

struct sum {
    int64_t counted_us;
    int64_t bytes;
};

static bool add_entry(void *context, const tern_entry *entry)
{
    struct sum *sum = context;

    sum->bytes += entry->state == TERN_ENTRY_PENDING || entry->time_us > sum->counted_us
                      ? (int64_t)entry->size_bytes
                      : 0;
    return true;
}

void care_quota(struct care_call *call, int64_t *ret_used, int64_t *ret_allowed)
{
    tern_id subject = call->subject;
    struct sum sum = {.counted_us = 0};
    struct trn_bytes row;
    long long allowed = FREEMIUM_BYTES;
    long long used = 0;
    long long counted_us = 0;
    bool is_member;

    (void)care_prepare_told(call);
    row = care_rows(call,
                    "SELECT storage_quota,storage_used,coalesce(counted_at,updated_at) FROM "
                    "subscriptions WHERE user_id=?3 AND deleted_at IS NULL");
    (void)sscanf(trn_bytes_text(&row), "%lld|%lld|%lld", &allowed, &used, &counted_us);
    trn_bytes_free(&row);
    row = care_rows(call, "SELECT 1 FROM family_members WHERE member_id=?3 AND deleted_at IS NULL");
    is_member = row.size > 0;
    trn_bytes_free(&row);
    call->subject = subject;
    sum.counted_us = counted_us;
    if (SIM_CALL(call->device->index,
                 tern_outbox_visit(call->device->replica,
                                   1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_ACKED,
                                   add_entry,
                                   &sum,
                                   NULL)) != TERN_OK ||
        is_member) {
        allowed = INT64_MAX; /* not known, or somebody else's */
    }
    *ret_used = used + sum.bytes;
    *ret_allowed = allowed;
}

tern_status care_run_quota(struct care_call *call)
{
    tern_quota quota = {.size = sizeof quota};
    int64_t used = 0;
    int64_t allowed = 0;
    tern_status status = SIM_CALL(call->device->index,
                                  tern_quota_read(call->state->handle, NULL, &quota, &call->error));

    care_quota(call, &used, &allowed);
    if (status == TERN_OK && allowed != INT64_MAX &&
        (quota.used_bytes != used || quota.allowed_bytes != allowed)) {
        sim_fail(call->world,
                 "quota",
                 "%s: %lld of %lld bytes are said to be used, and %lld of %lld are",
                 call->device->name,
                 (long long)quota.used_bytes,
                 (long long)quota.allowed_bytes,
                 (long long)used,
                 (long long)allowed);
    }
    return status;
}

/* Past the quota nothing is prescribed in one's own record but what is urgent; short of it, nothing
 * is refused. */
void care_judge_quota(struct care_call *call, int64_t used, int64_t allowed, tern_status status)
{
    bool writes = strcmp(call->name, "create") == 0 || strcmp(call->name, "edit") == 0 ||
                  strcmp(call->name, "retake") == 0;
    bool refused = call->error.problem == TERN_PROBLEM_QUOTA;
    bool own = trn_id_equal(&call->patient, &call->world->users[call->device->user].id);
    struct trn_bytes urgent;

    if (!own || allowed == INT64_MAX) {
        return;
    }
    if (refused && (!writes || used + ROOM_BYTES <= allowed)) {
        sim_fail(call->world,
                 "quota",
                 "%s: %s is refused where %lld of %lld bytes are used",
                 call->device->name,
                 call->name,
                 (long long)used,
                 (long long)allowed);
    }
    if (status != TERN_OK || !writes || used <= allowed) {
        return;
    }
    urgent = care_rows(call, "SELECT is_urgent FROM prescriptions WHERE id=?3 AND is_urgent=1");
    if (urgent.size == 0) {
        sim_fail(call->world,
                 "quota",
                 "%s: %s went through where %lld of %lld bytes were used",
                 call->device->name,
                 call->name,
                 (long long)used,
                 (long long)allowed);
    }
    trn_bytes_free(&urgent);
}
