/*
 * Who is told what the app's statements did to synced rows.
 *
 * The listener is called from SQLite's preupdate hook: it must not touch the store, only note what
 * it is told. It is told each changed row of each statement, with old and new values in column
 * order; a statement that fails takes its reports back through `forget`. A rule that a row breaks
 * dooms the whole tx, since the hook cannot stop a statement.
 */
#ifndef TRN_STORE_LISTENER_H
#define TRN_STORE_LISTENER_H

#include "store/store.h"

/* All borrowed for the call. */
struct trn_captured {
    const struct trn_table *table;
    int64_t rowid;  /* names the row until the tx ends */
    bool is_insert; /* else an update; DELETE arrives as an update that sets deleted_at */
    /* Of an update. Columns of the schema that the statement names, units that these lie in
     * (existence where it names deleted_at), and whether it names id, updated_at or tern_v. */
    uint64_t named;
    uint16_t units;
    bool names_hidden;
    /* NULL for an insert. Of an update `before` and `after` hold the columns of `named` and of
     * `units` (of existence, created_at), and `after` those that ranks depend on. */
    const struct trn_row *before;
    const struct trn_row *after; /* its `version` is not set */
    tern_value after_version;    /* the cell tern_v as the statement left it */
};

struct trn_capture_listener {
    void *context;
    /* A failure dooms the tx: the statement, every later one, and the commit give its error. */
    tern_status (*changed)(void *context, const struct trn_captured *captured, tern_error *error);
    /* A mark of all noted so far, and the way back to it when a statement fails. */
    size_t (*mark)(void *context);
    void (*forget)(void *context, size_t mark);
    /* What `updated_at` of changed rows gets, and the key that `tern_v` gets: asked once, before
     * the first statement of a tx that writes synced rows. May use the store. */
    tern_status (*stamp)(void *context, int64_t *ret_time_us, int64_t *ret_key, tern_error *error);
};

#endif
