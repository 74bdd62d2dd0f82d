/* ternd, on a system that would let it speak any version of TLS, and clients of each.
 *
 * A program of its own: OpenSSL reads its settings once. */
#include <signal.h>
#include <stdio.h>

#include <curl/curl.h>

#include "tests/e2e/server/daemon.h"
#include "tests/harness/harness.h"
#include "tests/unit/platform/tls_server.h"

static size_t drop(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* What comes of one request by a client of no version above `highest`, but all below. */
static CURLcode ask(const char *url, const char *authority, long highest)
{
    CURL *easy = curl_easy_init();
    CURLcode code;

    CHECK(easy != NULL);
    CHECK(curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_CAINFO, authority) == CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0 | highest) ==
          CURLE_OK);
    CHECK(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK);
    code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    return code;
}

/* That a client of old versions can be built here at all, so that a refusal is the server's. */
static void check_that_clients_speak(const char *version, long highest)
{
    struct tls_server server;

    tls_server_start(&server, "server", version);
    CHECK_INT(ask(server.url, server.ca, highest), CURLE_OK);
    tls_server_stop(&server);
}

TEST(clients_with_nothing_above_tls_1_1_are_refused)
{
    struct daemon daemon;
    char url[128];

    tls_allow_old_versions();
    check_that_clients_speak("TLSv1", CURL_SSLVERSION_MAX_TLSv1_0);
    check_that_clients_speak("TLSv1_1", CURL_SSLVERSION_MAX_TLSv1_1);
    daemon_prepare(&daemon);
    daemon_start(&daemon, NULL);
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/healthz", daemon.port);
    CHECK_INT(ask(url, daemon_path(&daemon, "ca.pem"), CURL_SSLVERSION_MAX_TLSv1_0),
              CURLE_SSL_CONNECT_ERROR);
    CHECK_INT(ask(url, daemon_path(&daemon, "ca.pem"), CURL_SSLVERSION_MAX_TLSv1_1),
              CURLE_SSL_CONNECT_ERROR);
    CHECK_INT(ask(url, daemon_path(&daemon, "ca.pem"), CURL_SSLVERSION_MAX_TLSv1_2), CURLE_OK);
    CHECK_INT(daemon_stop(&daemon, SIGTERM), 0);
    daemon_free(&daemon);
}
