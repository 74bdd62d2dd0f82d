/* The state machine: which step comes next. What a step does to the file is in the other parts of
 * the engine. */
#include "engine/session.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/text.h"
#include "engine/digest.h"
#include "engine/ending.h"
#include "engine/failure.h"
#include "engine/lease.h"
#include "engine/work_commit.h"
#include "wire/gzip.h"
#include "wire/limits.h"

enum {
    PAGE_ROWS = 5000,
    PUSH_BYTES = 1 << 20,
    STEP_ROWS = 2000,
    MAX_ATTEMPTS = 5,
    TIMEOUT_MS = (int)(TRN_CLOCK_TRIP_US / 1000)
};

static int64_t monotonic_us(const struct trn_session *session)
{
    return trn_engine_reading(&session->engine).monotonic_us;
}

/* ---- The request ---- */

static void drop_exchange(struct trn_session *session)
{
    trn_batch_free(&session->batch);
    trn_sent_free(&session->sent);
    trn_bytes_free(&session->body);
    if (TRN_MUTANT(ANSWERS_KEPT)) {
        session->answer_body = (struct trn_bytes){0};
    }
    trn_bytes_free(&session->answer_body);
    trn_intake_free(session->intake);
    session->intake = NULL;
}

static void address_request(struct trn_session *session, const char *coding)
{
    session->request = (tern_http_request){.path = "/v1/sync",
                                           .content_type = TRN_EXCHANGE_MEDIA_TYPE,
                                           .body_coding = coding,
                                           .accept_codings = TRN_CODINGS,
                                           .token = session->token,
                                           .body = session->body.data,
                                           .body_size = session->body.size,
                                           .answer_limit_bytes = TRN_EXCHANGE_ANSWER_BYTES_MAX,
                                           .timeout_ms = TIMEOUT_MS};
}

/* Whether there is anything left to say or to ask. */
static bool is_through(const struct trn_session *session, uint64_t first_waiting)
{
    bool pushed = first_waiting == 0 || first_waiting > session->last_at_start;

    return pushed && !session->probing && (session->pulled || session->upgrade);
}

/* From here on what these entries did may stand on the server, whether or not it is heard of. */
static void note_sent(const struct trn_session *session, struct trn_work *work)
{
    size_t count = session->batch.count;
    uint64_t last = count > 0 ? session->batch.items[count - 1].ordinal : 0;

    if (last > work->meta.sent_ordinal) {
        work->meta.sent_ordinal = last;
    }
}

