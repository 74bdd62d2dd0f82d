/* What older versions of a schema knew of it. */
#ifndef TRN_WIRE_UPCAST_H
#define TRN_WIRE_UPCAST_H

#include "model/schema.h"

/* How many columns of the table, how many tables of the schema, a version had. */
size_t trn_wire_columns(const struct trn_table *table, uint32_t version);
size_t trn_wire_units(const struct trn_table *table, uint32_t version);
/* The index that a version gives to the table (the audit is always its last), and the table of an
 * index, NULL without one. */
size_t trn_wire_table_index(const struct trn_schema *schema,
                            const struct trn_table *table,
                            uint32_t version);
const struct trn_table *
trn_wire_table(const struct trn_schema *schema, int64_t index, uint32_t version);

#endif
