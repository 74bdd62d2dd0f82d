/* ternd as a process of its own on loopback, and plain HTTPS to it. */
#include "tests/e2e/server/daemon.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <jwt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char secret[] = "a secret of the tests, long enough";

enum { ARGUMENTS_MAX = 48, START_MS = 20000 };

const char *daemon_path(const struct daemon *daemon, const char *name)
{
    return trn_test_path(daemon->folder, name);
}

void daemon_prepare(struct daemon *daemon)
{
    char command[1024];
    FILE *file;

    memset(daemon, 0, sizeof(*daemon));
    (void)snprintf(daemon->folder, sizeof(daemon->folder), "%s", trn_test_folder());
    (void)snprintf(command,
                   sizeof(command),
                   "'%s/tests/fixtures/tls/make-certificates' '%s'",
                   TERN_SOURCE_DIR,
                   daemon->folder);
    CHECK(system(command) == 0);
    file = fopen(daemon_path(daemon, "token.key"), "w");
    CHECK(file != NULL && fputs(secret, file) >= 0 && fputc('\n', file) != EOF);
    CHECK(fclose(file) == 0);
    daemon->curl = curl_easy_init();
    CHECK(daemon->curl != NULL);
}

static size_t fill_arguments(const struct daemon *daemon,
                             const char *const *more,
                             const char *arguments[ARGUMENTS_MAX])
{
    static char paths[6][512];
    static const char *const files[6] =
        {"server.db", "server.pem", "server.key", "token.key", "port", NULL};
    const char *fixed[] = {TERND_PROGRAM,
                           "--schema",
                           TERN_SOURCE_DIR "/schemas/dastern.json",
                           "--port",
                           "0",
                           "--database",
                           paths[0],
                           "--certificate",
                           paths[1],
                           "--private-key",
                           paths[2],
                           "--token-key",
                           paths[3],
                           "--port-file",
                           paths[4]};
    size_t count = 0;

    for (size_t index = 0; files[index] != NULL; index++) {
        (void)snprintf(paths[index], sizeof(paths[index]), "%s/%s", daemon->folder, files[index]);
    }
    for (; count < sizeof(fixed) / sizeof(fixed[0]); count++) {
        arguments[count] = fixed[count];
    }
    for (size_t index = 0; more != NULL && more[index] != NULL; index++) {
        arguments[count++] = more[index];
    }
    arguments[count] = NULL;
    return count;
}

