/* Begin, rollback, and rows that make way. */
#include "engine/work.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/lease.h"
#include "engine/lost.h"
#include "engine/reach.h"

static tern_status read_start(struct trn_work *work, const tern_id *session, tern_error *error)
{
    tern_status status = trn_meta_read(work->store, &work->meta, error);

    if (status == TERN_OK && work->engine->kept_lease != NULL) {
        trn_lease_release(&work->meta, work->engine->kept_lease); /* its session is over */
    }
    if (status == TERN_OK && session != NULL && !trn_lease_take(&work->meta, session, &work->now)) {
        return trn_fail(error, TERN_ERR_BUSY, "another sync of this replica is under way");
    }
    return status;
}

static void start(struct trn_work *work, const struct trn_engine *engine)
{
    memset(work, 0, offsetof(struct trn_work, known));
    trn_known_clear(&work->known);
    work->engine = engine;
    work->store = engine->store;
    work->now = trn_engine_reading(engine);
}

/* After the transaction was begun, with what came of it. */
static tern_status
enter(struct trn_work *work, const tern_id *session, tern_status begun, tern_error *error)
{
    tern_status status;

    if (begun != TERN_OK) {
        return begun;
    }
    status = read_start(work, session, error);
    if (status != TERN_OK) {
        trn_store_rollback(work->store);
    }
    return status;
}

tern_status trn_work_begin(struct trn_work *work,
                           const struct trn_engine *engine,
                           const tern_id *session,
                           tern_error *error)
{
    start(work, engine);
    return enter(work, session, trn_store_begin(work->store, error), error);
}

tern_status trn_work_begin_hasty(struct trn_work *work,
                                 const struct trn_engine *engine,
                                 const tern_id *session,
                                 tern_error *error)
{
    start(work, engine);
    return enter(work, session, trn_store_begin_hasty(work->store, error), error);
}

struct displacing {
    struct trn_work *work;
    const struct trn_table *table;
    bool awaits;
};

static tern_status
note_displaced(const struct displacing *displacing, const tern_id *id, tern_error *error)
{
    struct trn_displaced *displaced = &displacing->work->displaced;
    struct trn_version version = {.ranks = 0};
    bool found = false;
    tern_status status = trn_store_row_version(displacing->work->store,
                                               displacing->table,
                                               id,
                                               &found,
                                               &version,
                                               error);

    if (status != TERN_OK) {
        return status;
    }
    if (displaced->count == displaced->room) {
        size_t room = displaced->room == 0 ? 8 : displaced->room * 2;
        struct trn_displaced_row *rows = trn_realloc(displaced->rows, room * sizeof *rows);

        if (rows == NULL) {
            return trn_fail_nomem(error);
        }
        displaced->rows = rows;
        displaced->room = room;
    }
    displaced->rows[displaced->count++] =
        (struct trn_displaced_row){displacing->table, *id, version};
    return TERN_OK;
}

/* Nothing is known of it, so that whatever comes of it is taken whole. */
static tern_status
stand_aside(const struct displacing *displacing, const tern_id *id, tern_error *error)
{
    struct trn_store *store = displacing->work->store;
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(store, displacing->table, id, &found, &row, error);

    if (status != TERN_OK || !found) {
        return status;
    }
    row.deleted_at_us = TRN_ASIDE_US;
    row.version = (struct trn_version){.ranks = 0};
    return trn_store_row_take(store, displacing->table, &row, TRN_ROW_IS_THERE, error);
}

/* What is to take its place may borrow from the reading of another row. */
static tern_status displace(void *context, const tern_id *id, tern_error *error)
{
    const struct displacing *displacing = context;
    struct trn_work *work = displacing->work;
    struct trn_bytes borrowed = {0};
    tern_status status = displacing->awaits ? note_displaced(displacing, id, error) : TERN_OK;

    trn_store_row_swap_room(work->store, displacing->table, &borrowed);
    if (status == TERN_OK) {
        status = trn_lost_park(work, displacing->table, id, NULL, error);
    }
    if (status == TERN_OK) {
        status = stand_aside(displacing, id, error);
    }
    trn_store_row_swap_room(work->store, displacing->table, &borrowed);
    trn_bytes_free(&borrowed);
    return status;
}

bool trn_work_made_way(const struct trn_version *version, int64_t deleted_at_us)
{
    return deleted_at_us == TRN_ASIDE_US && version->keys[TRN_UNIT_EXISTENCE] == 0;
}

tern_status trn_work_displace(struct trn_work *work,
                              const struct trn_table *table,
                              const struct trn_row *row,
                              bool awaits,
                              tern_error *error)
{
    struct displacing displacing = {work, table, awaits};

    return trn_store_row_visit_holders(work->store, table, row, displace, &displacing, error);
}

void trn_work_forget(struct trn_work *work)
{
    trn_idset_free(&work->held);
    work->held_is_known = false;
    trn_reach_forget(work);
    trn_free(work->displaced.rows);
    work->displaced = (struct trn_displaced){0};
}

void trn_work_rollback(struct trn_work *work)
{
    trn_work_forget(work);
    trn_store_rollback(work->store);
}

tern_status trn_work_start_over(struct trn_work *work, tern_error *error)
{
    return trn_store_start_over(work->store, error);
}
