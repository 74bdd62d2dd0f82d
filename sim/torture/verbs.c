/* The verbs that only torture needs; all others are those of a history. */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "sim/device.h"
#include "sim/event.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/net.h"
#include "sim/server.h"
#include "sim/torture/torture.h"
#include "sim/write.h"
#include "tern/follow.h"

/* The reference model knows nothing of a server that begins anew. */
static void drop_model(struct sim_world *world)
{
    twin_free(world->twin);
    world->twin = NULL;
}

/* ---- Files ---- */

static void put_nothing(struct sim_disk *disk)
{
    struct sim_disk *blank = sim_disk_new("blank", 1);
    struct sim_image *image = sim_disk_image(blank);

    sim_disk_put(disk, image);
    sim_image_free(image);
    sim_disk_free(blank);
}

static tern_status do_empty(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)event;
    if (device != NULL) {
        sim_device_close(device);
        device->last_ordinal = 0;
        put_nothing(device->disk);
    } else {
        sim_server_stop(world);
        drop_model(world);
        world->answered_to = 0;
        put_nothing(world->disk);
    }
    return TERN_OK;
}

static tern_status start_server(struct sim_world *world)
{
    bool started;

    sim_memory_enter(SIM_SERVER);
    started = sim_server_start(world);
    (void)sim_memory_leave(TERN_OK);
    if (!started) {
        sim_server_stop(world);
    }
    return started ? TERN_OK : TERN_ERR_IO;
}

static tern_status do_open(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)event;
    if (device == NULL) {
        sim_server_stop(world);
        return start_server(world);
    }
    sim_device_close(device);
    return sim_device_open(device, &device->heard);
}

static tern_status do_close(struct sim_world *world, struct sim_device *device, json_t *event)
{
    int machine = device != NULL ? device->index : SIM_SERVER;

    (void)event;
    sim_memory_enter(machine);
    if (device != NULL) {
        sim_device_close(device);
    } else {
        sim_server_stop(world);
    }
    return sim_memory_leave(TERN_OK);
}

static tern_status do_upgrade(struct sim_world *world, struct sim_device *device, json_t *event)
{
    if (device != NULL) {
        device->document = world->document_count - 1;
    } else {
        world->served = world->document_count - 1;
    }
    return do_open(world, device, event);
}

/* The events of `then` until the process dies of the first; what it leaves behind is not opened. */
static tern_status do_crash(struct sim_world *world, struct sim_device *device, json_t *event)
{
    struct sim_disk *disk = device != NULL ? device->disk : world->disk;
    unsigned at = (unsigned)sim_event_number(event, "at", 0);
    size_t index;
    json_t *item;

    if (device != NULL) {
        device->troubled = true;
    } else {
        world->troubled = true;
    }
    if (at > 0) {
        sim_disk_arm(disk, SIM_DISK_KILL, at);
    }
    json_array_foreach(json_object_get(event, "then"), index, item)
    {
        if (!sim_disk_is_dead(disk)) {
            (void)torture_do(world, item);
        }
    }
    sim_disk_die(disk, false);
    if (device != NULL) {
        sim_device_close(device);
        device->troubled = false;
    } else {
        sim_server_stop(world);
        world->troubled = false;
    }
    sim_disk_revive(disk);
    sim_disk_disarm(disk);
    return TERN_OK;
}

/* ---- Rows ---- */

static tern_status do_write(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)world;
    return sim_write_rows(device,
                          json_object_get(event, "rows"),
                          json_is_true(json_object_get(event, "inferred")));
}

/* A statement of the app's, to its end. */
static tern_status
run_sql(struct sim_device *device, tern_reader *reader, const char *sql, tern_id *ret_id)
{
    tern_statement *statement = NULL;
    bool row = true;
    int who = device->index;
    size_t size = strlen(sql);
    tern_status status =
        reader != NULL
            ? SIM_CALL(who, tern_reader_prepare(reader, sql, size, &statement, &device->heard))
            : SIM_CALL(
                  who,
                  tern_statement_prepare(device->replica, sql, size, &statement, &device->heard));

    while (status == TERN_OK && row) {
        status = SIM_CALL(who, tern_statement_step(statement, &row, &device->heard));
        if (status == TERN_OK && row && ret_id != NULL) {
            memcpy(ret_id->bytes, tern_statement_value(statement, 0).data, sizeof ret_id->bytes);
        }
    }
    tern_statement_free(statement);
    return status;
}

