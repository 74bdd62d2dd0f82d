/* The HTTP port of desktops against a TLS server on loopback, with certificates made for the run.
 */
#include "tern/curl.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/harness/harness.h"
#include "tests/unit/platform/tls_server.h"

enum { LIMIT = 50000 };

static tern_curl_options options_for(const struct tls_server *server)
{
    return (tern_curl_options){.size = sizeof(tern_curl_options),
                               .url = server->url,
                               .ca_file = server->ca};
}

static tern_http_request request_for(const char *path)
{
    return (tern_http_request){.path = path,
                               .content_type = "application/vnd.tern.sync+ndjson; version=1",
                               .body = "hello",
                               .body_size = 5,
                               .answer_limit_bytes = LIMIT,
                               .timeout_ms = 20000};
}

/* Opens a client, carries one request, closes; the answer is the caller's. */
static tern_status exchange(const tern_curl_options *options,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer,
                            tern_error *error)
{
    tern_curl *curl = NULL;
    tern_http_port port;
    tern_status status = tern_curl_open(options, &curl, error);

    if (status != TERN_OK) {
        return status;
    }
    tern_curl_port(curl, &port);
    status = port.exchange(port.context, request, ret_answer, error);
    tern_curl_close(curl);
    return status;
}

/* The status of one exchange at `path`, its answer thrown away. */
static tern_status outcome(const tern_curl_options *options, const char *path, tern_error *error)
{
    tern_http_request request = request_for(path);
    tern_http_answer answer = {0};
    tern_status status = exchange(options, &request, &answer, error);

    free(answer.body);
    return status;
}

static char *read_pin(const struct tls_server *server, const char *name)
{
    static char pins[2][128];
    static unsigned next;
    char *pin = pins[next++ % 2];
    FILE *file = fopen(trn_test_path(server->folder, name), "r");

    CHECK(file != NULL && fgets(pin, sizeof(pins[0]), file) != NULL);
    (void)fclose(file);
    pin[strcspn(pin, "\n")] = '\0';
    return pin;
}

TEST(a_request_arrives_as_it_was_given_and_its_answer_comes_back)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/echo");
    tern_http_answer answer = {0};
    json_t *seen;
    const json_t *headers;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    request.body_coding = "gzip";
    request.token = "abc.def-ghi";
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    CHECK(answer.status == 200 && !answer.body_is_coded && !answer.is_problem);
    CHECK_INT(answer.retry_after_ms, -1);

    seen = json_loadb(answer.body, answer.body_size, 0, NULL);
    headers = json_object_get(seen, "headers");
    CHECK_TEXT(json_string_value(json_object_get(seen, "path")), "/v1/echo");
    CHECK_TEXT(json_string_value(json_object_get(seen, "body")), "hello");
    CHECK_TEXT(json_string_value(json_object_get(headers, "authorization")), "Bearer abc.def-ghi");
    CHECK_TEXT(json_string_value(json_object_get(headers, "content-encoding")), "gzip");
    CHECK_TEXT(json_string_value(json_object_get(headers, "accept-encoding")), "gzip");
    CHECK_TEXT(json_string_value(json_object_get(headers, "content-type")),
               "application/vnd.tern.sync+ndjson; version=1");
    CHECK(json_object_get(headers, "expect") == NULL);
    json_decref(seen);
    free(answer.body);
    tls_server_stop(&server);
}

TEST(a_prefix_of_the_base_url_stands_before_the_path)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/echo");
    tern_http_answer answer = {0};
    char url[96];
    json_t *seen;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    (void)snprintf(url, sizeof(url), "%s/tern/", server.url);
    options.url = url;
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    seen = json_loadb(answer.body, answer.body_size, 0, NULL);
    CHECK_TEXT(json_string_value(json_object_get(seen, "path")), "/tern/v1/echo");
    CHECK(json_object_get(json_object_get(seen, "headers"), "authorization") == NULL);
    json_decref(seen);
    free(answer.body);
    tls_server_stop(&server);
}

