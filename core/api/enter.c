/* Who is inside a replica: every call of its own that is to be alone, and a transaction until its
 * end. */
#include "api/internal.h"

#include "base/error.h"

void trn_replica_enter(tern_replica *replica)
{
    trn_lock_enter(&replica->lock);
}

void trn_replica_leave(tern_replica *replica)
{
    trn_lock_leave(&replica->lock);
}

tern_status trn_replica_enter_idle(tern_replica *replica, tern_error *error)
{
    trn_lock_enter(&replica->lock);
    if (replica->in_tx) {
        trn_lock_leave(&replica->lock);
        return trn_fail(error, TERN_ERR_MISUSE, "this thread has a transaction open");
    }
    return TERN_OK;
}
