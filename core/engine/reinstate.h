/* Overwritten values brought back. */
#ifndef TRN_ENGINE_REINSTATE_H
#define TRN_ENGINE_REINSTATE_H

#include "engine/engine.h"

/*
 * Makes the losing value of an audit entry a new change of this device, recorded, on top of what
 * the row holds now.
 *
 * @return TERN_OK; TERN_ERR_NOT_FOUND (no such entry, or its row or unit is gone); a constraint's
 * code; the codes of the file.
 */
tern_status trn_reinstate(const struct trn_engine *engine, const tern_id *audit, tern_error *error);

#endif
