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

#include "server/cursor.h"
#include "server/facts.h"
#include "wire/answer.h"
#include "wire/request.h"

struct trn_pull {
    struct trn_db *db;
    struct trn_db_view *view;
    struct trn_facts *facts; /* over `view` */
    tern_id user;
    tern_id device;
    const int64_t *taken; /* the numbers that this exchange's verdicts tell of, rising; borrowed */
    size_t taken_count;
    uint32_t schema_version; /* of the device, at most the server's */
    bool any_erased;         /* some record was */
    size_t room_rows;
    size_t room_bytes;
    int64_t now_us;
    const struct trn_request_window *windows; /* that the device asked for; borrowed */
    size_t window_count;
    /* What the device held before it began afresh, or NULL: what is gone of it is named; borrowed.
     */
    const struct trn_cursor *dropped;

    struct trn_cursor next; /* filled by trn_pull_page */
    bool more;
    size_t rows;
    size_t looked_at; /* places, whether sent or not */
};

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

/* The cursor of a device that only pushes: as it was, at the snapshot's highest number. */
tern_status
trn_pull_nothing(struct trn_pull *pull, const struct trn_cursor *cursor, tern_error *error);

void trn_pull_free(struct trn_pull *pull);

#endif
