/* The library's own hook comes first, so what it reads costs it what it always does. */
#include "sim/counted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "schema/schema.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/room.h"
#include "sim/unit.h"
#include "store/cell.h"
#include "store/state.h"

typedef void hook(void *context,
                  sqlite3 *db,
                  int operation,
                  const char *database,
                  const char *name,
                  sqlite3_int64 old_rowid,
                  sqlite3_int64 new_rowid);

/* A row that was about to change. */
struct touch {
    size_t table;
    int64_t rowid;
    size_t order;
    bool is_known;
    uint64_t before; /* a hash of what it showed; 0: there was none */
};

struct sim_counted {
    struct sim_device *device;
    hook *theirs;
    void *context;
    uint64_t *counts; /* as last looked at, by table */
    struct touch *touches;
    size_t count;
    size_t room;
};

static struct sim_counted *opening;

void *__real_sqlite3_preupdate_hook(sqlite3 *db, hook *call, void *context);
void *__wrap_sqlite3_preupdate_hook(sqlite3 *db, hook *call, void *context);

/* ---- What a row shows ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *at = data;

    for (; size > 0; size -= size < sizeof hash ? size : sizeof hash) {
        uint64_t word = 0;

        memcpy(&word, at, size < sizeof word ? size : sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
        at += sizeof word;
    }
    return hash;
}

/* SQLite shows a whole number of a REAL column as an integer, before it changes. */
static uint64_t mix_cell(uint64_t hash, const tern_value *cell)
{
    double number = cell->kind == TERN_INTEGER ? (double)cell->integer : cell->real;

    if (cell->kind == TERN_TEXT || cell->kind == TERN_BLOB) {
        return mix(hash, cell->data, cell->size) + cell->size;
    }
    return cell->kind == TERN_NULL ? hash * 31 + 7 : mix(hash, &number, sizeof number);
}

/* False where SQLite has no memory to tell. */
static bool
read_before(const struct sim_counted *counted, sqlite3 *db, size_t table, uint64_t *ret_hash)
{
    int hidden = counted->device->replica->store->tables[table].version_position;
    uint64_t hash = 1;

    for (int i = 0; i < sqlite3_preupdate_count(db); i++) {
        sqlite3_value *value = NULL;
        tern_value cell;

        if (i == hidden) {
            continue;
        }
        if (sqlite3_preupdate_old(db, i, &value) != SQLITE_OK || value == NULL ||
            !trn_value_is_whole(value)) {
            return false;
        }
        cell = trn_value_of(value);
        hash = mix_cell(hash, &cell);
    }
    *ret_hash = hash | 1;
    return true;
}

static uint64_t
read_now(const struct sim_counted *counted, sqlite3_stmt *stmt, const struct touch *touch)
{
    int hidden = counted->device->replica->store->tables[touch->table].version_position;
    uint64_t hash = 0;

    (void)sqlite3_bind_int64(stmt, 1, touch->rowid);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        hash = 1;
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            tern_value cell = sim_unit_cell(stmt, i);

            hash = i != hidden ? mix_cell(hash, &cell) : hash;
        }
        hash |= 1;
    }
    (void)sqlite3_reset(stmt);
    return hash;
}

/* ---- Listening ---- */

static size_t table_of(const struct trn_schema *schema, const char *name)
{
    size_t table = 0;

    while (table < schema->table_count && strcmp(schema->tables[table].name, name) != 0) {
        table++;
    }
    return table;
}

static void on_change(void *context,
                      sqlite3 *db,
                      int operation,
                      const char *database,
                      const char *name,
                      sqlite3_int64 old_rowid,
                      sqlite3_int64 new_rowid)
{
    struct sim_counted *counted = context;
    const tern_replica *replica = counted->device->replica;
    struct touch touch = {.rowid = operation == SQLITE_INSERT ? new_rowid : old_rowid,
                          .order = counted->count};

    counted->theirs(counted->context, db, operation, database, name, old_rowid, new_rowid);
    if (replica == NULL || strcmp(database, "main") != 0) {
        return;
    }
    touch.table = table_of(replica->schema, name);
    if (touch.table == replica->schema->table_count) {
        return;
    }
    sim_memory_suspend();
    touch.is_known =
        operation == SQLITE_INSERT || read_before(counted, db, touch.table, &touch.before);
    counted->touches =
        sim_room(counted->touches, counted->count, &counted->room, sizeof *counted->touches);
    counted->touches[counted->count++] = touch;
    sim_memory_resume();
}

