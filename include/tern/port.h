/**
 * The ports: all that the library asks of the world around it. The host supplies them at open.
 *
 * Every function is called on a thread of the caller's, inside a call that the caller made, and
 * never while two calls on one port of one replica are under way, except where it says so.
 * `context` is the host's own.
 *
 * Clock, randomness and log are called with a lock of the library's held: the replica's own, or,
 * where a reader asks the clock, that of the replica's ports. They must not call back into the
 * library, nor wait for a thread that does, which may be waiting for that lock.
 */
#ifndef TERN_PORT_H
#define TERN_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/error.h"
#include "tern/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Clocks. Called under a lock. */
typedef struct tern_clock_port {
    void *context;
    /** Wall clock, microseconds since 1970, UTC. It may be wrong and may jump. */
    int64_t (*wall_us)(void *context);
    /** Microseconds since some moment of this boot, counting while the machine sleeps; never runs
     * back within one boot. */
    int64_t (*monotonic_us)(void *context);
    /** An id that changes with each boot; all zero where the platform has none, which makes
     * monotonic readings of no use. */
    void (*boot_id)(void *context, tern_id *ret_id);
} tern_clock_port;

/** Random bytes fit for keys. Called under a lock. */
typedef struct tern_random_port {
    void *context;
    /** Fills `buffer`; false if the platform has no randomness to give. */
    bool (*fill)(void *context, void *buffer, size_t size);
} tern_random_port;

typedef enum tern_log_level {
    TERN_LOG_ERROR = 1,
    TERN_LOG_WARNING = 2,
    TERN_LOG_INFO = 3,
    TERN_LOG_DEBUG = 4
} tern_log_level;

/** Where log lines go. Called under a lock. `message` is NUL-terminated, one line, without health
 * data and without tokens. */
typedef struct tern_log_port {
    void *context;
    void (*write)(void *context, tern_log_level level, const char *message); /* NULL: no log */
} tern_log_port;

/** One HTTP exchange; all pointers are borrowed for the call. */
typedef struct tern_http_request {
    const char *path;         /* below the server's base URL, such as "/v1/sync" */
    const char *content_type; /* of the body */
    const char *body_coding; /* Content-Encoding to send, for `body` is in it already; NULL: none */
    const char *accept_codings; /* Accept-Encoding to send; NULL: "gzip" */
    const char *token;          /* bearer token, or NULL */
    const void *body;
    size_t body_size;
    size_t answer_limit_bytes; /* longest answer body as it travels; a longer one is
                                  TERN_ERR_TOO_LARGE */
    int64_t timeout_ms;        /* for the whole exchange */
} tern_http_request;

/** Filled by the port. */
typedef struct tern_http_answer {
    int status;         /* HTTP status */
    bool body_is_coded; /* the body is handed over as it arrived, in one of the codings asked for;
                           false: it is plain */
    bool is_problem;    /* Content-Type is application/problem+json */
    int64_t retry_after_ms; /* from Retry-After; -1 without one */
    void *body;             /* allocated by the port, released by its `release` */
    size_t body_size;
} tern_http_answer;

/** An HTTP client. Called without the replica's lock, so that a slow network never holds up a local
 * write. */
typedef struct tern_http_port {
    void *context;
    /** Carries one POST. Any HTTP status is TERN_OK; failures are TERN_ERR_NETWORK, _TIMEOUT, _TLS,
     * _TLS_PIN, _TOO_LARGE, _CANCELLED, _NOMEM. */
    tern_status (*exchange)(void *context,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer,
                            tern_error *error);
    /** Releases what `exchange` allocated in `answer`; accepts an empty one. */
    void (*release)(void *context, tern_http_answer *answer);
    /** Lets `wait_ms` pass; false if the host wants the sync to end instead. NULL: tern_sync_run
     * never waits, and ends where it would have to. */
    bool (*wait)(void *context, int64_t wait_ms);
} tern_http_port;

/** The ports of one replica. */
typedef struct tern_ports {
    size_t size; /* sizeof(tern_ports) */
    tern_clock_port clock;
    tern_random_port random;
    tern_log_port log;
    const char *vfs; /* name of a registered SQLite VFS; NULL for the default */
} tern_ports;

#ifdef __cplusplus
}
#endif
#endif
