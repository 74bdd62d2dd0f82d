#include "sim/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/care.h"
#include "sim/counted.h"
#include "sim/fresh.h"
#include "sim/held.h"
#include "sim/ledger.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/replica.h"
#include "sim/restored.h"
#include "sim/retimed.h"
#include "sim/statements.h"
#include "sim/steady.h"
#include "sim/strangers.h"

void sim_device_calm(struct sim_device *device)
{
    sim_disk_disarm(device->disk);
    sim_memory_disarm(device->index);
    device->troubled = false;
}

/* ---- The ports of a device ---- */

static int64_t read_wall(void *context)
{
    const struct sim_device *device = context;

    return device->world->now_us + device->clock_off_us;
}

static int64_t read_monotonic(void *context)
{
    const struct sim_device *device = context;

    return device->world->now_us - device->booted_us;
}

static void read_boot(void *context, tern_id *ret_id)
{
    *ret_id = ((const struct sim_device *)context)->boot;
}

static bool roll(void *context, void *buffer, size_t size)
{
    sim_dice_fill(&((struct sim_device *)context)->dice, buffer, size);
    return true;
}

static void write_log(void *context, tern_log_level level, const char *message)
{
    const struct sim_device *device = context;

    if (getenv("SIM_TRACE") != NULL) {
        (void)fprintf(stderr, "%s [%d] %s\n", device->name, (int)level, message);
    }
}

/* ---- Devices ---- */

tern_status sim_device_open(struct sim_device *device, tern_error *error)
{
    tern_ports ports = {.size = sizeof ports,
                        .clock = {device, read_wall, read_monotonic, read_boot},
                        .random = {device, roll},
                        .log = {device, write_log},
                        .vfs = "tern-sim"};
    const char *text = device->world->documents[device->document].text;
    tern_replica_options options = {.size = sizeof options,
                                    .schema = text,
                                    .schema_size = strlen(text),
                                    .user = device->world->users[device->user].id,
                                    .ports = &ports};
    tern_status status;

    sim_held_forget(device->index);
    sim_counted_begin(device);
    status =
        SIM_CALL(device->index, tern_replica_open(device->path, &options, &device->replica, error));
    sim_counted_end();
    return status;
}

void sim_device_close(struct sim_device *device)
{
    sim_eye_close(&device->eye);
    sim_care_close(device);
    sim_statements_free(device);
    tern_replica_close(device->replica);
    device->replica = NULL;
    sim_counted_free(device);
}

void sim_device_boot(struct sim_device *device)
{
    sim_dice_fill(&device->dice, device->boot.bytes, sizeof device->boot.bytes);
    device->booted_us = device->world->now_us - 1000;
}

static void check_committed(struct sim_device *device)
{
    uint64_t ordinal = 0;
    tern_id tx = {{0}};

    if (!sim_device_top(device, &ordinal, &tx) || ordinal < device->last_ordinal) {
        sim_fail(device->world,
                 "durable commits",
                 "%s came back with ordinal %llu as its last, and had committed %llu",
                 device->name,
                 (unsigned long long)ordinal,
                 (unsigned long long)device->last_ordinal);
    }
    device->last_ordinal = ordinal;
}

static void come_back(struct sim_device *device)
{
    tern_error error = {0};
    tern_status status = sim_device_open(device, &error);

    if (status != TERN_OK) {
        sim_fail(device->world,
                 "open",
                 "%s does not come up again: %s %s",
                 device->name,
                 tern_status_code(status),
                 error.message);
        return;
    }
    check_committed(device);
    sim_look_sound(device->world, device->index);
    if (device->undecided.size > 0) {
        sim_ledger_rescan(device, &device->undecided, false);
    }
}

void sim_device_reopen(struct sim_device *device, bool reboot)
{
    tern_error error = {0};

    sim_device_close(device);
    if (reboot) {
        sim_device_boot(device);
    }
    if (sim_device_open(device, &error) == TERN_OK) {
        sim_look_sound(device->world, device->index);
    } else if (!device->troubled) {
        sim_fail(device->world,
                 "open",
                 "%s does not open again: %s %s",
                 device->name,
                 tern_status_code(error.status),
                 error.message);
    }
}

void sim_device_backup(struct sim_device *device)
{
    sim_image_free(device->backup);
    device->backup = sim_disk_image(device->disk);
    device->backup_user = device->user;
    device->backup_document = device->document;
}

static void replace_image(struct sim_device *device, const struct sim_image *image)
{
    struct trn_bytes held;
    tern_error error = {0};

    sim_device_calm(device);
    sim_device_close(device);
    held = sim_ledger_held(device->world, device->index);
    sim_disk_put(device->disk, image);
    device->last_ordinal = 0;
    device->told_erased = 0;
    sim_care_put_back(device);
    sim_steady_forget(device);
    sim_restored_forget(device);
    sim_retimed_forget(device->world);
    if (sim_device_open(device, &error) != TERN_OK) {
        sim_fail(device->world,
                 "open",
                 "%s does not open a copied file: %s %s",
                 device->name,
                 tern_status_code(error.status),
                 error.message);
    } else {
        check_committed(device);
        sim_look_sound(device->world, device->index);
    }
    sim_ledger_destroyed(device->world, &held);
    trn_bytes_free(&held);
}

void sim_device_restore(struct sim_device *device)
{
    if (device->backup != NULL) {
        sim_strangers_look(device);
        device->user = device->backup_user;
        device->document =
            device->document > device->backup_document ? device->document : device->backup_document;
        replace_image(device, device->backup);
    }
}

void sim_device_clone(struct sim_device *original, struct sim_device *copy)
{
    struct sim_image *image = sim_disk_image(original->disk);

    sim_strangers_look(copy);
    copy->user = original->user;
    copy->document = original->document;
    replace_image(copy, image);
    sim_image_free(image);
}

void sim_device_mend(struct sim_device *device)
{
    if (sim_disk_is_dead(device->disk)) {
        bool boots = sim_disk_lost_power(device->disk);

        device->world->faults++;
        sim_device_close(device);
        sim_disk_revive(device->disk);
        sim_device_calm(device);
        if (boots) {
            sim_device_boot(device);
        }
        come_back(device);
    } else if (device->replica == NULL && !sim_failed(device->world)) {
        sim_device_calm(device);
        come_back(device);
    }
}
