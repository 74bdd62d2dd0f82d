/** The other programs of the story: the server, and the command. */
#ifndef DEMO_PROCESS_H
#define DEMO_PROCESS_H

#include <sys/types.h>

struct demo_server {
    const char *program;
    const char *folder; /* certificates, keys, database, log */
    const char *schema;
    pid_t pid;
    int port; /* 0 until it was started once; the same ever after */
    char url[64];
};

/** Starts the server and waits until it listens; ends the demo if it does not. */
void demo_server_start(struct demo_server *server);
/** Kills it as a power cut would. */
void demo_server_kill(struct demo_server *server);
/** Stops it as an administrator would, and ends the demo unless it went well. */
void demo_server_stop(struct demo_server *server);

/** Runs a program to its end, NULL-terminated arguments, its output shown only on failure; ends the
 * demo if it fails. */
void demo_run(const char *const *arguments);

#endif
