/* Requests are made inside the write transaction that renews the lease. */
#include "engine/exchange.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/text.h"
#include "base/uuid.h"
#include "engine/window.h"
#include "engine/work_commit.h"
#include "wire/gzip.h"
#include "wire/problem.h"
#include "wire/request.h"

enum { GZIP_LEVEL = 6, DETAIL_BYTES = 240, TOKEN_PIECE = 12 };

void trn_sent_free(struct trn_sent *sent)
{
    trn_bytes_free(&sent->cursor);
}

tern_status trn_sent_matches(const struct trn_sent *sent,
                             struct trn_work *work,
                             bool *ret_matches,
                             tern_error *error)
{
    struct trn_bytes cursor = {0};
    tern_status status = trn_meta_cursor(work->store, &cursor, error);

    if (status == TERN_OK) {
        *ret_matches = trn_id_equal(&sent->device, &work->meta.device) &&
                       trn_slice_equal(trn_bytes_slice(&sent->cursor), trn_bytes_slice(&cursor));
        *ret_matches = *ret_matches || TRN_MUTANT(STALE_ANSWER_TAKEN);
    }
    trn_bytes_free(&cursor);
    return status;
}

static tern_status write_entries(struct trn_line_writer *writer,
                                 const struct trn_meta *meta,
                                 const struct trn_batch *batch,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < batch->count && status == TERN_OK; i++) {
        const struct trn_batch_item *item = &batch->items[i];
        struct trn_attempt attempt = {.age_us = item->age_us,
                                      .is_reoffer = item->stored && !TRN_MUTANT(REOFFER_AS_CLAIMED),
                                      .stored_us = item->time_us,
                                      .is_inherited = !trn_id_equal(&item->author, &meta->device),
                                      .author = item->author};

        status = trn_request_write_entry(writer, &attempt, trn_batch_body(batch, i), error);
    }
    return status;
}

static tern_status write_body(struct trn_work *work,
                              const struct trn_batch *batch,
                              uint32_t rows,
                              struct trn_sent *sent,
                              struct trn_slice dropped,
                              struct trn_bytes *body,
                              tern_error *error)
{
    const struct trn_meta *meta = &work->meta;
    struct trn_request_envelope envelope = {.schema_version = work->engine->schema->version,
                                            .device = meta->device,
                                            .user = meta->user,
                                            .sent_us = trn_clock_now(&meta->clock, &work->now),
                                            .rows = rows,
                                            .cursor = trn_bytes_slice(&sent->cursor),
                                            .dropped = dropped,
                                            .acked = {meta->acked_ordinal, meta->acked_tx},
                                            .top = {meta->last_ordinal, meta->last_tx},
                                            .tx_count = batch->count};
    struct trn_line_writer writer;
    tern_status status = TERN_OK;

    if (rows > 0) {
        status = trn_window_ask(work,
                                envelope.windows,
                                TRN_WIRE_WINDOWS_MAX,
                                &envelope.window_count,
                                error);
    }
    sent->windows = envelope.window_count > 0;
    trn_line_writer_open(&writer, body);
    if (status == TERN_OK) {
        status = trn_request_write_envelope(&writer, &envelope, error);
    }
    if (status == TERN_OK) {
        status = write_entries(&writer, meta, batch, error);
    }
    return status == TERN_OK ? trn_line_write_last(&writer, error) : status;
}

tern_status trn_exchange_compose(struct trn_work *work,
                                 const struct trn_batch *batch,
                                 uint32_t rows,
                                 struct trn_sent *sent,
                                 struct trn_bytes *body,
                                 const char **ret_coding,
                                 tern_error *error)
{
    struct trn_bytes plain = {0};
    struct trn_bytes dropped = {0};
    tern_status status;

    sent->device = work->meta.device;
    sent->sent = work->now;
    sent->rows = rows;
    trn_bytes_clear(&sent->cursor);
    status = trn_meta_cursor(work->store, &sent->cursor, error);
    if (status == TERN_OK) {
        status = trn_meta_proof(work->store, &dropped, error);
    }
    if (status == TERN_OK) {
        status = write_body(work, batch, rows, sent, trn_bytes_slice(&dropped), &plain, error);
    }
    if (status == TERN_OK) {
        *ret_coding = trn_coding_for(plain.size, true, true);
        status = trn_code(trn_bytes_slice(&plain), *ret_coding, GZIP_LEVEL, body, error);
    }
    trn_bytes_free(&dropped);
    trn_bytes_free(&plain);
    return status;
}

