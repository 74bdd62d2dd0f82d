/*
 * All entries of the server are read once, and each write of a unit is kept with its base. A write
 * is accounted for where it is the current value or equal to it, or audited as the one that lost,
 * or the base of a later one; nothing else will do.
 */
#include "sim/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "model/change.h"
#include "sim/ledger.h"
#include "sim/look.h"
#include "wire/entry.h"
#include "wire/upcast.h"

struct entry {
    int64_t number;
    int64_t ordinal;
    tern_id tx;
    tern_id device; /* its author's */
    tern_id sender; /* who handed it in: two copies of a device may have used one ordinal */
    int64_t time_us;
    int verdict;
    int kind;
    bool erased; /* it was applied, and its bytes are gone */
    char detail[120];
};

/* One unit of one change that the server applied. */
struct write {
    const struct trn_table *table;
    tern_id row;
    size_t unit;
    int64_t number;
    const struct entry *entry;
    int64_t base; /* a number of the server's; minus an ordinal of the author's; 0 */
    uint64_t values;
    bool alive; /* of existence: what it says */
    bool inserts;
    bool implied; /* a default of a column that its document did not have yet */
};

struct accounts {
    struct sim_world *world;
    const struct trn_schema *schema;
    sqlite3 *db;
    struct entry *entries;
    size_t entry_count;
    struct write *writes;
    size_t write_count;
    size_t write_room;
    int64_t last_erased; /* the highest number whose bytes were erased; 0: none were */
};

static tern_id column_id(sqlite3_stmt *stmt, int column)
{
    tern_id id = {{0}};

    if (sqlite3_column_bytes(stmt, column) == (int)sizeof id.bytes) {
        memcpy(id.bytes, sqlite3_column_blob(stmt, column), sizeof id.bytes);
    }
    return id;
}

static sqlite3_stmt *prepare(struct accounts *accounts, const char *sql)
{
    return sim_look_prepare(accounts->world, accounts->db, sql);
}

/* ---- Reading the server's history ---- */

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

static uint64_t hash_unit(const struct trn_table *table, size_t unit, const tern_value *values)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        hash = hash_value(hash, &values[table->units[unit].columns[i]]);
    }
    return hash;
}

static void add_write(struct accounts *accounts,
                      const struct entry *entry,
                      const struct trn_change *change,
                      size_t unit,
                      bool same_epoch)
{
    struct write *write;

    if (accounts->write_count == accounts->write_room) {
        accounts->write_room = accounts->write_room * 2 + 256;
        accounts->writes =
            realloc(accounts->writes, accounts->write_room * sizeof *accounts->writes);
        if (accounts->writes == NULL) {
            abort();
        }
    }
    write = &accounts->writes[accounts->write_count++];
    *write = (struct write){.table = change->table,
                            .row = change->id,
                            .unit = unit,
                            .number = entry->number,
                            .entry = entry,
                            .alive = change->operation != TRN_OP_DELETE,
                            .inserts = change->operation == TRN_OP_INSERT};
    if (change->operation != TRN_OP_INSERT) {
        write->base = change->base < 0 || same_epoch ? change->base : 0;
    }
    write->values =
        unit == TRN_UNIT_EXISTENCE ? write->alive : hash_unit(change->table, unit, change->values);
}

