/* Tables, columns and units are only ever appended, so
 * each version knows a beginning; only the audit, always the last table, moves. */
#include "wire/upcast.h"

#include "base/assert.h"

size_t trn_wire_columns(const struct trn_table *table, uint32_t version)
{
    size_t count = table->column_count;

    while (count > 0 && table->columns[count - 1].since > version) {
        count--;
    }
    return count;
}

size_t trn_wire_units(const struct trn_table *table, uint32_t version)
{
    size_t count = table->unit_count;

    while (count > 1) {
        const struct trn_unit *unit = &table->units[count - 1];

        if (unit->column_count == 0 || table->columns[unit->columns[0]].since <= version) {
            break;
        }
        count--;
    }
    return count;
}

/* The tables of a version, the audit left out. */
static size_t tables_before_audit(const struct trn_schema *schema, uint32_t version)
{
    size_t count = schema->table_count - 1;

    while (count > 0 && schema->tables[count - 1].since > version) {
        count--;
    }
    return count;
}

size_t trn_wire_table_index(const struct trn_schema *schema,
                            const struct trn_table *table,
                            uint32_t version)
{
    bool is_audit = table->index == schema->table_count - 1;

    TRN_ASSERT(table == &schema->tables[table->index]);

    return is_audit ? tables_before_audit(schema, version) : table->index;
}

const struct trn_table *
trn_wire_table(const struct trn_schema *schema, int64_t index, uint32_t version)
{
    size_t before_audit = tables_before_audit(schema, version);

    if (index < 0 || (uint64_t)index > before_audit) {
        return NULL;
    }
    return (size_t)index == before_audit ? &schema->tables[schema->table_count - 1]
                                         : &schema->tables[index];
}
