/* What a clinician writes, as an event says it or as the dice like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/memory.h"

enum { MEDICINES_MAX = 4, PRESCRIPTIONS_MAX = 4 };

/* A prescription with the texts that it borrows. */
static struct form {
    tern_prescription form;
    tern_medicine medicines[MEDICINES_MAX];
    char names[MEDICINES_MAX][24];
    char start[11];
    char end[11];
    const char *reason;
} form;

static const char before[] = "{\"amount\":1,\"before_meal\":true}";
static const char after[] = "{\"amount\":2,\"before_meal\":false}";

/* ---- By dice ---- */

static const char *dosage_by_dice(struct care_call *call)
{
    return care_chance(call, 50) ? before : after;
}

static void dosages_by_dice(struct care_call *call, tern_medicine *medicine)
{
    unsigned slots = 1 + care_roll(call, 7);

    medicine->morning_dosage = (slots & 1) != 0 ? dosage_by_dice(call) : NULL;
    medicine->daytime_dosage = (slots & 2) != 0 ? dosage_by_dice(call) : NULL;
    medicine->night_dosage = (slots & 4) != 0 ? dosage_by_dice(call) : NULL;
}

/* The last digit of a name decides what no throw is left for: kept histories go on as they did. */
static unsigned name_digit(size_t index)
{
    const char *name = form.names[index];

    return (unsigned)(name[strlen(name) - 1] - '0');
}

/* Half of the times of the day are hours apart instead. */
static void words_by_name(size_t index, tern_medicine *medicine)
{
    if (name_digit(index) % 2 == 1) {
        medicine->timing = NULL;
        medicine->frequency = "every 6 hours";
    }
}

/* Weeks are seen where the course is longer; of half of them only the words tell when. */
static void weeks_by_name(size_t index, tern_medicine *medicine)
{
    unsigned digit = name_digit(index);

    if (digit >= 4) {
        medicine->frequency = "once a week";
        medicine->duration_days += medicine->duration_days > 0 ? 14 : 0;
    }
    if (digit >= 7) {
        medicine->morning_dosage = NULL;
        medicine->daytime_dosage = NULL;
        medicine->night_dosage = NULL;
    }
}

/* Most courses are short: thirty days of rows are not seen better than five. */
static void medicine_by_dice(struct care_call *call, size_t index)
{
    static const char *const weekdays[] = {"mon; thu", "tue; wed; sat", "sun; mon; fri"};
    tern_medicine *medicine = &form.medicines[index];
    unsigned what = care_roll(call, 10);

    (void)snprintf(form.names[index], sizeof form.names[index], "m%u", care_roll(call, 1000));
    medicine->name = form.names[index];
    medicine->duration_days = care_chance(call, 12) ? 0 : 1 + (int32_t)care_roll(call, 7);
    if (what == 0) {
        medicine->is_prn = true;
    } else if (what == 1) {
        medicine->timing = care_chance(call, 50) ? "08:00; 20:30" : "00:10; 23:50";
        words_by_name(index, medicine);
    } else {
        dosages_by_dice(call, medicine);
        if (what == 2) {
            medicine->frequency = "every 2 days";
            weeks_by_name(index, medicine);
        } else if (what == 3) {
            medicine->timing = weekdays[care_roll(call, 3)];
        }
    }
}

static void form_by_dice(struct care_call *call)
{
    int first = (int)care_roll(call, 5) - 3;

    sim_zones_date(call->zone, call->now_us, first, form.start);
    form.form.start_date = form.start;
    if (care_chance(call, 25)) {
        sim_zones_date(call->zone, call->now_us, first + (int)care_roll(call, 9), form.end);
        form.form.end_date = form.end;
    }
    form.form.is_urgent = care_chance(call, 15);
    form.form.urgent_reason = care_chance(call, 80) ? "it will not wait" : NULL;
    form.reason = care_chance(call, 92) ? "it changed" : NULL;
}

static void add_medicines(struct care_call *call, unsigned count)
{
    while (count-- > 0 && form.form.medicine_count < MEDICINES_MAX) {
        medicine_by_dice(call, form.form.medicine_count++);
    }
}

/* ---- As an event says ---- */

static const char *dosage_of(json_t *medicine, const char *slot)
{
    json_t *value = json_object_get(medicine, slot);
    const char *text = json_string_value(value);

    if (text != NULL) {
        return strcmp(text, "before") == 0 ? before : after;
    }
    return json_is_true(value) ? after : NULL;
}

static void medicine_of(struct care_call *call, json_t *item, size_t index)
{
    tern_medicine *medicine = &form.medicines[index];
    const char *label = json_string_value(json_object_get(item, "row"));

    if (label != NULL && !sim_label_find(call->world, label, &medicine->id)) {
        sim_fail(call->world, "history", "there is no medication %s", label);
    }
    (void)snprintf(form.names[index], sizeof form.names[index], "m%zu", index);
    medicine->name = json_string_value(json_object_get(item, "name"));
    medicine->name = medicine->name != NULL ? medicine->name : form.names[index];
    medicine->morning_dosage = dosage_of(item, "morning");
    medicine->daytime_dosage = dosage_of(item, "daytime");
    medicine->night_dosage = dosage_of(item, "night");
    medicine->frequency = json_string_value(json_object_get(item, "frequency"));
    medicine->timing = json_string_value(json_object_get(item, "timing"));
    medicine->duration_days = (int32_t)json_integer_value(json_object_get(item, "duration"));
    medicine->is_prn = json_is_true(json_object_get(item, "prn"));
}

