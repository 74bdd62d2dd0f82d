/* ternd as a process of its own on loopback, and plain HTTPS to it. */
#ifndef TRN_TESTS_E2E_DAEMON_H
#define TRN_TESTS_E2E_DAEMON_H

#include <sys/types.h>

#include "base/bytes.h"
#include "tern/value.h"
#include "tests/harness/harness.h"

struct daemon {
    char folder[256];
    pid_t pid;
    int port;
    void *curl;    /* one client with its connection kept */
    bool hangs_up; /* the client does, at the first bytes of an answer */
};

/* Makes certificates and a token secret in a new folder; the database will be there, too. */
void daemon_prepare(struct daemon *daemon);
/* Starts it, with further arguments ended by NULL, and waits until it listens. */
void daemon_start(struct daemon *daemon, const char *const *arguments);
/* Sends the signal, waits for the end, and gives the exit code; -1 where a signal ended it. */
int daemon_stop(struct daemon *daemon, int signal);
/* Waits for the end likewise. */
int daemon_wait(struct daemon *daemon);
/* Runs ternd over the same database until it ends of itself; its exit code. */
int daemon_run(struct daemon *daemon, const char *const *arguments);
void daemon_free(struct daemon *daemon);

/* The path of a file in its folder; eight are kept in turn. */
const char *daemon_path(const struct daemon *daemon, const char *name);
/* What it has logged so far; freed with free. */
char *daemon_log(const struct daemon *daemon);

/* "Authorization: Bearer ..." for the user, good for `seconds`; freed with free. */
char *daemon_token(const tern_id *user, const char *audience, const char *role, long seconds);

struct http_reply {
    bool failed; /* no answer came */
    long status;
    char type[128];
    bool was_gzip;
    struct trn_bytes body; /* decompressed */
};

/* One request; `headers` end with NULL and may be NULL, so may the body. */
void daemon_request(struct daemon *daemon,
                    const char *method,
                    const char *path,
                    const char *const *headers,
                    struct trn_slice body,
                    struct http_reply *ret_reply);
void http_reply_free(struct http_reply *reply);

#endif