/* What a server that looks its dependency up finds: the entry by ordinal, its sender's first. */
static const struct entry *
find_needed(const struct accounts *accounts, const struct entry *entry, uint64_t ordinal)
{
    const struct entry *found = NULL;

    for (size_t i = 0; i < accounts->entry_count; i++) {
        const struct entry *other = &accounts->entries[i];

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

static void
check_needed(struct accounts *accounts, const struct entry *entry, uint64_t ordinal, const char *by)
{
    const struct entry *needed = find_needed(accounts, entry, ordinal);

    if (needed != NULL && needed->verdict != TERN_OK &&
        trn_id_equal(&needed->sender, &entry->sender)) {
        sim_fail(accounts->world,
                 "dependents",
                 "transaction %lld was applied, and by its %s builds on %lld, which was rejected",
                 (long long)entry->number,
                 by,
                 (long long)needed->number);
    }
}

/* Whether it is as it was written; one that was tried again may leave behind what it built on. */
static bool is_first(const struct accounts *accounts, const struct entry *entry)
{
    const struct sim_commit *commit = sim_ledger_find(accounts->world, &entry->tx);

    return commit != NULL && !commit->reissued;
}

static void check_depends(struct accounts *accounts,
                          const struct entry *entry,
                          const struct trn_entry_header *header)
{
    for (size_t i = 0; i < header->depends_count; i++) {
        check_needed(accounts, entry, header->depends_on[i], "word");
    }
}

static void
read_changes(struct accounts *accounts, const struct entry *entry, struct trn_slice body)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, accounts->schema, body, NULL);

    if (status == TERN_OK) {
        check_depends(accounts, entry, &reader.header);
    }
    while (status == TERN_OK && any) {
        bool same = strcmp(reader.header.epoch, sim_epoch_of(accounts->world, entry->number)) == 0;

        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status != TERN_OK || !any) {
            break;
        }
        if (change.base < 0 && change.operation != TRN_OP_INSERT && is_first(accounts, entry)) {
            check_needed(accounts, entry, (uint64_t)-change.base, "base");
        }
        if (change.operation != TRN_OP_INSERT) {
            add_write(accounts, entry, &change, change.unit, same);
        }
        for (size_t unit = 0; change.operation == TRN_OP_INSERT && unit < change.table->unit_count;
             unit++) {
            if (!change.table->server_owned_units[unit]) {
                add_write(accounts, entry, &change, unit, same);
                accounts->writes[accounts->write_count - 1].implied =
                    unit >= trn_wire_units(change.table, reader.header.schema_version);
            }
        }
    }
    if (status != TERN_OK) {
        sim_fail(accounts->world,
                 "history",
                 "entry %lld of the server cannot be read: %s",
                 (long long)entry->number,
                 tern_status_code(status));
    }
    trn_entry_close(&reader);
}

