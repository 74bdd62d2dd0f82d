/* The HTTP port of desktops and servers that speak no TLS but the old versions, on a system that
 * would let them.
 *
 * A program of its own: OpenSSL reads its settings once. */
#include "tern/curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "platform/curl/internal.h"
#include "tests/harness/harness.h"
#include "tests/unit/platform/tls_server.h"

static size_t drop(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* Whether libcurl alone, asked for nothing newer than TLS 1.0, is answered: it shows that the
 * server and this process can speak the old version, so that a refusal is ours. */
static bool is_answered_in_any_version(const struct tls_server *server)
{
    CURL *easy = curl_easy_init();
    CURLcode code;

    CHECK(easy != NULL);
    CHECK(curl_easy_setopt(easy, CURLOPT_URL, server->url) == CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_CAINFO, server->ca) == CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0) == CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK);
    code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    return code == CURLE_OK;
}

static tern_status exchange(const struct tls_server *server, tern_error *error)
{
    tern_curl_options options = {.size = sizeof(options),
                                 .url = server->url,
                                 .ca_file = server->ca};
    tern_http_request request = {.path = "/v1/echo", .timeout_ms = 20000};
    tern_http_answer answer = {0};
    tern_curl *curl = NULL;
    tern_http_port port;
    tern_status status;

    CHECK(tern_curl_open(&options, &curl, NULL) == TERN_OK);
    tern_curl_port(curl, &port);
    status = port.exchange(port.context, &request, &answer, error);
    port.release(port.context, &answer);
    tern_curl_close(curl);
    return status;
}

static void expect_refusal(const char *version)
{
    struct tls_server server;
    tern_error error = {0};

    tls_server_start(&server, "server", version);
    CHECK(is_answered_in_any_version(&server));
    CHECK_INT(exchange(&server, &error), TERN_ERR_TLS);
    CHECK_TEXT(error.message,
               "no trusted connection to localhost: it speaks no TLS version from 1.2 on");
    tls_server_stop(&server);
}

TEST(a_server_with_nothing_above_tls_1_1_is_refused)
{
    struct tls_server server;

    tls_allow_old_versions();
    expect_refusal("TLSv1");
    expect_refusal("TLSv1_1");
    tls_server_start(&server, "server", "TLSv1_2");
    CHECK_INT(exchange(&server, NULL), TERN_OK);
    tls_server_stop(&server);
}

/* What libcurl and OpenSSL say where a connection ends within the handshake, and where they refuse
 * one. */
TEST(a_connection_lost_in_its_handshake_is_no_refusal)
{
    static const struct {
        const char *detail;
        tern_status status;
    } told[] = {
        {"getpeername() failed with errno 107: Transport endpoint is not connected",
         TERN_ERR_NETWORK},
        {"getsockname() failed with errno 22: Invalid argument", TERN_ERR_NETWORK},
        {"OpenSSL SSL_connect: Connection reset by peer in connection to localhost:1",
         TERN_ERR_NETWORK},
        {"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to localhost:1", TERN_ERR_NETWORK},
        {"error:0A000410:SSL routines::sslv3 alert handshake failure", TERN_ERR_TLS},
    };

    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        struct tern_curl curl = {0};

        (void)snprintf(curl.detail, sizeof(curl.detail), "%s", told[i].detail);
        CHECK_INT(trn_curl_fail(&curl, CURLE_SSL_CONNECT_ERROR, NULL), told[i].status);
    }
}
