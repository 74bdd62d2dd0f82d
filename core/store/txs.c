/*
 * tern_tx: each transaction known here, once.
 *
 * The cell `number` is the server's number, 0 without one, or minus the ordinal of the outbox entry
 * while the transaction is this replica's own and not acknowledged: so it is what the wire calls a
 * base. A transaction that was made here and waits has no row: its key tells its ordinal, and the
 * entry all else. Such keys are odd, the others even.
 */
#include "store/store.h"

#include "base/error.h"
#include "store/cell.h"
#include "store/sql.h"

tern_status trn_store_tx_put(struct trn_store *store,
                             int64_t number,
                             int64_t time_us,
                             const tern_id *device,
                             int64_t *ret_key,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_BY_NUMBER, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, number);
    status = trn_store_step(store, stmt, "tern_tx", &found, error);
    if (status == TERN_OK && found) {
        *ret_key = sqlite3_column_int64(stmt, 0);
        (void)sqlite3_reset(stmt);
    }
    if (status != TERN_OK || found) {
        return status;
    }
    status = trn_store_sql(store, TRN_SQL_TX_ADD, &stmt, error);
    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, number);
    (void)sqlite3_bind_int64(stmt, 2, time_us);
    trn_bind_id(stmt, 3, device);
    status = trn_store_run(store, stmt, "tern_tx", error);
    if (status == TERN_OK) {
        *ret_key = sqlite3_last_insert_rowid(store->db);
    }
    return status;
}

tern_status trn_store_tx_newest(struct trn_store *store, int64_t *ret_time_us, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_NEWEST, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_store_step(store, stmt, "tern_tx", &found, error);
    if (status == TERN_OK && found && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        *ret_time_us = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

tern_status trn_store_tx_by_number(struct trn_store *store,
                                   int64_t number,
                                   bool *ret_found,
                                   struct trn_tx_info *ret_info,
                                   tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    int64_t key = 0;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_BY_NUMBER, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, number);
    status = trn_store_step(store, stmt, "tern_tx", &found, error);
    if (status == TERN_OK && found) {
        key = sqlite3_column_int64(stmt, 0);
        (void)sqlite3_reset(stmt);
        status = trn_store_tx_get(store, key, ret_info, error);
    }
    if (status == TERN_OK) {
        *ret_found = found;
    }
    return status;
}

int64_t trn_store_tx_key(uint64_t ordinal)
{
    return (int64_t)ordinal * 2 + 1;
}

int64_t trn_store_key_ordinal(int64_t key)
{
    return key / 2;
}

/* The row, with the raw cell `number`: of tern_tx, or what the outbox says in its place. */
static tern_status
read_tx(struct trn_store *store, int64_t key, struct trn_tx_info *ret_info, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_GET, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, key);
    status = trn_store_step(store, stmt, "tern_tx", &found, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error,
                        TERN_ERR_CORRUPT,
                        "a row names a transaction that tern_tx does not have");
    }
    ret_info->key = key;
    ret_info->number = sqlite3_column_int64(stmt, 0);
    ret_info->time_us = sqlite3_column_int64(stmt, 1);
    trn_column_id(stmt, 2, &ret_info->device);
    (void)sqlite3_reset(stmt);
    return TERN_OK;
}

tern_status trn_store_tx_get(struct trn_store *store,
                             int64_t key,
                             struct trn_tx_info *ret_info,
                             tern_error *error)
{
    struct trn_tx_info info = {0};
    tern_status status = read_tx(store, key, &info, error);

    if (status == TERN_OK) {
        info.number = info.number > 0 ? info.number : 0;
        *ret_info = info;
    }
    return status;
}

tern_status
trn_store_tx_base(struct trn_store *store, int64_t key, int64_t *ret_base, tern_error *error)
{
    struct trn_tx_info info = {0};
    tern_status status = TERN_OK;

    if (key != 0) {
        status = read_tx(store, key, &info, error);
    }
    if (status == TERN_OK) {
        *ret_base = info.number;
    }
    return status;
}

tern_status trn_store_tx_settle(struct trn_store *store,
                                int64_t key,
                                int64_t number,
                                int64_t time_us,
                                const tern_id *device,
                                tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_SETTLE, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, key);
    (void)sqlite3_bind_int64(stmt, 2, number);
    (void)sqlite3_bind_int64(stmt, 3, time_us);
    trn_bind_id(stmt, 4, device);
    return trn_store_run(store, stmt, "tern_tx", error);
}

tern_status trn_store_tx_await(struct trn_store *store, struct trn_entry *entry, tern_error *error)
{
    entry->key = trn_store_tx_key(entry->ordinal);
    return trn_store_tx_settle(store,
                               entry->key,
                               -(int64_t)entry->ordinal,
                               entry->time_us,
                               &entry->author,
                               error);
}

tern_status trn_store_tx_forget_numbers(struct trn_store *store, tern_error *error)
{
    return trn_store_do(store, TRN_SQL_TX_FORGET, "tern_tx", error);
}