TEST(one_connection_serves_many_exchanges)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/echo");
    tern_http_port port;
    tern_curl *curl = NULL;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(tern_curl_open(&options, &curl, NULL) == TERN_OK);
    tern_curl_port(curl, &port);
    for (int i = 0; i < 5; i++) {
        tern_http_answer answer = {0};
        json_t *seen;

        CHECK(port.exchange(port.context, &request, &answer, NULL) == TERN_OK);
        seen = json_loadb(answer.body, answer.body_size, 0, NULL);
        CHECK_INT(json_integer_value(json_object_get(seen, "connections")), 1);
        json_decref(seen);
        port.release(port.context, &answer);
        CHECK(answer.body == NULL);
    }
    tern_curl_close(curl);
    tls_server_stop(&server);
}

TEST(a_body_of_a_megabyte_is_sent_whole)
{
    enum { BIG = 1024 * 1024 };
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/echo");
    tern_http_answer answer = {0};
    char *body = malloc(BIG);
    json_t *seen;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    memset(body, 'x', BIG);
    request.body = body;
    request.body_size = BIG;
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    seen = json_loadb(answer.body, answer.body_size, 0, NULL);
    CHECK_INT(json_integer_value(json_object_get(seen, "size")), BIG);
    json_decref(seen);
    free(answer.body);
    free(body);
    tls_server_stop(&server);
}

TEST(a_server_of_another_authority_is_refused)
{
    struct tls_server server;
    tern_curl_options options;
    tern_error error = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    options.ca_file = trn_test_path(server.folder, "other-ca.pem");
    CHECK(outcome(&options, "/v1/echo", &error) == TERN_ERR_TLS);
    CHECK(strstr(error.message, "localhost") != NULL);
    tls_server_stop(&server);
}

TEST(the_systems_authorities_do_not_vouch_for_a_private_one)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    options.ca_file = NULL;
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_ERR_TLS);
    tls_server_stop(&server);
}

TEST(a_certificate_for_another_host_is_refused)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "other-host", NULL);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_ERR_TLS);
    tls_server_stop(&server);
}

TEST(an_expired_certificate_is_refused)
{
    struct tls_server server;
    tern_curl_options options;
    tern_error error = {0};

    tls_server_start(&server, "expired", NULL);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/echo", &error) == TERN_ERR_TLS);
    CHECK(strstr(error.message, "expired") != NULL);
    tls_server_stop(&server);
}

TEST(a_pinned_key_is_accepted_and_any_other_refused)
{
    struct tls_server server;
    tern_curl_options options;
    tern_error error = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    options.pin = read_pin(&server, "server.pin");
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_OK);
    options.pin = read_pin(&server, "backup.pin");
    CHECK(outcome(&options, "/v1/echo", &error) == TERN_ERR_TLS_PIN);
    CHECK(strstr(error.message, "pinned") != NULL);
    tls_server_stop(&server);
}

TEST(a_backup_pin_is_accepted_beside_the_first)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    options.pin = read_pin(&server, "backup.pin");
    options.backup_pin = read_pin(&server, "server.pin");
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_OK);
    tls_server_stop(&server);
}

TEST(a_right_pin_does_not_make_up_for_a_wrong_authority)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    options.pin = read_pin(&server, "server.pin");
    options.ca_file = trn_test_path(server.folder, "other-ca.pem");
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_ERR_TLS);
    tls_server_stop(&server);
}

TEST(a_slow_answer_is_a_timeout)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/slow");
    tern_http_answer answer = {.status = 77};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    request.timeout_ms = 300;
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_ERR_TIMEOUT);
    CHECK(answer.status == 77 && answer.body == NULL);
    tls_server_stop(&server);
}

