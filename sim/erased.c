/* The ids of what was erased are read from the server, which keeps them for good. */
#include "sim/erased.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "server/erase.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/server.h"
#include "wire/entry.h"
#include "wire/gzip.h"
#include "wire/limits.h"

/* ---- The operator ---- */

/* Where it failed otherwise, or died of it, the next attempt tells. */
static void tell_twin(struct sim_world *world, size_t user, tern_status status)
{
    char says[TWIN_SAYS_BYTES];

    if (world->twin != NULL && (status == TERN_OK || status == TERN_ERR_FOREIGN_KEY) &&
        !sim_disk_is_dead(world->disk) &&
        !twin_erase(world->twin,
                    &world->users[user].id,
                    sim_server_now(world),
                    status,
                    world->db,
                    says)) {
        sim_fail(world, "model", "%.500s", says);
    }
}

tern_status sim_erased_erase(struct sim_world *world, size_t user)
{
    tern_error error = {0};
    tern_status status;

    sim_memory_enter(SIM_SERVER);
    status = sim_memory_leave(
        trn_erase(world->db, &world->users[user].id, sim_server_now(world), &error));
    if (status != TERN_OK && !sim_disk_is_dead(world->disk) && !world->troubled &&
        status != TERN_ERR_FOREIGN_KEY) {
        sim_fail(world,
                 "erasure",
                 "the record of %s cannot be erased: %s %s",
                 world->users[user].name,
                 tern_status_code(status),
                 error.message);
    }
    tell_twin(world, user, status);
    return status;
}

bool sim_erased_apply(struct sim_world *world)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < world->user_count && status == TERN_OK; i++) {
        status = world->erased[i] ? sim_erased_erase(world, i) : TERN_OK;
    }
    return status == TERN_OK;
}

/* ---- What is left ---- */

struct looking {
    struct sim_world *world;
    sqlite3 *server;
    sqlite3_stmt *is_erased; /* of an id: whether it is gone for good */
    const char *whose;
};

static bool is_erased(const struct looking *looking, const tern_id *id)
{
    bool found;

    (void)sqlite3_bind_blob(looking->is_erased, 1, id->bytes, sizeof id->bytes, SQLITE_STATIC);
    found = sqlite3_step(looking->is_erased) == SQLITE_ROW;
    (void)sqlite3_reset(looking->is_erased);
    return found;
}

/* The rows of the table whose ids are erased. */
static void look_at_rows(const struct looking *looking, sqlite3 *db, const struct trn_table *table)
{
    struct trn_bytes sql = {0};
    sqlite3_stmt *stmt = NULL;

    if (trn_bytes_append_format(&sql, "SELECT id FROM \"%s\"", table->name) != TERN_OK) {
        abort();
    }
    if (sqlite3_prepare_v2(db, trn_bytes_text(&sql), -1, &stmt, NULL) != SQLITE_OK) {
        sim_fail(looking->world, "look", "%s: %s", sqlite3_errmsg(db), trn_bytes_text(&sql));
    }
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        tern_id id = {{0}};

        memcpy(id.bytes, sqlite3_column_blob(stmt, 0), sizeof id.bytes);
        if (is_erased(looking, &id)) {
            sim_fail(looking->world,
                     "erasure",
                     "%s holds a row of %s that was erased",
                     looking->whose,
                     table->name);
        }
    }
    (void)sqlite3_finalize(stmt);
    trn_bytes_free(&sql);
}

