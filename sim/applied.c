#include "sim/applied.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "model/change.h"
#include "sim/ledger.h"
#include "sim/look.h"
#include "sim/room.h"
#include "wire/entry.h"
#include "wire/upcast.h"

tern_id sim_applied_id(sqlite3_stmt *stmt, int column)
{
    tern_id id = {{0}};

    if (sqlite3_column_bytes(stmt, column) == (int)sizeof id.bytes) {
        memcpy(id.bytes, sqlite3_column_blob(stmt, column), sizeof id.bytes);
    }
    return id;
}

sqlite3_stmt *sim_applied_prepare(const struct sim_applied *applied, const char *sql)
{
    return sim_look_prepare(applied->world, applied->db, sql);
}

static uint64_t hash_value(uint64_t hash, const tern_value *value)
{
    const uint8_t *data = value->data;
    uint64_t bits = (uint64_t)value->integer;

    hash = (hash ^ (uint64_t)value->kind) * UINT64_C(0x100000001b3);
    if (value->kind == TERN_REAL) {
        memcpy(&bits, &value->real, sizeof bits);
    }
    if (value->kind == TERN_INTEGER || value->kind == TERN_REAL) {
        hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (size_t i = 0; value->kind >= TERN_TEXT && i < value->size; i++) {
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t sim_applied_hash(const struct trn_table *table, size_t unit, const tern_value *values)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        hash = hash_value(hash, &values[table->units[unit].columns[i]]);
    }
    return hash;
}

static void add_write(struct sim_applied *applied,
                      const struct sim_applied_entry *entry,
                      const struct trn_change *change,
                      size_t unit,
                      bool same_epoch)
{
    struct sim_applied_write *write;

    applied->writes = sim_room(applied->writes,
                               applied->write_count,
                               &applied->write_room,
                               sizeof *applied->writes);
    write = &applied->writes[applied->write_count++];
    *write = (struct sim_applied_write){.table = change->table,
                                        .row = change->id,
                                        .unit = unit,
                                        .number = entry->number,
                                        .entry = entry,
                                        .alive = change->operation != TRN_OP_DELETE,
                                        .inserts = change->operation == TRN_OP_INSERT};
    if (change->operation != TRN_OP_INSERT) {
        write->base = change->base < 0 || same_epoch ? change->base : 0;
    }
    write->values = unit == TRN_UNIT_EXISTENCE
                        ? write->alive
                        : sim_applied_hash(change->table, unit, change->values);
}

/* What a server that looks its dependency up finds: the entry by ordinal, its sender's first. */
static const struct sim_applied_entry *find_needed(const struct sim_applied *applied,
                                                   const struct sim_applied_entry *entry,
                                                   uint64_t ordinal)
{
    const struct sim_applied_entry *found = NULL;

    for (size_t i = 0; i < applied->entry_count; i++) {
        const struct sim_applied_entry *other = &applied->entries[i];

        if (other->number < entry->number && other->ordinal == (int64_t)ordinal &&
            trn_id_equal(&other->device, &entry->device)) {
            if (trn_id_equal(&other->sender, &entry->sender)) {
                return other;
            }
            found = other;
        }
    }
    return found;
}

static void check_needed(struct sim_applied *applied,
                         const struct sim_applied_entry *entry,
                         uint64_t ordinal,
                         const char *by)
{
    const struct sim_applied_entry *needed = find_needed(applied, entry, ordinal);

    if (needed != NULL && needed->verdict != TERN_OK &&
        trn_id_equal(&needed->sender, &entry->sender)) {
        sim_fail(applied->world,
                 "dependents",
                 "transaction %lld was applied, and by its %s builds on %lld, which was rejected",
                 (long long)entry->number,
                 by,
                 (long long)needed->number);
    }
}

/* Whether it is as it was written; one that was tried again may leave behind what it built on. */
static bool is_first(const struct sim_applied *applied, const struct sim_applied_entry *entry)
{
    const struct sim_commit *commit = sim_ledger_find(applied->world, &entry->tx);

    return commit != NULL && !commit->reissued;
}

static void check_depends(struct sim_applied *applied,
                          const struct sim_applied_entry *entry,
                          const struct trn_entry_header *header)
{
    for (size_t i = 0; i < header->depends_count; i++) {
        check_needed(applied, entry, header->depends_on[i], "word");
    }
}

static void read_changes(struct sim_applied *applied,
                         const struct sim_applied_entry *entry,
                         struct trn_slice body)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, applied->schema, body, NULL);

    if (status == TERN_OK) {
        check_depends(applied, entry, &reader.header);
    }
    while (status == TERN_OK && any) {
        bool same = strcmp(reader.header.epoch, sim_epoch_of(applied->world, entry->number)) == 0;

        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        if (change.base < 0 && change.operation != TRN_OP_INSERT && is_first(applied, entry)) {
            check_needed(applied, entry, (uint64_t)-change.base, "base");
        }
        if (change.operation != TRN_OP_INSERT) {
            add_write(applied, entry, &change, change.unit, same);
        }
        for (size_t unit = 0; change.operation == TRN_OP_INSERT && unit < change.table->unit_count;
             unit++) {
            if (!change.table->server_owned_units[unit]) {
                add_write(applied, entry, &change, unit, same);
                applied->writes[applied->write_count - 1].implied =
                    unit >= trn_wire_units(change.table, reader.header.schema_version);
            }
        }
    }
    if (status != TERN_OK) {
        sim_fail(applied->world,
                 "applied",
                 "entry %lld of the server cannot be read: %s",
                 (long long)entry->number,
                 tern_status_code(status));
    }
    trn_entry_close(&reader);
}

