/* A restored server gives numbers again that devices know by others: what it lacks are those above
 * its last, but for those that it gave as it started, to erasures that it did again. */
#include "sim/restored.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "model/clock.h"
#include "sim/applied.h"
#include "sim/granted.h"
#include "sim/look.h"
#include "sim/retried.h"
#include "sim/room.h"
#include "sim/unit.h"
#include "wire/entry.h"

struct sim_expected {
    int device;
    const struct trn_table *table; /* as that knew it */
    tern_id row;
    size_t unit;
    struct trn_stamp stamp;
    uint64_t values;  /* as of sim_unit */
    unsigned records; /* users in whose record the row lay, a bit each */
};

/* ---- What devices show ---- */

struct lost {
    int64_t key;
    int64_t time_us;
    tern_id device;
};

struct noting {
    struct sim_device *device;
    sqlite3 *db;
    int64_t last; /* number of the backup */
    struct lost *lost;
    size_t lost_count;
};

static void add(struct sim_world *world, const struct sim_expected *expected)
{
    world->expected = sim_room(world->expected,
                               world->expected_count,
                               &world->expected_room,
                               sizeof *world->expected);
    world->expected[world->expected_count++] = *expected;
}

static int64_t read_last(struct sim_world *world)
{
    sqlite3_stmt *stmt;
    int64_t last = 0;

    if (world->db == NULL || sim_disk_is_dead(world->disk)) {
        return world->answered_to;
    }
    stmt = sim_look_prepare(world,
                            sim_look_within(world, SIM_SERVER),
                            "SELECT max(number) FROM tern_entry WHERE received < ?1");
    (void)sqlite3_bind_int64(stmt, 1, world->now_us);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        last = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(world, SIM_SERVER);
    return last;
}

/* The transactions above the server's last. */
static void read_lost(struct noting *noting)
{
    struct sim_world *world = noting->device->world;
    sqlite3_stmt *stmt =
        sim_look_prepare(world,
                         noting->db,
                         "SELECT key, time, device FROM tern_tx WHERE number > ?1 ORDER BY key");
    size_t room = 0;

    (void)sqlite3_bind_int64(stmt, 1, noting->last);
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        noting->lost = sim_room(noting->lost, noting->lost_count, &room, sizeof *noting->lost);
        noting->lost[noting->lost_count++] = (struct lost){.key = sqlite3_column_int64(stmt, 0),
                                                           .time_us = sqlite3_column_int64(stmt, 1),
                                                           .device = sim_applied_id(stmt, 2)};
    }
    (void)sqlite3_reset(stmt);
}

static int compare_keys(const void *left, const void *right)
{
    const struct lost *a = left;
    const struct lost *b = right;

    return a->key < b->key ? -1 : a->key > b->key;
}

static const struct lost *find_lost(const struct noting *noting, int64_t key)
{
    const struct lost sought = {.key = key};

    return noting->lost_count == 0 ? NULL
                                   : bsearch(&sought,
                                             noting->lost,
                                             noting->lost_count,
                                             sizeof *noting->lost,
                                             compare_keys);
}

static unsigned bit_of(const struct sim_world *world, const tern_id *id)
{
    for (size_t i = 0; i < world->user_count; i++) {
        if (trn_id_equal(&world->users[i].id, id)) {
            return 1U << i;
        }
    }
    return 0;
}

static unsigned read_records(const struct sim_world *world, sqlite3_stmt *stmt, int first)
{
    unsigned records = 0;

    for (int i = first; i < sqlite3_column_count(stmt); i++) {
        tern_id id = sim_applied_id(stmt, i);

        records |= bit_of(world, &id);
    }
    return records;
}

/* Units of the server's are not a device's to bring back; nor are the defaults of an insert over
 * which another has put its own. Of a deleted row nothing but that is shown. */
