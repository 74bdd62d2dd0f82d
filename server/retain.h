/*
 * Retention: rows that nothing has changed for longer than their table's `retention_days` leave the
 * server, and with the next pulls every device.
 *
 * It is erasure by age, on an operator's word: numbered transactions, after which a late edit of
 * such a row is told ERASED. A row that another one references, whatever its `on_delete`, stays
 * until that is gone.
 */
#ifndef TRN_SERVER_RETAIN_H
#define TRN_SERVER_RETAIN_H

#include "server/db.h"

enum { TRN_RETAIN_ROWS_AT_ONCE = 10000 };

/**
 * Takes them out, at most `rows_at_once` (0: TRN_RETAIN_ROWS_AT_ONCE) in a transaction, until none
 * is left. Each transaction looks through the history once, for the bytes of entries that touched
 * one of its rows.
 *
 * Not to be run beside a server that has looked at the rows: what that keeps in mind is stale then.
 *
 * @param ret_count How many rows went, those of failed transactions left out; audit rows about them
 * are not counted.
 */
tern_status trn_retain(struct trn_db *db,
                       int64_t now_us,
                       size_t rows_at_once,
                       uint64_t *ret_count,
                       tern_error *error);

#endif
