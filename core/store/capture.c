/*
 * The preupdate hook: rows of synced tables, handed on as they change.
 *
 * Only what the running statement names is read: the authorizer noted it when the statement was
 * compiled. The hook cannot fail; what goes wrong in it dooms the tx.
 */
#include "store/capture.h"

#include <string.h>

#include "base/assert.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/doom.h"
#include "store/followed.h"
#include "store/sql.h"

struct reading {
    struct trn_store *store;
    const struct trn_store_table *own;
    int (*read)(sqlite3 *db, int position, sqlite3_value **value);
};

static struct trn_store_table *find_table(struct trn_store *store, const char *name)
{
    for (size_t i = 0; i < store->schema->table_count; i++) {
        if (strcmp(store->tables[i].table->name, name) == 0) {
            return &store->tables[i];
        }
    }
    return NULL;
}

/* SQLite keeps a whole number in a REAL column as an integer, and the hook shows it so. */
static tern_value read_cell(const struct reading *reading, int position, enum trn_type type)
{
    sqlite3_value *value = NULL;
    tern_value cell = {.kind = TERN_NULL};
    int rc = reading->read(reading->store->db, position, &value);

    if (rc != SQLITE_OK || value == NULL) {
        trn_doom(reading->store,
                 rc == SQLITE_NOMEM ? TERN_ERR_NOMEM : TERN_ERR_INTERNAL,
                 "a changed row could not be read");
        return cell;
    }
    if (!trn_value_is_whole(value)) {
        trn_doom(reading->store, TERN_ERR_NOMEM, "out of memory");
    }
    cell = trn_value_of(value);
    if (type == TRN_TYPE_REAL && cell.kind == TERN_INTEGER) {
        cell.kind = TERN_REAL;
        cell.real = (double)cell.integer;
    }
    return cell;
}

static void read_id(const struct reading *reading, tern_id *ret_id)
{
    tern_value id = read_cell(reading, reading->own->id_position, TRN_TYPE_UUID);

    if (id.kind == TERN_BLOB && id.size == sizeof(ret_id->bytes)) {
        memcpy(ret_id->bytes, id.data, sizeof(ret_id->bytes));
    } else {
        trn_doom(reading->store, TERN_ERR_TYPE, "an id is a blob of 16 bytes");
    }
}

static void read_columns(const struct reading *reading, uint64_t columns, struct trn_row *row)
{
    const struct trn_store_table *own = reading->own;

    for (size_t i = 0; columns != 0; i++, columns >>= 1) {
        if ((columns & 1) != 0) {
            row->values[i] = read_cell(reading, own->positions[i], own->table->columns[i].type);
        }
    }
}

static int64_t read_time(const struct reading *reading, int position)
{
    return read_cell(reading, position, TRN_TYPE_BIGINT).integer;
}

static void read_row(const struct reading *reading, uint64_t columns, struct trn_row *row)
{
    read_id(reading, &row->id);
    read_columns(reading, columns, row);
    row->updated_at_us = read_time(reading, reading->own->updated_position);
    row->deleted_at_us = read_time(reading, reading->own->deleted_position);
}

static uint64_t all_columns(const struct trn_table *table)
{
    return table->column_count >= 64 ? UINT64_MAX : (UINT64_C(1) << table->column_count) - 1;
}

static void report(struct trn_store *store, const struct trn_captured *captured)
{
    tern_status status;

    if (store->doom.status != TERN_OK) {
        return;
    }
    trn_store_touch(store, captured->table);
    status = store->listener->changed(store->listener->context, captured, &store->doom);
    if (status != TERN_OK && store->doom.status == TERN_OK) {
        trn_doom(store, status, "a changed row could not be noted");
    }
}

static void on_insert(struct trn_store *store, struct trn_store_table *own, int64_t rowid)
{
    struct reading reading = {store, own, sqlite3_preupdate_new};
    struct trn_row after;
    struct trn_captured captured = {.table = own->table,
                                    .rowid = rowid,
                                    .is_insert = true,
                                    .named = all_columns(own->table),
                                    .after = &after};

    read_row(&reading, captured.named, &after);
    captured.after_version = read_cell(&reading, own->version_position, TRN_TYPE_BYTES);
    report(store, &captured);
}

/* NULL where it is not known. */
static const struct trn_statement_names *names_of(const struct trn_store *store,
                                                  const struct trn_table *table)
{
    const struct trn_statement_names *names = store->running;

    if (names == NULL) {
        return NULL;
    }
    names = &names[table->index];
    return names->columns != 0 || names->deleted_at || names->hidden ? names : NULL;
}

/* What the statement names of the table; all of it where that is not known. */
static void note_named(const struct trn_store *store,
                       const struct trn_store_table *own,
                       struct trn_captured *captured)
{
    const struct trn_statement_names *names = names_of(store, own->table);

    captured->named = names != NULL ? names->columns : all_columns(own->table);
    captured->names_hidden = names == NULL || names->hidden;
    for (size_t u = 1; u < own->table->unit_count; u++) {
        if ((own->unit_columns[u] & captured->named) != 0) {
            captured->units |= (uint16_t)(1u << u);
        }
    }
    if (names == NULL || names->deleted_at) {
        captured->units |= 1u << TRN_UNIT_EXISTENCE;
    }
}

