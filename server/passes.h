/* All changes of an entry, applied in as many passes as they wait for each other. */
#ifndef TRN_SERVER_PASSES_H
#define TRN_SERVER_PASSES_H

#include "server/push_state.h"

/* The first pass takes the changes in their order; those that wait for a later one are taken again
 * while any of them still finds its place. Fails with the change's own failure, and its index in
 * `ret_change`; -1 where it is of the entry as a whole. */
tern_status trn_passes_apply(struct trn_push *push,
                             struct trn_slice bytes,
                             int32_t *ret_change,
                             tern_error *error);

#endif
