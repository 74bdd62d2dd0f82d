/* What the user wrote is read from the entries, what stands from the rows: neither undo images nor
 * what was laid when have a say. An entry that may have been sent, and does not fit beneath, waits
 * unseen, and so may all behind it. */
#include "sim/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "model/window.h"
#include "sim/applied.h"
#include "sim/cells.h"
#include "sim/look.h"
#include "sim/retried.h"
#include "sim/room.h"
#include "sim/unit.h"
#include "wire/entry.h"
#include "wire/upcast.h"

/* The word that an entry has on a unit. */
struct word {
    const struct sim_entries_item *entry;
    const struct trn_table *table;
    tern_id row;
    size_t unit;
    struct trn_stamp stamp;
    uint64_t values; /* as of sim_unit */
    int64_t base;    /* a number of this epoch's; 0 for none */
};

struct looking {
    struct sim_device *device;
    sqlite3 *db;
    char epoch[TRN_EPOCH_BYTES];
    struct sim_entries entries;
    struct word *words;
    size_t count;
    size_t room;
    uint64_t sent; /* the last entry that may have been */
    bool doubt;    /* an entry waits unseen with good reason */
    bool may_clash;
    bool may_lack;
};

/* ---- What was written ---- */

static bool is_of_unit(const struct word *a, const struct word *b)
{
    return a->unit == b->unit && a->table == b->table && trn_id_equal(&a->row, &b->row);
}

/* What a rule inferred stands back behind what somebody recorded; else the last word counts. What
 * was built on an own one has seen what that had. */
static void add_word(struct looking *looking, struct word word)
{
    for (size_t i = looking->count; i-- > 0;) {
        struct word *former = &looking->words[i];

        if (is_of_unit(former, &word)) {
            if (word.stamp.rank >= former->stamp.rank) {
                word.base = word.base > 0 ? word.base : former->base;
                *former = word;
            }
            return;
        }
    }
    looking->words =
        sim_room(looking->words, looking->count, &looking->room, sizeof *looking->words);
    looking->words[looking->count++] = word;
}

static void add_change(struct looking *looking,
                       const struct sim_entries_item *entry,
                       const struct trn_entry_header *header,
                       const struct trn_change *change)
{
    bool inserts = change->operation == TRN_OP_INSERT;
    bool inferred = trn_entry_kind_is_inferred(header->kind);
    size_t units =
        inserts ? trn_wire_units(change->table, header->schema_version) : change->unit + 1;

    for (size_t unit = change->unit; unit < units; unit++) {
        struct word word = {.entry = entry,
                            .table = change->table,
                            .row = change->id,
                            .unit = unit,
                            .stamp = {.rank = trn_change_rank(change->table,
                                                              unit,
                                                              change->values,
                                                              inferred,
                                                              change->operation == TRN_OP_UNDO,
                                                              inserts),
                                      .time_us = entry->time_us,
                                      .device = entry->author},
                            .values = unit == TRN_UNIT_EXISTENCE
                                          ? change->operation != TRN_OP_DELETE
                                          : sim_applied_hash(change->table, unit, change->values)};

        if (!inserts && strcmp(header->epoch, looking->epoch) == 0) {
            word.base = change->base;
        }
        add_word(looking, word);
    }
}

static void visit(struct looking *looking,
                  const struct sim_entries_item *entry,
                  void (*act)(struct looking *looking,
                              const struct sim_entries_item *entry,
                              const struct trn_entry_header *header,
                              const struct trn_change *change))
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status =
        trn_entry_open(&reader,
                       sim_device_schema(looking->device),
                       trn_slice_make(looking->entries.bodies.data + entry->at, entry->size),
                       NULL);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        act(looking, entry, &reader.header, &change);
    }
    trn_entry_close(&reader);
}

static bool is_here(const struct looking *looking, const struct trn_table *table, const tern_id *id)
{
    sqlite3_stmt *stmt = sim_unit_prepare(looking->device->world, looking->db, table);
    struct sim_unit unit;

    return stmt != NULL && sim_unit_read(stmt, table, id, TRN_UNIT_EXISTENCE, &unit);
}

