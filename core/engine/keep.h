/*
 * The bodies of entries: as they were written while they wait, compressed once they are
 * acknowledged, gone when nobody can ask for them any more.
 */
#ifndef TRN_ENGINE_KEEP_H
#define TRN_ENGINE_KEEP_H

#include "store/store.h"

/* How long an entry is kept from its acknowledgement on, unless a backup is known to hold it, in
 * case that the server comes back from a backup. */
#define TRN_KEEP_US (INT64_C(30) * 24 * 3600 * 1000000)

/* Appends the entry's bytes as they were written. */
tern_status
trn_keep_body(struct trn_store *store, uint64_t ordinal, struct trn_bytes *body, tern_error *error);
/* Compresses the body where that saves something. */
tern_status
trn_keep_compress(struct trn_store *store, const struct trn_entry *entry, tern_error *error);
/* Removes at most `room` acknowledged entries whose time has come, or whose numbers are not above
 * `backup`; `ret_more` if there
 * may be others. */
tern_status trn_keep_trim(struct trn_store *store,
                          int64_t now_us,
                          int64_t backup,
                          size_t room,
                          bool *ret_more,
                          tern_error *error);

#endif
