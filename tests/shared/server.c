/* The ternd of a story: its clock, its process, and requests that are handed in as they stand. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/shared/shared.h"

void set_clock(struct story *story, const char *at)
{
    char path[PATH_BYTES + 16];
    char next[PATH_BYTES + 16];
    FILE *file;

    story->now_us = time_of(at);
    (void)snprintf(path, sizeof(path), "%s/clock", story->folder);
    (void)snprintf(next, sizeof(next), "%s/clock.next", story->folder);
    file = fopen(next, "w");
    if (file == NULL) {
        broken("%s cannot be written", next);
    }
    (void)fprintf(file, "%lld", (long long)story->now_us);
    (void)fclose(file);
    if (rename(next, path) != 0) {
        broken("%s cannot be written", path);
    }
}

/* ---- The process ---- */

static _Noreturn void run_server(const struct story *story, const char *erased)
{
    char path[PATH_BYTES];
    const char *arguments[24] = {path, story->build, story->folder, need(story->json, "schema")};
    const json_t *list = json_object_get(story->json, "users");

    (void)snprintf(path, sizeof(path), "%s/tests/shared/server", story->root);
    for (size_t i = 0; erased == NULL && i < json_array_size(list) && i < 16; i++) {
        arguments[4 + i] = json_string_value(json_array_get(list, i));
    }
    if (erased != NULL) {
        arguments[4] = "--erase";
        arguments[5] = erased;
    }
    (void)execv(path, (char **)(intptr_t)arguments);
    _exit(127);
}

void start_server(struct story *story, const char *erased)
{
    char path[PATH_BYTES + 16];
    const struct timespec moment = {.tv_nsec = 10000000};

    (void)snprintf(path, sizeof(path), "%s/port", story->folder);
    if (remove(path) != 0 && errno != ENOENT) {
        broken("%s cannot be removed", path);
    }
    (void)fflush(NULL);
    story->server = fork();
    if (story->server == 0) {
        run_server(story, erased);
    }
    for (int i = 0; i < 6000 && waitpid(story->server, NULL, WNOHANG) == 0; i++) {
        FILE *file = fopen(path, "r");
        bool found = file != NULL && fscanf(file, "%d", &story->port) == 1;

        if (file != NULL) {
            (void)fclose(file);
        }
        if (found) {
            return;
        }
        (void)nanosleep(&moment, NULL);
    }
    broken("ternd does not start: %s/server.log", story->folder);
}

void stop_server(struct story *story)
{
    if (story->server > 0) {
        (void)kill(story->server, SIGTERM);
        (void)waitpid(story->server, NULL, 0);
    }
    story->server = 0;
}

/* ---- Ways to it ---- */

char *read_token(const struct story *story, const char *user)
{
    char path[PATH_BYTES + 64];
    size_t size;
    char *token;

    (void)snprintf(path, sizeof(path), "%s/%s.token", story->folder, user);
    token = read_file(path, &size);
    token[strcspn(token, "\n")] = '\0';
    return token;
}

tern_status open_curl(const struct story *story, tern_curl **ret_curl, tern_error *error)
{
    char url[64];
    char ca_file[PATH_BYTES + 16];
    const tern_curl_options options = {.size = sizeof(options), .url = url, .ca_file = ca_file};

    (void)snprintf(url, sizeof(url), "https://localhost:%d", story->port);
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", story->folder);
    return tern_curl_open(&options, ret_curl, error);
}

/* ---- Requests as they stand ---- */

/* A line, and in the place of its words what the server's last answer told. */
static void write_line(const struct story *story, const char *line, FILE *body)
{
    const char *word;

    while ((word = strchr(line, '$')) != NULL) {
        const char *told = word[1] == 'e' ? story->epoch : story->cursor;

        (void)fprintf(body, "%.*s%s", (int)(word - line), line, told == NULL ? "" : told);
        line = word + strcspn(word + 1, "$") + 2;
    }
    (void)fprintf(body, "%s\n", line);
}

/* The text of an answer's member replaces what was told before. */
static void keep_word(char **word, const char *answer, const char *member)
{
    const char *text = strstr(answer, member);

    if (text != NULL) {
        text += strlen(member);
        free(*word);
        *word = strndup(text, strcspn(text, "\""));
    }
}

static void judge_answer(struct story *story, const json_t *step, int status, const char *answer)
{
    const json_t *parts = json_object_get(step, "answer");
    bool same = status == json_integer_value(json_object_get(step, "status"));

    for (size_t i = 0; i < json_array_size(parts); i++) {
        same = same && strstr(answer, json_string_value(json_array_get(parts, i))) != NULL;
    }
    if (!same) {
        char *text = json_dumps(step, JSON_INDENT(1));

        broken("%s\nis answered %d: %s", text, status, answer);
    }
    keep_word(&story->epoch, answer, "\"epoch\":\"");
    keep_word(&story->cursor, answer, "\"cursor\":\"");
}

static void play_request(struct story *story, const json_t *step)
{
    const json_t *lines = json_object_get(step, "lines");
    char *token = read_token(story, need(step, "user"));
    char *body = NULL;
    char *text;
    tern_http_request request = {.path = "/v1/sync",
                                 .content_type = "application/vnd.tern.sync+ndjson; version=1",
                                 .accept_codings = "identity",
                                 .token = token,
                                 .answer_limit_bytes = 1 << 20,
                                 .timeout_ms = 60000};
    FILE *file = open_memstream(&body, &request.body_size);
    tern_http_answer answer = {.status = 0};
    tern_http_port port;
    tern_curl *curl = NULL;
    tern_error error;

    if (file == NULL) {
        broken("no memory for a request");
    }
    for (size_t i = 0; i < json_array_size(lines); i++) {
        write_line(story, json_string_value(json_array_get(lines, i)), file);
    }
    (void)fclose(file);
    request.body = body;
    if (open_curl(story, &curl, &error) != TERN_OK) {
        broken("no client: %s", error.message);
    }
    tern_curl_port(curl, &port);
    if (port.exchange(port.context, &request, &answer, &error) != TERN_OK) {
        broken("no answer: %s", error.message);
    }
    text = strndup(answer.body, answer.body_size);
    judge_answer(story, step, answer.status, text);
    port.release(port.context, &answer);
    tern_curl_close(curl);
    free(text);
    free(body);
    free(token);
}

bool play_server(struct story *story, const json_t *step, const char *what)
{
    if (strcmp(what, "request") == 0) {
        play_request(story, step);
    } else if (strcmp(what, "erase") == 0) {
        stop_server(story);
        start_server(story, need(step, "user"));
    } else {
        return false;
    }
    return true;
}
