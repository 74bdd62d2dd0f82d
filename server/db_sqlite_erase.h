/* What erasure needs: a part of the storage contract. */
#ifndef TRN_SERVER_DB_SQLITE_ERASE_H
#define TRN_SERVER_DB_SQLITE_ERASE_H

#include "server/db.h"

void trn_db_sqlite_enter_erasure(struct trn_db_ops *ops);

#endif
