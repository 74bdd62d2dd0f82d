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
#include "engine/window.h"
#include "tern/sync.h"

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
    uint64_t last_at_start; /* the highest ordinal then, or as history forked last: what came later
                             * need not be decided */

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

#endif
