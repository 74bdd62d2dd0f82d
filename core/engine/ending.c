/* Each piece of the tidying is bounded, and the last one carries the report. */
#include "engine/ending.h"

#include "base/error.h"
#include "base/portion.h"
#include "engine/keep.h"
#include "engine/lease.h"
#include "engine/work_commit.h"

enum {
    TRIM_AT_ONCE = 200,
    TIDY_AT_ONCE = 500 /* a local writer waits for one step at most */
};

void trn_session_finish(struct trn_session *session, tern_status result)
{
    session->result = result;
    session->phase = PHASE_FINISHING;
}

/* What the file says of the sync, and the lease given back. */
static void report(const struct trn_session *session, struct trn_work *work)
{
    work->meta.last_error = session->result;
    if (session->result == TERN_OK) {
        work->meta.last_sync_us = trn_clock_now(&work->meta.clock, &work->now);
    }
    trn_lease_release(&work->meta, &session->id);
}

/* Rows that left their window, then entries that need not be kept any more. */
static tern_status tidy_some(const struct trn_session *session,
                             struct trn_work *work,
                             struct trn_window_tidying *tidying,
                             bool pulled,
                             int64_t backup,
                             bool *ret_more,
                             tern_error *error)
{
    const size_t usual = trn_portion(TIDY_AT_ONCE);
    size_t rows = session->options.step_rows < usual ? session->options.step_rows : usual;
    tern_status status = trn_window_tidy(work, tidying, rows, ret_more, error);

    if (status != TERN_OK || *ret_more) {
        return status;
    }
    status = pulled ? trn_window_settle(work, error) : TERN_OK;
    return status == TERN_OK ? trn_keep_trim(work->store,
                                             trn_clock_now(&work->meta.clock, &work->now),
                                             backup,
                                             trn_portion(TRIM_AT_ONCE),
                                             ret_more,
                                             error)
                             : status;
}

tern_status
trn_ending_tidy_in(struct trn_session *session, struct trn_work *work, tern_error *error)
{
    struct trn_window_tidying tidying = session->tidying;
    bool more = false;
    tern_status status =
        tidy_some(session, work, &tidying, session->pulled, session->backup, &more, error);

    if (status != TERN_OK) {
        trn_work_rollback(work);
        return status;
    }
    if (!more) {
        trn_session_finish(session,
                           session->upgrade           ? TERN_ERR_UPGRADE_REQUIRED
                           : session->aside.count > 0 ? session->aside_reason
                                                      : TERN_OK);
        report(session, work);
    }
    status = trn_work_commit(work, error);
    if (status == TERN_OK) {
        session->tidying = tidying;
        session->phase = more ? PHASE_TIDYING : PHASE_DONE;
    }
    return status;
}

tern_status trn_ending_begin(struct trn_session *session,
                             struct trn_work *work,
                             int64_t backup,
                             struct trn_ending *ret_ending,
                             tern_error *error)
{
    struct trn_ending ending = {.begun = true, .tidying = session->tidying};
    uint64_t first = 0;
    bool more = false;
    tern_status status =
        trn_batch_waiting(work, &session->aside, &session->progress.pending_txs, &first, error);

    if (status != TERN_OK || (first != 0 && first <= session->last_at_start)) {
        return status;
    }
    status = tidy_some(session, work, &ending.tidying, true, backup, &more, error);
    if (status != TERN_OK) {
        return status;
    }
    ending.over = !more;
    if (ending.over) {
        report(session, work);
    }
    *ret_ending = ending;
    return TERN_OK;
}

tern_status trn_ending_tidy(struct trn_session *session, tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin_hasty(&work, &session->engine, &session->id, error);

    return status == TERN_OK ? trn_ending_tidy_in(session, &work, error) : status;
}

tern_status trn_ending_conclude(struct trn_session *session, tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin_hasty(&work, &session->engine, &session->id, error);

    if (status == TERN_ERR_BUSY) {
        trn_error_clear(error);
        session->phase = PHASE_DONE; /* the lease is another's by now, and so is the report */
        return TERN_OK;
    }
    if (status != TERN_OK) {
        return status;
    }
    report(session, &work);
    status = trn_work_commit(&work, error);
    if (status == TERN_OK) {
        session->phase = PHASE_DONE;
    }
    return status;
}
