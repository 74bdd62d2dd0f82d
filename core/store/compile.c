/*
 * Statements for rows that were checked before they came here do without the CHECKs.
 *
 * SQLite's ignore_check_constraints says what the compiler leaves out. It takes effect when the
 * PRAGMA is compiled; running it would only make all statements compile anew, and these would get
 * their CHECKs back. So it is compiled, never run: on, then the statement, then off. An SQLite that
 * took it when it is run would leave the CHECKs in.
 */
#include "store/compile.h"

#include "base/error.h"
#include "store/fault.h"

tern_status trn_sql_name(struct trn_bytes *sql, const char *name)
{
    tern_status status = trn_bytes_append_byte(sql, '"');

    for (; *name != '\0' && status == TERN_OK; name++) {
        status = trn_bytes_append_byte(sql, (uint8_t)*name);
        if (*name == '"' && status == TERN_OK) {
            status = trn_bytes_append_byte(sql, '"');
        }
    }
    return status == TERN_OK ? trn_bytes_append_byte(sql, '"') : status;
}

static tern_status pragma(struct trn_store *store, const char *sql, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->db, rc, "checks", error);
}

/* What the next statement would be compiled with. */
static tern_status read_setting(struct trn_store *store, bool *ret_lax, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = TERN_OK;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA ignore_check_constraints", -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        *ret_lax = sqlite3_column_int(stmt, 0) != 0;
    } else {
        status = trn_store_fail(store->db, rc, "checks", error);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

tern_status trn_store_restore_checks(struct trn_store *store, tern_error *error)
{
    bool lax = true;
    tern_status status;

    if (!store->is_lax) {
        return TERN_OK;
    }
    status = pragma(store, "PRAGMA ignore_check_constraints = OFF", error);
    if (status == TERN_OK) {
        status = read_setting(store, &lax, error);
    }
    if (status == TERN_OK && lax) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "this SQLite does not turn its checks on");
    }
    store->is_lax = status != TERN_OK;
    return status;
}

/* As SQLite is set now. */
static tern_status compile(struct trn_store *store,
                           struct trn_bytes *sql,
                           tern_status built,
                           sqlite3_stmt **ret_stmt,
                           tern_error *error)
{
    tern_status status = TERN_OK;
    int rc;

    if (built != TERN_OK) {
        status = trn_fail_nomem(error);
        goto out;
    }
    rc = sqlite3_prepare_v3(store->db,
                            trn_bytes_text(sql),
                            (int)sql->size,
                            SQLITE_PREPARE_PERSISTENT,
                            ret_stmt,
                            NULL);
    if (rc != SQLITE_OK) {
        status = trn_store_fail(store->db, rc, "a table of the schema", error);
    }
out:
    trn_bytes_free(sql);
    return status;
}

tern_status trn_store_compile(struct trn_store *store,
                              struct trn_bytes *sql,
                              tern_status built,
                              sqlite3_stmt **ret_stmt,
                              tern_error *error)
{
    tern_status status = trn_store_restore_checks(store, error);

    if (status != TERN_OK) {
        trn_bytes_free(sql);
        return status;
    }
    return compile(store, sql, built, ret_stmt, error);
}

tern_status trn_store_leave_checks_out(struct trn_store *store, tern_error *error)
{
    tern_status status = trn_store_restore_checks(store, error);

    if (status == TERN_OK) {
        store->is_lax = true;
        status = pragma(store, "PRAGMA ignore_check_constraints = ON", error);
    }
    return status;
}

tern_status trn_store_compile_unchecked(struct trn_store *store,
                                        struct trn_bytes *sql,
                                        tern_status built,
                                        sqlite3_stmt **ret_stmt,
                                        tern_error *error)
{
    tern_status status = trn_store_leave_checks_out(store, error);
    tern_status restored;

    if (status != TERN_OK) {
        trn_bytes_free(sql);
        return status;
    }
    status = compile(store, sql, built, ret_stmt, error);
    restored = trn_store_restore_checks(store, status == TERN_OK ? error : NULL);
    return status == TERN_OK ? restored : status;
}

bool trn_store_has_checks_again(sqlite3_stmt *stmt)
{
    return sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0) != 0;
}
