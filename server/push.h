/*
 * One pushed transaction: receipt, access, merge, audit, constraints, number, receipt.
 *
 * A transaction is applied whole or rejected whole, and either verdict is final and kept; only a
 * failure of the server itself (TERN_ERR_NOMEM, _IO and their like) leaves none, and ends the
 * group.
 */
#ifndef TRN_SERVER_PUSH_H
#define TRN_SERVER_PUSH_H

#include "server/facts.h"
#include "server/grants.h"
#include "wire/request.h"

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
    bool is_left;    /* it is what is left of a transaction that another server had */
    bool same_epoch; /* its bases are numbers of the epoch in force */
    size_t audits;   /* audit rows so far */
    bool touched;    /* it has written something */
    bool met_erased; /* it is of an erased row, so its bytes are not kept */
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

/* Whether a status rejects one transaction, rather than failing the request or the group. */
bool trn_push_rejects(tern_status status);

/* ---- Parts: access.c, apply.c, audit.c ---- */

/* Fails with TERN_ERR_FORBIDDEN unless the writer may make this change to a row of these scopes. */
tern_status trn_access_check(struct trn_push *push,
                             const struct trn_change *change,
                             const struct trn_row_scopes *scopes,
                             bool exists,
                             tern_error *error);
/* Whether the writer may write a unit of rows it may write: not those of the server, but for the
 * operator. */
bool trn_access_owns_unit(const struct trn_push *push, const struct trn_table *table, size_t unit);
/* Fails with TERN_ERR_FORBIDDEN where an insert says of a unit of the server's what it may not.
 * `present` is what the row that is there holds, or NULL. */
tern_status trn_access_check_units(const struct trn_push *push,
                                   const struct trn_change *change,
                                   const tern_value *present,
                                   tern_error *error);
/* The same for what the row becomes: opening a record is its owner's. `before` is NULL for none. */
tern_status trn_access_check_opening(struct trn_push *push,
                                     const struct trn_table *table,
                                     const struct trn_row *before,
                                     const struct trn_row *after,
                                     tern_error *error);
/* Whether the writer may write the table's rows of these scopes: by the first, or by any of them
 * where the table says so. */
tern_status trn_access_writes(struct trn_push *push,
                              const struct trn_table *table,
                              const struct trn_row_scopes *scopes,
                              bool *ret_writes,
                              tern_error *error);

/* Whether a new row's paths lead over rows of records that the writer may not even read: to them it
 * is as if the rows were not there, for an answer of its own would say that they are. */
tern_status trn_access_hides(struct trn_push *push,
                             const struct trn_table *table,
                             const struct trn_row_scopes *scopes,
                             bool *ret_hides,
                             tern_error *error);

/* Applies one change. `ret_waits` is set, and nothing done, where it needs what a later change of
 * the same transaction may bring; TERN_OK then, and with `last_call` the failure it would be. */
tern_status trn_apply_change(struct trn_push *push,
                             const struct trn_change *change,
                             bool last_call,
                             bool *ret_waits,
                             tern_error *error);
/* Keeps what a discarded change held. */
tern_status
trn_apply_discard(struct trn_push *push, const struct trn_change *change, tern_error *error);
/* Resolves the base of a change to a number of this epoch, or 0. */
tern_status trn_apply_base(struct trn_push *push,
                           const struct trn_change *change,
                           int64_t *ret_number,
                           tern_error *error);

/* One side of a conflict. */
struct trn_audit_side {
    const tern_value *values; /* by column */
    int64_t deleted_at_us;    /* of existence */
    int64_t number;           /* 0: none */
    tern_id tx;               /* nil: unknown */
    int64_t time_us;
    tern_id device;
    bool absent; /* there was no such value */
};

struct trn_audit {
    const struct trn_table *table;
    tern_id id;
    size_t unit;
    const char *rule;
    const struct trn_row_scopes *scopes;
    struct trn_audit_side lost;
    struct trn_audit_side kept;
};

/* Writes one audit row into each of the scopes. */
tern_status
trn_audit_write(struct trn_push *push, const struct trn_audit *audit, tern_error *error);

#endif