TEST(an_answer_above_the_limit_is_refused_announced_or_not)
{
    struct tls_server server;
    tern_curl_options options;
    tern_error error = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/large", &error) == TERN_ERR_TOO_LARGE);
    CHECK(error.message[0] != '\0');
    CHECK(outcome(&options, "/v1/endless", NULL) == TERN_ERR_TOO_LARGE);
    tls_server_stop(&server);
}

TEST(an_answer_cut_off_is_a_network_failure)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/cut", NULL) == TERN_ERR_NETWORK);
    tls_server_stop(&server);
}

TEST(a_connection_lost_in_the_handshake_is_worth_another_attempt)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "cut", NULL);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_ERR_NETWORK);
    tls_server_stop(&server);
}

/* libcurl's own calls arrive here as well. */
static int send_fails_with;

__attribute__((visibility("default"))) ssize_t
send(int file, const void *data, size_t size, int flags)
{
    if (send_fails_with != 0) {
        errno = send_fails_with;
        return -1;
    }
    return sendto(file, data, size, flags, NULL, 0);
}

/* Which of them it is depends on who was faster. */
TEST(a_connection_that_is_gone_when_the_handshake_begins_is_worth_another_attempt)
{
    static const int codes[] = {EPIPE, ECONNRESET, ENOTCONN, ECONNABORTED};
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        send_fails_with = codes[i];
        CHECK_INT(outcome(&options, "/v1/echo", NULL), TERN_ERR_NETWORK);
    }
    send_fails_with = 0;
    CHECK_INT(outcome(&options, "/v1/echo", NULL), TERN_OK);
    tls_server_stop(&server);
}

TEST(a_packed_answer_is_handed_over_packed)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/gzip");
    tern_http_answer answer = {0};
    const unsigned char *body;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    body = answer.body;
    CHECK(answer.body_is_coded && answer.body_size > 2 && body[0] == 0x1F && body[1] == 0x8B);
    free(answer.body);
    CHECK(outcome(&options, "/v1/brotli", NULL) == TERN_ERR_HTTP);
    tls_server_stop(&server);
}

TEST(problems_and_the_time_to_come_back_are_told)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/problem");
    tern_http_answer answer = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    CHECK(answer.status == 401 && answer.is_problem && answer.retry_after_ms == -1);
    free(answer.body);
    request.path = "/v1/later";
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    CHECK(answer.status == 503 && !answer.is_problem && answer.retry_after_ms == 7000);
    free(answer.body);
    request.path = "/v1/now";
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    CHECK(answer.status == 429 && answer.retry_after_ms == 0);
    free(answer.body);
    tls_server_stop(&server);
}

TEST(a_redirect_is_shown_and_not_followed)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/moved");
    tern_http_answer answer = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(exchange(&options, &request, &answer, NULL) == TERN_OK);
    CHECK_INT(answer.status, 307);
    free(answer.body);
    tls_server_stop(&server);
}

struct cancelling {
    tern_curl *curl;
};

static void *cancel_soon(void *context)
{
    const struct cancelling *cancelling = context;

    (void)usleep(200 * 1000);
    tern_curl_cancel(cancelling->curl);
    return NULL;
}

TEST(an_exchange_is_cancelled_from_another_thread)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/slow");
    tern_http_answer answer = {0};
    struct cancelling cancelling = {0};
    tern_http_port port;
    pthread_t thread;

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    CHECK(tern_curl_open(&options, &cancelling.curl, NULL) == TERN_OK);
    tern_curl_port(cancelling.curl, &port);
    CHECK(pthread_create(&thread, NULL, cancel_soon, &cancelling) == 0);
    CHECK(port.exchange(port.context, &request, &answer, NULL) == TERN_ERR_CANCELLED);
    CHECK(pthread_join(thread, NULL) == 0);

    request.path = "/v1/echo";
    CHECK(port.exchange(port.context, &request, &answer, NULL) == TERN_ERR_CANCELLED);
    tern_curl_resume(cancelling.curl);
    CHECK(port.exchange(port.context, &request, &answer, NULL) == TERN_OK);
    port.release(port.context, &answer);
    tern_curl_close(cancelling.curl);
    tls_server_stop(&server);
}

