/* A ternd process of our own on loopback, with throwaway certificates and keys. */
#ifndef BENCH_TERND_H
#define BENCH_TERND_H

#include <sys/types.h>

#include "tern/value.h"
#include "tests/bench/bench.h"

enum bench_power { BENCH_USER, BENCH_OPERATOR };

struct bench_ternd {
    pid_t pid;
    char url[64];
    char ca[1024]; /* file name of the authority */
};

/* Starts it on the database file `name` of the folder, with another argument if `extra` is not
 * NULL. The document decides how ids are checked; a file of an earlier start is kept. */
void bench_ternd_start(struct bench_ternd *server,
                       const char *name,
                       const char *document,
                       size_t document_size,
                       const char *extra);
/* Ends it gracefully and waits for that. */
void bench_ternd_stop(struct bench_ternd *server);
/* CPU seconds that it has used. */
double bench_ternd_cpu_s(const struct bench_ternd *server);
/* Writes a bearer token for the user. */
void bench_ternd_token(const tern_id *user, enum bench_power power, char *token, size_t room);

#endif
