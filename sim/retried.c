/* New entries come in the order of those that they stand for. */
#include "sim/retried.h"

#include <stdlib.h>
#include <string.h>

#include "sim/applied.h"
#include "sim/look.h"
#include "wire/entry.h"
#include "wire/gzip.h"
#include "wire/limits.h"

static void add(struct sim_entries *entries, sqlite3_stmt *stmt)
{
    struct trn_slice body =
        trn_slice_make(sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2));
    struct sim_entries_item item = {.ordinal = (uint64_t)sqlite3_column_int64(stmt, 0),
                                    .key = sqlite3_column_int64(stmt, 4),
                                    .time_us = sqlite3_column_int64(stmt, 5),
                                    .author = sim_applied_id(stmt, 6),
                                    .kind = sqlite3_column_int(stmt, 7),
                                    .is_parked = sqlite3_column_int(stmt, 1) != 0,
                                    .is_unseen = sqlite3_column_int(stmt, 8) != 0,
                                    .is_offered_again =
                                        sqlite3_column_int(stmt, 9) == TERN_ERR_EPOCH_CHANGED,
                                    .at = entries->bodies.size};
    tern_status status = sqlite3_column_int(stmt, 3) != 0
                             ? trn_gunzip(body, TRN_WIRE_TX_BYTES_MAX, &entries->bodies, NULL)
                             : trn_bytes_append_slice(&entries->bodies, body);

    if (status != TERN_OK) {
        abort();
    }
    item.size = entries->bodies.size - item.at;
    entries->items = realloc(entries->items, (entries->count + 1) * sizeof *entries->items);
    if (entries->items == NULL) {
        abort();
    }
    entries->items[entries->count++] = item;
}

struct sim_entries sim_entries_read(struct sim_device *device)
{
    struct sim_entries entries = {.count = 0};
    sqlite3 *db = sim_look_within(device->world, device->index);
    sqlite3_stmt *stmt = sim_look_prepare(
        device->world,
        db,
        "SELECT o.ordinal, o.state IN (2, 3), coalesce(o.body, b.body), o.gzip, o.key, "
        "o.time, o.author, o.kind, length(o.undo) = 0, o.reason "
        "FROM tern_outbox o LEFT JOIN tern_body b ON b.ordinal = o.ordinal "
        "WHERE o.state IN (0, 2, 3) ORDER BY o.ordinal");

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        add(&entries, stmt);
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(device->world, device->index);
    return entries;
}

void sim_entries_free(struct sim_entries *entries)
{
    free(entries->items);
    trn_bytes_free(&entries->bodies);
    *entries = (struct sim_entries){.count = 0};
}

struct retried {
    struct sim_device *device;
    const struct sim_entries *before;
    const struct sim_entries *now;
    size_t *gone; /* places in `before`, and in `now` what came for them */
    size_t *come;
    size_t count;
};

static bool holds(const struct sim_entries *entries, uint64_t ordinal)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->items[i].ordinal == ordinal) {
            return true;
        }
    }
    return false;
}

static int64_t map_base(const struct retried *retried, int64_t base)
{
    for (size_t i = 0; i < retried->count && base < 0; i++) {
        if (retried->before->items[retried->gone[i]].ordinal == (uint64_t)-base) {
            return -(int64_t)retried->now->items[retried->come[i]].ordinal;
        }
    }
    return base;
}

/* Appends the lines of the entry's changes, as today's schema has them. */
static void write_changes(const struct retried *retried,
                          const struct sim_entries *entries,
                          const struct sim_entries_item *item,
                          struct trn_entry_header *ret_header,
                          struct trn_bytes *lines)
{
    struct trn_entry_reader reader = {0};
    struct trn_line_writer writer;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader,
                                        sim_device_schema(retried->device),
                                        trn_slice_make(entries->bodies.data + item->at, item->size),
                                        NULL);

    *ret_header = reader.header;
    trn_line_writer_open(&writer, lines);
    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        if (entries == retried->before) {
            change.base = map_base(retried, change.base);
        }
        status = trn_entry_write_change(&writer, &change, NULL);
    }
    if (status != TERN_OK) {
        sim_fail(retried->device->world,
                 "retried",
                 "%s: entry %llu cannot be read: %s",
                 retried->device->name,
                 (unsigned long long)item->ordinal,
                 tern_status_code(status));
    }
    trn_entry_close(&reader);
}

static void compare(const struct retried *retried, size_t which)
{
    const struct sim_entries_item *old = &retried->before->items[retried->gone[which]];
    const struct sim_entries_item *new = &retried->now->items[retried->come[which]];
    struct trn_entry_header was;
    struct trn_entry_header is;
    struct trn_bytes old_lines = {0};
    struct trn_bytes new_lines = {0};
    const char *differs = NULL;

    write_changes(retried, retried->before, old, &was, &old_lines);
    write_changes(retried, retried->now, new, &is, &new_lines);
    if (trn_entry_kind_is_left(is.kind) ||
        trn_entry_kind_is_inferred(is.kind) != trn_entry_kind_is_inferred(was.kind)) {
        differs = "kind";
    } else if (strcmp(is.epoch, was.epoch) != 0) {
        differs = "epoch";
    } else if (!trn_slice_equal(trn_bytes_slice(&new_lines), trn_bytes_slice(&old_lines))) {
        differs = "changes";
    }
    if (differs != NULL) {
        sim_fail(retried->device->world,
                 "retried",
                 "%s: entry %llu, which is entry %llu tried again, has other %s",
                 retried->device->name,
                 (unsigned long long)new->ordinal,
                 (unsigned long long)old->ordinal,
                 differs);
    }
    trn_bytes_free(&old_lines);
    trn_bytes_free(&new_lines);
}

void sim_retried_check(struct sim_device *device, const struct sim_entries *before)
{
    struct sim_entries now = sim_entries_read(device);
    struct retried retried = {.device = device, .before = before, .now = &now};
    size_t come = 0;

    retried.gone = calloc(before->count + 1, sizeof *retried.gone);
    retried.come = calloc(now.count + 1, sizeof *retried.come);
    if (retried.gone == NULL || retried.come == NULL) {
        abort();
    }
    for (size_t i = 0; i < before->count; i++) {
        if (before->items[i].is_parked && !holds(&now, before->items[i].ordinal)) {
            retried.gone[retried.count++] = i;
        }
    }
    for (size_t i = 0; i < now.count; i++) {
        if (!holds(before, now.items[i].ordinal)) {
            retried.come[come++] = i;
        }
    }
    if (come != retried.count) {
        sim_fail(device->world,
                 "retried",
                 "%s: of %zu entries that were tried again %zu are there",
                 device->name,
                 retried.count,
                 come);
    }
    for (size_t i = 0; i < retried.count && !sim_failed(device->world); i++) {
        compare(&retried, i);
    }
    free(retried.gone);
    free(retried.come);
    sim_entries_free(&now);
}
