/* A call as the handler is given it, and gives it back. */
#ifndef TRN_SERVER_SYNC_CALL_H
#define TRN_SERVER_SYNC_CALL_H

#include "server/push_state.h"

struct trn_sync_limits {
    uint32_t page_rows; /* most rows in one answer, whatever the request wants */
    size_t page_bytes;  /* an answer is closed once it is above */
};

enum { TRN_SYNC_PAGE_ROWS = 10000, TRN_SYNC_PAGE_BYTES = 4 * 1024 * 1024 };

struct trn_sync_call {
    /* in; borrowed until the call is answered */
    struct trn_auth auth;
    struct trn_slice request;

    /* out */
    unsigned status;         /* of HTTP */
    tern_status code;        /* TERN_OK, or what a problem names */
    const char *media_type;  /* static */
    tern_error cause;        /* of the server's own trouble; for its log alone */
    uint32_t retry_after_s;  /* 0: none */
    struct trn_bytes answer; /* owned by the caller */
    size_t applied;          /* transactions, by verdict */
    size_t duplicates;
    size_t rejected;
    size_t rows; /* sent */
};

#endif
