/* The executor: each event is a verb and what it needs; a table of verbs does the rest. */
#include "sim/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/backup.h"
#include "sim/care.h"
#include "sim/care_job.h"
#include "sim/check.h"
#include "sim/counted.h"
#include "sim/device.h"
#include "sim/erased.h"
#include "sim/event.h"
#include "sim/expect.h"
#include "sim/ledger.h"
#include "sim/life.h"
#include "sim/memory.h"
#include "sim/net.h"
#include "sim/replica.h"
#include "sim/restored.h"
#include "sim/retried.h"
#include "sim/server.h"
#include "sim/write.h"

static void play_pass(struct sim_world *world, json_t *event)
{
    world->now_us += sim_event_number(event, "ms", 0) * 1000 +
                     sim_event_number(event, "s", 0) * SIM_SECOND_US +
                     sim_event_number(event, "hours", 0) * 3600 * SIM_SECOND_US +
                     sim_event_number(event, "days", 0) * 86400 * SIM_SECOND_US;
}

static void check_code(struct sim_device *device, json_t *event, tern_status status)
{
    bool told = device->heard.status == status && status != TERN_OK;
    const char *due = sim_event_text(event, "fails");
    const char *code = status == TERN_OK ? "OK" : tern_status_code(status);

    if (device->troubled && sim_is_trouble(status)) {
        return;
    }
    if (strcmp(due != NULL ? due : "OK", code) != 0) {
        sim_fail(device->world,
                 "expectation",
                 "%s: %s gave %s, not %s%s%s",
                 device->name,
                 sim_event_text(event, "do"),
                 code,
                 due != NULL ? due : "OK",
                 told ? ": " : "",
                 told ? device->heard.message : "");
    }
}

static void play_write(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    json_t *rows = json_object_get(event, "rows");

    if (device == NULL) {
        return;
    }
    if (rows != NULL) {
        device->heard = (tern_error){0};
        check_code(device, event, sim_write_rows(device, rows, sim_event_flag(event, "inferred")));
    } else if (sim_event_number(event, "bytes", 0) > 0) {
        sim_write_much(device,
                       (uint64_t)sim_event_number(event, "seed", 1),
                       (unsigned)sim_event_number(event, "changes", 1),
                       (size_t)sim_event_number(event, "bytes", 0));
    } else {
        sim_write_anything(device,
                           (uint64_t)sim_event_number(event, "seed", 1),
                           (unsigned)sim_event_number(event, "changes", 1),
                           sim_event_flag(event, "inferred"));
    }
}

/* Whose token the app sends by mistake: 1 + the user; 0 where it is right. */
static size_t other_bearer(struct sim_device *device, json_t *event)
{
    size_t other = sim_world_user(device->world, sim_event_text(event, "token"));

    return other != SIM_USERS && other != device->user ? other + 1 : 0;
}

/* A word that means nothing would pass for fair weather, and show nothing. */
static void check_weather(struct sim_world *world, json_t *weather)
{
    size_t index;
    json_t *item;

    if (weather != NULL && !json_is_array(weather)) {
        sim_fail(world, "history", "weather is a list");
    }
    json_array_foreach(weather, index, item)
    {
        const char *word = json_string_value(item);

        if (!sim_is_weather(word != NULL ? word : "")) {
            sim_fail(world,
                     "history",
                     "there is no weather %s",
                     word != NULL ? word : "without words");
        }
    }
}

static bool is_answered(json_t *weather)
{
    size_t index;
    json_t *item;

    json_array_foreach(weather, index, item)
    {
        if (!sim_is_slow_weather(json_string_value(item))) {
            return false;
        }
    }
    return true;
}

/* Whether nothing that the life does may keep the sync from its end. An app that is newer than its
 * server waits for it; a lease that could not be given back makes it BUSY until it runs out. */
static bool is_in_fair_weather(const struct sim_device *device, const struct sim_sync *how)
{
    const struct sim_world *world = device->world;

    return is_answered(how->weather) && how->stop == 0 && how->busy == 0 && how->as == 0 &&
           !how->overtaken && !world->troubled && device->document <= world->served;
}

