/* Stamps by unit in a hash table; a unit is named by a hash of table, row and unit. */
#include "sim/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/strangers.h"
#include "sim/whole.h"
#include "wire/entry.h"

#define AHEAD_US (INT64_C(300) * SIM_SECOND_US)

struct stamp {
    uint64_t unit; /* 0: empty */
    unsigned rank;
    int64_t time_us;
    tern_id device;
};

struct sim_watch {
    struct stamp *stamps;
    size_t room;
    size_t count;
    int64_t seen;
};

struct sim_watch *sim_watch_new(void)
{
    struct sim_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        abort();
    }
    return watch;
}

void sim_watch_free(struct sim_watch *watch)
{
    if (watch != NULL) {
        free(watch->stamps);
        free(watch);
    }
}

void sim_watch_forget(struct sim_watch *watch)
{
    watch->count = 0;
    if (watch->stamps != NULL) {
        memset(watch->stamps, 0, watch->room * sizeof *watch->stamps);
    }
}

void sim_watch_skip(struct sim_watch *watch, int64_t number)
{
    watch->seen = number;
}

static struct stamp *slot(struct sim_watch *watch, uint64_t unit)
{
    size_t at = unit & (watch->room - 1);

    while (watch->stamps[at].unit != 0 && watch->stamps[at].unit != unit) {
        at = (at + 1) & (watch->room - 1);
    }
    return &watch->stamps[at];
}

static void grow(struct sim_watch *watch)
{
    struct sim_watch larger = {.room = watch->room == 0 ? 1024 : watch->room * 2,
                               .count = watch->count,
                               .seen = watch->seen};

    larger.stamps = calloc(larger.room, sizeof *larger.stamps);
    if (larger.stamps == NULL) {
        abort();
    }
    for (size_t i = 0; i < watch->room; i++) {
        if (watch->stamps[i].unit != 0) {
            *slot(&larger, watch->stamps[i].unit) = watch->stamps[i];
        }
    }
    free(watch->stamps);
    *watch = larger;
}

static uint64_t name_of(const struct trn_table *table, const tern_id *id, size_t unit)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ table->index;

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        hash = (hash ^ id->bytes[i]) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ unit) * UINT64_C(0x9e3779b97f4a7c15);
    return (hash ^ hash >> 31) | 1;
}

static int compare(const struct stamp *a, const struct stamp *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return trn_id_compare(&a->device, &b->device);
}

static void look_at_unit(struct sim_world *world,
                         struct trn_db_view *view,
                         const struct trn_table *table,
                         const struct trn_row *row,
                         size_t unit)
{
    struct sim_watch *watch = world->watch;
    struct trn_db_tx tx;
    struct stamp stamp = {.unit = name_of(table, &row->id, unit),
                          .rank = trn_version_rank(&row->version, unit)};
    struct stamp *known;
    bool found = false;

    if (row->version.keys[unit] == 0) {
        return;
    }
    if (world->db->ops->tx_get(view, row->version.keys[unit], &found, &tx, NULL) != TERN_OK ||
        !found) {
        sim_fail(world,
                 "number",
                 "a unit of %s is of transaction %lld, which is not there",
                 table->name,
                 (long long)row->version.keys[unit]);
        return;
    }
    stamp.time_us = tx.time_us;
    stamp.device = tx.device;
    if (2 * (watch->count + 1) > watch->room) {
        grow(watch);
    }
    known = slot(watch, stamp.unit);
    if (known->unit == 0) {
        watch->count++;
    } else if (compare(&stamp, known) < 0) {
        sim_fail(world,
                 "monotone stamps",
                 "the stamp of unit %zu of a row of %s went back",
                 unit,
                 table->name);
    }
    *known = stamp;
}

/* The record that the row lies in, along the path of its table; false where the path ends. */
static bool find_scope(struct sim_world *world,
                       struct trn_db_view *view,
                       const struct trn_table *table,
                       const struct trn_row *row,
                       tern_id *ret_scope)
{
    const struct trn_scope_path *path = &table->scopes[0];
    struct trn_row parent;
    bool found = true;

    *ret_scope = row->id;
    for (size_t i = 0; i < path->hop_count; i++) {
        const struct trn_row *at = i == 0 ? row : &parent;

        if (!trn_value_id(&at->values[path->columns[i]], ret_scope)) {
            return false;
        }
        if (i + 1 < path->hop_count &&
            (world->db->ops->row_read(view,
                                      &world->db->schema->tables[path->tables[i + 1]],
                                      ret_scope,
                                      &found,
                                      &parent,
                                      NULL) != TERN_OK ||
             !found)) {
            return false;
        }
    }
    return true;
}

/* Where the row lies; and what its transaction, where it has a number, wrote of it and still
 * stands.
 */
static void tell_scope(struct sim_world *world,
                       struct trn_db_view *view,
                       const struct trn_table *table,
                       const struct trn_row *row,
                       int64_t number,
                       size_t writer)
{
    const struct trn_version version = row->version;
    const tern_id id = row->id;
    tern_id scope;

    if (table->scope_count != 1 || !find_scope(world, view, table, row, &scope)) {
        return;
    }
    /* An id that derives from what the row says is anybody's to make. */
    if (table->index != world->db->schema->users_table && table->natural_key_count == 0) {
        sim_strangers_note(world, &id, &scope, writer);
    }
    for (size_t unit = 0; number > 0 && unit < table->unit_count; unit++) {
        if (version.keys[unit] == number) {
            sim_whole_add(world, table, &id, unit, number, &scope);
        }
    }
}

