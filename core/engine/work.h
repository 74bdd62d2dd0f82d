/*
 * One write transaction of a sync: what it read at its start, what it has met, and what it owes
 * before it may commit.
 *
 * Nothing in here outlives the transaction. Pending edits are lifted off the rows when the first
 * change of the ground touches them, and the commit lays them back, so that whatever happens
 * between, no reader ever sees the ground without them.
 */
#ifndef TRN_ENGINE_WORK_H
#define TRN_ENGINE_WORK_H

#include "engine/engine.h"
#include "engine/idset.h"
#include "engine/known.h"

/* When a row was deleted that stands aside: it is in no unique index then. */
enum { TRN_ASIDE_US = 1 };

/* Rows of the ground that had to make way for others. Where they are not back when the transaction
 * ends, or are back as an older page has them, the ground does not hold together. */
struct trn_displaced {
    struct trn_displaced_row {
        const struct trn_table *table;
        tern_id id;
        struct trn_version version; /* as it was, in keys */
    } * rows;
    size_t count;
    size_t room;
};

struct trn_work {
    const struct trn_engine *engine;
    struct trn_store *store;
    struct trn_meta meta; /* written back by the commit */
    struct trn_reading now;
    struct trn_displaced displaced;
    struct trn_idset held; /* rows that open entries hold, once it is known */
    bool held_is_known;
    struct trn_idset reached; /* scopes that waiting entries' rows lie in, once it is known */
    struct trn_idset made;    /* rows that waiting entries insert, known with it */
    bool reached_is_known;
    const struct trn_table *window_table; /* whose floor was read last; NULL: none */
    int64_t window_floor_us;
    int64_t stored_us; /* latest time by a verdict on an entry of `stored_of`; 0: none came */
    tern_id stored_of;
    bool lifted;    /* no row shows a pending edit right now */
    bool met_aside; /* an entry changes a row that has made way, so nobody can judge it yet */
    bool refetch;   /* some scope does not hold together: the commit drops cursor and staging, so
                       that all is sent afresh */
    struct trn_known known; /* last: it is large, and not cleared with the rest */
};

/* Begins. With a `session`, takes or renews its lease: TERN_ERR_BUSY if another holds it. */
tern_status trn_work_begin(struct trn_work *work,
                           const struct trn_engine *engine,
                           const tern_id *session,
                           tern_error *error);
/* The same for what a power cut may take back: the lease, and the report of how a sync ended. */
tern_status trn_work_begin_hasty(struct trn_work *work,
                                 const struct trn_engine *engine,
                                 const tern_id *session,
                                 tern_error *error);
/* Its commit is that of work_commit.h. */
void trn_work_rollback(struct trn_work *work);
/* Frees what was noted of rows: a part of the commit and of the rollback. */
void trn_work_forget(struct trn_work *work);
/* The rows that hold a unique key of `row` now make way, and what a restored server had lost of
 * them is parked; it `awaits` them if they have to be back before the transaction ends. Others may
 * reference them, so they stay, hidden as deleted ones are, until they come again. */
tern_status trn_work_displace(struct trn_work *work,
                              const struct trn_table *table,
                              const struct trn_row *row,
                              bool awaits,
                              tern_error *error);
/* Whether a row of such a version has made way so: nothing that it says counts any more. */
bool trn_work_made_way(const struct trn_version *version, int64_t deleted_at_us);
/* The cursor is forgotten with all that is staged, in this transaction. Without a cursor nothing
 * tells the server what is held, so what it does not send again has to leave (trn_leave_stale). */
tern_status trn_work_start_over(struct trn_work *work, tern_error *error);

#endif
