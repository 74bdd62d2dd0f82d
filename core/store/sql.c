/* The store's own statements: their texts, compiled once each, and the small verbs to run them. */
#include "store/sql.h"

#include "base/error.h"
#include "store/doom.h"
#include "store/fault.h"

#define ENTRY_COLUMNS                                                                              \
    "ordinal, tx, author, key, state, time, number, wall, monotonic, boot, changes, attempts, "    \
    "kind, schema, reason, waits_for, size, acked "

/* Where an entry stands, by its ordinal ?1: see file.c. */
#define KEPT TRN_SQL_KEPT
#define PLACE(state) "?1 - (" state " = 1) * " KEPT
/* Not IN: for that SQLite makes a table of its own, each time. */
#define AT "place = coalesce((SELECT place FROM tern_outbox WHERE place = ?1), ?1 - " KEPT ")"

static const char *const texts[TRN_SQL_COUNT] = {
    [TRN_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [TRN_SQL_COMMIT] = "COMMIT",
    [TRN_SQL_ROLLBACK] = "ROLLBACK",
    [TRN_SQL_BURY] = "PRAGMA application_id = 1952805486", /* writes a page, though it is so */
    [TRN_SQL_SAVEPOINT] = "SAVEPOINT tern",
    [TRN_SQL_SAVEPOINT_RELEASE] = "RELEASE tern",
    [TRN_SQL_SAVEPOINT_ROLLBACK] = "ROLLBACK TO tern",
    [TRN_SQL_DOCUMENT] = "SELECT text FROM tern_document WHERE id = 1",
    [TRN_SQL_DOCUMENT_SET] =
        "INSERT INTO tern_document(id, version, text) VALUES(1, ?1, ?2) "
        "ON CONFLICT(id) DO UPDATE SET version = excluded.version, text = excluded.text",
    [TRN_SQL_META] =
        "SELECT device, user, schema, last_time, offset, offset_known, last_ordinal, "
        "acked_ordinal, last_tx, acked_tx, epoch, last_sync, last_error, stamps_capped, "
        "clock_suspect, lease, lease_until, lease_wall, lease_monotonic, lease_boot, "
        "sent_ordinal, steady, steady_boot FROM tern_meta WHERE id = 1",
    [TRN_SQL_META_SET] =
        "UPDATE tern_meta SET device = ?1, user = ?2, schema = ?3, last_time = ?4, offset = ?5, "
        "offset_known = ?6, last_ordinal = ?7, acked_ordinal = ?8, last_tx = ?9, acked_tx = ?10, "
        "epoch = ?11, last_sync = ?12, last_error = ?13, stamps_capped = ?14, "
        "clock_suspect = ?15, lease = ?16, lease_until = ?17, lease_wall = ?18, "
        "lease_monotonic = ?19, lease_boot = ?20, sent_ordinal = ?21, steady = ?22, "
        "steady_boot = ?23 WHERE id = 1",
    [TRN_SQL_FORMER] = "SELECT former FROM tern_meta WHERE id = 1",
    [TRN_SQL_FORMER_SET] = "UPDATE tern_meta SET former = ?1 WHERE id = 1",
    [TRN_SQL_IS_OWN] =
        "SELECT 1 FROM tern_meta WHERE id = 1 AND (device = ?1 OR instr(former, ?1) > 0)",
    [TRN_SQL_CURSOR] = "SELECT value FROM tern_cursor WHERE id = 1",
    [TRN_SQL_CURSOR_SET] = "INSERT INTO tern_cursor(id, value) VALUES(1, ?1) "
                           "ON CONFLICT(id) DO UPDATE SET value = excluded.value",
    [TRN_SQL_TX_BY_NUMBER] = "SELECT key FROM tern_tx WHERE number = ?1 AND number > 0",
    [TRN_SQL_TX_NEWEST] = "SELECT max(time) FROM tern_tx WHERE number > 0",
    [TRN_SQL_TX_ADD] =
        "INSERT INTO tern_tx(key, number, time, device) "
        "VALUES((SELECT coalesce(max(key), 0) / 2 * 2 + 2 FROM tern_tx), ?1, ?2, ?3)",
    [TRN_SQL_TX_GET] = "SELECT number, time, device FROM tern_tx WHERE key = ?1 UNION ALL "
                       "SELECT -ordinal, time, author FROM tern_outbox "
                       "WHERE place = ?1 / 2 AND key = ?1",
    [TRN_SQL_TX_SETTLE] =
        "INSERT INTO tern_tx(key, number, time, device) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT(key) DO UPDATE SET number = excluded.number, time = excluded.time",
    [TRN_SQL_TX_FORGET] = "UPDATE tern_tx SET number = 0 WHERE number > 0",
    [TRN_SQL_TX_QUEUE] = "UPDATE tern_tx SET number = -?2 WHERE key = ?1 AND number = 0",
    [TRN_SQL_TX_UNQUEUE] =
        "INSERT INTO tern_tx(key, number, time, device) "
        "SELECT key, 0, time, author FROM tern_outbox WHERE place = ?1 AND key <> 0 "
        "ON CONFLICT(key) DO UPDATE SET number = 0 WHERE number = -?1",
    [TRN_SQL_OUTBOX_ADD] =
        "INSERT INTO tern_outbox(place, " ENTRY_COLUMNS ", gzip, detail, undo, needs, body) "
        "VALUES(" PLACE("?5") ", ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                              "?15, ?16, ?17, 0, ?20, ?18, ?19, ?21, ?22)",
    [TRN_SQL_OUTBOX_ADD_BODY] = "INSERT INTO tern_body(ordinal, body) VALUES(?1, ?2)",
    [TRN_SQL_OUTBOX_LAST] = "SELECT ordinal, time, tx FROM tern_outbox WHERE place > 0 "
                            "ORDER BY place DESC LIMIT 1",
    [TRN_SQL_OUTBOX_KIND] = "SELECT kind FROM tern_outbox WHERE place = ?1 AND state = 0",
    [TRN_SQL_OUTBOX_FIND] = "SELECT " ENTRY_COLUMNS "FROM tern_outbox "
                            "WHERE place = ?1 AND ((1 << state) & ?2) <> 0",
    [TRN_SQL_OUTBOX_NEXT_OPEN] = "SELECT " ENTRY_COLUMNS "FROM tern_outbox "
                                 "WHERE place > ?1 AND ((1 << state) & ?2) <> 0 "
                                 "ORDER BY place LIMIT 1",
    [TRN_SQL_OUTBOX_NEXT_KEPT] = "SELECT " ENTRY_COLUMNS "FROM tern_outbox "
                                 "WHERE place > ?1 - " KEPT " AND place < 0 "
                                 "ORDER BY place LIMIT 1",
    [TRN_SQL_OUTBOX_PREVIOUS_OPEN] = "SELECT " ENTRY_COLUMNS "FROM tern_outbox "
                                     "WHERE place < ?1 AND place > 0 AND ((1 << state) & ?2) <> 0 "
                                     "ORDER BY place DESC LIMIT 1",
    [TRN_SQL_OUTBOX_PREVIOUS_KEPT] = "SELECT " ENTRY_COLUMNS "FROM tern_outbox "
                                     "WHERE place < ?1 - " KEPT " ORDER BY place DESC LIMIT 1",
    [TRN_SQL_OUTBOX_BODY] =
        "SELECT coalesce(body, (SELECT body FROM tern_body WHERE ordinal = ?1)), gzip "
        "FROM tern_outbox WHERE " AT,
    [TRN_SQL_OUTBOX_UNDO] = "SELECT undo FROM tern_outbox WHERE " AT,
    [TRN_SQL_OUTBOX_DETAIL] = "SELECT detail FROM tern_outbox WHERE " AT,
    [TRN_SQL_OUTBOX_STANDS] =
        "SELECT '', undo IS NULL OR length(undo) > 0 FROM tern_outbox WHERE " AT,
    [TRN_SQL_OUTBOX_UNSEEN] = "SELECT EXISTS(SELECT 1 FROM tern_outbox WHERE place > 0 "
                              "AND state = 0 AND length(undo) = 0)",
    [TRN_SQL_OUTBOX_SET_UNDO] = "UPDATE tern_outbox SET undo = ?2 WHERE " AT,
    [TRN_SQL_OUTBOX_UPDATE] = "UPDATE tern_outbox SET place = " PLACE(
        "?2") ", state = ?2, number = ?3, time = ?4, "
              "attempts = ?5, reason = ?6, waits_for = ?7, detail = ?8, acked = ?9, key = ?10, "
              "undo = CASE WHEN ?2 = 0 THEN undo END WHERE " AT,
    [TRN_SQL_OUTBOX_COMPRESS] = "UPDATE tern_body SET body = ?2 WHERE ordinal = ?1",
    [TRN_SQL_OUTBOX_COMPRESSED] = "UPDATE tern_outbox SET gzip = 1, size = length(?2), "
                                  "body = CASE WHEN body IS NULL THEN NULL ELSE ?2 END WHERE " AT,
    [TRN_SQL_OUTBOX_REMOVE] = "DELETE FROM tern_outbox WHERE " AT,
    [TRN_SQL_OUTBOX_REMOVE_BODY] = "DELETE FROM tern_body WHERE ordinal = ?1",
    [TRN_SQL_OUTBOX_COUNT_OPEN] =
        "SELECT count(*) FROM tern_outbox WHERE place > 0 AND ((1 << state) & ?1) <> 0",
    [TRN_SQL_OUTBOX_COUNT_ANY] = "SELECT count(*) FROM tern_outbox WHERE ((1 << state) & ?1) <> 0",
    [TRN_SQL_OUTBOX_UNANSWERED] = "SELECT count(*), min(place) FROM tern_outbox WHERE place > 0 "
                                  "AND ((1 << state) & ?1) <> 0 AND number = 0",
    [TRN_SQL_OUTBOX_DEPENDS] = "SELECT needs FROM tern_outbox WHERE " AT,
    [TRN_SQL_STAGE_APPEND] = "INSERT INTO tern_stage(scope, lines) VALUES(?1, ?2)",
    [TRN_SQL_STAGE_STATE_PUT] =
        "INSERT INTO tern_stage_state(scope, fresh, complete) VALUES(?1, ?2, 0) "
        "ON CONFLICT(scope) DO UPDATE SET fresh = max(fresh, excluded.fresh), complete = 0",
    [TRN_SQL_STAGE_STATE] = "SELECT fresh FROM tern_stage_state WHERE scope = ?1",
    [TRN_SQL_STAGE_NEXT] = "SELECT sequence, lines FROM tern_stage "
                           "WHERE scope = ?1 AND sequence > ?2 ORDER BY sequence LIMIT 1",
    [TRN_SQL_STAGE_DROP] = "DELETE FROM tern_stage WHERE scope = ?1",
    [TRN_SQL_STAGE_DROP_STATE] = "DELETE FROM tern_stage_state WHERE scope = ?1",
    [TRN_SQL_STAGE_DROP_ALL] = "DELETE FROM tern_stage",
    [TRN_SQL_STAGE_DROP_STATES] = "DELETE FROM tern_stage_state",
    [TRN_SQL_STAGE_COMPLETE] = "SELECT scope FROM tern_stage_state WHERE complete LIMIT 1",
    [TRN_SQL_STAGE_MARK] = "INSERT INTO tern_stage_state(scope, fresh, complete) VALUES(?1, 0, 1) "
                           "ON CONFLICT(scope) DO UPDATE SET complete = 1",
    [TRN_SQL_SCOPE_HOLD] = "INSERT INTO tern_scope(scope, stale) VALUES(?1, 0) "
                           "ON CONFLICT(scope) DO UPDATE SET stale = 0",
    [TRN_SQL_SCOPE_RELEASE] = "DELETE FROM tern_scope WHERE scope = ?1",
    [TRN_SQL_SCOPE_HELD] = "SELECT stale FROM tern_scope WHERE scope = ?1",
    [TRN_SQL_SCOPE_SUSPECT] = "UPDATE tern_scope SET stale = 1 WHERE stale = 0",
    [TRN_SQL_SCOPE_SUSPECT_ONE] =
        "INSERT INTO tern_scope(scope, stale) VALUES(?1, 2) ON CONFLICT(scope) DO NOTHING",
    [TRN_SQL_SCOPE_CLOSED] = "INSERT INTO tern_scope(scope, stale) VALUES(?1, 1) "
                             "ON CONFLICT(scope) DO UPDATE SET stale = 1 WHERE stale = 2",
    [TRN_SQL_SCOPE_TRUST] = "DELETE FROM tern_scope WHERE stale = 2",
    [TRN_SQL_SCOPE_STALE] = "SELECT scope FROM tern_scope WHERE stale LIMIT 1",
    [TRN_SQL_SCOPE_COUNTS] = "SELECT (SELECT count(*) FROM tern_scope), "
                             "(SELECT count(*) FROM tern_stage_state)",
    [TRN_SQL_WINDOW] = "SELECT column, days, floor, reach FROM tern_window WHERE id = ?1",
    [TRN_SQL_WINDOW_SET] =
        "INSERT INTO tern_window(id, column, days, floor, reach) VALUES(?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT(id) DO UPDATE SET column = excluded.column, days = excluded.days, "
        "floor = excluded.floor, reach = excluded.reach",
    [TRN_SQL_WINDOW_DROP] = "DELETE FROM tern_window WHERE id = ?1",
    [TRN_SQL_WINDOW_COUNT] = "SELECT count(*) FROM tern_window",
};

