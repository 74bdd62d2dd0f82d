/*
 * One sync as a state machine: what happened goes in, what to do next comes out. No sockets, no
 * clock but the ports', no threads.
 *
 * Every step is one write transaction at most. A step that fails leaves the session where it was,
 * so that it may be asked again; whatever ends the session, the file holds a state from which the
 * next one goes on. All functions want the replica's lock but trn_session_cancel and
 * trn_session_read.
 */
#ifndef TRN_ENGINE_SESSION_H
#define TRN_ENGINE_SESSION_H

#include "engine/engine.h"
#include "tern/sync.h"

struct trn_session;

/* Takes the lease. TERN_ERR_BUSY if another session holds it. */
tern_status trn_session_open(const struct trn_engine *engine,
                             const tern_sync_options *options,
                             struct trn_session **ret_session,
                             tern_error *error);
/* What the next step needs of the answer, read and checked: to be called before each
 * trn_session_next, by its thread. Needs no lock, for it touches neither the file nor what other
 * threads may ask the session. */
void trn_session_read(struct trn_session *session);
/* The functions of tern/sync.h, by their names. */
tern_status
trn_session_next(struct trn_session *session, tern_sync_step *ret_step, tern_error *error);
tern_status trn_session_answered(struct trn_session *session,
                                 const tern_http_answer *answer,
                                 tern_error *error);
tern_status trn_session_failed(struct trn_session *session, tern_status why, tern_error *error);
tern_status
trn_session_set_token(struct trn_session *session, const char *token, tern_error *error);
void trn_session_cancel(struct trn_session *session); /* any thread */
/* What led to this result, in a sentence; empty where the code says it all. Borrowed until the next
 * step. */
const char *trn_session_reason(const struct trn_session *session, tern_status result);
void trn_session_progress(const struct trn_session *session, tern_sync_progress *ret_progress);
/* NULL is accepted. */
void trn_session_close(struct trn_session *session);

#endif
