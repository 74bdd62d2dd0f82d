/* What an operator does: records erased, rows let go of for their age, a copy of the database made
 * while the server works. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/erase.h"
#include "server/retain.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/torture/torture.h"

static void check_model(struct sim_world *world, bool agrees, const char *says)
{
    if (!agrees) {
        sim_fail(world, "model", "%.500s", says);
    }
}

/* ---- Erasure ---- */

/* A command of its own: the server is down meanwhile, its database open. What died of it, or failed
 * otherwise, the operator says again, and the model hears of then. */
tern_status torture_erase(struct sim_world *world, size_t user)
{
    const tern_id *person = &world->users[user].id;
    char says[TWIN_SAYS_BYTES] = "";
    tern_status status;

    trn_server_free(world->server);
    world->server = NULL;
    sim_memory_enter(SIM_SERVER);
    status = sim_memory_leave(trn_erase(world->db, person, world->now_us, NULL));
    sim_disk_pause(world->disk, true); /* what the model reads is not the operation's */
    if (status == TERN_OK && world->twin != NULL) {
        check_model(world,
                    twin_erase(world->twin, person, world->now_us, status, world->db, says),
                    says);
    }
    sim_disk_pause(world->disk, false);
    if (status == TERN_OK) {
        world->erased[user] = true;
        world->any_erased = true;
    }
    sim_server_stop(world);
    return status;
}

/* ---- Retention ---- */

static uint64_t count_rows(struct sim_world *world)
{
    const struct trn_schema *schema = world->documents[world->served].schema;
    sqlite3 *db = sim_look(world, SIM_SERVER);
    uint64_t count = 0;

    for (size_t i = 0; i < schema->table_count; i++) {
        char sql[120];

        if (strcmp(schema->tables[i].name, "sync_audit") != 0) {
            (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", schema->tables[i].name);
            count += (uint64_t)sim_look_number(world, db, sql, 0);
        }
    }
    sim_look_away(world, SIM_SERVER);
    return count;
}

/* In transactions of few rows. The model hears how many went in all, in however many attempts. */
tern_status torture_retain(struct sim_world *world)
{
    static struct sim_world *counted; /* whose rows; a process tries one place of one operation */
    static uint64_t before;
    enum { AT_ONCE = 2 };
    char says[TWIN_SAYS_BYTES] = "";
    uint64_t count = 0;
    tern_status status;

    if (counted != world) {
        counted = world;
        before = count_rows(world);
    }
    trn_server_free(world->server);
    world->server = NULL;
    sim_memory_enter(SIM_SERVER);
    status = sim_memory_leave(trn_retain(world->db, world->now_us, AT_ONCE, &count, NULL));
    if (status == TERN_OK && world->twin != NULL) {
        uint64_t gone = before - count_rows(world);

        sim_disk_pause(world->disk, true);
        check_model(world, twin_retain(world->twin, world->now_us, gone, world->db, says), says);
        sim_disk_pause(world->disk, false);
    }
    counted = status == TERN_OK ? NULL : world;
    sim_server_stop(world);
    return status;
}

/* ---- A backup ---- */

static const char last_number[] = "SELECT max(number) FROM tern_entry";

/* The first cell, as text; by no eye, for the copy is looked at once. */
static void read_cell(sqlite3 *db, const char *sql, char ret_text[64])
{
    sqlite3_stmt *stmt = NULL;

    (void)snprintf(ret_text, 64, "nothing");
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        (void)snprintf(ret_text, 64, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
}

/* What the copy holds, once the tool has said that it is done: all up to its last number. */
static void check_copy(struct sim_world *world, sqlite3 *copy, int64_t at_least)
{
    char text[64];

    read_cell(copy, "PRAGMA integrity_check", text);
    if (strcmp(text, "ok") != 0) {
        sim_fail(world, "integrity", "the copy: %s", text);
    }
    read_cell(copy, last_number, text);
    if (strtoll(text, NULL, 10) < at_least) {
        sim_fail(world, "backup", "the copy lacks what was there when it was begun");
    }
}

static tern_status copy_pages(struct sim_world *world, sqlite3_backup *backup, json_t *between)
{
    int rc = SQLITE_OK;
    size_t index = 0;
    tern_status status = TERN_OK;

    for (; status == TERN_OK && (rc == SQLITE_OK || rc == SQLITE_BUSY); index++) {
        rc = sqlite3_backup_step(backup, 20);
        if (index < json_array_size(between) && !sim_disk_is_dead(world->disk)) {
            sim_disk_pause(world->disk, true); /* what strikes, strikes the tool */
            status = torture_do(world, json_array_get(between, index));
            sim_disk_pause(world->disk, false);
        }
    }
    if (sim_disk_is_dead(world->disk)) {
        return TERN_ERR_IO;
    }
    return rc == SQLITE_DONE ? status : rc == SQLITE_FULL ? TERN_ERR_DISK_FULL : TERN_ERR_IO;
}

/* A tool of SQLite's own beside the server, in few pages at a time, the events of `between` coming
 * between them. The copy lies on the server's disk. */
tern_status torture_copy(struct sim_world *world, json_t *between)
{
    sqlite3 *from = NULL;
    sqlite3 *to = NULL;
    sqlite3_backup *backup = NULL;
    tern_status status = TERN_ERR_IO;
    int64_t last = sim_look_number(world, sim_look(world, SIM_SERVER), last_number, 0);

    sim_look_away(world, SIM_SERVER);
    if (sqlite3_open_v2("/server/server.db", &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_open_v2("/server/copy.db", &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
            SQLITE_OK) {
        backup = sqlite3_backup_init(to, "main", from, "main");
    }
    if (backup != NULL) {
        status = copy_pages(world, backup, between);
        if (sqlite3_backup_finish(backup) != SQLITE_OK && status == TERN_OK) {
            status = TERN_ERR_IO;
        }
    }
    if (status == TERN_OK && !sim_disk_is_dead(world->disk)) {
        sim_disk_pause(world->disk, true);
        check_copy(world, to, last);
        sim_disk_pause(world->disk, false);
    }
    (void)sqlite3_close(to);
    (void)sqlite3_close(from);
    return status;
}