/* What may keep a change off the rows. */
static void look_for_reason(struct looking *looking,
                            const struct sim_entries_item *entry,
                            const struct trn_entry_header *header,
                            const struct trn_change *change)
{
    const struct trn_schema *schema = sim_device_schema(looking->device);
    tern_id id;

    (void)entry;
    (void)header;
    looking->may_clash = looking->may_clash || change->operation == TRN_OP_INSERT ||
                         !is_here(looking, change->table, &change->id);
    for (uint16_t i = 0; i < change->table->column_count; i++) {
        const struct trn_column *column = &change->table->columns[i];

        if (!trn_change_carries(change, i)) {
            continue;
        }
        looking->may_clash =
            looking->may_clash || sim_is_key(change->table, i) || column->target != TRN_NO_TABLE;
        looking->may_lack =
            looking->may_lack ||
            (column->target != TRN_NO_TABLE && trn_value_id(&change->values[i], &id) &&
             !is_here(looking, &schema->tables[column->target], &id));
    }
}

/* An entry without a trace has lost all that it said, or waits unseen: that may one which does not
 * fit and may have been sent, or stands behind such a one, or names a row that may have left for
 * its age. */
static bool may_wait_unseen(struct looking *looking, const struct sim_entries_item *entry)
{
    if (!entry->is_unseen) {
        return false;
    }
    looking->may_clash = false;
    looking->may_lack = false;
    visit(looking, entry, look_for_reason);
    if (!looking->may_clash ||
        !(looking->doubt || looking->may_lack || entry->ordinal <= looking->sent)) {
        return false;
    }
    looking->doubt = true;
    return true;
}

/* What is left of a transaction is not what a user wrote: it carries what others did as well. */
static void gather(struct looking *looking)
{
    for (size_t i = 0; i < looking->entries.count; i++) {
        const struct sim_entries_item *entry = &looking->entries.items[i];

        if (!entry->is_parked && !trn_entry_kind_is_left((unsigned)entry->kind) &&
            !may_wait_unseen(looking, entry)) {
            visit(looking, entry, add_change);
        }
    }
}

/* ---- What is shown ---- */

/* The entry that waits under the key; NULL for none. */
static const struct sim_entries_item *find_waiting(const struct looking *looking, int64_t key)
{
    for (size_t i = 0; i < looking->entries.count; i++) {
        const struct sim_entries_item *entry = &looking->entries.items[i];

        if (entry->key == key && !entry->is_parked) {
            return entry;
        }
    }
    return NULL;
}

/* Whether an entry that came before it, and was acknowledged, has the key. What is left of a
 * transaction takes any ordinal that is free. */
static bool is_of_earlier(struct looking *looking, const struct word *word, int64_t key)
{
    sqlite3_stmt *stmt =
        sim_look_prepare(looking->device->world,
                         looking->db,
                         "SELECT 1 FROM tern_outbox WHERE key = ?1 AND ordinal < ?2 AND "
                         "kind NOT IN (3, 4)");
    bool found;

    (void)sqlite3_bind_int64(stmt, 1, key);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)word->entry->ordinal);
    found = sqlite3_step(stmt) == SQLITE_ROW;
    (void)sqlite3_reset(stmt);
    return found;
}

/* Whether the server's word stands here that the user had not seen, and that is after theirs. A
 * page tells of this device's own before the verdict does, and what was never stored comes behind
 * them; what is offered again keeps its time, and another copy may have written since. */
static bool is_overruled(struct looking *looking, const struct word *word, int64_t key, int rank)
{
    sqlite3_stmt *stmt = sim_look_prepare(looking->device->world,
                                          looking->db,
                                          "SELECT number, time, device FROM tern_tx WHERE key = "
                                          "?1");
    struct trn_stamp stamp = {.rank = (enum trn_rank)rank};
    int64_t number = 0;
    bool found;

    (void)sqlite3_bind_int64(stmt, 1, key);
    found = sqlite3_step(stmt) == SQLITE_ROW;
    if (found) {
        number = sqlite3_column_int64(stmt, 0);
        stamp.time_us = sqlite3_column_int64(stmt, 1);
        stamp.device = sim_applied_id(stmt, 2);
    }
    (void)sqlite3_reset(stmt);
    if (!found || trn_stamp_compare(&stamp, &word->stamp) <= 0) {
        return false;
    }
    return stamp.rank > word->stamp.rank ||
           ((number == 0 || number != word->base) && !is_of_earlier(looking, word, key) &&
            (word->entry->is_offered_again || !trn_id_equal(&stamp.device, &word->entry->author)));
}

