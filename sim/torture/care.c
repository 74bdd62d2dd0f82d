/* Calls of the medication library, each with a handle of its own, for the file's own user. */
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/torture/torture.h"
#include "tern/medication/adherence.h"
#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tern/medication/care.h"
#include "tern/medication/dose.h"
#include "tern/medication/prescription.h"
#include "tern/medication/reminder.h"
#include "tern/medication/schedule.h"
#include "tern/medication/settings.h"

/* What a call works on. */
struct caring {
    struct sim_device *device;
    tern_care *care;
    tern_id id; /* of the row that the event names */
};

static tern_status plan_and_read(struct caring *caring, tern_care_error *error)
{
    return tern_schedule_generate(caring->care, NULL, NULL, error);
}

static tern_status take(struct caring *caring, tern_care_error *error)
{
    const tern_dose_act act = {.size = sizeof act, .insist = true, .was_offline = true};
    tern_dose_status status;

    return tern_dose_take(caring->care, &caring->id, &act, &status, error);
}

static tern_status skip(struct caring *caring, tern_care_error *error)
{
    return tern_dose_skip(caring->care, &caring->id, "felt unwell", true, error);
}

static tern_status undo(struct caring *caring, tern_care_error *error)
{
    return tern_dose_undo(caring->care, &caring->id, error);
}

static tern_status miss(struct caring *caring, tern_care_error *error)
{
    tern_missed_cursor cursor = {0};
    uint32_t missed = 0;
    bool more = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && more) {
        status = tern_doses_infer_missed(caring->care, NULL, 50, &cursor, &missed, &more, error);
    }
    return status;
}

static tern_prescription prescription_of(const struct caring *caring, tern_medicine *medicine)
{
    const struct sim_device *device = caring->device;

    *medicine = (tern_medicine){.name = "a medicine",
                                .morning_dosage = "{\"amount\":1,\"before_meal\":true}",
                                .night_dosage = "{\"amount\":2,\"before_meal\":false}"};
    return (tern_prescription){.size = sizeof(tern_prescription),
                               .patient = device->world->users[device->user].id,
                               .patient_name = "a patient",
                               .patient_age = -1,
                               .start_date = "2025-11-20",
                               .medicines = medicine,
                               .medicine_count = 1};
}

static tern_status prescribe(struct caring *caring, tern_care_error *error)
{
    tern_medicine medicine;
    tern_prescription prescription = prescription_of(caring, &medicine);
    tern_id id;

    return tern_prescription_create(caring->care, &prescription, NULL, &id, error);
}

static tern_status activate(struct caring *caring, tern_care_error *error)
{
    return tern_prescription_activate(caring->care, &caring->id, error);
}

static tern_status edit(struct caring *caring, tern_care_error *error)
{
    tern_medicine medicine;
    tern_prescription prescription = prescription_of(caring, &medicine);
    int32_t version = 0;

    medicine.name = "another medicine";
    medicine.daytime_dosage = "{\"amount\":1,\"before_meal\":false}";
    return tern_prescription_edit(caring->care,
                                  &caring->id,
                                  &prescription,
                                  "it did not help",
                                  &version,
                                  error);
}

static tern_status edit_from_form(struct caring *caring, tern_care_error *error)
{
    tern_medicine medicine;
    tern_prescription prescription = prescription_of(caring, &medicine);

    prescription.base_version = 1;
    return tern_prescription_edit(caring->care,
                                  &caring->id,
                                  &prescription,
                                  "it did not help",
                                  NULL,
                                  error);
}

static tern_status pause(struct caring *caring, tern_care_error *error)
{
    return tern_prescription_pause(caring->care, &caring->id, error);
}

static tern_status resume(struct caring *caring, tern_care_error *error)
{
    return tern_prescription_resume(caring->care, &caring->id, error);
}

static tern_status end(struct caring *caring, tern_care_error *error)
{
    return tern_prescription_end(caring->care, &caring->id, error);
}

static tern_status retake(struct caring *caring, tern_care_error *error)
{
    tern_id id;

    return tern_prescription_retake(caring->care,
                                    &caring->id,
                                    "2025-11-21",
                                    NULL,
                                    "it came back",
                                    &id,
                                    error);
}

static tern_status prescribe_prn(struct caring *caring, tern_care_error *error)
{
    tern_medicine medicine;
    tern_prescription prescription = prescription_of(caring, &medicine);
    tern_id id;

    medicine.is_prn = true;
    medicine.morning_dosage = NULL;
    medicine.night_dosage = NULL;
    return tern_prescription_create(caring->care, &prescription, NULL, &id, error);
}

static tern_status take_prn(struct caring *caring, tern_care_error *error)
{
    const tern_dose_act act = {.size = sizeof act};

    return tern_dose_take_prn(caring->care, &caring->id, &act, NULL, error);
}

static tern_status set_times(struct caring *caring, tern_care_error *error)
{
    static const int32_t minutes[] = {8 * 60, 20 * 60};

    return tern_medication_set_prn_times(caring->care, &caring->id, minutes, 2, error);
}

/* ---- Settings ---- */

