/* Readers: further connections that only read, beside a sync or a transaction that writes. */
#include "store/store.h"

#include "base/error.h"
#include "base/memory.h"
#include "store/fault.h"
#include "store/functions.h"
#include "store/guard.h"
#include "store/sql.h"
#include "store/statement.h"

struct trn_reader {
    sqlite3 *db;
    struct trn_guard guard;
    const struct trn_schema *schema;
};

static tern_status configure(struct trn_reader *reader, tern_error *error)
{
    int rc;

    (void)trn_store_set_flag(reader->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    (void)trn_store_set_flag(reader->db, SQLITE_DBCONFIG_DEFENSIVE, 1);
    rc = sqlite3_exec(reader->db,
                      "PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"
                      "PRAGMA temp_store = MEMORY", /* as file.c says */
                      NULL,
                      NULL,
                      NULL);
    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(reader->db, rc, "reader", error);
}

tern_status
trn_reader_open(struct trn_store *store, struct trn_reader **ret_reader, tern_error *error)
{
    struct trn_reader *reader = trn_calloc(1, sizeof(*reader));
    tern_status status = TERN_OK;
    int rc;

    if (reader == NULL) {
        return trn_fail_nomem(error);
    }
    reader->schema = store->schema;
    reader->guard.schema = &reader->schema;
    reader->guard.read_only = true;
    /* Not SQLITE_OPEN_READONLY: reading a write-ahead log needs its shared memory written. */
    rc = sqlite3_open_v2(sqlite3_db_filename(store->db, "main"),
                         &reader->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         store->vfs);
    if (rc != SQLITE_OK) {
        status = trn_store_fail(reader->db, rc, "reader", error);
        goto out;
    }
    (void)sqlite3_busy_timeout(reader->db, store->busy_timeout_ms);
    status = configure(reader, error);
    if (status == TERN_OK) {
        status =
            trn_functions_register(reader->db, &store->host, &reader->schema, store, false, error);
    }
    if (status == TERN_OK) {
        status = trn_guard_install(reader->db, &reader->guard, error);
    }
    if (status == TERN_OK) {
        *ret_reader = reader;
        reader = NULL;
    }
out:
    trn_reader_close(reader);
    return status;
}

void trn_reader_rest(struct trn_reader *reader)
{
    for (sqlite3_stmt *stmt = sqlite3_next_stmt(reader->db, NULL); stmt != NULL;
         stmt = sqlite3_next_stmt(reader->db, stmt)) {
        (void)sqlite3_reset(stmt);
    }
    trn_reader_end(reader);
}

void trn_reader_close(struct trn_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    (void)sqlite3_close(reader->db);
    trn_free(reader);
}

tern_status trn_reader_prepare(struct trn_reader *reader,
                               struct trn_slice sql,
                               struct trn_statement **ret_statement,
                               tern_error *error)
{
    return trn_statement_compile(reader->db, NULL, &reader->guard, sql, ret_statement, error);
}

tern_status trn_reader_begin(struct trn_reader *reader, tern_error *error)
{
    /* The read is what takes the snapshot. */
    int rc =
        sqlite3_exec(reader->db, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        tern_status status = trn_store_fail(reader->db, rc, "reader", error);

        trn_reader_end(reader);
        return status;
    }
    return TERN_OK;
}

void trn_reader_end(struct trn_reader *reader)
{
    if (sqlite3_get_autocommit(reader->db) == 0) {
        (void)sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
    }
}