static bool is_expected(const struct trn_table *table,
                        const struct trn_version *version,
                        size_t unit,
                        bool lives)
{
    if (unit == TRN_UNIT_EXISTENCE) {
        return true;
    }
    return lives && !table->server_owned_units[unit] &&
           (trn_version_rank(version, unit) == TRN_RANK_1_RECORDED ||
            version->keys[unit] == version->keys[TRN_UNIT_EXISTENCE]);
}

static void note_row(struct noting *noting, const struct trn_table *table, sqlite3_stmt *stmt)
{
    struct sim_world *world = noting->device->world;
    struct sim_expected expected = {.device = noting->device->index,
                                    .table = table,
                                    .row = sim_applied_id(stmt, 0),
                                    .records = read_records(world, stmt, 3)};
    sqlite3_stmt *units = sim_unit_prepare(world, noting->db, table);
    tern_value cell = sim_unit_cell(stmt, 1);
    bool lives = sqlite3_column_int(stmt, 2) != 0;
    struct trn_version version;

    if (units == NULL || trn_version_decode(&cell, table->unit_count, &version, NULL) != TERN_OK) {
        return;
    }
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        const struct lost *lost = find_lost(noting, version.keys[unit]);
        struct sim_unit shown;

        if (lost != NULL && is_expected(table, &version, unit, lives) &&
            sim_unit_read(units, table, &expected.row, unit, &shown)) {
            expected.unit = unit;
            expected.values = shown.values;
            expected.stamp = (struct trn_stamp){shown.rank, lost->time_us, lost->device};
            add(world, &expected);
        }
    }
}

static void note_table(struct noting *noting, const struct trn_table *table)
{
    const struct trn_schema *schema = sim_device_schema(noting->device);
    struct trn_bytes sql = {0};
    sqlite3_stmt *stmt;
    tern_status status = trn_bytes_append_text(&sql, "SELECT r.id, r.tern_v, r.deleted_at IS NULL");

    for (size_t i = 0; status == TERN_OK && i < table->scope_count; i++) {
        status = trn_bytes_append_text(&sql, ", ");
        sim_granted_append_path(schema, &table->scopes[i], &sql);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(&sql, " FROM \"%s\" r", table->name);
    }
    if (status != TERN_OK) {
        abort();
    }
    stmt = sim_look_prepare(noting->device->world, noting->db, trn_bytes_text(&sql));
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        note_row(noting, table, stmt);
    }
    (void)sqlite3_reset(stmt);
    trn_bytes_free(&sql);
}

void sim_restored_note(struct sim_world *world)
{
    const int64_t last = read_last(world);

    for (size_t i = 0; i < world->device_count; i++) {
        struct noting noting = {.device = &world->devices[i], .last = last};
        const struct trn_schema *schema = sim_device_schema(noting.device);

        if (noting.device->replica == NULL || sim_disk_is_dead(noting.device->disk)) {
            continue;
        }
        noting.db = sim_look_within(world, (int)i);
        read_lost(&noting);
        /* The last table is the audit, which is the server's. */
        for (size_t t = 0; noting.lost_count > 0 && t + 1 < schema->table_count; t++) {
            note_table(&noting, &schema->tables[t]);
        }
        sim_look_away(world, (int)i);
        free(noting.lost);
    }
}

/* ---- What is not expected any more ---- */

static void drop(struct sim_world *world, size_t *at)
{
    world->expected[(*at)--] = world->expected[--world->expected_count];
}

void sim_restored_forget(struct sim_device *device)
{
    struct sim_world *world = device->world;

    for (size_t i = 0; i < world->expected_count; i++) {
        if (world->expected[i].device == device->index) {
            drop(world, &i);
        }
    }
}

/* ---- Parked rows ---- */

struct row {
    const char *table;
    tern_id id;
};

struct rows {
    struct row *items;
    size_t count;
    size_t room;
};

static void add_row(struct rows *rows, const char *table, const tern_id *id)
{
    rows->items = sim_room(rows->items, rows->count, &rows->room, sizeof *rows->items);
    rows->items[rows->count++] = (struct row){table, *id};
}

