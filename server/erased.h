/* What was erased stays so: nobody writes it back. */
#ifndef TRN_SERVER_ERASED_H
#define TRN_SERVER_ERASED_H

#include "server/push_state.h"

/* Fails with TERN_ERR_ERASED where the change is of an erased row, or belongs to an erased record.
 * A mere reference to one is as to a row that is not there. */
tern_status
trn_erased_check(struct trn_push *push, const struct trn_change *change, tern_error *error);
/* Whether the author's own record was erased; its bytes are not kept then. */
tern_status trn_erased_is_author(struct trn_push *push, bool *ret_gone, tern_error *error);
/* Of a rejected transaction no bytes are kept if any change of it is of an erased row or record, or
 * its author's was erased, whatever it was rejected for. */
tern_status
trn_erased_check_rejected(struct trn_push *push, struct trn_slice bytes, tern_error *error);

#endif