static tern_status
compose(struct trn_session *session, struct trn_work *work, bool *ret_through, tern_error *error)
{
    struct trn_batch_limits limits = {.bytes = session->options.push_bytes,
                                      .entries = session->probing ? 0 : session->entry_limit};
    const char *coding = NULL;
    uint64_t first = 0;
    tern_status status = trn_batch_fill(&session->batch, work, &limits, &session->aside, error);

    if (status == TERN_OK) {
        status =
            trn_batch_waiting(work, &session->aside, &session->progress.pending_txs, &first, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_through = is_through(session, first);
    if (*ret_through) {
        return TERN_OK;
    }
    status = trn_exchange_compose(work,
                                  &session->batch,
                                  session->upgrade ? 0 : session->options.page_rows,
                                  &session->sent,
                                  &session->body,
                                  &coding,
                                  error);
    if (status == TERN_OK) {
        trn_batch_forget_bodies(&session->batch);
        note_sent(session, work);
        address_request(session, coding);
    }
    return status;
}

static tern_status prepare(struct trn_session *session, tern_error *error)
{
    struct trn_work work;
    bool through = false;
    tern_status status;

    drop_exchange(session);
    status = trn_work_begin_hasty(&work, &session->engine, &session->id, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_window_declare(&work, error);
    if (status == TERN_OK) {
        status = compose(session, &work, &through, error);
    }
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    if (through) {
        return trn_ending_tidy_in(session, &work, error);
    }
    status = trn_work_commit(&work, error); /* the lease is renewed */
    if (status == TERN_OK) {
        session->phase = PHASE_SENT;
    }
    return status;
}

/* ---- Steps ---- */

static tern_status work_on(struct trn_session *session, tern_error *error)
{
    if (trn_store_shorten_log(session->engine.store)) {
        return TERN_OK; /* a step of its own */
    }
    switch (session->phase) {
    case PHASE_READY:
        return prepare(session, error);
    case PHASE_ANSWERED:
        return trn_digest_step(session, error);
    case PHASE_TIDYING:
        return trn_ending_tidy(session, error);
    case PHASE_FINISHING:
        return trn_ending_conclude(session, error);
    case PHASE_WAITING:
        if (monotonic_us(session) >= session->wake_us) {
            session->phase = PHASE_READY;
        }
        return TERN_OK;
    case PHASE_SENT:
    case PHASE_TOKEN:
    case PHASE_DONE:
        return TERN_OK;
    }
    return TERN_OK;
}

static void describe(const struct trn_session *session, tern_sync_step *ret_step)
{
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    if (session->phase == PHASE_SENT) {
        step.action = TERN_SYNC_SEND;
        step.request = &session->request;
    } else if (session->phase == PHASE_TOKEN) {
        step.action = TERN_SYNC_TOKEN;
    } else if (session->phase == PHASE_WAITING) {
        int64_t left_us = session->wake_us - monotonic_us(session);

        step.action = TERN_SYNC_WAIT;
        step.wait_ms = left_us > 0 ? (left_us + 999) / 1000 : 0;
    } else if (session->phase == PHASE_DONE) {
        step.action = TERN_SYNC_DONE;
        step.result = session->result;
    }
    *ret_step = step;
}

tern_status
trn_session_next(struct trn_session *session, tern_sync_step *ret_step, tern_error *error)
{
    tern_status status;

    if (atomic_load(&session->cancelled) && session->phase != PHASE_FINISHING &&
        session->phase != PHASE_DONE) {
        trn_session_finish(session, TERN_ERR_CANCELLED);
    }
    status = work_on(session, error);
    if (status == TERN_ERR_BUSY) {
        trn_error_clear(error);
        trn_session_finish(session, TERN_ERR_BUSY);
        status = TERN_OK;
    }
    if (status == TERN_OK) {
        describe(session, ret_step);
    }
    return status;
}

void trn_session_read(struct trn_session *session)
{
    trn_digest_read(session);
}

tern_status
trn_session_answered(struct trn_session *session, const tern_http_answer *answer, tern_error *error)
{
    if (session->phase != PHASE_SENT) {
        return trn_fail(error, TERN_ERR_MISUSE, "no request is under way");
    }
    trn_bytes_clear(&session->answer_body);
    if (trn_bytes_append(&session->answer_body, answer->body, answer->body_size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    session->answer = *answer;
    session->answer.body = session->answer_body.data;
    trn_bytes_free(&session->body); /* borrowed until now */
    session->sent.received = trn_engine_reading(&session->engine);
    session->phase = PHASE_ANSWERED;
    return TERN_OK;
}

tern_status trn_session_failed(struct trn_session *session, tern_status why, tern_error *error)
{
    if ((session->phase != PHASE_SENT && session->phase != PHASE_TOKEN) || why == TERN_OK) {
        return trn_fail(error, TERN_ERR_MISUSE, "no request is under way");
    }
    if (why == TERN_ERR_CANCELLED || session->phase == PHASE_TOKEN) {
        trn_session_finish(session, why);
        return TERN_OK;
    }
    return trn_session_count_failure(session, &(struct trn_failure){why, false, false, -1}, error);
}

tern_status trn_session_set_token(struct trn_session *session, const char *token, tern_error *error)
{
    char *copy = token == NULL ? NULL : trn_text_copy(trn_slice_text(token));

    if (token != NULL && copy == NULL) {
        return trn_fail_nomem(error);
    }
    trn_free(session->token);
    session->token = copy;
    session->request.token = copy;
    if (session->phase == PHASE_TOKEN) {
        session->phase = PHASE_READY;
    }
    return TERN_OK;
}

void trn_session_cancel(struct trn_session *session)
{
    atomic_store(&session->cancelled, true);
}

const char *trn_session_reason(const struct trn_session *session, tern_status result)
{
    return session->reason.status == result ? session->reason.message : "";
}

void trn_session_progress(const struct trn_session *session, tern_sync_progress *ret_progress)
{
    *ret_progress = session->progress;
}

/* ---- Beginning and end ---- */

static void set_defaults(tern_sync_options *options)
{
    options->page_rows = options->page_rows == 0 ? PAGE_ROWS : options->page_rows;
    options->push_bytes = options->push_bytes == 0 ? PUSH_BYTES : options->push_bytes;
    options->step_rows = options->step_rows == 0 ? STEP_ROWS : options->step_rows;
    options->max_attempts = options->max_attempts == 0 ? MAX_ATTEMPTS : options->max_attempts;
}

static tern_status take_lease(struct trn_session *session, tern_error *error)
{
    struct trn_work work;
    tern_status status =
        trn_engine_random(&session->engine, &session->id, sizeof session->id, error);

    if (status == TERN_OK) {
        status = trn_work_begin_hasty(&work, &session->engine, &session->id, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    session->last_at_start = work.meta.last_ordinal;
    return trn_work_commit(&work, error);
}

tern_status trn_session_open(const struct trn_engine *engine,
                             const tern_sync_options *options,
                             struct trn_session **ret_session,
                             tern_error *error)
{
    struct trn_session *session = trn_calloc(1, sizeof *session);
    tern_status status;

    if (session == NULL) {
        return trn_fail_nomem(error);
    }
    session->engine = *engine;
    if (options != NULL) {
        session->options = *options;
    }
    set_defaults(&session->options);
    session->entry_limit = TRN_WIRE_TXS_MAX;
    atomic_init(&session->cancelled, false);
    status = take_lease(session, error);
    if (status != TERN_OK) {
        trn_free(session);
        return status;
    }
    trn_store_set_syncing(session->engine.store, true);
    *ret_session = session;
    return TERN_OK;
}

static tern_status give_lease_back(struct trn_session *session)
{
    struct trn_work work;
    tern_status status = TERN_ERR_BUSY; /* in a transaction that this thread has open */

    if (!trn_store_in_transaction(session->engine.store)) {
        status = trn_work_begin_hasty(&work, &session->engine, &session->id, NULL);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_lease_release(&work.meta, &session->id);
    return trn_work_commit(&work, NULL);
}

/* Where the file cannot be written, this handle remembers that the lease is nobody's; for others it
 * runs out. */
static void end_lease(struct trn_session *session)
{
    if (session->phase != PHASE_DONE && give_lease_back(session) != TERN_OK &&
        session->engine.kept_lease != NULL) {
        *session->engine.kept_lease = session->id;
    }
}

void trn_session_close(struct trn_session *session)
{
    if (session == NULL) {
        return;
    }
    trn_store_set_syncing(session->engine.store, false);
    end_lease(session);
    drop_exchange(session);
    trn_set_aside_free(&session->aside);
    if (session->token != NULL) {
        memset(session->token, 0, strlen(session->token));
    }
    trn_free(session->token);
    trn_free(session);
}
