/* What the loop and the routes share. */
#ifndef TRN_SERVER_LISTEN_INTERNAL_H
#define TRN_SERVER_LISTEN_INTERNAL_H

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "server/listen.h"
#include "server/metrics.h"

enum { TRN_GROUP_MAX = 256 };

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
    size_t unsent; /* answers not yet written out to it */
};

struct trn_listener {
    struct trn_listener_parts parts;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    SSL_CTX *tls;
    struct event *flush;
    struct event *missed;
    struct event *on_term;
    struct event *on_int;
    struct event *deadline;
    struct trn_metrics metrics;
    struct trn_job *jobs[TRN_GROUP_MAX];
    size_t job_count;
    size_t unsent;          /* answers not yet written out, to all peers */
    int64_t backup_read_us; /* when the operator's word on backups was last looked at */
    bool stopping;
};

/* The callback of evhttp for every request. */
void trn_route(struct evhttp_request *request, void *context);
/* Handles what has gathered. */
void trn_route_flush(struct trn_listener *listener);

/* Whose request it is; NULL where that is not known. */
struct trn_peer *trn_listener_peer(struct evhttp_request *request);
/* Ends the loop where it is stopping and nothing is left to send. */
void trn_listener_check_end(struct trn_listener *listener);

int64_t trn_clock_wall_us(void);

#endif
