#include "sim/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node.h"

enum { DISKS = 32 };
/* Of the locks in shared memory, as the format of the log has it. */
enum { FIRST_READER = 3 };

struct sim_image {
    struct sim_image *next;
    char name[SIM_NODE_NAME];
    size_t size;
    uint8_t data[];
};

static struct sim_disk *disks[DISKS];

/* ---- Files ---- */

void sim_node_free_shm(struct sim_node *node)
{
    for (size_t i = 0; i < SIM_SHM_PAGES; i++) {
        free(node->shm[i]);
        node->shm[i] = NULL;
    }
}

static void free_node(struct sim_node *node)
{
    sim_node_free_shm(node);
    sim_sectors_free(&node->sectors);
    free(node);
}

struct sim_node *sim_disk_find(const struct sim_disk *disk, const char *name)
{
    for (struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted && strcmp(node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

struct sim_node *sim_disk_add(struct sim_disk *disk, const char *name)
{
    struct sim_node *node = sim_disk_zeroed(sizeof *node);

    (void)snprintf(node->name, sizeof node->name, "%s", name);
    node->next = disk->nodes;
    disk->nodes = node;
    return node;
}

void sim_disk_sweep(struct sim_disk *disk)
{
    struct sim_node **link = &disk->nodes;

    while (*link != NULL) {
        struct sim_node *node = *link;

        if (node->deleted && node->opened == 0) {
            *link = node->next;
            free_node(node);
        } else {
            link = &node->next;
        }
    }
}

struct sim_disk *sim_disk_of(const char *path, const char **ret_name)
{
    const char *slash = path != NULL && path[0] == '/' ? strchr(path + 1, '/') : NULL;

    for (size_t i = 0; slash != NULL && i < DISKS; i++) {
        struct sim_disk *disk = disks[i];
        size_t size = (size_t)(slash - path - 1);

        if (disk != NULL && strlen(disk->machine) == size &&
            memcmp(disk->machine, path + 1, size) == 0) {
            *ret_name = slash + 1;
            return disk;
        }
    }
    return NULL;
}

static void strike(struct sim_disk *disk)
{
    bool first = !disk->struck;

    disk->struck = true;
    if (first && disk->heard != NULL) {
        disk->heard();
    }
}

int sim_disk_count(struct sim_disk *disk, bool grows, int error)
{
    if (disk->dead) {
        return error;
    }
    if (disk->paused) {
        return SQLITE_OK;
    }
    disk->operations++;
    if (disk->countdown > 0 && disk->fault != SIM_DISK_READ &&
        (!disk->only_syncs || error == SQLITE_IOERR_FSYNC) && --disk->countdown == 0) {
        switch (disk->fault) {
        case SIM_DISK_KILL:
        case SIM_DISK_POWER:
            sim_disk_die(disk, disk->fault == SIM_DISK_POWER);
            return error;
        case SIM_DISK_ERROR:
            strike(disk);
            return error;
        case SIM_DISK_FULL:
            disk->full = true;
            break;
        case SIM_DISK_READ:
            break;
        }
    }
    if (disk->full && grows) {
        strike(disk);
        return SQLITE_FULL;
    }
    return SQLITE_OK;
}

bool sim_disk_is_unreadable(struct sim_disk *disk)
{
    if (disk->fault != SIM_DISK_READ || disk->countdown == 0 || disk->paused ||
        --disk->countdown > 0) {
        return false;
    }
    strike(disk);
    return true;
}

/* ---- Disks ---- */

void sim_disk_spare_power(bool spared)
{
    sim_sectors_spare_power(spared);
}

struct sim_disk *sim_disk_new(const char *machine, uint64_t seed)
{
    struct sim_disk *disk = sim_disk_zeroed(sizeof *disk);
    size_t i = 0;

    (void)snprintf(disk->machine, sizeof disk->machine, "%s", machine);
    disk->dice = sim_dice_make(seed);
    while (i < DISKS && disks[i] != NULL) {
        i++;
    }
    if (i == DISKS) {
        abort();
    }
    disks[i] = disk;
    return disk;
}

static void drop_all(struct sim_disk *disk)
{
    for (struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        node->deleted = true;
    }
    sim_disk_sweep(disk);
}

void sim_disk_free(struct sim_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    drop_all(disk);
    for (size_t i = 0; i < DISKS; i++) {
        disks[i] = disks[i] == disk ? NULL : disks[i];
    }
    free(disk);
}

void sim_disk_arm(struct sim_disk *disk, enum sim_disk_fault fault, unsigned nth)
{
    disk->fault = fault;
    disk->countdown = nth;
    disk->only_syncs = false;
    disk->struck = false;
}

void sim_disk_hear(struct sim_disk *disk, void (*heard)(void))
{
    disk->heard = heard;
}

void sim_disk_arm_sync(struct sim_disk *disk, enum sim_disk_fault fault, unsigned nth)
{
    sim_disk_arm(disk, fault, nth);
    disk->only_syncs = true;
}

unsigned sim_disk_left(const struct sim_disk *disk)
{
    return disk->countdown;
}

void sim_disk_reseed(struct sim_disk *disk, uint64_t seed)
{
    disk->dice = sim_dice_make(seed);
}

unsigned sim_disk_opened(const struct sim_disk *disk)
{
    unsigned opened = 0;

    for (const struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        opened += node->opened;
    }
    return opened;
}

void sim_disk_disarm(struct sim_disk *disk)
{
    disk->countdown = 0;
    disk->full = false;
}

void sim_disk_pause(struct sim_disk *disk, bool paused)
{
    disk->paused = paused;
}

bool sim_disk_is_dead(const struct sim_disk *disk)
{
    return disk->dead;
}

bool sim_disk_lost_power(const struct sim_disk *disk)
{
    return disk->dead && disk->power_lost;
}

bool sim_disk_has_struck(const struct sim_disk *disk)
{
    return disk->struck;
}

void sim_disk_die(struct sim_disk *disk, bool power)
{
    if (power && sim_sectors_have_power()) {
        (void)fprintf(stderr, "sim: the power goes, of which it was said that it would not\n");
        abort();
    }
    disk->dead = true;
    disk->power_lost = power;
    disk->countdown = 0;
}

void sim_disk_revive(struct sim_disk *disk)
{
    for (struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        if (disk->power_lost && !node->deleted) {
            sim_sectors_lose_power(&node->sectors, &disk->dice);
        }
    }
    disk->dead = false;
    disk->power_lost = false;
    disk->full = false;
    disk->struck = false;
}

int64_t sim_disk_size(const struct sim_disk *disk, const char *name)
{
    const struct sim_node *node = sim_disk_find(disk, name);

    return node != NULL ? (int64_t)node->sectors.size : 0;
}

void sim_disk_log(const struct sim_disk *disk, const char *name, struct sim_disk_log *ret_log)
{
    const struct sim_node *file = sim_disk_find(disk, name);
    char log_name[SIM_NODE_NAME];
    const struct sim_node *log;

    (void)snprintf(log_name, sizeof log_name, "%.50s-wal", name);
    log = sim_disk_find(disk, log_name);
    *ret_log = (struct sim_disk_log){0};
    if (log != NULL) {
        ret_log->size = log->sectors.size;
        ret_log->filled = log->filled < log->sectors.size ? log->filled : log->sectors.size;
        ret_log->begun = log->begun;
    }
    for (int i = FIRST_READER; file != NULL && i < SQLITE_SHM_NLOCK; i++) {
        ret_log->readers += file->shm_shared[i];
    }
}

uint64_t sim_disk_operations(const struct sim_disk *disk)
{
    return disk->operations;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0) {
        uint64_t word = 0;
        size_t part = size < sizeof word ? size : sizeof word;

        memcpy(&word, at, part);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        at += part;
        size -= part;
    }
    return hash;
}

uint64_t sim_disk_hash(const struct sim_disk *disk)
{
    uint64_t sum = 0; /* in whatever order they stand */

    for (const struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted) {
            uint64_t hash = hash_bytes(node->sectors.size, node->name, strlen(node->name));

            sum += hash_bytes(hash, node->sectors.data, node->sectors.size);
        }
    }
    return sum;
}

void sim_disk_visit(const struct sim_disk *disk, sim_disk_visitor *visit, void *context)
{
    for (const struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted && node->sectors.size > 0) {
            visit(context, node->name, node->sectors.data, node->sectors.size);
        }
    }
}

struct sim_image *sim_disk_image(const struct sim_disk *disk)
{
    struct sim_image *image = sim_disk_zeroed(sizeof *image); /* an empty head */

    for (const struct sim_node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted) {
            struct sim_image *part = sim_disk_grown(NULL, sizeof *part + node->sectors.size);

            part->next = image->next;
            memcpy(part->name, node->name, sizeof part->name);
            part->size = node->sectors.size;
            if (node->sectors.size > 0) {
                memcpy(part->data, node->sectors.data, node->sectors.size);
            }
            image->next = part;
        }
    }
    return image;
}

void sim_disk_put(struct sim_disk *disk, const struct sim_image *image)
{
    drop_all(disk);
    for (const struct sim_image *part = image->next; part != NULL; part = part->next) {
        struct sim_node *node = sim_disk_add(disk, part->name);

        sim_sectors_resize(&node->sectors, part->size);
        if (part->size > 0) {
            memcpy(node->sectors.data, part->data, part->size);
        }
        node->sectors.synced_size = part->size;
    }
}

void sim_image_free(struct sim_image *image)
{
    while (image != NULL) {
        struct sim_image *next = image->next;

        free(image);
        image = next;
    }
}
