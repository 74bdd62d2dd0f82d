/*
 * A write is accounted for where it is the current value or equal to it, or audited as the one that
 * lost, or the base of a later one; nothing else will do.
 */
#include "sim/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/applied.h"
#include "sim/ledger.h"
#include "sim/look.h"
#include "sim/unit.h"
#include "wire/entry.h"

/* ---- What stands ---- */

static bool is_same_unit(const struct sim_applied_write *a, const struct sim_applied_write *b)
{
    return a->table == b->table && a->unit == b->unit && trn_id_equal(&a->row, &b->row);
}

/* What is left of a transaction names no base: that it undid a deletion shows that it had seen it.
 */
static bool has_undone(const struct sim_applied_write *later, const struct sim_applied_write *write)
{
    return later->unit == TRN_UNIT_EXISTENCE && later->alive && !write->alive &&
           later->entry->kind > TRN_ENTRY_DISCARDED;
}

/* Whether the base of `later` names `write`. Copies of a device may have used one ordinal twice. */
static bool has_seen(const struct sim_applied_write *later, const struct sim_applied_write *write)
{
    return has_undone(later, write) || later->base == write->number ||
           (later->base < 0 && -later->base == write->entry->ordinal &&
            trn_id_equal(&later->entry->device, &write->entry->device));
}

/* Whether a writer that had seen it wrote over it, or another wrote the very same. */
static bool is_superseded(const struct sim_applied *applied, const struct sim_applied_write *write)
{
    for (size_t i = 0; i < applied->write_count; i++) {
        const struct sim_applied_write *other = &applied->writes[i];

        if (is_same_unit(write, other) && other->number != write->number &&
            (has_seen(other, write) || other->values == write->values)) {
            return true;
        }
    }
    return false;
}

/* What is left of an insert writes nothing where that insert itself was applied, also in units that
 * its document did not have yet. */
static bool has_yielded(const struct sim_applied *applied, const struct sim_applied_write *write)
{
    for (size_t i = 0;
         write->inserts && write->entry->kind > TRN_ENTRY_DISCARDED && i < applied->write_count;
         i++) {
        const struct sim_applied_write *other = &applied->writes[i];

        if (other->inserts && other->number < write->number && other->table == write->table &&
            trn_id_equal(&other->row, &write->row) &&
            other->entry->time_us == write->entry->time_us &&
            trn_id_equal(&other->entry->device, &write->entry->device)) {
            return true;
        }
    }
    return false;
}

/* What is left of a deletion is done where the row is not there, and holds nothing against whoever
 * brings it back. */
static bool is_of_nothing(const struct sim_applied *applied, const struct sim_applied_write *write)
{
    bool deletes = write->unit == TRN_UNIT_EXISTENCE && !write->alive &&
                   write->entry->kind > TRN_ENTRY_DISCARDED;

    for (size_t i = 0; deletes && i < applied->write_count; i++) {
        const struct sim_applied_write *other = &applied->writes[i];

        deletes = !other->inserts || other->number >= write->number || !is_same_unit(write, other);
    }
    return deletes;
}

/* Whether its transaction wrote the unit in another line as well, which may fare otherwise. */
static bool has_twin(const struct sim_applied *applied, const struct sim_applied_write *write)
{
    for (size_t i = 0; i < applied->write_count; i++) {
        const struct sim_applied_write *other = &applied->writes[i];

        if (other != write && other->number == write->number && is_same_unit(write, other)) {
            return true;
        }
    }
    return false;
}

