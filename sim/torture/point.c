/*
 * One point: the fault is armed, the operation runs into it, and what is left is looked at before
 * and after the operation is done again.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check.h"
#include "sim/device.h"
#include "sim/ledger.h"
#include "sim/life.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/net.h"
#include "sim/server.h"
#include "sim/torture/point.h"

enum { ROUNDS = 4 };

/* ---- Running ---- */

bool torture_prepare(struct sim_world *world, const struct torture_operation *operation)
{
    json_t *events = json_object_get(operation->history, "events");
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        if (!sim_failed(world)) {
            sim_play_event(world, event);
        }
    }
    json_array_foreach(operation->setup, index, event)
    {
        if (!sim_failed(world)) {
            tern_status status = torture_do(world, event);

            if (status != TERN_OK) {
                sim_fail(world,
                         "setup",
                         "event %zu of the setup gave %s",
                         index,
                         tern_status_code(status));
            }
        }
    }
    return !sim_failed(world);
}

/* Whether the ledger must look what the operation committed: it may be done where nobody hears. */
static bool rescans_behind(struct sim_world *world, const struct torture_operation *operation)
{
    int machine = point_machine(world, operation);

    return operation->whole && machine != SIM_SERVER;
}

/* ---- Looking ---- */

static void look_sound(struct sim_world *world, int machine)
{
    sim_look_sound(world, SIM_SERVER);
    if (machine != SIM_SERVER) {
        sim_look_sound(world, machine);
    }
}

static void check_always(struct sim_world *world, json_t *always)
{
    size_t index;
    json_t *event;

    json_array_foreach(always, index, event)
    {
        if (!sim_failed(world)) {
            sim_play_event(world, event);
        }
    }
}

static void sync_in_calm(struct sim_world *world)
{
    struct sim_sync how = {0};

    world->now_us += 300 * SIM_SECOND_US; /* leases of sessions that nobody ended run out */
    for (unsigned i = 0; i < ROUNDS * world->device_count && !sim_failed(world); i++) {
        tern_status status = sim_sync(&world->devices[i % world->device_count], &how);

        if (status != TERN_OK) {
            sim_fail(world,
                     "calm sync",
                     "%s cannot sync in fair weather: %s",
                     world->devices[i % world->device_count].name,
                     tern_status_code(status));
        }
    }
}

static void settle(struct sim_world *world, const struct torture_operation *operation)
{
    if (!operation->quiet) {
        sim_settle(world);
        return;
    }
    sync_in_calm(world);
    if (!sim_failed(world)) {
        look_sound(world, point_machine(world, operation));
    }
}

static void close_all(struct sim_world *world)
{
    for (size_t i = 0; i < world->device_count; i++) {
        sim_device_close(&world->devices[i]);
    }
    sim_server_stop(world);
}

static void check_open(struct sim_world *world)
{
    unsigned opened = sim_disk_opened(world->disk);

    for (size_t i = 0; i < world->device_count; i++) {
        opened += sim_disk_opened(world->devices[i].disk);
    }
    if (opened > 0) {
        sim_fail(world, "leak", "%u files are still open when all are closed", opened);
    }
}

/* ---- A run without a fault ---- */

static void note_parked(struct sim_device *device, struct torture_clean *clean)
{
    struct trn_bytes parked = sim_ledger_parked(device);

    if (parked.size > sizeof clean->parked) {
        sim_fail(device->world, "setup", "too much is set aside");
    } else if (parked.size > 0) {
        memcpy(clean->parked, parked.data, parked.size);
        clean->parked_size = parked.size;
    }
    trn_bytes_free(&parked);
}

static void rescan(struct sim_device *device, const struct torture_clean *clean)
{
    struct trn_bytes parked = {0};

    if (trn_bytes_append(&parked, clean->parked, clean->parked_size) != TERN_OK) {
        abort();
    }
    sim_ledger_rescan(device, &parked, false);
    trn_bytes_free(&parked);
}

