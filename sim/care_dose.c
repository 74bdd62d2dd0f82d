/* What is done about doses: by people, and by rules that guess. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/care_call.h"
#include "sim/memory.h"
#include "tern/medication/medication.h"

#define MINUTE_US INT64_C(60000000)

/* ---- Records ---- */

/* The dose that an event names by its key, or one that suits by dice. */
static bool find_dose(struct care_call *call, const char *sql)
{
    const char *label = care_text(call, "medication");
    char named[300];
    tern_id none = {{0}};

    if (label == NULL) {
        return care_pick(call, sql, &call->subject);
    }
    if (!sim_label_find(call->world, label, &call->subject)) {
        sim_fail(call->world, "history", "there is no medication %s", label);
        return false;
    }
    (void)snprintf(named,
                   sizeof named,
                   "SELECT id FROM dose_events WHERE medication_id=?3 AND local_date='%.10s' AND "
                   "slot='%.16s'",
                   care_text(call, "date") != NULL ? care_text(call, "date") : "",
                   care_text(call, "slot") != NULL ? care_text(call, "slot") : "");
    if (!care_pick(call, named, &call->subject)) {
        call->subject = none;
    }
    return true;
}

#define NEAR " ORDER BY abs(scheduled_time-?2),id LIMIT 6"
#define OPEN "SELECT id FROM dose_events WHERE patient_id=?1 AND status IN ('DUE','MISSED')"

bool care_prepare_take(struct care_call *call)
{
    call->action = "DOSE_TAKEN";
    return find_dose(call,
                     care_chance(call, 90) ? OPEN NEAR
                                           : "SELECT id FROM dose_events WHERE patient_id=?1" NEAR);
}

bool care_prepare_skip(struct care_call *call)
{
    call->action = "DOSE_SKIPPED";
    return find_dose(call,
                     care_chance(call, 50) ? OPEN NEAR
                                           : OPEN
                         " AND scheduled_time>?2 ORDER BY scheduled_time,id LIMIT 12");
}

bool care_prepare_undo(struct care_call *call)
{
    call->action = "";
    return find_dose(
        call,
        care_chance(call, 90)
            ? "SELECT id FROM dose_events WHERE patient_id=?1 AND status IN " CARE_RECORDED NEAR
            : OPEN NEAR);
}

bool care_prepare_prn(struct care_call *call)
{
    const char *label = care_text(call, "medication");

    call->action = "DOSE_TAKEN";
    if (label != NULL) {
        return sim_label_find(call->world, label, &call->subject);
    }
    return care_pick(call,
                     "SELECT m.id FROM medications m JOIN prescriptions p ON "
                     "p.id=m.prescription_id WHERE p.patient_id=?1 ORDER BY m.is_prn DESC,m.id "
                     "LIMIT 4",
                     &call->subject);
}

bool care_prepare_times(struct care_call *call)
{
    bool found = care_prepare_prn(call);

    call->action = "PRESCRIPTION_UPDATE";
    return found;
}

static int64_t scheduled_of(struct care_call *call)
{
    struct trn_bytes row = care_rows(call, "SELECT scheduled_time FROM dose_events WHERE id=?3");
    int64_t at = strtoll(trn_bytes_text(&row), NULL, 10);

    trn_bytes_free(&row);
    return at;
}

/* Mostly now; often a while ago, and now and then at an odd time. */
static int64_t taken_by_dice(struct care_call *call)
{
    unsigned how = care_roll(call, 100);
    int64_t at;

    if (how < 45) {
        return 0;
    }
    at = scheduled_of(call) + ((int64_t)care_roll(call, 180) - 60) * MINUTE_US;
    return how < 80 && at > call->now_us
               ? 0
               : at + (how < 88 ? 0 : ((int64_t)care_roll(call, 80) - 40) * 60 * MINUTE_US);
}