static tern_status do_sql(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)world;
    return run_sql(device, NULL, sim_event_text(event, "sql"), NULL);
}

/* From now on what the statement's table holds under a key is noted. */
static tern_status do_follow(struct sim_world *world, struct sim_device *device, json_t *event)
{
    tern_tx *tx = NULL;
    int who = device->index;
    tern_status status = SIM_CALL(who, tern_tx_begin(device->replica, NULL, &tx, &device->heard));

    (void)world;
    if (status == TERN_OK) {
        status = SIM_CALL(who,
                          tern_tx_follow(tx,
                                         "torture",
                                         sim_event_text(event, "table"),
                                         sim_event_text(event, "column"),
                                         NULL,
                                         &device->heard));
    }
    if (status == TERN_OK) {
        return SIM_CALL(who, tern_tx_commit(tx, NULL, &device->heard));
    }
    sim_memory_enter(who);
    tern_tx_rollback(tx);
    return sim_memory_leave(status);
}

static tern_status do_rollback(struct sim_world *world, struct sim_device *device, json_t *event)
{
    tern_tx *tx = NULL;
    tern_status status =
        SIM_CALL(device->index, tern_tx_begin(device->replica, NULL, &tx, &device->heard));

    (void)world;
    if (status == TERN_OK) {
        status = run_sql(device, NULL, sim_event_text(event, "sql"), NULL);
    }
    sim_memory_enter(device->index);
    tern_tx_rollback(tx);
    return sim_memory_leave(status);
}

/* ---- Reading ---- */

static bool note_entry(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return true;
}

static bool note_first(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return false;
}

static bool pass_change(void *context, const tern_entry_change *change)
{
    (void)context;
    return change->table != NULL;
}

static tern_status read_by_reader(struct sim_device *device, const char *sql)
{
    tern_reader *reader = NULL;
    int who = device->index;
    tern_status status = SIM_CALL(who, tern_reader_open(device->replica, &reader, &device->heard));

    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_reader_begin(reader, &device->heard));
    }
    if (status == TERN_OK) {
        status = run_sql(device, reader, sql, NULL);
        tern_reader_end(reader);
    }
    tern_reader_close(reader);
    return status;
}

static tern_status read_queue(struct sim_device *device)
{
    tern_replica_status state = {.size = sizeof state};
    uint64_t ordinal = 0;
    int who = device->index;
    tern_status status =
        SIM_CALL(who, tern_outbox_visit(device->replica, 0, note_entry, &ordinal, &device->heard));

    if (status == TERN_OK && ordinal > 0) {
        status = SIM_CALL(
            who,
            tern_outbox_changes(device->replica, ordinal, pass_change, NULL, &device->heard));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_replica_read_status(device->replica, &state, &device->heard));
    }
    return status;
}

static tern_status read_row(struct sim_device *device, const char *table, const char *sql)
{
    tern_tx *tx = NULL;
    tern_row *row = NULL;
    tern_value value;
    tern_id id = {{0}};
    int64_t since = 0;
    int who = device->index;
    tern_status status = run_sql(device, NULL, sql, &id);

    if (status == TERN_OK) {
        status =
            SIM_CALL(who, tern_replica_read_reach(device->replica, table, &since, &device->heard));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_tx_begin(device->replica, NULL, &tx, &device->heard));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_row_get(tx, table, &id, &row, &device->heard));
    }
    if (status == TERN_OK) {
        status = SIM_CALL(who, tern_row_value(row, "updated_at", &value, &device->heard));
    }
    tern_row_free(row);
    tern_tx_rollback(tx);
    return status;
}

/* All that reads: a reader's snapshot, the queue, a row whole. */
static tern_status do_read(struct sim_world *world, struct sim_device *device, json_t *event)
{
    tern_status status = read_by_reader(device, sim_event_text(event, "sql"));

    (void)world;
    if (status == TERN_OK) {
        status = read_queue(device);
    }
    if (status == TERN_OK) {
        status = read_row(device, sim_event_text(event, "table"), sim_event_text(event, "sql"));
    }
    return status;
}

/* ---- What was set aside ---- */

static tern_status first_parked(struct sim_device *device, uint64_t *ret_ordinal)
{
    return SIM_CALL(device->index,
                    tern_outbox_visit(device->replica,
                                      1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED,
                                      note_first,
                                      ret_ordinal,
                                      &device->heard));
}