TEST(a_server_that_is_not_there_is_a_network_failure)
{
    tern_curl_options options = {.size = sizeof(options), .url = "https://127.0.0.1:1"};

    CHECK(outcome(&options, "/v1/sync", NULL) == TERN_ERR_NETWORK);
}

TEST(plain_http_and_malformed_addresses_are_refused_at_open)
{
    static const struct {
        const char *url;
        tern_status status;
    } cases[] = {
        {"http://localhost:8080", TERN_ERR_TLS},
        {"ftp://localhost", TERN_ERR_TLS},
        {"localhost", TERN_ERR_MISUSE},
        {"", TERN_ERR_MISUSE},
        {"https://", TERN_ERR_MISUSE},
        {"https://user:word@localhost", TERN_ERR_MISUSE},
        {"https://localhost/?a=b", TERN_ERR_MISUSE},
        {"https://localhost:99999", TERN_ERR_MISUSE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tern_curl_options options = {.size = sizeof(options), .url = cases[i].url};
        tern_curl *curl = NULL;
        tern_error error = {0};

        CHECK_INT(tern_curl_open(&options, &curl, &error), cases[i].status);
        CHECK(curl == NULL && error.message[0] != '\0');
    }
}

TEST(a_pin_that_is_no_hash_and_a_missing_ca_file_are_refused_at_open)
{
    tern_curl_options options = {.size = sizeof(options), .url = "https://localhost"};
    tern_curl *curl = NULL;

    options.pin = "abcd";
    CHECK(tern_curl_open(&options, &curl, NULL) == TERN_ERR_MISUSE);
    options.pin = NULL;
    options.backup_pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    CHECK(tern_curl_open(&options, &curl, NULL) == TERN_ERR_MISUSE);
    options.backup_pin = NULL;
    options.ca_file = "/nonexistent/ca.pem";
    CHECK(tern_curl_open(&options, &curl, NULL) == TERN_ERR_IO);
    CHECK(curl == NULL);
}

TEST(a_token_cannot_add_a_header_and_is_named_in_no_message)
{
    struct tls_server server;
    tern_curl_options options;
    tern_http_request request = request_for("/v1/echo");
    tern_http_answer answer = {0};
    tern_error error = {0};

    tls_server_start(&server, "server", NULL);
    options = options_for(&server);
    request.token = "secret\r\nX-Evil: 1";
    CHECK(exchange(&options, &request, &answer, &error) == TERN_ERR_MISUSE);
    CHECK(strstr(error.message, "secret") == NULL);
    request.token = "secret";
    request.path = "/v1/slow";
    request.timeout_ms = 200;
    CHECK(exchange(&options, &request, &answer, &error) == TERN_ERR_TIMEOUT);
    CHECK(strstr(error.message, "secret") == NULL);
    tls_server_stop(&server);
}

TEST(the_environments_proxy_is_left_alone)
{
    struct tls_server server;
    tern_curl_options options;

    tls_server_start(&server, "server", NULL);
    CHECK(setenv("https_proxy", "http://127.0.0.1:1", 1) == 0);
    options = options_for(&server);
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_OK);
    options.environment_proxy = true;
    CHECK(outcome(&options, "/v1/echo", NULL) == TERN_ERR_NETWORK);
    CHECK(unsetenv("https_proxy") == 0);
    tls_server_stop(&server);
}

TEST(open_works_or_leaves_its_output_alone_when_memory_runs_out)
{
    tern_curl_options options = {.size = sizeof(options),
                                 .url = "https://localhost:8443/tern",
                                 .pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};

    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_curl *curl = NULL;
        tern_status status = tern_curl_open(&options, &curl, NULL);

        CHECK(status == TERN_OK ? curl != NULL : status == TERN_ERR_NOMEM && curl == NULL);
        tern_curl_close(curl);
    }
}
