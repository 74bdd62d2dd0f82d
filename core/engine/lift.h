/* One pending entry off the rows, by its undo image. */
#ifndef TRN_ENGINE_LIFT_H
#define TRN_ENGINE_LIFT_H

#include "engine/drafts.h"

/* Works the rows as they were before the entry out in `drafts`. Every later pending entry must have
 * been there before. */
tern_status
trn_lift(struct trn_work *work, struct trn_drafts *drafts, uint64_t ordinal, tern_error *error);

#endif
