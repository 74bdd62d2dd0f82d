/*
 * The end of a session: what left its window is tidied away, entries that need not be kept are let
 * go, and the last transaction holds the report and gives the lease back.
 */
#ifndef TRN_ENGINE_ENDING_H
#define TRN_ENGINE_ENDING_H

#include "engine/state.h"

/* All but the report is over: the session ends with `result`. */
void trn_session_finish(struct trn_session *session, tern_status result);

/* How far the end has come in a transaction that is not committed yet. */
struct trn_ending {
    bool begun;
    bool over; /* its report is written, and its lease given back */
    struct trn_window_tidying tidying;
};

/* Where nothing is left to send, tidies within the transaction that took the server's last page,
 * and ends the session if that is all of it. `backup`: numbers up to it are in a backup of the
 * server's. */
tern_status trn_ending_begin(struct trn_session *session,
                             struct trn_work *work,
                             int64_t backup,
                             struct trn_ending *ret_ending,
                             tern_error *error);
/* One piece of the tidying. The last one ends the session in the same transaction. */
tern_status trn_ending_tidy(struct trn_session *session, tern_error *error);
/* The same in a transaction that was begun, which it commits, or rolls back. */
tern_status
trn_ending_tidy_in(struct trn_session *session, struct trn_work *work, tern_error *error);
/* The report of a session that was finished early. Without the lease it is another's to write. */
tern_status trn_ending_conclude(struct trn_session *session, tern_error *error);

#endif
