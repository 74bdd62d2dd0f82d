/** What the files of the libcurl port share. */
#ifndef TRN_PLATFORM_CURL_INTERNAL_H
#define TRN_PLATFORM_CURL_INTERNAL_H

#include <stdatomic.h>

#include <curl/curl.h>

#include "base/bytes.h"
#include "tern/curl.h"

struct tern_curl {
    CURL *easy;            /* kept from exchange to exchange, and with it the connection */
    struct trn_bytes base; /* the base URL, without a slash at its end */
    struct trn_bytes host; /* for messages */
    char detail[CURL_ERROR_SIZE];
    atomic_bool cancelled;
};

/** Carries one POST; the `exchange` of the port. */
tern_status trn_curl_exchange(void *context,
                              const tern_http_request *request,
                              tern_http_answer *ret_answer,
                              tern_error *error);

/** Releases an answer's body; the `release` of the port. */
void trn_curl_release(void *context, tern_http_answer *answer);

/** Tells what a failed transfer means, and notes it in `error`, which names the host and never
 * what was sent. */
TERN_MUST_USE tern_status trn_curl_fail(const struct tern_curl *curl,
                                        CURLcode code,
                                        tern_error *error);

#endif
