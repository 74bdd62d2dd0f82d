/*
 * Somebody looks at a record: once a local day of the patient a row says so, whichever of the
 * user's devices wrote it, and none of one's own record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/memory.h"
#include "tern/medication/audit.h"

static bool has_row(struct care_call *call, const char *sql)
{
    struct trn_bytes rows = care_rows(call, sql);
    bool found = rows.size > 0;

    trn_bytes_free(&rows);
    return found;
}

/* Whether this file knows of a look on the day that it is for the patient, reckoned without the
 * library's calendar. */
static bool is_noted(struct care_call *call)
{
    const tern_id patient = call->subject;
    struct trn_bytes times;
    char today[11];
    bool found = false;

    call->subject = call->world->users[call->device->user].id;
    times = care_rows(call,
                      "SELECT created_at FROM audit_logs WHERE resource_id=?1 AND actor_id=?3 AND "
                      "action_type='DATA_ACCESS' AND deleted_at IS NULL");
    call->subject = patient;
    sim_zones_date(call->zone, call->now_us, 0, today);
    for (char *at = (char *)times.data; at != NULL && *at != '\0'; at += strspn(at, "\n")) {
        char day[11];

        sim_zones_date(call->zone, strtoll(at, &at, 10), 0, day);
        found = found || strcmp(day, today) == 0;
    }
    trn_bytes_free(&times);
    return found;
}

bool care_prepare_access(struct care_call *call)
{
    call->subject = call->patient;
    if (has_row(call, "SELECT 1 FROM users WHERE id=?3 AND deleted_at IS NULL") &&
        !trn_id_equal(&call->subject, &call->world->users[call->device->user].id) &&
        !is_noted(call)) {
        call->action = "DATA_ACCESS";
    }
    return true;
}

tern_status care_run_access(struct care_call *call)
{
    bool is_here = has_row(call, "SELECT 1 FROM users WHERE id=?3 AND deleted_at IS NULL");
    bool written = false;
    tern_status status =
        SIM_CALL(call->device->index,
                 tern_audit_access(call->state->handle, &call->subject, &written, &call->error));

    if (status == TERN_OK && written != (call->action != NULL)) {
        sim_fail(call->world,
                 "audit rows",
                 "%s: a look at a record %s written down",
                 call->device->name,
                 written ? "is" : "is not");
    }
    if (call->error.problem == TERN_PROBLEM_NO_PATIENT && is_here) {
        sim_fail(call->world,
                 "audit rows",
                 "%s: a record that is here is said to be not",
                 call->device->name);
    }
    return status;
}
