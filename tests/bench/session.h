/*
 * Syncs of a replica with a server, counted and timed.
 *
 * A link is one kept-alive HTTPS connection as one user. bench_sync runs a whole sync as an app
 * does; bench_sync_timed carries the bytes itself and leaves the network's share out.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "tern/curl.h"
#include "tern/sync.h"
#include "tests/bench/tern.h"
#include "tests/bench/ternd.h"

struct bench_link {
    tern_curl *curl;
    tern_http_port inner;
    tern_http_port port; /* counts what goes through `inner` */
    char token[1024];
    uint64_t exchanges;
    uint64_t request_bytes; /* bodies as they travel */
    uint64_t answer_bytes;
};

/* What one timed sync took inside the library. */
struct bench_sync_times {
    double before_s;  /* until the first answer was there */
    double after_s;   /* from handing it over to the end */
    double *scopes_s; /* if not NULL: library's seconds when checkpoint i was applied; */
    size_t scopes_room;
    size_t scopes;
    uint64_t rows;
};

struct bench_link *bench_link_open(const struct bench_ternd *server, const tern_id *user);
/* NULL is accepted. */
void bench_link_close(struct bench_link *link);

/* Page and push sizes 0: the library's own. */
void bench_sync(struct bench_link *link, tern_replica *replica, uint32_t page_rows);
void bench_sync_timed(struct bench_link *link,
                      tern_replica *replica,
                      uint32_t page_rows,
                      struct bench_sync_times *times);

#endif
