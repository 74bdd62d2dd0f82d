/*
 * Capture: what the app's statements did to synced rows, reported as it happens.
 *
 * The listener is called from SQLite's preupdate hook: it must not touch the store, only note what
 * it is told. It is told each changed row of each statement, with old and new values in column
 * order; a statement that fails takes its reports back through `forget`.
 */
#ifndef TRN_STORE_CAPTURE_H
#define TRN_STORE_CAPTURE_H

#include "store/store.h"

struct trn_captured {
    const struct trn_table *table;
    bool is_insert; /* else an update; DELETE arrives as an update that sets deleted_at */
    const struct trn_row *before; /* NULL for an insert; borrowed for the call */
    const struct trn_row *after;  /* borrowed for the call */
};

struct trn_capture_listener {
    void *context;
    /* A failure dooms the tx: the statement, every later one, and the commit give its error. */
    tern_status (*changed)(void *context, const struct trn_captured *captured, tern_error *error);
    /* A mark of all noted so far, and the way back to it when a statement fails. */
    size_t (*mark)(void *context);
    void (*forget)(void *context, size_t mark);
    /* What `updated_at` and `tern_v` of changed rows get: asked once, at the first change of a tx.
     */
    tern_status (*stamp)(void *context, int64_t *ret_time_us, int64_t *ret_key, tern_error *error);
};

/* Starts reporting to `listener` until trn_capture_stop. Between begin and commit only. */
void trn_capture_start(struct trn_store *store, const struct trn_capture_listener *listener);
void trn_capture_stop(struct trn_store *store);

/* Stamps the rows that were updated and not stamped by their own statement: to be called before
 * commit, once. */
tern_status trn_capture_stamp_rows(struct trn_store *store, tern_error *error);

#endif