static void read_entries(struct accounts *accounts)
{
    int64_t count =
        sim_look_number(accounts->world, accounts->db, "SELECT count(*) FROM tern_entry", 0);
    sqlite3_stmt *stmt = prepare(accounts,
                                 "SELECT number, ordinal, tx, device, verdict, kind, detail, "
                                 "sender, time FROM tern_entry ORDER BY number");

    accounts->entries = calloc((size_t)count + 1, sizeof *accounts->entries);
    if (accounts->entries == NULL) {
        abort();
    }
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        struct entry *entry = &accounts->entries[accounts->entry_count++];

        entry->number = sqlite3_column_int64(stmt, 0);
        entry->ordinal = sqlite3_column_int64(stmt, 1);
        entry->tx = column_id(stmt, 2);
        entry->device = column_id(stmt, 3);
        entry->sender = column_id(stmt, 7);
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

static void read_writes(struct accounts *accounts)
{
    sqlite3_stmt *stmt = prepare(accounts, "SELECT body FROM tern_entry ORDER BY number");

    for (size_t i = 0; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; i++) {
        struct entry *entry = &accounts->entries[i];

        if (entry->verdict == TERN_OK && entry->kind != TRN_ENTRY_DISCARDED &&
            sqlite3_column_bytes(stmt, 0) == 0) {
            entry->erased = true;
            accounts->last_erased = entry->number;
        } else if (entry->verdict == TERN_OK && entry->kind != TRN_ENTRY_DISCARDED) {
            read_changes(accounts,
                         entry,
                         trn_slice_make(sqlite3_column_blob(stmt, 0),
                                        (size_t)sqlite3_column_bytes(stmt, 0)));
        }
    }
    (void)sqlite3_reset(stmt);
}

/* ---- What stands ---- */

/* What the server's row holds of the unit. */
struct current {
    int64_t number;
    uint64_t values;
};

static tern_value column_value(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return tern_value_integer(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT:
        return tern_value_real(sqlite3_column_double(stmt, column));
    case SQLITE_TEXT:
        return (tern_value){.kind = TERN_TEXT,
                            .data = sqlite3_column_text(stmt, column),
                            .size = (size_t)sqlite3_column_bytes(stmt, column)};
    case SQLITE_BLOB:
        return tern_value_blob(sqlite3_column_blob(stmt, column),
                               (size_t)sqlite3_column_bytes(stmt, column));
    default:
        return tern_value_null();
    }
}

static sqlite3_stmt *prepare_row(struct accounts *accounts, const struct trn_table *table)
{
    struct trn_bytes sql = {0};
    sqlite3_stmt *stmt;
    tern_status status = trn_bytes_append_text(&sql, "SELECT tern_v, deleted_at");

    for (size_t i = 0; status == TERN_OK && i < table->column_count; i++) {
        status = trn_bytes_append_format(&sql, ", \"%s\"", table->columns[i].name);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_format(&sql, " FROM \"%s\" WHERE id = ?1", table->name);
    }
    if (status != TERN_OK) {
        abort();
    }
    stmt = prepare(accounts, trn_bytes_text(&sql));
    trn_bytes_free(&sql);
    return stmt;
}

static bool read_current(sqlite3_stmt *stmt, const struct write *write, struct current *ret)
{
    tern_value cells[TRN_COLUMNS_MAX];
    struct trn_version version;
    tern_value cell;
    bool found = false;

    (void)sqlite3_bind_blob(stmt, 1, write->row.bytes, sizeof write->row.bytes, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        cell = column_value(stmt, 0);
        found = trn_version_decode(&cell, write->table->unit_count, &version, NULL) == TERN_OK;
        for (size_t i = 0; i < write->table->column_count; i++) {
            cells[i] = column_value(stmt, (int)i + 2);
        }
        ret->number = version.keys[write->unit];
        ret->values = write->unit == TRN_UNIT_EXISTENCE
                          ? sqlite3_column_type(stmt, 1) == SQLITE_NULL
                          : hash_unit(write->table, write->unit, cells);
    }
    (void)sqlite3_reset(stmt);
    return found;
}

static bool is_same_unit(const struct write *a, const struct write *b)
{
    return a->table == b->table && a->unit == b->unit && trn_id_equal(&a->row, &b->row);
}

/* What is left of a transaction names no base: that it undid a deletion shows that it had seen it.
 */
static bool has_undone(const struct write *later, const struct write *write)
{
    return later->unit == TRN_UNIT_EXISTENCE && later->alive && !write->alive &&
           later->entry->kind > TRN_ENTRY_DISCARDED;
}

/* Whether the base of `later` names `write`. Copies of a device may have used one ordinal twice. */
static bool has_seen(const struct write *later, const struct write *write)
{
    return has_undone(later, write) || later->base == write->number ||
           (later->base < 0 && -later->base == write->entry->ordinal &&
            trn_id_equal(&later->entry->device, &write->entry->device));
}

/* Whether a writer that had seen it wrote over it, or another wrote the very same. */
static bool is_superseded(const struct accounts *accounts, const struct write *write)
{
    for (size_t i = 0; i < accounts->write_count; i++) {
        const struct write *other = &accounts->writes[i];

        if (is_same_unit(write, other) && other->number != write->number &&
            (has_seen(other, write) || other->values == write->values)) {
            return true;
        }
    }
    return false;
}

/* What is left of an insert writes nothing where that insert itself was applied, also in units that
 * its document did not have yet. */
static bool has_yielded(const struct accounts *accounts, const struct write *write)
{
    for (size_t i = 0;
         write->inserts && write->entry->kind > TRN_ENTRY_DISCARDED && i < accounts->write_count;
         i++) {
        const struct write *other = &accounts->writes[i];

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
static bool is_of_nothing(const struct accounts *accounts, const struct write *write)
{
    bool deletes = write->unit == TRN_UNIT_EXISTENCE && !write->alive &&
                   write->entry->kind > TRN_ENTRY_DISCARDED;

    for (size_t i = 0; deletes && i < accounts->write_count; i++) {
        const struct write *other = &accounts->writes[i];

        deletes = !other->inserts || other->number >= write->number || !is_same_unit(write, other);
    }
    return deletes;
}

/* Whether its transaction wrote the unit in another line as well, which may fare otherwise. */
static bool has_twin(const struct accounts *accounts, const struct write *write)
{
    for (size_t i = 0; i < accounts->write_count; i++) {
        const struct write *other = &accounts->writes[i];

        if (other != write && other->number == write->number && is_same_unit(write, other)) {
            return true;
        }
    }
    return false;
}

static bool is_audited_of(sqlite3_stmt *stmt, const struct write *write, int64_t number)
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

static bool is_audited(sqlite3_stmt *stmt, const struct write *write)
{
    return is_audited_of(stmt, write, write->number);
}

static bool is_seen(const struct accounts *accounts, const struct write *write, int64_t number)
{
    for (size_t i = 0; i < accounts->write_count; i++) {
        if (is_same_unit(write, &accounts->writes[i]) && accounts->writes[i].base == number) {
            return true;
        }
    }
    return false;
}

/* Whether one before it wrote the unit, of which nobody can tell any more that it wrote the very
 * same: that one lost, or was seen by who wrote over it. */
static bool
follows_erased(const struct accounts *accounts, sqlite3_stmt *audit, const struct write *write)
{
    for (size_t i = 0; i < accounts->entry_count; i++) {
        const struct entry *entry = &accounts->entries[i];

        if (entry->erased && entry->number < write->number &&
            (is_audited_of(audit, write, entry->number) ||
             is_seen(accounts, write, entry->number))) {
            return true;
        }
    }
    return false;
}

static void check_write(struct accounts *accounts,
                        const struct write *write,
                        sqlite3_stmt *row,
                        sqlite3_stmt *audit)
{
    struct current current = {0, 0};
    bool found = read_current(row, write, &current);
    bool stands = found && (current.number == write->number || current.values == write->values);
    bool audited;
    char id[33];

    if (stands && current.number != write->number) {
        return; /* equal to what stands, whoever wrote that */
    }
    audited = is_audited(audit, write);
    trn_hex_encode(write->row.bytes, sizeof write->row.bytes, id);
    if (has_twin(accounts, write)) {
        return; /* the last of them counts, and stands or is audited for both */
    }
    if (stands && audited) {
        sim_fail(accounts->world,
                 "accounts",
                 "unit %zu of %s %s is of transaction %lld, which the audit says lost it",
                 write->unit,
                 write->table->name,
                 id,
                 (long long)write->number);
    } else if (!stands && !audited && write->number >= accounts->last_erased &&
               !is_superseded(accounts, write) && !has_yielded(accounts, write) &&
               !is_of_nothing(accounts, write) && !follows_erased(accounts, audit, write)) {
        sim_fail(accounts->world,
                 "accounts",
                 "unit %zu of %s %s as transaction %lld wrote it is neither current nor audited, "
                 "and nobody who had seen it wrote over it (now of %lld)",
                 write->unit,
                 write->table->name,
                 id,
                 (long long)write->number,
                 (long long)current.number);
    }
}

/* A discard is audited, unit by unit, wherever its author may have it written. */
static void check_discard(struct accounts *accounts,
                          const struct entry *entry,
                          struct trn_slice body,
                          sqlite3_stmt *audit)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, accounts->schema, body, NULL);

    while (status == TERN_OK) {
        struct write write = {.number = entry->number};

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
            sim_fail(accounts->world,
                     "discards",
                     "the discard %lld of a change of %s is not audited",
                     (long long)entry->number,
                     change.table->name);
        }
    }
    trn_entry_close(&reader);
}

