/* The calls, by name: what each is about, and what becomes of it. */
#include "sim/care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/replica.h"
#include "sim/statements.h"
#include "sim/steady.h"
#include "wire/entry.h"

/* ---- Settings ---- */

static tern_status set_meals(struct care_call *call, const char *const meals[3])
{
    return SIM_CALL(
        call->device->index,
        tern_settings_set_meals(call->state->handle, meals[0], meals[1], meals[2], &call->error));
}

static tern_status settings_by_dice(struct care_call *call)
{
    static const int32_t graces[] = {10, 20, 30, 60, 45};
    static const char *const mornings[] = {"06:30", "6-7AM", "7:45", NULL, "25:00"};
    static const char *const noons[] = {"11-1PM", "12:15", NULL};
    static const char *const nights[] = {"7PM", "18:00", "23:45", NULL};
    tern_care *care = call->state->handle;
    int who = call->device->index;
    const char *meals[3];

    switch (care_roll(call, 5)) {
    case 0:
        return SIM_CALL(who,
                        tern_settings_set_grace(care, graces[care_roll(call, 5)], &call->error));
    case 1:
        return SIM_CALL(who,
                        tern_settings_set_time_zone(care,
                                                    care_chance(call, 92)
                                                        ? sim_zones_name(care_roll(call, 5))
                                                        : "Mars/Olympus",
                                                    &call->error));
    case 2:
        return SIM_CALL(
            who,
            tern_settings_set_language(care, (tern_language)care_roll(call, 2), &call->error));
    default:
        meals[0] = mornings[care_roll(call, 5)];
        meals[1] = noons[care_roll(call, 3)];
        meals[2] = nights[care_roll(call, 4)];
        return set_meals(call, meals);
    }
}

static tern_status run_settings(struct care_call *call)
{
    json_t *meals = json_object_get(call->event, "meals");
    tern_care *care = call->state->handle;
    int who = call->device->index;

    if (call->by_dice) {
        return settings_by_dice(call);
    }
    if (meals != NULL) {
        const char *const texts[3] = {json_string_value(json_array_get(meals, 0)),
                                      json_string_value(json_array_get(meals, 1)),
                                      json_string_value(json_array_get(meals, 2))};

        return set_meals(call, texts);
    }
    if (care_text(call, "zone") != NULL) {
        return SIM_CALL(who,
                        tern_settings_set_time_zone(care, care_text(call, "zone"), &call->error));
    }
    return SIM_CALL(
        who,
        tern_settings_set_grace(care, (int32_t)care_number(call, "grace", 30), &call->error));
}

/* ---- The calls ---- */

/* Of calls that are about the patient as such. */
static bool prepare_nothing(struct care_call *call)
{
    (void)call;
    return true;
}

enum { WHO_PATIENT = 1, WHO_CLINICIAN = 2, WHO_JOB = 4, WHO_ALL = 15 };

