/* The log of each scope: a part of the storage contract. */
#ifndef TRN_SERVER_DB_SQLITE_LOG_H
#define TRN_SERVER_DB_SQLITE_LOG_H

#include "server/db.h"

void trn_db_sqlite_enter_log(struct trn_db_ops *ops);

#endif
