/* What ternd says over HTTPS to good requests and to bad ones. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/server/daemon.h"
#include "tests/unit/schema/documents.h"
#include "tests/unit/server/lab.h"
#include "wire/gzip.h"
#include "wire/limits.h"

static const char type[] = "Content-Type: application/vnd.tern.sync+ndjson; version=1";

/* A running server and a phone that has something to push. */
struct scene {
    struct daemon daemon;
    struct lab lab; /* its schema and clock alone */
    struct phone phone;
    struct trn_bytes body;
    char *token;
};

static void scene_open(struct scene *scene, const char *const *arguments)
{
    memset(scene, 0, sizeof(*scene));
    daemon_prepare(&scene->daemon);
    daemon_start(&scene->daemon, arguments);
    scene->lab.schema = documents_dastern();
    scene->lab.now_us = (int64_t)time(NULL) * 1000000;
    phone_open(&scene->phone, &scene->lab, 1, 1);
    phone_insert_user(&scene->phone, "PATIENT");
    phone_insert_prescription(&scene->phone, lab_id('p', 1), scene->phone.auth.user, "ខ្មែរ 💊");
    phone_request(&scene->phone, 100, &scene->body);
    scene->token = daemon_token(&scene->phone.auth.user, "tern", NULL, 60);
}

static void scene_close(struct scene *scene)
{
    CHECK_INT(daemon_stop(&scene->daemon, SIGTERM), 0);
    daemon_free(&scene->daemon);
    trn_bytes_free(&scene->body);
    phone_close(&scene->phone);
    trn_schema_free(scene->lab.schema);
    free(scene->token);
}

/* Whether docs/openapi.yaml lists the status for the path; what it has no such path for is 404. */
static void check_listed(const char *path, long status)
{
    char *text = documents_read("docs/openapi.yaml");
    char heading[64];
    char key[32];
    char *from;
    char *end;

    (void)snprintf(heading, sizeof(heading), "\n  %s:\n", path);
    (void)snprintf(key, sizeof(key), "\n        '%ld':\n", status);
    CHECK(text != NULL);
    from = strstr(text, heading);
    CHECK((from == NULL) == (status == 404));
    if (from != NULL) {
        end = strstr(from, "\ncomponents:");
        if (strstr(from + 1, "\n  /") != NULL) {
            end = strstr(from + 1, "\n  /");
        }
        CHECK(end != NULL);
        *end = '\0';
        if (strstr(from, key) == NULL) {
            fail_msg("%s answers %ld, which docs/openapi.yaml does not list", path, status);
        }
    }
    free(text);
}

/* The status of a problem, whose code must be this one. */
static long problem(struct scene *scene,
                    const char *method,
                    const char *path,
                    const char *const *headers,
                    struct trn_slice body,
                    const char *code)
{
    struct http_reply reply;
    char member[64];
    long status;

    daemon_request(&scene->daemon, method, path, headers, body, &reply);
    CHECK(!reply.failed);
    CHECK_TEXT(reply.type, "application/problem+json");
    (void)snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
    if (strstr(trn_bytes_text(&reply.body), member) == NULL) {
        CHECK_TEXT(trn_bytes_text(&reply.body), member);
    }
    status = reply.status;
    check_listed(path, status);
    http_reply_free(&reply);
    return status;
}

static long problem_of_post(struct scene *scene,
                            const char *token,
                            const char *content_type,
                            struct trn_slice body,
                            const char *code)
{
    const char *headers[] = {token, content_type, NULL};

    return problem(scene, "POST", "/v1/sync", headers, body, code);
}