static const struct entry {
    const char *name;
    enum care_kind kind;
    unsigned who; /* asks for it in lives by dice */
    unsigned weight;
    bool (*prepare)(struct care_call *call); /* false: there is nothing to do */
    tern_status (*run)(struct care_call *call);
} entries[] = {
    {"take", CARE_ACT, WHO_PATIENT, 26, care_prepare_take, care_run_take},
    {"skip", CARE_ACT, WHO_PATIENT, 9, care_prepare_skip, care_run_skip},
    {"undo", CARE_ACT, WHO_PATIENT, 9, care_prepare_undo, care_run_undo},
    {"prn", CARE_ACT, WHO_PATIENT, 5, care_prepare_prn, care_run_prn},
    {"generate", CARE_GUESS, WHO_PATIENT | WHO_JOB, 12, prepare_nothing, care_run_generate},
    {"missed", CARE_GUESS, WHO_PATIENT | WHO_JOB, 10, prepare_nothing, care_run_missed},
    {"settings", CARE_CHANGE, WHO_PATIENT, 6, prepare_nothing, run_settings},
    {"create", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 5, care_prepare_create, care_run_create},
    {"edit", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 6, care_prepare_edit, care_run_edit},
    {"activate", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 6, care_prepare_status, care_run_status},
    {"pause", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 4, care_prepare_status, care_run_status},
    {"resume", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 6, care_prepare_status, care_run_status},
    {"end", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 1, care_prepare_status, care_run_status},
    {"list", CARE_READ, WHO_ALL, 5, care_prepare_read, care_run_list},
    {"adherence", CARE_READ, WHO_ALL, 9, care_prepare_read, care_run_adherence},
    {"times", CARE_CHANGE, WHO_PATIENT, 4, care_prepare_times, care_run_times},
    {"alerts", CARE_GUESS, WHO_ALL, 8, care_prepare_told, care_run_alerts},
    {"inbox", CARE_READ, WHO_ALL, 3, care_prepare_told, care_run_inbox},
    {"heed", CARE_CHANGE, WHO_ALL, 3, care_prepare_told, care_run_heed},
    {"audit", CARE_READ, WHO_ALL, 3, care_prepare_told, care_run_audit},
    {"quota", CARE_READ, WHO_PATIENT, 2, care_prepare_told, care_run_quota},
    {"reminders", CARE_READ, WHO_PATIENT, 9, care_prepare_read, care_run_reminders},
    {"rebuild", CARE_READ, WHO_ALL, 3, care_prepare_read, care_run_rebuild},
    {"dose", CARE_READ, WHO_ALL, 3, care_prepare_dose, care_run_dose},
    {"prescriptions", CARE_READ, WHO_ALL, 3, care_prepare_read, care_run_prescriptions},
    {"prescription", CARE_READ, WHO_ALL, 4, care_prepare_shelf, care_run_shelf},
    {"medications", CARE_READ, WHO_ALL, 3, care_prepare_read, care_run_medications},
    {"preferences", CARE_READ, WHO_ALL, 2, care_prepare_told, care_run_preferences},
    {"access", CARE_CHANGE, WHO_ALL, 0, care_prepare_access, care_run_access},
    {"retake", CARE_CHANGE, WHO_PATIENT | WHO_CLINICIAN, 0, care_prepare_retake, care_run_retake},
};

/* Calls that came later take the place of others, by what is left of the throw: whatever else a
 * seed stood for, it goes on to do. */
static const struct {
    const char *name;
    unsigned one_in;
    const char *instead;
} shares[] = {
    {"list", 3, "access"},
    {"inbox", 2, "access"},
    {"dose", 2, "retake"},
    {"resume", 3, "retake"},
    {"medications", 3, "retake"},
    {"activate", 6, "end"}, /* what is taken up again has ended */
};

enum { ENTRIES = sizeof entries / sizeof *entries };

