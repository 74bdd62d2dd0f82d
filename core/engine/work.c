/* Begin, commit, rollback. */
#include "engine/work.h"

#include <string.h>

#include "base/error.h"
#include "engine/lease.h"
#include "engine/rebase.h"

static tern_status read_start(struct trn_work *work, const tern_id *session, tern_error *error)
{
    tern_status status = trn_meta_read(work->store, &work->meta, error);

    if (status == TERN_OK && session != NULL && !trn_lease_take(&work->meta, session, &work->now)) {
        return trn_fail(error, TERN_ERR_BUSY, "another sync of this replica is under way");
    }
    return status;
}

static void start(struct trn_work *work, const struct trn_engine *engine)
{
    memset(work, 0, sizeof *work);
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

static tern_status settle_debts(struct trn_work *work, tern_error *error)
{
    tern_status status = TERN_OK;

    if (work->lifted) {
        status = trn_rebase_lay(work, error);
    }
    if (status == TERN_OK && work->refetch) {
        status = trn_work_start_over(work, error);
    }
    if (status == TERN_OK) {
        status = trn_meta_write(work->store, &work->meta, error);
    }
    return status;
}

tern_status trn_work_commit(struct trn_work *work, tern_error *error)
{
    tern_status status = settle_debts(work, error);

    if (status != TERN_OK) {
        trn_store_rollback(work->store);
        return status;
    }
    return trn_store_commit(work->store, error);
}

void trn_work_rollback(struct trn_work *work)
{
    trn_store_rollback(work->store);
}

tern_status trn_work_start_over(struct trn_work *work, tern_error *error)
{
    tern_status status = trn_stage_drop(work->store, NULL, error);

    return status == TERN_OK ? trn_meta_set_cursor(work->store, trn_slice_make(NULL, 0), error)
                             : status;
}
