/*
 * Scopes that are not granted any more: their rows go at once, and edits of them that were not sent
 * are locked.
 */
#ifndef TRN_ENGINE_LEAVE_H
#define TRN_ENGINE_LEAVE_H

#include "engine/work.h"

tern_status trn_leave(struct trn_work *work, const tern_id *scope, tern_error *error);

#endif
