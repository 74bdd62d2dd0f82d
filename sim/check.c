/*
 * Every promise that can be looked at when all is quiet: what devices and server hold, and what
 * became of each transaction that was committed. Read from the files, never from the engine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/window.h"
#include "sim/accounts.h"
#include "sim/care.h"
#include "sim/check.h"
#include "sim/device.h"
#include "sim/erased.h"
#include "sim/granted.h"
#include "sim/ledger.h"
#include "sim/life.h"
#include "sim/look.h"
#include "sim/model/twin.h"
#include "sim/net.h"
#include "sim/remains.h"
#include "sim/replica.h"
#include "sim/restored.h"
#include "sim/retimed.h"
#include "sim/server.h"
#include "sim/strangers.h"

enum { ROUNDS_MAX = 12 };

/* ---- Calm ---- */

static void calm(struct sim_world *world)
{
    sim_world_disarm(world);
    if (world->served + 1 < world->document_count) {
        sim_server_serve(world, world->document_count - 1);
    }
    world->clock_off_us = 0;
    world->now_us += 300 * SIM_SECOND_US; /* leases of sessions that nobody ended run out */
    for (size_t i = 0; i < world->device_count; i++) {
        struct sim_device *device = &world->devices[i];

        device->clock_off_us = 0;
        if (device->document + 1 < world->document_count) {
            device->document = world->document_count - 1;
            sim_device_reopen(device, false);
        }
    }
}

static void sync_in_calm(struct sim_device *device)
{
    struct sim_sync how = {0};
    tern_status status;

    if (device->replica == NULL) {
        return;
    }
    status = sim_sync(device, &how);
    if (status != TERN_OK) {
        sim_fail(device->world,
                 "calm sync",
                 "%s cannot sync in fair weather: %s",
                 device->name,
                 tern_status_code(status));
    }
}

/* Until no request changes the server or a device any more. */
static void sync_until_quiet(struct sim_world *world)
{
    uint64_t before = 0;
    uint64_t now = 1;

    for (unsigned round = 0; before != now && !sim_failed(world); round++) {
        if (round == ROUNDS_MAX) {
            sim_fail(world, "quiet", "after %u rounds there is still something to sync", round);
            return;
        }
        before = now;
        now = 0;
        for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
            struct sim_device *device = &world->devices[i];
            tern_replica_status status;

            world->now_us += SIM_SECOND_US;
            sync_in_calm(device);
            status = sim_device_status(device);
            now = now * 31 + status.acked * 7 + status.pending * 5 + status.quarantined +
                  status.locked * 3;
            now = now * 31 + (uint64_t)world->answered_to;
        }
    }
    for (unsigned again = 0; again < 2; again++) {
        for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
            sync_in_calm(&world->devices[i]);
        }
    }
}

/* ---- Convergence ---- */

static void append(struct trn_bytes *text, const char *part)
{
    if (trn_bytes_append_text(text, part) != TERN_OK) {
        abort();
    }
}

static void append_id(struct trn_bytes *text, const char *hex)
{
    append(text, "x'");
    append(text, hex);
    append(text, "'");
}

/* What a table holds: all of it, or what lies in the scopes. */
static void append_rows_query(const struct trn_schema *schema,
                              const struct trn_table *table,
                              const struct sim_granted *granted,
                              struct trn_bytes *sql)
{
    append(sql, "SELECT r.id, r.updated_at, r.deleted_at");
    for (size_t i = 0; i < table->column_count; i++) {
        append(sql, ", r.\"");
        append(sql, table->columns[i].name);
        append(sql, "\"");
    }
    append(sql, " FROM \"");
    append(sql, table->name);
    append(sql, "\" r");
    for (size_t i = 0; granted != NULL && i < table->scope_count; i++) {
        append(sql, i == 0 ? " WHERE " : " OR ");
        sim_granted_append_path(schema, &table->scopes[i], sql);
        append(sql, " IN (");
        for (size_t j = 0; j < granted->count; j++) {
            append(sql, j > 0 ? ", " : "");
            append_id(sql, granted->ids[j]);
        }
        append(sql, ")");
    }
    append(sql, " ORDER BY r.id");
}

/* The first line of `left` that `right` does not have; a static buffer. Both have the same order,
 * so each is looked for behind the one before it first. */
