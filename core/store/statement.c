/* The app's statements: compiled under the guard, run with their place in the capture marked. */
#include "store/statement.h"

#include <limits.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/cell.h"
#include "store/compile.h"
#include "store/doom.h"
#include "store/fault.h"
#include "store/guard.h"
#include "store/sql.h"
#include "store/table.h"
#include "store/words.h"

struct trn_statement {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct trn_store *store; /* NULL for a reader's */
    struct trn_guard *guard;
    const struct trn_schema *schema;
    struct trn_guard_notes found;
    bool is_write;
    uint64_t triggers; /* those of the store when what it writes was last looked at */
    bool is_running;   /* rows are left */
};

/* ---- Compiling ---- */

static tern_status explain_compile(const struct trn_statement *statement,
                                   int rc,
                                   struct trn_slice sql,
                                   tern_error *error)
{
    if (statement->found.denied != TERN_OK) {
        return trn_fail(error, statement->found.denied, "%s", statement->found.reason);
    }
    return trn_store_fail_sql(statement->db, NULL, rc, sql, error);
}

/* Whether it would make a table that is there: then it does nothing. */
static tern_status makes_nothing(const struct trn_statement *statement,
                                 struct trn_slice sql,
                                 bool *ret_nothing,
                                 tern_error *error)
{
    struct trn_bytes name = {0};
    struct trn_slice found;
    tern_status status = TERN_OK;

    *ret_nothing = false;
    if (!trn_words_if_not_exists(sql, &found)) {
        return TERN_OK;
    }
    if (trn_bytes_append_slice(&name, found) != TERN_OK) {
        status = trn_fail_nomem(error);
    } else {
        int rc = sqlite3_table_column_metadata(statement->db,
                                               "main",
                                               trn_bytes_text(&name),
                                               NULL,
                                               NULL,
                                               NULL,
                                               NULL,
                                               NULL,
                                               NULL);

        *ret_nothing = rc == SQLITE_OK;
        if (rc != SQLITE_OK && rc != SQLITE_ERROR) { /* SQLITE_ERROR: there is no such table */
            status = trn_store_fail_sql(statement->db, NULL, rc, sql, error);
        }
    }
    trn_bytes_free(&name);
    return status;
}

/* An app of before makes its tables at each start, so one that is there already is let be. */
static tern_status
check_table(const struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    bool nothing = false;
    tern_status status = makes_nothing(statement, sql, &nothing, error);

    if (status != TERN_OK || nothing) {
        return status;
    }
    if (trn_words_keep_half(sql)) {
        return trn_fail(error, TERN_ERR_SQL, "ON CONFLICT FAIL is refused: a trigger may follow");
    }
    if (trn_guard_ties(statement->guard, sql)) {
        return trn_fail(error,
                        TERN_ERR_SQL,
                        "no table of the app's references a synced one, or takes its name: rows "
                        "come and go with a sync");
    }
    return TERN_OK;
}

/* What makes a failed statement keep a part of what it did, which the capture has forgotten. */
static tern_status
check_clauses(const struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    if ((statement->found.writes_synced || statement->found.makes_trigger) &&
        trn_words_conflict(sql)) {
        return trn_fail(error,
                        TERN_ERR_SQL,
                        "REPLACE, FAIL and ROLLBACK are refused on synced tables and in triggers");
    }
    return statement->found.makes_table ? check_table(statement, sql, error) : TERN_OK;
}

static tern_status compile(struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    const char *text = (const char *)sql.data;
    const char *tail = NULL;
    int rc;

    statement->guard->notes = &statement->found;
    rc = sqlite3_prepare_v3(statement->db,
                            text,
                            (int)sql.size,
                            SQLITE_PREPARE_PERSISTENT,
                            &statement->stmt,
                            &tail);
    statement->guard->notes = NULL;
    if (rc != SQLITE_OK) {
        return explain_compile(statement, rc, sql, error);
    }
    if (statement->stmt == NULL ||
        !trn_words_are_none(trn_slice_make(tail, sql.size - (size_t)(tail - text)))) {
        return trn_fail(error, TERN_ERR_MISUSE, "the text must hold exactly one statement");
    }
    statement->is_write = sqlite3_stmt_readonly(statement->stmt) == 0;
    return check_clauses(statement, sql, error);
}

