/* The database's tables, brought to the schema. */
#ifndef TRN_SERVER_DB_SQLITE_MIGRATE_H
#define TRN_SERVER_DB_SQLITE_MIGRATE_H

#include "server/db_sqlite_view.h"

/* Brings them to the schema in a transaction of its own. Where the file is new it gets this key and
 * this epoch: TRN_SEAL_KEY_BYTES and TRN_EPOCH_SIZE bytes. */
tern_status trn_db_sqlite_migrate(struct trn_db_sqlite *db,
                                  const uint8_t *seal_key,
                                  const uint8_t *epoch,
                                  tern_error *error);

#endif