static const char *missing(const char *left, const char *right)
{
    static char line[300];
    const char *behind = right;

    for (const char *at = left; *at != '\0'; at += strcspn(at, "\n") + 1) {
        const char *found;

        (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        found = strstr(behind, line);
        found = found != NULL ? found : strstr(right, line);
        if (found == NULL) {
            return line;
        }
        behind = found;
    }
    return "(none)";
}

/* ---- Windows ---- */

/* What the column of the window has in a row that left: less than this, as SQL. */
static void append_bound(const struct trn_table *table, int64_t now_us, struct trn_bytes *sql)
{
    enum trn_type type = table->columns[table->window_column].type;
    char room[TRN_DATE_BYTES];
    tern_value bound = trn_window_bound(type, trn_window_floor(now_us, table->window_days), room);
    char part[200];

    (void)snprintf(part, sizeof part, "r.\"%s\" < ", table->columns[table->window_column].name);
    append(sql, part);
    if (bound.kind == TERN_TEXT) {
        (void)snprintf(part, sizeof part, "'%s'", room);
    } else {
        (void)snprintf(part, sizeof part, "%lld", (long long)bound.integer);
    }
    append(sql, part);
}

/* No row of the table that is held here references it by a key that a replica enforces. */
static void append_unreferenced(const struct trn_schema *schema,
                                const struct trn_table *table,
                                struct trn_bytes *sql)
{
    char part[300];

    for (size_t i = 0; i < schema->table_count; i++) {
        const struct trn_table *child = &schema->tables[i];

        for (size_t c = 0; c < child->column_count; c++) {
            if (child->columns[c].target == table->index && !child->columns[c].may_leave) {
                (void)snprintf(part,
                               sizeof part,
                               " AND NOT EXISTS (SELECT 1 FROM \"%s\" c WHERE c.\"%s\" = r.id)",
                               child->name,
                               child->columns[c].name);
                append(sql, part);
            }
        }
    }
}

/* Rows that are too old, and that nothing holds. */
static void check_left(struct sim_device *device, const struct trn_table *table, sqlite3 *here)
{
    struct sim_world *world = device->world;
    const struct trn_schema *schema = world->documents[world->served].schema;
    struct trn_bytes sql = {0};
    int64_t parked =
        sim_look_number(world, here, "SELECT count(*) FROM tern_outbox WHERE state IN (2, 3)", 0);
    int64_t count;

    append(&sql, "SELECT count(*) FROM \"");
    append(&sql, table->name);
    append(&sql, "\" r WHERE ");
    append_bound(table, world->now_us - 900 * SIM_SECOND_US, &sql);
    append_unreferenced(schema, table, &sql);
    count = sim_look_number(world, here, trn_bytes_text(&sql), 0);
    if (count > 0 && parked == 0) {
        sim_fail(world,
                 "windows",
                 "%s still holds %lld rows of %s that left their window",
                 device->name,
                 (long long)count,
                 table->name);
    }
    trn_bytes_free(&sql);
}

/* All that the window covers is held, and nothing that is held is not the server's. */
static bool are_equal_within(const struct trn_table *table,
                             const struct trn_bytes *held,
                             const struct trn_bytes *due,
                             const char *older)
{
    bool whole = true;

    if (trn_slice_equal(trn_bytes_slice(held), trn_bytes_slice(due))) {
        return true;
    }
    if (!trn_window_is_declared(table)) {
        return false;
    }
    for (const char *at = trn_bytes_text(due); *at != '\0' && whole; at += strcspn(at, "\n") + 1) {
        char line[33];

        (void)snprintf(line, sizeof line, "%.32s", at);
        whole = strstr(trn_bytes_text(held), line) != NULL || strstr(older, line) != NULL;
    }
    return whole && strcmp(missing(trn_bytes_text(held), trn_bytes_text(due)), "(none)") == 0;
}

/* By which time rows may have left: a window goes back where the server's clock proves to have been
 * ahead by more than a day, and may have been set by one that was ahead by less. */
static int64_t leaving_time(const struct sim_world *world)
{
    const int64_t day_us = 86400 * SIM_SECOND_US;

    return world->latest_us - world->now_us <= day_us ? world->latest_us : world->now_us + day_us;
}

/* The ids of rows that are older than the window. */
static struct trn_bytes
read_older(struct sim_world *world, const struct trn_table *table, sqlite3 *there)
{
    struct trn_bytes sql = {0};
    struct trn_bytes ids = {0};

    if (trn_window_is_declared(table)) {
        append(&sql, "SELECT r.id FROM \"");
        append(&sql, table->name);
        append(&sql, "\" r WHERE ");
        append_bound(table, leaving_time(world), &sql);
        ids = sim_look_rows(world, there, trn_bytes_text(&sql));
    }
    trn_bytes_free(&sql);
    return ids;
}

/* ---- Tables ---- */

static void compare_table(struct sim_device *device,
                          const struct trn_table *table,
                          const struct sim_granted *granted,
                          sqlite3 *here,
                          sqlite3 *there)
{
    struct sim_world *world = device->world;
    const struct trn_schema *schema = world->documents[world->served].schema;
    struct trn_bytes sql = {0};
    struct trn_bytes held;
    struct trn_bytes due;
    struct trn_bytes older = read_older(world, table, there);

    append_rows_query(schema, table, NULL, &sql);
    held = sim_look_rows(world, here, trn_bytes_text(&sql));
    trn_bytes_clear(&sql);
    append_rows_query(schema, table, granted, &sql);
    due = sim_look_rows(world, there, trn_bytes_text(&sql));
    if (!are_equal_within(table, &held, &due, trn_bytes_text(&older))) {
        struct trn_bytes only_here = {0};

        append(&only_here, missing(trn_bytes_text(&held), trn_bytes_text(&due)));
        sim_fail(world,
                 "convergence",
                 "%s of %s: held and not due: %.220s; due and not held: %.220s",
                 table->name,
                 device->name,
                 trn_bytes_text(&only_here),
                 missing(trn_bytes_text(&due), trn_bytes_text(&held)));
        trn_bytes_free(&only_here);
    }
    if (trn_window_is_declared(table)) {
        check_left(device, table, here);
    }
    sim_hash(world, held.data, held.size);
    trn_bytes_free(&older);
    trn_bytes_free(&held);
    trn_bytes_free(&due);
    trn_bytes_free(&sql);
}

static void check_converged(struct sim_device *device)
{
    struct sim_world *world = device->world;
    const struct trn_schema *schema = world->documents[world->served].schema;
    sqlite3 *there = sim_look_within(world, SIM_SERVER);
    sqlite3 *here = sim_look_within(world, device->index);
    struct sim_granted granted;

    sim_granted_find(world, there, device->user, &granted);
    for (size_t i = 0; i < schema->table_count && !sim_failed(world); i++) {
        compare_table(device, &schema->tables[i], &granted, here, there);
    }
    sim_look_away(world, device->index);
    sim_look_away(world, SIM_SERVER);
}

/* ---- The queue ---- */

static void check_drained(struct sim_device *device)
{
    tern_replica_status status = sim_device_status(device);

    if (status.pending > 0) {
        sim_fail(device->world,
                 "drained",
                 "%s still has %llu transactions to send",
                 device->name,
                 (unsigned long long)status.pending);
    }
    if (status.scopes_partial > 0) {
        sim_fail(device->world, "drained", "%s holds half of a record", device->name);
    }
}

void sim_settle(struct sim_world *world)
{
    calm(world);
    sync_until_quiet(world);
    for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
        check_drained(&world->devices[i]);
        check_converged(&world->devices[i]);
        sim_look_sound(world, (int)i);
        sim_strangers_look(&world->devices[i]);
    }
    if (!sim_failed(world) && world->twin != NULL && world->db != NULL) {
        char says[TWIN_SAYS_BYTES];

        if (!twin_look(world->twin, world->db, says)) {
            sim_fail(world, "model", "%.500s", says);
        }
    }
    if (!sim_failed(world)) {
        sim_look_sound(world, SIM_SERVER);
        sim_accounts_check(world);
        sim_restored_check(world);
        sim_retimed_check(world);
        sim_erased_check(world);
    }
    if (world->care && !sim_failed(world)) {
        sim_care_check(world);
    }
    sim_remains_check(world);
}
