/*
 * A file is its bytes now, and for each page written since the last sync what the page was at that
 * sync and which of its sectors were written.
 */
#include "sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

enum { PAGE = 4096, SECTOR = 512, SHM_PAGE = 32768, SHM_PAGES = 8, NAME = 64, DISKS = 32 };
enum { SPARES = 16, SPARE_MOST = 1 << 24 };
/* Of the locks in shared memory, as the format of the log has it. */
enum { FIRST_READER = 3 };

struct shadow {
    struct shadow *next; /* of those that are not in use */
    uint8_t old[PAGE];
    uint8_t dirty; /* a bit a sector */
};

struct node {
    struct node *next;
    char name[NAME];
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t synced_size;
    struct shadow **shadows; /* by page */
    size_t shadow_count;
    size_t shadow_from; /* before it, and from the end on, there are none */
    size_t shadow_end;
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
    void *shm[SHM_PAGES];
    unsigned shm_users;
    unsigned shm_shared[SQLITE_SHM_NLOCK];
    const void *shm_exclusive[SQLITE_SHM_NLOCK];
};

struct sim_disk {
    char machine[NAME];
    struct node *nodes;
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

struct sim_image {
    struct sim_image *next;
    char name[NAME];
    size_t size;
    uint8_t data[];
};

struct file {
    sqlite3_file base;
    struct sim_disk *disk;
    struct node *node;
    int lock;
    bool has_shm;
    unsigned shm_mask_shared;
    unsigned shm_mask_exclusive;
};

static struct {
    sqlite3_vfs vfs;
    struct sim_disk *disks[DISKS];
    struct sim_disk *busy; /* whose files were last locked: files without a name lie there */
    struct sim_dice dice;
    bool has_power; /* for good */
} disks;

/* The disks' own memory is no part of the world's: it does not run out. */
static void *grown(void *block, size_t size)
{
    sim_memory_suspend();
    block = realloc(block, size);
    sim_memory_resume();
    if (block == NULL) {
        (void)fprintf(stderr, "sim: no memory for its own disks\n");
        abort();
    }
    return block;
}

static void *zeroed(size_t size)
{
    return memset(grown(NULL, size), 0, size);
}

/* ---- Shadows ---- */

static struct shadow *vacant; /* given back; of all disks */

static struct shadow *take_shadow(void)
{
    struct shadow *shadow = vacant;