TEST(an_exchange_pushes_and_pulls_over_https)
{
    struct scene scene;
    struct http_reply reply;
    const char *headers[] = {NULL, type, NULL};

    scene_open(&scene, NULL);
    headers[0] = scene.token;
    daemon_request(&scene.daemon,
                   "POST",
                   "/v1/sync",
                   headers,
                   trn_bytes_slice(&scene.body),
                   &reply);
    CHECK_INT(reply.status, 200);
    CHECK_TEXT(reply.type, "application/vnd.tern.sync+ndjson; version=1");
    CHECK(reply.was_gzip);
    CHECK(strstr(trn_bytes_text(&reply.body), "[\"v\",0,\"applied\",1,") != NULL);
    CHECK(strstr(trn_bytes_text(&reply.body), "[\"v\",1,\"applied\",2,") != NULL);
    CHECK(strstr(trn_bytes_text(&reply.body), "ខ្មែរ 💊") != NULL);
    http_reply_free(&reply);
    scene_close(&scene);
}

TEST(a_gzipped_request_is_taken)
{
    struct scene scene;
    struct http_reply reply;
    struct trn_bytes packed = {0};
    const char *headers[] = {NULL, type, "Content-Encoding: gzip", NULL};

    scene_open(&scene, NULL);
    headers[0] = scene.token;
    CHECK(trn_gzip(trn_bytes_slice(&scene.body), 6, &packed, NULL) == TERN_OK);
    daemon_request(&scene.daemon, "POST", "/v1/sync", headers, trn_bytes_slice(&packed), &reply);
    CHECK_INT(reply.status, 200);
    http_reply_free(&reply);
    trn_bytes_free(&packed);
    scene_close(&scene);
}

TEST(health_and_metrics_are_served_without_a_token)
{
    struct scene scene;
    struct http_reply reply;
    struct trn_slice none = {0};

    scene_open(&scene, NULL);
    daemon_request(&scene.daemon, "GET", "/healthz", NULL, none, &reply);
    CHECK_INT(reply.status, 200);
    CHECK_TEXT(trn_bytes_text(&reply.body), "{\"status\":\"ok\"}\n");
    http_reply_free(&reply);
    daemon_request(&scene.daemon, "GET", "/metrics", NULL, none, &reply);
    CHECK_INT(reply.status, 200);
    CHECK(strstr(trn_bytes_text(&reply.body), "\nternd_requests_total{status=\"2xx\"} 1\n") !=
          NULL);
    CHECK(strstr(trn_bytes_text(&reply.body), "\nternd_connections 1\n") != NULL);
    http_reply_free(&reply);
    scene_close(&scene);
}

TEST(a_wrong_path_method_or_media_type_is_told)
{
    struct scene scene;
    struct trn_slice none = {0};
    struct trn_slice body;

    scene_open(&scene, NULL);
    body = trn_bytes_slice(&scene.body);
    CHECK_INT(problem(&scene, "GET", "/", NULL, none, "PROTOCOL"), 404);
    CHECK_INT(problem(&scene, "POST", "/v1/sync/", NULL, body, "PROTOCOL"), 404);
    CHECK_INT(problem(&scene, "GET", "/v1/sync", NULL, none, "PROTOCOL"), 405);
    CHECK_INT(problem(&scene, "DELETE", "/v1/sync", NULL, none, "PROTOCOL"), 405);
    CHECK_INT(problem(&scene, "POST", "/healthz", NULL, body, "PROTOCOL"), 405);
    CHECK_INT(problem_of_post(&scene, scene.token, "Content-Type: text/plain", body, "PROTOCOL"),
              415);
    CHECK_INT(problem_of_post(&scene,
                              scene.token,
                              "Content-Type: application/vnd.tern.sync+ndjson; version=2",
                              body,
                              "PROTOCOL"),
              415);
    scene_close(&scene);
}