void torture_measure(struct sim_world *world,
                     const struct torture_operation *operation,
                     struct torture_clean *ret_clean,
                     struct torture_result *ret_result)
{
    int machine = point_machine(world, operation);
    struct sim_disk *disk = point_disk(world, machine);
    bool rescans = rescans_behind(world, operation);
    uint64_t operations = sim_disk_operations(disk);
    tern_status status;

    memset(ret_clean, 0, sizeof *ret_clean);
    if (rescans) {
        note_parked(&world->devices[machine], ret_clean);
    }
    point_show(world, machine, ret_clean->before);
    sim_disk_arm(disk, SIM_DISK_READ, UINT_MAX);
    sim_memory_arm(machine, UINT_MAX);
    torture_listen(ret_clean);
    status = point_run(world, operation->events, NULL);
    torture_listen(NULL);
    if (status != TERN_OK) {
        sim_fail(world, "operation", "without a fault it gave %s", tern_status_code(status));
    }
    ret_clean->counts[TORTURE_READ] = UINT_MAX - sim_disk_left(disk);
    ret_clean->counts[TORTURE_MEMORY] = UINT_MAX - sim_memory_left();
    operations = sim_disk_operations(disk) - operations;
    ret_clean->counts[TORTURE_ERROR] = (unsigned)operations;
    ret_clean->counts[TORTURE_FULL] = (unsigned)operations;
    ret_clean->counts[TORTURE_SECOND] = TORTURE_SECONDS;
    ret_clean->counts[TORTURE_KILL] = (unsigned)operations + 1; /* the last: behind it all */
    ret_clean->counts[TORTURE_POWER] = (unsigned)operations + 1;
    ret_clean->counts[TORTURE_TWICE] = (unsigned)operations + 1;
    for (size_t i = 0; i < ret_clean->exchanges; i++) {
        ret_clean->counts[TORTURE_ANSWER] += (unsigned)ret_clean->answers[i];
        ret_clean->counts[TORTURE_REQUEST] += (unsigned)ret_clean->requests[i];
    }
    sim_memory_arm(machine, 0);
    sim_world_disarm(world);
    point_show(world, machine, ret_clean->after);
    check_always(world, operation->always);
    if (rescans) {
        rescan(&world->devices[machine], ret_clean);
    }
    if (!sim_failed(world)) {
        settle(world, operation);
    }
    if (!sim_failed(world)) {
        point_show_server(world, point_row_counts, ret_clean->counts_last);
        point_show_server(world, point_written_rows, ret_clean->rows_last);
    }
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
    ret_result->done = true;
}

/* ---- With one ---- */

/* The operation happened, or it did not, and it said which. */
static bool check_whole(struct sim_world *world,
                        const struct torture_operation *operation,
                        const struct torture_clean *clean,
                        const char *now,
                        tern_status status,
                        bool died)
{
    bool is_before = strcmp(now, clean->before) == 0;
    bool is_after = strcmp(now, clean->after) == 0;

    if (!is_before && !is_after && status != TERN_OK && operation->unsynced) {
        return false;
    }
    if (!is_before && !is_after) {
        point_fail_odd(world, "whole", now, status == TERN_OK ? clean->after : clean->before);
    } else if (status == TERN_OK && !is_after) {
        point_fail_odd(world, "lost", now, clean->after);
    } else if (status != TERN_OK && !died && !is_before && !operation->mute) {
        point_fail_odd(world, "left behind", now, clean->before);
    }
    return is_before;
}

static void do_again(struct sim_world *world, const struct torture_operation *operation)
{
    tern_status status = point_run(world, operation->events, NULL);

    if (status != TERN_OK) {
        sim_fail(world, "again", "done again it gave %s", tern_status_code(status));
    }
    sim_world_disarm(world);
}

