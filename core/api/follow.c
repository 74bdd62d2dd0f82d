/* Following a table by columns, for the app's own derived data. */
#include "tern/follow.h"

#include <string.h>

#include "api/internal.h"

static tern_status check_column(const struct trn_table *table, const char *name, tern_error *error)
{
    uint16_t column = trn_table_column(table, name);

    if (strcmp(name, "id") == 0) {
        return TERN_OK;
    }
    if (column == TRN_NO_COLUMN) {
        return trn_fail(error, TERN_ERR_UNKNOWN_COLUMN, "%s has no column %s", table->name, name);
    }
    return table->columns[column].nullable || table->columns[column].type == TRN_TYPE_REAL
               ? trn_fail(error, TERN_ERR_TYPE, "%s.%s is no key", table->name, name)
               : TERN_OK;
}

tern_status tern_tx_follow(tern_tx *tx,
                           const char *name,
                           const char *table,
                           const char *first,
                           const char *second,
                           tern_error *error)
{
    const struct trn_table *found = NULL;
    tern_status status;

    trn_error_clear(error);
    if (name == NULL || first == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a name and a column are needed");
    }
    status = trn_tx_table(tx, table, &found, error);
    if (status == TERN_OK) {
        status = check_column(found, first, error);
    }
    if (status == TERN_OK && second != NULL) {
        status = check_column(found, second, error);
    }
    return status == TERN_OK
               ? trn_store_follow(tx->replica->store, name, found, first, second, error)
               : status;
}
