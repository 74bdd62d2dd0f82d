/* Rows count that always lay in records of whose erasure the device was told, and whose ids derive
 * from nothing that they say. */
#include "sim/remains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "sim/device.h"
#include "sim/look.h"
#include "sim/patterns.h"
#include "sim/strangers.h"
#include "wire/gzip.h"
#include "wire/limits.h"

/* ---- What is told ---- */

static const char gone_line[] = "\n[\"g\",\"";

void sim_remains_hear(struct sim_device *device, struct trn_slice answer)
{
    struct sim_world *world = device->world;
    struct trn_bytes text = {0};
    const char *at;

    if (!world->any_erased || trn_bytes_append_slice(&text, answer) != TERN_OK) {
        return;
    }
    at = trn_bytes_text(&text);
    while ((at = strstr(at, gone_line)) != NULL) {
        tern_id scope;

        at += sizeof gone_line - 1;
        if (strcspn(at, "\"") != TRN_ID_WIRE_SIZE || at[TRN_ID_WIRE_SIZE + 1] != ',' ||
            !trn_base64_decode(trn_slice_make(at, TRN_ID_WIRE_SIZE), scope.bytes)) {
            continue;
        }
        for (size_t i = 0; i < world->user_count; i++) {
            if (trn_id_equal(&world->users[i].id, &scope)) {
                device->told_erased |= 1U << i;
            }
        }
    }
    trn_bytes_free(&text);
}

/* ---- What is kept ---- */

struct looking {
    struct sim_device *device;
    sqlite3_stmt *is_erased;
    struct trn_bytes kept; /* the bytes that may name them */
    struct sim_patterns *patterns;
};

static void append(struct trn_bytes *bytes, struct trn_slice slice)
{
    /* A gap, lest an id begin in one cell and end in another. */
    if (trn_bytes_append_slice(bytes, slice) != TERN_OK ||
        trn_bytes_append(bytes, "\n", 1) != TERN_OK) {
        abort();
    }
}

/* Entries, as they lie in the file and what they say. */
static void read_entries(struct looking *looking)
{
    struct sim_device *device = looking->device;
    sqlite3_stmt *stmt = sim_look_prepare(
        device->world,
        sim_look_within(device->world, device->index),
        "SELECT coalesce(o.body, b.body), o.undo, o.gzip FROM tern_outbox o LEFT JOIN tern_body b "
        "ON b.ordinal = o.ordinal");

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        struct trn_bytes plain = {0};

        for (int i = 0; i < 2; i++) {
            append(&looking->kept,
                   trn_slice_make(sqlite3_column_blob(stmt, i),
                                  (size_t)sqlite3_column_bytes(stmt, i)));
        }
        if (sqlite3_column_int(stmt, 2) != 0 &&
            trn_gunzip(
                trn_slice_make(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)),
                TRN_WIRE_TX_BYTES_MAX,
                &plain,
                NULL) == TERN_OK) {
            append(&looking->kept, trn_bytes_slice(&plain));
        }
        trn_bytes_free(&plain);
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(device->world, device->index);
}

/* All that the statement gives. */
static void read_cells(struct looking *looking, const char *sql)
{
    struct sim_device *device = looking->device;
    sqlite3_stmt *stmt =
        sim_look_prepare(device->world, sim_look_within(device->world, device->index), sql);

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            append(&looking->kept,
                   trn_slice_make(sqlite3_column_blob(stmt, i),
                                  (size_t)sqlite3_column_bytes(stmt, i)));
        }
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(device->world, device->index);
}

/* Rows of other records may name one, as a log of who did what does. */
static void read_rows(struct looking *looking)
{
    const struct trn_schema *schema = sim_device_schema(looking->device);
    char sql[300];

    for (size_t i = 0; i < schema->table_count; i++) {
        for (size_t c = 0; c < schema->tables[i].column_count; c++) {
            const struct trn_column *column = &schema->tables[i].columns[c];

            if (column->type == TRN_TYPE_UUID) {
                (void)snprintf(sql,
                               sizeof sql,
                               "SELECT \"%s\" FROM \"%s\"",
                               column->name,
                               schema->tables[i].name);
                read_cells(looking, sql);
            }
        }
    }
}

/* Reminders that the medication library lists as cancelled, until their time has passed. */
static void read_cancelled(struct looking *looking)
{
    struct sim_world *world = looking->device->world;
    sqlite3 *db = sim_look_within(world, looking->device->index);
    bool any =
        sim_look_number(world, db, "SELECT 1 FROM sqlite_master WHERE name = 'care_listed'", 0) !=
        0;

    sim_look_away(world, looking->device->index);
    if (any) {
        read_cells(looking, "SELECT * FROM care_listed");
    }
}