tern_status trn_store_sql(struct trn_store *store,
                          enum trn_sql which,
                          sqlite3_stmt **ret_stmt,
                          tern_error *error)
{
    sqlite3_stmt **stmt = &store->statements[which];
    int rc;

    if (*stmt == NULL) {
        rc = sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
        if (rc != SQLITE_OK) {
            return trn_store_fail(store->db, rc, "the replica's own tables", error);
        }
    }
    *ret_stmt = *stmt;
    return TERN_OK;
}

static tern_status fail(struct trn_store *store,
                        const struct trn_schema *schema,
                        int rc,
                        const char *what,
                        tern_error *error)
{
    tern_error why = {.status = TERN_OK};
    tern_status status = trn_store_fail_rows(store->db, schema, rc, what, &why);

    trn_doom_note_loss(store, status, &why);
    return trn_fail(error, status, "%s", why.message);
}

tern_status trn_store_step(struct trn_store *store,
                           sqlite3_stmt *stmt,
                           const char *what,
                           bool *ret_row,
                           tern_error *error)
{
    int rc = sqlite3_step(stmt);
    tern_status status = TERN_OK;

    if (rc == SQLITE_ROW) {
        *ret_row = true;
        return TERN_OK;
    }
    if (rc == SQLITE_DONE) {
        *ret_row = false;
    } else {
        status = fail(store, store->schema, rc, what, error);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

tern_status
trn_store_run(struct trn_store *store, sqlite3_stmt *stmt, const char *what, tern_error *error)
{
    bool row = false;
    tern_status status = trn_store_step(store, stmt, what, &row, error);

    if (row) {
        (void)sqlite3_reset(stmt);
    }
    return status;
}

tern_status
trn_store_do(struct trn_store *store, enum trn_sql which, const char *what, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    return status != TERN_OK ? status : trn_store_run(store, stmt, what, error);
}

tern_status
trn_store_exec(struct trn_store *store, const char *sql, const char *what, tern_error *error)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : fail(store, NULL, rc, what, error);
}

void trn_store_finalize(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
    *stmt = NULL;
}

bool trn_store_set_flag(sqlite3 *db, int flag, int value)
{
    int now = !value;

    return sqlite3_db_config(db, flag, value, &now) == SQLITE_OK && now == value;
}
