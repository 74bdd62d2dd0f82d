/* What an operator does: records erased, rows let go of for their age, a copy of the database made
 * while the server works. */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/erase.h"
#include "server/retain.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/server.h"
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

/* What the copy holds, once the tool has said that it is done: all that the server has told of. */
static void check_copy(struct sim_world *world, sqlite3 *copy)
{
    char text[64];

    read_cell(copy, "PRAGMA integrity_check", text);
    if (strcmp(text, "ok") != 0) {
        sim_fail(world, "integrity", "the copy: %s", text);
    }
    read_cell(copy, "SELECT count(*) FROM pragma_foreign_key_check", text);
    if (strcmp(text, "0") != 0) {
        sim_fail(world, "references", "the copy: %s are broken", text);
    }
    read_cell(copy, last_number, text);
    if (strtoll(text, NULL, 10) < world->answered_to) {
        sim_fail(world,
                 "backup",
                 "the copy ends with number %s, and the server had told of %lld",
                 text,
                 (long long)world->answered_to);
    }
}

/* What the tool made, alone on a disk, is the backup that "restore" brings back. */
static void keep_copy(struct sim_world *world, sqlite3 *copy)
{
    struct sim_disk *blank = sim_disk_new("blank", 1);
    sqlite3 *to = NULL;
    sqlite3_backup *backup = NULL;
    bool is_kept = false;

    if (sqlite3_open_v2("/blank/server.db",
                        &to,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) == SQLITE_OK) {
        backup = sqlite3_backup_init(to, "main", copy, "main");
    }
    if (backup != NULL) {
        is_kept = sqlite3_backup_step(backup, -1) == SQLITE_DONE;
        (void)sqlite3_backup_finish(backup);
    }
    (void)sqlite3_close(to);
    if (is_kept) {
        sim_server_keep(world, sim_disk_image(blank));
    } else {
        sim_fail(world, "backup", "the copy cannot be read");
    }
    sim_disk_free(blank);
}

/* What comes behind a step of the tool; what strikes, strikes the tool alone. */
static tern_status come_between(struct sim_world *world, json_t *event, torture_verb *verb)
{
    tern_status status = TERN_OK;

    if (event != NULL && !sim_disk_is_dead(world->disk)) {
        sim_disk_pause(world->disk, true);
        status = verb(world, event);
        sim_disk_pause(world->disk, false);
    }
    return status;
}

/* A few pages at a time, one of `between` behind each of the first and `idle` behind all others.
 * The tool begins anew where the file was written to: a server that wrote something of those who
 * have nothing to send would never be copied. */
static tern_status
copy_pages(struct sim_world *world, sqlite3_backup *backup, json_t *event, torture_verb *verb)
{
    enum { PAGES = 8 };
    json_t *between = json_object_get(event, "between");
    json_t *idle = json_object_get(event, "idle");
    size_t first = json_array_size(between);
    int rc = SQLITE_OK;
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && !sim_disk_is_dead(world->disk); i++) {
        rc = sqlite3_backup_step(backup, PAGES);
        if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
            break;
        }
        if (i > first && (i - first) * PAGES > (size_t)sqlite3_backup_pagecount(backup)) {
            sim_fail(world, "backup", "the copy begins anew though nothing was sent");
            return TERN_ERR_BUSY;
        }
        status = come_between(world, i < first ? json_array_get(between, i) : idle, verb);
    }
    if (sim_disk_is_dead(world->disk)) {
        return TERN_ERR_IO;
    }
    return rc == SQLITE_DONE ? status : rc == SQLITE_FULL ? TERN_ERR_DISK_FULL : TERN_ERR_IO;
}

/* A tool of SQLite's own beside the server. The copy lies on the server's disk. */
static tern_status copy(struct sim_world *world, json_t *event, torture_verb *verb)
{
    sqlite3 *from = NULL;
    sqlite3 *to = NULL;
    sqlite3_backup *backup = NULL;
    tern_status status = TERN_ERR_IO;

    if (sqlite3_open_v2("/server/server.db", &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_open_v2("/server/copy.db", &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
            SQLITE_OK) {
        backup = sqlite3_backup_init(to, "main", from, "main");
    }
    if (backup != NULL) {
        status = copy_pages(world, backup, event, verb);
        if (sqlite3_backup_finish(backup) != SQLITE_OK && status == TERN_OK) {
            status = TERN_ERR_IO;
        }
    }
    if (status == TERN_OK && !sim_disk_is_dead(world->disk)) {
        sim_disk_pause(world->disk, true);
        check_copy(world, to);
        keep_copy(world, to);
        sim_disk_pause(world->disk, false);
    }
    (void)sqlite3_close(to);
    (void)sqlite3_close(from);
    return status;
}

/* What comes behind a copy that was made is no part of it, and nothing strikes there. */
tern_status torture_copy(struct sim_world *world, json_t *event, torture_verb *verb)
{
    tern_status status = copy(world, event, verb);
    unsigned reads = sim_disk_left(world->disk);
    unsigned allocations = sim_memory_left();
    size_t index;
    json_t *behind;

    if (sim_disk_is_dead(world->disk)) {
        return status;
    }
    sim_disk_pause(world->disk, true);
    sim_memory_suspend();
    json_array_foreach(json_object_get(event, "behind"), index, behind)
    {
        status = status == TERN_OK ? verb(world, behind) : status;
    }
    sim_memory_resume();
    sim_disk_pause(world->disk, false);
    if (reads > UINT_MAX / 2) { /* places are counted, and "restore" forgets what is armed */
        sim_disk_arm(world->disk, SIM_DISK_READ, reads);
        sim_memory_arm(SIM_SERVER, allocations);
    }
    return status;
}
