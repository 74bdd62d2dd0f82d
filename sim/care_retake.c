/*
 * A prescription that has ended is taken up again: what the new one has to be, and that the ended
 * one stays as it was, by SQL of our own.
 */
#include <stdio.h>
#include <string.h>

#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/memory.h"

static struct again {
    char start[11];
    char end[11];
    const char *start_date; /* NULL: none is named */
    const char *end_date;
    const char *reason;
} again;

/* What names no start begins when it is put in force, which here is never behind its end. */
static void again_by_dice(struct care_call *call)
{
    int first = (int)care_roll(call, 5) - 2;
    bool is_named = care_chance(call, 70);
    int last = (is_named ? first - 1 : 0) + (int)care_roll(call, 9);

    sim_zones_date(call->zone, call->now_us, first, again.start);
    sim_zones_date(call->zone, call->now_us, last, again.end);
    again.start_date = is_named ? again.start : NULL;
    again.end_date = care_chance(call, 30) && is_named ? again.end : NULL;
    again.reason = care_chance(call, 50) ? "it came back" : NULL;
}

bool care_prepare_retake(struct care_call *call)
{
    if (call->by_dice && care_is_prescribed_full(call)) {
        return false;
    }
    if (!care_find_prescription(call,
                                care_chance(call, 85)
                                    ? "SELECT id FROM prescriptions WHERE patient_id=?1 AND "
                                      "deleted_at IS NULL AND status='INACTIVE' ORDER BY id LIMIT 8"
                                    : "SELECT id FROM prescriptions WHERE patient_id=?1 AND "
                                      "deleted_at IS NULL ORDER BY id LIMIT 8")) {
        return false;
    }
    if (call->by_dice) {
        again_by_dice(call);
    } else {
        again = (struct again){.start_date = care_text(call, "start"),
                               .end_date = care_text(call, "end"),
                               .reason = care_text(call, "reason")};
    }
    call->action = "PRESCRIPTION_RETAKE";
    return true;
}

/* ---- What is due ---- */

/* What a retake takes over. */
#define HELD                                                                                       \
    "SELECT patient_id,patient_name,patient_gender,patient_age,symptoms,diagnosis,0,0,0,0,0 FROM " \
    "prescriptions WHERE id=?3 UNION ALL SELECT * FROM (SELECT row_number,medicine_name,"          \
    "medicine_name_khmer,image_url,morning_dosage,daytime_dosage,night_dosage,frequency,duration," \
    "timing,is_prn FROM medications WHERE prescription_id=?3 AND deleted_at IS NULL ORDER BY 1,2," \
    "5,6,7,8,9,10)"

/* What the ended one is, with all that hangs on it. */
#define ENDED                                                                                      \
    "SELECT p.status,p.start_date," CARE_BEGINS_ON ",p.end_date,p.is_urgent,p.current_version,"    \
    "(SELECT count(*) FROM prescription_turns r WHERE "                                            \
    "r.prescription_id=p.id),p.doctor_id,(SELECT count(*) FROM medications m WHERE "               \
    "m.prescription_id=p.id "                                                                      \
    "AND m.deleted_"                                                                               \
    "at IS NULL),(SELECT count(*) FROM dose_events d WHERE d.prescription_id=p.id) FROM "          \
    "prescriptions p WHERE p.id=?3 AND p.deleted_at IS NULL"

static const char *due_problem(const struct trn_bytes *ended, long medications)
{
    if (again.start_date != NULL && again.end_date != NULL &&
        strcmp(again.start_date, again.end_date) > 0) {
        return "END_DATE";
    }
    if (ended->size == 0) {
        return "NO_PRESCRIPTION";
    }
    if (strncmp(trn_bytes_text(ended), "INACTIVE|", 9) != 0) {
        return "STATUS";
    }
    return medications == 0 ? "NO_MEDICATIONS" : "NONE";
}

static void judge_problem(struct care_call *call, const struct trn_bytes *ended, long medications)
{
    const char *due = due_problem(ended, medications);
    const char *is = tern_problem_code(call->error.problem);

    if (strcmp(is, due) != 0 && !(strcmp(due, "NONE") == 0 && strcmp(is, "QUOTA") == 0)) {
        sim_fail(call->world,
                 "retaken",
                 "%s: taking a prescription up again gave %s, not %s",
                 call->device->name,
                 is,
                 due);
    }
}