static tern_status do_retry(struct sim_world *world, struct sim_device *device, json_t *event)
{
    uint64_t ordinal = 0;
    tern_status status = first_parked(device, &ordinal);

    (void)world;
    (void)event;
    return status != TERN_OK
               ? status
               : SIM_CALL(device->index,
                          tern_quarantine_retry(device->replica, ordinal, NULL, &device->heard));
}

static tern_status do_discard(struct sim_world *world, struct sim_device *device, json_t *event)
{
    uint64_t ordinal = 0;
    tern_status status = first_parked(device, &ordinal);

    (void)world;
    (void)event;
    return status != TERN_OK
               ? status
               : SIM_CALL(device->index,
                          tern_quarantine_discard(device->replica, ordinal, &device->heard));
}

static tern_status do_reinstate(struct sim_world *world, struct sim_device *device, json_t *event)
{
    tern_id id = {{0}};
    tern_status status = run_sql(device, NULL, sim_event_text(event, "sql"), &id);

    (void)world;
    return status != TERN_OK ? status
                             : SIM_CALL(device->index,
                                        tern_audit_reinstate(device->replica, &id, &device->heard));
}

/* ---- The rest ---- */

static tern_status do_sync(struct sim_world *world, struct sim_device *device, json_t *event)
{
    struct sim_sync how = {.weather = json_object_get(event, "weather"),
                           .stop = (unsigned)sim_event_number(event, "stop", 0),
                           .page_rows = (uint32_t)sim_event_number(event, "page_rows", 0),
                           .push_bytes = (uint32_t)sim_event_number(event, "push_bytes", 0)};

    (void)world;
    return sim_sync(device, &how);
}

static tern_status do_erase(struct sim_world *world, struct sim_device *device, json_t *event)
{
    size_t user = sim_world_user(world, sim_event_text(event, "person"));

    (void)device;
    return world->db == NULL || user == SIM_USERS ? TERN_ERR_MISUSE : torture_erase(world, user);
}

static tern_status do_retain(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)device;
    (void)event;
    return world->db == NULL ? TERN_ERR_MISUSE : torture_retain(world);
}

static tern_status do_copy(struct sim_world *world, struct sim_device *device, json_t *event)
{
    (void)device;
    return torture_copy(world, event, torture_do);
}

static tern_status do_care(struct sim_world *world, struct sim_device *device, json_t *event)
{
    const char *sql = sim_event_text(event, "sql");
    tern_id id = {{0}};
    tern_status status = sql != NULL ? run_sql(device, NULL, sql, &id) : TERN_OK;

    (void)world;
    return status == TERN_OK ? torture_care(device, sim_event_text(event, "call"), &id) : status;
}

static const struct verb {
    const char *name;
    tern_status (*play)(struct sim_world *world, struct sim_device *device, json_t *event);
    bool serves; /* the server, too */
} verbs[] = {
    {"empty", do_empty, true},
    {"open", do_open, true},
    {"close", do_close, true},
    {"newest", do_upgrade, true},
    {"crash", do_crash, true},
    {"write", do_write, false},
    {"sql", do_sql, false},
    {"rollback", do_rollback, false},
    {"follow", do_follow, false},
    {"read", do_read, false},
    {"retry", do_retry, false},
    {"discard", do_discard, false},
    {"reinstate", do_reinstate, false},
    {"sync", do_sync, false},
    {"erase", do_erase, true},
    {"retain", do_retain, true},
    {"copy", do_copy, true},
    {"care", do_care, false},
};

static const struct verb *find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

bool torture_knows(const char *verb)
{
    return find(verb) != NULL;
}

tern_status torture_do(struct sim_world *world, json_t *event)
{
    const struct verb *verb = find(sim_event_text(event, "do"));
    const char *name = sim_event_text(event, "device");
    struct sim_device *device = sim_device_find(world, name);

    if (verb == NULL) {
        sim_play_event(world, event);
        return sim_failed(world) ? TERN_ERR_INTERNAL : TERN_OK;
    }
    if (device == NULL && (!verb->serves || name == NULL || strcmp(name, "server") != 0)) {
        sim_fail(world, "history", "%s of nobody", verb->name);
        return TERN_ERR_MISUSE;
    }
    return verb->play(world, device, event);
}