/* No row is about one that was erased. */
static void
look_at_abouts(const struct looking *looking, sqlite3 *db, const struct trn_table *table)
{
    for (size_t i = 0; i < table->natural_key_count; i++) {
        const struct trn_column *column = &table->columns[table->natural_key[i]];
        char sql[300];
        struct trn_bytes rows;

        if (column->type != TRN_TYPE_UUID || column->target != TRN_NO_TABLE) {
            continue;
        }
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT \"%s\" FROM \"%s\" WHERE \"%s\" IS NOT NULL",
                       column->name,
                       table->name,
                       column->name);
        rows = sim_look_rows(looking->world, db, sql);
        for (const char *at = trn_bytes_text(&rows); *at != '\0'; at += 33) {
            tern_id id;

            if (trn_hex_decode(trn_slice_make(at, 32), id.bytes, sizeof id.bytes) &&
                is_erased(looking, &id)) {
                sim_fail(looking->world,
                         "erasure",
                         "%s holds a row of %s that is about one that was erased",
                         looking->whose,
                         table->name);
            }
        }
        trn_bytes_free(&rows);
    }
}

static void look_at_entry(const struct looking *looking, struct trn_slice body, int64_t name)
{
    struct sim_world *world = looking->world;
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status =
        trn_entry_open(&reader, world->documents[world->served].schema, body, NULL);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        if (is_erased(looking, &change.id)) {
            sim_fail(world,
                     "erasure",
                     "%s still has the bytes of transaction %lld, which touched a row of %s that "
                     "was erased",
                     looking->whose,
                     (long long)name,
                     change.table->name);
        }
    }
    trn_entry_close(&reader);
}

/* Entries by `sql`: a name, the bytes, and whether they are compressed. */
static void look_at_entries(const struct looking *looking, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        sim_fail(looking->world, "look", "%s: %s", sqlite3_errmsg(db), sql);
    }
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        struct trn_slice body =
            trn_slice_make(sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
        struct trn_bytes plain = {0};

        if (sqlite3_column_int(stmt, 2) != 0 &&
            trn_gunzip(body, TRN_WIRE_TX_BYTES_MAX, &plain, NULL) == TERN_OK) {
            body = trn_bytes_slice(&plain);
        }
        look_at_entry(looking, body, sqlite3_column_int64(stmt, 0));
        trn_bytes_free(&plain);
    }
    (void)sqlite3_finalize(stmt);
}

static void look_at_file(struct looking *looking, int device, const char *entries)
{
    struct sim_world *world = looking->world;
    const struct trn_schema *schema = world->documents[world->served].schema;
    sqlite3 *db = device == SIM_SERVER ? looking->server : sim_look_within(world, device);

    looking->whose = device == SIM_SERVER ? "the server" : world->devices[device].name;
    for (size_t i = 0; i < schema->table_count; i++) {
        look_at_rows(looking, db, &schema->tables[i]);
        look_at_abouts(looking, db, &schema->tables[i]);
    }
    if (device == SIM_SERVER || world->erased[world->devices[device].user]) {
        look_at_entries(looking, db, entries);
    }
    if (device != SIM_SERVER) {
        sim_look_away(world, device);
    }
}

void sim_erased_check(struct sim_world *world)
{
    struct looking looking = {.world = world};

    if (!world->any_erased) {
        return;
    }
    looking.server = sim_look_within(world, SIM_SERVER);
    if (sqlite3_prepare_v2(looking.server,
                           "SELECT 1 FROM tern_erased WHERE substr(id, 1, 16) = ?1 AND flags & 1",
                           -1,
                           &looking.is_erased,
                           NULL) != SQLITE_OK) {
        sim_fail(world, "look", "%s", sqlite3_errmsg(looking.server));
    } else {
        look_at_file(&looking,
                     SIM_SERVER,
                     "SELECT number, body, 0 FROM tern_entry WHERE body <> ''");
        for (size_t i = 0; i < world->device_count; i++) {
            look_at_file(
                &looking,
                (int)i,
                "SELECT o.ordinal, coalesce(o.body, b.body), o.gzip FROM tern_outbox o LEFT "
                "JOIN tern_body b ON b.ordinal = o.ordinal WHERE o.state = 1");
        }
    }
    (void)sqlite3_finalize(looking.is_erased);
    sim_look_away(world, SIM_SERVER);
}
