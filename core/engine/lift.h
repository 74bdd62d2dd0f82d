/* One pending entry off the rows, by its undo image. */
#ifndef TRN_ENGINE_LIFT_H
#define TRN_ENGINE_LIFT_H

#include "engine/work.h"

/* Every later pending entry must be off already. */
tern_status trn_lift(struct trn_work *work, uint64_t ordinal, tern_error *error);

#endif
