/*
 * Transactions of the writer connection.
 *
 * The counters behind tern_replica_changes move only after a commit, and are the one thing that
 * other threads read without the replica's lock.
 */
#include "store/tx.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mutant.h"
#include "store/capture.h"
#include "store/compile.h"
#include "store/fault.h"
#include "store/followed.h"
#include "store/meta.h"
#include "store/sql.h"
#include "store/table.h"

/* A record of a thousand rows with random ids changes some 900 pages. */
enum { LOG_PAGES = 1000, LOG_PAGES_SESSION = 500, LOG_PAGES_SYNCING = 4000 };

/* ---- The log ---- */

static int count_log(void *context, sqlite3 *db, const char *database, int pages)
{
    struct trn_store *store = context;

    (void)db;
    if (strcmp(database, "main") == 0) {
        store->log_pages = pages;
    }
    return SQLITE_OK;
}

void trn_log_install(struct trn_store *store)
{
    (void)sqlite3_wal_hook(store->db, count_log, store);
}

void trn_store_set_syncing(struct trn_store *store, bool is_syncing)
{
    store->is_syncing = is_syncing;
}

/* What fails now is done by a later one; nothing depends on it. */
bool trn_store_shorten_log(struct trn_store *store)
{
    if (store->log_pages < (store->is_syncing ? LOG_PAGES_SESSION : LOG_PAGES) ||
        trn_store_in_transaction(store) || TRN_MUTANT(LOG_NOT_SHORTENED)) {
        return false;
    }
    store->log_pages = 0;
    (void)sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return true;
}

/* ---- Transactions ---- */

/* SQLite takes the setting between transactions alone. Kept compiled, it would be compiled anew
 * each time that it is run. It may have taken it where memory runs out behind that. */
static tern_status set_durability(struct trn_store *store, bool durable, tern_error *error)
{
    tern_status status;

    store->is_hasty = true;
    status = trn_store_exec(store,
                            durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                            "durability",
                            error);
    if (status == TERN_OK) {
        store->is_hasty = !durable;
    }
    return status;
}

static tern_status begin(struct trn_store *store, bool durable, tern_error *error)
{
    tern_status status = trn_store_restore_checks(store, error);

    if (TRN_MUTANT(COMMIT_LATER) && status == TERN_OK && trn_store_in_transaction(store)) {
        status = trn_store_do(store, TRN_SQL_COMMIT, "commit", error);
    }
    TRN_ASSERT(!trn_store_in_transaction(store));
    if (status == TERN_OK) {
        status = trn_store_place_columns(store, error);
    }
    if (status == TERN_OK) {
        status = trn_followed_read(store, error);
    }
    if (status == TERN_OK && store->is_hasty == durable) {
        status = set_durability(store, durable, error);
    }
    return status == TERN_OK ? trn_store_do(store, TRN_SQL_BEGIN, "begin", error) : status;
}

tern_status trn_store_begin(struct trn_store *store, tern_error *error)
{
    return begin(store, true, error);
}

tern_status trn_store_begin_hasty(struct trn_store *store, tern_error *error)
{
    return begin(store, false, error);
}

/* A statement that has written and still has rows to give holds a commit up. */
static void end_writers(struct trn_store *store)
{
    for (sqlite3_stmt *stmt = sqlite3_next_stmt(store->db, NULL); stmt != NULL;
         stmt = sqlite3_next_stmt(store->db, stmt)) {
        if (sqlite3_stmt_busy(stmt) && !sqlite3_stmt_readonly(stmt)) {
            (void)sqlite3_reset(stmt);
        }
    }
}

static void count_changes(struct trn_store *store, bool committed)
{
    if (store->schema == NULL) {
        return;
    }
    for (size_t i = 0; i < store->schema->table_count; i++) {
        if (committed && store->tables[i].touched != 0) {
            atomic_fetch_add_explicit(&store->changes[i],
                                      store->tables[i].touched,
                                      memory_order_release);
        }
        store->tables[i].touched = 0;
    }
}