static tern_dose_act act_of(struct care_call *call, bool of_dose)
{
    tern_dose_act act = {.size = sizeof act};

    if (call->by_dice) {
        act.taken_us = of_dose ? taken_by_dice(call) : 0;
        act.insist = care_chance(call, 20);
        act.was_offline = care_chance(call, 50);
        return act;
    }
    act.insist = care_flag(call, "insist");
    act.was_offline = care_flag(call, "offline");
    if (json_object_get(call->event, "after_minutes") != NULL) {
        act.taken_us = scheduled_of(call) + care_number(call, "after_minutes", 0) * MINUTE_US;
    }
    return act;
}

tern_status care_run_take(struct care_call *call)
{
    const tern_dose_act act = act_of(call, true);
    tern_dose_status taken;

    return SIM_CALL(
        call->device->index,
        tern_dose_take(call->state->handle, &call->subject, &act, &taken, &call->error));
}

tern_status care_run_skip(struct care_call *call)
{
    return SIM_CALL(call->device->index,
                    tern_dose_skip(call->state->handle,
                                   &call->subject,
                                   care_text(call, "reason"),
                                   care_flag(call, "offline"),
                                   &call->error));
}

tern_status care_run_undo(struct care_call *call)
{
    return SIM_CALL(call->device->index,
                    tern_dose_undo(call->state->handle, &call->subject, &call->error));
}

tern_status care_run_prn(struct care_call *call)
{
    const tern_dose_act act = act_of(call, false);
    tern_id dose = call->subject;
    tern_status status = SIM_CALL(
        call->device->index,
        tern_dose_take_prn(call->state->handle, &call->subject, &act, &dose, &call->error));

    call->subject = dose;
    return status;
}

/* When to be reminded of what is taken as needed: by dice, or as "minutes" says. */
tern_status care_run_times(struct care_call *call)
{
    static const int32_t some[] = {7 * 60, 12 * 60, 21 * 60, 10, 23 * 60 + 50, 2 * 60 + 30, 1440};
    json_t *given = json_object_get(call->event, "minutes");
    int32_t minutes[4];
    size_t count = call->by_dice ? care_roll(call, 4) : json_array_size(given);

    count = count > 4 ? 4 : count;
    for (size_t i = 0; i < count; i++) {
        minutes[i] = call->by_dice ? some[care_roll(call, care_chance(call, 5) ? 7 : 6)]
                                   : (int32_t)json_integer_value(json_array_get(given, i));
    }
    return SIM_CALL(call->device->index,
                    tern_medication_set_prn_times(call->state->handle,
                                                  &call->subject,
                                                  minutes,
                                                  count,
                                                  &call->error));
}

/* ---- What a rule guesses ---- */

tern_status care_run_generate(struct care_call *call)
{
    tern_schedule_report report = {0};
    tern_status status = SIM_CALL(
        call->device->index,
        tern_schedule_generate(call->state->handle, &call->patient, &report, &call->error));

    if (status == TERN_OK && json_object_get(call->event, "makes") != NULL &&
        care_number(call, "makes", 0) != report.made) {
        sim_fail(call->world,
                 "expectation",
                 "%s: generate made %u rows",
                 call->device->name,
                 report.made);
    }
    return status;
}

/* As a job does: so many at a time, until there are no more, or it is called off. */
tern_status care_run_missed(struct care_call *call)
{
    uint32_t limit = call->by_dice ? 1 + care_roll(call, 12) * care_roll(call, 12)
                                   : (uint32_t)care_number(call, "limit", 500);
    unsigned rounds = call->by_dice ? 1 + care_roll(call, 6) : 1000;
    tern_missed_cursor cursor = {0};
    bool more = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && more && rounds-- > 0) {
        uint32_t missed = 0;

        status = SIM_CALL(call->device->index,
                          tern_doses_infer_missed(call->state->handle,
                                                  &call->patient,
                                                  limit,
                                                  &cursor,
                                                  &missed,
                                                  &more,
                                                  &call->error));
    }
    return status;
}