static void form_of(struct care_call *call)
{
    size_t index;
    json_t *item;

    sim_zones_date(call->zone, call->now_us, 0, form.start);
    form.form.start_date = care_text(call, "start") != NULL ? care_text(call, "start") : form.start;
    form.form.end_date = care_text(call, "end");
    form.form.urgent_reason = care_text(call, "urgent");
    form.form.is_urgent = form.form.urgent_reason != NULL;
    form.reason = care_text(call, "reason");
    json_array_foreach(json_object_get(call->event, "medicines"), index, item)
    {
        if (form.form.medicine_count < MEDICINES_MAX) {
            medicine_of(call, item, form.form.medicine_count++);
        }
    }
}

static void begin(struct care_call *call)
{
    memset(&form, 0, sizeof form);
    form.form = (tern_prescription){.size = sizeof form.form,
                                    .patient = call->patient,
                                    .patient_name = "a patient",
                                    .patient_age = -1,
                                    .medicines = form.medicines};
    if (call->by_dice) {
        form_by_dice(call);
    } else {
        form_of(call);
    }
}

/* ---- Calls ---- */

void care_label_medicines(struct care_call *call, const char *label)
{
    struct trn_bytes ids =
        care_rows(call,
                  "SELECT id FROM medications WHERE prescription_id=?3 AND deleted_at IS NULL "
                  "ORDER BY row_number");
    unsigned nth = 1;

    for (const char *at = trn_bytes_text(&ids); *at != '\0'; at += 33) {
        char name[80];
        tern_id id;

        (void)snprintf(name, sizeof name, "%s-%u", label, nth++);
        if (trn_hex_decode(trn_slice_make(at, 32), id.bytes, sizeof id.bytes)) {
            sim_label_keep(call->world, name, &id);
        }
    }
    trn_bytes_free(&ids);
}

bool care_is_prescribed_full(struct care_call *call)
{
    struct trn_bytes there = care_rows(call,
                                       "SELECT id FROM prescriptions WHERE patient_id=?1 AND "
                                       "status<>'INACTIVE' AND deleted_at IS NULL");
    bool is_full = there.size >= (size_t)PRESCRIPTIONS_MAX * 33;

    trn_bytes_free(&there);
    return is_full;
}

bool care_prepare_create(struct care_call *call)
{
    if (call->by_dice && care_is_prescribed_full(call)) {
        return false;
    }
    begin(call);
    if (call->by_dice) {
        add_medicines(call, care_chance(call, 95) ? 1 + care_roll(call, 3) : 0);
        if (form.form.end_date == NULL && form.form.medicine_count > 0 && name_digit(0) < 2) {
            form.form.start_date = NULL; /* it begins when it is put in force */
        }
    }
    if (care_flag(call, "undated")) {
        form.form.start_date = NULL;
        form.form.end_date = NULL;
    }
    call->action = "PRESCRIPTION_CREATE";
    return true;
}

tern_status care_run_create(struct care_call *call)
{
    const char *label = care_text(call, "row");
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_create(call->state->handle,
                                                           &form.form,
                                                           form.reason,
                                                           &call->subject,
                                                           &call->error));

    if (status == TERN_OK && label != NULL) {
        sim_label_keep(call->world, label, &call->subject);
        care_label_medicines(call, label);
    }
    return status;
}

bool care_find_prescription(struct care_call *call, const char *sql)
{
    const char *label = care_text(call, "prescription");

    return label != NULL ? sim_label_find(call->world, label, &call->subject)
                         : care_pick(call, sql, &call->subject);
}

/* Most medications stay, and most of these become something else. */
static void keep_medicines(struct care_call *call)
{
    struct trn_bytes ids =
        care_rows(call,
                  "SELECT id FROM medications WHERE prescription_id=?3 AND deleted_at IS NULL "
                  "ORDER BY row_number LIMIT 4");

    for (const char *at = trn_bytes_text(&ids); *at != '\0'; at += 33) {
        tern_medicine *medicine = &form.medicines[form.form.medicine_count];

        if (care_chance(call, 75)) {
            medicine_by_dice(call, form.form.medicine_count++);
            (void)trn_hex_decode(trn_slice_make(at, 32),
                                 medicine->id.bytes,
                                 sizeof medicine->id.bytes);
        }
    }
    trn_bytes_free(&ids);
    if (care_chance(call, 3)) { /* of another prescription, or of none */
        sim_dice_fill(&call->dice, form.medicines[0].id.bytes, sizeof form.medicines[0].id.bytes);
    }
}

/* ---- The version that a form was opened on ---- */