static void add_rows_of(struct rows *rows, const struct trn_schema *schema, struct trn_slice body)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, schema, body, NULL);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        add_row(rows, change.table->name, &change.id);
    }
    trn_entry_close(&reader);
}

static void add_parked(struct rows *rows, struct sim_device *device)
{
    struct sim_entries entries = sim_entries_read(device);

    for (size_t i = 0; i < entries.count; i++) {
        const struct sim_entries_item *entry = &entries.items[i];

        if (entry->is_parked) {
            add_rows_of(rows,
                        sim_device_schema(device),
                        trn_slice_make(entries.bodies.data + entry->at, entry->size));
        }
    }
    sim_entries_free(&entries);
}

static bool has_row(const struct rows *rows, const struct sim_expected *expected)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (trn_id_equal(&rows->items[i].id, &expected->row) &&
            strcmp(rows->items[i].table, expected->table->name) == 0) {
            return true;
        }
    }
    return false;
}

void sim_restored_decide(struct sim_device *device)
{
    struct sim_world *world = device->world;
    struct rows rows = {.count = 0};

    if (world->expected_count > 0 && device->replica != NULL && !sim_disk_is_dead(device->disk)) {
        add_parked(&rows, device);
        for (size_t i = 0; i < world->expected_count; i++) {
            if (has_row(&rows, &world->expected[i])) {
                drop(world, &i);
            }
        }
        free(rows.items);
    }
}

/* ---- What became of it ---- */

static struct trn_stamp
read_stamp(struct sim_world *world, sqlite3 *db, const struct sim_unit *unit)
{
    struct trn_stamp stamp = {.rank = unit->rank, .time_us = INT64_MIN};
    sqlite3_stmt *stmt =
        sim_look_prepare(world, db, "SELECT time, device FROM tern_entry WHERE number = ?1");

    (void)sqlite3_bind_int64(stmt, 1, unit->key);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        stamp.time_us = sqlite3_column_int64(stmt, 0);
        stamp.device = sim_applied_id(stmt, 1);
    }
    (void)sqlite3_reset(stmt);
    return stamp;
}

/* Whether it says that a row is deleted which the server does not have: that is done, and holds
 * nothing against whoever brings the row back later. */
static bool is_done(struct sim_world *world, sqlite3 *db, const struct sim_expected *expected)
{
    const struct trn_schema *schema = world->documents[world->served].schema;
    const struct trn_table *table = trn_schema_table(schema, expected->table->name);
    sqlite3_stmt *stmt = sim_unit_prepare(world, db, table);
    struct sim_unit row;

    return expected->unit == TRN_UNIT_EXISTENCE && expected->values == 0 &&
           (stmt == NULL || !sim_unit_read(stmt, table, &expected->row, expected->unit, &row));
}

/* Whether the server has it, or what wins over it; what lay beneath a deletion went with it. */
static bool is_there(struct sim_world *world, sqlite3 *db, const struct sim_expected *expected)
{
    const struct trn_schema *schema = world->documents[world->served].schema;
    const struct trn_table *table = trn_schema_table(schema, expected->table->name);
    sqlite3_stmt *stmt = sim_unit_prepare(world, db, table);
    struct sim_unit row;
    struct sim_unit unit;
    struct trn_stamp stamp;

    if (stmt == NULL || !sim_unit_read(stmt, table, &expected->row, TRN_UNIT_EXISTENCE, &row)) {
        return is_done(world, db, expected);
    }
    if (expected->unit != TRN_UNIT_EXISTENCE && row.values == 0) {
        return true;
    }
    (void)sim_unit_read(stmt, table, &expected->row, expected->unit, &unit);
    if (unit.values == expected->values) {
        return true;
    }
    stamp = read_stamp(world, db, &unit);
    return trn_stamp_compare(&stamp, &expected->stamp) > 0 ||
           (table != expected->table && trn_stamp_compare(&stamp, &expected->stamp) == 0);
}

