/*
 * One exchange: a request's bytes in, an answer's bytes out, over the storage contract.
 *
 * Knows nothing of HTTP libraries, sockets, compression or clocks: the caller brings who is asking,
 * what time it is and the decompressed body. Several exchanges can share one group, and with it one
 * commit; each is answered as if it were alone.
 */
#ifndef TRN_SERVER_SYNC_H
#define TRN_SERVER_SYNC_H

#include "server/backup.h"
#include "server/sync_call.h"

struct trn_server;

/**
 * A handler over an open database.
 *
 * @param db     Borrowed until trn_server_free.
 * @param limits NULL: the defaults above.
 * @return NULL when memory ran out.
 */
struct trn_server *trn_server_new(struct trn_db *db, const struct trn_sync_limits *limits);
/* NULL is accepted. */
void trn_server_free(struct trn_server *server);

/* What the operator says of the newest backup: answers name it where it is one of this history. */
void trn_server_set_backup(struct trn_server *server, const struct trn_backup *backup);

/**
 * Answers the calls in one group: every verdict that leaves here is durable. Always fills all
 * outputs; a failure of the server is a problem with status 503 (500 without memory for it).
 *
 * @param now_us The server's clock.
 */
void trn_server_handle(struct trn_server *server,
                       int64_t now_us,
                       struct trn_sync_call *calls,
                       size_t count);

/* Frees the answer and zeroes the call. */
void trn_sync_call_free(struct trn_sync_call *call);

/* Fills the call with a problem document (RFC 9457) for a status. */
void trn_sync_problem(struct trn_sync_call *call, tern_status code, const char *detail);

#endif