/* A trigger is compiled a second time, limited to the app's own statements. */
static tern_status
compile_limited(struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    struct trn_bytes limited = {0};
    tern_status status = compile(statement, sql, error);

    if (status != TERN_OK || !statement->found.makes_trigger) {
        return status;
    }
    trn_store_finalize(&statement->stmt);
    status = trn_words_limit_trigger(sql, &limited) == TERN_OK
                 ? compile(statement, trn_bytes_slice(&limited), error)
                 : trn_fail_nomem(error);
    trn_bytes_free(&limited);
    return status;
}

tern_status trn_statement_compile(sqlite3 *db,
                                  struct trn_store *store,
                                  struct trn_guard *guard,
                                  struct trn_slice sql,
                                  struct trn_statement **ret_statement,
                                  tern_error *error)
{
    struct trn_statement *statement;
    tern_status status = TERN_OK;

    if (sql.size == 0 || sql.size > INT_MAX) {
        return trn_fail(error, TERN_ERR_MISUSE, "the text must hold exactly one statement");
    }
    statement = trn_calloc(1, sizeof(*statement));
    if (statement == NULL) {
        return trn_fail_nomem(error);
    }
    statement->db = db;
    statement->store = store;
    statement->guard = guard;
    statement->schema = *guard->schema;
    statement->triggers = store != NULL ? store->triggers : 0;
    if (store != NULL && store->schema != NULL) {
        statement->found.names =
            trn_calloc(store->schema->table_count, sizeof(*statement->found.names));
        if (statement->found.names == NULL) {
            status = trn_fail_nomem(error);
        }
    }
    if (status == TERN_OK) {
        status = compile_limited(statement, sql, error);
    }
    if (status == TERN_OK) {
        *ret_statement = statement;
        statement = NULL;
    }
    trn_statement_free(statement);
    return status;
}

tern_status trn_statement_prepare(struct trn_store *store,
                                  struct trn_slice sql,
                                  struct trn_statement **ret_statement,
                                  tern_error *error)
{
    tern_status status = trn_store_restore_checks(store, error);

    return status == TERN_OK
               ? trn_statement_compile(store->db, store, &store->guard, sql, ret_statement, error)
               : status;
}

tern_status trn_statement_prepare_unchecked(struct trn_store *store,
                                            struct trn_slice sql,
                                            struct trn_statement **ret_statement,
                                            tern_error *error)
{
    struct trn_statement *statement = NULL;
    tern_status status = store->triggers == 0 ? trn_store_leave_checks_out(store, error)
                                              : trn_store_restore_checks(store, error);
    tern_status restored;

    if (status == TERN_OK) {
        status = trn_statement_compile(store->db, store, &store->guard, sql, &statement, error);
    }
    restored = trn_store_restore_checks(store, status == TERN_OK ? error : NULL);
    if (status == TERN_OK && restored == TERN_OK) {
        *ret_statement = statement;
        return TERN_OK;
    }
    trn_statement_free(statement);
    return status == TERN_OK ? restored : status;
}

bool trn_statement_has_needless_checks(const struct trn_statement *statement)
{
    return statement->store->triggers == 0 && trn_store_has_checks_again(statement->stmt);
}

void trn_statement_free(struct trn_statement *statement)
{
    if (statement == NULL) {
        return;
    }
    (void)sqlite3_finalize(statement->stmt);
    trn_free(statement->found.names);
    trn_free(statement);
}

bool trn_statement_is_write(const struct trn_statement *statement)
{
    return statement->is_write;
}

/* ---- Binding ---- */

