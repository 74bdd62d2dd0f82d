/*
 * Rows that are too old for the replica: they leave it, and do not enter it, without an entry.
 *
 * The floor of a window is the server's time, as an answer told it, minus the declared days. No
 * clock of the device has a say in it, and a floor goes forward only, unless the server's own clock
 * is found to have been wrong or a new document widens the window: then all is fetched afresh.
 *
 * What stays although it is older: a row that an entry which waits or is parked (pending,
 * quarantined, locked) changes or references, and a row that another row here references.
 */
#ifndef TRN_ENGINE_WINDOW_H
#define TRN_ENGINE_WINDOW_H

#include "engine/work.h"
#include "model/window.h"
#include "wire/request.h"

/* Compares what the document declares with what the file was kept by. */
tern_status trn_window_declare(struct trn_work *work, tern_error *error);
/* The server's time was heard: floors move. Where they must go back, `work->refetch` is set. */
tern_status trn_window_move(struct trn_work *work, int64_t server_us, tern_error *error);
/* What the server may leave out of a copy of a whole record: rows of tables that nothing
 * references, unless an open entry holds one of them. At most `room` windows. */
tern_status trn_window_ask(struct trn_work *work,
                           struct trn_request_window *ret_windows,
                           size_t room,
                           size_t *ret_count,
                           tern_error *error);

/* Whether the row is older than its window, so that it may have left for its age. */
tern_status trn_window_is_past(struct trn_work *work,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               bool *ret_past,
                               tern_error *error);
/* Whether a row of the server that is not here is to be passed over. Rows of a table that others
 * reference never are: who references them may come later, so they wait for the tidying. */
tern_status trn_window_refuses(struct trn_work *work,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               bool *ret_refuses,
                               tern_error *error);
/* Whether a row that a whole copy of its record did not bring stays: an open entry holds it, and it
 * is too old to have been sent. */
tern_status trn_window_keeps(struct trn_work *work,
                             const struct trn_table *table,
                             const tern_id *id,
                             bool *ret_keeps,
                             tern_error *error);
/* Whether some row that a line of the entry references is missing here and may have left. */
tern_status
trn_window_lacks(struct trn_work *work, uint64_t ordinal, bool *ret_lacks, tern_error *error);

/* How far the tidying has come; all zero is its beginning. */
struct trn_window_tidying {
    bool begun;
    size_t tables_left; /* in this pass; the last of them is under way */
    struct trn_window_place place;
    bool freed; /* a row that may have held another has left in this pass */
};

/* Looks at the next `rows` rows that are older than their window, at most, and takes those out that
 * nothing keeps. `ret_more` while there are others. */
tern_status trn_window_tidy(struct trn_work *work,
                            struct trn_window_tidying *tidying,
                            size_t rows,
                            bool *ret_more,
                            tern_error *error);
/* All that is granted is here: each window reaches as far as its floor. */
tern_status trn_window_settle(struct trn_work *work, tern_error *error);

/* How far back the replica holds a table whole: INT64_MIN all of it, INT64_MAX not known yet. */
tern_status trn_window_reach(struct trn_store *store,
                             const struct trn_table *table,
                             int64_t *ret_reach_us,
                             tern_error *error);

#endif
