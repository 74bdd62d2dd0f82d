/* tern/sync.h: arguments, the lock, and the loop over an HTTP port. */
#include "tern/sync.h"

#include <stdio.h>

#include "api/internal.h"
#include "base/assert.h"
#include "base/memory.h"
#include "engine/session.h"

struct tern_sync {
    tern_replica *replica;
    struct trn_session *session;
};

static tern_status check(const void *handle, const void *argument, tern_error *error)
{
    trn_error_clear(error);
    if (handle == NULL || argument == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "an argument is missing");
    }
    return TERN_OK;
}

tern_status tern_sync_open(tern_replica *replica,
                           const tern_sync_options *options,
                           tern_sync **ret_sync,
                           tern_error *error)
{
    tern_sync *sync = NULL;
    tern_status status = check(replica, ret_sync, error);

    if (status == TERN_OK && options != NULL && options->size < sizeof *options) {
        return trn_fail(error, TERN_ERR_MISUSE, "the options' size is not set");
    }
    if (status != TERN_OK) {
        return status;
    }
    sync = trn_calloc(1, sizeof *sync);
    if (sync == NULL) {
        return trn_fail_nomem(error);
    }
    sync->replica = replica;
    status = trn_replica_enter_idle(replica, error);
    if (status == TERN_OK) {
        status = trn_session_open(&replica->engine, options, &sync->session, error);
        trn_replica_leave(replica);
    }
    if (status != TERN_OK) {
        trn_free(sync);
        return status;
    }
    *ret_sync = sync;
    return TERN_OK;
}