static int32_t current_version(struct care_call *call)
{
    struct trn_bytes row = care_rows(call, "SELECT current_version FROM prescriptions WHERE id=?3");
    int32_t version = (int32_t)strtol(trn_bytes_text(&row), NULL, 10);

    trn_bytes_free(&row);
    return version;
}

static struct care_form *form_of_prescription(struct sim_care *state, const tern_id *prescription)
{
    for (size_t i = 0; i < CARE_FORMS; i++) {
        if (trn_id_equal(&state->forms[i].prescription, prescription)) {
            return &state->forms[i];
        }
    }
    return NULL;
}

void care_form_keep(struct care_call *call, int32_t version)
{
    struct sim_care *state = call->state;
    struct care_form *kept = form_of_prescription(state, &call->subject);

    if (kept == NULL) {
        kept = &state->forms[state->form_next++ % CARE_FORMS];
    }
    *kept = (struct care_form){.prescription = call->subject, .version = version};
}

/* What an edit says: most often the version that the app has shown last, and that a sync may have
 * overtaken since. Thrown behind all else of an edit, so that kept histories go on as they did. */
static int32_t base_of(struct care_call *call)
{
    struct care_form *kept = call->device->care != NULL
                                 ? form_of_prescription(call->device->care, &call->subject)
                                 : NULL;
    int32_t current = current_version(call);
    unsigned how;

    if (!call->by_dice) {
        return (int32_t)care_number(call, "base", 0);
    }
    how = care_roll(call, 10);
    if (how < 3) {
        return 0;
    }
    if (how == 3) {
        return current > 1 ? current - 1 : current + 1;
    }
    return kept != NULL ? kept->version : current;
}

/* An edit from a stale form is refused with the number that stands, and no other is. */
static void judge_base(struct care_call *call, int32_t current, tern_status status, int32_t made)
{
    int32_t base = form.form.base_version;
    bool is_stale = base != 0 && base != current;
    bool is_refused = call->error.problem == TERN_PROBLEM_OVERTAKEN;

    if ((is_refused && (!is_stale || call->error.first != current)) ||
        (status == TERN_OK && (is_stale || made != current + 1))) {
        sim_fail(call->world,
                 "stale forms",
                 "%s: an edit of version %d from version %d gave %s (%lld), and made version %d",
                 call->device->name,
                 (int)current,
                 (int)base,
                 tern_problem_code(call->error.problem),
                 (long long)call->error.first,
                 (int)made);
    }
}

bool care_prepare_edit(struct care_call *call)
{
    if (!care_find_prescription(
            call,
            "SELECT id FROM prescriptions WHERE patient_id=?1 AND deleted_at IS "
            "NULL ORDER BY id LIMIT 8")) {
        return false;
    }
    begin(call);
    if (call->by_dice) {
        keep_medicines(call);
        add_medicines(call, care_chance(call, 30) || form.form.medicine_count == 0 ? 1 : 0);
    }
    form.form.base_version = base_of(call);
    call->action = "PRESCRIPTION_UPDATE";
    return true;
}

tern_status care_run_edit(struct care_call *call)
{
    int32_t current = current_version(call);
    int32_t made = 0;
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_edit(call->state->handle,
                                                         &call->subject,
                                                         &form.form,
                                                         form.reason,
                                                         &made,
                                                         &call->error));

    judge_base(call, current, status, made);
    if (status == TERN_OK || call->error.problem == TERN_PROBLEM_OVERTAKEN) {
        care_form_keep(call, status == TERN_OK ? made : current); /* it is shown what stands */
    }
    if (status == TERN_OK && care_text(call, "prescription") != NULL) {
        care_label_medicines(call, care_text(call, "prescription"));
    }
    return status;
}

static const struct {
    const char *name;
    tern_status (*call)(tern_care *care, const tern_id *id, tern_care_error *error);
    const char *action;
    const char *likely; /* status that it starts from */
} changes[] = {
    {"activate", tern_prescription_activate, "PRESCRIPTION_CONFIRM", "DRAFT"},
    {"pause", tern_prescription_pause, "PRESCRIPTION_UPDATE", "ACTIVE"},
    {"resume", tern_prescription_resume, "PRESCRIPTION_CONFIRM", "PAUSED"},
    {"end", tern_prescription_end, "PRESCRIPTION_UPDATE", "ACTIVE"},
};

static size_t change_of(const struct care_call *call)
{
    size_t which = 0;

    while (which + 1 < sizeof changes / sizeof *changes &&
           strcmp(changes[which].name, call->name) != 0) {
        which++;
    }
    return which;
}

bool care_prepare_status(struct care_call *call)
{
    size_t which = change_of(call);
    char sql[200];

    call->action = changes[which].action;
    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT id FROM prescriptions WHERE patient_id=?1 AND deleted_at IS NULL AND "
                   "(status='%s' OR %d) ORDER BY id LIMIT 8",
                   changes[which].likely,
                   care_chance(call, 12));
    return care_find_prescription(call, sql);
}

tern_status care_run_status(struct care_call *call)
{
    return SIM_CALL(
        call->device->index,
        changes[change_of(call)].call(call->state->handle, &call->subject, &call->error));
}
