/* Finding things in a description by their names. Linear: the lists are short, and callers keep
 * what they found. */
#include "model/schema.h"

#include <string.h>

const struct trn_table *trn_schema_table(const struct trn_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (strcmp(schema->tables[i].name, name) == 0) {
            return &schema->tables[i];
        }
    }
    return NULL;
}

uint16_t trn_table_column(const struct trn_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return (uint16_t)i;
        }
    }
    return TRN_NO_COLUMN;
}

size_t trn_table_unit(const struct trn_table *table, const char *name)
{
    for (size_t i = 0; i < table->unit_count; i++) {
        if (strcmp(table->units[i].name, name) == 0) {
            return i;
        }
    }
    return TRN_UNITS_MAX;
}
