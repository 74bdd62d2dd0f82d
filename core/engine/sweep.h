/*
 * Rows leaving the replica with a scope. A row that lies in several scopes stays as long as one of
 * them is held.
 */
#ifndef TRN_ENGINE_SWEEP_H
#define TRN_ENGINE_SWEEP_H

#include "engine/idset.h"
#include "engine/work.h"

/*
 * Takes every row of `scope` out that is not among `kept` (NULL: none is) and lies in no other
 * scope held. Pending edits are lifted first, if there is anything to take out.
 */
tern_status trn_sweep(struct trn_work *work,
                      const tern_id *scope,
                      const struct trn_idset *kept,
                      tern_error *error);

#endif
