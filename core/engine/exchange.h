/*
 * One exchange with the server, seen from the file: what goes into a request, and what an answer
 * that is no page says.
 */
#ifndef TRN_ENGINE_EXCHANGE_H
#define TRN_ENGINE_EXCHANGE_H

#include "engine/verdict.h"
#include "tern/sync.h"
#include "wire/limits.h"

#define TRN_EXCHANGE_MEDIA_TYPE "application/vnd.tern.sync+ndjson; version=1"
/* The longest answer as it travels, and decompressed. */
#define TRN_EXCHANGE_ANSWER_BYTES_MAX TRN_WIRE_BODY_BYTES_MAX

/* What a request was made from. An answer that meets anything else is stale, and is not taken. */
struct trn_sent {
    tern_id device;
    struct trn_bytes cursor;
    struct trn_reading sent;
    struct trn_reading received;
    uint32_t rows; /* asked for; 0: it only pushed */
    bool windows;  /* the server may leave out what is older than some window */
};

void trn_sent_free(struct trn_sent *sent);
/* Whether the file is still what the request was made from. */
tern_status trn_sent_matches(const struct trn_sent *sent,
                             struct trn_work *work,
                             bool *ret_matches,
                             tern_error *error);

/* Makes the request that carries `batch`: its body into the empty `body`, compressed where that
 * pays. `rows` 0: only push. */
tern_status trn_exchange_compose(struct trn_work *work,
                                 const struct trn_batch *batch,
                                 uint32_t rows,
                                 struct trn_sent *sent,
                                 struct trn_bytes *body,
                                 const char **ret_coding,
                                 tern_error *error);
/* What the exchange says of the clocks: the server's offset, and, where ours had run ahead and
 * nothing pending rests on it, the way back. */
tern_status trn_exchange_set_clock(struct trn_work *work,
                                   const struct trn_sent *sent,
                                   int64_t server_us,
                                   tern_error *error);
/* The body of an answer as it was before compression, appended. TERN_ERR_TOO_LARGE, _PROTOCOL. */
tern_status
trn_exchange_expand(const tern_http_answer *answer, struct trn_bytes *body, tern_error *error);
/* What an answer other than 200 means: its code, and in `message` what the server says of it, fit
 * to be shown and without the token that was sent (NULL: none); empty where it says nothing. */
tern_status trn_exchange_read_problem(const tern_http_answer *answer,
                                      const char *token,
                                      tern_error *ret_problem,
                                      tern_error *error);
/* The verdicts and the proof that came with UPGRADE_REQUIRED. `ret_decided` counts the former. */
tern_status trn_exchange_take_verdicts(const struct trn_engine *engine,
                                       const tern_id *session,
                                       const struct trn_sent *sent,
                                       const tern_http_answer *answer,
                                       const struct trn_batch *batch,
                                       tern_sync_progress *progress,
                                       uint64_t *ret_decided,
                                       tern_error *error);
/* An entry failed alone while the server works: this session leaves it alone, the next one tries
 * again. */
tern_status trn_exchange_set_aside(const struct trn_engine *engine,
                                   const tern_id *session,
                                   uint64_t ordinal,
                                   struct trn_set_aside *aside,
                                   tern_error *error);

#endif
