/*
 * The lease of a sync: one session at a time, whoever runs it.
 *
 * It stands in the file's meta row and is looked at in every write transaction of a session. It
 * runs out by itself when its holder died: at once after a reboot, else once it has not been
 * renewed for TRN_LEASE_US by the monotonic clock, or by the wall clock where that is all there is.
 */
#ifndef TRN_ENGINE_LEASE_H
#define TRN_ENGINE_LEASE_H

#include "store/store.h"

/* Longer than an exchange may take, so that a session that is waiting for its answer keeps it. */
#define TRN_LEASE_US (INT64_C(180) * 1000000)

/* Whether somebody holds it now. */
bool trn_lease_is_held(const struct trn_meta *meta, const struct trn_reading *now);
/* Takes or renews the lease for `session`; false, and nothing changed, if another holds it. */
bool trn_lease_take(struct trn_meta *meta, const tern_id *session, const struct trn_reading *now);
/* Gives it back, unless another has it by now. */
void trn_lease_release(struct trn_meta *meta, const tern_id *session);

#endif
