/*
 * The transactions that one write transaction has met: rows of tern_tx by key, and keys by the
 * server's number.
 *
 * It lives as long as one write transaction and is emptied with it; what is changed past it must be
 * forgotten here.
 */
#ifndef TRN_ENGINE_KNOWN_H
#define TRN_ENGINE_KNOWN_H

#include "store/store.h"

enum { TRN_KNOWN_SLOTS = 256 };

struct trn_known {
    bool is_used;                                  /* else what stands in the slots means nothing */
    struct trn_tx_info by_key[TRN_KNOWN_SLOTS];    /* key 0: an empty slot */
    struct trn_tx_info by_number[TRN_KNOWN_SLOTS]; /* number 0: an empty slot */
};

void trn_known_clear(struct trn_known *known);
/* The row of `key`, which must not be 0. */
tern_status trn_known_get(struct trn_known *known,
                          struct trn_store *store,
                          int64_t key,
                          struct trn_tx_info *ret_info,
                          tern_error *error);
/* The server's tx `number`, noted in the file if it is new there. */
tern_status trn_known_put(struct trn_known *known,
                          struct trn_store *store,
                          int64_t number,
                          int64_t time_us,
                          const tern_id *device,
                          struct trn_tx_info *ret_info,
                          tern_error *error);
/* The server's tx `number`, which must have been put before: TERN_ERR_PROTOCOL for one that nobody
 * has named. */
tern_status trn_known_number(struct trn_known *known,
                             struct trn_store *store,
                             int64_t number,
                             struct trn_tx_info *ret_info,
                             tern_error *error);
/* The server's word on a tx that `device` made: number and stored time. */
tern_status trn_known_settle(struct trn_known *known,
                             struct trn_store *store,
                             int64_t key,
                             int64_t number,
                             int64_t time_us,
                             const tern_id *device,
                             tern_error *error);
/* The stamp of a unit. `ret_written` is false where nothing has written it. */
tern_status trn_known_stamp(struct trn_known *known,
                            struct trn_store *store,
                            const struct trn_version *version,
                            size_t unit,
                            bool *ret_written,
                            struct trn_stamp *ret_stamp,
                            tern_error *error);
/* The highest time of the row's units; 0 where nothing has written any. */
tern_status trn_known_newest(struct trn_known *known,
                             struct trn_store *store,
                             const struct trn_version *version,
                             size_t unit_count,
                             int64_t *ret_time_us,
                             tern_error *error);

#endif