/* Names one broken reference: costly, so only once something is broken. */
static tern_status name_broken_key(struct trn_store *store, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA foreign_key_check", -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        const unsigned char *table = sqlite3_column_text(stmt, 0);
        const unsigned char *target = sqlite3_column_text(stmt, 2);

        status = trn_fail(error,
                          TERN_ERR_FOREIGN_KEY,
                          "a row of %s references a row of %s that is not there",
                          table != NULL ? (const char *)table : "?",
                          target != NULL ? (const char *)target : "?");
    } else if ((rc & 0xff) == SQLITE_NOMEM) {
        status = trn_fail_nomem(error);
    } else {
        status = trn_fail(error, TERN_ERR_FOREIGN_KEY, "a row references one that is not there");
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* A COMMIT that failed late, in its sync, has left the whole transaction in the log. SQLite goes on
 * without it, but should the process die now, whoever opens the file next would find it there and
 * take it for committed. So the next transaction goes over it at once; where that fails, too, one
 * that the app makes does, or the checkpoint on closing. */
static void bury(struct trn_store *store)
{
    (void)trn_store_do(store, TRN_SQL_BURY, "after a failed commit", NULL);
}

tern_status trn_store_commit(struct trn_store *store, tern_error *error)
{
    bool hold = true;
    bool tried = false;
    tern_status status;

    TRN_ASSERT(trn_store_in_transaction(store));
    status = trn_store_foreign_keys_hold(store, &hold, error);
    if (status == TERN_OK && !hold) {
        status = name_broken_key(store, error);
    }
    if (status == TERN_OK) {
        status = trn_followed_write(store, error);
    }
    if (status == TERN_OK && !TRN_MUTANT(COMMIT_LATER)) {
        tried = true;
        status = trn_store_do(store, TRN_SQL_COMMIT, "commit", error);
    }
    if (status == TERN_ERR_BUSY) {
        trn_error_clear(error);
        end_writers(store);
        status = trn_store_do(store, TRN_SQL_COMMIT, "commit", error);
    }
    if (status != TERN_OK) {
        trn_store_rollback(store);
        if (tried && store->schema != NULL) { /* the file is one already */
            bury(store);
        }
        return status;
    }
    trn_meta_committed(store);
    count_changes(store, true);
    trn_store_clock_committed(store, &store->clock);
    store->guarded_in_tx = false;
    trn_capture_reset(store);
    trn_followed_reset(store, true);
    if (!store->is_syncing || store->log_pages >= LOG_PAGES_SYNCING) {
        (void)trn_store_shorten_log(store);
    }
    return TERN_OK;
}

void trn_store_rollback(struct trn_store *store)
{
    store->meta_is_known = false;
    end_writers(store);
    if (trn_store_in_transaction(store) &&
        trn_store_do(store, TRN_SQL_ROLLBACK, "rollback", NULL) != TERN_OK) {
        /* Compiling it may have lacked memory; the text needs little, and closing rolls back too.
         */
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    count_changes(store, false);
    store->is_guarded = store->is_guarded && !store->guarded_in_tx; /* they went with it */
    store->guarded_in_tx = false;
    store->clock = store->clock_committed;
    trn_capture_reset(store);
    trn_followed_reset(store, false);
}

tern_status trn_store_savepoint(struct trn_store *store, tern_error *error)
{
    return trn_store_do(store, TRN_SQL_SAVEPOINT, "savepoint", error);
}

tern_status trn_store_savepoint_release(struct trn_store *store, tern_error *error)
{
    return trn_store_do(store, TRN_SQL_SAVEPOINT_RELEASE, "savepoint", error);
}

tern_status trn_store_savepoint_rollback(struct trn_store *store,
                                         tern_status failed,
                                         const char *why,
                                         tern_error *error)
{
    tern_status status;

    store->meta_is_known = false;
    if (!trn_store_in_transaction(store)) {
        return trn_fail(error, failed, "%s", why);
    }
    status = trn_store_do(store, TRN_SQL_SAVEPOINT_ROLLBACK, "savepoint", error);
    return status != TERN_OK ? status : trn_store_savepoint_release(store, error);
}

tern_status trn_store_foreign_keys_hold(struct trn_store *store, bool *ret_hold, tern_error *error)
{
    int broken = 0;
    int unused = 0;
    int rc = sqlite3_db_status(store->db, SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &unused, 0);

    if (rc != SQLITE_OK) {
        return trn_store_fail(store->db, rc, "foreign keys", error);
    }
    *ret_hold = broken == 0;
    return TERN_OK;
}
