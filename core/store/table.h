/* The synced tables as this connection has them. */
#ifndef TRN_STORE_TABLE_H
#define TRN_STORE_TABLE_H

#include "store/state.h"

/* DELETE becomes a mark, for the app's statements; the engine's own deletes pass. Puts up what does
 * it, before the first statement that writes synced rows runs, and again where a rollback has taken
 * it down: opening a file to read it does not pay for that. */
tern_status trn_store_guard_deletes(struct trn_store *store, tern_error *error);

/* Reads once where SQLite has each column, before anything is captured: the hook must not compile.
 */
tern_status trn_store_place_columns(struct trn_store *store, tern_error *error);

void trn_store_tables_free(struct trn_store *store);

#endif
