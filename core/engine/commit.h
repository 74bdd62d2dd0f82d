/* The commit of a local transaction: what the recorder noted becomes one entry of the outbox, in
 * the same SQLite transaction. */
#ifndef TRN_ENGINE_COMMIT_H
#define TRN_ENGINE_COMMIT_H

#include "engine/entry.h"

/**
 * Stamps the rows, queues the entry, persists the clock and commits. A tx that changed no synced
 * row queues nothing. Afterwards no tx is open and the recorder is stopped, whatever the outcome;
 * on failure all of it is rolled back.
 *
 * @param ret_kept Units of an inferred tx that yielded to a recorded value.
 * @return TERN_OK, what doomed the tx, TERN_ERR_OUTRANKED, _TOO_LARGE, _FOREIGN_KEY, a constraint's
 * code, _NOMEM, _IO, _DISK_FULL.
 */
tern_status trn_commit(struct trn_recorder *recorder, uint64_t *ret_kept, tern_error *error);

/* Rolls back and stops the recorder. */
void trn_rollback(struct trn_recorder *recorder);

#endif