tern_status tern_sync_next(tern_sync *sync, tern_sync_step *ret_step, tern_error *error)
{
    tern_status status = check(sync, ret_step, error);

    if (status != TERN_OK) {
        return status;
    }
    TRN_ASSERT(sync != NULL);
    trn_session_read(sync->session); /* nobody waits for it */
    status = trn_replica_enter_idle(sync->replica, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_session_next(sync->session, ret_step, error);
    trn_replica_leave(sync->replica);
    return status;
}

tern_status tern_sync_answered(tern_sync *sync, const tern_http_answer *answer, tern_error *error)
{
    tern_status status = check(sync, answer, error);

    if (status != TERN_OK) {
        return status;
    }
    TRN_ASSERT(sync != NULL);
    trn_replica_enter(sync->replica);
    status = trn_session_answered(sync->session, answer, error);
    trn_replica_leave(sync->replica);
    return status;
}

tern_status tern_sync_failed(tern_sync *sync, tern_status why, tern_error *error)
{
    tern_status status = check(sync, sync, error);

    if (status != TERN_OK) {
        return status;
    }
    TRN_ASSERT(sync != NULL);
    trn_replica_enter(sync->replica);
    status = trn_session_failed(sync->session, why, error);
    trn_replica_leave(sync->replica);
    return status;
}

tern_status tern_sync_set_token(tern_sync *sync, const char *token, tern_error *error)
{
    tern_status status = check(sync, sync, error);

    if (status != TERN_OK) {
        return status;
    }
    TRN_ASSERT(sync != NULL);
    trn_replica_enter(sync->replica);
    status = trn_session_set_token(sync->session, token, error);
    trn_replica_leave(sync->replica);
    return status;
}

void tern_sync_cancel(tern_sync *sync)
{
    if (sync != NULL) {
        trn_session_cancel(sync->session);
    }
}

static void read_progress(const tern_sync *sync, tern_sync_progress *ret_progress)
{
    TRN_ASSERT(sync != NULL);
    trn_replica_enter(sync->replica);
    trn_session_progress(sync->session, ret_progress);
    trn_replica_leave(sync->replica);
}

tern_status
tern_sync_read_progress(const tern_sync *sync, tern_sync_progress *ret_progress, tern_error *error)
{
    tern_status status = check(sync, ret_progress, error);

    if (status != TERN_OK) {
        return status;
    }
    read_progress(sync, ret_progress);
    return TERN_OK;
}

void tern_sync_read_reason(const tern_sync *sync, tern_status status, tern_error *ret_reason)
{
    if (sync == NULL || ret_reason == NULL) {
        return;
    }
    ret_reason->status = status;
    trn_replica_enter(sync->replica);
    (void)snprintf(ret_reason->message,
                   sizeof ret_reason->message,
                   "%s",
                   trn_session_reason(sync->session, status));
    trn_replica_leave(sync->replica);
}

void tern_sync_close(tern_sync *sync)
{
    if (sync == NULL) {
        return;
    }
    trn_replica_enter(sync->replica);
    trn_session_close(sync->session);
    trn_replica_leave(sync->replica);
    trn_free(sync);
}

/* ---- Running a whole sync ---- */

struct run {
    tern_sync *sync;
    const tern_http_port *http;
    tern_token_source token;
    void *token_context;
    int64_t wait_left_ms;
    tern_status last_failure;
    tern_error why; /* the port's words on the latest exchange that failed */
};

static tern_status carry(struct run *run, const tern_http_request *request, tern_error *error)
{
    tern_http_answer answer = {.retry_after_ms = -1};
    tern_status status;

    run->why = (tern_error){0};
    status = run->http->exchange(run->http->context, request, &answer, &run->why);
    if (status == TERN_OK) {
        status = tern_sync_answered(run->sync, &answer, error);
        run->http->release(run->http->context, &answer);
        return status;
    }
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    run->last_failure = status;
    return tern_sync_failed(run->sync, status, error);
}

static tern_status renew_token(struct run *run, tern_error *error)
{
    const char *token = run->token == NULL ? NULL : run->token(run->token_context, true);

    return token == NULL ? tern_sync_failed(run->sync, TERN_ERR_UNAUTHORIZED, error)
                         : tern_sync_set_token(run->sync, token, error);
}

/* `sentence`, and what led to it where more is known: by the server, or by the port. */
static tern_status
tell(struct run *run, tern_status result, const char *sentence, tern_error *error)
{
    tern_error reason = {0};

    tern_sync_read_reason(run->sync, result, &reason);
    if (reason.message[0] == '\0' && run->last_failure == result) {
        reason = run->why;
    }
    return trn_fail(error,
                    result,
                    "%s%s%s",
                    sentence,
                    reason.message[0] != '\0' ? ": " : "",
                    reason.message);
}

/* Where no time is left to wait, the sync ends with what it would have waited for. */
static tern_status wait_or_end(struct run *run, int64_t wait_ms, tern_error *error)
{
    if (run->http->wait != NULL && wait_ms <= run->wait_left_ms &&
        run->http->wait(run->http->context, wait_ms)) {
        run->wait_left_ms -= wait_ms;
        return TERN_OK;
    }
    return tell(run,
                run->last_failure != TERN_OK ? run->last_failure : TERN_ERR_UNAVAILABLE,
                "the server is to be asked again later",
                error);
}

static tern_status follow(struct run *run, const tern_sync_step *step, tern_error *error)
{
    switch (step->action) {
    case TERN_SYNC_SEND:
        return carry(run, step->request, error);
    case TERN_SYNC_TOKEN:
        return renew_token(run, error);
    case TERN_SYNC_WAIT:
        return step->wait_ms > 0 ? wait_or_end(run, step->wait_ms, error) : TERN_OK;
    case TERN_SYNC_WORK:
    case TERN_SYNC_DONE:
        return TERN_OK;
    }
    return TERN_OK;
}

static tern_status run_to_end(struct run *run, tern_error *error)
{
    const char *token = run->token == NULL ? NULL : run->token(run->token_context, false);
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    char sentence[64];
    tern_status status = token == NULL ? TERN_OK : tern_sync_set_token(run->sync, token, error);

    while (status == TERN_OK && step.action != TERN_SYNC_DONE) {
        status = tern_sync_next(run->sync, &step, error);
        if (status == TERN_OK) {
            status = follow(run, &step, error);
        }
    }
    if (status == TERN_OK && step.result != TERN_OK) {
        (void)snprintf(sentence,
                       sizeof sentence,
                       "the sync ended with %s",
                       tern_status_code(step.result));
        return tell(run, step.result, sentence, error);
    }
    return status;
}

tern_status tern_sync_run(tern_replica *replica,
                          const tern_sync_options *options,
                          const tern_http_port *http,
                          tern_token_source token,
                          void *token_context,
                          int64_t wait_limit_ms,
                          tern_sync_progress *ret_progress,
                          tern_error *error)
{
    struct run run = {.http = http,
                      .token = token,
                      .token_context = token_context,
                      .wait_left_ms = wait_limit_ms};
    tern_status status = check(replica, http, error);

    if (status == TERN_OK) {
        status = tern_sync_open(replica, options, &run.sync, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = run_to_end(&run, error);
    if (ret_progress != NULL) {
        read_progress(run.sync, ret_progress);
    }
    tern_sync_close(run.sync);
    return status;
}
