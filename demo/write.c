/* Row calls of the public API, wrapped to be told. */
#include "demo/write.h"

#include <stdio.h>
#include <string.h>

enum { CELLS_MAX = 16 };

static json_t *cell_json(tern_value value)
{
    char text[TERN_ID_TEXT_BYTES];
    tern_id id;

    switch (value.kind) {
    case TERN_INTEGER:
        return json_integer(value.integer);
    case TERN_TEXT:
        return json_stringn(value.data, value.size);
    case TERN_BLOB:
        memcpy(id.bytes, value.data, sizeof(id.bytes));
        tern_id_format(&id, text);
        return json_string(text);
    default:
        return json_null();
    }
}

static void note(struct demo_device *device, const struct demo_write *write, const tern_id *id)
{
    json_t *values = json_object();
    char text[TERN_ID_TEXT_BYTES];

    for (size_t i = 0; i < write->count; i++) {
        (void)json_object_set_new(values, write->cells[i].column, cell_json(write->cells[i].value));
    }
    if (write->verb == DEMO_DELETE || write->verb == DEMO_UNDELETE) {
        (void)json_object_set_new(values, "deleted", json_boolean(write->verb == DEMO_DELETE));
    }
    tern_id_format(id, text);
    demo_story_change(&device->world->story, device->lane, write->table, text, values);
}

static tern_status
write_row(tern_tx *tx, const struct demo_write *write, tern_id *ret_id, tern_error *error)
{
    if (write->id != NULL) {
        *ret_id = *write->id;
    }
    switch (write->verb) {
    case DEMO_INSERT:
        return tern_row_insert(tx, write->table, write->cells, write->count, ret_id, error);
    case DEMO_UPDATE:
        return tern_row_update(tx, write->table, write->id, write->cells, write->count, error);
    case DEMO_DELETE:
        return tern_row_delete(tx, write->table, write->id, error);
    default:
        return tern_row_undelete(tx, write->table, write->id, error);
    }
}

static tern_status write_log(struct demo_device *device,
                             tern_tx *tx,
                             const struct demo_write *write,
                             const tern_id *row,
                             tern_error *error)
{
    bool is_doctor = device->lane == DEMO_DOCTOR;
    const tern_cell cells[] = {
        {"actor_id", tern_value_id(&device->user)},
        {"actor_role", tern_value_text(is_doctor ? "DOCTOR" : "PATIENT")},
        {"action_type", tern_value_text(write->action)},
        {"resource_type", tern_value_text(write->table)},
        {"resource_id", tern_value_id(row)},
    };

    return tern_row_insert(tx, "audit_logs", cells, sizeof(cells) / sizeof(cells[0]), NULL, error);
}

void demo_write(struct demo_device *device, const struct demo_write *write, tern_id *ret_id)
{
    tern_tx_options options = {.size = sizeof(options), .inferred = write->inferred};
    tern_tx *tx = NULL;
    tern_error error = {0};
    tern_id id = {{0}};

    demo_require(tern_tx_begin(device->replica, &options, &tx, &error), &error, "begin");
    demo_require(write_row(tx, write, &id, &error), &error, write->title);
    if (write->action != NULL) {
        demo_require(write_log(device, tx, write, &id, &error), &error, "audit_logs");
    }
    demo_require(tern_tx_commit(tx, NULL, &error), &error, write->title);
    note(device, write, &id);
    demo_story_tell(&device->world->story,
                    demo_now_us(),
                    device->lane,
                    write->inferred ? "job" : "edit",
                    write->title,
                    write->detail);
    demo_pause();
    if (ret_id != NULL) {
        *ret_id = id;
    }
}

static const char *action_of(const struct demo_dose *dose)
{
    if (dose->inferred) {
        return NULL;
    }
    return strcmp(dose->status, "SKIPPED") == 0 ? "DOSE_SKIPPED" : "DOSE_TAKEN";
}

void demo_record_dose(struct demo_device *device, const struct demo_dose *dose)
{
    bool at_night = strcmp(dose->slot, "NIGHT") == 0;
    const tern_cell cells[] = {
        {"prescription_id", tern_value_id(dose->prescription)},
        {"medication_id", tern_value_id(dose->medication)},
        {"patient_id", tern_value_id(dose->patient)},
        {"scheduled_time", tern_value_integer(dose->scheduled_us)},
        {"local_date", tern_value_text(dose->date)},
        {"slot", tern_value_text(dose->slot)},
        {"time_period", tern_value_text(at_night ? "NIGHT" : "DAYTIME")},
        {"grace_minutes", tern_value_integer(30)},
        {"status", tern_value_text(dose->status)},
        {"taken_at", dose->taken_us != 0 ? tern_value_integer(dose->taken_us) : tern_value_null()},
        {"skip_reason", tern_value_text(dose->reason)},
        {"was_offline", tern_value_integer(1)},
    };
    const struct demo_write write = {.verb = DEMO_INSERT,
                                     .table = "dose_events",
                                     .cells = cells,
                                     .count = sizeof(cells) / sizeof(cells[0]),
                                     .inferred = dose->inferred,
                                     .action = action_of(dose),
                                     .title = dose->title,
                                     .detail = dose->detail};

    demo_write(device, &write, NULL);
}
