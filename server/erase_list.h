/*
 * The list of those whose records were erased: a file beside the database, one id a line.
 *
 * A backup brings back what was erased after it was made, and with it the server forgets that it
 * was. The list is not in the database, so it stays, and each start works it off.
 */
#ifndef TRN_SERVER_ERASE_LIST_H
#define TRN_SERVER_ERASE_LIST_H

#include "server/db.h"

/* Whether the id is a user's, or that of one who was erased. */
tern_status
trn_erase_knows(struct trn_db *db, const tern_id *person, bool *ret_known, tern_error *error);
/* Adds a line to `<database>.erased`, and where the name is a link, to the list beside the file
 * that it leads to as well, so that the person is found by either name; returns once both are
 * durable. */
tern_status trn_erase_list_add(const char *database, const tern_id *person, tern_error *error);
/* Erases all that these lists name; what is erased already stays so. No list is an empty one.
 * TERN_ERR_CORRUPT for a line that is no id, but for the beginning of one at the very end: whoever
 * wrote that was never told that it stands. */
tern_status
trn_erase_list_run(struct trn_db *db, const char *database, int64_t now_us, tern_error *error);

#endif