static tern_status bind(struct trn_statement *statement,
                        int index,
                        const tern_value *value,
                        sqlite3_destructor_type keep,
                        tern_error *error)
{
    sqlite3_stmt *stmt = statement->stmt;
    const void *data = value->data != NULL ? value->data : "";
    int rc;

    switch (value->kind) {
    case TERN_NULL:
        rc = sqlite3_bind_null(stmt, index);
        break;
    case TERN_INTEGER:
        rc = sqlite3_bind_int64(stmt, index, value->integer);
        break;
    case TERN_REAL:
        rc = sqlite3_bind_double(stmt, index, value->real);
        break;
    case TERN_TEXT:
        rc = sqlite3_bind_text64(stmt, index, data, value->size, keep, SQLITE_UTF8);
        break;
    case TERN_BLOB:
        rc = sqlite3_bind_blob64(stmt, index, data, value->size, keep);
        break;
    default:
        return trn_fail(error, TERN_ERR_MISUSE, "parameter %d: no such kind of value", index);
    }
    if (rc == SQLITE_RANGE) {
        return trn_fail(error, TERN_ERR_MISUSE, "the statement has no parameter %d", index);
    }
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(statement->db, rc, "bind", error);
}

tern_status
trn_statement_bind(struct trn_statement *statement, int index, tern_value value, tern_error *error)
{
    return bind(statement, index, &value, SQLITE_TRANSIENT, error);
}

tern_status trn_statement_bind_borrowed(struct trn_statement *statement,
                                        int index,
                                        const tern_value *value,
                                        tern_error *error)
{
    return bind(statement, index, value, SQLITE_STATIC, error);
}

/* ---- Running ---- */

/* SQLite compiles a statement anew where the app has made a trigger since, and only while it runs
 * it; what it writes is to be known before. */
static tern_status look_again(struct trn_statement *statement, tern_error *error)
{
    struct trn_slice sql = trn_slice_text(sqlite3_sql(statement->stmt));
    sqlite3_stmt *again = NULL;
    tern_status status;
    int rc;

    if (statement->triggers == statement->store->triggers) {
        return TERN_OK;
    }
    statement->found.denied = TERN_OK;
    statement->guard->notes = &statement->found;
    rc = sqlite3_prepare_v2(statement->db, (const char *)sql.data, (int)sql.size, &again, NULL);
    statement->guard->notes = NULL;
    (void)sqlite3_finalize(again);
    status = rc == SQLITE_OK ? check_clauses(statement, sql, error)
                             : explain_compile(statement, rc, sql, error);
    if (status == TERN_OK) {
        statement->triggers = statement->store->triggers;
    }
    return status;
}