static bool is_kept(const struct looking *looking, const tern_id *id)
{
    struct sim_patterns *one = sim_patterns_new();
    size_t at = 0;
    bool found;

    sim_patterns_add(one, id);
    found = sim_patterns_find(one, looking->kept.data, looking->kept.size, &at) != NULL;
    sim_patterns_free(one);
    return found;
}

/* ---- What is left ---- */

static void add_erased(void *context, const tern_id *id, unsigned scopes)
{
    struct looking *looking = context;
    uint8_t end[sizeof id->bytes + 3]; /* behind all that a row of the id is listed under */
    bool erased;

    if ((scopes & ~looking->device->told_erased) != 0) {
        return;
    }
    memset(end, 0xFF, sizeof end);
    memcpy(end, id->bytes, sizeof id->bytes);
    (void)sqlite3_bind_blob(looking->is_erased, 1, id->bytes, sizeof id->bytes, SQLITE_STATIC);
    (void)sqlite3_bind_blob(looking->is_erased, 2, end, sizeof end, SQLITE_STATIC);
    erased = sqlite3_step(looking->is_erased) == SQLITE_ROW;
    (void)sqlite3_reset(looking->is_erased);
    if (erased && !is_kept(looking, id)) {
        sim_patterns_add(looking->patterns, id);
    }
}

static size_t read_two(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* Blanks what lies between the cell pointers of a b-tree's page and its cells. SQLite leaves there
 * what a page held before its cells were spread over others, and overwrites none of it when these
 * cells go (https://sqlite.org/fileformat2.html, "B-tree Pages"). */
static void blank_unused(uint8_t *page, uint8_t *header, size_t page_size)
{
    bool is_leaf = header[0] == 10 || header[0] == 13;
    size_t begin = (size_t)(header - page) + (is_leaf ? 8 : 12) + 2 * read_two(header + 3);
    size_t end = read_two(header + 5);

    if ((is_leaf || header[0] == 2 || header[0] == 5) && begin < end && end <= page_size) {
        memset(page + begin, 0, end - begin);
    }
}

/* The file without these; to be freed. */
static uint8_t *copy_used(const uint8_t *data, size_t size)
{
    enum { FILE_HEADER = 100 };
    uint8_t *copy = malloc(size + 1);
    size_t page_size = size > FILE_HEADER ? read_two(data + 16) : size;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    for (size_t at = 0; page_size > FILE_HEADER && at + page_size <= size; at += page_size) {
        blank_unused(copy + at, copy + at + (at == 0 ? FILE_HEADER : 0), page_size);
    }
    return copy;
}

static void look_at_file(void *context, const char *name, const uint8_t *data, size_t size)
{
    const struct looking *looking = context;
    uint8_t *used = copy_used(data, size);
    size_t at = 0;
    const tern_id *row = sim_patterns_find(looking->patterns, used, size, &at);
    char id[33];

    if (row != NULL) {
        trn_hex_encode(row->bytes, sizeof row->bytes, id);
        sim_fail(looking->device->world,
                 "remains",
                 "the file %s of %s has row %s at byte %zu, which was erased",
                 name,
                 looking->device->name,
                 id,
                 at);
    }
    free(used);
}

static void look_at_device(struct sim_device *device)
{
    struct looking looking = {.device = device, .patterns = sim_patterns_new()};

    read_entries(&looking);
    read_rows(&looking);
    read_cancelled(&looking);
    looking.is_erased =
        sim_look_prepare(device->world,
                         sim_look_within(device->world, SIM_SERVER),
                         "SELECT 1 FROM tern_erased WHERE id > ?1 AND id < ?2 AND flags & 1");
    if (looking.is_erased != NULL) {
        sim_strangers_visit(device->world, add_erased, &looking);
    }
    sim_look_away(device->world, SIM_SERVER);
    if (!sim_patterns_are_none(looking.patterns)) {
        sim_device_close(device);
        sim_disk_visit(device->disk, look_at_file, &looking);
        sim_device_reopen(device, false);
    }
    sim_patterns_free(looking.patterns);
    trn_bytes_free(&looking.kept);
}

void sim_remains_check(struct sim_world *world)
{
    for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
        if (world->devices[i].told_erased != 0 && world->devices[i].replica != NULL) {
            look_at_device(&world->devices[i]);
        }
    }
}
