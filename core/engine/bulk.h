/*
 * Rows of one table that are new here, kept until there are enough of them for one statement.
 *
 * Their order is that in which they came. Whoever writes anything else flushes them before, so that
 * rows enter the file as they were sent.
 */
#ifndef TRN_ENGINE_BULK_H
#define TRN_ENGINE_BULK_H

#include "store/store.h"

/* All zero is empty. */
struct trn_bulk {
    const struct trn_table *table;
    struct trn_row *rows; /* TRN_ROWS_AT_ONCE of them */
    size_t count;
    struct trn_bytes room; /* of their texts and blobs; never moves while it holds any */
};

/* Whether the row can join those that are kept. */
bool trn_bulk_has_room(const struct trn_bulk *bulk,
                       const struct trn_table *table,
                       const struct trn_row *row);
/* Keeps a copy. There must be room. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_bulk_add(struct trn_bulk *bulk,
                                       const struct trn_table *table,
                                       const struct trn_row *row,
                                       tern_error *error);
void trn_bulk_clear(struct trn_bulk *bulk);
void trn_bulk_free(struct trn_bulk *bulk);

#endif