/* In fair weather a sync ends well; an app that the server serves no more hears just that, and has
 * nothing left to send. */
static void check_fair(struct sim_device *device, tern_status status)
{
    bool outdated =
        sim_device_schema(device)->version < sim_server_schema(device->world)->minimum_version;

    if (status != (outdated ? TERN_ERR_UPGRADE_REQUIRED : TERN_OK)) {
        sim_fail(device->world,
                 "status",
                 "%s: sync gave %s in fair weather",
                 device->name,
                 tern_status_code(status));
    } else if (outdated && sim_device_status(device).pending > 0) {
        sim_fail(device->world,
                 "drained",
                 "what %s has to send is not taken, since its app is older",
                 device->name);
    }
}

static void play_sync(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    struct sim_sync how = {.weather = json_object_get(event, "weather"),
                           .stop = (unsigned)sim_event_number(event, "stop", 0),
                           .page_rows = (uint32_t)sim_event_number(event, "page_rows", 0),
                           .push_bytes = (uint32_t)sim_event_number(event, "push_bytes", 0),
                           .busy = (uint64_t)sim_event_number(event, "busy", 0),
                           .overtaken = sim_event_flag(event, "overtaken")};
    tern_status status;
    bool troubled;
    bool fair;

    check_weather(world, how.weather);
    if (device == NULL || sim_failed(world)) {
        return;
    }
    how.as = other_bearer(device, event);
    troubled = device->troubled; /* until it dies of it, perhaps */
    fair = !troubled && is_in_fair_weather(device, &how);
    status = sim_sync(device, &how);
    if (status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT || status == TERN_ERR_MISUSE ||
        (sim_is_trouble(status) && status != TERN_ERR_BUSY && !troubled)) {
        sim_fail(world, "status", "%s: sync gave %s", device->name, tern_status_code(status));
    }
    if (fair && status != TERN_ERR_BUSY) {
        check_fair(device, status);
    }
    if (how.as > 0 && status == TERN_OK) {
        sim_fail(world, "isolation", "%s syncs under the token of another user", device->name);
    }
    if (json_object_get(event, "fails") != NULL) {
        check_code(device, event, status);
    }
}

static void play_clock(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    int64_t off_us =
        (sim_event_number(event, "off_s", 0) + sim_event_number(event, "off_days", 0) * 86400) *
        SIM_SECOND_US;

    if (sim_event_is_server(event, "device")) {
        world->clock_off_us = off_us;
        world->faults++;
        for (size_t i = 0; i < world->device_count; i++) {
            world->devices[i].clock_was_off = true; /* they go by it */
        }
    } else if (device != NULL) {
        device->clock_was_off = true;
        device->clock_off_us = off_us;
        sim_care_set_clock(device);
        world->faults++;
        if (sim_event_flag(event, "reboot")) {
            sim_device_reopen(device, true);
        }
    }
}

static void play_grant(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    size_t to = sim_world_user(world, sim_event_text(event, "to"));

    if (device != NULL && to < SIM_USERS) {
        sim_write_grant(device, device->user, to, !sim_event_flag(event, "closed"));
    }
}

static void play_reopen(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    if (sim_event_is_server(event, "device")) {
        sim_server_restart(world);
    } else if (device != NULL) {
        sim_device_reopen(device, sim_event_flag(event, "reboot"));
    }
}

/* The disk does something at its nth operation from now; nth 0: the machine dies at once. */
static void arm_disk(struct sim_world *world, json_t *event, enum sim_disk_fault fault)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    struct sim_disk *disk = sim_event_is_server(event, "device") ? world->disk
                            : device != NULL                     ? device->disk
                                                                 : NULL;
    unsigned nth = (unsigned)sim_event_number(event, "at", 0);
    unsigned syncs = (unsigned)sim_event_number(event, "sync", 0);

    if (disk == NULL) {
        return;
    }
    if (device != NULL) {
        device->troubled = true;
    } else {
        world->troubled = true;
    }
    if (syncs > 0) {
        sim_disk_arm_sync(disk, fault, syncs);
    } else if (nth == 0 && (fault == SIM_DISK_KILL || fault == SIM_DISK_POWER)) {
        sim_disk_die(disk, fault == SIM_DISK_POWER);
    } else {
        sim_disk_arm(disk, fault, nth > 0 ? nth : 1);
    }
}

