/* The natural key is searched: it has a few columns at most. */
#include "model/about.h"

bool trn_column_is_about(const struct trn_table *table, size_t column)
{
    for (size_t i = 0; i < table->natural_key_count; i++) {
        if (table->natural_key[i] == column) {
            return table->columns[column].type == TRN_TYPE_UUID &&
                   table->columns[column].target == TRN_NO_TABLE;
        }
    }
    return false;
}

bool trn_table_is_about(const struct trn_table *table)
{
    for (size_t i = 0; i < table->natural_key_count; i++) {
        if (trn_column_is_about(table, table->natural_key[i])) {
            return true;
        }
    }
    return false;
}