    if (shadow == NULL) {
        return grown(NULL, sizeof *shadow);
    }
    vacant = shadow->next;
    return shadow;
}

static void forget_shadows(struct node *node)
{
    for (size_t i = node->shadow_from; i < node->shadow_end; i++) {
        if (node->shadows[i] != NULL) {
            node->shadows[i]->next = vacant;
            vacant = node->shadows[i];
            node->shadows[i] = NULL;
        }
    }
    node->shadow_from = node->shadow_count;
    node->shadow_end = 0;
    node->synced_size = node->size;
}

static struct shadow *shadow_of(struct node *node, size_t page)
{
    if (page >= node->shadow_count) {
        size_t count = (page + 1) * 2;

        node->shadows = grown(node->shadows, count * sizeof *node->shadows);
        memset(node->shadows + node->shadow_count,
               0,
               (count - node->shadow_count) * sizeof *node->shadows);
        node->shadow_count = count;
    }
    if (node->shadows[page] == NULL) {
        struct shadow *shadow = take_shadow();
        size_t at = page * PAGE;
        size_t held = at >= node->size ? 0 : node->size - at;

        held = held < PAGE ? held : PAGE;
        shadow->dirty = 0;
        if (held > 0) {
            memcpy(shadow->old, node->data + at, held);
        }
        memset(shadow->old + held, 0, PAGE - held);
        node->shadows[page] = shadow;
        node->shadow_from = page < node->shadow_from ? page : node->shadow_from;
        node->shadow_end = page >= node->shadow_end ? page + 1 : node->shadow_end;
    }
    return node->shadows[page];
}

static void will_change(struct node *node, size_t at, size_t end)
{
    while (at < end && !disks.has_power) {
        size_t page = at / PAGE;
        size_t stop = end < (page + 1) * PAGE ? end : (page + 1) * PAGE;
        unsigned first = (unsigned)(at % PAGE / SECTOR);
        unsigned last = (unsigned)((stop - 1) % PAGE / SECTOR);

        shadow_of(node, page)->dirty |= (uint8_t)((2U << last) - (1U << first));
        at = stop;
    }
}

/* ---- Bytes ---- */

/* Given back, of all disks: a log that grows would else be copied again and again in each life. */
static struct {
    uint8_t *data;
    size_t capacity;
} spare[SPARES];

static void take_spare(struct node *node, size_t size)
{
    size_t best = 0;

    for (size_t i = 1; i < SPARES; i++) {
        best = spare[i].capacity > spare[best].capacity ? i : best;
    }
    if (spare[best].capacity >= size) {
        node->data = spare[best].data;
        node->capacity = spare[best].capacity;
        spare[best].data = NULL;
        spare[best].capacity = 0;
    }
}

static void give_spare(struct node *node)
{
    size_t least = 0;

    for (size_t i = 1; i < SPARES; i++) {
        least = spare[i].capacity < spare[least].capacity ? i : least;
    }
    if (node->capacity <= SPARE_MOST && node->capacity > spare[least].capacity) {
        free(spare[least].data);
        spare[least].data = node->data;
        spare[least].capacity = node->capacity;
    } else {
        free(node->data);
    }
    node->data = NULL;
    node->capacity = 0;
}

static void make_room(struct node *node, size_t size)
{
    if (size > node->capacity && node->data == NULL) {
        take_spare(node, size);
    }
    if (size > node->capacity) {
        size_t capacity = 2 * size + (size_t)64 * PAGE;

        node->data = grown(node->data, capacity);
        node->capacity = capacity;
    }
}

static void set_size(struct node *node, size_t size)
{
    make_room(node, size);
    if (size > node->size) {
        memset(node->data + node->size, 0, size - node->size);
    }
    node->size = size;
}

/* One sector that was not synced: as it was, as it became, or the two torn apart. */
static void
settle_sector(struct sim_dice *dice, unsigned keep, uint8_t *now, const uint8_t *old, size_t size)
{
    if (sim_chance(dice, keep)) {
        return;
    }
    if (sim_chance(dice, 5)) {
        memcpy(now, old, (size_t)sim_roll(dice, (unsigned)size));
    } else {
        memcpy(now, old, size);
    }
}

static void lose_power(struct sim_disk *disk, struct node *node)
{
    static const unsigned odds[] = {0, 50, 90, 100};
    unsigned keep = odds[sim_roll(&disk->dice, 4)];
    size_t grown = node->size;

    if (node->synced_size > node->size && sim_chance(&disk->dice, 50)) {
        set_size(node, node->synced_size);
    }
    for (size_t page = 0; page < node->shadow_count; page++) {
        struct shadow *shadow = node->shadows[page];

        for (size_t i = 0; shadow != NULL && i < PAGE / SECTOR; i++) {
            size_t at = page * PAGE + i * SECTOR;
            size_t size;

            if (((unsigned)shadow->dirty >> i & 1U) == 0 || at >= node->size) {
                continue;
            }
            size = node->size - at < SECTOR ? node->size - at : SECTOR;
            if (at >= grown) { /* a truncation that did not happen takes nothing with it */
                memcpy(node->data + at, shadow->old + i * SECTOR, size);
            } else {
                settle_sector(&disk->dice, keep, node->data + at, shadow->old + i * SECTOR, size);
            }
        }
    }
    if (node->size > node->synced_size && (keep == 0 || sim_chance(&disk->dice, 30))) {
        size_t more = (node->size - node->synced_size) / SECTOR;

        node->size = node->synced_size +
                     (keep == 0 ? 0 : SECTOR * (size_t)sim_roll(&disk->dice, (unsigned)more + 1));
    }
    forget_shadows(node);
}

/* ---- Nodes ---- */

static void free_shm(struct node *node)
{
    for (size_t i = 0; i < SHM_PAGES; i++) {
        free(node->shm[i]);
        node->shm[i] = NULL;
    }
}

static void free_node(struct node *node)
{
    forget_shadows(node);
    free_shm(node);
    free(node->shadows);
    give_spare(node);
    free(node);
}

static struct node *find(const struct sim_disk *disk, const char *name)
{
    for (struct node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted && strcmp(node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

static struct node *add_node(struct sim_disk *disk, const char *name)
{
    struct node *node = zeroed(sizeof *node);

    (void)snprintf(node->name, sizeof node->name, "%s", name != NULL ? name : "");
    node->deleted = name == NULL;
    node->next = disk->nodes;
    disk->nodes = node;
    return node;
}

/* Takes what nobody can reach any more out of the list. */
static void sweep(struct sim_disk *disk)
{
    struct node **link = &disk->nodes;

    while (*link != NULL) {
        struct node *node = *link;

        if (node->deleted && node->opened == 0) {
            *link = node->next;
            free_node(node);
        } else {
            link = &node->next;
        }
    }
}

static struct sim_disk *disk_of(const char *path, const char **ret_name)
{
    const char *slash = path != NULL && path[0] == '/' ? strchr(path + 1, '/') : NULL;

    for (size_t i = 0; slash != NULL && i < DISKS; i++) {
        struct sim_disk *disk = disks.disks[i];
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

/* Counts an operation; SQLITE_OK if it may go on. */
static int count(struct sim_disk *disk, bool grows, int error)
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

/* Whether a read, or what comes before one, is the one that fails. */
static bool is_unreadable(struct sim_disk *disk)
{
    if (disk->fault != SIM_DISK_READ || disk->countdown == 0 || disk->paused ||
        --disk->countdown > 0) {
        return false;
    }
    strike(disk);
    return true;
}

/* ---- Files ---- */

static int file_unlock(sqlite3_file *base, int level);
static int file_shm_unmap(sqlite3_file *base, int delete_it);

static int file_close(sqlite3_file *base)
{
    struct file *file = (struct file *)base;

    (void)file_unlock(base, SQLITE_LOCK_NONE);
    (void)file_shm_unmap(base, 0);
    file->node->opened--;
    if (file->node->deleted && file->node->opened == 0) {
        sweep(file->disk);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int size, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;
    size_t held = (size_t)at >= node->size ? 0 : node->size - (size_t)at;

    if (file->disk->dead || is_unreadable(file->disk)) {
        return SQLITE_IOERR_READ;
    }
    if (held >= (size_t)size) {
        memcpy(data, node->data + at, (size_t)size);
        return SQLITE_OK;
    }
    if (held > 0) {
        memcpy(data, node->data + at, held);
    }
    memset((uint8_t *)data + held, 0, (size_t)size - held);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;
    size_t end = (size_t)at + (size_t)size;
    int rc = count(file->disk, end > node->size, SQLITE_IOERR_WRITE);

    if (rc == SQLITE_OK) {
        will_change(node, (size_t)at, end);
        if ((size_t)at > node->size) {
            set_size(node, (size_t)at); /* what lies between is zeros */
        }
        if (end > node->size) {
            make_room(node, end);
            node->size = end;
        }
        memcpy(node->data + at, data, (size_t)size);
        if (at == 0) {
            node->begun = ++file->disk->begun;
            node->filled = 0;
        }
        node->filled = end > node->filled ? end : node->filled;
    }
    return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = (struct file *)base;
    int rc = count(file->disk, false, SQLITE_IOERR_TRUNCATE);

    if (rc == SQLITE_OK && (size_t)size < file->node->size) {
        will_change(file->node, (size_t)size, file->node->size);
        file->node->size = (size_t)size;
    }
    return rc;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    int rc = count(file->disk, false, SQLITE_IOERR_FSYNC);

    (void)flags;
    if (rc == SQLITE_OK) {
        forget_shadows(file->node);
    }
    return rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)((struct file *)base)->node->size;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;

    if (file->lock >= level) {
        return SQLITE_OK;
    }
    if (file->lock == SQLITE_LOCK_NONE) {
        if (node->pending != NULL || node->exclusive != NULL) {
            return SQLITE_BUSY;
        }
        node->shared++;
        file->lock = SQLITE_LOCK_SHARED;
    }
    if (level >= SQLITE_LOCK_RESERVED) {
        if (node->reserved != NULL && node->reserved != file) {
            return SQLITE_BUSY;
        }
        if (level == SQLITE_LOCK_RESERVED) {
            node->reserved = file;
            file->lock = level;
        }
    }
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        if (node->pending != NULL && node->pending != file) {
            return SQLITE_BUSY;
        }
        node->pending = file;
        file->lock = SQLITE_LOCK_PENDING;
        if (node->shared > 1) {
            return SQLITE_BUSY;
        }
        node->exclusive = file;
        file->lock = level;
    }
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;

    if (file->lock > SQLITE_LOCK_SHARED) {
        node->reserved = node->reserved == file ? NULL : node->reserved;
        node->pending = node->pending == file ? NULL : node->pending;
        node->exclusive = node->exclusive == file ? NULL : node->exclusive;
    }
    if (level == SQLITE_LOCK_NONE && file->lock >= SQLITE_LOCK_SHARED) {
        node->shared--;
    }
    file->lock = file->lock > level ? level : file->lock;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *ret_reserved)
{
    *ret_reserved = ((struct file *)base)->node->reserved != NULL;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *argument)
{
    (void)base;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

/* Nothing is promised beyond what a sync gives. */
static int file_device(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **ret)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;

    *ret = NULL;
    if (page >= SHM_PAGES || size != SHM_PAGE || file->disk->dead || is_unreadable(file->disk)) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (!file->has_shm) {
        file->has_shm = true;
        node->shm_users++;
    }
    if (node->shm[page] == NULL && extend != 0) {
        node->shm[page] = zeroed(SHM_PAGE);
    }
    *ret = node->shm[page];
    return SQLITE_OK;
}

static int file_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct file *file = (struct file *)base;
    struct node *node = file->node;

    disks.busy = file->disk;
    for (int i = offset; i < offset + n; i++) {
        unsigned bit = 1U << i;

        if ((flags & SQLITE_SHM_UNLOCK) != 0) {
            if ((file->shm_mask_shared & bit) != 0) {
                node->shm_shared[i]--;
            }
            if ((file->shm_mask_exclusive & bit) != 0) {
                node->shm_exclusive[i] = NULL;
            }
            file->shm_mask_shared &= ~bit;
            file->shm_mask_exclusive &= ~bit;
        } else if (node->shm_exclusive[i] != NULL && node->shm_exclusive[i] != file) {
            return SQLITE_BUSY;
        } else if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 &&
                   node->shm_shared[i] > ((file->shm_mask_shared & bit) != 0 ? 1U : 0U)) {
            return SQLITE_BUSY;
        }
    }
    for (int i = offset; (flags & SQLITE_SHM_LOCK) != 0 && i < offset + n; i++) {
        unsigned bit = 1U << i;

        if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
            node->shm_exclusive[i] = file;
            file->shm_mask_exclusive |= bit;
        } else if ((file->shm_mask_shared & bit) == 0) {
            node->shm_shared[i]++;
            file->shm_mask_shared |= bit;
        }
    }
    return SQLITE_OK;
}

static void file_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int file_shm_unmap(sqlite3_file *base, int delete_it)
{
    struct file *file = (struct file *)base;

    (void)delete_it;
    if (file->has_shm) {
        (void)file_shm_lock(base, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
        file->has_shm = false;
        if (--file->node->shm_users == 0) {
            free_shm(file->node);
        }
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_device,
                                           .xShmMap = file_shm_map,
                                           .xShmLock = file_shm_lock,
                                           .xShmBarrier = file_shm_barrier,
                                           .xShmUnmap = file_shm_unmap};

/* ---- The VFS ---- */

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
    struct file *file = (struct file *)base;
    const char *name = NULL;
    struct sim_disk *disk = path != NULL ? disk_of(path, &name) : disks.busy;
    struct node *node;

    (void)vfs;
    memset(file, 0, sizeof *file);
    if (disk == NULL || disk->dead || is_unreadable(disk)) {
        return SQLITE_CANTOPEN;
    }
    node = path != NULL ? find(disk, name) : NULL;
    if (node == NULL) {
        if (path != NULL && (flags & SQLITE_OPEN_CREATE) == 0) {
            return SQLITE_CANTOPEN;
        }
        node = add_node(disk, path != NULL ? name : NULL);
    }
    node->opened++;
    disks.busy = disk;
    file->disk = disk;
    file->node = node;
    file->base.pMethods = &methods;
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    const char *name = NULL;
    struct sim_disk *disk = disk_of(path, &name);
    struct node *node = disk != NULL ? find(disk, name) : NULL;
    int rc;

    (void)vfs;
    (void)sync;
    if (node == NULL) {
        return disk != NULL && disk->dead ? SQLITE_IOERR_DELETE : SQLITE_IOERR_DELETE_NOENT;
    }
    rc = count(disk, false, SQLITE_IOERR_DELETE);
    if (rc == SQLITE_OK) {
        node->deleted = true;
        sweep(disk);
    }
    return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
    const char *name = NULL;
    struct sim_disk *disk = disk_of(path, &name);
    struct node *node = disk != NULL ? find(disk, name) : NULL;

    (void)vfs;
    if (disk != NULL && (disk->dead || is_unreadable(disk))) {
        return SQLITE_IOERR_ACCESS;
    }
    *ret = node != NULL && (flags != SQLITE_ACCESS_EXISTS || node->size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret)
{
    (void)vfs;
    (void)sqlite3_snprintf(size, ret, "%s", path);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret)
{
    (void)vfs;
    sim_dice_fill(&disks.dice, ret, (size_t)size);
    return size;
}

/* A machine's time passes by events alone. */
static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int vfs_time(sqlite3_vfs *vfs, double *ret)
{
    (void)vfs;
    *ret = 2461000.5;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret)
{
    (void)vfs;
    (void)size;
    (void)ret;
    return 0;
}

void sim_disk_install(void)
{
    disks.vfs = (sqlite3_vfs){.iVersion = 1,
                              .szOsFile = (int)sizeof(struct file),
                              .mxPathname = 200,
                              .zName = "tern-sim",
                              .xOpen = vfs_open,
                              .xDelete = vfs_delete,
                              .xAccess = vfs_access,
                              .xFullPathname = vfs_full_path,
                              .xRandomness = vfs_randomness,
                              .xSleep = vfs_sleep,
                              .xCurrentTime = vfs_time,
                              .xGetLastError = vfs_last_error};
    if (sqlite3_vfs_register(&disks.vfs, 1) != SQLITE_OK) {
        abort();
    }
}

void sim_disk_spare_power(bool spared)
{
    disks.has_power = spared;
}

void sim_disk_seed(uint64_t seed)
{
    disks.dice = sim_dice_make(seed);
    sqlite3_randomness(0, NULL);
}

/* ---- Disks ---- */

struct sim_disk *sim_disk_new(const char *machine, uint64_t seed)
{
    struct sim_disk *disk = zeroed(sizeof *disk);
    size_t i = 0;

    (void)snprintf(disk->machine, sizeof disk->machine, "%s", machine);
    disk->dice = sim_dice_make(seed);
    while (i < DISKS && disks.disks[i] != NULL) {
        i++;
    }
    if (i == DISKS) {
        abort();
    }
    disks.disks[i] = disk;
    return disk;
}

static void drop_all(struct sim_disk *disk)
{
    for (struct node *node = disk->nodes; node != NULL; node = node->next) {
        node->deleted = true;
    }
    sweep(disk);
}

void sim_disk_free(struct sim_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    drop_all(disk);
    for (size_t i = 0; i < DISKS; i++) {
        disks.disks[i] = disks.disks[i] == disk ? NULL : disks.disks[i];
    }
    disks.busy = disks.busy == disk ? NULL : disks.busy;
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

    for (const struct node *node = disk->nodes; node != NULL; node = node->next) {
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

bool sim_disk_has_struck(const struct sim_disk *disk)
{
    return disk->struck;
}

void sim_disk_die(struct sim_disk *disk, bool power)
{
    if (power && disks.has_power) {
        (void)fprintf(stderr, "sim: the power goes, of which it was said that it would not\n");
        abort();
    }
    disk->dead = true;
    disk->power_lost = power;
    disk->countdown = 0;
}

void sim_disk_revive(struct sim_disk *disk)
{
    for (struct node *node = disk->nodes; node != NULL; node = node->next) {
        if (disk->power_lost && !node->deleted) {
            lose_power(disk, node);
        }
    }
    disk->dead = false;
    disk->power_lost = false;
    disk->full = false;
    disk->struck = false;
}

int64_t sim_disk_size(const struct sim_disk *disk, const char *name)
{
    const struct node *node = find(disk, name);

    return node != NULL ? (int64_t)node->size : 0;
}

void sim_disk_log(const struct sim_disk *disk, const char *name, struct sim_disk_log *ret_log)
{
    const struct node *file = find(disk, name);
    char log_name[NAME];
    const struct node *log;

    (void)snprintf(log_name, sizeof log_name, "%.50s-wal", name);
    log = find(disk, log_name);
    *ret_log = (struct sim_disk_log){0};
    if (log != NULL) {
        ret_log->size = log->size;
        ret_log->filled = log->filled < log->size ? log->filled : log->size;
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

    for (const struct node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted) {
            uint64_t hash = hash_bytes(node->size, node->name, strlen(node->name));

            sum += hash_bytes(hash, node->data, node->size);
        }
    }
    return sum;
}

void sim_disk_visit(const struct sim_disk *disk, sim_disk_visitor *visit, void *context)
{
    for (const struct node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted && node->size > 0) {
            visit(context, node->name, node->data, node->size);
        }
    }
}

struct sim_image *sim_disk_image(const struct sim_disk *disk)
{
    struct sim_image *image = zeroed(sizeof *image); /* an empty head */

    for (const struct node *node = disk->nodes; node != NULL; node = node->next) {
        if (!node->deleted) {
            struct sim_image *part = grown(NULL, sizeof *part + node->size);

            part->next = image->next;
            memcpy(part->name, node->name, sizeof part->name);
            part->size = node->size;
            if (node->size > 0) {
                memcpy(part->data, node->data, node->size);
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
        struct node *node = add_node(disk, part->name);

        set_size(node, part->size);
        if (part->size > 0) {
            memcpy(node->data, part->data, part->size);
        }
        node->synced_size = part->size;
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
