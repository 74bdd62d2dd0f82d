/*
 * Erasure of a person's record, on an operator's word: a numbered transaction of its own, and the
 * only one that takes rows out, append-only ones and the history's bytes included.
 *
 * What stays is the skeleton: receipts (scope, number, tx id, hash, verdict), and the ids of what
 * was erased, so that nobody writes it back.
 */
#ifndef TRN_SERVER_ERASE_H
#define TRN_SERVER_ERASE_H

#include "server/push.h"

/**
 * Erases the record of `person` in a group of its own: all rows that lie in it, what references
 * them by the document's `on_delete`, rows that are about them by their natural key, audit rows
 * about them, and the bytes of every transaction
 * that touched them. Doing it again changes nothing.
 *
 * Not to be run beside a server that has looked at the rows: what that keeps in mind is stale then.
 *
 * @return TERN_OK; TERN_ERR_FOREIGN_KEY where a row of another record holds it, and nothing is
 * changed.
 */
tern_status trn_erase(struct trn_db *db, const tern_id *person, int64_t now_us, tern_error *error);

/* Fails with TERN_ERR_ERASED where the change is of an erased row, or belongs to an erased record.
 * A mere reference to one is as to a row that is not there. */
tern_status
trn_erase_check(struct trn_push *push, const struct trn_change *change, tern_error *error);
/* Whether the author's own record was erased; its bytes are not kept then. */
tern_status trn_erase_is_author(struct trn_push *push, bool *ret_gone, tern_error *error);
/* Of a rejected transaction no bytes are kept if any change of it is of an erased row or record, or
 * its author's was erased, whatever it was rejected for. */
tern_status
trn_erase_check_rejected(struct trn_push *push, struct trn_slice bytes, tern_error *error);

#endif
