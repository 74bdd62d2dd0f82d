/* The app's statements: compiled under the guard, run with their place in the capture marked. */
#include "store/internal.h"

#include <limits.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"

/* ---- Compiling ---- */

static tern_status explain_compile(const struct trn_statement *statement,
                                   int rc,
                                   struct trn_slice sql,
                                   tern_error *error)
{
    if (statement->denied != TERN_OK) {
        return trn_fail(error, statement->denied, "%s", statement->reason);
    }
    return trn_store_fail_sql(statement->db, NULL, rc, sql, error);
}

static tern_status compile(struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    const char *text = (const char *)sql.data;
    const char *tail = NULL;
    int rc;

    statement->guard->statement = statement;
    rc = sqlite3_prepare_v3(statement->db,
                            text,
                            (int)sql.size,
                            SQLITE_PREPARE_PERSISTENT,
                            &statement->stmt,
                            &tail);
    statement->guard->statement = NULL;
    if (rc != SQLITE_OK) {
        return explain_compile(statement, rc, sql, error);
    }
    if (statement->stmt == NULL ||
        !trn_guard_is_blank(trn_slice_make(tail, sql.size - (size_t)(tail - text)))) {
        return trn_fail(error, TERN_ERR_MISUSE, "the text must hold exactly one statement");
    }
    statement->is_write = sqlite3_stmt_readonly(statement->stmt) == 0;
    if ((statement->writes_synced || statement->makes_trigger) && trn_guard_conflict_clause(sql)) {
        return trn_fail(error,
                        TERN_ERR_SQL,
                        "REPLACE, OR FAIL and OR ROLLBACK are refused on synced tables");
    }
    return TERN_OK;
}

/* A trigger is compiled a second time, limited to the app's own statements. */
static tern_status
compile_limited(struct trn_statement *statement, struct trn_slice sql, tern_error *error)
{
    struct trn_bytes limited = {0};
    tern_status status = compile(statement, sql, error);

    if (status != TERN_OK || !statement->makes_trigger) {
        return status;
    }
    trn_store_finalize(&statement->stmt);
    status = trn_guard_limit_trigger(sql, &limited) == TERN_OK
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
    if (store != NULL && store->schema != NULL) {
        statement->names = trn_calloc(store->schema->table_count, sizeof(*statement->names));
        if (statement->names == NULL) {
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

void trn_statement_free(struct trn_statement *statement)
{
    if (statement == NULL) {
        return;
    }
    (void)sqlite3_finalize(statement->stmt);
    trn_free(statement->names);
    trn_free(statement);
}

bool trn_statement_is_write(const struct trn_statement *statement)
{
    return statement->is_write;
}

const struct trn_statement_names *trn_statement_names(const struct trn_statement *statement,
                                                      const struct trn_table *table)
{
    const struct trn_statement_names *names;

    if (statement == NULL || statement->names == NULL) {
        return NULL;
    }
    names = &statement->names[table->index];
    return names->columns != 0 || names->deleted_at || names->hidden ? names : NULL;
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

static tern_status ready_to_write(struct trn_statement *statement, tern_error *error)
{
    struct trn_store *store = statement->store;
    tern_status status = trn_capture_doom(store, error);

    if (status != TERN_OK) {
        return status;
    }
    if (!trn_store_in_transaction(store)) {
        return trn_fail(error, TERN_ERR_MISUSE, "a write needs a transaction");
    }
    if (statement->writes_synced && store->listener == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "this transaction may not write synced rows");
    }
    /* A trigger of the app's may delete in statements that were compiled before it was there. */
    if ((statement->deletes_synced || statement->makes_trigger) && !store->is_guarded) {
        status = trn_store_guard_deletes(store, error); /* SQLite compiles the statement anew */
    }
    if (status != TERN_OK || !statement->writes_synced || store->stamped) {
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
        trn_capture_note_loss(statement->store, status, &why);
    }
    return trn_fail(error, status, "%s", why.message);
}

static tern_status step_write(struct trn_statement *statement, bool *ret_row, tern_error *error)
{
    struct trn_store *store = statement->store;
    bool was_running = statement->is_running;
    size_t mark = 0;
    tern_status status = ready_to_write(statement, error);
    int rc;

    if (status != TERN_OK) {
        return status;
    }
    if (store->listener != NULL) {
        mark = store->listener->mark(store->listener->context);
    }
    store->running = statement;
    store->guard.statement = statement;
    rc = sqlite3_step(statement->stmt);
    store->guard.statement = NULL;
    store->running = NULL;
    statement->is_running = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        status = explain_step(statement, statement->schema, rc, error);
        take_back(statement, mark, was_running);
    } else if (store->listener != NULL) {
        status = trn_capture_doom(store, error);
    }
    *ret_row = rc == SQLITE_ROW && status == TERN_OK;
    return status;
}

static tern_status step_read(struct trn_statement *statement, bool *ret_row, tern_error *error)
{
    tern_status status =
        statement->store != NULL ? trn_capture_loss(statement->store, error) : TERN_OK;
    int rc;

    if (status != TERN_OK) {
        return status; /* the rows are not as the tx left them */
    }

    statement->guard->statement = statement;
    rc = sqlite3_step(statement->stmt);
    statement->guard->statement = NULL;
    *ret_row = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return explain_step(statement, NULL, rc, error);
    }
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
