/* A ternd of the run's own, with throwaway certificates and keys, killed and started again. */
#ifndef TERN_KILL_SERVER_H
#define TERN_KILL_SERVER_H

#include <sys/types.h>

#include "tests/kill/kill.h"

enum { SERVER_TOKEN_BYTES = 1024 };

struct server {
    const struct kill_settings *settings;
    pid_t pid; /* 0: not running */
    char database[KILL_PATH_BYTES];
    char port_file[KILL_PATH_BYTES];
    char log[KILL_PATH_BYTES];
};

/* Makes certificates, key and document in the folder, once for a run. */
void server_prepare(const struct kill_settings *settings);
/* The file of the authority. */
void server_authority(const struct kill_settings *settings, char path[KILL_PATH_BYTES]);
/* A bearer token of the user's. */
void server_token(const tern_id *user, char token[SERVER_TOKEN_BYTES]);

/* A server on a database in `folder`, not yet started. */
void server_make(struct server *server, const struct kill_settings *settings, const char *folder);
/* Starts it; it may not listen yet. */
void server_start(struct server *server);
/* Waits until it listens; false if it ends instead. */
bool server_listens(struct server *server);
/* SIGKILL, and waits. False if it had ended before of itself. */
bool server_kill(struct server *server);

#endif
