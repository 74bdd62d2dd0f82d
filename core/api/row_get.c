/* Rows read whole, and copied: they outlive their transaction. */
#include "api/internal.h"

#include <string.h>

#include "base/memory.h"

struct tern_row {
    const struct trn_table *table;
    struct trn_row row;
    struct trn_bytes bytes; /* of its values */
};

static tern_status copy_values(tern_row *row, tern_error *error)
{
    size_t size = 0;

    for (size_t i = 0; i < row->table->column_count; i++) {
        size += row->row.values[i].size;
    }
    if (trn_bytes_reserve(&row->bytes, size + 1) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < row->table->column_count; i++) {
        tern_value *value = &row->row.values[i];

        if (value->kind == TERN_TEXT || value->kind == TERN_BLOB) {
            uint8_t *place = row->bytes.data + row->bytes.size;

            memcpy(place, value->data, value->size);
            row->bytes.size += value->size;
            value->data = place;
        }
    }
    return TERN_OK;
}

tern_status tern_row_get(tern_tx *tx,
                         const char *table,
                         const tern_id *id,
                         tern_row **ret_row,
                         tern_error *error)
{
    const struct trn_table *described = NULL;
    tern_row *row;
    bool found = false;
    tern_status status;

    trn_error_clear(error);
    status = trn_tx_table(tx, table, &described, error);
    if (status != TERN_OK) {
        return status;
    }
    if (id == NULL || ret_row == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "an id and a result are needed");
    }
    row = trn_calloc(1, sizeof(*row));
    if (row == NULL) {
        return trn_fail_nomem(error);
    }
    row->table = described;
    status = trn_store_row_read(tx->replica->store, described, id, &found, &row->row, error);
    if (status == TERN_OK && !found) {
        status = trn_fail(error, TERN_ERR_NOT_FOUND, "%s has no such row", described->name);
    }
    if (status == TERN_OK) {
        status = copy_values(row, error);
    }
    if (status != TERN_OK) {
        tern_row_free(row);
        return status;
    }
    *ret_row = row;
    return TERN_OK;
}

tern_status
tern_row_value(const tern_row *row, const char *column, tern_value *ret_value, tern_error *error)
{
    uint16_t index;

    trn_error_clear(error);
    if (row == NULL || column == NULL || ret_value == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a row, a column and a result are needed");
    }
    index = trn_table_column(row->table, column);
    if (index != TRN_NO_COLUMN) {
        *ret_value = row->row.values[index];
    } else if (strcmp(column, "id") == 0) {
        *ret_value = tern_value_id(&row->row.id);
    } else if (strcmp(column, "updated_at") == 0) {
        *ret_value = tern_value_integer(row->row.updated_at_us);
    } else if (strcmp(column, "deleted_at") == 0) {
        *ret_value = row->row.deleted_at_us != 0 ? tern_value_integer(row->row.deleted_at_us)
                                                 : tern_value_null();
    } else {
        return trn_fail(error,
                        TERN_ERR_UNKNOWN_COLUMN,
                        "%s has no column %s",
                        row->table->name,
                        column);
    }
    return TERN_OK;
}

void tern_row_free(tern_row *row)
{
    if (row != NULL) {
        trn_bytes_free(&row->bytes);
        trn_free(row);
    }
}
