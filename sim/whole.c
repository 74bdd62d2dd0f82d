/*
 * The last units that were written, in a ring. A unit says that its transaction is here where it
 * names that very one, and that it is not where the row is missing or names an older one; where it
 * names a later one, or an edit of the device's own, it says nothing.
 */
#include "sim/whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "model/version.h"
#include "model/window.h"
#include "sim/look.h"

enum { UNITS = 96, VISIBLE = 1, ABSENT = 2, SILENT = 0 };

struct sim_whole {
    struct written {
        const struct trn_table *table;
        tern_id row;
        size_t unit;
        int64_t number; /* 0: none */
        tern_id scope;
    } units[UNITS];
    size_t next;
    bool stopped;
};

struct sim_whole *sim_whole_new(void)
{
    struct sim_whole *whole = calloc(1, sizeof *whole);

    if (whole == NULL) {
        abort();
    }
    return whole;
}

void sim_whole_free(struct sim_whole *whole)
{
    free(whole);
}

void sim_whole_stop(struct sim_whole *whole)
{
    whole->stopped = true;
}

/* Tables and units that every app knows, and rows that never leave for their age. */
static bool is_for_all(const struct sim_world *world, const struct trn_table *table, size_t unit)
{
    const struct trn_table *first = trn_schema_table(world->documents[0].schema, table->name);

    return first != NULL && unit < first->unit_count && table->scope_count == 1 &&
           !trn_window_is_declared(table);
}

void sim_whole_add(struct sim_world *world,
                   const struct trn_table *table,
                   const tern_id *row,
                   size_t unit,
                   int64_t number,
                   const tern_id *scope)
{
    struct sim_whole *whole = world->whole;

    if (!whole->stopped && is_for_all(world, table, unit)) {
        whole->units[whole->next] = (struct written){table, *row, unit, number, *scope};
        whole->next = (whole->next + 1) % UNITS;
    }
}

/* ---- The reader ---- */

static int64_t number_of_key(struct sim_world *world, sqlite3 *db, int64_t key)
{
    sqlite3_stmt *stmt = sim_look_prepare(world, db, "SELECT number FROM tern_tx WHERE key = ?1");
    int64_t number = 0;

    (void)sqlite3_bind_int64(stmt, 1, key);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        number = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return number;
}

static int look_at(struct sim_device *device, sqlite3 *db, const struct written *written)
{
    struct sim_world *world = device->world;
    const struct trn_table *table =
        trn_schema_table(sim_device_schema(device), written->table->name);
    char sql[120];
    sqlite3_stmt *stmt;
    struct trn_version version;
    bool found = false;
    bool read = false;
    int64_t number = 0;

    (void)snprintf(sql, sizeof sql, "SELECT tern_v FROM \"%s\" WHERE id = ?1", table->name);
    stmt = sim_look_prepare(world, db, sql);
    (void)sqlite3_bind_blob(stmt, 1, written->row.bytes, sizeof written->row.bytes, SQLITE_STATIC);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        tern_value cell =
            tern_value_blob(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));

        if (sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
            cell = tern_value_integer(sqlite3_column_int64(stmt, 0));
        }
        found = true;
        read = trn_version_decode(&cell, table->unit_count, &version, NULL) == TERN_OK;
    }
    (void)sqlite3_reset(stmt);
    if (!found || !read) {
        return found ? SILENT : ABSENT;
    }
    number = number_of_key(world, db, version.keys[written->unit]);
    return number == written->number                ? VISIBLE
           : number > 0 && number < written->number ? ABSENT
                                                    : SILENT;
}

static bool is_one_atom(const struct written *a, const struct written *b)
{
    return a->number == b->number && trn_id_equal(&a->scope, &b->scope);
}

/* Whether an earlier unit of the ring is of the same atom: it was looked at with that. */
static bool is_done(const struct sim_whole *whole, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_one_atom(&whole->units[i], &whole->units[index])) {
            return true;
        }
    }
    return false;
}

/* Of a unit that is its atom alone there is nothing to miss. */
static bool is_alone(const struct sim_whole *whole, size_t index)
{
    for (size_t i = index + 1; i < UNITS; i++) {
        if (is_one_atom(&whole->units[i], &whole->units[index])) {
            return false;
        }
    }
    return true;
}

static void look_at_atom(struct sim_device *device, sqlite3 *db, size_t first)
{
    const struct sim_whole *whole = device->world->whole;
    const struct written *here = NULL;
    const struct written *gone = NULL;

    for (size_t i = first; i < UNITS; i++) {
        if (is_one_atom(&whole->units[i], &whole->units[first])) {
            int seen = look_at(device, db, &whole->units[i]);

            here = seen == VISIBLE ? &whole->units[i] : here;
            gone = seen == ABSENT ? &whole->units[i] : gone;
        }
    }
    if (here != NULL && gone != NULL) {
        sim_fail(device->world,
                 "atomic visibility",
                 "%s shows transaction %lld in %s and not in %s of one record",
                 device->name,
                 (long long)here->number,
                 here->table->name,
                 gone->table->name);
    }
}

void sim_whole_look(struct sim_device *device)
{
    struct sim_world *world = device->world;
    sqlite3 *db;

    if (world->whole->stopped || world->any_erased || device->replica == NULL ||
        sim_disk_is_dead(device->disk)) {
        return;
    }
    db = sim_look(world, device->index);
    for (size_t i = 0; i < UNITS && !sim_failed(world); i++) {
        if (world->whole->units[i].number != 0 && !is_alone(world->whole, i) &&
            !is_done(world->whole, i)) {
            look_at_atom(device, db, i);
        }
    }
    sim_look_away(world, device->index);
}
