/** The way to the server that a command's options describe: client and token. */
#ifndef TRN_CLI_NETWORK_H
#define TRN_CLI_NETWORK_H

#include "base/bytes.h"
#include "cli/command.h"
#include "tern/curl.h"

struct trn_network {
    const struct trn_call *call;
    tern_curl *curl;
    tern_http_port http;    /* libcurl's */
    tern_http_port port;    /* the same, watched: for the session */
    tern_error last;        /* how the last exchange failed; TERN_OK if it did not */
    struct trn_bytes token; /* wiped when it is freed */
};

/** Makes the client and reads the token. TERN_ERR_UNAUTHORIZED if there is none. */
TERN_MUST_USE tern_status trn_network_open(struct trn_network *network,
                                           const struct trn_call *call,
                                           tern_error *error);
void trn_network_close(struct trn_network *network);

/** The token for tern_sync_run: reads the file again when the last one was refused. */
const char *trn_network_token(void *context, bool refused);

#endif