void sim_restored_settle(struct sim_world *world)
{
    sqlite3 *db;

    if (world->expected_count == 0 || world->db == NULL || sim_disk_is_dead(world->disk)) {
        return;
    }
    db = sim_look_within(world, SIM_SERVER);
    for (size_t i = 0; i < world->expected_count; i++) {
        if (is_there(world, db, &world->expected[i])) {
            drop(world, &i);
        }
    }
    sim_look_away(world, SIM_SERVER);
}

void sim_restored_sync(struct sim_device *device, bool heard_all)
{
    struct sim_world *world = device->world;
    struct sim_granted granted;
    sqlite3 *db;
    unsigned open = 0;

    if (world->expected_count == 0 || world->db == NULL || sim_disk_is_dead(world->disk)) {
        return;
    }
    db = sim_look_within(world, SIM_SERVER);
    sim_granted_find(world, db, device->user, &granted);
    for (size_t i = 0; i < granted.count; i++) {
        tern_id id;

        if (trn_hex_decode(trn_slice_make(granted.ids[i], 32), id.bytes, sizeof id.bytes)) {
            open |= bit_of(world, &id);
        }
    }
    for (size_t i = 0; i < world->expected_count; i++) {
        if (world->expected[i].device == device->index &&
            ((world->expected[i].records & open) == 0 ||
             (heard_all && is_done(world, db, &world->expected[i])))) {
            drop(world, &i);
        }
    }
    sim_look_away(world, SIM_SERVER);
}

/* Whether an erasure may have taken it: the row's, its record's, or that of whoever showed it,
 * whose devices forget what they kept. */
static bool may_be_erased(struct sim_world *world, sqlite3 *db, const struct sim_expected *expected)
{
    bool erased = world->erased[world->devices[expected->device].user];
    sqlite3_stmt *stmt;

    for (size_t i = 0; i < world->user_count; i++) {
        erased = erased || (world->erased[i] && (expected->records & 1U << i) != 0);
    }
    if (erased || !world->any_erased) {
        return erased;
    }
    stmt = sim_look_prepare(world,
                            db,
                            "SELECT 1 FROM tern_erased WHERE substr(id, 1, 16) = ?1 AND flags & 1");
    (void)
        sqlite3_bind_blob(stmt, 1, expected->row.bytes, sizeof expected->row.bytes, SQLITE_STATIC);
    erased = sqlite3_step(stmt) == SQLITE_ROW;
    (void)sqlite3_reset(stmt);
    return erased;
}

/* Offered again to a server whose clock stands before it, it was stored at an earlier time. */
static bool is_moved(const struct sim_world *world, const struct sim_expected *expected)
{
    return expected->stamp.time_us - TRN_CLOCK_AHEAD_US > world->earliest_us;
}

void sim_restored_check(struct sim_world *world)
{
    struct rows parked = {.count = 0};
    sqlite3 *db;

    if (world->expected_count == 0) {
        return;
    }
    for (size_t i = 0; i < world->device_count; i++) {
        if (world->devices[i].replica != NULL) {
            add_parked(&parked, &world->devices[i]);
        }
    }
    db = sim_look_within(world, SIM_SERVER);
    for (size_t i = 0; i < world->expected_count && !sim_failed(world); i++) {
        const struct sim_expected *expected = &world->expected[i];
        char id[2 * sizeof expected->row.bytes + 1];

        if (is_moved(world, expected) || is_there(world, db, expected) ||
            has_row(&parked, expected) || may_be_erased(world, db, expected)) {
            continue;
        }
        trn_hex_encode(expected->row.bytes, sizeof expected->row.bytes, id);
        sim_fail(world,
                 "restored",
                 "unit %zu of %s %s, which %s showed as the server came back without it, is "
                 "neither there again nor parked",
                 expected->unit,
                 expected->table->name,
                 id,
                 world->devices[expected->device].name);
    }
    sim_look_away(world, SIM_SERVER);
    free(parked.items);
}

void sim_restored_end(struct sim_world *world)
{
    free(world->expected);
    world->expected = NULL;
    world->expected_count = 0;
    world->expected_room = 0;
}
