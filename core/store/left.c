/*
 * Which units of the rows are still a device's own, by the transactions that wrote them and whose
 * entries are kept no more.
 *
 * Worked out at once into a temporary table, since only that can be walked in the order of the
 * transactions without heap that grows with the rows; it is empty again behind the walk, but for
 * what entries wait for and what was offered before, since what was found last is offered behind
 * it. It stays: with each temporary table that is made or dropped SQLite compiles all statements
 * anew.
 */
#include "store/store.h"

#include "base/error.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/fault.h"
#include "store/sql.h"

static const char place[] = "the rows that are left";

static tern_status begin(struct trn_store *store, tern_error *error)
{
    return trn_store_exec(
        store,
        "CREATE TABLE IF NOT EXISTS temp.tern_own(key INTEGER PRIMARY KEY, "
        "number INTEGER, time INTEGER, device BLOB);"
        "CREATE TABLE IF NOT EXISTS temp.tern_left(key INTEGER, tab INTEGER, "
        "id BLOB, units INTEGER, PRIMARY KEY(key, tab, id)) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS temp.tern_needed(ordinal INTEGER PRIMARY KEY);"
        "CREATE TABLE IF NOT EXISTS temp.tern_offered(time INTEGER, ordinal INTEGER, "
        "PRIMARY KEY(time, ordinal)) WITHOUT ROWID;"
        "DELETE FROM temp.tern_left;"
        "DELETE FROM temp.tern_own;"
        "DELETE FROM temp.tern_offered;"
        "DELETE FROM temp.tern_needed;"
        /* To ask each entry for each ordinal would take the square of both. */
        "INSERT OR IGNORE INTO temp.tern_needed SELECT value FROM "
        "main.tern_outbox, json_each('[' || trim(needs, ',') || ']') "
        "WHERE needs IS NOT NULL;",
        place,
        error);
}

static tern_status end(struct trn_store *store, tern_error *error)
{
    return trn_store_exec(store,
                          "DELETE FROM temp.tern_left; DELETE FROM temp.tern_own;",
                          place,
                          error);
}

static tern_status
prepare(struct trn_store *store, const char *sql, sqlite3_stmt **ret_stmt, tern_error *error)
{
    int rc = sqlite3_prepare_v2(store->db, sql, -1, ret_stmt, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->db, rc, place, error);
}

#define IS_WHOLE "kind NOT IN (3, 4)" /* enum trn_entry_kind: not what was left of one */

/* Of an id that the device has, or had before a copy of it was told apart. */
#define IS_OWN(column)                                                                             \
    "(" column " = (SELECT device FROM main.tern_meta) OR "                                        \
    "instr((SELECT former FROM main.tern_meta), " column ") > 0)"

/* The device's transactions that a server had and no whole entry is kept of. An entry has the key
 * of what it was acknowledged as. */
static tern_status gather_own(struct trn_store *store, tern_error *error)
{
    return trn_store_exec(
        store,
        "INSERT INTO temp.tern_own(key, number, time, device) "
        "SELECT key, number, time, device FROM main.tern_tx WHERE " IS_OWN(
            "device") " AND "
                      "number > 0 AND key NOT IN (SELECT key FROM main.tern_outbox WHERE " IS_WHOLE
                      ");",
        place,
        error);
}

/* What the device has offered of its transactions before, and was not refused. */
static tern_status gather_offered(struct trn_store *store, tern_error *error)
{
    return trn_store_exec(store,
                          "INSERT INTO temp.tern_offered(time, ordinal) "
                          "SELECT time, ordinal FROM main.tern_outbox WHERE " IS_OWN(
                              "author") " AND state IN (0, 1) AND NOT " IS_WHOLE ";",
                          place,
                          error);
}

/* Which units of the version are `key`'s. */
static unsigned units_of(const struct trn_version *version, size_t unit_count, int64_t key)
{
    unsigned units = 0;

    for (size_t unit = 0; unit < unit_count; unit++) {
        units |= version->keys[unit] == key ? 1U << unit : 0;
    }
    return units;
}

static tern_status note_row(struct trn_store *store,
                            sqlite3_stmt *add,
                            const struct trn_table *table,
                            const tern_id *id,
                            const struct trn_version *version,
                            tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t unit = 0; unit < table->unit_count && status == TERN_OK; unit++) {
        unsigned units = units_of(version, table->unit_count, version->keys[unit]);

        /* Each key once, at the first unit that is its. */
        if (version->keys[unit] == 0 || (units & ((1U << unit) - 1)) != 0) {
            continue;
        }
        (void)sqlite3_bind_int64(add, 1, version->keys[unit]);
        (void)sqlite3_bind_int(add, 2, table->index);
        trn_bind_id(add, 3, id);
        (void)sqlite3_bind_int64(add, 4, units);
        status = trn_store_run(store, add, place, error);
    }
    return status;
}

static tern_status scan(struct trn_store *store,
                        const struct trn_table *table,
                        sqlite3_stmt *rows,
                        sqlite3_stmt *add,
                        tern_error *error)
{
    tern_status status;
    bool any = false;

    for (;;) {
        struct trn_version version;
        tern_value cell;
        tern_id id;

        status = trn_store_step(store, rows, table->name, &any, error);
        if (status != TERN_OK || !any) {
            return status;
        }
        trn_column_id(rows, 0, &id);
        cell = trn_column_value(rows, 1);
        status = trn_version_decode(&cell, table->unit_count, &version, error);
        if (status == TERN_OK) {
            status = note_row(store, add, table, &id, &version, error);
        }
        if (status != TERN_OK) {
            return status;
        }
    }
}