tern_status trn_exchange_set_clock(struct trn_work *work,
                                   const struct trn_sent *sent,
                                   int64_t server_us,
                                   tern_error *error)
{
    const struct trn_reading *then = &sent->sent;
    const struct trn_reading *now = &sent->received;
    struct trn_clock *clock = &work->meta.clock;
    struct trn_entry pending = {0};
    /* A wall clock that was set during the exchange would spoil the middle of it; where there is a
     * better one, it says how long it took. */
    int64_t sent_wall_us = now->wall_us - trn_clock_age(then, now);
    int64_t newest_us = server_us;
    int64_t offset_us;
    tern_status status;

    trn_clock_measure(clock, server_us, sent_wall_us, now);
    offset_us = trn_clock_offset(clock, now);
    work->meta.clock_suspect = offset_us > TRN_CLOCK_TOLERANCE_US ||
                               offset_us < -TRN_CLOCK_TOLERANCE_US || now->wall_us < then->wall_us;
    if (clock->last_us <= server_us + TRN_CLOCK_AHEAD_US) {
        return TERN_OK;
    }
    status = trn_outbox_next(work->store, 0, 1U << TERN_ENTRY_PENDING, &pending, error);
    if (status != TERN_OK || pending.ordinal != 0) {
        return status;
    }
    /* A server whose clock was ahead stored what is here: an edit of that is to stand over it. */
    status = TRN_MUTANT(ANCHOR_LOW) ? TERN_OK : trn_store_tx_newest(work->store, &newest_us, error);
    if (status == TERN_OK) {
        trn_clock_anchor(clock, newest_us > server_us ? newest_us : server_us);
    }
    return status;
}

tern_status
trn_exchange_expand(const tern_http_answer *answer, struct trn_bytes *body, tern_error *error)
{
    struct trn_slice raw = trn_slice_make(answer->body, answer->body_size);

    if (answer->body_is_coded) {
        return trn_gunzip(raw, TRN_EXCHANGE_ANSWER_BYTES_MAX, body, error);
    }
    if (raw.size > TRN_EXCHANGE_ANSWER_BYTES_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "an answer of more than 16 MiB");
    }
    return trn_bytes_append_slice(body, raw) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* What a status says where no document of the protocol does: a proxy's word, or a crash. */
static tern_status code_of_http(int status)
{
    switch (status) {
    case 401:
        return TERN_ERR_UNAUTHORIZED;
    case 408:
        return TERN_ERR_TIMEOUT;
    case 413:
        return TERN_ERR_TOO_LARGE;
    case 429:
        return TERN_ERR_UNAVAILABLE;
    default:
        return status >= 500 && status <= 599 ? TERN_ERR_UNAVAILABLE : TERN_ERR_HTTP;
    }
}

static tern_status read_problem(const tern_http_answer *answer,
                                struct trn_problem_document *document,
                                tern_error *error)
{
    struct trn_bytes body = {0};
    tern_status status = trn_exchange_expand(answer, &body, error);

    if (status == TERN_OK) {
        status = trn_problem_read(trn_bytes_slice(&body), document, error);
    }
    trn_bytes_free(&body);
    return status;
}

