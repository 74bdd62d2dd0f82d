/* The status line decides which of the two it is: a page, or a problem. */
#include "engine/digest.h"

#include "base/error.h"
#include "base/log.h"
#include "engine/ending.h"
#include "engine/failure.h"
#include "engine/history.h"

enum { STARTS_OVER = 2, FORKS = 3 /* in one session */ };

static void report(const struct trn_session *session)
{
    if (session->options.progress != NULL) {
        session->options.progress(session->options.progress_context, &session->progress);
    }
}

/* What the file holds does not go together with what the server sends: all of it afresh, but not
 * for ever. */
static tern_status start_over(struct trn_session *session, tern_status why, tern_error *error)
{
    tern_status status;

    if (session->starts_over == STARTS_OVER) {
        trn_session_finish(session, why);
        return TERN_OK;
    }
    trn_error_clear(error);
    status = trn_history_start_over(&session->engine, &session->id, error);
    if (status == TERN_OK) {
        session->starts_over++;
        session->pulled = false;
        session->phase = PHASE_READY;
    }
    return status;
}

/* The server decided nothing of what was sent: it has no time now. */
static tern_status ask_later(struct trn_session *session, tern_status why, tern_error *error)
{
    const struct trn_failure later = {why, true, true, -1};

    return trn_session_count_failure(session, &later, error);
}

static tern_status taken(struct trn_session *session, tern_error *error)
{
    const struct trn_intake_result *result = trn_intake_result(session->intake);
    tern_status status = TERN_OK;

    if (session->batch.count > 0 && result->decided == 0) {
        /* Asked to send all of it again: that is a server that has no time now. */
        status = ask_later(session, TERN_ERR_UNAVAILABLE, error);
    } else if (result->more && result->empty && result->decided == 0) {
        /* It promises more and sends nothing, or the same again: that could go on for ever. */
        status = ask_later(session, TERN_ERR_PROTOCOL, error);
    } else {
        status = trn_session_count_success(session, error);
        session->phase =
            status == TERN_OK && session->phase == PHASE_ANSWERED ? PHASE_READY : session->phase;
    }
    if (status != TERN_OK) {
        return status;
    }
    session->progress.round_trips++;
    session->backup = result->backup;
    session->pulled = !result->more && !result->refetch;
    if (result->refetch && session->starts_over++ == STARTS_OVER) {
        trn_session_finish(session, TERN_ERR_UNIQUE);
    }
    return TERN_OK;
}

/* An exchange that only fetched may be the last; one that sent is judged by its verdicts first. */
static bool may_end(const struct trn_session *session)
{
    return session->batch.count == 0 && !session->probing && session->aside.count == 0 &&
           !session->upgrade;
}

struct ending_of {
    struct trn_session *session;
    struct trn_ending ending;
};

static tern_status
end(void *context, struct trn_work *work, const struct trn_intake_result *result, tern_error *error)
{
    struct ending_of *of = context;

    return trn_ending_begin(of->session, work, result->backup, &of->ending, error);
}

/* After the step that it was part of. */
static void follow_ending(struct trn_session *session, const struct trn_ending *ending)
{
    if (!ending->begun || session->phase != PHASE_READY || !session->pulled) {
        return;
    }
    session->tidying = ending->tidying;
    session->phase = ending->over ? PHASE_DONE : PHASE_TIDYING;
}

static tern_status take_page(struct trn_session *session, tern_error *error)
{
    struct ending_of of = {.session = session};
    struct trn_intake_end last = {.context = &of, .run = end};
    bool done = false;
    tern_status status;

    if (session->intake == NULL) {
        return trn_fail(error, session->unread.status, "%s", session->unread.message);
    }
    status = trn_intake_step(session->intake,
                             &session->id,
                             session->options.step_rows,
                             may_end(session) ? &last : NULL,
                             &session->progress,
                             &done,
                             error);
    if (status == TERN_OK && done) {
        status = taken(session, error);
    }
    if (status == TERN_OK && done) {
        follow_ending(session, &of.ending);
    }
    if (status == TERN_OK) {
        report(session);
    }
    return status;
}

static tern_status ask_for_token(struct trn_session *session)
{
    if (session->token_refused) {
        trn_session_finish(session, TERN_ERR_UNAUTHORIZED);
        return TERN_OK;
    }
    session->token_refused = true;
    session->phase = PHASE_TOKEN;
    return TERN_OK;
}

/* History has forked: told once, acted upon, and then it must have an end. */
static tern_status follow_history(struct trn_session *session, tern_status code, tern_error *error)
{
    uint64_t last = 0;
    tern_status status;

    if (session->forks == FORKS) {
        trn_session_finish(session, code);
        return TERN_OK;
    }
    status = code == TERN_ERR_EPOCH_CHANGED
                 ? trn_history_epoch_changed(&session->engine,
                                             &session->id,
                                             &session->sent,
                                             &last,
                                             error)
                 : trn_history_cloned(&session->engine, &session->id, &session->sent, &last, error);
    if (status == TERN_OK) {
        session->forks++;
        session->backup = 0;
        session->last_at_start = last;
        session->pulled = false;
        session->phase = PHASE_READY;
    }
    return status;
}

