/* One change against the database; the row that is there meets it in meeting.h. */
#ifndef TRN_SERVER_APPLY_H
#define TRN_SERVER_APPLY_H

#include "server/push_state.h"

/* Applies one change. `ret_waits` is set, and nothing done, where it needs what a later change of
 * the same transaction may bring; TERN_OK then, and with `last_call` the failure it would be. */
tern_status trn_apply_change(struct trn_push *push,
                             const struct trn_change *change,
                             bool last_call,
                             bool *ret_waits,
                             tern_error *error);
/* Keeps what a discarded change held. */
tern_status
trn_apply_discard(struct trn_push *push, const struct trn_change *change, tern_error *error);

#endif