static tern_status gather_table(struct trn_store *store,
                                const struct trn_table *table,
                                sqlite3_stmt *add,
                                tern_error *error)
{
    struct trn_bytes sql = {0};
    sqlite3_stmt *rows = NULL;
    tern_status built = trn_bytes_append_text(&sql, "SELECT id, tern_v FROM main.");
    tern_status status;

    if (built == TERN_OK) {
        built = trn_sql_name(&sql, table->name);
    }
    status = trn_store_compile(store, &sql, built, &rows, error);
    if (status == TERN_OK) {
        status = scan(store, table, rows, add, error);
    }
    (void)sqlite3_finalize(rows);
    return status;
}

tern_status trn_left_gather(struct trn_store *store, tern_error *error)
{
    const struct trn_schema *schema = store->schema;
    sqlite3_stmt *add = NULL;
    tern_status status = begin(store, error);

    if (status == TERN_OK) {
        status = gather_own(store, error);
    }
    if (status == TERN_OK) {
        status = gather_offered(store, error);
    }
    if (status == TERN_OK) {
        status = prepare(store,
                         "INSERT INTO temp.tern_left(key, tab, id, units) "
                         "SELECT key, ?2, ?3, ?4 FROM temp.tern_own WHERE key = ?1",
                         &add,
                         error);
    }
    /* The last table is the audit, whose rows are the server's. */
    for (size_t i = 0; i + 1 < schema->table_count && status == TERN_OK; i++) {
        if (schema->tables[i].scope_count > 0) {
            status = gather_table(store, &schema->tables[i], add, error);
        }
    }
    (void)sqlite3_finalize(add);
    return status;
}

static tern_status
walk(struct trn_store *store,
     sqlite3_stmt *stmt,
     tern_status (*visit)(void *context, const struct trn_left *left, tern_error *error),
     void *context,
     tern_error *error)
{
    tern_status status;
    bool any = false;

    for (;;) {
        struct trn_left left;

        status = trn_store_step(store, stmt, place, &any, error);
        if (status != TERN_OK || !any) {
            return status;
        }
        left.key = sqlite3_column_int64(stmt, 0);
        left.number = sqlite3_column_int64(stmt, 1);
        left.time_us = sqlite3_column_int64(stmt, 2);
        left.table = &store->schema->tables[sqlite3_column_int(stmt, 3)];
        trn_column_id(stmt, 4, &left.id);
        left.units = (uint16_t)sqlite3_column_int(stmt, 5);
        trn_column_id(stmt, 6, &left.author);
        status = visit(context, &left, error);
        if (status != TERN_OK) {
            return status;
        }
    }
}

tern_status
trn_left_visit(struct trn_store *store,
               tern_status (*visit)(void *context, const struct trn_left *left, tern_error *error),
               void *context,
               tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status =
        prepare(store,
                "SELECT key, number, time, tab, id, units, device FROM temp.tern_left "
                "JOIN temp.tern_own USING(key) ORDER BY number, key, tab, id",
                &stmt,
                error);

    if (status == TERN_OK) {
        status = walk(store, stmt, visit, context, error);
    }
    (void)sqlite3_finalize(stmt);
    return status == TERN_OK ? end(store, error) : status;
}

tern_status trn_left_offered(struct trn_store *store,
                             int64_t time_us,
                             struct trn_bytes *ordinals,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool any = true;
    tern_status status =
        prepare(store, "SELECT ordinal FROM temp.tern_offered WHERE time = ?1", &stmt, error);

    if (status == TERN_OK) {
        sqlite3_bind_int64(stmt, 1, time_us);
    }
    while (status == TERN_OK && any) {
        status = trn_store_step(store, stmt, place, &any, error);
        if (status == TERN_OK && any) {
            const uint64_t ordinal = (uint64_t)sqlite3_column_int64(stmt, 0);

            status = trn_bytes_append(ordinals, &ordinal, sizeof ordinal) == TERN_OK
                         ? TERN_OK
                         : trn_fail_nomem(error);
        }
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static tern_status is_taken(struct trn_store *store,
                            sqlite3_stmt *stmt,
                            uint64_t ordinal,
                            bool *ret_taken,
                            tern_error *error)
{
    tern_status status;

    trn_bind_uint64(stmt, 1, ordinal);
    status = trn_store_step(store, stmt, place, ret_taken, error);
    (void)sqlite3_reset(stmt);
    return status;
}

tern_status
trn_left_ordinal(struct trn_store *store, uint64_t after, uint64_t *ret_ordinal, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    uint64_t ordinal = after;
    bool taken = true;
    tern_status status = prepare(store,
                                 "SELECT 1 WHERE "
                                 "EXISTS(SELECT 1 FROM main.tern_outbox WHERE place = ?1) OR "
                                 "EXISTS(SELECT 1 FROM main.tern_outbox "
                                 "WHERE place = ?1 - " TRN_SQL_KEPT ") OR "
                                 "EXISTS(SELECT 1 FROM temp.tern_needed WHERE ordinal = ?1)",
                                 &stmt,
                                 error);

    while (status == TERN_OK && taken) {
        ordinal++;
        status = is_taken(store, stmt, ordinal, &taken, error);
    }
    (void)sqlite3_finalize(stmt);
    if (status == TERN_OK) {
        *ret_ordinal = ordinal;
    }
    return status;
}