TEST(expired_missing_forged_and_misdirected_tokens_are_refused)
{
    struct scene scene;
    char *expired;
    char *elsewhere;
    char *forged;
    struct trn_slice body;

    scene_open(&scene, NULL);
    body = trn_bytes_slice(&scene.body);
    expired = daemon_token(&scene.phone.auth.user, "tern", NULL, -1);
    elsewhere = daemon_token(&scene.phone.auth.user, "elsewhere", NULL, 60);
    forged = daemon_token(&scene.phone.auth.user, "tern", NULL, 60);
    forged[strlen(forged) - 2] = forged[strlen(forged) - 2] == 'x' ? 'y' : 'x';
    CHECK_INT(problem_of_post(&scene, "X-None: 1", type, body, "UNAUTHORIZED"), 401);
    CHECK_INT(problem_of_post(&scene, expired, type, body, "UNAUTHORIZED"), 401);
    CHECK_INT(problem_of_post(&scene, elsewhere, type, body, "UNAUTHORIZED"), 401);
    CHECK_INT(problem_of_post(&scene, forged, type, body, "UNAUTHORIZED"), 401);
    free(expired);
    free(elsewhere);
    free(forged);
    scene_close(&scene);
}

TEST(what_is_too_large_or_a_bomb_is_refused_unread)
{
    static const char *const limits[] = {"--body-bytes",
                                         "65536",
                                         "--expanded-bytes",
                                         "1048576",
                                         NULL};
    const char *headers[] = {NULL, type, "Content-Encoding: gzip", NULL};
    struct scene scene;
    struct trn_bytes plain = {0};
    struct trn_bytes bomb = {0};

    scene_open(&scene, limits);
    headers[0] = scene.token;
    CHECK(trn_bytes_reserve(&plain, 4 << 20) == TERN_OK);
    memset(plain.data, '[', 4 << 20);
    plain.size = 100000;
    CHECK_INT(problem_of_post(&scene, scene.token, type, trn_bytes_slice(&plain), "TOO_LARGE"),
              413);
    plain.size = 4 << 20;
    CHECK(trn_gzip(trn_bytes_slice(&plain), 9, &bomb, NULL) == TERN_OK);
    CHECK(bomb.size < 65536);
    CHECK_INT(problem(&scene, "POST", "/v1/sync", headers, trn_bytes_slice(&bomb), "TOO_LARGE"),
              413);
    trn_bytes_clear(&bomb);
    CHECK(trn_gzip(trn_bytes_slice(&scene.body), 9, &bomb, NULL) == TERN_OK);
    CHECK_INT(problem(&scene,
                      "POST",
                      "/v1/sync",
                      headers,
                      trn_slice_make(bomb.data, bomb.size / 2),
                      "PROTOCOL"),
              400);
    CHECK_INT(problem(&scene, "POST", "/v1/sync", headers, trn_slice_text("not gzip"), "PROTOCOL"),
              400);
    headers[2] = "Content-Encoding: br";
    CHECK_INT(problem(&scene, "POST", "/v1/sync", headers, trn_slice_text("?"), "PROTOCOL"), 415);
    trn_bytes_free(&plain);
    trn_bytes_free(&bomb);
    scene_close(&scene);
}

/* Text in which nothing repeats, of characters that JSON does not escape; freed with free. */
static char *noise(size_t size, uint32_t seed)
{
    char *text = malloc(size + 1);

    CHECK(text != NULL);
    for (size_t index = 0; index < size; index++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        text[index] = (char)('#' + (seed >> 24) % 57); /* up to '[' */
    }
    text[size] = '\0';
    return text;
}