/* Whether a page told of a later one before its verdict did: then it has no trace of its own. */
static bool
is_told(const struct word *word, const struct sim_entries_item *other, const struct sim_unit *unit)
{
    return other->is_unseen && other->ordinal > word->entry->ordinal &&
           unit->rank >= word->stamp.rank;
}

/* As all is offered again, what lies beneath a deletion is let go: nobody sees it, and the fresh
 * row comes beneath what is offered. */
static bool is_let_go(sqlite3_stmt *stmt, const struct word *word, const struct sim_unit *unit)
{
    struct sim_unit row;

    return unit->key == 0 && word->entry->is_offered_again &&
           sim_unit_read(stmt, word->table, &word->row, TRN_UNIT_EXISTENCE, &row) &&
           row.values == 0;
}

static bool is_shown(struct looking *looking, const struct word *word, struct sim_unit *ret_unit)
{
    sqlite3_stmt *stmt = sim_unit_prepare(looking->device->world, looking->db, word->table);
    const struct sim_entries_item *other;

    *ret_unit = (struct sim_unit){.key = 0};
    if (stmt == NULL) {
        return true;
    }
    if (!sim_unit_read(stmt, word->table, &word->row, word->unit, ret_unit)) {
        /* It may have left for its age, or with an erased record; what is offered again, with one
         * that was closed. */
        return trn_window_is_declared(word->table) || looking->device->world->any_erased ||
               word->entry->is_offered_again;
    }
    if (ret_unit->values == word->values || is_let_go(stmt, word, ret_unit)) {
        return true;
    }
    other = find_waiting(looking, ret_unit->key);
    if (other != NULL) {
        return trn_entry_kind_is_left((unsigned)other->kind) || is_told(word, other, ret_unit);
    }
    return is_overruled(looking, word, ret_unit->key, (int)ret_unit->rank);
}

static void compare(struct looking *looking)
{
    for (size_t i = 0; i < looking->count && !sim_failed(looking->device->world); i++) {
        const struct word *word = &looking->words[i];
        struct sim_unit unit;
        char id[2 * sizeof word->row.bytes + 1];

        if (!is_shown(looking, word, &unit)) {
            trn_hex_encode(word->row.bytes, sizeof word->row.bytes, id);
            sim_fail(looking->device->world,
                     "shown",
                     "%s does not show unit %zu of %s %s as its entry %llu wrote it, which still "
                     "waits, but as key %lld did",
                     looking->device->name,
                     word->unit,
                     word->table->name,
                     id,
                     (unsigned long long)word->entry->ordinal,
                     (long long)unit.key);
        }
    }
}

static bool has_waiting(struct sim_device *device)
{
    sqlite3 *db = sim_look_within(device->world, device->index);
    int64_t waits = sim_look_number(device->world,
                                    db,
                                    "SELECT 1 FROM tern_outbox WHERE place > 0 AND state = 0 "
                                    "LIMIT 1",
                                    0);

    sim_look_away(device->world, device->index);
    return waits != 0;
}

static void read_epoch(struct looking *looking)
{
    struct trn_bytes row =
        sim_look_rows(looking->device->world, looking->db, "SELECT epoch FROM tern_meta");
    const char *text = trn_bytes_text(&row);

    (void)snprintf(looking->epoch, sizeof looking->epoch, "%.*s", (int)strcspn(text, "\n"), text);
    trn_bytes_free(&row);
}

void sim_shown_look(struct sim_device *device)
{
    struct looking looking = {.device = device};

    if (device->replica == NULL || sim_disk_is_dead(device->disk) || sim_failed(device->world) ||
        !has_waiting(device)) {
        return;
    }
    looking.entries = sim_entries_read(device);
    looking.db = sim_look_within(device->world, device->index);
    read_epoch(&looking);
    looking.sent = (uint64_t)
        sim_look_number(device->world, looking.db, "SELECT sent_ordinal FROM tern_meta", 0);
    gather(&looking);
    compare(&looking);
    sim_look_away(device->world, device->index);
    sim_entries_free(&looking.entries);
    free(looking.words);
}
