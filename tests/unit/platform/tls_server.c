/* The HTTPS server of tests/fixtures/tls as a process of its own, with certificates made for it. */
#include "tests/unit/platform/tls_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/harness.h"

static void run(const char *program, const char *argument)
{
    pid_t pid = fork();
    int state = 0;

    if (pid == 0) {
        (void)execl(program, program, argument, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &state, 0) == pid && WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

static int read_port(int output)
{
    char text[16] = {0};
    size_t size = 0;

    while (size < sizeof(text) - 1 && read(output, text + size, 1) == 1 && text[size] != '\n') {
        size++;
    }
    return atoi(text);
}

static void
spawn(struct tls_server *server, const char *certificate, const char *key, const char *version)
{
    int input[2];
    int output[2];

    CHECK(pipe(input) == 0 && pipe(output) == 0);
    server->pid = fork();
    if (server->pid == 0) {
        (void)dup2(input[0], STDIN_FILENO);
        (void)dup2(output[1], STDOUT_FILENO);
        (void)close(input[1]);
        (void)execlp("python3",
                     "python3",
                     TLS_FIXTURES "/server.py",
                     certificate,
                     key,
                     version,
                     (char *)NULL);
        _exit(127);
    }
    (void)close(input[0]);
    (void)close(output[1]);
    server->input = input[1];
    (void)snprintf(server->url, sizeof(server->url), "https://localhost:%d", read_port(output[0]));
    (void)close(output[0]);
}

void tls_server_start(struct tls_server *server, const char *name, const char *version)
{
    char certificate[TLS_SERVER_PATH_BYTES + 32];
    char key[TLS_SERVER_PATH_BYTES + 32];

    *server = (struct tls_server){0};
    (void)snprintf(server->folder, sizeof(server->folder), "%s", trn_test_folder());
    run(TLS_FIXTURES "/make-certificates", server->folder);
    (void)snprintf(server->ca, sizeof(server->ca), "%s", trn_test_path(server->folder, "ca.pem"));
    (void)snprintf(certificate, sizeof(certificate), "%s/%s.pem", server->folder, name);
    (void)snprintf(key, sizeof(key), "%s/%s.key", server->folder, name);
    spawn(server, strcmp(name, "cut") == 0 ? "cut" : certificate, key, version);
}

void tls_server_stop(struct tls_server *server)
{
    (void)close(server->input);
    (void)waitpid(server->pid, NULL, 0);
}

void tls_allow_old_versions(void)
{
    const char *path = trn_test_path(trn_test_folder(), "openssl.cnf");
    FILE *file = fopen(path, "w");

    CHECK(file != NULL);
    CHECK(fputs("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = old\n"
                "[old]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n",
                file) >= 0);
    CHECK(fclose(file) == 0 && setenv("OPENSSL_CONF", path, 1) == 0);
}
