/*
 * Disks in memory: one a machine, below real SQLite as its default VFS.
 *
 * A file "/<machine>/<name>" lies on the disk of that machine. A disk knows what was synced: after
 * a power cut each sector that was not is, by its dice, as it was or as it became. After a process
 * kill all that was written is there. From the moment of its death every call on a disk fails,
 * until it is revived, which every connection to it must have been closed for. One thread.
 */
#ifndef TERN_SIM_DISK_H
#define TERN_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/dice.h"

enum sim_disk_fault {
    SIM_DISK_KILL,  /* the process dies before the nth operation */
    SIM_DISK_POWER, /* so does the machine */
    SIM_DISK_ERROR, /* the nth operation fails, once */
    SIM_DISK_FULL,  /* from the nth operation on nothing grows */
    SIM_DISK_READ   /* the nth read fails, once, or what comes before one: an opening, a mapping */
};

struct sim_disk;
struct sim_image;

/* Makes the VFS the default one; once a process. */
void sim_disk_install(void);
/* What SQLite's own dice start from, and what it takes for the time. */
void sim_disk_seed(uint64_t seed);

/* Whether no machine will lose power until it is said again: then what was on a disk when it was
 * last synced need not be kept. */
void sim_disk_spare_power(bool spared);

struct sim_disk *sim_disk_new(const char *machine, uint64_t seed);
/* Every connection must be closed; NULL is accepted. */
void sim_disk_free(struct sim_disk *disk);

/* Counts writes, syncs, truncations and deletions from now on, or reads; `nth` from 1. */
void sim_disk_arm(struct sim_disk *disk, enum sim_disk_fault fault, unsigned nth);
/* Called when an error is given, or room first refused; may arm what strikes next. NULL: nobody. */
void sim_disk_hear(struct sim_disk *disk, void (*heard)(void));
/* Counts syncs alone: what was written is there and was not made to last. */
void sim_disk_arm_sync(struct sim_disk *disk, enum sim_disk_fault fault, unsigned nth);
/* How many are left until what is armed strikes; 0: it has, or nothing is. */
unsigned sim_disk_left(const struct sim_disk *disk);
/* Other dice for what a power cut takes. */
void sim_disk_reseed(struct sim_disk *disk, uint64_t seed);
/* Files that are open. */
unsigned sim_disk_opened(const struct sim_disk *disk);
/* Forgets what is armed, and there is room again. */
void sim_disk_disarm(struct sim_disk *disk);
/* While true, nothing is counted and nothing fails but what is dead. */
void sim_disk_pause(struct sim_disk *disk, bool paused);
bool sim_disk_is_dead(const struct sim_disk *disk);
/* Whether what died is the machine, and not the process alone. */
bool sim_disk_lost_power(const struct sim_disk *disk);
/* Whether an error was given, or room refused, since it was armed. */
bool sim_disk_has_struck(const struct sim_disk *disk);
/* The process or the machine dies now. */
void sim_disk_die(struct sim_disk *disk, bool power);
/* Applies what death took, and works again. */
void sim_disk_revive(struct sim_disk *disk);
/* Bytes of a file; 0 without one. */
int64_t sim_disk_size(const struct sim_disk *disk, const char *name);

/* How a file's log stands: it is written from its beginning again once all of it was put away. */
struct sim_disk_log {
    size_t size;
    size_t filled;    /* since it was begun */
    uint64_t begun;   /* another number with each beginning; 0: never */
    uint64_t struck;  /* which of these was, last, by who looks at it */
    unsigned readers; /* that hold on to it */
};
void sim_disk_log(const struct sim_disk *disk, const char *name, struct sim_disk_log *ret_log);

/* Operations so far. */
uint64_t sim_disk_operations(const struct sim_disk *disk);

/* All bytes of all files. */
typedef void sim_disk_visitor(void *context, const char *name, const uint8_t *data, size_t size);
void sim_disk_visit(const struct sim_disk *disk, sim_disk_visitor *visit, void *context);

/* A hash of all files, by name and content. */
uint64_t sim_disk_hash(const struct sim_disk *disk);
/* All files as they stand. NULL when memory ran out. */
struct sim_image *sim_disk_image(const struct sim_disk *disk);
/* The disk holds exactly what the image does, all of it synced. No file may be open. */
void sim_disk_put(struct sim_disk *disk, const struct sim_image *image);
void sim_image_free(struct sim_image *image);

#endif