static bool is_audited_of(sqlite3_stmt *stmt, const struct sim_applied_write *write, int64_t number)
{
    bool audited;

    (void)sqlite3_bind_text(stmt, 1, write->table->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(stmt, 2, write->row.bytes, sizeof write->row.bytes, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 3, number);
    (void)sqlite3_bind_text(stmt, 4, write->table->units[write->unit].name, -1, SQLITE_STATIC);
    audited = sqlite3_step(stmt) == SQLITE_ROW;
    (void)sqlite3_reset(stmt);
    return audited;
}

static bool is_audited(sqlite3_stmt *stmt, const struct sim_applied_write *write)
{
    return is_audited_of(stmt, write, write->number);
}

static bool
is_seen(const struct sim_applied *applied, const struct sim_applied_write *write, int64_t number)
{
    for (size_t i = 0; i < applied->write_count; i++) {
        if (is_same_unit(write, &applied->writes[i]) && applied->writes[i].base == number) {
            return true;
        }
    }
    return false;
}

/* Whether one before it wrote the unit, of which nobody can tell any more that it wrote the very
 * same: that one lost, or was seen by who wrote over it. */
static bool follows_erased(const struct sim_applied *applied,
                           sqlite3_stmt *audit,
                           const struct sim_applied_write *write)
{
    for (size_t i = 0; i < applied->entry_count; i++) {
        const struct sim_applied_entry *entry = &applied->entries[i];

        if (entry->erased && entry->number < write->number &&
            (is_audited_of(audit, write, entry->number) ||
             is_seen(applied, write, entry->number))) {
            return true;
        }
    }
    return false;
}

static void check_write(struct sim_applied *applied,
                        const struct sim_applied_write *write,
                        sqlite3_stmt *row,
                        sqlite3_stmt *audit)
{
    struct sim_unit current = {0};
    bool found = sim_unit_read(row, write->table, &write->row, write->unit, &current);
    bool stands = found && (current.key == write->number || current.values == write->values);
    bool audited;
    char id[33];

    if (stands && current.key != write->number) {
        return; /* equal to what stands, whoever wrote that */
    }
    audited = is_audited(audit, write);
    trn_hex_encode(write->row.bytes, sizeof write->row.bytes, id);
    if (has_twin(applied, write)) {
        return; /* the last of them counts, and stands or is audited for both */
    }
    if (stands && audited) {
        sim_fail(applied->world,
                 "applied",
                 "unit %zu of %s %s is of transaction %lld, which the audit says lost it",
                 write->unit,
                 write->table->name,
                 id,
                 (long long)write->number);
    } else if (!stands && !audited && write->number >= applied->last_erased &&
               !is_superseded(applied, write) && !has_yielded(applied, write) &&
               !is_of_nothing(applied, write) && !follows_erased(applied, audit, write)) {
        sim_fail(applied->world,
                 "applied",
                 "unit %zu of %s %s as transaction %lld wrote it is neither current nor audited, "
                 "and nobody who had seen it wrote over it (now of %lld)",
                 write->unit,
                 write->table->name,
                 id,
                 (long long)write->number,
                 (long long)current.key);
    }
}

/* A discard is audited, unit by unit, wherever its author may have it written. */
static void check_discard(struct sim_applied *applied,
                          const struct sim_applied_entry *entry,
                          struct trn_slice body,
                          sqlite3_stmt *audit)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, applied->schema, body, NULL);

    while (status == TERN_OK) {
        struct sim_applied_write write = {.number = entry->number};

        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        write.table = change.table;
        write.row = change.id;
        write.unit = change.operation == TRN_OP_INSERT ? 1
                     : change.operation == TRN_OP_UPDATE || change.operation == TRN_OP_UNDO
                         ? change.unit
                         : TRN_UNIT_EXISTENCE;
        if (write.unit < change.table->unit_count && !is_audited(audit, &write)) {
            sim_fail(applied->world,
                     "discards",
                     "the discard %lld of a change of %s is not audited",
                     (long long)entry->number,
                     change.table->name);
        }
    }
    trn_entry_close(&reader);
}

static void check_discards(struct sim_applied *applied, sqlite3_stmt *audit)
{
    sqlite3_stmt *stmt =
        sim_applied_prepare(applied, "SELECT body FROM tern_entry ORDER BY number");

    for (size_t i = 0; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; i++) {
        const struct sim_applied_entry *entry = &applied->entries[i];

        if (entry->verdict == TERN_OK && entry->kind == TRN_ENTRY_DISCARDED &&
            entry->number > applied->last_erased && sqlite3_column_bytes(stmt, 0) > 0) {
            check_discard(
                applied,
                entry,
                trn_slice_make(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)),
                audit);
        }
    }
    (void)sqlite3_reset(stmt);
}

