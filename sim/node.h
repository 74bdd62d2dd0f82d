/* What the disks (disk.c) and SQLite's methods on them (vfs.c) share. */
#ifndef TERN_SIM_NODE_H
#define TERN_SIM_NODE_H

#include <sqlite3.h>

#include "sim/disk.h"
#include "sim/sectors.h"

enum { SIM_SHM_PAGE = 32768, SIM_SHM_PAGES = 8, SIM_NODE_NAME = 64 };

struct sim_node {
    struct sim_node *next;
    char name[SIM_NODE_NAME];
    struct sim_sectors sectors;
    size_t filled;  /* end of the last write since one at the beginning */
    uint64_t begun; /* which of the disk's beginnings that was */
    unsigned opened;
    bool deleted; /* or never had a name */
    /* locks */
    unsigned shared;
    const void *reserved;
    const void *pending;
    const void *exclusive;
    /* shared memory */
    void *shm[SIM_SHM_PAGES];
    unsigned shm_users;
    unsigned shm_shared[SQLITE_SHM_NLOCK];
    const void *shm_exclusive[SQLITE_SHM_NLOCK];
};

struct sim_disk {
    char machine[SIM_NODE_NAME];
    struct sim_node *nodes;
    struct sim_dice dice;
    uint64_t operations;
    uint64_t begun;
    unsigned countdown; /* 0: nothing armed */
    bool only_syncs;    /* count down */
    enum sim_disk_fault fault;
    void (*heard)(void);
    bool paused;
    bool full;
    bool struck;
    bool dead;
    bool power_lost;
};

struct sim_node *sim_disk_find(const struct sim_disk *disk, const char *name);
/* A new file. */
struct sim_node *sim_disk_add(struct sim_disk *disk, const char *name);
/* Takes what nobody can reach any more out of the list. */
void sim_disk_sweep(struct sim_disk *disk);
/* The disk of the machine that a path names; NULL for none. */
struct sim_disk *sim_disk_of(const char *path, const char **ret_name);
/* Counts an operation; SQLITE_OK if it may go on. */
int sim_disk_count(struct sim_disk *disk, bool grows, int error);
/* Whether a read, or what comes before one, is the one that fails. */
bool sim_disk_is_unreadable(struct sim_disk *disk);
void sim_node_free_shm(struct sim_node *node);

#endif