static void run(const struct daemon *daemon, const char *const *arguments)
{
    int log = open(daemon_path(daemon, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0) {
        _exit(126);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
    (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static int read_port(const struct daemon *daemon)
{
    FILE *file = fopen(daemon_path(daemon, "port"), "r");
    int port = 0;

    if (file != NULL) {
        if (fscanf(file, "%d", &port) != 1) {
            port = 0;
        }
        (void)fclose(file);
    }
    return port;
}

void daemon_start(struct daemon *daemon, const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX];

    (void)fill_arguments(daemon, more, arguments);
    (void)unlink(daemon_path(daemon, "port"));
    daemon->port = 0;
    daemon->pid = fork();
    CHECK(daemon->pid >= 0);
    if (daemon->pid == 0) {
        run(daemon, arguments);
    }
    for (int waited = 0; waited < START_MS && daemon->port == 0; waited += 5) {
        (void)usleep(5000);
        daemon->port = read_port(daemon);
        if (daemon->port == 0 && waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid) {
            char *log = daemon_log(daemon);

            CHECK_TEXT(log, "a server that listens");
            free(log);
        }
    }
    CHECK(daemon->port != 0);
}

int daemon_wait(struct daemon *daemon)
{
    int status = 0;

    CHECK(waitpid(daemon->pid, &status, 0) == daemon->pid);
    daemon->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int daemon_run(struct daemon *daemon, const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX];

    (void)fill_arguments(daemon, more, arguments);
    daemon->pid = fork();
    CHECK(daemon->pid >= 0);
    if (daemon->pid == 0) {
        run(daemon, arguments);
    }
    return daemon_wait(daemon);
}

int daemon_stop(struct daemon *daemon, int signal)
{
    CHECK(kill(daemon->pid, signal) == 0);
    return daemon_wait(daemon);
}

void daemon_free(struct daemon *daemon)
{
    if (daemon->pid > 0) {
        (void)daemon_stop(daemon, SIGKILL);
    }
    curl_easy_cleanup(daemon->curl);
}

char *daemon_log(const struct daemon *daemon)
{
    FILE *file = fopen(daemon_path(daemon, "log"), "r");
    char *text = calloc(1, 1 << 20);

    CHECK(file != NULL && text != NULL);
    (void)fread(text, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return text;
}

char *daemon_token(const tern_id *user, const char *audience, const char *role, long seconds)
{
    char id[TERN_ID_TEXT_BYTES];
    jwt_t *jwt = NULL;
    char *token;
    char *header;

    tern_id_format(user, id);
    CHECK(jwt_new(&jwt) == 0 && jwt_add_grant(jwt, "sub", id) == 0);
    CHECK(jwt_add_grant(jwt, "aud", audience) == 0);
    CHECK(jwt_add_grant_int(jwt, "exp", (long)time(NULL) + seconds) == 0);
    CHECK(role == NULL || jwt_add_grant(jwt, "role", role) == 0);
    CHECK(jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, sizeof(secret) - 1) == 0);
    token = jwt_encode_str(jwt);
    CHECK(token != NULL);
    header = malloc(strlen(token) + 64);
    CHECK(header != NULL);
    (void)sprintf(header, "Authorization: Bearer %s", token);
    free(token);
    jwt_free(jwt);
    return header;
}

/* ---- HTTPS ---- */

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    return trn_bytes_append(context, data, size * count) == TERN_OK ? size * count : 0;
}

static size_t hang_up(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)size;
    (void)count;
    (void)context;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct http_reply *reply = context;

    if (size * count > 22 && strncasecmp(data, "Content-Encoding: gzip", 22) == 0) {
        reply->was_gzip = true;
    }
    return size * count;
}

static struct curl_slist *list_of(const char *const *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (size_t index = 0; headers != NULL && headers[index] != NULL; index++) {
        list = curl_slist_append(list, headers[index]);
    }
    return list;
}

static void
set_up(struct daemon *daemon, const char *method, struct trn_slice body, struct http_reply *reply)
{
    CURL *curl = daemon->curl;
    char authority[sizeof(daemon->folder) + 16];

    (void)snprintf(authority, sizeof(authority), "%s/ca.pem", daemon->folder);
    curl_easy_reset(curl);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, authority);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, daemon->hangs_up ? hang_up : on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (body.data != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    }
}

void daemon_request(struct daemon *daemon,
                    const char *method,
                    const char *path,
                    const char *const *headers,
                    struct trn_slice body,
                    struct http_reply *ret_reply)
{
    struct curl_slist *list = list_of(headers);
    char *type = NULL;
    char url[256];

    memset(ret_reply, 0, sizeof(*ret_reply));
    set_up(daemon, method, body, ret_reply);
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d%s", daemon->port, path);
    (void)curl_easy_setopt(daemon->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(daemon->curl, CURLOPT_HTTPHEADER, list);
    ret_reply->failed = curl_easy_perform(daemon->curl) != CURLE_OK;
    (void)curl_easy_getinfo(daemon->curl, CURLINFO_RESPONSE_CODE, &ret_reply->status);
    (void)curl_easy_getinfo(daemon->curl, CURLINFO_CONTENT_TYPE, &type);
    (void)snprintf(ret_reply->type, sizeof(ret_reply->type), "%s", type == NULL ? "" : type);
    curl_slist_free_all(list);
}

void http_reply_free(struct http_reply *reply)
{
    trn_bytes_free(&reply->body);
    memset(reply, 0, sizeof(*reply));
}
