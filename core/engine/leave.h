/*
 * Scopes that are not granted any more: their rows go at once, and edits of them that were not sent
 * are locked.
 */
#ifndef TRN_ENGINE_LEAVE_H
#define TRN_ENGINE_LEAVE_H

#include "engine/work.h"

tern_status trn_leave(struct trn_work *work, const tern_id *scope, tern_error *error);
/* The record was erased: its rows go, and what is kept of entries that touched them; edits of them
 * that the server does not have are locked for good. */
tern_status trn_leave_erased(struct trn_work *work, const tern_id *scope, tern_error *error);
/* All that is granted has come: one scope that was held and did not come again leaves. `ret_done`
 * once there is none. */
tern_status trn_leave_stale(struct trn_work *work, bool *ret_done, tern_error *error);
/* A scope has come, perhaps again: locked edits whose rows are all held now, and that the server
 * has not refused, are pending once more. */
tern_status trn_leave_undo(struct trn_work *work, tern_error *error);

#endif
