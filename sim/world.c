/* Machines that start, die and come back. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/backup.h"
#include "sim/care.h"
#include "sim/care_job.h"
#include "sim/erased.h"
#include "sim/fresh.h"
#include "sim/held.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/statements.h"
#include "sim/steady.h"
#include "sim/strangers.h"
#include "sim/watch.h"
#include "sim/whole.h"

/* ---- Failures and the hash ---- */

void sim_fail(struct sim_world *world, const char *check, const char *format, ...)
{
    va_list arguments;

    if (sim_failed(world) || (world->only[0] != '\0' && strcmp(world->only, check) != 0)) {
        return;
    }
    (void)snprintf(world->check, sizeof world->check, "%s", check);
    va_start(arguments, format);
    (void)vsnprintf(world->failure, sizeof world->failure, format, arguments);
    va_end(arguments);
}

bool sim_failed(const struct sim_world *world)
{
    return world->check[0] != '\0';
}

void sim_hash(struct sim_world *world, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        world->hash = (world->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
}

void sim_hash_number(struct sim_world *world, uint64_t number)
{
    world->hash = (world->hash ^ number) * UINT64_C(0x100000001b3);
    world->hash ^= world->hash >> 29;
}

bool sim_is_trouble(tern_status status)
{
    return status == TERN_ERR_IO || status == TERN_ERR_DISK_FULL || status == TERN_ERR_NOMEM ||
           status == TERN_ERR_BUSY;
}

/* ---- The world ---- */

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
    sim_net_begin(seed);
    world->disk = sim_disk_new("server", seed ^ 77);
    sim_fresh_server(world);
    if (!sim_server_start(world)) {
        sim_fail(world, "start", "the server does not start");
    }
}

