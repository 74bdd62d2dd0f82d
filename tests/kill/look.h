/* What files hold, compared with the books. Each notes what is broken in the run. */
#ifndef TERN_KILL_LOOK_H
#define TERN_KILL_LOOK_H

#include "tests/kill/book.h"
#include "tests/kill/kill.h"
#include "tests/kill/worker.h"

/* What is owed to one device. */
struct look_device {
    const struct worker *worker;
    struct book *book; /* turned to where the file stands */
    uint32_t written;  /* commits that returned */
    uint32_t synced;   /* transactions that a sync has acknowledged */
    /* Where there is a server: */
    const char *server; /* its database; NULL: none */
    struct book *server_book;
    tern_id id;
};

/* The id that the replica goes by. */
tern_id look_up_device(const char *file);

/*
 * Opens the replica as the app does, and then looks at it: it is sound; it holds each transaction
 * whose commit returned, at most one more, each whole and once; its outbox has them all; and what
 * it holds for acknowledged stands on the server.
 */
void look_at_device(struct kill_run *run, const struct look_device *device);

/*
 * Looks at the server in one snapshot of its database: it has each acknowledged transaction of the
 * devices once, the rows of each are those of its book after as many as it has, and none was
 * applied without its receipt. `whole`: integrity as well.
 */
void look_at_server(struct kill_run *run,
                    const char *server,
                    const struct look_device *devices,
                    size_t count,
                    bool whole);

/* Whether the live rows of a device are those of the server. */
void look_at_convergence(struct kill_run *run, const char *file, const char *server);

#endif
