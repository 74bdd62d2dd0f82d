/* A bare HTTPS client, one kept-alive connection each, for requests made by hand. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "tests/bench/ternd.h"
#include "tests/bench/wire.h"

struct bench_client;

struct bench_client *
bench_client_open(const struct bench_ternd *server, const tern_id *user, enum bench_power power);
/* NULL is accepted. */
void bench_client_close(struct bench_client *client);
/* Replaces the body by its gzip form, as bodies travel. */
void bench_text_gzip(struct bench_text *body);
/* Posts the body, gzipped or not, and takes the first `room` decompressed bytes of the answer (0:
 * all) into `answer`. Anything but status 200 ends the program, and so does a verdict that rejects.
 */
void bench_client_post(struct bench_client *client,
                       const struct bench_text *body,
                       size_t room,
                       struct bench_text *answer);

/* Reads a whole record set as one user, page by page; gives the pages' number. */
size_t
bench_client_pull(struct bench_client *client, struct bench_device *device, size_t page_rows);

#endif