static void play_kill(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_KILL);
}

static void play_power(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_POWER);
}

static void play_error(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_ERROR);
}

static void play_full(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_FULL);
}

static void play_memory(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    if (sim_event_is_server(event, "device")) {
        world->troubled = true;
        sim_memory_arm(SIM_SERVER, (unsigned)sim_event_number(event, "at", 1));
    } else if (device != NULL) {
        device->troubled = true;
        sim_memory_arm(device->index, (unsigned)sim_event_number(event, "at", 1));
    }
}

/* All that is armed is forgotten: disks have room, and nothing fails any more. */
static void play_disarm(struct sim_world *world, json_t *event)
{
    (void)event;
    sim_world_disarm(world);
}

static void play_upgrade(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    bool alone = sim_event_flag(event, "alone") && !world->alone;

    if (sim_event_is_server(event, "device")) {
        bool newer = world->served + 1 < world->document_count;

        world->alone = world->alone || alone;
        if (newer || alone) {
            sim_server_serve(world, world->served + newer);
        }
    } else if (device != NULL && device->document + 1 < world->document_count) {
        device->document++;
        sim_device_reopen(device, false);
    }
}

static void play_backup(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    if (sim_event_is_server(event, "device")) {
        sim_server_backup(world);
        if (sim_event_flag(event, "told")) {
            sim_backup_tell(world);
        }
    } else if (device != NULL) {
        sim_device_backup(device);
    }
}

static void play_restore(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    world->faults++;
    if (sim_event_is_server(event, "device")) {
        sim_server_restore(world, sim_event_flag(event, "older"));
    } else if (device != NULL) {
        sim_device_restore(device);
    }
}

static void play_clone(struct sim_world *world, json_t *event)
{
    struct sim_device *from = sim_event_device(world, event, "from");
    struct sim_device *to = sim_event_device(world, event, "device");

    if (from != NULL && to != NULL && from != to) {
        world->faults++;
        sim_device_clone(from, to);
    }
}

/* Somebody else signs in: the file is not theirs, and stays whose it is. */
static void play_switch(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    size_t other = sim_world_user(world, sim_event_text(event, "user"));
    size_t mine;
    tern_status status;

    if (device == NULL || other == SIM_USERS || other == device->user) {
        return;
    }
    mine = device->user;
    sim_device_close(device);
    device->user = other;
    status = sim_device_open(device, NULL);
    if (status == TERN_OK) {
        sim_fail(world, "isolation", "the replica of %s opens for another user", device->name);
    } else if (status != TERN_ERR_WRONG_USER && !(device->troubled && sim_is_trouble(status))) {
        sim_fail(world, "status", "%s: open gave %s", device->name, tern_status_code(status));
    }
    sim_device_close(device);
    device->user = mine;
    sim_device_reopen(device, false);
}

struct choice {
    uint64_t ordinals[64];
    size_t count;
};

static bool note_parked(void *context, const tern_entry *entry)
{
    struct choice *choice = context;

    choice->ordinals[choice->count++] = entry->ordinal;
    return choice->count < 64;
}

static tern_status retry(struct sim_device *device, uint64_t ordinal)
{
    struct sim_entries before = sim_entries_read(device);
    tern_status status =
        SIM_CALL(device->index, tern_quarantine_retry(device->replica, ordinal, NULL, NULL));

    if (status == TERN_OK && !sim_disk_is_dead(device->disk)) {
        sim_retried_check(device, &before);
    }
    sim_entries_free(&before);
    return status;
}

