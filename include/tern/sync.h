/**
 * One sync: uploads what is pending and downloads what is new, step by step, with the caller
 * carrying the bytes.
 *
 * The session does no I/O of its own besides the replica's file. The caller asks for the next step,
 * does what the step says, and reports back; it may stop between any two steps and go on in another
 * process, days later. A session holds a lease in the file, so that an app and its background
 * worker cannot both sync. The replica's lock is held only inside a call.
 */
#ifndef TERN_SYNC_H
#define TERN_SYNC_H

#include "tern/replica.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_sync tern_sync;

typedef struct tern_sync_progress {
    uint64_t sent_txs;    /* acknowledged in this session */
    uint64_t pending_txs; /* still to send */
    uint64_t rows;        /* downloaded in this session */
    uint64_t scopes_done; /* checkpoints applied in this session */
    uint64_t round_trips;
} tern_sync_progress;

typedef struct tern_sync_options {
    size_t size;         /* sizeof(tern_sync_options) */
    uint32_t page_rows;  /* rows asked for in one answer; 0 means 5,000 */
    uint32_t push_bytes; /* most entry bytes in one request, before compression; 0 means 1 MiB. One
                            larger entry travels alone; no request has more than 2,048. */
    uint32_t
        step_rows; /* most rows worked off in one step, where it can be divided; 0 means 2,000 */
    uint32_t max_attempts; /* consecutive failures before the session gives up; 0 means 5 */
    void (*progress)(void *context,
                     const tern_sync_progress *progress); /* may be NULL; called inside steps; must
                                                             not call the replica */
    void *progress_context;
} tern_sync_options;

typedef enum tern_sync_action {
    TERN_SYNC_WORK = 0,  /* more to do here: ask for the next step */
    TERN_SYNC_SEND = 1,  /* carry `request`, then tern_sync_answered or tern_sync_failed */
    TERN_SYNC_TOKEN = 2, /* the token was refused: tern_sync_set_token, or tern_sync_failed with
                            TERN_ERR_UNAUTHORIZED */
    TERN_SYNC_WAIT = 3,  /* ask again after `wait_ms`, or stop here and sync later */
    TERN_SYNC_DONE = 4   /* all that was pending at the start is decided, all that was granted is
                            here; or `result` says why not */
} tern_sync_action;

typedef struct tern_sync_step {
    tern_sync_action action;
    const tern_http_request *request; /* for SEND; borrowed until the answer is reported */
    int64_t wait_ms;                  /* for WAIT */
    tern_status result;               /* for DONE */
} tern_sync_step;

/** Begins a session. TERN_ERR_BUSY if another holds the lease. Freed with tern_sync_close. */
TERN_API TERN_MUST_USE tern_status tern_sync_open(tern_replica *replica,
                                                  const tern_sync_options *options,
                                                  tern_sync **ret_sync,
                                                  tern_error *error);

/** Does one bounded piece of work and says what comes next. One thread at a time per session. */
TERN_API TERN_MUST_USE tern_status tern_sync_next(tern_sync *sync,
                                                  tern_sync_step *ret_step,
                                                  tern_error *error);

/** Hands over the answer to the request of the last step; copied. An answer that is no good counts
 * as a failed attempt, and changes nothing. */
TERN_API TERN_MUST_USE tern_status tern_sync_answered(tern_sync *sync,
                                                      const tern_http_answer *answer,
                                                      tern_error *error);

/** Reports that the request was not answered, and why. Whether the server saw it is unknown, and
 * does not matter. */
TERN_API TERN_MUST_USE tern_status tern_sync_failed(tern_sync *sync,
                                                    tern_status why,
                                                    tern_error *error);

/** Sets the bearer token for the requests to come; kept in memory only. May be called before the
 * first step. */
TERN_API TERN_MUST_USE tern_status tern_sync_set_token(tern_sync *sync,
                                                       const char *token,
                                                       tern_error *error);

/** Asks the session to end at its next step with TERN_ERR_CANCELLED. Any thread. */
TERN_API void tern_sync_cancel(tern_sync *sync);

/** How far the session has come. TERN_ERR_MISUSE where an argument is missing. Any thread. */
TERN_API TERN_MUST_USE tern_status tern_sync_read_progress(const tern_sync *sync,
                                                           tern_sync_progress *ret_progress,
                                                           tern_error *error);

/**
 * What led to `status`, which ended the session or was its last failure: a sentence fit to be
 * shown, empty where no more is known than the code. Any thread.
 *
 * @param ret_reason Its status is `status`.
 */
TERN_API void
tern_sync_read_reason(const tern_sync *sync, tern_status status, tern_error *ret_reason);

/** Ends the session and gives the lease back; NULL is accepted. What was downloaded stays staged.
 * In a transaction of the calling thread's the lease is left to the handle's next session. */
TERN_API void tern_sync_close(tern_sync *sync);

/** Supplies a token: NUL-terminated, borrowed until the next call. `refused` is true when the last
 * one was. NULL: none to be had. */
typedef const char *(*tern_token_source)(void *context, bool refused);

/**
 * Runs a whole sync over an HTTP port, waiting where the session says so up to `wait_limit_ms` in
 * all.
 *
 * @return TERN_OK, TERN_ERR_CANCELLED, or what ended it.
 */
TERN_API TERN_MUST_USE tern_status tern_sync_run(tern_replica *replica,
                                                 const tern_sync_options *options,
                                                 const tern_http_port *http,
                                                 tern_token_source token,
                                                 void *token_context,
                                                 int64_t wait_limit_ms,
                                                 tern_sync_progress *ret_progress,
                                                 tern_error *error);

#ifdef __cplusplus
}
#endif
#endif
