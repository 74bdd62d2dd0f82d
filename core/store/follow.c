/* What the app follows, declared in a tx: the tables behind it come with the first. */
#include "store/store.h"

#include "base/assert.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/doom.h"
#include "store/followed.h"
#include "store/sql.h"

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS tern_follow(name TEXT NOT NULL PRIMARY KEY, target TEXT NOT NULL, "
    "first TEXT NOT NULL, second TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS tern_noted(name TEXT NOT NULL, first ANY NOT NULL, "
    "second ANY NOT NULL, PRIMARY KEY (name, first, second)) STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 2;";

static tern_status append_target(struct trn_bytes *sql,
                                 const struct trn_table *table,
                                 const char *first,
                                 const char *second)
{
    tern_status status =
        trn_bytes_append_text(sql, "INSERT OR IGNORE INTO main.tern_noted SELECT DISTINCT ?1, ");

    if (status == TERN_OK) {
        status = trn_sql_name(sql, first);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, ", ");
    }
    if (status == TERN_OK) {
        status = second != NULL ? trn_sql_name(sql, second) : trn_bytes_append_text(sql, "''");
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_text(sql, " FROM main.");
    }
    return status == TERN_OK ? trn_sql_name(sql, table->name) : status;
}

static tern_status run_once(struct trn_store *store,
                            struct trn_bytes *sql,
                            tern_status built,
                            const char *const *texts,
                            int count,
                            tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_compile(store, sql, built, &stmt, error);

    for (int i = 0; status == TERN_OK && i < count; i++) {
        trn_bind_text(stmt, i + 1, texts[i]);
    }
    if (status == TERN_OK) {
        status = trn_store_run(store, stmt, "tern_follow", error);
    }
    trn_store_finalize(&stmt);
    return status;
}

static tern_status declare(struct trn_store *store, const char *const *texts, tern_error *error)
{
    struct trn_bytes sql = {0};
    tern_status built =
        trn_bytes_append_text(&sql, "INSERT OR REPLACE INTO main.tern_follow VALUES(?1,?2,?3,?4)");

    return run_once(store, &sql, built, texts, 4, error);
}

/* What was noted before goes: it may have been of other columns. */
static tern_status note_all(struct trn_store *store,
                            const char *name,
                            const struct trn_table *table,
                            const char *first,
                            const char *second,
                            tern_error *error)
{
    struct trn_bytes drop = {0};
    struct trn_bytes fill = {0};
    tern_status built = trn_bytes_append_text(&drop, "DELETE FROM main.tern_noted WHERE name = ?1");
    tern_status status = run_once(store, &drop, built, &name, 1, error);

    if (status == TERN_OK) {
        built = append_target(&fill, table, first, second);
        status = run_once(store, &fill, built, &name, 1, error);
    }
    return status;
}

static tern_status follow_within(struct trn_store *store,
                                 const char *name,
                                 const struct trn_table *table,
                                 const char *first,
                                 const char *second,
                                 tern_error *error)
{
    const char *const texts[] = {name, table->name, first, second != NULL ? second : ""};
    tern_status status = trn_store_exec(store, tables, "tern_follow", error);

    if (status == TERN_OK) {
        status = declare(store, texts, error);
    }
    if (status == TERN_OK) {
        status = note_all(store, name, table, first, second, error);
    }
    return status;
}

tern_status trn_store_follow(struct trn_store *store,
                             const char *name,
                             const struct trn_table *table,
                             const char *first,
                             const char *second,
                             tern_error *error)
{
    tern_status status = trn_followed_check_name(store, name, error);

    TRN_ASSERT(trn_store_in_transaction(store));
    if (status == TERN_OK) {
        status = trn_store_savepoint(store, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    store->followed_in_tx = true;
    status = follow_within(store, name, table, first, second, error);
    if (status == TERN_OK) {
        status = trn_followed_read_again(store, error);
    }
    if (status == TERN_OK) {
        return trn_store_savepoint_release(store, error);
    }
    if (trn_store_in_transaction(store) &&
        trn_store_savepoint_rollback(store, status, "", NULL) != TERN_OK) {
        trn_store_rollback(store);
    }
    trn_doom_note_loss(store, status, error);
    return status;
}
