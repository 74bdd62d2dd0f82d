/*
 * One page: what is new in the user's record and in those open to them, read in one snapshot.
 *
 * Each scope's rows come in the order of their highest number, so a position says all that was
 * sent. A scope whose grant has another version than the cursor's is sent whole; one that is gone
 * is named. A row that the asking device wrote alone, and has just been told of, is left out,
 * unless the scope is sent whole; of a scope that is sent whole, rows are left out that are older
 * than the device asked for. A page also ends after so many rows that were only looked at.
 */
#ifndef TRN_SERVER_PULL_H
#define TRN_SERVER_PULL_H

#include "server/pull_state.h"

/* A repeat is answered as before, and the device takes what it says for true. Where that was erased
 * since, and the device stands behind the erasure, no page would say so: so the records that lost
 * rows are begun anew. Of an erased user nothing is to be kept that was taken since, a discard for
 * one, so that the record is gone is said again. */
tern_status trn_pull_renew(struct trn_pull *pull, struct trn_cursor *cursor, tern_error *error);

/**
 * Writes the page's lines and works out the cursor behind it.
 *
 * @param cursor What the device holds, or NULL.
 * @param page   Appended to.
 */
tern_status trn_pull_page(struct trn_pull *pull,
                          const struct trn_cursor *cursor,
                          struct trn_answer_writer *page,
                          tern_error *error);

/* The cursor of a device that only pushes: as it was, at the snapshot's highest number. One that
 * has none stands nowhere, but what it held before goes on being named. */
tern_status
trn_pull_nothing(struct trn_pull *pull, const struct trn_cursor *cursor, tern_error *error);

void trn_pull_free(struct trn_pull *pull);

#endif
