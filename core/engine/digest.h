/*
 * What an answer means for the session: its rows and verdicts go into the file, a bit at each step,
 * and a refusal decides what the session does next.
 */
#ifndef TRN_ENGINE_DIGEST_H
#define TRN_ENGINE_DIGEST_H

#include "engine/state.h"

/* Reads and checks an answer that is here and was not read yet. Neither the file is touched nor
 * what other threads may ask the session. */
void trn_digest_read(struct trn_session *session);
/* One piece of work on the answer that is here. */
tern_status trn_digest_step(struct trn_session *session, tern_error *error);

#endif
