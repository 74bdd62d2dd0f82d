/*
 * Why a tx cannot be committed any more. The first cause stays; the end of the tx forgets it.
 */
#ifndef TRN_STORE_DOOM_H
#define TRN_STORE_DOOM_H

#include "store/store.h"

/* Dooms the tx, if nothing has yet. */
void trn_doom(struct trn_store *store, tern_status status, const char *text);
/* To be called where a statement of the writer failed, and why. Some failures, of the disk or for
 * want of memory, take the whole tx back: it is doomed with that story then, be the statement the
 * app's or ours, a write or a read. */
void trn_doom_note_loss(struct trn_store *store, tern_status status, const tern_error *why);
/* Why there is no tx any more; TERN_OK where there is one, or was none. Until then reading goes on
 * in one that is doomed. */
tern_status trn_doom_loss(const struct trn_store *store, tern_error *error);
/* Why the tx is doomed; TERN_OK if it is not. */
tern_status trn_doom_cause(const struct trn_store *store, tern_error *error);

#endif
