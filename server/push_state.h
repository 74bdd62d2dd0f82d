/* Who pushes, and what is known while it does: what each part of a push works on. */
#ifndef TRN_SERVER_PUSH_STATE_H
#define TRN_SERVER_PUSH_STATE_H

#include "server/facts.h"
#include "server/grants.h"
#include "server/waiting.h"

/* What a token lets its bearer do beyond being a user. */
enum trn_power {
    TRN_POWER_USER,
    TRN_POWER_SERVICE, /* a job: writes any record, but no user and no unit of the server's */
    TRN_POWER_OPERATOR /* creates and writes any record */
};

struct trn_auth {
    tern_id user;
    enum trn_power power;
    const char *role; /* that a row of its own in the users table may name, or NULL; borrowed */
};

/* The state of one request's push; lives within one group. */
struct trn_push {
    struct trn_db *db;
    struct trn_facts *facts; /* over the group's view */
    const struct trn_auth *auth;
    tern_id sender;
    int64_t received_us;
    int64_t sent_us;
    struct trn_grants grants;
    bool grants_loaded;
    bool cloned; /* an ordinal of the sender's came with two tx ids */
    bool
        careful; /* each entry has a savepoint; else what must be undone gives TERN_ERR_CANCELLED */
    bool any_erased; /* some record was */
    bool wrote;      /* anything, since trn_push_begin */

    char epoch[2 * TRN_EPOCH_SIZE + 1]; /* in force, as entries name it */

    /* of the entry under way */
    struct trn_db_entry entry;
    bool is_left;                /* it is what is left of a transaction that another server had */
    bool same_epoch;             /* its bases are numbers of the epoch in force */
    size_t audits;               /* audit rows so far */
    bool touched;                /* it has written something */
    bool met_erased;             /* it is of an erased row, so its bytes are not kept */
    struct trn_waiting *waiting; /* its changes that wait; NULL where none is applied */
};

/* Whether a status rejects one transaction, rather than failing the request or the group. */
bool trn_push_rejects(tern_status status);

#endif
