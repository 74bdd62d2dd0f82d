/*
 * The newest backup, as the operator's backup job names it: a file beside the database with the
 * last number in the copy, the tx id that it stands for, and when that was received.
 *
 * These prove that the copy is of this history: after a restore a number may stand for something
 * else, or for the same transaction offered again.
 */
#ifndef TRN_SERVER_BACKUP_H
#define TRN_SERVER_BACKUP_H

#include "server/db.h"

/* Everything up to `number` is in a backup; 0: nothing is known to be. */
struct trn_backup {
    int64_t number;
    tern_id tx;
    int64_t received_us;
};

/* Reads `<database>.backed-up`: a number, 32 hexadecimal digits and microseconds, spaces between.
 * What cannot be read, or is anything else, covers nothing. */
struct trn_backup trn_backup_read(const char *database);

#endif