/* By the linker's --wrap: SQLite calls one hook of a connection. */
void *__wrap_sqlite3_preupdate_hook(sqlite3 *db, hook *call, void *context)
{
    if (opening == NULL) {
        return __real_sqlite3_preupdate_hook(db, call, context);
    }
    opening->theirs = call;
    opening->context = context;
    return __real_sqlite3_preupdate_hook(db, on_change, opening);
}

void sim_counted_begin(struct sim_device *device)
{
    sim_counted_free(device);
    device->counted = calloc(1, sizeof *device->counted);
    if (device->counted == NULL) {
        abort();
    }
    device->counted->device = device;
    opening = device->counted;
}

void sim_counted_end(void)
{
    opening = NULL;
}

void sim_counted_free(struct sim_device *device)
{
    if (device->counted != NULL) {
        free(device->counted->counts);
        free(device->counted->touches);
        free(device->counted);
        device->counted = NULL;
    }
}

/* ---- Looking ---- */

/* By table and row, the first one first. */
static int compare(const void *left, const void *right)
{
    const struct touch *a = left;
    const struct touch *b = right;

    if (a->table != b->table) {
        return a->table < b->table ? -1 : 1;
    }
    if (a->rowid != b->rowid) {
        return a->rowid < b->rowid ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

static void look_at_row(const struct sim_counted *counted, sqlite3 *db, const struct touch *touch)
{
    struct sim_world *world = counted->device->world;
    const struct trn_table *table = &counted->device->replica->schema->tables[touch->table];
    char sql[300];
    sqlite3_stmt *stmt;

    (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" WHERE rowid = ?1", table->name);
    stmt = sim_look_prepare(world, db, sql);
    if (stmt != NULL && touch->is_known && read_now(counted, stmt, touch) != touch->before) {
        sim_fail(world,
                 "counters",
                 "row %lld of %s has changed on %s, and the table's counter has not moved",
                 (long long)touch->rowid,
                 table->name,
                 counted->device->name);
    }
}

/* Which tables' counters have moved since the last look. */
static void read_counts(struct sim_counted *counted, bool *ret_moved)
{
    tern_replica *replica = counted->device->replica;

    for (size_t i = 0; i < replica->schema->table_count; i++) {
        const char *name = replica->schema->tables[i].name;
        uint64_t count = 0;

        if (tern_replica_changes(replica, name, &count, NULL) != TERN_OK) {
            sim_fail(counted->device->world, "counters", "there is no counter of %s", name);
        }
        ret_moved[i] = count != counted->counts[i];
        counted->counts[i] = count;
    }
}

void sim_counted_look(struct sim_device *device)
{
    struct sim_counted *counted = device->counted;
    bool moved[TRN_SCHEMA_TABLES_MAX];
    size_t unmoved = 0;
    sqlite3 *db;

    if (counted == NULL || counted->count == 0 || device->replica == NULL ||
        sim_disk_is_dead(device->disk)) {
        return;
    }
    if (counted->counts == NULL) {
        counted->counts = calloc(device->replica->schema->table_count, sizeof *counted->counts);
        if (counted->counts == NULL) {
            abort();
        }
    }
    read_counts(counted, moved);
    for (size_t i = 0; i < counted->count; i++) {
        if (!moved[counted->touches[i].table]) {
            counted->touches[unmoved++] = counted->touches[i];
        }
    }
    counted->count = 0;
    if (unmoved == 0) {
        return;
    }
    qsort(counted->touches, unmoved, sizeof *counted->touches, compare);
    db = sim_look_within(device->world, device->index);
    for (size_t i = 0; i < unmoved; i++) {
        const struct touch *touch = &counted->touches[i];

        if (i == 0 || touch->table != touch[-1].table || touch->rowid != touch[-1].rowid) {
            look_at_row(counted, db, touch);
        }
    }
    sim_look_away(device->world, device->index);
}