TEST(the_largest_transaction_is_taken_however_little_it_compresses)
{
    enum { ROWS = 8, BYTES = 1020 * 1024 };
    struct scene scene;
    const char *headers[] = {NULL, type, NULL, NULL};
    struct trn_bytes body = {0};
    struct trn_bytes packed = {0};
    struct http_reply reply;

    scene_open(&scene, NULL);
    headers[0] = scene.token;
    phone_begin(&scene.phone, TRN_ENTRY_RECORDED);
    for (unsigned row = 0; row < ROWS; row++) {
        struct trn_change change =
            lab_change(&scene.lab, TRN_OP_INSERT, "prescriptions", lab_id('p', 10 + row));
        char *text = noise(BYTES, row);

        lab_set(&change, "patient_id", tern_value_id(&scene.phone.auth.user));
        lab_set(&change, "patient_name", tern_value_text("Patient"));
        lab_set(&change, "symptoms", tern_value_text(text));
        phone_change(&scene.phone, &change);
        free(text);
    }
    phone_commit(&scene.phone);
    phone_request(&scene.phone, 0, &body);
    CHECK(body.size > TRN_WIRE_TX_BYTES_MAX - 40000 && body.size < TRN_WIRE_TX_BYTES_MAX);
    CHECK(trn_gzip(trn_bytes_slice(&body), 1, &packed, NULL) == TERN_OK);
    CHECK(packed.size > 5 << 20);
    daemon_request(&scene.daemon, "POST", "/v1/sync", headers, trn_bytes_slice(&body), &reply);
    CHECK_INT(reply.status, 200);
    CHECK(strstr(trn_bytes_text(&reply.body), "[\"v\",2,\"applied\"") != NULL);
    http_reply_free(&reply);
    headers[2] = "Content-Encoding: gzip";
    daemon_request(&scene.daemon, "POST", "/v1/sync", headers, trn_bytes_slice(&packed), &reply);
    CHECK_INT(reply.status, 200);
    CHECK(strstr(trn_bytes_text(&reply.body), "[\"v\",2,\"duplicate\"") != NULL);
    http_reply_free(&reply);
    trn_bytes_free(&body);
    trn_bytes_free(&packed);
    scene_close(&scene);
}

TEST(malformed_bodies_are_refused)
{
    struct scene scene;

    scene_open(&scene, NULL);
    CHECK_INT(problem_of_post(&scene, scene.token, type, trn_slice_text("{}\n"), "PROTOCOL"), 400);
    CHECK_INT(problem_of_post(&scene, scene.token, type, trn_slice_text(""), "PROTOCOL"), 400);
    CHECK_INT(problem_of_post(&scene,
                              scene.token,
                              type,
                              trn_slice_make(scene.body.data, scene.body.size - 1),
                              "PROTOCOL"),
              400);
    scene_close(&scene);
}

/* Neither the log nor what is said to the client. */
static void check_silent(const char *text)
{
    CHECK(strstr(text, "eyJ") == NULL);
    CHECK(strstr(text, "ខ្មែរ") == NULL);
    CHECK(strstr(text, "PATIENT") == NULL);
    CHECK(strstr(text, "forged") == NULL);
}

static void ask(struct scene *scene, const char *token, struct trn_slice body, long status)
{
    const char *headers[] = {token, type, NULL};
    struct http_reply reply;

    daemon_request(&scene->daemon, "POST", "/v1/sync", headers, body, &reply);
    CHECK_INT(reply.status, status);
    if (status != 200) {
        check_silent(trn_bytes_text(&reply.body));
    }
    http_reply_free(&reply);
}

TEST(the_log_holds_neither_tokens_nor_what_rows_hold)
{
    static const char forged[] = "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.forged.forged";
    struct scene scene;
    struct trn_slice body;
    uint8_t *khmer;
    char *log;

    scene_open(&scene, NULL);
    body = trn_bytes_slice(&scene.body);
    ask(&scene, scene.token, body, 200);
    ask(&scene, forged, body, 401);
    ask(&scene, scene.token, trn_slice_make(body.data, body.size - 1), 400);
    khmer = (uint8_t *)strstr(trn_bytes_text(&scene.body), "ខ្មែរ");
    CHECK(khmer != NULL);
    khmer[3] = '"'; /* the line breaks in the middle of the value */
    ask(&scene, scene.token, body, 400);
    khmer[3] = 0xff;
    ask(&scene, scene.token, body, 400);
    log = daemon_log(&scene.daemon);
    CHECK(strstr(log, "\"path\":\"/v1/sync\"") != NULL);
    check_silent(log);
    free(log);
    scene_close(&scene);
}
