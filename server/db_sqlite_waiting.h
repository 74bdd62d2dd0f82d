/* Rows that wait: a part of the storage contract. */
#ifndef TRN_SERVER_DB_SQLITE_WAITING_H
#define TRN_SERVER_DB_SQLITE_WAITING_H

#include "server/db.h"

void trn_db_sqlite_enter_waiting(struct trn_db_ops *ops);

#endif
