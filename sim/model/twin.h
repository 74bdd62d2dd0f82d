/*
 * The reference model beside a server: hears every exchange that reaches the server, in that order,
 * and says where the two differ.
 *
 * It reads the bytes of request and answer, gives the model the transactions with the numbers that
 * the server gave them, and compares each verdict. twin_look compares what stands in the database.
 * It is told of backups by copies: keep twin_copy at a backup, go on with a copy of that at a
 * restore.
 */
#ifndef TERN_SIM_TWIN_H
#define TERN_SIM_TWIN_H

#include "base/bytes.h"
#include "server/db.h"
#include "sim/model/model.h"

enum { TWIN_SAYS_BYTES = 1024 };

/* One exchange as the server had it. */
struct twin_call {
    tern_id user;
    enum model_power power;
    const char *role; /* of the token, or NULL */
    int64_t now_us;   /* the server's clock */
    struct trn_slice request;
    unsigned status; /* of the answer; 0: the server never answered */
    struct trn_slice answer;
    bool more; /* another of its group came behind it, and may have begun an epoch */
};

struct twin;

/* `schema` is borrowed; it describes rows and entries alike. */
struct twin *twin_new(const struct trn_schema *schema);
struct twin *twin_copy(const struct twin *twin);
/* NULL is accepted. */
void twin_free(struct twin *twin);
const struct model *twin_model(const struct twin *twin);

/* Goes on with a later version of the schema document; the one before may be freed then. */
void twin_serve(struct twin *twin, const struct trn_schema *schema);
/* Several exchanges are to share one commit. */
void twin_before_group(struct twin *twin, struct trn_db *db);
/* Takes an exchange. Where the server gave no verdict (status 0, or from 500 on), what it kept all
 * the same is looked up in `db`, as it stands after that; NULL: that is not known yet. False where
 * a verdict is not the model's; `says` then names the tx and both. */
bool twin_hear(struct twin *twin,
               const struct twin_call *call,
               struct trn_db *db,
               char says[TWIN_SAYS_BYTES]);
/* The database was opened anew: looks up again what became of requests without an answer. */
bool twin_reopen(struct twin *twin, struct trn_db *db, char says[TWIN_SAYS_BYTES]);
/* Takes the erasure of a record that the server did, or refused (`status`) at `now_us`. False where
 * the model has it otherwise. */
bool twin_erase(struct twin *twin,
                const tern_id *person,
                int64_t now_us,
                tern_status status,
                struct trn_db *db,
                char says[TWIN_SAYS_BYTES]);
/* Takes the server's letting go of `count` rows that had their time. */
bool twin_retain(struct twin *twin,
                 int64_t now_us,
                 uint64_t count,
                 struct trn_db *db,
                 char says[TWIN_SAYS_BYTES]);
/* Whether rows, stamps, audit and logs of the database are the model's; `says` names a row and a
 * unit of it where they are not. Not within a group. */
bool twin_look(const struct twin *twin, struct trn_db *db, char says[TWIN_SAYS_BYTES]);
/* How many transactions were judged and how many of their changes. */
void twin_count(const struct twin *twin, size_t *ret_txs, size_t *ret_changes);

#endif
