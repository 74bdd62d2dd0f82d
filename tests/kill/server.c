/* Starting, waiting, killing; tokens. */
#include "tests/kill/server.h"

#include <fcntl.h>
#include <jwt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 60000, TOKEN_LIFE_S = 7 * 86400 };

static const char secret[] = "a secret of these processes alone, 48 bytes long";

static void write_file(const char *folder, const char *name, const char *text, size_t size)
{
    char path[KILL_PATH_BYTES];
    FILE *file;

    kill_path(path, folder, name);
    file = fopen(path, "wb");
    kill_need(file != NULL, path);
    kill_need(fwrite(text, 1, size, file) == size && fclose(file) == 0, path);
}

void server_prepare(const struct kill_settings *settings)
{
    char command[2 * KILL_PATH_BYTES];

    (void)snprintf(command,
                   sizeof command,
                   "'%s/tests/fixtures/tls/make-certificates' '%s'",
                   TERN_SOURCE_DIR,
                   settings->folder);
    kill_need(system(command) == 0, "certificates");
    write_file(settings->folder, "token.key", secret, strlen(secret));
    write_file(settings->folder, "ledger.json", settings->document, settings->document_size);
}

void server_authority(const struct kill_settings *settings, char path[KILL_PATH_BYTES])
{
    kill_path(path, settings->folder, "ca.pem");
}

void server_token(const tern_id *user, char token[SERVER_TOKEN_BYTES])
{
    char subject[TERN_ID_TEXT_BYTES];
    jwt_t *jwt = NULL;
    char *text;

    tern_id_format(user, subject);
    kill_need(jwt_new(&jwt) == 0, "memory");
    kill_need(
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) == 0 &&
            jwt_add_grant(jwt, "sub", subject) == 0 && jwt_add_grant(jwt, "aud", "tern") == 0 &&
            jwt_add_grant_int(jwt, "exp", (long)time(NULL) + TOKEN_LIFE_S) == 0,
        "token");
    text = jwt_encode_str(jwt);
    kill_need(text != NULL && strlen(text) < SERVER_TOKEN_BYTES, "token");
    strcpy(token, text);
    free(text);
    jwt_free(jwt);
}

void server_make(struct server *server, const struct kill_settings *settings, const char *folder)
{
    *server = (struct server){.settings = settings};
    kill_path(server->database, folder, "server.db");
    kill_path(server->port_file, folder, "port");
    kill_path(server->log, folder, "ternd.log");
}

static void run(const struct server *server, const char *const *arguments)
{
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0) {
        _exit(126);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind */
    (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

void server_start(struct server *server)
{
    enum { SCHEMA, CERTIFICATE, PRIVATE_KEY, TOKEN_KEY, FILES };
    static const char *const names[FILES] = {"ledger.json",
                                             "server.pem",
                                             "server.key",
                                             "token.key"};
    char paths[FILES][KILL_PATH_BYTES];
    const char *const arguments[] = {server->settings->ternd,
                                     "--database",
                                     server->database,
                                     "--schema",
                                     paths[SCHEMA],
                                     "--certificate",
                                     paths[CERTIFICATE],
                                     "--private-key",
                                     paths[PRIVATE_KEY],
                                     "--token-key",
                                     paths[TOKEN_KEY],
                                     "--port",
                                     "0",
                                     "--port-file",
                                     server->port_file,
                                     "--page-rows",
                                     "300",
                                     "--log-level",
                                     "error",
                                     NULL};

    for (size_t i = 0; i < FILES; i++) {
        kill_path(paths[i], server->settings->folder, names[i]);
    }
    (void)unlink(server->port_file);
    server->pid = fork();
    kill_need(server->pid >= 0, "fork");
    if (server->pid == 0) {
        run(server, arguments);
    }
}

bool server_listens(struct server *server)
{
    for (int waited = 0; waited < START_MS; waited++) {
        if (access(server->port_file, R_OK) == 0) {
            return true;
        }
        if (waitpid(server->pid, NULL, WNOHANG) != 0) {
            server->pid = 0;
            return false;
        }
        kill_sleep_us(1000);
    }
    return false;
}

bool server_kill(struct server *server)
{
    int status = 0;

    kill_need(kill(server->pid, SIGKILL) == 0, "kill");
    kill_need(waitpid(server->pid, &status, 0) == server->pid, "wait");
    server->pid = 0;
    (void)unlink(server->port_file); /* nobody is to ask there */
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
