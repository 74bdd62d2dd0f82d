/*
 * Rows as the server sends them.
 *
 * Whoever read them has checked their values (trn_schema_check_row), so the table's CHECKs, which
 * say the same, are left out. Keys are SQLite's to watch, as for any row.
 */
#include "store/store.h"

#include "base/error.h"
#include "store/row.h"

/* Nearly all are new, so a row that is there after all is found by its keys. One of them may be
 * named before the id. */
static tern_status take_unknown(struct trn_store *store,
                                const struct trn_table *table,
                                const struct trn_row *row,
                                tern_error *error)
{
    tern_error why = {0};
    bool has = false;
    tern_status status = trn_row_run(store, table, TRN_TABLE_TAKE_NEW, row, &why);
    tern_status looked = TERN_OK;

    if (status == TERN_ERR_EXISTS || status == TERN_ERR_UNIQUE) {
        looked = trn_row_is_there(store, table, &row->id, &has, error);
    }
    if (looked != TERN_OK) {
        return looked;
    }
    if (has) {
        return trn_row_run(store, table, TRN_TABLE_TAKE_OVER, row, error);
    }
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "%s", why.message);
}

tern_status trn_store_row_take(struct trn_store *store,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               enum trn_row_place place,
                               tern_error *error)
{
    switch (place) {
    case TRN_ROW_IS_NEW:
        return trn_row_run(store, table, TRN_TABLE_TAKE_NEW, row, error);
    case TRN_ROW_IS_THERE:
        return trn_row_run(store, table, TRN_TABLE_TAKE_OVER, row, error);
    case TRN_ROW_UNKNOWN:
        break;
    }
    return take_unknown(store, table, row, error);
}

tern_status trn_store_rows_take(struct trn_store *store,
                                const struct trn_table *table,
                                const struct trn_row *rows,
                                tern_error *error)
{
    return trn_row_run(store, table, TRN_TABLE_TAKE_MANY, rows, error);
}
