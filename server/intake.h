/* Requests on their way in: see intake.c. */
#ifndef TRN_SERVER_INTAKE_H
#define TRN_SERVER_INTAKE_H

#include "server/backup.h"
#include "server/cursor.h"
#include "server/push.h"
#include "server/sync_call.h"

struct trn_server {
    struct trn_db *db;
    struct trn_sync_limits limits;
    struct trn_facts *facts;      /* of the group under way */
    struct trn_facts *page_facts; /* of the snapshot under way */
    struct trn_db_meta meta;      /* of the group under way, as far as it has come */
    struct trn_backup backup;     /* as the operator says */
    int64_t covered;              /* as far as it is one of this history */
    bool careful;                 /* it is taken with savepoints */
};

/* One call between the halves. */
struct trn_exchange {
    struct trn_sync_call *call;
    struct trn_request_reader reader;
    struct trn_db_meta meta; /* as its entries were judged by: a later call may begin an epoch */
    struct trn_cursor cursor;
    struct trn_cursor dropped; /* empty: none that is this server's */
    bool has_cursor;
    bool acked_holds; /* what the device says was acknowledged is so */
    bool wrote;       /* something that a rejection of the whole would have to undo */
    struct trn_outcome *outcomes;
    size_t outcome_count;
    tern_error error; /* set: the call is answered with this problem */
};

/* Frees what the exchange holds, and makes it as new for its call. */
void trn_exchange_free(struct trn_exchange *exchange);

/* Takes all requests in one group, and returns once it is durable. */
tern_status trn_intake_group(struct trn_server *server,
                             struct trn_exchange *exchanges,
                             size_t total,
                             int64_t now_us,
                             tern_error *error);

#endif
