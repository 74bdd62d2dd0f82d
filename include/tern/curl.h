/**
 * The HTTP port of desktops, over libcurl: HTTPS and nothing else, one connection kept alive.
 *
 * TLS 1.2 or newer, HTTP/2 where the server speaks it. The server's certificate must lead to a
 * trusted authority and name the host; where pins are set, its public key must match one of them
 * as well. Redirects are not followed: a server that moved is an error for a person to see.
 * Proxies, netrc files and cookies of the environment are left alone unless the options say
 * otherwise. Tokens are sent in the Authorization header and kept nowhere else.
 */
#ifndef TERN_CURL_H
#define TERN_CURL_H

#include "tern/port.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_curl tern_curl;

typedef struct tern_curl_options {
    size_t size;     /* sizeof(tern_curl_options) */
    const char *url; /* base URL: https://host[:port][/prefix], without user, query or fragment */
    const char *ca_file;        /* PEM file of the authorities to trust, and no others; NULL: the
                                   system's */
    const char *pin;            /* base64 of the SHA-256 of the server's public key (its
                                   SubjectPublicKeyInfo); NULL: no pin */
    const char *backup_pin;     /* another key that is accepted as well; NULL: none */
    int64_t connect_timeout_ms; /* for name, connection and handshake; 0 means 10,000 */
    bool environment_proxy;     /* go through the proxy that HTTPS_PROXY names, if any */
} tern_curl_options;

/**
 * Makes a client of one server. It connects at the first exchange.
 *
 * @param options  Copied.
 * @param ret_curl Owned by the caller on success, closed with tern_curl_close; untouched on
 * failure.
 * @return TERN_OK, TERN_ERR_TLS (the URL is not https), _MISUSE (the URL or a pin is malformed),
 * _IO (the CA file cannot be read), _NOMEM.
 * @threadsafety Any thread.
 */
TERN_API TERN_MUST_USE tern_status tern_curl_open(const tern_curl_options *options,
                                                  tern_curl **ret_curl,
                                                  tern_error *error);

/**
 * The port of `curl`; valid until it is closed. One exchange at a time.
 *
 * Beyond the codes that the port promises, an answer with a content coding that was not asked for
 * is TERN_ERR_HTTP, and a path or token that cannot stand in a request TERN_ERR_MISUSE.
 */
TERN_API void tern_curl_port(tern_curl *curl, tern_http_port *ret_port);

/** Ends the exchange under way within about a second, and every later one at once, with
 * TERN_ERR_CANCELLED. Any thread, and signal handlers. */
TERN_API void tern_curl_cancel(tern_curl *curl);

/** Takes a cancellation back. Any thread. */
TERN_API void tern_curl_resume(tern_curl *curl);

/** Closes the connection and the client; NULL is accepted. No exchange may be under way. */
TERN_API void tern_curl_close(tern_curl *curl);

#ifdef __cplusplus
}
#endif
#endif
