/* Pure: it only reads and changes the meta row that its caller writes back. */
#include "engine/lease.h"

#include "base/uuid.h"

bool trn_lease_is_held(const struct trn_meta *meta, const struct trn_reading *now)
{
    const struct trn_reading *then = &meta->lease_reading;

    if (trn_id_is_nil(&meta->lease)) {
        return false;
    }
    if (!trn_id_is_nil(&now->boot) && !trn_id_is_nil(&then->boot)) {
        return trn_id_equal(&now->boot, &then->boot) && now->monotonic_us >= then->monotonic_us &&
               now->monotonic_us - then->monotonic_us < TRN_LEASE_US;
    }
    /* A wall clock that was set back must not keep a dead session's lease alive for years. */
    return now->wall_us < meta->lease_until_wall_us && now->wall_us >= then->wall_us - TRN_LEASE_US;
}

bool trn_lease_take(struct trn_meta *meta, const tern_id *session, const struct trn_reading *now)
{
    if (!trn_id_equal(&meta->lease, session) && trn_lease_is_held(meta, now)) {
        return false;
    }
    meta->lease = *session;
    meta->lease_reading = *now;
    meta->lease_until_wall_us = now->wall_us + TRN_LEASE_US;
    return true;
}

void trn_lease_release(struct trn_meta *meta, const tern_id *session)
{
    if (trn_id_equal(&meta->lease, session)) {
        meta->lease = (tern_id){{0}};
        meta->lease_until_wall_us = 0;
    }
}
