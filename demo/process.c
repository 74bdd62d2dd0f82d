/* Child processes: they live in the demo's process group, so that an interrupt ends them all. */
#include "demo/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { PATH_BYTES = 512, START_TRIES = 1000, TRY_NS = 10 * 1000 * 1000 };

static void fail(const char *what, const char *which)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "demo: %s: %s\n", which, what);
    exit(EXIT_FAILURE);
}

static void path_in(const char *folder, const char *name, char path[PATH_BYTES])
{
    if (snprintf(path, PATH_BYTES, "%s/%s", folder, name) >= PATH_BYTES) {
        fail("the path is too long", folder);
    }
}

/* In the child: sends its output to the file, and becomes the program. */
static void become(const char *const *arguments, const char *log)
{
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    char *copies[32] = {NULL};

#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it shall not outlive the demo */
#endif
    if (file >= 0) {
        (void)dup2(file, STDOUT_FILENO);
        (void)dup2(file, STDERR_FILENO);
    }
    for (size_t i = 0; i < 31 && arguments[i] != NULL; i++) {
        copies[i] = strdup(arguments[i]);
    }
    (void)execv(copies[0], copies);
    _exit(127);
}

static int read_port(const char *path)
{
    char text[16] = "";
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof(text), file) == NULL || strchr(text, '\n') == NULL) {
        text[0] = '\0';
    }
    (void)fclose(file);
    return (int)strtol(text, NULL, 10);
}

static int wait_for_port(const struct demo_server *server, const char *port_file)
{
    for (int try = 0; try < START_TRIES; try++) {
        struct timespec pause = {.tv_nsec = TRY_NS};
        int port = read_port(port_file);

        if (port != 0) {
            return port;
        }
        if (waitpid(server->pid, NULL, WNOHANG) != 0) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    fail("does not start; see server.log", server->program);
    return 0;
}

void demo_server_start(struct demo_server *server)
{
    char database[PATH_BYTES];
    char certificate[PATH_BYTES];
    char key[PATH_BYTES];
    char secret[PATH_BYTES];
    char port_file[PATH_BYTES];
    char log[PATH_BYTES];
    char port[16];
    const char *arguments[] = {server->program,
                               "--database",
                               database,
                               "--schema",
                               server->schema,
                               "--certificate",
                               certificate,
                               "--private-key",
                               key,
                               "--token-key",
                               secret,
                               "--port",
                               port,
                               "--port-file",
                               port_file,
                               NULL};

    path_in(server->folder, "server.db", database);
    path_in(server->folder, "server.pem", certificate);
    path_in(server->folder, "server.key", key);
    path_in(server->folder, "token.key", secret);
    path_in(server->folder, "server.port", port_file);
    path_in(server->folder, "server.log", log);
    (void)snprintf(port, sizeof(port), "%d", server->port);
    (void)unlink(port_file);
    server->pid = fork();
    if (server->pid == 0) {
        become(arguments, log);
    }
    server->port = wait_for_port(server, port_file);
    (void)snprintf(server->url, sizeof(server->url), "https://localhost:%d", server->port);
}

void demo_server_kill(struct demo_server *server)
{
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void demo_server_stop(struct demo_server *server)
{
    int state = 0;

    (void)kill(server->pid, SIGTERM);
    if (waitpid(server->pid, &state, 0) != server->pid || !WIFEXITED(state) ||
        WEXITSTATUS(state) != 0) {
        fail("did not stop cleanly; see server.log", server->program);
    }
    server->pid = 0;
}

void demo_run(const char *const *arguments)
{
    char log[] = "/tmp/tern-demo-XXXXXX";
    int file = mkstemp(log);
    int state = 0;
    pid_t pid;

    if (file < 0) {
        fail("no temporary file", arguments[0]);
    }
    (void)close(file);
    pid = fork();
    if (pid == 0) {
        become(arguments, log);
    }
    if (waitpid(pid, &state, 0) != pid || !WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        char line[512];
        FILE *said = fopen(log, "r");

        while (said != NULL && fgets(line, sizeof(line), said) != NULL) {
            (void)fputs(line, stderr);
        }
        (void)unlink(log);
        fail("failed", arguments[0]);
    }
    (void)unlink(log);
}
