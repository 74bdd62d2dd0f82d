/* Rows of the synced tables: a part of the storage contract. */
#ifndef TRN_SERVER_DB_SQLITE_ROW_H
#define TRN_SERVER_DB_SQLITE_ROW_H

#include "server/db.h"

void trn_db_sqlite_enter_rows(struct trn_db_ops *ops);

#endif
