/* Values on their way into SQLite's parameters, and out of its cells. */
#ifndef TRN_STORE_CELL_H
#define TRN_STORE_CELL_H

#include <sqlite3.h>

#include "store/store.h"

/* Bound data is borrowed until the statement's next reset. */
void trn_bind_id(sqlite3_stmt *stmt, int index, const tern_id *id);
void trn_bind_slice(sqlite3_stmt *stmt, int index, struct trn_slice slice);
void trn_bind_text(sqlite3_stmt *stmt, int index, const char *text);
void trn_bind_uint64(sqlite3_stmt *stmt, int index, uint64_t value);
void trn_bind_value(sqlite3_stmt *stmt, int index, const tern_value *value);
/* The nil id where the cell is no id. */
void trn_column_id(sqlite3_stmt *stmt, int column, tern_id *ret_id);
uint64_t trn_column_uint64(sqlite3_stmt *stmt, int column);
/* Whether all bytes of the value are there: those of a zeroblob are made as they are asked for, and
 * where memory runs out then, SQLite makes the value NULL. To be asked before anything else. */
bool trn_value_is_whole(sqlite3_value *value);
/* The same of all cells of the row. */
bool trn_columns_are_whole(sqlite3_stmt *stmt);
/* Borrowed until the next step or reset. NULL where it is not whole. */
tern_value trn_column_value(sqlite3_stmt *stmt, int column);
tern_value trn_value_of(sqlite3_value *value);
/* Appends the cell's bytes to `bytes`. */
tern_status
trn_column_append(sqlite3_stmt *stmt, int column, struct trn_bytes *bytes, tern_error *error);

#endif
