/*
 * Erasure of a person's record, on an operator's word: a numbered transaction of its own, and the
 * only one that takes rows out, append-only ones and the history's bytes included.
 *
 * What stays is the skeleton: receipts (scope, number, tx id, hash, verdict), and the ids of what
 * was erased, so that nobody writes it back.
 */
#ifndef TRN_SERVER_ERASE_H
#define TRN_SERVER_ERASE_H

#include "server/erasure.h"

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

/* Fills `items`, and `pointers`, while every row's scopes can still be looked up. */
typedef tern_status (*trn_erase_find)(struct trn_erasure *erasure, tern_error *error);

/* Takes out in a group of its own what `find` finds. `db`, `person`, `now_us` and `finder` are the
 * caller's; the lists are empty before and after. */
tern_status trn_erase_run(struct trn_erasure *erasure, trn_erase_find find, tern_error *error);

#endif
