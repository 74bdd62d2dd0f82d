/* A world of people who know each other, then events one by one, then calm. */
#include "sim/history.h"

#include <stdio.h>
#include <string.h>

#include "base/portion.h"
#include "sim/check.h"
#include "sim/documents.h"
#include "sim/event.h"
#include "sim/language.h"
#include "sim/life.h"
#include "sim/net.h"
#include "sim/play.h"
#include "sim/server.h"
#include "sim/write.h"

static void add_people(struct sim_world *world, json_t *history)
{
    size_t index;
    json_t *item;

    json_array_foreach(json_object_get(history, "users"), index, item)
    {
        (void)sim_world_add_user(world, sim_event_text(item, "name"), sim_event_text(item, "role"));
    }
    json_array_foreach(json_object_get(history, "devices"), index, item)
    {
        size_t user = sim_world_user(world, sim_event_text(item, "user"));
        size_t version = (size_t)sim_event_number(item, "schema", 1);
        struct sim_device *device;

        if (user == SIM_USERS || sim_event_text(item, "name") == NULL || version < 1 ||
            version > world->document_count) {
            sim_fail(world, "history", "a device needs a name, a user and a schema that there is");
            return;
        }
        device = sim_device_add(world, sim_event_text(item, "name"), user, version - 1);
        if (device != NULL && sim_event_flag(item, "operator")) {
            device->power = TRN_POWER_OPERATOR;
        }
        if (device != NULL && sim_event_flag(item, "service")) {
            device->power = TRN_POWER_SERVICE;
        }
    }
}

/* Everyone says who they are, and opens their record to whom the history names. */
static void introduce(struct sim_world *world, json_t *history)
{
    bool known[SIM_USERS] = {false};
    struct sim_sync how = {0};
    size_t index;
    json_t *item;

    for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
        struct sim_device *device = &world->devices[i];

        if (device->replica != NULL && !known[device->user]) {
            known[device->user] = true;
            sim_write_user(device);
            (void)sim_sync(device, &how);
        }
    }
    json_array_foreach(json_object_get(history, "open"), index, item)
    {
        size_t subject = sim_world_user(world, json_string_value(json_array_get(item, 0)));
        size_t holder = sim_world_user(world, json_string_value(json_array_get(item, 1)));

        for (size_t i = 0; i < world->device_count && holder < SIM_USERS; i++) {
            struct sim_device *device = &world->devices[i];

            if (device->user == subject && device->replica != NULL) {
                sim_write_grant(device, subject, holder, true);
                (void)sim_sync(device, &how);
                break;
            }
        }
    }
}

/* An operator counts: what a person's subscription allows, and how much is used. */
static void allow_storage(struct sim_world *world, json_t *history)
{
    const struct sim_sync how = {0};
    const char *person;
    json_t *bytes;

    json_object_foreach(json_object_get(history, "storage"), person, bytes)
    {
        for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
            struct sim_device *device = &world->devices[i];
            enum trn_power power = device->power;
            json_t *rows;

            if (device->user != sim_world_user(world, person) || device->replica == NULL) {
                continue;
            }
            rows = json_pack("[{s:s, s:s, s:{s:o, s:O}}]",
                             "insert",
                             "subscriptions",
                             "row",
                             person,
                             "values",
                             "user_id",
                             json_sprintf("@%s", person),
                             "storage_quota",
                             bytes);
            device->power = TRN_POWER_OPERATOR;
            (void)sim_write_rows(device, rows, false);
            (void)sim_sync(device, &how);
            device->power = power;
            json_decref(rows);
            break;
        }
    }
}

static void finish(struct sim_world *world, struct sim_result *ret_result)
{
    ret_result->hash = world->hash;
    ret_result->ops = world->ops;
    ret_result->faults = world->faults;
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
}

bool sim_play_begin(struct sim_world *world, json_t *history, struct sim_result *ret_result)
{
    const char *schema = sim_event_text(history, "schema");
    size_t served = (size_t)sim_event_number(history, "serves", 1) - 1;
    size_t count = 0;
    struct sim_document *documents;

    memset(ret_result, 0, sizeof *ret_result);
    trn_portion_limit((size_t)sim_event_number(history, "batch", 0));
    documents = sim_documents(schema != NULL ? schema : "clinic", &count, ret_result->failure);
    if (documents == NULL) {
        (void)snprintf(ret_result->check, sizeof ret_result->check, "history");
        return false;
    }
    if (served >= count) {
        (void)snprintf(ret_result->check, sizeof ret_result->check, "history");
        (void)snprintf(ret_result->failure,
                       sizeof ret_result->failure,
                       "serves: the schema has %zu versions",
                       count);
        return false;
    }
    sim_net_begin((uint64_t)sim_event_number(history, "seed", 1));
    sim_world_begin(world,
                    documents,
                    count,
                    served,
                    (uint64_t)sim_event_number(history, "seed", 1));
    world->care = sim_event_flag(history, "care");
    if (sim_event_text(history, "check") != NULL) {
        (void)snprintf(world->only, sizeof world->only, "%s", sim_event_text(history, "check"));
    }
    if (!sim_failed(world)) {
        add_people(world, history);
    }
    if (!sim_failed(world)) {
        introduce(world, history);
    }
    if (!sim_failed(world)) {
        allow_storage(world, history);
    }
    if (sim_event_number(history, "page_rows", 0) > 0) {
        world->limits.page_rows = (uint32_t)sim_event_number(history, "page_rows", 0);
        sim_server_serve(world, world->served); /* nothing could have hurt the file so far */
    }
    return true;
}

static bool has_event(json_t *events, const char *verb)
{
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        if (sim_event_text(event, "do") != NULL && strcmp(sim_event_text(event, "do"), verb) == 0) {
            return true;
        }
    }
    return false;
}

void sim_play(json_t *history, struct sim_result *ret_result)
{
    static struct sim_world world;
    json_t *events = json_object_get(history, "events");
    struct sim_slip slip;

    if (!sim_language_check(history, &slip)) {
        *ret_result = (struct sim_result){.events = slip.event};
        (void)snprintf(ret_result->check, sizeof ret_result->check, "history");
        (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", slip.text);
        return;
    }
    sim_disk_spare_power(!has_event(events, "power"));
    if (!sim_play_begin(&world, history, ret_result)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(events) && !sim_failed(&world); i++) {
        world.event = i;
        sim_play_event(&world, json_array_get(events, i));
        ret_result->events = i + 1;
    }
    if (!sim_failed(&world)) {
        world.event = json_array_size(events);
        sim_settle(&world);
    }
    sim_hash_number(&world, (uint64_t)world.answered_to);
    finish(&world, ret_result);
    sim_world_end(&world);
}
