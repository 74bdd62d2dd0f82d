/* Pages on their way: kept as received, by scope, until their scope is complete. */
#include "store/store.h"

#include "store/cell.h"
#include "store/sql.h"

static const char place[] = "staging";

static tern_status
put_state(struct trn_store *store, const tern_id *scope, bool fresh, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_STAGE_STATE_PUT, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, scope);
    (void)sqlite3_bind_int(stmt, 2, fresh ? 1 : 0);
    return trn_store_run(store, stmt, place, error);
}

tern_status trn_stage_append(struct trn_store *store,
                             const tern_id *scope,
                             bool fresh,
                             struct trn_slice lines,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = TERN_OK;

    if (fresh) { /* what follows is the whole scope */
        status = trn_stage_drop(store, scope, error);
    }
    if (status == TERN_OK) {
        status = put_state(store, scope, fresh, error);
    }
    if (status == TERN_OK) {
        status = trn_store_sql(store, TRN_SQL_STAGE_APPEND, &stmt, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, scope);
    trn_bind_slice(stmt, 2, lines);
    return trn_store_run(store, stmt, place, error);
}

tern_status trn_stage_next(struct trn_store *store,
                           const tern_id *scope,
                           int64_t after,
                           int64_t *ret_sequence,
                           struct trn_bytes *lines,
                           tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_STAGE_NEXT, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, scope);
    (void)sqlite3_bind_int64(stmt, 2, after);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        *ret_sequence = 0;
        return TERN_OK;
    }
    status = trn_column_append(stmt, 1, lines, error);
    if (status == TERN_OK) {
        *ret_sequence = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

tern_status trn_stage_is_fresh(struct trn_store *store,
                               const tern_id *scope,
                               bool *ret_any,
                               bool *ret_fresh,
                               tern_error *error)
{
    return trn_store_scope_flag(store, TRN_SQL_STAGE_STATE, scope, ret_any, ret_fresh, error);
}

tern_status trn_stage_drop(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    tern_status status;

    if (scope == NULL) {
        status = trn_store_do(store, TRN_SQL_STAGE_DROP_ALL, place, error);
        return status != TERN_OK ? status
                                 : trn_store_do(store, TRN_SQL_STAGE_DROP_STATES, place, error);
    }
    status = trn_store_scope_run(store, TRN_SQL_STAGE_DROP, scope, error);
    return status != TERN_OK ? status
                             : trn_store_scope_run(store, TRN_SQL_STAGE_DROP_STATE, scope, error);
}

tern_status
trn_stage_mark_complete(struct trn_store *store, const tern_id *scope, tern_error *error)
{
    return trn_store_scope_run(store, TRN_SQL_STAGE_MARK, scope, error);
}

tern_status
trn_stage_complete(struct trn_store *store, bool *ret_any, tern_id *ret_scope, tern_error *error)
{
    return trn_store_scope_any(store, TRN_SQL_STAGE_COMPLETE, ret_any, ret_scope, error);
}

tern_status trn_store_start_over(struct trn_store *store, tern_error *error)
{
    tern_status status = trn_stage_drop(store, NULL, error);

    if (status == TERN_OK) {
        status = trn_meta_drop_cursor(store, error);
    }
    return status == TERN_OK ? trn_store_do(store, TRN_SQL_SCOPE_SUSPECT, place, error) : status;
}
