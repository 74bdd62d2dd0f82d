#include "sim/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/backup.h"
#include "sim/care.h"
#include "sim/device.h"
#include "sim/fresh.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/restored.h"
#include "sim/retimed.h"
#include "sim/server.h"
#include "sim/steady.h"
#include "sim/strangers.h"
#include "sim/watch.h"
#include "sim/whole.h"

void sim_world_begin(struct sim_world *world,
                     struct sim_document *documents,
                     size_t document_count,
                     size_t served,
                     uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->now_us = SIM_START_US;
    world->hash = UINT64_C(0xcbf29ce484222325);
    world->documents = documents;
    world->document_count = document_count;
    world->served = served;
    world->limits = (struct trn_sync_limits){TRN_SYNC_PAGE_ROWS, TRN_SYNC_PAGE_BYTES};
    world->rows = json_object();
    world->watch = sim_watch_new();
    world->whole = sim_whole_new();
    world->strangers = sim_strangers_new();
    world->twin = twin_new(world->documents[world->served].schema);
    sim_memory_arm(SIM_SERVER, 0);
    world->disk = sim_disk_new("server", seed ^ 77);
    sim_fresh_server(world);
    if (!sim_server_start(world)) {
        sim_fail(world, "start", "the server does not start");
    }
}

void sim_world_end(struct sim_world *world)
{
    for (size_t i = 0; i < world->device_count; i++) {
        struct sim_device *device = &world->devices[i];

        sim_device_close(device);
        sim_care_forget(device);
        sim_steady_forget(device);
        sim_image_free(device->backup);
        trn_bytes_free(&device->undecided);
        sim_disk_free(device->disk);
    }
    sim_server_stop(world);
    sim_copy_free(&world->backup);
    sim_copy_free(&world->older);
    sim_backup_end(world);
    sim_restored_end(world);
    sim_retimed_end(world);
    sim_disk_free(world->disk);
    trn_bytes_free(&world->late);
    json_decref(world->rows);
    sim_watch_free(world->watch);
    sim_whole_free(world->whole);
    sim_strangers_free(world->strangers);
    sim_care_end(world);
    twin_free(world->twin);
    free(world->commits);
    world->commits = NULL;
}

struct sim_device *
sim_device_add(struct sim_world *world, const char *name, size_t user, size_t document)
{
    struct sim_device *device = &world->devices[world->device_count];
    tern_error error = {0};

    if (world->device_count == SIM_DEVICES) {
        sim_fail(world, "history", "more than %d devices", SIM_DEVICES);
        return NULL;
    }
    memset(device, 0, sizeof *device);
    device->world = world;
    device->index = (int)world->device_count++;
    device->user = user;
    device->document = document;
    device->dice = sim_dice_make((uint64_t)device->index * 7919 + 17);
    (void)snprintf(device->name, sizeof device->name, "%s", name);
    (void)snprintf(device->path, sizeof device->path, "/%s/replica", name);
    device->disk = sim_disk_new(name, (uint64_t)device->index * 104729 + 5);
    sim_device_boot(device);
    sim_fresh_device(device);
    if (sim_device_open(device, &error) != TERN_OK) {
        sim_fail(world,
                 "open",
                 "%s does not open: %s %s",
                 name,
                 tern_status_code(error.status),
                 error.message);
    }
    return device;
}

void sim_world_mend(struct sim_world *world)
{
    sim_server_mend(world);
    for (size_t i = 0; i < world->device_count; i++) {
        sim_device_mend(&world->devices[i]);
    }
}

void sim_world_disarm(struct sim_world *world)
{
    sim_server_calm(world);
    for (size_t i = 0; i < world->device_count; i++) {
        sim_device_calm(&world->devices[i]);
    }
    sim_world_mend(world);
}