bool sim_care_owns(const char *table)
{
    static const char *const tables[] = {"users",
                                         "prescriptions",
                                         "prescription_versions",
                                         "prescription_beginnings",
                                         "prescription_turns",
                                         "medications",
                                         "dose_events",
                                         "audit_logs",
                                         "notifications",
                                         "meal_time_preferences"};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (strcmp(tables[i], table) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- The handle ---- */

static tern_status open_handle(struct care_call *call)
{
    const tern_care_options options = {.size = sizeof options, .zones = &sim_zones};
    struct sim_device *device = call->device;

    if (device->care == NULL) {
        device->care = calloc(1, sizeof *device->care);
        if (device->care == NULL) {
            abort();
        }
    }
    call->state = device->care;
    return device->care->handle != NULL ? TERN_OK
                                        : SIM_CALL(device->index,
                                                   tern_care_open(device->replica,
                                                                  &options,
                                                                  &device->care->handle,
                                                                  &call->error));
}

void sim_care_close(struct sim_device *device)
{
    if (device->care != NULL) {
        tern_care_close(device->care->handle);
        device->care->handle = NULL;
        care_still_forget(&device->care->still);
    }
}

void sim_care_forget(struct sim_device *device)
{
    if (device->care != NULL) {
        sim_care_close(device);
        free(device->care->rungs);
        free(device->care);
        device->care = NULL;
    }
}

void sim_care_put_back(struct sim_device *device)
{
    sim_care_close(device);
    if (device->care != NULL) {
        memset(device->care->forms, 0, sizeof device->care->forms);
        device->care->form_next = 0;
    }
    if (device->world->care) {
        care_book(device->world)->blurred = true;
        care_book(device->world)->put_back = true;
    }
}

void sim_care_set_clock(struct sim_device *device)
{
    if (device->care != NULL) {
        device->care->cursor = 0;
    }
}

/* ---- A call ---- */

static int64_t read_now(struct sim_device *device)
{
    tern_statement *statement = sim_statement_of(device, "SELECT tern_now()");
    bool row = false;
    int64_t now = device->world->now_us;

    if (statement != NULL && tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        now = tern_statement_value(statement, 0).integer;
        tern_statement_reset(statement);
    }
    return now;
}

/* Whose day it is: the event's word, the user's own, or one of those whose records are here. */
static bool find_patient(struct care_call *call)
{
    const struct sim_user *user = &call->world->users[call->device->user];
    const char *named = care_text(call, "patient");
    struct trn_bytes zone;

    if (named != NULL) {
        size_t index = sim_world_user(call->world, named);

        if (index == SIM_USERS) {
            return false;
        }
        call->patient = call->world->users[index].id;
    } else if (strcmp(user->role, "PATIENT") == 0 ||
               !care_pick(call,
                          "SELECT id FROM users WHERE role='PATIENT' AND deleted_at IS NULL ORDER "
                          "BY id LIMIT 8",
                          &call->patient)) {
        call->patient = user->id;
    }
    zone = care_rows(call, "SELECT time_zone FROM users WHERE id=?1");
    (void)snprintf(call->zone,
                   sizeof call->zone,
                   "%.*s",
                   zone.size > 0 ? (int)zone.size - 1 : 0,
                   trn_bytes_text(&zone));
    if (zone.size == 0) {
        (void)snprintf(call->zone, sizeof call->zone, "Asia/Phnom_Penh");
    }
    trn_bytes_free(&zone);
    return true;
}

/* A person's word, or a rule's, as committed; more than one where passed doses were stored first.
 */
static void note_commits(struct care_call *call, uint64_t before)
{
    struct sim_device *device = call->device;
    tern_statement *statement = sim_statement_of(
        device,
        "SELECT tx, ordinal, kind FROM tern_outbox WHERE ordinal > ?1 AND kind <> 2 "
        "ORDER BY ordinal");
    unsigned recorded = 0;
    bool row = true;

    if (statement == NULL ||
        tern_statement_bind(statement, 1, tern_value_integer((int64_t)before), NULL) != TERN_OK) {
        return;
    }
    while (tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        tern_value value = tern_statement_value(statement, 0);
        tern_id tx;

        memcpy(tx.bytes, value.data, sizeof tx.bytes);
        sim_ledger_add(device, &tx);
        device->last_ordinal = (uint64_t)tern_statement_value(statement, 1).integer;
        recorded += tern_statement_value(statement, 2).integer == TRN_ENTRY_RECORDED ? 1 : 0;
        row = false;
    }
    tern_statement_reset(statement);
    if (call->action != NULL && recorded != 1) {
        sim_fail(call->world,
                 "audit rows",
                 "%s: %s took %u transactions",
                 device->name,
                 call->name,
                 recorded);
    }
}

static void note_act(struct care_call *call, tern_status status)
{
    struct care_act act = {.dose = call->subject,
                           .device = call->device->index,
                           .undo = strcmp(call->name, "undo") == 0,
                           .sure = status == TERN_OK};
    uint64_t ordinal = 0;
    struct trn_bytes row;

    if (status == TERN_OK && sim_device_top(call->device, &ordinal, &act.tx) &&
        !sim_disk_is_dead(call->device->disk)) {
        row = care_rows(call,
                        "SELECT status,taken_at,skip_reason,was_offline,flags FROM dose_events "
                        "WHERE id=?3");
        (void)snprintf(act.outcome, sizeof act.outcome, "%s", trn_bytes_text(&row));
        trn_bytes_free(&row);
    } else {
        act.sure = false;
    }
    if (act.sure || call->error.problem == TERN_PROBLEM_NONE) {
        (void)care_book_add(call->world, &act);
    }
}

/* What an event expects; by dice, what may be. */
static void judge_status(struct care_call *call, tern_status status)
{
    const char *problem = tern_problem_code(call->error.problem);
    const char *due = care_text(call, "problem");
    struct sim_device *device = call->device;

    call->world->ops++;
    sim_hash_number(call->world, (uint64_t)status * 64 + (uint64_t)call->error.problem);
    if ((device->troubled && sim_is_trouble(status)) ||
        (status == TERN_ERR_UNIQUE && care_book(call->world)->put_back)) {
        return; /* a version that came back from an older image may be in an edit's way */
    }
    if (!call->by_dice && strcmp(problem, due != NULL ? due : "NONE") != 0) {
        sim_fail(call->world,
                 "expectation",
                 "%s: %s gave %s (%s), not %s",
                 device->name,
                 call->name,
                 problem,
                 tern_status_code(status),
                 due != NULL ? due : "NONE");
    }
    if (status != TERN_OK && call->error.problem == TERN_PROBLEM_NONE && !device->troubled) {
        sim_fail(call->world,
                 "status",
                 "%s: %s gave %s %.200s",
                 device->name,
                 call->name,
                 tern_status_code(status),
                 call->error.error.message);
    }
}

static bool may_hide(const struct care_call *call)
{
    return strcmp(call->name, "edit") == 0 || strcmp(call->name, "pause") == 0 ||
           strcmp(call->name, "end") == 0 || strcmp(call->name, "settings") == 0 ||
           strcmp(call->name, "activate") == 0;
}

static void run(struct care_call *call, const struct entry *entry)
{
    struct sim_device *device = call->device;
    struct care_view before;
    uint64_t ordinal = 0;
    int64_t used = 0;
    int64_t allowed = 0;
    tern_id top;
    tern_status status;

    (void)sim_device_top(device, &ordinal, &top);
    status = open_handle(call);
    if (status != TERN_OK) {
        judge_status(call, status);
        return;
    }
    care_view_take(call, &before);
    care_quota(call, &used, &allowed);
    status = entry->run(call);
    judge_status(call, status);
    if (status == TERN_OK) {
        note_commits(call, ordinal);
    }
    if (call->kind == CARE_ACT) {
        note_act(call, status);
    }
    if (may_hide(call) && call->error.problem == TERN_PROBLEM_NONE) {
        care_book_keep(call, &before.missed);
    }
    if (!sim_disk_is_dead(device->disk) && !sim_failed(call->world)) {
        if (status == TERN_OK && call->action != NULL) {
            sim_steady_stamp(device);
        }
        care_judge(call, &before, status);
        care_judge_quota(call, used, allowed, status);
    }
    care_view_free(&before);
}

static void play(struct sim_device *device, json_t *event, const struct entry *entry, uint64_t seed)
{
    struct care_call call = {.world = device->world,
                             .device = device,
                             .event = event,
                             .name = entry->name,
                             .kind = entry->kind,
                             .by_dice = seed != 0,
                             .dice = sim_dice_make(seed * UINT64_C(0x9e3779b97f4a7c15) + 11)};

    if (device->replica == NULL || sim_disk_is_dead(device->disk)) {
        return;
    }
    call.now_us = read_now(device);
    if (find_patient(&call) && entry->prepare(&call) && !sim_failed(call.world)) {
        run(&call, entry);
    }
}

/* What the user, or the job, of a device does. */
static bool may_ask(const struct sim_device *device, const struct entry *entry)
{
    const char *role = device->world->users[device->user].role;
    unsigned who = 8;

    who |= strcmp(role, "PATIENT") == 0 ? WHO_PATIENT : 0;
    who |= strcmp(role, "DOCTOR") == 0 ? WHO_CLINICIAN : 0;
    who |= device->power != TRN_POWER_USER ? WHO_JOB : 0;
    return (entry->who & who) != 0;
}

void sim_care_play(struct sim_world *world, json_t *event)
{
    struct sim_device *device =
        sim_device_find(world, json_string_value(json_object_get(event, "device")));
    const char *name = json_string_value(json_object_get(event, "call"));
    uint64_t seed = (uint64_t)json_integer_value(json_object_get(event, "seed"));

    if (device == NULL) {
        return;
    }
    for (size_t i = 0; name != NULL && i < ENTRIES; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            if (seed == 0 || may_ask(device, &entries[i])) {
                play(device, event, &entries[i], seed);
            }
            return;
        }
    }
    sim_fail(world, "history", "there is no call %s", name != NULL ? name : "(none)");
}

const char *sim_care_call(unsigned at)
{
    unsigned total = 0;
    unsigned rest;
    size_t i = 0;

    for (size_t j = 0; j < ENTRIES; j++) {
        total += entries[j].weight;
    }
    rest = at / total;
    at %= total;
    while (at >= entries[i].weight) {
        at -= entries[i++].weight;
    }
    for (size_t j = 0; j < sizeof shares / sizeof *shares; j++) {
        if (strcmp(shares[j].name, entries[i].name) == 0 && rest % shares[j].one_in == 0) {
            return shares[j].instead;
        }
    }
    return entries[i].name;
}

void sim_care_anything(struct sim_device *device, uint64_t seed)
{
    struct sim_dice dice = sim_dice_make(seed);
    const char *name = sim_care_call(sim_roll(&dice, 100000));

    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(entries[i].name, name) == 0 && may_ask(device, &entries[i])) {
            play(device, NULL, &entries[i], sim_dice_next(&dice) | 1);
        }
    }
}
