/*
 * One answer being taken, piece by piece.
 *
 * It is checked to its last byte before anything of it is taken. Its verdicts and as many scopes as
 * make a small step share the first write transaction; each further transaction takes a scope, or
 * several small ones; the last one moves the cursor. Taking an answer twice has the effect of once,
 * so one that was taken in part is simply asked for again.
 */
#ifndef TRN_ENGINE_INTAKE_H
#define TRN_ENGINE_INTAKE_H

#include "engine/batch.h"
#include "engine/exchange.h"

struct trn_intake;

struct trn_intake_result {
    uint64_t decided; /* verdicts other than "retry" */
    bool more;        /* there is more to fetch */
    bool empty;       /* no scope was in it, or its cursor is the one that was sent */
    bool refetch;     /* all of it is to be fetched again */
    int64_t backup;   /* numbers up to it are in a backup of the server's */
};

/* Checks the answer to the request made of `batch` and `sent`, all of which must outlive the
 * intake. Codes of a bad answer, or TERN_ERR_NOMEM. */
tern_status trn_intake_new(const struct trn_engine *engine,
                           const tern_http_answer *answer,
                           const struct trn_batch *batch,
                           const struct trn_sent *sent,
                           struct trn_intake **ret_intake,
                           tern_error *error);
void trn_intake_free(struct trn_intake *intake);
/* What else may share the transaction of the last piece, if that is small. */
struct trn_intake_end {
    void *context;
    tern_status (*run)(void *context,
                       struct trn_work *work,
                       const struct trn_intake_result *result,
                       tern_error *error);
};

/* One write transaction of at most about `rows` rows, one scope at least. TERN_ERR_PROTOCOL for a
 * stale answer. `end`, which may be NULL, is run with the last of an answer after which nothing is
 * to be fetched; what it did stands once the step has succeeded. */
tern_status trn_intake_step(struct trn_intake *intake,
                            const tern_id *session,
                            uint32_t rows,
                            const struct trn_intake_end *end,
                            tern_sync_progress *progress,
                            bool *ret_done,
                            tern_error *error);
const struct trn_intake_result *trn_intake_result(const struct trn_intake *intake);

#endif