static void copy_free(struct sim_copy *copy)
{
    sim_image_free(copy->image);
    twin_free(copy->twin);
    free(copy->epochs);
    *copy = (struct sim_copy){.image = NULL};
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
    copy_free(&world->backup);
    copy_free(&world->older);
    sim_backup_end(world);
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

size_t sim_world_add_user(struct sim_world *world, const char *name, const char *role)
{
    struct sim_user *user = &world->users[world->user_count];

    if (world->user_count == SIM_USERS) {
        sim_fail(world, "history", "more than %d users", SIM_USERS);
        return 0;
    }
    (void)snprintf(user->name, sizeof user->name, "%s", name);
    (void)snprintf(user->role, sizeof user->role, "%s", role);
    user->id = (tern_id){{0x70, 0, 0, 0, 0, 0, 0x40, 0, 0x80}};
    user->id.bytes[15] = (uint8_t)(world->user_count + 1);
    return world->user_count++;
}

size_t sim_world_user(const struct sim_world *world, const char *name)
{
    for (size_t i = 0; name != NULL && i < world->user_count; i++) {
        if (strcmp(world->users[i].name, name) == 0) {
            return i;
        }
    }
    return SIM_USERS;
}

/* ---- What is armed ---- */

static void calm_server(struct sim_world *world)
{
    sim_disk_disarm(world->disk);
    sim_memory_disarm(SIM_SERVER);
    world->troubled = false;
}

static void calm_device(struct sim_device *device)
{
    sim_disk_disarm(device->disk);
    sim_memory_disarm(device->index);
    device->troubled = false;
}

/* ---- The server ---- */

bool sim_server_start(struct sim_world *world)
{
    struct trn_db_sqlite_options options = {.path = "/server/server.db", .vfs = "tern-sim"};
    char says[TWIN_SAYS_BYTES];
    tern_error error = {0};

    sim_held_forget(SIM_SERVER);
    memset(options.seal_key, 7, sizeof options.seal_key);
    for (size_t i = 0; i < sizeof options.epoch; i++) {
        options.epoch[i] = (uint8_t)(world->now_us >> 8 * i);
    }
    if (trn_db_sqlite_open(&options, world->documents[world->served].schema, &world->db, &error) !=
        TERN_OK) {
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
        twin_serve(world->twin, world->documents[world->served].schema);
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
    sim_job_close(world);
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
    copy_free(&world->older);
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
    calm_server(world);
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
    calm_server(world);
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
}

const char *sim_epoch_of(const struct sim_world *world, int64_t number)
{
    const char *name = "";

    for (size_t i = 0; i < world->epoch_count && world->epochs[i].from <= number; i++) {
        name = world->epochs[i].name;
    }
    return name;
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

const struct trn_schema *sim_device_schema(const struct sim_device *device)
{
    return device->world->documents[device->document].schema;
}

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

    sim_held_forget(device->index);
    return SIM_CALL(device->index,
                    tern_replica_open(device->path, &options, &device->replica, error));
}

void sim_device_close(struct sim_device *device)
{
    sim_eye_close(&device->eye);
    sim_care_close(device);
    sim_statements_free(device);
    tern_replica_close(device->replica);
    device->replica = NULL;
}

static void boot(struct sim_device *device)
{
    sim_dice_fill(&device->dice, device->boot.bytes, sizeof device->boot.bytes);
    device->booted_us = device->world->now_us - 1000;
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
    boot(device);
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

struct sim_device *sim_device_find(struct sim_world *world, const char *name)
{
    for (size_t i = 0; name != NULL && i < world->device_count; i++) {
        if (strcmp(world->devices[i].name, name) == 0) {
            return &world->devices[i];
        }
    }
    return NULL;
}

bool sim_device_top(struct sim_device *device, uint64_t *ret_ordinal, tern_id *ret_tx)
{
    tern_statement *statement = sim_statement_of(
        device,
        "SELECT max(m.last_ordinal, coalesce(o.ordinal, 0)), CASE WHEN o.ordinal > m.last_ordinal "
        "THEN o.tx ELSE m.last_tx END FROM tern_meta m LEFT JOIN tern_outbox o ON o.place = "
        "(SELECT max(place) FROM tern_outbox)");
    bool row = false;

    if (statement == NULL) {
        return false;
    }
    if (tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        tern_value tx = tern_statement_value(statement, 1);

        *ret_ordinal = (uint64_t)tern_statement_value(statement, 0).integer;
        row = tx.size == sizeof ret_tx->bytes;
        if (row) {
            memcpy(ret_tx->bytes, tx.data, tx.size);
        }
    }
    tern_statement_reset(statement);
    return row;
}

tern_replica_status sim_device_status(struct sim_device *device)
{
    tern_replica_status status = {.size = sizeof status};
    tern_error error = {0};

    if (tern_replica_read_status(device->replica, &status, &error) != TERN_OK) {
        sim_fail(device->world, "status", "%s: %s", device->name, error.message);
    }
    return status;
}

/* What it committed before it died is there. */
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
        boot(device);
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

    calm_device(device);
    sim_device_close(device);
    held = sim_ledger_held(device->world, device->index);
    sim_disk_put(device->disk, image);
    device->last_ordinal = 0;
    sim_care_forget(device);
    sim_care_put_back(device->world);
    sim_steady_forget(device);
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

/* ---- Mending ---- */

static void mend_server(struct sim_world *world)
{
    if (sim_disk_is_dead(world->disk)) {
        world->faults++;
        sim_server_stop(world);
        sim_disk_revive(world->disk);
        calm_server(world);
        if (sim_server_start(world)) {
            check_acknowledged(world);
            sim_look_sound(world, SIM_SERVER);
        }
    } else if (world->db == NULL) {
        calm_server(world);
        (void)sim_server_start(world);
    }
}

static void mend_device(struct sim_device *device)
{
    if (sim_disk_is_dead(device->disk)) {
        device->world->faults++;
        sim_device_close(device);
        sim_disk_revive(device->disk);
        calm_device(device);
        boot(device);
        come_back(device);
    } else if (device->replica == NULL && !sim_failed(device->world)) {
        calm_device(device);
        come_back(device);
    }
}

void sim_world_mend(struct sim_world *world)
{
    mend_server(world);
    for (size_t i = 0; i < world->device_count; i++) {
        mend_device(&world->devices[i]);
    }
}

void sim_world_disarm(struct sim_world *world)
{
    calm_server(world);
    for (size_t i = 0; i < world->device_count; i++) {
        calm_device(&world->devices[i]);
    }
    sim_world_mend(world);
}
