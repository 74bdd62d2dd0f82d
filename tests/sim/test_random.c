/* Lives made up by dice: whatever devices write, however the network and the clocks behave, when
 * all have synced until quiet, all hold the same.
 *
 * A life is its seed's, whatever compiler and options it was built with: no two throws of the dice
 * stand in one expression whose order of evaluation is the compiler's. SIM_SEED=<n> in the
 * environment plays the lives of that seed alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

enum { DEVICES = 4, ROUNDS = 120, LIVES = 6, SPREAD = 7919 };

struct life {
    struct world world;
    struct device devices[DEVICES]; /* two of a patient's, two of a doctor's */
    uint64_t seed;
    bool disasters; /* the server comes back from backups, replicas are copied */
    bool saved;
};

static unsigned roll(struct life *life, unsigned below)
{
    life->seed = life->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(life->seed >> 33) % below;
}

static void begin(struct life *life, uint64_t seed)
{
    static const char *const names[DEVICES] = {"phone", "tablet", "desk", "ward"};

    life->seed = seed;
    life->saved = false;
    world_begin(&life->world);
    life->world.seed = seed / SPREAD;
    for (size_t i = 0; i < DEVICES; i++) {
        device_begin(&life->world, &life->devices[i], names[i], i < 2 ? 'p' : 'd');
    }
    life->devices[2].power = TRN_POWER_OPERATOR;
    device_run(&life->devices[2], "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&life->devices[2]);
    life->devices[2].power = TRN_POWER_USER;
    device_run(&life->devices[0],
               "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&life->devices[0],
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_sync_well(&life->devices[0]);
    life->world.limits.page_rows = 3 + roll(life, 40);
    world_restart(&life->world);
}

/* What a statement does to a row that is not there, or a key that is taken, is the statement's
 * business: it fails or changes nothing. */
static void write_something(struct life *life, struct device *device)
{
    static const char *const statements[] = {
        "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %u, 'n%u')",
        "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'n%u %u')",
        "UPDATE notes SET title = 't%u' WHERE id = (SELECT id FROM notes WHERE deleted_at IS NULL "
        "ORDER BY id LIMIT 1 OFFSET %u)",
        "UPDATE notes SET body = 'b%u' WHERE id = (SELECT id FROM notes WHERE deleted_at IS NULL "
        "ORDER BY id LIMIT 1 OFFSET %u)",
        "UPDATE notes SET place = %u WHERE id = (SELECT id FROM notes WHERE deleted_at IS NULL "
        "ORDER BY id LIMIT 1 OFFSET %u)",
        "DELETE FROM notes WHERE id = (SELECT id FROM notes WHERE deleted_at IS NULL ORDER BY id "
        "LIMIT 1 OFFSET %u %% 5 + %u)",
        "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'c%u' FROM notes WHERE "
        "deleted_at IS NULL ORDER BY id LIMIT 1 OFFSET %u",
        "UPDATE comments SET body = 'd%u' WHERE id = (SELECT id FROM comments ORDER BY id LIMIT 1 "
        "OFFSET %u)",
        "UPDATE users SET name = 'u%u' WHERE id = @p AND %u >= 0",
        "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, 's' || %u), "
        "@p, 's' || %u, 5",
        "UPDATE doses SET status = 'TAKEN', taken_at = %u WHERE id = (SELECT id FROM doses ORDER "
        "BY id LIMIT 1 OFFSET %u)",
        "UPDATE doses SET planned = %u WHERE id = (SELECT id FROM doses ORDER BY id LIMIT 1 OFFSET "
        "%u)",
    };
    char sql[400];
    unsigned which = roll(life, sizeof statements / sizeof *statements);
    unsigned a = roll(life, 6);
    unsigned b = which == 9 ? a : roll(life, 6);

    if (device->user.bytes[15] == 'd' && which >= 8) {
        which %= 8;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(sql, sizeof sql, statements[which], a, b);
#pragma GCC diagnostic pop
    (void)device_try(device, sql);
}

static void sync_somehow(struct life *life, struct device *device)
{
    unsigned bad = roll(life, 4);

    for (unsigned i = 0; i < bad; i++) {
        device_expect(device, (enum weather)roll(life, SERVER_AWAY + 1));
    }
    (void)device_sync(device);
    device->weather_count = 0;
}

/* The app writes between any two steps, and may stop the sync at any of them. */
static void sync_in_pieces(struct life *life, struct device *device)
{
    tern_sync_options options = {.size = sizeof options};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    unsigned steps;
    unsigned busy;

    options.page_rows = 2 + roll(life, 20);
    options.push_bytes = 200 + roll(life, 3000);
    steps = 4 + roll(life, 30);
    busy = roll(life, 3);
    CHECK(tern_sync_open(device->replica, &options, &sync, NULL) == TERN_OK);
    while (steps-- > 0 && step.action != TERN_SYNC_DONE) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (roll(life, 3) < busy) {
            write_something(life, device);
        }
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
        } else if (step.action == TERN_SYNC_WAIT) {
            world_pass(&life->world, step.wait_ms * 1000);
        }
        if (roll(life, 3) < busy) {
            write_something(life, device);
        }
    }
    tern_sync_close(sync);
}

static void sync_unheard(struct device *device)
{
    device->meddle = refuse_pushes;
    (void)device_sync(device);
    device->meddle = NULL;
}

static void open_or_close_the_record(struct life *life)
{
    struct device *device = &life->devices[roll(life, 2)];
    bool ends = roll(life, 3) == 0;

    (void)device_try(device,
                     ends ? "UPDATE bonds SET status = 'ENDED'"
                          : "UPDATE bonds SET status = 'ACCEPTED'");
}

/* One device of two of the same user becomes a copy of the other; both live on. */
static void copy_a_replica(struct life *life)
{
    unsigned from = roll(life, DEVICES);
    struct device *original = &life->devices[from];
    struct device *copy = &life->devices[from ^ 1];

    device_close(original);
    device_close(copy);
    world_copy_file(original->path, copy->path);
    device_open(original);
    device_open(copy);
}

static void live_a_moment(struct life *life)
{
    struct device *device = &life->devices[roll(life, DEVICES)];

    world_pass(&life->world, (int64_t)roll(life, 5000) * 1000);
    switch (roll(life, life->disasters ? 15 : 12)) {
    case 0:
        sync_somehow(life, device);
        break;
    case 1:
        sync_in_pieces(life, device);
        break;
    case 2:
        sync_unheard(device);
        break;
    case 3:
        device_boot(device, ((int64_t)roll(life, 3) - 1) * INT64_C(95000000) * SECOND_US);
        break;
    case 4:
        device_close(device);
        device_open(device);
        break;
    case 5:
        open_or_close_the_record(life);
        break;
    case 14:
        copy_a_replica(life);
        break;
    case 12:
        world_save(&life->world, "backup");
        life->saved = true;
        break;
    case 13:
        if (life->saved) {
            world_restore(&life->world, "backup");
        }
        break;
    default:
        write_something(life, device);
        break;
    }
}

static void calm_down(struct life *life)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        life->devices[i].clock_off_us = 0;
    }
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < DEVICES; i++) {
            world_pass(&life->world, SECOND_US);
            device_sync_well(&life->devices[i]);
        }
    }
}

static void live(uint64_t seed, bool disasters)
{
    struct life life = {.disasters = disasters};

    begin(&life, seed * SPREAD);
    for (unsigned i = 0; i < ROUNDS; i++) {
        live_a_moment(&life);
    }
    calm_down(&life);
    for (unsigned i = 0; i < DEVICES; i++) {
        if (getenv("SIM_TRACE") != NULL) {
            (void)fprintf(stderr, "seed %llu device %u\n", (unsigned long long)seed, i);
        }
        CHECK_INT(device_status(&life.devices[i]).pending, 0);
        device_check_converged(&life.devices[i]);
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        device_end(&life.devices[i]);
    }
    world_end(&life.world);
}

static void live_all(bool disasters)
{
    const char *from = getenv("SIM_SEED");
    uint64_t first = from != NULL ? strtoull(from, NULL, 10) : 1;
    uint64_t last = from != NULL ? first : first + LIVES - 1;

    for (uint64_t seed = first; seed <= last; seed++) {
        live(seed, disasters);
    }
}

TEST(all_devices_converge_whatever_happens)
{
    live_all(false);
}

TEST(all_devices_converge_though_servers_are_restored_and_replicas_copied)
{
    live_all(true);
}
