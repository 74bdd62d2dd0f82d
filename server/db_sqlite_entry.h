/* Receipts, history, devices and meta: a part of the storage contract. */
#ifndef TRN_SERVER_DB_SQLITE_ENTRY_H
#define TRN_SERVER_DB_SQLITE_ENTRY_H

#include "server/db_sqlite_view.h"

void trn_db_sqlite_enter_entries(struct trn_db_ops *ops);

/* A key of tern_meta. */
tern_status trn_db_sqlite_meta_write(struct trn_db_view *view,
                                     const char *key,
                                     const void *value,
                                     size_t size,
                                     tern_error *error);
tern_status trn_db_sqlite_meta_get(struct trn_db_view *view,
                                   const char *key,
                                   bool *ret_found,
                                   struct trn_bytes *value,
                                   tern_error *error);

#endif
