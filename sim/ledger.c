/* Sets of transaction ids, 16 bytes each, as the files hold them. */
#include "sim/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "sim/look.h"
#include "sim/replica.h"
#include "sim/room.h"

static bool holds(const struct trn_bytes *ids, const tern_id *tx)
{
    for (size_t at = 0; at + sizeof tx->bytes <= ids->size; at += sizeof tx->bytes) {
        if (memcmp(ids->data + at, tx->bytes, sizeof tx->bytes) == 0) {
            return true;
        }
    }
    return false;
}

static tern_id id_at(const struct trn_bytes *ids, size_t index)
{
    tern_id id;

    memcpy(id.bytes, ids->data + index * sizeof id.bytes, sizeof id.bytes);
    return id;
}

static struct trn_bytes read_ids(struct sim_world *world, int device, const char *sql)
{
    struct trn_bytes ids = {0};
    sqlite3 *db = sim_look_within(world, device);
    sqlite3_stmt *stmt = sim_look_prepare(world, db, sql);

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        if (trn_bytes_append(&ids, sqlite3_column_blob(stmt, 0), sizeof(tern_id)) != TERN_OK) {
            abort();
        }
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(world, device);
    return ids;
}

struct sim_commit *sim_ledger_find(struct sim_world *world, const tern_id *tx)
{
    for (size_t i = world->commit_count; i-- > 0;) {
        if (trn_id_equal(&world->commits[i].tx, tx)) {
            return &world->commits[i];
        }
    }
    return NULL;
}

void sim_ledger_add(struct sim_device *device, const tern_id *tx)
{
    struct sim_world *world = device->world;

    world->commits =
        sim_room(world->commits, world->commit_count, &world->commit_room, sizeof *world->commits);
    world->commits[world->commit_count++] =
        (struct sim_commit){.tx = *tx, .device = device->index, .event = world->event};
}

struct trn_bytes sim_ledger_parked(struct sim_device *device)
{
    return read_ids(device->world,
                    device->index,
                    "SELECT tx FROM tern_outbox WHERE state IN (2, 3) ORDER BY ordinal");
}

void sim_ledger_rescan(struct sim_device *device, const struct trn_bytes *parked_before, bool first)
{
    struct sim_world *world = device->world;
    struct trn_bytes now = read_ids(world,
                                    device->index,
                                    "SELECT tx FROM tern_outbox WHERE kind < 3 ORDER BY ordinal");
    size_t gone = 0;
    size_t come = 0;
    tern_id top;

    for (size_t i = 0; i < parked_before->size / sizeof(tern_id); i++) {
        tern_id tx = id_at(parked_before, i);
        struct sim_commit *commit = sim_ledger_find(world, &tx);

        if (commit != NULL && !holds(&now, &tx)) {
            commit->replaced = true;
            gone++;
        }
    }
    for (size_t i = 0; i < now.size / sizeof(tern_id); i++) {
        tern_id tx = id_at(&now, i);

        if (sim_ledger_find(world, &tx) == NULL) {
            sim_ledger_add(device, &tx);
            world->commits[world->commit_count - 1].reissued = true;
            come++;
        }
    }
    /* Of an erased record nothing comes in the place of what was given up. */
    if (first && come < gone && !world->any_erased) {
        sim_fail(
            world,
            "lost",
            "of what was set aside on %s %zu transactions are gone, and %zu came in their place",
            device->name,
            gone,
            come);
    }
    trn_bytes_free(&now);
    now = read_ids(world, device->index, "SELECT tx FROM tern_outbox WHERE kind = 2");
    for (size_t i = 0; i < now.size / sizeof(tern_id); i++) {
        tern_id tx = id_at(&now, i);
        struct sim_commit *commit = sim_ledger_find(world, &tx);

        if (commit != NULL) {
            commit->given_up = true;
        }
    }
    trn_bytes_free(&now);
    if (device->replica != NULL) {
        (void)sim_device_top(device, &device->last_ordinal, &top);
    }
}

struct trn_bytes sim_ledger_held(struct sim_world *world, int device)
{
    return read_ids(world,
                    device,
                    device == SIM_SERVER ? "SELECT tx FROM tern_entry WHERE verdict = 0"
                                         : "SELECT tx FROM tern_outbox");
}

void sim_ledger_destroyed(struct sim_world *world, const struct trn_bytes *held)
{
    struct trn_bytes live = {0};

    for (int i = SIM_SERVER; i < (int)world->device_count; i++) {
        struct trn_bytes ids = sim_ledger_held(world, i);

        if (trn_bytes_append_slice(&live, trn_bytes_slice(&ids)) != TERN_OK) {
            abort();
        }
        trn_bytes_free(&ids);
    }
    for (size_t i = 0; i < world->commit_count; i++) {
        struct sim_commit *commit = &world->commits[i];

        if (holds(&live, &commit->tx)) { /* what came in its place may have brought it back */
            commit->excused = false;
            commit->replaced = false;
        } else if (holds(held, &commit->tx)) {
            commit->excused = true;
        }
    }
    trn_bytes_free(&live);
}
