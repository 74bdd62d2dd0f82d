/**
 * Every way in which a call can fail: one list for the library, the wire and the server.
 *
 * The numbers never change once released; the codes (`tern_status_code`) are what the wire and the
 * server's problem documents carry. Messages name tables, columns and limits, never a value of a
 * row and never a token.
 */
#ifndef TERN_ERROR_H
#define TERN_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "tern/api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_status {
    TERN_OK = 0,

    /* The call itself. */
    TERN_ERR_MISUSE = 1,    /* an argument or the order of calls is wrong */
    TERN_ERR_NOMEM = 2,     /* memory ran out; nothing changed */
    TERN_ERR_CANCELLED = 3, /* the caller asked to stop */
    TERN_ERR_INTERNAL = 4,  /* a broken invariant of the library */

    /* The file. */
    TERN_ERR_IO = 10,
    TERN_ERR_DISK_FULL = 11,
    TERN_ERR_READ_ONLY = 12,
    TERN_ERR_CORRUPT = 13,       /* the file is damaged */
    TERN_ERR_NOT_A_REPLICA = 14, /* a file, but not one of this library */
    TERN_ERR_BUSY = 15,          /* another process or sync holds it */
    TERN_ERR_FORMAT_NEWER = 16,  /* written by a newer library */
    TERN_ERR_WRONG_USER = 17,    /* the replica, or the token, is another user's */

    /* The schema document. */
    TERN_ERR_SCHEMA = 20,              /* malformed document; the message holds a JSON pointer */
    TERN_ERR_SCHEMA_OLDER = 21,        /* the document is older than the file's */
    TERN_ERR_SCHEMA_INCOMPATIBLE = 22, /* not an addition to the file's */

    /* The rows. */
    TERN_ERR_UNKNOWN_TABLE = 30,
    TERN_ERR_UNKNOWN_COLUMN = 31,
    TERN_ERR_TYPE = 32,
    TERN_ERR_NOT_NULL = 33,
    TERN_ERR_LENGTH = 34,
    TERN_ERR_RANGE = 35,
    TERN_ERR_FORMAT = 36,
    TERN_ERR_ENUM = 37,
    TERN_ERR_UNIQUE = 38,
    TERN_ERR_FOREIGN_KEY = 39,
    TERN_ERR_NOT_FOUND = 40,
    TERN_ERR_EXISTS = 41,  /* the id is taken; undelete it if it was deleted */
    TERN_ERR_DELETED = 42, /* an insert met a delete that its writer had not seen; undelete it */
    TERN_ERR_APPEND_ONLY = 43, /* rows of this table never change */
    TERN_ERR_IMMUTABLE = 44,   /* id, created_at, natural key and scope never change */
    TERN_ERR_NATURAL_KEY = 45, /* the id is not the one derived from the key */
    TERN_ERR_OUTRANKED = 46,   /* an inferred value may not replace a recorded one */
    TERN_ERR_SCOPE = 47,       /* the row belongs to no scope */
    TERN_ERR_TOO_LARGE = 48,   /* above a cap of the protocol */
    TERN_ERR_SQL = 49,         /* the statement is wrong or not allowed */
    TERN_ERR_CHECK = 50,       /* a check of the schema document without a code of its own */

    /* Access. */
    TERN_ERR_FORBIDDEN = 60,    /* not granted */
    TERN_ERR_UNAUTHORIZED = 61, /* no token, or not a good one */

    /* The network. */
    TERN_ERR_NETWORK = 70,
    TERN_ERR_TIMEOUT = 71,
    TERN_ERR_TLS = 72,
    TERN_ERR_TLS_PIN = 73,
    TERN_ERR_HTTP = 74,     /* an answer that no server of this protocol gives */
    TERN_ERR_PROTOCOL = 75, /* malformed, truncated or out of order */
    TERN_ERR_TOO_DEEP = 76,
    TERN_ERR_NOT_UTF8 = 77,
    TERN_ERR_UNAVAILABLE = 78, /* the server asks to come back later */

    /* The protocol. */
    TERN_ERR_EPOCH_CHANGED = 80,
    TERN_ERR_DEVICE_CLONED = 81,
    TERN_ERR_UPGRADE_REQUIRED = 82,
    TERN_ERR_TX_ID_REUSED = 83,
    TERN_ERR_DEPENDENCY_REJECTED = 84,
    TERN_ERR_CURSOR = 85,        /* a cursor this server never gave */
    TERN_ERR_CANNOT_UPCAST = 86, /* written under a schema version that cannot be read any more */
    TERN_ERR_ERASED = 87         /* the record was erased, and nothing is written back to it */
} tern_status;

/** Room for one sentence; longer ones are cut at a character's boundary. */
#define TERN_ERROR_MESSAGE_BYTES 384

/** Filled by the call that failed; the caller owns it, usually on its stack, and zeroes it before
 * the first use. */
typedef struct tern_error {
    tern_status status;
    char message[TERN_ERROR_MESSAGE_BYTES]; /* NUL-terminated UTF-8; names the place, never a value
                                             */
} tern_error;

/** The stable upper-case name of a status, such as "FOREIGN_KEY"; "UNKNOWN" for a number not in the
 * list. Static. Any thread. */
TERN_API const char *tern_status_code(tern_status status);

/** The status of a code; TERN_ERR_PROTOCOL for a code not in the list. Any thread. */
TERN_API tern_status tern_status_from_code(const char *code);

/** Whether trying again later, with nothing changed, can help. Any thread. */
TERN_API bool tern_status_is_retryable(tern_status status);

#ifdef __cplusplus
}
#endif
#endif
