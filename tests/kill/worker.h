/*
 * A device: a process that writes transactions into its replica through libtern, syncs over libcurl
 * where there is a server, and says after each commit, and each sync, what is acknowledged.
 */
#ifndef TERN_KILL_WORKER_H
#define TERN_KILL_WORKER_H

#include "tests/kill/fatal.h"
#include "tests/kill/kill.h"

/* The author of rows that all devices write. */
enum { WORKER_COMMON = 99 };

struct worker {
    const struct kill_settings *settings;
    const char *file;
    tern_id user;
    uint64_t seed; /* of its book */
    uint32_t author;
    uint32_t setup;    /* transactions at the head of its outbox that are not in its book */
    unsigned fatal_at; /* dies at this system call of SQLite's; 0: at none */
    enum fatal_moment moment;
    const char *port_file; /* where the server says its port; NULL: there is none */
    const char *ca;
    const char *token;
};

/* Opens the file, says how many transactions of the book it holds, and goes on until it is killed.
 */
void worker_run(const void *worker, int pipe);
/* Makes the user and the rows that all write, syncs, and is done. */
void worker_found(const void *worker, int pipe);
/* Syncs until nothing is pending, and is done. */
void worker_settle(const void *worker, int pipe);

#endif