/* The person looks at what was set aside: tries some of it again, gives some of it up. */
static void play_decide(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");
    struct sim_dice dice = sim_dice_make((uint64_t)sim_event_number(event, "seed", 1));
    struct choice choice = {.count = 0};
    struct trn_bytes parked;
    bool failed = false;
    bool died;

    if (device == NULL) {
        return;
    }
    parked = sim_ledger_parked(device);
    sim_care_blur(world);
    sim_restored_decide(device);
    (void)SIM_CALL(device->index,
                   tern_outbox_visit(device->replica,
                                     1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED,
                                     note_parked,
                                     &choice,
                                     NULL));
    for (size_t i = 0; i < choice.count; i++) {
        bool discard = sim_event_flag(event, "discard") ||
                       (!sim_event_flag(event, "retry") && sim_chance(&dice, 50));
        tern_status status =
            discard ? SIM_CALL(device->index,
                               tern_quarantine_discard(device->replica, choice.ordinals[i], NULL))
                    : retry(device, choice.ordinals[i]);

        sim_hash_number(world, status);
        failed = failed || sim_is_trouble(status);
        if (status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT ||
            (sim_is_trouble(status) && !device->troubled)) {
            sim_fail(world,
                     "status",
                     "%s: %s gave %s",
                     device->name,
                     discard ? "discard" : "retry",
                     tern_status_code(status));
        }
    }
    died = sim_disk_is_dead(device->disk);
    sim_world_mend(world);
    if (!sim_failed(world)) {
        sim_ledger_rescan(device, &parked, !died);
    }
    trn_bytes_free(&device->undecided);
    if (failed) {
        device->undecided = trn_bytes_move(&parked);
    }
    trn_bytes_free(&parked);
}

static void play_settle(struct sim_world *world, json_t *event)
{
    (void)event;
    sim_settle(world);
}

/* Where the server died of it, or it failed, the operator says it again: a commit that failed may
 * come to life with the next start. */
static void play_erase(struct sim_world *world, json_t *event)
{
    size_t user = sim_world_user(world, sim_event_text(event, "user"));
    tern_status status;

    if (world->db == NULL || user >= world->user_count || world->erased[user]) {
        return;
    }
    world->ops++;
    status = sim_erased_erase(world, user);
    if (sim_disk_is_dead(world->disk) || sim_is_trouble(status)) {
        sim_world_mend(world);
        sim_server_calm(world);
        sim_server_restart(world);
        status = world->db != NULL ? sim_erased_erase(world, user) : TERN_ERR_IO;
    }
    sim_hash_number(world, status);
    if (status == TERN_OK) {
        world->erased[user] = true;
        world->any_erased = true;
    }
    if (!sim_disk_is_dead(world->disk)) {
        sim_server_restart(world);
    }
}

static const struct verb {
    const char *name;
    void (*play)(struct sim_world *world, json_t *event);
    bool keeps_arms; /* what is armed stays so for the event behind it */
} verbs[] = {
    {"write", play_write, false},     {"sync", play_sync, false},
    {"pass", play_pass, true},        {"clock", play_clock, true},
    {"grant", play_grant, false},     {"reopen", play_reopen, false},
    {"kill", play_kill, true},        {"power", play_power, true},
    {"error", play_error, true},      {"full", play_full, true},
    {"memory", play_memory, true},    {"room", play_disarm, false},
    {"upgrade", play_upgrade, false}, {"backup", play_backup, false},
    {"restore", play_restore, false}, {"clone", play_clone, false},
    {"switch", play_switch, false},   {"decide", play_decide, false},
    {"settle", play_settle, false},   {"erase", play_erase, false},
    {"expect", sim_expect, false},    {"care", sim_care_play, false},
    {"job", sim_job_play, false},
};

void sim_play_event(struct sim_world *world, json_t *event)
{
    const char *verb = sim_event_text(event, "do");

    for (size_t i = 0; verb != NULL && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, verb) == 0) {
            verbs[i].play(world, event);
            if (!verbs[i].keeps_arms && sim_memory_has_struck()) {
                world->faults++;
                sim_memory_arm(SIM_SERVER, 0);
            }
            sim_world_mend(world);
            for (size_t d = 0; d < world->device_count; d++) {
                sim_counted_look(&world->devices[d]);
            }
            if (world->care && !sim_failed(world)) {
                sim_care_watch(world);
            }
            return;
        }
    }
    sim_fail(world, "history", "there is no verb %s", verb != NULL ? verb : "(none)");
}
