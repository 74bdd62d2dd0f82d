/* What is pulled, for whom, and how much of it a page may hold. */
#ifndef TRN_SERVER_PULL_STATE_H
#define TRN_SERVER_PULL_STATE_H

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

#endif
