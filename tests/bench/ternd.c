/* Starts and stops ternd, and makes the tokens that it takes. */
#include "tests/bench/ternd.h"

#include <fcntl.h>
#include <jwt.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32, START_TRIES = 2000, TOKEN_LIFE_S = 86400 };

extern char **environ;

static const char secret[] = "a secret of the benchmark alone, 48 bytes long..";

/* Those that run, so that a failure leaves none behind. */
static pid_t running[8];

static void end_running(void)
{
    for (size_t i = 0; i < sizeof(running) / sizeof(*running); i++) {
        if (running[i] != 0) {
            kill(running[i], SIGKILL);
        }
    }
}

static void note_running(pid_t before, pid_t after)
{
    static bool installed;

    if (!installed) {
        bench_check(atexit(end_running) == 0, "memory");
        installed = true;
    }
    for (size_t i = 0; i < sizeof(running) / sizeof(*running); i++) {
        if (running[i] == before) {
            running[i] = after;
            return;
        }
    }
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    bench_check(file != NULL, path);
    bench_check(fwrite(text, 1, size, file) == size && fclose(file) == 0, path);
}

static char *argument(const char *text)
{
    union {
        const char *in;
        char *out;
    } cast = {text}; /* posix_spawn takes them unchanged */

    return cast.out;
}

static void spawn(struct bench_ternd *server, const char *const *texts)
{
    const char *log = bench_path("ternd.log");
    posix_spawn_file_actions_t actions;
    char *arguments[ARGUMENTS_MAX + 1] = {NULL};
    int code;

    for (size_t i = 0; i < ARGUMENTS_MAX && texts[i] != NULL; i++) {
        arguments[i] = argument(texts[i]);
    }
    bench_check(posix_spawn_file_actions_init(&actions) == 0, "memory");
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    code = posix_spawn(&server->pid, bench_settings.server, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    bench_check(code == 0, "start ternd");
    note_running(0, server->pid);
}

/* The port appears in its file once the server listens. */
static unsigned wait_for_port(struct bench_ternd *server, const char *path)
{
    unsigned port = 0;

    for (unsigned tries = 0; tries < START_TRIES && port == 0; tries++) {
        FILE *file = fopen(path, "r");

        if (file != NULL) {
            if (fscanf(file, "%u", &port) != 1) {
                port = 0;
            }
            fclose(file);
        }
        if (waitpid(server->pid, NULL, WNOHANG) != 0) {
            note_running(server->pid, 0);
            bench_check(false, "ternd ended at once; see ternd.log");
        }
        bench_sleep_ms(5);
    }
    bench_check(port != 0, "ternd does not listen");
    return port;
}

void bench_ternd_start(struct bench_ternd *server,
                       const char *name,
                       const char *document,
                       size_t document_size,
                       const char *extra)
{
    char certificate[1024];
    char private_key[1024];
    const char *schema = bench_path("server-schema.json");
    const char *key = bench_path("token.key");
    const char *port_file = bench_path("port");
    const char *const arguments[ARGUMENTS_MAX] = {bench_settings.server,
                                                  "--database",
                                                  bench_path(name),
                                                  "--schema",
                                                  schema,
                                                  "--certificate",
                                                  certificate,
                                                  "--private-key",
                                                  private_key,
                                                  "--token-algorithm",
                                                  "HS256",
                                                  "--token-key",
                                                  key,
                                                  "--port",
                                                  "0",
                                                  "--port-file",
                                                  port_file,
                                                  "--log-level",
                                                  "error",
                                                  "--body-bytes",
                                                  "16777216",
                                                  extra,
                                                  NULL};

    snprintf(certificate, sizeof(certificate), "%s/server.pem", bench_settings.tls);
    snprintf(private_key, sizeof(private_key), "%s/server.key", bench_settings.tls);
    snprintf(server->ca, sizeof(server->ca), "%s/ca.pem", bench_settings.tls);
    write_file(schema, document, document_size);
    write_file(key, secret, strlen(secret));
    unlink(port_file);
    spawn(server, arguments);
    snprintf(server->url,
             sizeof(server->url),
             "https://127.0.0.1:%u",
             wait_for_port(server, port_file));
}

void bench_ternd_stop(struct bench_ternd *server)
{
    int status = 0;

    bench_check(kill(server->pid, SIGTERM) == 0, "stop ternd");
    bench_check(waitpid(server->pid, &status, 0) == server->pid, "stop ternd");
    note_running(server->pid, 0);
    bench_check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ternd did not end well");
}

double bench_ternd_cpu_s(const struct bench_ternd *server)
{
    struct timespec used;
    clockid_t clock;

    bench_check(clock_getcpuclockid(server->pid, &clock) == 0, "CPU clock of ternd");
    bench_check(clock_gettime(clock, &used) == 0, "CPU clock of ternd");
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

void bench_ternd_token(const tern_id *user, enum bench_power power, char *token, size_t room)
{
    char subject[TERN_ID_TEXT_BYTES];
    jwt_t *jwt = NULL;
    char *text;

    tern_id_format(user, subject);
    bench_check(jwt_new(&jwt) == 0, "memory");
    bench_check(
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) == 0 &&
            jwt_add_grant(jwt, "sub", subject) == 0 && jwt_add_grant(jwt, "aud", "tern") == 0 &&
            jwt_add_grant_int(jwt, "exp", (long)time(NULL) + TOKEN_LIFE_S) == 0,
        "token");
    if (power == BENCH_OPERATOR) {
        bench_check(jwt_add_grant(jwt, "role", "operator") == 0, "token");
    }
    text = jwt_encode_str(jwt);
    bench_check(text != NULL && strlen(text) < room, "token");
    strcpy(token, text);
    free(text);
    jwt_free(jwt);
}
