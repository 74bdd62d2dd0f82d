/* A stored time never changes, so it is enough to look before the next backup comes back, and when
 * all is quiet. */
#include "sim/retimed.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/applied.h"
#include "sim/look.h"
#include "sim/room.h"
#include "tern/outbox.h"

/* A transaction that a device holds as acknowledged, and when it was stored. */
struct sim_stored {
    tern_id tx;
    tern_id sender; /* the device's id */
    int64_t time_us;
};

struct sim_retimed {
    struct sim_stored *items;
    size_t count;
    size_t room;
    int64_t from; /* the last number of the backup */
};

static struct sim_retimed *retimed_of(struct sim_world *world)
{
    if (world->retimed == NULL) {
        world->retimed = calloc(1, sizeof *world->retimed);
        if (world->retimed == NULL) {
            abort();
        }
    }
    return world->retimed;
}

static bool is_up(const struct sim_world *world)
{
    return world->db != NULL && !sim_disk_is_dead(world->disk);
}

/* ---- What is expected ---- */

static void expect(struct sim_retimed *retimed, const struct sim_stored *stored)
{
    for (size_t i = 0; i < retimed->count; i++) {
        struct sim_stored *known = &retimed->items[i];

        if (trn_id_equal(&known->tx, &stored->tx) &&
            trn_id_equal(&known->sender, &stored->sender)) {
            *known = *stored;
            return;
        }
    }
    retimed->items =
        sim_room(retimed->items, retimed->count, &retimed->room, sizeof *retimed->items);
    retimed->items[retimed->count++] = *stored;
}

/* Whether a device holds it as one that waits: then it may come as its author claimed it. */
static bool waits_elsewhere(struct sim_world *world, const tern_id *tx)
{
    bool waits = false;

    for (size_t i = 0; i < world->device_count && !waits; i++) {
        sqlite3_stmt *stmt;

        if (world->devices[i].replica == NULL) {
            return true;
        }
        stmt = sim_look_prepare(world,
                                sim_look_within(world, (int)i),
                                "SELECT 1 FROM tern_outbox WHERE tx = ?1 AND state <> 1");
        (void)sqlite3_bind_blob(stmt, 1, tx->bytes, sizeof tx->bytes, SQLITE_STATIC);
        waits = sqlite3_step(stmt) == SQLITE_ROW;
        (void)sqlite3_reset(stmt);
        sim_look_away(world, (int)i);
    }
    return waits;
}

static void note_device(struct sim_device *device, sqlite3_stmt *times)
{
    struct sim_world *world = device->world;
    struct sim_stored stored = {.time_us = 0};
    sqlite3_stmt *stmt =
        sim_look_prepare(world,
                         sim_look_within(world, device->index),
                         "SELECT tx FROM tern_outbox WHERE state = 1 AND kind < 3");

    tern_replica_device(device->replica, &stored.sender);
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        bool found;

        stored.tx = sim_applied_id(stmt, 0);
        (void)
            sqlite3_bind_blob(times, 1, stored.tx.bytes, sizeof stored.tx.bytes, SQLITE_TRANSIENT);
        found = sqlite3_step(times) == SQLITE_ROW;
        stored.time_us = sqlite3_column_int64(times, 0);
        (void)sqlite3_reset(times);
        if (found && !waits_elsewhere(world, &stored.tx)) {
            expect(retimed_of(world), &stored);
        }
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(world, device->index);
}

void sim_retimed_note(struct sim_world *world)
{
    sqlite3_stmt *times;

    sim_retimed_check(world);
    if (!is_up(world)) {
        return;
    }
    times = sim_look_prepare(world,
                             sim_look_within(world, SIM_SERVER),
                             "SELECT time FROM tern_entry WHERE tx = ?1 AND verdict = 0");
    for (size_t i = 0; times != NULL && i < world->device_count; i++) {
        /* A request that is under way may hold it as it was before. */
        bool is_late = world->late.size > 0 && world->late_device == (int)i;

        if (world->devices[i].replica != NULL && !sim_disk_is_dead(world->devices[i].disk) &&
            !is_late) {
            note_device(&world->devices[i], times);
        }
    }
    sim_look_away(world, SIM_SERVER);
}

void sim_retimed_begin(struct sim_world *world)
{
    if (is_up(world)) {
        retimed_of(world)->from = sim_look_number(world,
                                                  sim_look_within(world, SIM_SERVER),
                                                  "SELECT max(number) FROM tern_entry",
                                                  0);
        sim_look_away(world, SIM_SERVER);
    } else {
        sim_retimed_forget(world);
    }
}

void sim_retimed_forget(struct sim_world *world)
{
    if (world->retimed != NULL) {
        world->retimed->count = 0;
    }
}

void sim_retimed_end(struct sim_world *world)
{
    if (world->retimed != NULL) {
        free(world->retimed->items);
        free(world->retimed);
        world->retimed = NULL;
    }
}

/* ---- What came ---- */

/* The time at which it was stored again by the one who holds it; false where it was not, or where
 * the time is none that may differ: what is ahead of the server's clock is corrected anew, and what
 * is not behind all that it had seen, or not behind the device's transaction before it, comes just
 * behind that. */
static bool read_other(sqlite3_stmt *stmt,
                       const struct sim_retimed *retimed,
                       const struct sim_stored *stored,
                       int64_t *ret_time_us)
{
    bool differs = false;

    (void)sqlite3_bind_blob(stmt, 1, stored->tx.bytes, sizeof stored->tx.bytes, SQLITE_STATIC);
    (void)sqlite3_bind_blob(stmt,
                            2,
                            stored->sender.bytes,
                            sizeof stored->sender.bytes,
                            SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 3, retimed->from);
    (void)sqlite3_bind_int64(stmt, 4, stored->time_us);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        differs = true;
        *ret_time_us = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return differs;
}

void sim_retimed_check(struct sim_world *world)
{
    const struct sim_retimed *retimed = world->retimed;
    sqlite3_stmt *stmt;

    if (retimed == NULL || retimed->count == 0 || !is_up(world)) {
        return;
    }
    stmt = sim_look_prepare(
        world,
        sim_look_within(world, SIM_SERVER),
        "SELECT e.time FROM tern_entry e WHERE e.tx = ?1 AND e.sender = ?2 AND "
        "e.verdict = 0 AND e.number > ?3 AND e.time <> ?4 AND e.received >= ?4 AND NOT (e.time > "
        "?4 AND EXISTS (SELECT 1 FROM tern_entry b WHERE b.time = e.time - 1 "
        "AND b.number < e.number))");
    for (size_t i = 0; stmt != NULL && i < retimed->count && !sim_failed(world); i++) {
        const struct sim_stored *stored = &retimed->items[i];
        char id[2 * sizeof stored->tx.bytes + 1];
        int64_t time_us;

        if (read_other(stmt, retimed, stored, &time_us)) {
            trn_hex_encode(stored->tx.bytes, sizeof stored->tx.bytes, id);
            sim_fail(world,
                     "stored times",
                     "transaction %s was stored at %lld, and offered again %lld us from that",
                     id,
                     (long long)stored->time_us,
                     (long long)(time_us - stored->time_us));
        }
    }
    sim_look_away(world, SIM_SERVER);
}