static void
must_be(struct care_call *call, const char *what, const char *sql, const struct trn_bytes *due)
{
    struct trn_bytes is = care_rows(call, sql);

    if (strcmp(trn_bytes_text(&is), trn_bytes_text(due)) != 0) {
        sim_fail(call->world,
                 "retaken",
                 "%s: %s is %.200s, not %.200s",
                 call->device->name,
                 what,
                 trn_bytes_text(&is),
                 trn_bytes_text(due));
    }
    trn_bytes_free(&is);
}

/* The columns of another time, the one version, and nothing that is the patient's yet. */
static void judge_new(struct care_call *call)
{
    char text[200];
    struct trn_bytes due = {0};

    (void)snprintf(text,
                   sizeof text,
                   "DRAFT|%s|null|%s|0|null|1|1|%s|1|0|0\n",
                   again.start_date != NULL ? again.start_date : "null",
                   again.end_date != NULL ? again.end_date : "null",
                   again.reason != NULL ? again.reason : "null");
    if (trn_bytes_append(&due, text, strlen(text) + 1) == TERN_OK) {
        must_be(call,
                "what is taken up again",
                "SELECT p.status,p.start_date," CARE_BEGINS_ON
                ",p.end_date,p.is_urgent,p.urgent_reason,"
                "p.current_version,v.version_number,v.change_reason,(SELECT count(*) FROM "
                "prescription_versions w WHERE w.prescription_id=p.id),(SELECT count(*) FROM "
                "dose_events d WHERE d.prescription_id=p.id),(SELECT count(prn_times) FROM "
                "medications m WHERE m.prescription_id=p.id) FROM prescriptions p LEFT JOIN "
                "prescription_versions v ON v.prescription_id=p.id WHERE p.id=?3",
                &due);
    }
    trn_bytes_free(&due);
}

/* The row that tells of it names the ended one. */
static void judge_told(struct care_call *call, const tern_id *ended)
{
    const tern_id retaken = call->subject;
    struct trn_bytes found =
        care_rows(call,
                  "SELECT replace(details->>'of','-','') FROM audit_logs WHERE resource_id=?3 AND "
                  "action_type='PRESCRIPTION_RETAKE'");
    struct trn_bytes due;

    call->subject = *ended;
    due = care_rows(call, "SELECT lower(hex(id)) FROM prescriptions WHERE id=?3");
    call->subject = retaken;
    if (strcmp(trn_bytes_text(&found), trn_bytes_text(&due)) != 0) {
        sim_fail(call->world,
                 "retaken",
                 "%s: the audit names %.40s as taken up again",
                 call->device->name,
                 trn_bytes_text(&found));
    }
    trn_bytes_free(&found);
    trn_bytes_free(&due);
}

static void judge_success(struct care_call *call,
                          const tern_id *ended,
                          const struct trn_bytes *was,
                          const struct trn_bytes *held)
{
    const tern_id retaken = call->subject;

    must_be(call, "what was taken over", HELD, held);
    judge_new(call);
    judge_told(call, ended);
    call->subject = *ended;
    must_be(call, "what had ended", ENDED, was);
    call->subject = retaken;
}

/* ---- The call ---- */

static long count_medications(struct care_call *call)
{
    struct trn_bytes rows =
        care_rows(call,
                  "SELECT 1 FROM medications WHERE prescription_id=?3 AND deleted_at IS NULL");
    long count = (long)(rows.size / 2);

    trn_bytes_free(&rows);
    return count;
}

tern_status care_run_retake(struct care_call *call)
{
    const char *label = care_text(call, "row");
    const tern_id ended = call->subject;
    struct trn_bytes was = care_rows(call, ENDED);
    struct trn_bytes held = care_rows(call, HELD);
    long medications = count_medications(call);
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_retake(call->state->handle,
                                                           &ended,
                                                           again.start_date,
                                                           again.end_date,
                                                           again.reason,
                                                           &call->subject,
                                                           &call->error));

    if (status == TERN_OK || call->error.problem != TERN_PROBLEM_NONE) {
        judge_problem(call, &was, medications);
    }
    if (status == TERN_OK && !sim_disk_is_dead(call->device->disk)) {
        judge_success(call, &ended, &was, &held);
    }
    if (status == TERN_OK && label != NULL) {
        sim_label_keep(call->world, label, &call->subject);
        care_label_medicines(call, label);
    }
    trn_bytes_free(&was);
    trn_bytes_free(&held);
    return status;
}
