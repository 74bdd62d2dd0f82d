/*
 * The newest backup, as the operator's backup job names it: a file beside the database with the
 * last number in the copy and the tx id that it stands for.
 *
 * The id proves that the copy is of this history: after a restore a number may stand for something
 * else.
 */
#ifndef TRN_SERVER_BACKUP_H
#define TRN_SERVER_BACKUP_H

#include "server/db.h"

/* Everything up to `number` is in a backup; 0: nothing is known to be. */
struct trn_backup {
    int64_t number;
    tern_id tx;
};

/* Reads `<database>.backed-up`: a number, a space, 32 hexadecimal digits. What cannot be read, or
 * is anything else, covers nothing. */
struct trn_backup trn_backup_read(const char *database);

#endif