static void check_discards(struct accounts *accounts, sqlite3_stmt *audit)
{
    sqlite3_stmt *stmt = prepare(accounts, "SELECT body FROM tern_entry ORDER BY number");

    for (size_t i = 0; stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW; i++) {
        const struct entry *entry = &accounts->entries[i];

        if (entry->verdict == TERN_OK && entry->kind == TRN_ENTRY_DISCARDED &&
            entry->number > accounts->last_erased && sqlite3_column_bytes(stmt, 0) > 0) {
            check_discard(
                accounts,
                entry,
                trn_slice_make(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)),
                audit);
        }
    }
    (void)sqlite3_reset(stmt);
}

static void check_writes(struct accounts *accounts)
{
    const struct trn_schema *schema = accounts->schema;
    sqlite3_stmt *audit = prepare(accounts,
                                  "SELECT 1 FROM sync_audit WHERE row_id = ?2 AND table_name = ?1 "
                                  "AND lost_number = ?3 AND unit = ?4");

    for (size_t i = 0; i < schema->table_count && audit != NULL; i++) {
        sqlite3_stmt *row = prepare_row(accounts, &schema->tables[i]);

        for (size_t j = 0; row != NULL && j < accounts->write_count; j++) {
            if (accounts->writes[j].table == &schema->tables[i] && !accounts->writes[j].implied) {
                check_write(accounts, &accounts->writes[j], row, audit);
            }
        }
        (void)sqlite3_reset(row);
    }
    if (audit != NULL) {
        check_discards(accounts, audit);
    }
    (void)sqlite3_reset(audit);
}

