/*
 * What goes with a person's record, found while every row's scopes can still be looked up: the rows
 * that lie in it, what references them, what is about them.
 */
#ifndef TRN_SERVER_ERASE_FIND_H
#define TRN_SERVER_ERASE_FIND_H

#include "server/erasure.h"

/* Lists all of the record of `erasure->person`. */
tern_status trn_erase_find_record(struct trn_erasure *erasure, tern_error *error);
/* Adds the audit rows about a row that goes. */
tern_status trn_erase_find_audits(struct trn_erasure *erasure,
                                  const struct trn_erase_item *item,
                                  tern_error *error);

#endif
