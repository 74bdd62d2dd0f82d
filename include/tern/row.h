/**
 * Typed row calls: the rows of synced tables without SQL. Each runs inside a transaction of the
 * caller's.
 *
 * A failed call leaves the transaction as it was before it. All run on the thread that began the
 * transaction.
 */
#ifndef TERN_ROW_H
#define TERN_ROW_H

#include "tern/replica.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Inserts a row. Columns left out take their defaults. The id is derived from the table's natural
 * key, or taken from a cell named "id", or minted.
 *
 * @param cells  `cell_count` named values; borrowed.
 * @param ret_id The row's id; may be NULL.
 * @return TERN_OK, TERN_ERR_UNKNOWN_TABLE, _UNKNOWN_COLUMN, _TYPE, _NOT_NULL, _LENGTH, _RANGE,
 * _FORMAT, _ENUM, _CHECK, _UNIQUE, _EXISTS (the id is taken; undelete it if it was deleted),
 * _NATURAL_KEY, _NOMEM, _IO, _DISK_FULL.
 */
TERN_API TERN_MUST_USE tern_status tern_row_insert(tern_tx *tx,
                                                   const char *table,
                                                   const tern_cell *cells,
                                                   size_t cell_count,
                                                   tern_id *ret_id,
                                                   tern_error *error);

/** Changes cells of a live row. TERN_ERR_NOT_FOUND if there is none, _IMMUTABLE, _APPEND_ONLY, and
 * the codes of insert. */
TERN_API TERN_MUST_USE tern_status tern_row_update(tern_tx *tx,
                                                   const char *table,
                                                   const tern_id *id,
                                                   const tern_cell *cells,
                                                   size_t cell_count,
                                                   tern_error *error);

/**
 * Takes back a recorded act: changes cells like tern_row_update, and marks their units as a
 * person's act even where the schema's value rule would call the new value inferred.
 */
TERN_API TERN_MUST_USE tern_status tern_row_undo(tern_tx *tx,
                                                 const char *table,
                                                 const tern_id *id,
                                                 const tern_cell *cells,
                                                 size_t cell_count,
                                                 tern_error *error);

/** Marks a live row deleted. What it holds stays, and edits made elsewhere are kept beneath. */
TERN_API TERN_MUST_USE tern_status tern_row_delete(tern_tx *tx,
                                                   const char *table,
                                                   const tern_id *id,
                                                   tern_error *error);

/** Brings a deleted row back. TERN_ERR_UNIQUE if one of its unique keys was taken meanwhile. */
TERN_API TERN_MUST_USE tern_status tern_row_undelete(tern_tx *tx,
                                                     const char *table,
                                                     const tern_id *id,
                                                     tern_error *error);

/** One row, live or deleted, read whole. */
typedef struct tern_row tern_row;

/** Reads the row, as this transaction sees it. TERN_ERR_NOT_FOUND without one. Freed with
 * tern_row_free. */
TERN_API TERN_MUST_USE tern_status tern_row_get(tern_tx *tx,
                                                const char *table,
                                                const tern_id *id,
                                                tern_row **ret_row,
                                                tern_error *error);
/** The value of a column, borrowed until the row is freed; TERN_ERR_UNKNOWN_COLUMN if it has none
 * of that name. */
TERN_API TERN_MUST_USE tern_status tern_row_value(const tern_row *row,
                                                  const char *column,
                                                  tern_value *ret_value,
                                                  tern_error *error);
/** NULL is accepted. */
TERN_API void tern_row_free(tern_row *row);

#ifdef __cplusplus
}
#endif
#endif
