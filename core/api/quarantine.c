/* What to do with parked transactions. */
#include "api/internal.h"
#include "engine/reissue.h"
#include "tern/outbox.h"

tern_status tern_quarantine_retry(tern_replica *replica,
                                  uint64_t ordinal,
                                  uint64_t *ret_ordinal,
                                  tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica is needed");
    }
    status = trn_replica_enter_idle(replica, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_reissue_retry(&replica->engine, ordinal, ret_ordinal, error);
    trn_replica_leave(replica);
    return status;
}

tern_status tern_quarantine_discard(tern_replica *replica, uint64_t ordinal, tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica is needed");
    }
    status = trn_replica_enter_idle(replica, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_reissue_discard(&replica->engine, ordinal, error);
    trn_replica_leave(replica);
    return status;
}