static void read_entries(struct sim_applied *applied)
{
    int64_t count =
        sim_look_number(applied->world, applied->db, "SELECT count(*) FROM tern_entry", 0);
    sqlite3_stmt *stmt =
        sim_applied_prepare(applied,
                            "SELECT number, ordinal, tx, device, verdict, kind, detail, "
                            "sender, time FROM tern_entry ORDER BY number");

    applied->entries = calloc((size_t)count + 1, sizeof *applied->entries);
    if (applied->entries == NULL) {
        abort();
    }
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        struct sim_applied_entry *entry = &applied->entries[applied->entry_count++];

        entry->number = sqlite3_column_int64(stmt, 0);
        entry->ordinal = sqlite3_column_int64(stmt, 1);
        entry->tx = sim_applied_id(stmt, 2);
        entry->device = sim_applied_id(stmt, 3);
        entry->sender = sim_applied_id(stmt, 7);
        entry->time_us = sqlite3_column_int64(stmt, 8);
        entry->verdict = sqlite3_column_int(stmt, 4);
        entry->kind = sqlite3_column_int(stmt, 5);
        (void)snprintf(entry->detail,
                       sizeof entry->detail,
                       "%s",
                       (const char *)sqlite3_column_text(stmt, 6));
    }
    (void)sqlite3_reset(stmt);
}

static void read_writes(struct sim_applied *applied)
{
    sqlite3_stmt *stmt =
        sim_applied_prepare(applied, "SELECT body FROM tern_entry ORDER BY number");

    for (size_t i = 0; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; i++) {
        struct sim_applied_entry *entry = &applied->entries[i];

        if (entry->verdict == TERN_OK && entry->kind != TRN_ENTRY_DISCARDED &&
            sqlite3_column_bytes(stmt, 0) == 0) {
            entry->erased = true;
            applied->last_erased = entry->number;
        } else if (entry->verdict == TERN_OK && entry->kind != TRN_ENTRY_DISCARDED) {
            read_changes(applied,
                         entry,
                         trn_slice_make(sqlite3_column_blob(stmt, 0),
                                        (size_t)sqlite3_column_bytes(stmt, 0)));
        }
    }
    (void)sqlite3_reset(stmt);
}

void sim_applied_open(struct sim_applied *applied, struct sim_world *world)
{
    *applied = (struct sim_applied){.world = world,
                                    .schema = world->documents[world->served].schema,
                                    .db = sim_look_within(world, SIM_SERVER)};
    read_entries(applied);
    read_writes(applied);
}

void sim_applied_close(struct sim_applied *applied)
{
    sim_look_away(applied->world, SIM_SERVER);
    free(applied->entries);
    free(applied->writes);
}