static tern_status set_language(struct caring *caring, tern_care_error *error)
{
    return tern_settings_set_language(caring->care, TERN_ENGLISH, error);
}

static tern_status set_theme(struct caring *caring, tern_care_error *error)
{
    return tern_settings_set_theme(caring->care, TERN_THEME_DARK, error);
}

static tern_status set_grace(struct caring *caring, tern_care_error *error)
{
    return tern_settings_set_grace(caring->care, 60, error);
}

static tern_status set_zone(struct caring *caring, tern_care_error *error)
{
    return tern_settings_set_time_zone(caring->care, "UTC", error);
}

static tern_status set_meals(struct caring *caring, tern_care_error *error)
{
    return tern_settings_set_meals(caring->care, "06:30", "12:15", "19:00", error);
}

/* ---- What people are told of ---- */

static tern_status tell(struct caring *caring, tern_care_error *error)
{
    uint32_t made = 0;
    bool more = false;

    return tern_alerts_infer(caring->care, 500, &made, &more, error);
}

static tern_status heed(struct caring *caring, tern_care_error *error)
{
    return tern_alert_mark_read(caring->care, &caring->id, error);
}

static tern_status heed_all(struct caring *caring, tern_care_error *error)
{
    return tern_alerts_mark_read(caring->care, error);
}

static tern_status look(struct caring *caring, tern_care_error *error)
{
    return tern_audit_access(caring->care, &caring->id, NULL, error);
}

/* ---- Sums and reminders: the file keeps what was worked out of them ---- */

static bool pass_sum(void *context, const tern_adherence *adherence)
{
    (void)context;
    return adherence != NULL;
}

static tern_status add_up(struct caring *caring, tern_care_error *error)
{
    const tern_adherence_query query = {.size = sizeof query,
                                        .first_date = "2025-11-20",
                                        .last_date = "2025-11-23"};

    return tern_adherence_read(caring->care, &query, pass_sum, NULL, NULL, error);
}

static tern_status add_up_anew(struct caring *caring, tern_care_error *error)
{
    tern_status status = tern_adherence_rebuild(caring->care, error);

    return status == TERN_OK ? add_up(caring, error) : status;
}

static bool pass_reminder(void *context, const tern_reminder *reminder)
{
    (void)context;
    return reminder != NULL;
}

static tern_status remind(struct caring *caring, tern_care_error *error)
{
    int64_t cursor = 0;
    bool all = false;

    return tern_reminders_read(caring->care, NULL, &cursor, pass_reminder, NULL, &all, error);
}

static const struct call {
    const char *name;
    tern_status (*make)(struct caring *caring, tern_care_error *error);
} calls[] = {
    {"prescribe", prescribe},
    {"activate", activate},
    {"edit", edit},
    {"edit-from-form", edit_from_form},
    {"pause", pause},
    {"resume", resume},
    {"end", end},
    {"retake", retake},
    {"prescribe-prn", prescribe_prn},
    {"take-prn", take_prn},
    {"set-times", set_times},
    {"generate", plan_and_read},
    {"take", take},
    {"skip", skip},
    {"undo", undo},
    {"miss", miss},
    {"set-language", set_language},
    {"set-theme", set_theme},
    {"set-grace", set_grace},
    {"set-zone", set_zone},
    {"set-meals", set_meals},
    {"tell", tell},
    {"heed", heed},
    {"heed-all", heed_all},
    {"look", look},
    {"add-up", add_up},
    {"add-up-anew", add_up_anew},
    {"remind", remind},
};

static tern_status make(const struct call *call, struct caring *caring, tern_posix_zones *zones)
{
    tern_zone_port port;
    tern_care_options options = {.size = sizeof options, .zones = &port};
    tern_care_error error = {.problem = TERN_PROBLEM_NONE};
    tern_status status;

    tern_posix_zones_port(zones, &port);
    status = tern_care_open(caring->device->replica, &options, &caring->care, &error);
    if (status == TERN_OK) {
        status = call->make(caring, &error);
    }
    tern_care_close(caring->care);
    if (error.problem != TERN_PROBLEM_NONE) {
        sim_fail(caring->device->world,
                 "care",
                 "%s gave %s: %s",
                 call->name,
                 tern_problem_code(error.problem),
                 error.error.message);
    }
    return status;
}

tern_status torture_care(struct sim_device *device, const char *name, const tern_id *id)
{
    struct caring caring = {.device = device, .id = *id};
    tern_posix_zones *zones = NULL;
    size_t i = 0;
    tern_status status;

    while (i < sizeof calls / sizeof *calls && strcmp(calls[i].name, name) != 0) {
        i++;
    }
    if (i == sizeof calls / sizeof *calls) {
        sim_fail(device->world, "history", "there is no call %s", name);
        return TERN_ERR_MISUSE;
    }
    sim_memory_enter(device->index);
    status = tern_posix_zones_open(NULL, &zones, NULL);
    if (status == TERN_OK) {
        status = make(&calls[i], &caring, zones);
    }
    tern_posix_zones_close(zones);
    return sim_memory_leave(status);
}
