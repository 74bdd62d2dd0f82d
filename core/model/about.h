/*
 * Rows that are about another one, of whatever table: part of what they are is its id.
 */
#ifndef TRN_MODEL_ABOUT_H
#define TRN_MODEL_ABOUT_H

#include "model/schema.h"

/* Whether the column names the row that this one is about: a uuid of the natural key that
 * references no table. Where that row is erased this one goes, too. */
bool trn_column_is_about(const struct trn_table *table, size_t column);
/* Whether the table has such a column. */
bool trn_table_is_about(const struct trn_table *table);

#endif
