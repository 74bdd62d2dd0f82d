/*
 * The commit of a sync's write transaction, which settles first what the transaction owes: pending
 * edits that were lifted are laid back, and a ground that does not hold together is given up.
 */
#ifndef TRN_ENGINE_WORK_COMMIT_H
#define TRN_ENGINE_WORK_COMMIT_H

#include "engine/work.h"

/* Lays pending edits back, writes the meta row, commits. On failure all of it is rolled back. */
tern_status trn_work_commit(struct trn_work *work, tern_error *error);

#endif