static void check_writes(struct sim_applied *applied)
{
    const struct trn_schema *schema = applied->schema;
    sqlite3_stmt *audit =
        sim_applied_prepare(applied,
                            "SELECT 1 FROM sync_audit WHERE row_id = ?2 AND table_name = ?1 "
                            "AND lost_number = ?3 AND unit = ?4");

    for (size_t i = 0; i < schema->table_count && audit != NULL; i++) {
        sqlite3_stmt *row = sim_unit_prepare(applied->world, applied->db, &schema->tables[i]);

        for (size_t j = 0; row != NULL && j < applied->write_count; j++) {
            if (applied->writes[j].table == &schema->tables[i] && !applied->writes[j].implied) {
                check_write(applied, &applied->writes[j], row, audit);
            }
        }
        (void)sqlite3_reset(row);
    }
    if (audit != NULL) {
        check_discards(applied, audit);
    }
    (void)sqlite3_reset(audit);
}

/* ---- The ledger ---- */

static const struct sim_applied_entry *find_entry(const struct sim_applied *applied,
                                                  const tern_id *tx)
{
    for (size_t i = 0; i < applied->entry_count; i++) {
        if (trn_id_equal(&applied->entries[i].tx, tx)) {
            return &applied->entries[i];
        }
    }
    return NULL;
}

static bool holds(const struct trn_bytes *ids, const tern_id *tx)
{
    for (size_t at = 0; at + sizeof tx->bytes <= ids->size; at += sizeof tx->bytes) {
        if (memcmp(ids->data + at, tx->bytes, sizeof tx->bytes) == 0) {
            return true;
        }
    }
    return false;
}

static void check_commit(struct sim_applied *applied,
                         const struct sim_commit *commit,
                         const struct trn_bytes *parked)
{
    const struct sim_applied_entry *entry = find_entry(applied, &commit->tx);
    bool is_parked = holds(parked, &commit->tx);
    bool is_applied = entry != NULL && entry->verdict == TERN_OK;

    /* Of a discard nothing is kept where its record was erased. */
    bool is_forgotten = commit->given_up && applied->world->any_erased;

    if (is_applied + is_parked + commit->replaced == 0 && !commit->excused && !is_forgotten) {
        sim_fail(applied->world,
                 "lost",
                 "what %s committed in event %zu is nowhere: %s",
                 applied->world->devices[commit->device].name,
                 commit->event,
                 entry == NULL ? "the server never had it" : entry->detail);
    }
}

static void check_commits(struct sim_applied *applied)
{
    struct sim_world *world = applied->world;
    struct trn_bytes parked = {0};

    for (size_t i = 0; i < world->device_count; i++) {
        struct trn_bytes ids = sim_ledger_parked(&world->devices[i]);

        if (trn_bytes_append_slice(&parked, trn_bytes_slice(&ids)) != TERN_OK) {
            abort();
        }
        trn_bytes_free(&ids);
    }
    for (size_t i = 0; i < world->commit_count; i++) {
        check_commit(applied, &world->commits[i], &parked);
    }
    trn_bytes_free(&parked);
}

/* What a device has as acknowledged is on the server, by the same number. */
static void check_acknowledged(struct sim_applied *applied, struct sim_device *device)
{
    struct sim_world *world = applied->world;
    sqlite3 *db = sim_look_within(world, device->index);
    sqlite3_stmt *stmt =
        sim_look_prepare(world,
                         db,
                         "SELECT tx, number FROM tern_outbox WHERE state = 1 AND kind < 3");

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        tern_id tx = sim_applied_id(stmt, 0);
        const struct sim_applied_entry *entry = find_entry(applied, &tx);

        if (entry == NULL || entry->verdict != TERN_OK ||
            entry->number != sqlite3_column_int64(stmt, 1)) {
            sim_fail(world,
                     "acknowledged",
                     "%s holds a transaction as number %lld, which the server has %s",
                     device->name,
                     (long long)sqlite3_column_int64(stmt, 1),
                     entry == NULL ? "not" : "as another");
        }
    }
    (void)sqlite3_reset(stmt);
    sim_look_away(world, device->index);
}

void sim_accounts_check(struct sim_world *world)
{
    struct sim_applied applied;

    sim_applied_open(&applied, world);
    check_writes(&applied);
    check_commits(&applied);
    for (size_t i = 0; i < world->device_count; i++) {
        check_acknowledged(&applied, &world->devices[i]);
    }
    sim_applied_close(&applied);
}
