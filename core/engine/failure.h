/*
 * What an attempt that came to nothing, or one that worked, means for the next ones of a session.
 */
#ifndef TRN_ENGINE_FAILURE_H
#define TRN_ENGINE_FAILURE_H

#include "engine/state.h"

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

#endif
