/*
 * One pushed transaction: receipt, access, merge, audit, constraints, number, receipt.
 *
 * A transaction is applied whole or rejected whole, and either verdict is final and kept; only a
 * failure of the server itself (TERN_ERR_NOMEM, _IO and their like) leaves none, and ends the
 * group.
 */
#ifndef TRN_SERVER_PUSH_H
#define TRN_SERVER_PUSH_H

#include "server/push_state.h"
#include "wire/request.h"

/* What became of an entry. */
enum trn_outcome_kind {
    TRN_OUTCOME_APPLIED,
    TRN_OUTCOME_DUPLICATE,
    TRN_OUTCOME_REJECTED,
    TRN_OUTCOME_RETRY
};

struct trn_outcome {
    enum trn_outcome_kind kind;
    int64_t number;
    int64_t time_us;
    tern_status code;
    int32_t change; /* -1: the transaction as such */
    char detail[TRN_DETAIL_BYTES];
};

/* `facts` reads through the group's view; all are borrowed until trn_push_end. */
void trn_push_begin(struct trn_push *push,
                    struct trn_db *db,
                    const struct trn_db_meta *meta,
                    struct trn_facts *facts,
                    const struct trn_auth *auth);
void trn_push_end(struct trn_push *push);

/* Gives the entry its verdict, and the changes their effect, inside the group under way.
 * TERN_ERR_PROTOCOL and its like where its first line is malformed: nobody can be told then. */
tern_status trn_push_entry(struct trn_push *push,
                           const struct trn_request_entry *request,
                           struct trn_outcome *ret_outcome,
                           tern_error *error);

#endif
