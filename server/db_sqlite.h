/* The storage contract on SQLite: the embedded default. */
#ifndef TRN_SERVER_DB_SQLITE_H
#define TRN_SERVER_DB_SQLITE_H

#include "server/db.h"

struct trn_db_sqlite_options {
    const char *path; /* UTF-8 file name; the file is created if absent */
    const char *vfs;  /* of a registered VFS; then it keeps a second server out. NULL: the default,
                         and a lock file beside the database does */
    /* 32 random bytes, used where the file is new: for the seal key; `epoch` for its first epoch.
     */
    uint8_t seal_key[TRN_SEAL_KEY_BYTES];
    uint8_t epoch[TRN_EPOCH_SIZE];
    bool unsafe_fast; /* no fsync: tests that never crash alone */
};

/* For a process with one thread, before anything else of SQLite is called: takes its locks and
 * counters away, a sixth of a push. */
void trn_db_sqlite_single_thread(void);

/**
 * Opens the database, creating or upgrading its tables to `schema`, and checkpoints it, so that
 * nothing that was recovered but not synced is served.
 *
 * @param schema Borrowed until the database is closed.
 * @return TERN_OK, TERN_ERR_IO, _BUSY (another process writes it), _CORRUPT, _NOT_A_REPLICA,
 * _SCHEMA_OLDER, _SCHEMA_INCOMPATIBLE, _NOMEM.
 */
TERN_MUST_USE tern_status trn_db_sqlite_open(const struct trn_db_sqlite_options *options,
                                             const struct trn_schema *schema,
                                             struct trn_db **ret_db,
                                             tern_error *error);

#endif
