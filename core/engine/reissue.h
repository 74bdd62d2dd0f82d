/*
 * Entries written anew: a parked one tried again, or given up. Its bytes never change, so what goes
 * to the server is a new tx with the same changes.
 */
#ifndef TRN_ENGINE_REISSUE_H
#define TRN_ENGINE_REISSUE_H

#include "engine/work.h"

/*
 * Replaces a parked entry, and those that build on it, by new ones laid over the rows as they are.
 * One that builds on another parked entry as well is replaced by one that is parked behind that.
 *
 * @return TERN_OK; TERN_ERR_NOT_FOUND; _MISUSE where it is not parked; _DEPENDENCY_REJECTED where
 * it builds on one that is parked too; the constraint that it still breaks. Nothing changed unless
 * TERN_OK.
 */
tern_status trn_reissue_retry(const struct trn_engine *engine,
                              uint64_t ordinal,
                              uint64_t *ret_ordinal,
                              tern_error *error);
/* Replaces a parked entry, and those that build on it, by ones that hand their values to the audit.
 * Codes as above. */
tern_status
trn_reissue_discard(const struct trn_engine *engine, uint64_t ordinal, tern_error *error);

#endif
