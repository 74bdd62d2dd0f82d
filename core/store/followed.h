/* Keys of changed rows on their way to the commit, for the tables that the app follows. */
#ifndef TRN_STORE_FOLLOWED_H
#define TRN_STORE_FOLLOWED_H

#include "store/state.h"

/* Reads once what the file says is followed; again after it was forgotten. */
tern_status trn_followed_read(struct trn_store *store, tern_error *error);
/* TERN_ERR_TOO_LARGE where nothing of that name can be followed beside what is. */
tern_status
trn_followed_check_name(const struct trn_store *store, const char *name, tern_error *error);
void trn_followed_forget(struct trn_store *store);
/* Inside the preupdate hook, where something is followed. */
void trn_followed_note(struct trn_store *store, int operation, const char *name);
/* Writes what was noted, before the commit. */
tern_status trn_followed_write(struct trn_store *store, tern_error *error);
/* The tx has ended. */
void trn_followed_reset(struct trn_store *store, bool committed);
/* The same after what is followed changed in this tx. */
tern_status trn_followed_read_again(struct trn_store *store, tern_error *error);

#endif