/* Of whom the row of a grant is. */
static void
tell_strangers(struct sim_world *world, const struct trn_table *table, const struct trn_row *row)
{
    const struct trn_schema *schema = world->db->schema;

    for (size_t i = 0; i < schema->grant_count; i++) {
        const struct trn_grant *grant = &schema->grants[i];

        if (grant->table == table->index) {
            sim_strangers_link(world, &row->values[grant->person_a], &row->values[grant->person_b]);
        }
    }
}

static void look_at_change(struct sim_world *world,
                           struct trn_db_view *view,
                           const struct trn_change *change,
                           int64_t number,
                           size_t writer,
                           bool may_lack)
{
    struct trn_row row;
    bool found = false;

    if (world->db->ops->row_read(view, change->table, &change->id, &found, &row, NULL) != TERN_OK) {
        return;
    }
    if (!found && may_lack) {
        return;
    }
    if (!found) {
        sim_fail(world, "applied", "a row of %s was applied and is not there", change->table->name);
        return;
    }
    for (size_t unit = 0; unit < change->table->unit_count; unit++) {
        if (change->operation == TRN_OP_INSERT || unit == change->unit) {
            look_at_unit(world, view, change->table, &row, unit);
        }
    }
    tell_strangers(world, change->table, &row);
    tell_scope(world, view, change->table, &row, number, writer);
}

/* A group may have been of several. */
static size_t
writer_of(const struct sim_world *world, const struct trn_db_entry *entry, size_t otherwise)
{
    for (size_t i = 0; i < world->user_count; i++) {
        if (trn_id_equal(&world->users[i].id, &entry->user)) {
            return i;
        }
    }
    return otherwise;
}

static void
look_at_entry(struct sim_world *world, struct trn_db_view *view, int64_t number, size_t writer)
{
    struct trn_db_tx tx;
    struct trn_db_entry entry;
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    struct trn_bytes body = {0};
    bool found = false;
    bool any = true;

    if (world->db->ops->tx_get(view, number, &found, &tx, NULL) != TERN_OK || !found ||
        world->db->ops->entry_by_tx(view, &tx.tx, &found, &entry, NULL) != TERN_OK || !found) {
        return;
    }
    /* Behind its own last one, if need be: a server whose clock was ahead stored that. */
    if (entry.time_us > world->latest_us + AHEAD_US + SIM_SECOND_US) {
        sim_fail(world,
                 "honest clocks",
                 "transaction %lld was stored %lld s ahead of the server's clock",
                 (long long)number,
                 (long long)((entry.time_us - world->latest_us) / SIM_SECOND_US));
    }
    if (entry.verdict != TERN_OK || entry.kind == TRN_ENTRY_DISCARDED) {
        return;
    }
    if (world->db->ops->entry_body(view, number, &body, NULL) == TERN_OK &&
        trn_entry_open(&reader,
                       world->documents[world->served].schema,
                       trn_bytes_slice(&body),
                       NULL) == TERN_OK) {
        while (trn_entry_next(&reader, &any, &change, NULL) == TERN_OK && any) {
            /* A delete that is left of a transaction is done where there is nothing to delete. */
            look_at_change(world,
                           view,
                           &change,
                           entry.kind < TRN_ENTRY_DISCARDED ? number : 0,
                           writer_of(world, &entry, writer),
                           entry.kind > TRN_ENTRY_DISCARDED && change.operation == TRN_OP_DELETE);
        }
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
}

static void look_at_epoch(struct sim_world *world, struct trn_db_view *view)
{
    struct trn_db_meta meta;
    char name[2 * TRN_EPOCH_SIZE + 1];

    if (world->db->ops->meta_read(view, &meta, NULL) != TERN_OK) {
        return;
    }
    trn_hex_encode(meta.epoch, sizeof meta.epoch, name);
    if (strcmp(name, sim_epoch_of(world, INT64_MAX)) != 0 && world->epoch_count < SIM_EPOCHS) {
        world->epochs[world->epoch_count].from = world->watch->seen + 1;
        memcpy(world->epochs[world->epoch_count++].name, name, sizeof name);
    }
}

void sim_watch_look(struct sim_world *world, size_t writer, bool epoch_behind)
{
    struct trn_db_view *view = NULL;
    int64_t last = 0;

    sim_disk_pause(world->disk, true);
    if (world->db->ops->snapshot_open(world->db, &view, NULL) == TERN_OK) {
        if (!epoch_behind) {
            look_at_epoch(world, view);
        }
        if (world->db->ops->last_number(view, &last, NULL) == TERN_OK) {
            while (world->watch->seen < last) {
                look_at_entry(world, view, ++world->watch->seen, writer);
            }
            world->answered_to = last;
        }
        look_at_epoch(world, view);
        world->db->ops->snapshot_close(world->db, view);
    }
    sim_disk_pause(world->disk, false);
}