static tern_status ready_to_write(struct trn_statement *statement, tern_error *error)
{
    struct trn_store *store = statement->store;
    tern_status status = trn_doom_cause(store, error);

    if (status != TERN_OK) {
        return status;
    }
    if (!trn_store_in_transaction(store)) {
        return trn_fail(error, TERN_ERR_MISUSE, "a write needs a transaction");
    }
    status = look_again(statement, error);
    if (status == TERN_OK && statement->found.makes_table) { /* what was there may have gone */
        status = check_table(statement, trn_slice_text(sqlite3_sql(statement->stmt)), error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (statement->found.writes_synced && store->listener == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "this transaction may not write synced rows");
    }
    /* A trigger of the app's may delete in statements that were compiled before it was there. */
    if ((statement->found.deletes_synced || statement->found.makes_trigger) && !store->is_guarded) {
        status = trn_store_guard_deletes(store, error); /* SQLite compiles the statement anew */
    }
    if (status != TERN_OK || !statement->found.writes_synced || store->stamped) {
        return status;
    }
    status = store->listener->stamp(store->listener->context,
                                    &store->stamp_time_us,
                                    &store->stamp_key,
                                    error);
    store->stamped = status == TERN_OK;
    return status;
}

/* What was noted before rows were given out cannot be told from what came between. */
static void take_back(struct trn_statement *statement, size_t mark, bool was_running)
{
    struct trn_store *store = statement->store;

    if (store->listener == NULL || store->doom.status != TERN_OK) {
        return;
    }
    if (was_running) {
        tern_status kept = trn_fail(&store->doom,
                                    TERN_ERR_SQL,
                                    "an earlier statement failed so that its tx is lost");

        (void)kept;
        return;
    }
    store->listener->forget(store->listener->context, mark);
}

/* What such a statement keeps, nobody would send. */
static void doom_half(struct trn_store *store, tern_status status)
{
    if (store->keeps_half && store->listener != NULL) {
        trn_doom(store,
                 status,
                 "a statement failed, and a table of the app's declares ON CONFLICT FAIL: the "
                 "transaction is lost");
    }
}

static tern_status explain_step(const struct trn_statement *statement,
                                const struct trn_schema *schema,
                                int rc,
                                tern_error *error)
{
    tern_error why = {.status = TERN_OK};
    tern_status status = trn_store_fail_sql(statement->db,
                                            schema,
                                            rc,
                                            trn_slice_text(sqlite3_sql(statement->stmt)),
                                            &why);

    if (statement->store != NULL) {
        trn_doom_note_loss(statement->store, status, &why);
    }
    return trn_fail(error, status, "%s", why.message);
}

static bool is_whole(const struct trn_statement *statement)
{
    return !statement->found.makes_zeroblob || trn_columns_are_whole(statement->stmt);
}

static tern_status step_write(struct trn_statement *statement, bool *ret_row, tern_error *error)
{
    struct trn_store *store = statement->store;
    bool was_running = statement->is_running && sqlite3_stmt_busy(statement->stmt) != 0;
    size_t mark = 0;
    tern_status status = ready_to_write(statement, error);
    int rc;

    if (status != TERN_OK) {
        return status;
    }
    if (store->listener != NULL) {
        mark = store->listener->mark(store->listener->context);
    }
    store->running = statement->found.names;
    store->guard.notes = &statement->found;
    rc = sqlite3_step(statement->stmt);
    store->guard.notes = NULL;
    store->running = NULL;
    statement->is_running = rc == SQLITE_ROW;
    store->triggers += statement->found.makes_trigger;
    if (rc == SQLITE_ROW && !is_whole(statement)) {
        trn_doom(store, TERN_ERR_NOMEM, "out of memory"); /* it has written */
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        status = explain_step(statement, statement->schema, rc, error);
        take_back(statement, mark, was_running);
        doom_half(store, status);
    } else if (store->listener != NULL) {
        status = trn_doom_cause(store, error);
    }
    *ret_row = rc == SQLITE_ROW && status == TERN_OK;
    return status;
}

static tern_status step_read(struct trn_statement *statement, bool *ret_row, tern_error *error)
{
    tern_status status =
        statement->store != NULL ? trn_doom_loss(statement->store, error) : TERN_OK;
    int rc;

    if (status != TERN_OK) {
        return status; /* the rows are not as the tx left them */
    }

    statement->guard->notes = &statement->found;
    rc = sqlite3_step(statement->stmt);
    statement->guard->notes = NULL;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return explain_step(statement, NULL, rc, error);
    }
    if (rc == SQLITE_ROW && !is_whole(statement)) {
        return trn_fail_nomem(error);
    }
    *ret_row = rc == SQLITE_ROW;
    return TERN_OK;
}

tern_status trn_statement_step(struct trn_statement *statement, bool *ret_row, tern_error *error)
{
    bool row = false;
    tern_status status = statement->is_write ? step_write(statement, &row, error)
                                             : step_read(statement, &row, error);

    if (!row) {
        trn_statement_reset(statement);
    }
    if (status == TERN_OK) {
        *ret_row = row;
    }
    return status;
}

int trn_statement_columns(const struct trn_statement *statement)
{
    return sqlite3_column_count(statement->stmt);
}

const char *trn_statement_name(const struct trn_statement *statement, int column)
{
    return sqlite3_column_name(statement->stmt, column);
}

tern_value trn_statement_value(struct trn_statement *statement, int column)
{
    return trn_column_value(statement->stmt, column);
}

void trn_statement_reset(struct trn_statement *statement)
{
    (void)sqlite3_reset(statement->stmt);
    statement->is_running = false;
}

int64_t trn_store_changed_rows(const struct trn_store *store)
{
    return sqlite3_changes64(store->db);
}
