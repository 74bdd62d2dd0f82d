/* Failures of the server itself are told apart from those that lie in what was sent. */
#include "server/push_state.h"

bool trn_push_rejects(tern_status status)
{
    switch (status) {
    case TERN_OK:
    case TERN_ERR_NOMEM:
    case TERN_ERR_CANCELLED:
    case TERN_ERR_INTERNAL:
    case TERN_ERR_IO:
    case TERN_ERR_DISK_FULL:
    case TERN_ERR_READ_ONLY:
    case TERN_ERR_CORRUPT:
    case TERN_ERR_NOT_A_REPLICA:
    case TERN_ERR_BUSY:
        return false;
    default:
        return true;
    }
}
