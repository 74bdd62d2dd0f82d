/* Overwritten values brought back. */
#include "api/internal.h"
#include "engine/reinstate.h"
#include "tern/outbox.h"

tern_status tern_audit_reinstate(tern_replica *replica, const tern_id *audit, tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || audit == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica and an id are needed");
    }
    status = trn_replica_enter_idle(replica, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_reinstate(&replica->engine, audit, error);
    trn_replica_leave(replica);
    return status;
}
