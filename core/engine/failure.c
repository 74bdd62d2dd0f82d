/* What failures come to: waiting, halving, setting aside, giving up. */
#include "engine/failure.h"

#include "engine/backoff.h"
#include "engine/ending.h"
#include "wire/limits.h"

enum {
    BATCH_FAILURES = 2, /* of one batch, before the server is asked without it */
    LONE_PROBES = 2     /* that worked, before an entry that fails alone is set aside */
};

static int64_t monotonic_us(const struct trn_session *session)
{
    return trn_engine_reading(&session->engine).monotonic_us;
}

static tern_status
wait_a_while(struct trn_session *session, int64_t retry_after_ms, tern_error *error)
{
    uint32_t random = 0;
    tern_status status = trn_engine_random(&session->engine, &random, sizeof random, error);

    if (status != TERN_OK) {
        return status;
    }
    session->wake_us = monotonic_us(session) +
                       trn_backoff_wait_ms(session->failures, retry_after_ms, random) * 1000;
    session->phase = PHASE_WAITING;
    return TERN_OK;
}

static void suspect_batch(struct trn_session *session, tern_status why)
{
    const struct trn_batch *batch = &session->batch;

    if (batch->count == 0) {
        return;
    }
    if (session->suspect.ordinal != batch->items[0].ordinal ||
        session->suspect.count != batch->count) {
        session->suspect = (struct trn_suspect){batch->items[0].ordinal, batch->count, 0, why};
        session->batch_failures = 0;
    }
    session->batch_failures++;
}

/* Trying again with nothing changed helps, or something has to change first, or nothing helps. */
enum remedy { REMEDY_TIME, REMEDY_OTHER_BATCH, REMEDY_NONE };

static enum remedy remedy_for(const struct trn_session *session, const struct trn_failure *failure)
{
    if (failure->why == TERN_ERR_TLS || failure->why == TERN_ERR_TLS_PIN ||
        failure->why == TERN_ERR_WRONG_USER || session->failures >= session->options.max_attempts) {
        return REMEDY_NONE;
    }
    if (failure->transient || tern_status_is_retryable(failure->why)) {
        return REMEDY_TIME;
    }
    return session->batch.count > 0 && !failure->blameless ? REMEDY_OTHER_BATCH : REMEDY_NONE;
}

tern_status trn_session_count_failure(struct trn_session *session,
                                      const struct trn_failure *failure,
                                      tern_error *error)
{
    enum remedy remedy;

    session->failures++;
    if (!failure->blameless) {
        suspect_batch(session, failure->why);
    }
    remedy = remedy_for(session, failure);
    if (remedy == REMEDY_OTHER_BATCH) {
        session->batch_failures = BATCH_FAILURES;
    }
    session->probing = session->batch_failures >= BATCH_FAILURES;
    if (remedy == REMEDY_TIME) {
        return wait_a_while(session, failure->retry_after_ms, error);
    }
    if (remedy == REMEDY_NONE) {
        trn_session_finish(session, failure->why);
    } else {
        session->phase = PHASE_READY;
    }
    return TERN_OK;
}

/* The server works, so the batch that failed holds an entry that it cannot take: half of it next.
 * One alone gets another chance, for the network may have failed it by accident, and is then set
 * aside. */
static tern_status blame_batch(struct trn_session *session, tern_error *error)
{
    struct trn_suspect *suspect = &session->suspect;
    tern_status status = TERN_OK;

    session->probing = false;
    session->batch_failures = 0;
    suspect->probes++;
    if (suspect->count > 1) {
        session->entry_limit = suspect->count / 2;
    } else if (suspect->probes >= LONE_PROBES) {
        status = trn_exchange_set_aside(&session->engine,
                                        &session->id,
                                        suspect->ordinal,
                                        &session->aside,
                                        error);
        session->aside_reason = suspect->why;
    }
    return status;
}

tern_status trn_session_count_success(struct trn_session *session, tern_error *error)
{
    tern_status status = TERN_OK;

    if (session->probing && session->batch.count == 0 &&
        session->batch_failures >= BATCH_FAILURES) {
        status = blame_batch(session, error);
        if (status != TERN_OK) {
            return status;
        }
    } else if (session->batch.count > 0) {
        session->batch_failures = 0;
        session->entry_limit = session->entry_limit > TRN_WIRE_TXS_MAX / 2
                                   ? TRN_WIRE_TXS_MAX
                                   : session->entry_limit * 2;
    }
    session->failures = 0;
    session->token_refused = false;
    return TERN_OK;
}
