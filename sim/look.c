/*
 * Files read from outside, by a connection of our own: its eye. While those whose the file is have
 * it open, the eye stays open between two looks, with what it has compiled; it never is the last to
 * close a file that they still work with, and no lock of it outlives a look.
 *
 * An eye has to read the schema first, as long as a dozen transactions take. So what is no question
 * of who sees what may be asked of their own connection, between their transactions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "server/db_sqlite_view.h"
#include "sim/look.h"
#include "sim/world.h"
#include "store/store.h"

struct sim_glance {
    struct sim_glance *next;
    sqlite3_stmt *stmt;
};

static struct sim_disk *disk_of(struct sim_world *world, int device)
{
    return device == SIM_SERVER ? world->disk : world->devices[device].disk;
}

static struct sim_eye *eye_of(struct sim_world *world, int device)
{
    return device == SIM_SERVER ? &world->eye : &world->devices[device].eye;
}

static bool is_open(const struct sim_world *world, int device)
{
    return device == SIM_SERVER ? world->db != NULL : world->devices[device].replica != NULL;
}

sqlite3 *sim_look(struct sim_world *world, int device)
{
    struct sim_eye *eye = eye_of(world, device);
    const char *path = device == SIM_SERVER ? "/server/server.db" : world->devices[device].path;

    sim_disk_pause(disk_of(world, device), true);
    if (eye->db != NULL) {
        return eye->db;
    }
    if (sqlite3_open_v2(path, &eye->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sim_fail(world, "look", "%s cannot be looked into", path);
    }
    /* Closing must not tidy the log away beneath those who work with it. */
    (void)sqlite3_db_config(eye->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    /* What a look sorts has no file to lie in. */
    (void)sqlite3_exec(eye->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    return eye->db;
}

/* The connection of those whose the file is; NULL where it is closed, or in the midst of a
 * transaction. */
static sqlite3 *theirs(struct sim_world *world, int device)
{
    sqlite3 *db = NULL;

    if (device == SIM_SERVER && world->db != NULL) {
        db = trn_db_sqlite_of(world->db)->writer->sqlite;
    } else if (device != SIM_SERVER && world->devices[device].replica != NULL) {
        db = trn_store_connection(world->devices[device].replica->store);
    }
    return db != NULL && sqlite3_get_autocommit(db) != 0 ? db : NULL;
}

sqlite3 *sim_look_warm(struct sim_world *world, int device)
{
    sqlite3 *db = theirs(world, device);

    if (db == NULL) {
        return sim_look(world, device);
    }
    sim_disk_pause(disk_of(world, device), true);
    return db;
}

sqlite3 *sim_look_within(struct sim_world *world, int device)
{
    return eye_of(world, device)->db == NULL ? sim_look_warm(world, device)
                                             : sim_look(world, device);
}

void sim_look_away(struct sim_world *world, int device)
{
    if (!is_open(world, device)) {
        sim_eye_close(eye_of(world, device));
    }
    sim_disk_pause(disk_of(world, device), false);
}

void sim_eye_close(struct sim_eye *eye)
{
    while (eye->glances != NULL) {
        struct sim_glance *next = eye->glances->next;

        (void)sqlite3_finalize(eye->glances->stmt);
        free(eye->glances);
        eye->glances = next;
    }
    (void)sqlite3_close(eye->db);
    eye->db = NULL;
}

static struct sim_eye *eye_with(struct sim_world *world, sqlite3 *db)
{
    struct sim_eye *eye = &world->eye;

    for (int i = SIM_SERVER; i < (int)world->device_count; i++) {
        eye = eye_of(world, i);
        if (eye->db == db || theirs(world, i) == db) {
            break;
        }
    }
    return eye;
}

/* The statement as it was compiled before, or anew. */
sqlite3_stmt *sim_look_prepare(struct sim_world *world, sqlite3 *db, const char *sql)
{
    struct sim_eye *eye = eye_with(world, db);
    struct sim_glance **link = &eye->glances;
    struct sim_glance *glance;

    while ((glance = *link) != NULL &&
           (sqlite3_db_handle(glance->stmt) != db || sqlite3_stmt_busy(glance->stmt) != 0 ||
            strcmp(sqlite3_sql(glance->stmt), sql) != 0)) {
        link = &glance->next;
    }
    if (glance != NULL) { /* to the front: what was asked will be asked again */
        *link = glance->next;
        glance->next = eye->glances;
        eye->glances = glance;
        return glance->stmt;
    }
    glance = calloc(1, sizeof *glance);
    if (glance == NULL) {
        abort();
    }
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &glance->stmt, NULL) !=
        SQLITE_OK) {
        sim_fail(world, "look", "%s: %s", sqlite3_errmsg(db), sql);
        free(glance);
        return NULL;
    }
    glance->next = eye->glances;
    eye->glances = glance;
    return glance->stmt;
}

