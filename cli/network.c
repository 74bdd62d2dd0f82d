/* Client and token. A token comes from a file or the environment, never from the command line,
 * where every user of the machine could read it. */
#include "cli/network.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/files.h"

enum { TOKEN_MAX = 16 * 1024 };

static void wipe(struct trn_bytes *token)
{
    if (token->data != NULL) {
        memset(token->data, 0, token->size);
    }
    trn_bytes_free(token);
}

static void trim(struct trn_bytes *token)
{
    while (token->size > 0 && isspace(token->data[token->size - 1])) {
        token->data[--token->size] = 0;
    }
}

static tern_status
read_token(const struct trn_call *call, struct trn_bytes *token, tern_error *error)
{
    const char *path = trn_option(call, TRN_OPT_TOKEN_FILE);
    const char *name = trn_option(call, TRN_OPT_TOKEN_ENV);
    const char *value;
    tern_status status;

    if (path != NULL && !trn_has(call, TRN_OPT_TOKEN_ENV)) {
        status = trn_file_read(path, TOKEN_MAX, token, error);
    } else {
        value = getenv(name);
        if (value == NULL) {
            return trn_fail(error,
                            TERN_ERR_UNAUTHORIZED,
                            "no token: give --token-file, or set the variable %s",
                            name);
        }
        status = trn_bytes_append_text(token, value) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
    }
    trim(token);
    if (status == TERN_OK && token->size == 0) {
        return trn_fail(error, TERN_ERR_UNAUTHORIZED, "the token is empty");
    }
    return status;
}

/* Keeps the cause of a failure: the session, which may try again, reports only its own end. */
static tern_status watched_exchange(void *context,
                                    const tern_http_request *request,
                                    tern_http_answer *ret_answer,
                                    tern_error *error)
{
    struct trn_network *network = context;
    tern_status status;

    network->last = (tern_error){.status = TERN_OK};
    status = network->http.exchange(network->http.context, request, ret_answer, &network->last);
    if (status != TERN_OK && error != NULL) {
        *error = network->last;
    }
    return status;
}

static void watched_release(void *context, tern_http_answer *answer)
{
    struct trn_network *network = context;

    network->http.release(network->http.context, answer);
}

tern_status
trn_network_open(struct trn_network *network, const struct trn_call *call, tern_error *error)
{
    tern_curl_options options = {
        .size = sizeof(options),
        .url = trn_option(call, TRN_OPT_URL),
        .ca_file = trn_option(call, TRN_OPT_CA),
        .pin = trn_option(call, TRN_OPT_PIN),
        .backup_pin = trn_option(call, TRN_OPT_BACKUP_PIN),
        .environment_proxy = true,
    };
    tern_status status;

    *network = (struct trn_network){.call = call};
    if (options.url == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "no server: give --url, or set TERN_URL");
    }
    status = tern_curl_open(&options, &network->curl, error);
    if (status == TERN_OK) {
        tern_curl_port(network->curl, &network->http);
        network->port = (tern_http_port){.context = network,
                                         .exchange = watched_exchange,
                                         .release = watched_release};
        status = read_token(call, &network->token, error);
    }
    if (status != TERN_OK) {
        trn_network_close(network);
    }
    return status;
}

void trn_network_close(struct trn_network *network)
{
    tern_curl_close(network->curl);
    network->curl = NULL;
    wipe(&network->token);
}

const char *trn_network_token(void *context, bool refused)
{
    struct trn_network *network = context;
    struct trn_bytes fresh = {0};

    if (!refused) {
        return trn_bytes_text(&network->token);
    }
    if (read_token(network->call, &fresh, NULL) != TERN_OK ||
        trn_slice_equal(trn_bytes_slice(&fresh), trn_bytes_slice(&network->token))) {
        wipe(&fresh);
        return NULL;
    }
    wipe(&network->token);
    network->token = trn_bytes_move(&fresh);
    return trn_bytes_text(&network->token);
}