static tern_status take_upgrade(struct trn_session *session, tern_error *error)
{
    uint64_t decided = 0;
    tern_status status = trn_exchange_take_verdicts(&session->engine,
                                                    &session->id,
                                                    &session->sent,
                                                    &session->answer,
                                                    &session->batch,
                                                    &session->progress,
                                                    &decided,
                                                    error);

    if (status != TERN_OK) {
        return status;
    }
    session->upgrade = true;
    session->progress.round_trips++;
    if (session->batch.count > 0 && decided == 0) {
        return ask_later(session, TERN_ERR_UPGRADE_REQUIRED, error);
    }
    session->phase = PHASE_READY;
    return trn_session_count_success(session, error);
}

/* 429 and 503 are a server's word on itself; a crash, or what stands before it, says something
 * else. */
static tern_status count_problem(struct trn_session *session, tern_status code, tern_error *error)
{
    const tern_http_answer *answer = &session->answer;
    const struct trn_failure failure = {code,
                                        false,
                                        answer->status == 429 || answer->status == 503,
                                        answer->retry_after_ms};

    return trn_session_count_failure(session, &failure, error);
}

static tern_status take_problem(struct trn_session *session, tern_error *error)
{
    tern_status status =
        trn_exchange_read_problem(&session->answer, session->token, &session->reason, error);
    tern_status code = session->reason.status;

    if (status != TERN_OK) {
        return status;
    }
    switch (code) {
    case TERN_ERR_UNAUTHORIZED:
        return ask_for_token(session);
    case TERN_ERR_EPOCH_CHANGED:
    case TERN_ERR_DEVICE_CLONED:
        return follow_history(session, code, error);
    case TERN_ERR_CURSOR:
        return start_over(session, code, error);
    case TERN_ERR_UPGRADE_REQUIRED:
        return take_upgrade(session, error);
    default:
        return count_problem(session, code, error);
    }
}

static bool is_of_the_protocol(tern_status status)
{
    return status == TERN_ERR_PROTOCOL || status == TERN_ERR_TOO_DEEP ||
           status == TERN_ERR_NOT_UTF8 || status == TERN_ERR_TOO_LARGE;
}

/* The answer could be read, and a value in it breaks a rule of the schema. */
static bool is_of_a_value(tern_status status)
{
    return status == TERN_ERR_NOT_NULL || status == TERN_ERR_LENGTH || status == TERN_ERR_RANGE ||
           status == TERN_ERR_FORMAT || status == TERN_ERR_ENUM || status == TERN_ERR_CHECK;
}

/* Whether the failure says that the answer is no good, rather than that the work on it could not be
 * done. */
static bool is_bad_answer(const struct trn_session *session, tern_status status)
{
    bool unread = session->intake == NULL; /* nothing but its bytes was looked at */

    return is_of_the_protocol(status) ||
           (unread && trn_status_is_of_rows(status) && !is_of_a_value(status));
}

static tern_status digest(struct trn_session *session, tern_error *error)
{
    return session->answer.status == 200 ? take_page(session, error) : take_problem(session, error);
}

static tern_status
refuse_answer(struct trn_session *session, const tern_error *why, tern_error *error)
{
    struct trn_failure bad = {why->status, true, false, -1};

    if (!is_of_the_protocol(bad.why)) {
        bad.why = TERN_ERR_PROTOCOL; /* its code is of rows, and these are not here */
    }
    trn_log(&session->engine.ports->log,
            TERN_LOG_WARNING,
            "sync: the answer is no good: %s",
            why->message);
    session->reason = *why;
    session->reason.status = bad.why;
    return trn_session_count_failure(session, &bad, error);
}

void trn_digest_read(struct trn_session *session)
{
    if (session->phase != PHASE_ANSWERED || session->answer.status != 200 ||
        session->intake != NULL) {
        return;
    }
    trn_error_clear(&session->unread);
    (void)trn_intake_new(&session->engine,
                         &session->answer,
                         &session->batch,
                         &session->sent,
                         &session->intake,
                         &session->unread); /* told by the step */
    if (session->intake != NULL) {
        trn_bytes_free(&session->answer_body); /* the intake has its own */
    }
}

tern_status trn_digest_step(struct trn_session *session, tern_error *error)
{
    tern_error why = {0};
    tern_status status = digest(session, &why);

    if (status == TERN_OK) {
        return TERN_OK;
    }
    if (is_bad_answer(session, status)) {
        return refuse_answer(session, &why, error);
    }
    if (status == TERN_ERR_EPOCH_CHANGED) {
        return follow_history(session, status, error);
    }
    if (trn_status_is_of_rows(status)) {
        trn_log(&session->engine.ports->log,
                TERN_LOG_WARNING,
                "sync: what came does not fit what is here: %s",
                why.message);
        session->reason = why;
        return start_over(session, status, error);
    }
    if (error != NULL && error->status == TERN_OK) {
        *error = why;
    }
    return status;
}