static bool holds(struct trn_slice text, struct trn_slice piece)
{
    for (size_t at = 0; at + piece.size <= text.size; at++) {
        if (memcmp(text.data + at, piece.data, piece.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a token's parts their beginnings, for what quotes them may be cut. */
static bool holds_token(struct trn_slice text, const char *token)
{
    while (token != NULL && *token != '\0') {
        size_t size = strcspn(token, ".");

        if (size > 0 &&
            holds(text, trn_slice_make(token, size < TOKEN_PIECE ? size : TOKEN_PIECE))) {
            return true;
        }
        token += size + (token[size] == '.');
    }
    return false;
}

static void quote(const struct trn_problem *problem, const char *token, tern_error *ret_problem)
{
    if (!holds_token(problem->detail, token)) {
        trn_utf8_print(problem->detail, ret_problem->message, DETAIL_BYTES);
    }
}

tern_status trn_exchange_read_problem(const tern_http_answer *answer,
                                      const char *token,
                                      tern_error *ret_problem,
                                      tern_error *error)
{
    struct trn_problem_document document = {0};
    tern_error problem = {.status = TERN_OK};
    tern_status code = code_of_http(answer->status);
    tern_status status = answer->is_problem ? read_problem(answer, &document, error) : TERN_OK;

    /* The status decides about trying again, whatever the document says; a document that is none is
     * no news. */
    if (answer->is_problem && status == TERN_OK && code != TERN_ERR_UNAVAILABLE &&
        code != TERN_ERR_TIMEOUT) {
        code = document.problem.code;
    }
    problem.status = code;
    if (answer->is_problem && status == TERN_OK) {
        quote(&document.problem, token, &problem);
    }
    trn_problem_free(&document);
    if (status == TERN_ERR_NOMEM) {
        return status;
    }
    trn_error_clear(error);
    *ret_problem = problem;
    return TERN_OK;
}

static tern_status take_verdicts(struct trn_work *work,
                                 const struct trn_problem *problem,
                                 const struct trn_batch *batch,
                                 struct trn_verdict_tally *tally,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < problem->verdict_count && status == TERN_OK; i++) {
        const struct trn_verdict *verdict = &problem->verdicts[i];

        if (verdict->index >= batch->count) {
            return trn_fail(error, TERN_ERR_PROTOCOL, "a verdict on an entry that was not sent");
        }
        status = trn_verdict_take(work, &batch->items[verdict->index], verdict, tally, error);
    }
    return status;
}

/* Of a request that was overtaken it may be another epoch's, or another device's. */
static tern_status keep_proof(struct trn_work *work,
                              const struct trn_sent *sent,
                              struct trn_slice cursor,
                              tern_error *error)
{
    bool matches = false;
    tern_status status = cursor.size > 0 ? trn_sent_matches(sent, work, &matches, error) : TERN_OK;

    return status == TERN_OK && matches ? trn_meta_set_proof(work->store, cursor, error) : status;
}

static tern_status take_problem(const struct trn_engine *engine,
                                const tern_id *session,
                                const struct trn_sent *sent,
                                const struct trn_problem *problem,
                                const struct trn_batch *batch,
                                struct trn_verdict_tally *tally,
                                tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin(&work, engine, session, error);

    if (status != TERN_OK) {
        return status;
    }
    tally->heard_us = trn_clock_now(&work.meta.clock, &work.now);
    status = take_verdicts(&work, problem, batch, tally, error);
    if (status == TERN_OK) {
        status = keep_proof(&work, sent, problem->cursor, error);
    }
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    return trn_work_commit(&work, error);
}

tern_status trn_exchange_take_verdicts(const struct trn_engine *engine,
                                       const tern_id *session,
                                       const struct trn_sent *sent,
                                       const tern_http_answer *answer,
                                       const struct trn_batch *batch,
                                       tern_sync_progress *progress,
                                       uint64_t *ret_decided,
                                       tern_error *error)
{
    struct trn_problem_document document = {0};
    struct trn_verdict_tally tally = {.apart = true};
    tern_status status = read_problem(answer, &document, error);

    if (status == TERN_OK) {
        status = take_problem(engine, session, sent, &document.problem, batch, &tally, error);
    }
    trn_problem_free(&document);
    if (status == TERN_OK) {
        progress->sent_txs += tally.acknowledged;
        *ret_decided = tally.decided;
    }
    return status;
}

static tern_status count_attempt(struct trn_work *work, uint64_t ordinal, tern_error *error)
{
    const unsigned states =
        1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_DISCARDED | 1U << TERN_ENTRY_LOCKED;
    struct trn_bytes detail = {0};
    struct trn_entry entry = {0};
    tern_status status = trn_outbox_find(work->store, ordinal, states, &entry, error);

    if (status != TERN_OK || entry.ordinal != ordinal) {
        return status;
    }
    status = trn_outbox_detail(work->store, ordinal, &detail, error);
    if (status == TERN_OK) {
        entry.attempts++;
        status = trn_outbox_update(work->store, &entry, trn_bytes_text(&detail), error);
    }
    trn_bytes_free(&detail);
    return status;
}

tern_status trn_exchange_set_aside(const struct trn_engine *engine,
                                   const tern_id *session,
                                   uint64_t ordinal,
                                   struct trn_set_aside *aside,
                                   tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin(&work, engine, session, error);

    if (status != TERN_OK) {
        return status;
    }
    status = count_attempt(&work, ordinal, error);
    if (status == TERN_OK) {
        status = trn_set_aside_add(aside, ordinal, error);
    }
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    return trn_work_commit(&work, error);
}