/* ---- The ledger ---- */

static const struct entry *find_entry(const struct accounts *accounts, const tern_id *tx)
{
    for (size_t i = 0; i < accounts->entry_count; i++) {
        if (trn_id_equal(&accounts->entries[i].tx, tx)) {
            return &accounts->entries[i];
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

static void check_commit(struct accounts *accounts,
                         const struct sim_commit *commit,
                         const struct trn_bytes *parked)
{
    const struct entry *entry = find_entry(accounts, &commit->tx);
    bool is_parked = holds(parked, &commit->tx);
    bool applied = entry != NULL && entry->verdict == TERN_OK;

    /* Of a discard nothing is kept where its record was erased. */
    bool is_forgotten = commit->given_up && accounts->world->any_erased;

    if (applied + is_parked + commit->replaced == 0 && !commit->excused && !is_forgotten) {
        sim_fail(accounts->world,
                 "lost",
                 "what %s committed in event %zu is nowhere: %s",
                 accounts->world->devices[commit->device].name,
                 commit->event,
                 entry == NULL ? "the server never had it" : entry->detail);
    }
}

static void check_commits(struct accounts *accounts)
{
    struct sim_world *world = accounts->world;
    struct trn_bytes parked = {0};

    for (size_t i = 0; i < world->device_count; i++) {
        struct trn_bytes ids = sim_ledger_parked(&world->devices[i]);

        if (trn_bytes_append_slice(&parked, trn_bytes_slice(&ids)) != TERN_OK) {
            abort();
        }
        trn_bytes_free(&ids);
    }
    for (size_t i = 0; i < world->commit_count; i++) {
        check_commit(accounts, &world->commits[i], &parked);
    }
    trn_bytes_free(&parked);
}

/* What a device has as acknowledged is on the server, by the same number. */
static void check_acknowledged(struct accounts *accounts, struct sim_device *device)
{
    struct sim_world *world = accounts->world;
    sqlite3 *db = sim_look_within(world, device->index);
    sqlite3_stmt *stmt =
        sim_look_prepare(world,
                         db,
                         "SELECT tx, number FROM tern_outbox WHERE state = 1 AND kind < 3");

    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        tern_id tx = column_id(stmt, 0);
        const struct entry *entry = find_entry(accounts, &tx);

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
    struct accounts accounts = {.world = world,
                                .schema = world->documents[world->served].schema,
                                .db = sim_look_within(world, SIM_SERVER)};

    read_entries(&accounts);
    read_writes(&accounts);
    check_writes(&accounts);
    check_commits(&accounts);
    for (size_t i = 0; i < world->device_count; i++) {
        check_acknowledged(&accounts, &world->devices[i]);
    }
    sim_look_away(world, SIM_SERVER);
    free(accounts.entries);
    free(accounts.writes);
}
