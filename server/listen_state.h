/* The loop, its connections and what has arrived on them, as its parts see them. */
#ifndef TRN_SERVER_LISTEN_STATE_H
#define TRN_SERVER_LISTEN_STATE_H

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "server/listen_parts.h"
#include "server/metrics.h"
#include "server/rounds.h"

/* Active events of higher priority run first: a group gathers until nothing more is to be read. */
enum { PRIORITY_IO = 0, PRIORITY_FLUSH = 1, PRIORITY_JOB = 2, PRIORITY_COUNT = 3 };

/* What one group may hold at once, beyond its last request: bodies, and answers at their largest.
 */
enum { TRN_GROUP_MAX = 256, TRN_GROUP_BODY_BYTES = 32 << 20, TRN_GROUP_ANSWER_BYTES = 256 << 20 };

/* A request between its arrival and its answer. */
struct trn_job {
    struct trn_listener *listener;
    struct evhttp_request *request;
    struct trn_bearer bearer;
    struct trn_bytes body; /* decompressed */
    struct trn_sync_call call;
    const char *path; /* for the log; static */
    size_t bytes_in;
    int64_t begun_us;
    bool takes_gzip;
    bool takes_small; /* the coding for small bodies */
};

/* One connection, as long as its TLS session lives. */
struct trn_peer {
    struct trn_listener *listener;
    const SSL *session;
    struct event *late; /* what is under way takes too long in all */
    size_t unsent;      /* answers not yet written out to it */
};

struct trn_listener {
    struct trn_listener_parts parts;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    SSL_CTX *tls;
    struct event *flush;
    struct event *missed;
    struct trn_rounds rounds;
    struct event *on_term;
    struct event *on_int;
    struct event *deadline;
    struct trn_metrics metrics;
    struct trn_job *jobs[TRN_GROUP_MAX];
    size_t job_count;
    size_t job_bytes;       /* of their bodies */
    int64_t connections;    /* the most at once */
    size_t unsent;          /* answers not yet written out, to all peers */
    int64_t backup_read_us; /* when the operator's word on backups was last looked at */
    bool stopping;
};

#endif
