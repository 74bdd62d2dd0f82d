/*
 * What each machine's calls hold of memory: bytes of our code, of SQLite and of jansson. Pages of
 * SQLite's cache come from a pool and are not counted, nor is what the simulator itself holds;
 * where a sanitizer watches the heap, SQLite's blocks are not either.
 */
#ifndef TERN_SIM_HELD_H
#define TERN_SIM_HELD_H

#include <stddef.h>
#include <stdint.h>

struct sim_held {
    int64_t now;
    int64_t most;
};

/* Counts jansson's blocks, too. Behind whatever else is put before its allocator. */
void sim_held_install(void);

/* Of all machines; `most` since the call that is under way began. */
extern struct sim_held sim_held_all;

/* A million times in a life. */
static inline void sim_held_take(size_t bytes)
{
    sim_held_all.now += (int64_t)bytes;
    if (sim_held_all.now > sim_held_all.most) {
        sim_held_all.most = sim_held_all.now;
    }
}

static inline void sim_held_give(size_t bytes)
{
    sim_held_all.now -= (int64_t)bytes;
}

/* Blocks of our code alone. */
int64_t sim_held_blocks(void);

/* A call of the machine's begins, and ends. */
void sim_held_enter(int machine);
void sim_held_leave(void);
/* The machine's process begins anew, and holds nothing. */
void sim_held_forget(int machine);
/* What it holds now; and from now on the most is looked for anew. */
struct sim_held sim_held_mark(int machine);
/* What it has taken since then, and kept, does not count. */
void sim_held_overlook(int machine, struct sim_held marked);
/* By how much it held more at the most than when it was marked. */
int64_t sim_held_most(int machine, struct sim_held marked);

#endif
