/*
 * What a session remembers between two steps. Nothing of it stands for what the file holds: that is
 * read again in every write transaction.
 */
#ifndef TRN_ENGINE_STATE_H
#define TRN_ENGINE_STATE_H

#include <stdatomic.h>

#include "engine/batch.h"
#include "engine/exchange.h"
#include "engine/intake.h"
#include "engine/session.h"
#include "engine/window.h"

enum phase {
    PHASE_READY,
    PHASE_SENT,
    PHASE_ANSWERED,
    PHASE_TOKEN,
    PHASE_WAITING,
    PHASE_TIDYING,
    PHASE_FINISHING,
    PHASE_DONE
};

struct trn_session {
    struct trn_engine engine;
    tern_sync_options options;
    tern_id id;
    atomic_bool cancelled;
    enum phase phase;
    char *token;
    bool token_refused;
    uint64_t last_at_start; /* the highest ordinal then: what came later need not be decided */

    struct trn_batch batch; /* what is under way */
    struct trn_sent sent;
    tern_http_request request;
    struct trn_bytes body;
    tern_http_answer answer;
    struct trn_bytes answer_body;
    struct trn_intake *intake;
    tern_error unread; /* why there is none, of an answer that was to be read */

    struct trn_set_aside aside;
    tern_status aside_reason;
    size_t entry_limit;
    uint32_t failures;       /* in a row */
    uint32_t batch_failures; /* of the batch that `suspect` names, in a row */
    struct trn_suspect {
        uint64_t ordinal; /* its first */
        size_t count;
        uint32_t probes; /* that worked since */
        tern_status why;
    } suspect;
    bool probing;         /* the next request carries no entries: is it them, or the server? */
    bool pulled;          /* the server had nothing more for us */
    bool upgrade;         /* it sends us no rows any more */
    uint32_t starts_over; /* the ground did not hold together */
    uint32_t forks;       /* the history went another way */
    int64_t backup;       /* numbers up to it are in a backup of the server's */
    struct trn_window_tidying tidying;
    int64_t wake_us;
    tern_status result;
    tern_error reason; /* the last failure that had more to say than its code */
    tern_sync_progress progress;
};

/* ---- failure.c ---- */

/* The session ends with `result`. */
void trn_session_finish(struct trn_session *session, tern_status result);
/* How an attempt failed. */
struct trn_failure {
    tern_status why;
    bool transient;         /* time may help, whatever `why` says of other occasions */
    bool blameless;         /* it does not lie in what was sent */
    int64_t retry_after_ms; /* the server's word; negative without one */
};

/* One attempt came to nothing. Where it may lie in what was sent, the server is asked once without
 * it: if that works, the batch is to blame. */
tern_status trn_session_count_failure(struct trn_session *session,
                                      const struct trn_failure *failure,
                                      tern_error *error);
/* One exchange worked. */
tern_status trn_session_count_success(struct trn_session *session, tern_error *error);

/* ---- session.c ---- */

/* How far the session's end has come in a transaction that is not committed yet. */
struct trn_ending {
    bool begun;
    bool over; /* its report is written, and its lease given back */
    struct trn_window_tidying tidying;
};

/* Where nothing is left to send, tidies, and ends the session if that is all of it. The server has
 * nothing more for it. */
tern_status trn_session_end_in(struct trn_session *session,
                               struct trn_work *work,
                               int64_t backup,
                               struct trn_ending *ret_ending,
                               tern_error *error);

/* ---- digest.c ---- */

/* One piece of work on the answer that is here. */
tern_status trn_session_digest(struct trn_session *session, tern_error *error);

#endif
