/* The HTTPS server of tests/fixtures/tls as a process of its own, with certificates made for it. */
#ifndef TRN_TESTS_TLS_SERVER_H
#define TRN_TESTS_TLS_SERVER_H

#include <sys/types.h>

enum { TLS_SERVER_PATH_BYTES = 512 };

/* A server process and the files around it. */
struct tls_server {
    pid_t pid;
    int input; /* closing it ends the server */
    char folder[TLS_SERVER_PATH_BYTES];
    char ca[TLS_SERVER_PATH_BYTES];
    char url[64];
};

/* Starts a server that shows the certificate `name`; "cut" hangs up on everybody. It speaks the one
 * TLS version named as Python does ("TLSv1_1"), or what the system likes (NULL). */
void tls_server_start(struct tls_server *server, const char *name, const char *version);
void tls_server_stop(struct tls_server *server);

/* Has OpenSSL allow TLS 1.0 and 1.1 in this process and those it starts, as an old or careless
 * system does: without it, the library's defaults would refuse what a test wants to see refused by
 * us. To be called before OpenSSL is used for the first time. */
void tls_allow_old_versions(void);

#endif
