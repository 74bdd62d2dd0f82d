/*
 * Capture: what the app's statements did to synced rows, reported to a listener as it happens.
 */
#ifndef TRN_STORE_CAPTURE_H
#define TRN_STORE_CAPTURE_H

#include "store/listener.h"
#include "store/store.h"

/* Starts reporting to `listener`, which must outlive it, until trn_capture_stop or the end of the
 * tx. Inside a tx only. While it reports, the row functions of store.h must not be called. */
void trn_capture_start(struct trn_store *store, const struct trn_capture_listener *listener);
void trn_capture_stop(struct trn_store *store);
/* Of the store's own: puts the hook up, and forgets all at the end of a tx. */
void trn_capture_install(struct trn_store *store);
void trn_capture_reset(struct trn_store *store);

/* What the next insert into the table gets as its tern_v, beside the tx's key; for a guess that is
 * right no second write is needed. */
void trn_capture_guess(struct trn_store *store, const struct trn_table *table, uint16_t ranks);

/* Sets `updated_at` and `tern_v` of the rows first..last, all of which must be in the tx. Capture
 * must have been stopped. */
tern_status trn_capture_stamp_rows(struct trn_store *store,
                                   const struct trn_table *table,
                                   int64_t first_rowid,
                                   int64_t last_rowid,
                                   int64_t time_us,
                                   const tern_value *version,
                                   tern_error *error);

#endif
