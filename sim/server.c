#include "sim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/missed.h"
#include "sim/backup.h"
#include "sim/care.h"
#include "sim/erased.h"
#include "sim/held.h"
#include "sim/ledger.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/restored.h"
#include "sim/retimed.h"
#include "sim/steady.h"
#include "sim/watch.h"
#include "sim/whole.h"

void sim_copy_free(struct sim_copy *copy)
{
    sim_image_free(copy->image);
    twin_free(copy->twin);
    free(copy->epochs);
    *copy = (struct sim_copy){.image = NULL};
}

void sim_server_calm(struct sim_world *world)
{
    sim_disk_disarm(world->disk);
    sim_memory_disarm(SIM_SERVER);
    world->troubled = false;
}

void sim_server_end_job(struct sim_world *world)
{
    trn_missed_close(world->job);
    world->job = NULL;
}

const struct trn_schema *sim_server_schema(const struct sim_world *world)
{
    const struct sim_document *document = &world->documents[world->served];

    return world->alone ? document->alone : document->schema;
}

int64_t sim_server_now(struct sim_world *world)
{
    int64_t now_us = world->now_us + world->clock_off_us;

    world->latest_us = now_us > world->latest_us ? now_us : world->latest_us;
    world->earliest_us = now_us < world->earliest_us ? now_us : world->earliest_us;
    return now_us;
}

bool sim_server_start(struct sim_world *world)
{
    const struct trn_schema *schema = sim_server_schema(world);
    struct trn_db_sqlite_options options = {.path = "/server/server.db", .vfs = "tern-sim"};
    char says[TWIN_SAYS_BYTES];
    tern_error error = {0};

    sim_held_forget(SIM_SERVER);
    memset(options.seal_key, 7, sizeof options.seal_key);
    for (size_t i = 0; i < sizeof options.epoch; i++) {
        options.epoch[i] = (uint8_t)(world->now_us >> 8 * i);
    }
    if (trn_db_sqlite_open(&options, schema, &world->db, &error) != TERN_OK) {
        if (!sim_disk_is_dead(world->disk) && !world->troubled) {
            sim_fail(world,
                     "start",
                     "the server does not start: %s %s",
                     tern_status_code(error.status),
                     error.message);
        }
        return false;
    }
    if (world->twin != NULL) {
        if (!twin_reopen(world->twin, world->db, says)) {
            sim_fail(world, "model", "%.500s", says);
        }
        twin_serve(world->twin, schema);
    }
    if (!sim_erased_apply(world)) {
        world->db->ops->close(world->db);
        world->db = NULL;
        return false;
    }
    world->server = trn_server_new(world->db, &world->limits);
    sim_backup_hear(world);
    return world->server != NULL;
}

void sim_server_stop(struct sim_world *world)
{
    sim_eye_close(&world->eye);
    sim_server_end_job(world);
    trn_server_free(world->server);
    if (world->db != NULL) {
        world->db->ops->close(world->db);
    }
    world->server = NULL;
    world->db = NULL;
}

/* All that an answer told of is still there. */
static void check_acknowledged(struct sim_world *world)
{
    sqlite3 *db = sim_look_within(world, SIM_SERVER);
    int64_t last = sim_look_number(world, db, "SELECT max(number) FROM tern_entry", 0);

    sim_look_away(world, SIM_SERVER);
    if (last < world->answered_to) {
        sim_fail(world,
                 "durable acks",
                 "the server came back with number %lld as its last, and had told of %lld",
                 (long long)last,
                 (long long)world->answered_to);
    }
}

void sim_server_restart(struct sim_world *world)
{
    sim_server_stop(world);
    if (sim_server_start(world)) {
        sim_look_sound(world, SIM_SERVER);
    }
}

void sim_server_serve(struct sim_world *world, size_t document)
{
    sim_server_stop(world);
    world->served = document;
    (void)sim_server_start(world);
}

void sim_server_keep(struct sim_world *world, struct sim_image *image)
{
    sim_copy_free(&world->older);
    world->older = world->backup;
    world->backup = (struct sim_copy){.image = image,
                                      .twin = world->twin != NULL ? twin_copy(world->twin) : NULL,
                                      .epochs = malloc(sizeof world->epochs),
                                      .epoch_count = world->epoch_count};
    if (world->backup.epochs == NULL) {
        abort();
    }
    memcpy(world->backup.epochs, world->epochs, sizeof world->epochs);
}

void sim_server_backup(struct sim_world *world)
{
    sim_server_calm(world);
    sim_server_stop(world);
    sim_server_keep(world, sim_disk_image(world->disk));
    (void)sim_server_start(world);
}

void sim_server_restore(struct sim_world *world, bool older)
{
    const struct sim_copy *copy = older ? &world->older : &world->backup;
    struct trn_bytes held = {0};

    if (copy->image == NULL) {
        return;
    }
    sim_restored_settle(world);
    sim_retimed_note(world);
    sim_server_calm(world);
    sim_server_stop(world);
    held = sim_ledger_held(world, SIM_SERVER);
    sim_disk_put(world->disk, copy->image);
    twin_free(world->twin);
    world->twin = copy->twin != NULL ? twin_copy(copy->twin) : NULL;
    memcpy(world->epochs, copy->epochs, sizeof world->epochs);
    world->epoch_count = copy->epoch_count;
    sim_watch_forget(world->watch);
    sim_care_unwatch(world);
    sim_whole_stop(world->whole);
    for (size_t i = 0; i < world->device_count; i++) {
        sim_steady_forget(&world->devices[i]);
    }
    if (sim_server_start(world)) {
        sqlite3 *db = sim_look_within(world, SIM_SERVER);

        world->answered_to = sim_look_number(world, db, "SELECT max(number) FROM tern_entry", 0);
        sim_watch_skip(world->watch, world->answered_to);
        sim_look_away(world, SIM_SERVER);
    }
    sim_ledger_destroyed(world, &held);
    trn_bytes_free(&held);
    sim_retimed_begin(world);
    sim_restored_note(world);
    world->earliest_us = world->earliest_us == 0 ? INT64_MAX : world->earliest_us;
}

void sim_server_mend(struct sim_world *world)
{
    if (sim_disk_is_dead(world->disk)) {
        world->faults++;
        sim_server_stop(world);
        sim_disk_revive(world->disk);
        sim_server_calm(world);
        if (sim_server_start(world)) {
            check_acknowledged(world);
            sim_look_sound(world, SIM_SERVER);
        }
    } else if (world->db == NULL) {
        sim_server_calm(world);
        (void)sim_server_start(world);
    }
}
