/* Calls of the medication library, each with a handle of its own, for the file's own user. */
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/torture/torture.h"
#include "tern/medication/care.h"
#include "tern/medication/dose.h"
#include "tern/medication/prescription.h"
#include "tern/medication/schedule.h"

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

static const struct call {
    const char *name;
    tern_status (*make)(struct caring *caring, tern_care_error *error);
} calls[] = {
    {"prescribe", prescribe},
    {"activate", activate},
    {"edit", edit},
    {"generate", plan_and_read},
    {"take", take},
    {"skip", skip},
    {"undo", undo},
    {"miss", miss},
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

    while (i + 1 < sizeof calls / sizeof *calls && strcmp(calls[i].name, name) != 0) {
        i++;
    }
    sim_memory_enter(device->index);
    status = tern_posix_zones_open(NULL, &zones, NULL);
    if (status == TERN_OK) {
        status = make(&calls[i], &caring, zones);
    }
    tern_posix_zones_close(zones);
    return sim_memory_leave(status);
}
