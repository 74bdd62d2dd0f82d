/*
 * Bearer tokens: who is asking, and with what power.
 *
 * One key and one algorithm, fixed when the server starts: what a token's own header says of its
 * algorithm is compared with it, never followed. `sub`, `aud` and `exp` are required.
 */
#ifndef TRN_SERVER_AUTH_H
#define TRN_SERVER_AUTH_H

#include "server/push_state.h"

enum { TRN_TOKEN_BYTES_MAX = 8192, TRN_TOKEN_LEEWAY_S = 30, TRN_HS256_KEY_BYTES_MIN = 32 };

struct trn_auth_settings {
    const char *algorithm; /* "HS256", "RS256" or "ES256" */
    struct trn_slice key;  /* the secret, or the public key as PEM; copied */
    const char *audience;  /* copied */
};

struct trn_tokens;

/* TERN_ERR_MISUSE for an unknown algorithm, an empty audience, a secret below 32 bytes, a key that
 * is not of the algorithm's kind; _NOMEM. */
TERN_MUST_USE tern_status trn_tokens_open(const struct trn_auth_settings *settings,
                                          struct trn_tokens **ret_tokens,
                                          tern_error *error);
/* NULL is accepted. */
void trn_tokens_close(struct trn_tokens *tokens);

/* What a good token says. */
struct trn_bearer {
    struct trn_auth auth; /* its role points into `role` */
    char role[TRN_ROLE_BYTES];
};

/**
 * Reads the value of an Authorization header.
 *
 * @param header     NUL-terminated, or NULL where there was none.
 * @param ret_bearer Not to be copied: it points into itself.
 * @return TERN_OK, TERN_ERR_UNAUTHORIZED, _NOMEM.
 */
TERN_MUST_USE tern_status trn_tokens_check(const struct trn_tokens *tokens,
                                           const char *header,
                                           int64_t now_s,
                                           struct trn_bearer *ret_bearer,
                                           tern_error *error);

#endif
