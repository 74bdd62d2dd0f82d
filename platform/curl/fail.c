/* What libcurl's failures mean to the engine: which of them are worth another attempt. */
#include "platform/curl/internal.h"

#include <string.h>

#include "base/error.h"

static const struct {
    CURLcode code;
    tern_status status;
} meanings[] = {
    {CURLE_OUT_OF_MEMORY, TERN_ERR_NOMEM},
    {CURLE_ABORTED_BY_CALLBACK, TERN_ERR_CANCELLED},
    {CURLE_OPERATION_TIMEDOUT, TERN_ERR_TIMEOUT},
    {CURLE_FILESIZE_EXCEEDED, TERN_ERR_TOO_LARGE},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, TERN_ERR_TLS_PIN},
    {CURLE_PEER_FAILED_VERIFICATION, TERN_ERR_TLS},
    {CURLE_SSL_CONNECT_ERROR, TERN_ERR_TLS},
    {CURLE_SSL_CACERT_BADFILE, TERN_ERR_TLS},
    {CURLE_SSL_CERTPROBLEM, TERN_ERR_TLS},
    {CURLE_SSL_CIPHER, TERN_ERR_TLS},
    {CURLE_SSL_ISSUER_ERROR, TERN_ERR_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, TERN_ERR_TLS},
    {CURLE_USE_SSL_FAILED, TERN_ERR_TLS},
    {CURLE_UNSUPPORTED_PROTOCOL, TERN_ERR_TLS},
};

/* A connection lost within the handshake comes under the same code as a handshake refused. Only
 * libcurl's own words tell them apart; were they to change, a retry would be missed, nothing
 * more. */
static bool was_cut_off(const char *detail)
{
    static const char *const words[] = {"SSL_ERROR_SYSCALL",
                                        "Send failure",
                                        "Recv failure",
                                        "Connection reset",
                                        "Broken pipe",
                                        "getpeername() failed",
                                        "getsockname() failed",
                                        "unexpected eof"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(detail, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Whether the two sides share no version of TLS: the server's alert, or ours on its answer. In
 * words of our own, since OpenSSL's differ with its version and name none of TLS. */
static bool was_too_old(CURLcode code, const char *detail)
{
    return code == CURLE_SSL_CONNECT_ERROR && (strstr(detail, "alert protocol version") != NULL ||
                                               strstr(detail, "unsupported protocol") != NULL);
}

static tern_status meaning(CURLcode code, const char *detail)
{
    if (code == CURLE_SSL_CONNECT_ERROR && was_cut_off(detail)) {
        return TERN_ERR_NETWORK;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            return meanings[i].status;
        }
    }
    return TERN_ERR_NETWORK;
}

tern_status trn_curl_fail(const struct tern_curl *curl, CURLcode code, tern_error *error)
{
    tern_status status = meaning(code, curl->detail);
    const char *host = trn_bytes_text(&curl->host);
    const char *detail = curl->detail[0] != '\0' ? curl->detail : curl_easy_strerror(code);

    if (was_too_old(code, curl->detail)) {
        detail = "it speaks no TLS version from 1.2 on";
    }
    switch (status) {
    case TERN_ERR_NOMEM:
        return trn_fail_nomem(error);
    case TERN_ERR_CANCELLED:
        return trn_fail(error, status, "the exchange with %s was cancelled", host);
    case TERN_ERR_TIMEOUT:
        return trn_fail(error, status, "%s did not answer in time: %s", host, detail);
    case TERN_ERR_TOO_LARGE:
        return trn_fail(error, status, "the answer of %s is larger than was asked for", host);
    case TERN_ERR_TLS_PIN:
        return trn_fail(error, status, "the public key of %s is none of the pinned ones", host);
    case TERN_ERR_TLS:
        return trn_fail(error, status, "no trusted connection to %s: %s", host, detail);
    default:
        return trn_fail(error, status, "%s cannot be reached: %s", host, detail);
    }
}