int64_t sim_look_number(struct sim_world *world, sqlite3 *db, const char *sql, int64_t none)
{
    sqlite3_stmt *stmt = sim_look_prepare(world, db, sql);
    int64_t number = none;

    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW &&
        sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        number = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return number;
}

static tern_status append_blob(struct trn_bytes *text, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char part[128];

    while (size > 0) {
        size_t step = size < sizeof part / 2 ? size : sizeof part / 2;
        tern_status status;

        for (size_t i = 0; i < step; i++) {
            part[2 * i] = digits[data[i] >> 4];
            part[2 * i + 1] = digits[data[i] & 15];
        }
        status = trn_bytes_append(text, part, 2 * step);
        if (status != TERN_OK) {
            return status;
        }
        data += step;
        size -= step;
    }
    return TERN_OK;
}

static tern_status append_cell(struct trn_bytes *text, sqlite3_stmt *stmt, int column)
{
    const void *data;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        return trn_bytes_append(text, "null", 4);
    case SQLITE_BLOB:
        data = sqlite3_column_blob(stmt, column);
        return append_blob(text, data, (size_t)sqlite3_column_bytes(stmt, column));
    default:
        data = sqlite3_column_text(stmt, column);
        return trn_bytes_append(text, data, (size_t)sqlite3_column_bytes(stmt, column));
    }
}

struct trn_bytes sim_look_steps(struct sim_world *world, sqlite3_stmt *stmt)
{
    struct trn_bytes text = {0};
    int columns = sqlite3_column_count(stmt);
    tern_status status = TERN_OK;
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && status == TERN_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; status == TERN_OK && i < columns; i++) {
            status = i > 0 ? trn_bytes_append(&text, "|", 1) : TERN_OK;
            status = status == TERN_OK ? append_cell(&text, stmt, i) : status;
        }
        status = status == TERN_OK ? trn_bytes_append(&text, "\n", 1) : status;
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE || status != TERN_OK) {
        sim_fail(world,
                 "look",
                 "%s: %s",
                 sqlite3_errmsg(sqlite3_db_handle(stmt)),
                 sqlite3_sql(stmt));
    }
    (void)sqlite3_reset(stmt);
    return text;
}

struct trn_bytes sim_look_rows(struct sim_world *world, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = sim_look_prepare(world, db, sql);

    return stmt != NULL ? sim_look_steps(world, stmt) : (struct trn_bytes){0};
}

/* Whether the connection passes over CHECKs now, as one does that writes a server's rows: what it
 * would find sound need not be. Compiled each time, which is when it is asked. */
static bool is_lax(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool lax = true;

    if (sqlite3_prepare_v2(db, "PRAGMA ignore_check_constraints", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        lax = sqlite3_column_int(stmt, 0) != 0;
    }
    (void)sqlite3_finalize(stmt);
    return lax;
}

void sim_look_sound(struct sim_world *world, int device)
{
    const char *name = device == SIM_SERVER ? "server" : world->devices[device].name;
    sqlite3 *near = sim_look_within(world, device);
    sqlite3 *db = is_lax(near) ? sim_look(world, device) : near;
    struct trn_bytes found = sim_look_rows(world, db, "PRAGMA integrity_check");
    struct trn_bytes broken = sim_look_rows(world, db, "PRAGMA foreign_key_check");

    if (strcmp(trn_bytes_text(&found), "ok\n") != 0) {
        sim_fail(world, "integrity", "%s: %.300s", name, trn_bytes_text(&found));
    }
    if (broken.size > 0) {
        sim_fail(world, "references", "%s: %.300s", name, trn_bytes_text(&broken));
    }
    trn_bytes_free(&found);
    trn_bytes_free(&broken);
    sim_look_away(world, device);
}