/* The row as the statement leaves it: what it does not name is as it was, and need not be read. */
static void read_after(struct reading *reading,
                       uint64_t columns,
                       struct trn_captured *captured,
                       struct trn_row *after)
{
    const struct trn_store_table *own = reading->own;
    const struct trn_row *before = captured->before;
    uint64_t same = columns & ~captured->named;

    reading->read = sqlite3_preupdate_new;
    after->id = before->id;
    after->updated_at_us = before->updated_at_us;
    after->deleted_at_us = before->deleted_at_us;
    if (captured->names_hidden) {
        read_id(reading, &after->id);
        after->updated_at_us = read_time(reading, own->updated_position);
        captured->after_version = read_cell(reading, own->version_position, TRN_TYPE_BYTES);
    }
    if ((captured->units & 1u) != 0) {
        after->deleted_at_us = read_time(reading, own->deleted_position);
    }
    read_columns(reading, captured->named | (own->rank_columns & ~same), after);
    for (size_t i = 0; same != 0; i++, same >>= 1) {
        if ((same & 1) != 0) {
            after->values[i] = before->values[i];
        }
    }
}

static void on_update(struct trn_store *store, struct trn_store_table *own, int64_t rowid)
{
    struct reading reading = {store, own, sqlite3_preupdate_old};
    struct trn_row before;
    struct trn_row after;
    struct trn_captured captured = {.table = own->table,
                                    .rowid = rowid,
                                    .before = &before,
                                    .after = &after};
    uint64_t columns;

    note_named(store, own, &captured);
    columns = captured.named | (captured.units & 1u); /* created_at goes with existence */
    for (size_t u = 1; u < own->table->unit_count; u++) {
        if ((captured.units & (1u << u)) != 0) {
            columns |= own->unit_columns[u];
        }
    }
    read_row(&reading, columns, &before);
    captured.after_version = read_cell(&reading, own->version_position, TRN_TYPE_BYTES);
    if (trn_version_decode(&captured.after_version,
                           own->table->unit_count,
                           &before.version,
                           &store->doom) != TERN_OK) {
        return;
    }
    read_after(&reading, columns, &captured, &after);
    report(store, &captured);
}

static void on_change(void *context,
                      sqlite3 *db,
                      int operation,
                      const char *database,
                      const char *name,
                      sqlite3_int64 old_rowid,
                      sqlite3_int64 new_rowid)
{
    struct trn_store *store = context;
    struct trn_store_table *own;

    (void)db;
    if (store->follows != NULL && strcmp(database, "main") == 0) {
        trn_followed_note(store, operation, name);
    }
    if (store->listener == NULL || store->doom.status != TERN_OK || strcmp(database, "main") != 0) {
        return;
    }
    own = find_table(store, name);
    if (own == NULL) {
        return;
    }
    if (operation == SQLITE_INSERT) {
        on_insert(store, own, new_rowid);
    } else if (operation == SQLITE_UPDATE && old_rowid == new_rowid) {
        on_update(store, own, new_rowid);
    } else if (operation == SQLITE_UPDATE) {
        trn_doom(store, TERN_ERR_IMMUTABLE, "the rowid of a synced row never changes");
    } else {
        trn_doom(store, TERN_ERR_SQL, "a synced row may not be taken out of the file");
    }
}

void trn_capture_install(struct trn_store *store)
{
    (void)sqlite3_preupdate_hook(store->db, on_change, store);
}

void trn_capture_start(struct trn_store *store, const struct trn_capture_listener *listener)
{
    TRN_ASSERT(store->schema != NULL && store->is_placed && trn_store_in_transaction(store));
    store->listener = listener;
    store->stamped = false;
    store->doom = (tern_error){TERN_OK, ""};
}

void trn_capture_stop(struct trn_store *store)
{
    store->listener = NULL;
}

void trn_capture_reset(struct trn_store *store)
{
    store->listener = NULL;
    store->stamped = false;
    store->doom = (tern_error){TERN_OK, ""};
}

void trn_capture_guess(struct trn_store *store, const struct trn_table *table, uint16_t ranks)
{
    trn_store_table(store, table)->rank_guess = ranks;
}

static tern_status build_stamp(struct trn_bytes *sql, const struct trn_table *table)
{
    tern_status status = trn_bytes_append_text(sql, "UPDATE main.");

    if (status == TERN_OK) {
        status = trn_sql_name(sql, table->name);
    }
    return status == TERN_OK
               ? trn_bytes_append_text(
                     sql,
                     " SET updated_at = ?3, tern_v = ?4 WHERE rowid BETWEEN ?1 AND ?2")
               : status;
}

tern_status trn_capture_stamp_rows(struct trn_store *store,
                                   const struct trn_table *table,
                                   int64_t first_rowid,
                                   int64_t last_rowid,
                                   int64_t time_us,
                                   const tern_value *version,
                                   tern_error *error)
{
    sqlite3_stmt **stmt = &trn_store_table(store, table)->statements[TRN_TABLE_STAMP];
    struct trn_bytes sql = {0};
    tern_status status = TERN_OK;

    TRN_ASSERT(store->listener == NULL);
    if (*stmt == NULL) {
        tern_status built = build_stamp(&sql, table);

        status = trn_store_compile(store, &sql, built, stmt, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(*stmt, 1, first_rowid);
    (void)sqlite3_bind_int64(*stmt, 2, last_rowid);
    (void)sqlite3_bind_int64(*stmt, 3, time_us);
    trn_bind_value(*stmt, 4, version);
    return trn_store_run(store, *stmt, table->name, error);
}