/* Nothing is there twice; after a cut, nothing is there but what would be without. */
static void check_last(struct sim_world *world,
                       const struct torture_point *point,
                       const struct torture_clean *clean)
{
    static char now[TORTURE_TEXT];

    if (!sim_failed(world)) {
        point_show_server(world, point_row_counts, now);
        if (strcmp(now, clean->counts_last) != 0) {
            point_fail_odd(world, "once", now, clean->counts_last);
        }
    }
    if (!sim_failed(world) && point->fault >= TORTURE_ANSWER) {
        point_show_server(world, point_written_rows, now);
        if (strcmp(now, clean->rows_last) != 0) {
            point_fail_odd(world, "uncut", now, clean->rows_last);
        }
    }
}

/* ---- All of it ---- */

struct attempt {
    struct sim_world *world;
    const struct torture_operation *operation;
    const struct torture_point *point;
    const struct torture_clean *clean;
    struct torture_known *known;
    int machine;
    tern_status status;
    bool died;
    uint64_t states[2]; /* that are known once all was well */
    char now[TORTURE_TEXT];
};

/* Closes all; whether it is known how it goes on from there. */
static bool is_known(struct attempt *attempt, unsigned step)
{
    uint64_t state;

    close_all(attempt->world);
    state = point_state(attempt->world, step + 1);
    attempt->states[step] = state;
    return *point_slot(attempt->known, state) == state;
}

/* What the operation left behind; false where there is nothing more to be seen. */
static bool look_behind(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;

    point_calm(world, attempt->machine);
    if (point_reopens(attempt->point)) {
        sim_world_disarm(world);
        if (sim_failed(world) || is_known(attempt, 0)) {
            return false;
        }
        point_show(world, attempt->machine, attempt->now);
        sim_world_mend(world);
    } else if (attempt->died) {
        sim_world_disarm(world);
        point_show(world, attempt->machine, attempt->now);
    } else {
        point_show(world, attempt->machine, attempt->now);
        sim_world_disarm(world);
    }
    if (!sim_failed(world)) {
        look_sound(world, attempt->machine);
    }
    return !sim_failed(world);
}

static void go_on(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;
    const struct torture_operation *operation = attempt->operation;
    bool again = true;

    if (operation->whole) {
        /* What was told before it died stays said. */
        bool unheard = point_is_a_death(attempt->point);

        again =
            check_whole(world, operation, attempt->clean, attempt->now, attempt->status, unheard) ||
            (operation->mute && attempt->status != TERN_OK);
    }
    if (!sim_failed(world)) {
        check_always(world, operation->always);
    }
    if (!sim_failed(world) && again) {
        do_again(world, operation);
    }
    if (!sim_failed(world) && rescans_behind(world, operation)) {
        rescan(&world->devices[attempt->machine], attempt->clean);
    }
}

static void try_it(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;

    point_strike(world, attempt->operation, attempt->point, attempt->clean, &attempt->status);
    if (sim_failed(world) || !look_behind(attempt)) {
        return;
    }
    go_on(attempt);
    if (!sim_failed(world) && !is_known(attempt, 1)) {
        sim_world_mend(world);
        if (!sim_failed(world)) {
            settle(world, attempt->operation);
        }
        check_last(world, attempt->point, attempt->clean);
    }
    for (size_t i = 0; !sim_failed(world) && i < 2; i++) {
        if (attempt->states[i] != 0) {
            *point_slot(attempt->known, attempt->states[i]) = attempt->states[i];
        }
    }
}

void torture_try(struct sim_world *world,
                 const struct torture_operation *operation,
                 const struct torture_point *point,
                 const struct torture_clean *clean,
                 struct torture_known *known,
                 int64_t held,
                 struct torture_result *ret_result)
{
    static struct attempt attempt;

    attempt.world = world;
    attempt.operation = operation;
    attempt.point = point;
    attempt.clean = clean;
    attempt.known = known;
    attempt.machine = point_machine(world, operation);
    attempt.died = point_is_deadly(point);
    try_it(&attempt);
    if (!sim_failed(world)) {
        close_all(world);
        check_open(world);
        sim_world_end(world);
        if (torture_held() != held) {
            sim_fail(world,
                     "leak",
                     "%lld blocks are still held when all is closed",
                     (long long)(torture_held() - held));
        }
    }
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
    ret_result->done = true;
}
