/* SQLite's methods on the disks: files, locks, shared memory, and the VFS itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node.h"

struct file {
    sqlite3_file base;
    struct sim_disk *disk;
    struct sim_node *node;
    int lock;
    bool has_shm;
    unsigned shm_mask_shared;
    unsigned shm_mask_exclusive;
};

static struct sim_dice dice;

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
        sim_disk_sweep(file->disk);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int size, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    struct sim_node *node = file->node;
    size_t held = (size_t)at >= node->sectors.size ? 0 : node->sectors.size - (size_t)at;

    if (file->disk->dead || sim_disk_is_unreadable(file->disk)) {
        return SQLITE_IOERR_READ;
    }
    if (held >= (size_t)size) {
        memcpy(data, node->sectors.data + at, (size_t)size);
        return SQLITE_OK;
    }
    if (held > 0) {
        memcpy(data, node->sectors.data + at, held);
    }
    memset((uint8_t *)data + held, 0, (size_t)size - held);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    struct sim_node *node = file->node;
    size_t end = (size_t)at + (size_t)size;
    int rc = sim_disk_count(file->disk, end > node->sectors.size, SQLITE_IOERR_WRITE);

    if (rc == SQLITE_OK) {
        sim_sectors_touch(&node->sectors, (size_t)at, end);
        if ((size_t)at > node->sectors.size) {
            sim_sectors_resize(&node->sectors, (size_t)at); /* what lies between is zeros */
        }
        if (end > node->sectors.size) {
            sim_sectors_reserve(&node->sectors, end);
            node->sectors.size = end;
        }
        memcpy(node->sectors.data + at, data, (size_t)size);
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
    int rc = sim_disk_count(file->disk, false, SQLITE_IOERR_TRUNCATE);

    if (rc == SQLITE_OK && (size_t)size < file->node->sectors.size) {
        sim_sectors_touch(&file->node->sectors, (size_t)size, file->node->sectors.size);
        file->node->sectors.size = (size_t)size;
    }
    return rc;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    int rc = sim_disk_count(file->disk, false, SQLITE_IOERR_FSYNC);

    (void)flags;
    if (rc == SQLITE_OK) {
        sim_sectors_sync(&file->node->sectors);
    }
    return rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)((struct file *)base)->node->sectors.size;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)base;
    struct sim_node *node = file->node;

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
    struct sim_node *node = file->node;

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
    return SIM_SECTOR;
}

/* Nothing is promised beyond what a sync gives, but that bytes which no write named stay as they
 * are: a torn sector is made of what it was and what it became, so of these it has both times the
 * same. SQLite's own VFS for Unix promises that, too; without it each commit that is synced fills
 * its last sector up with another frame. */
static int file_device(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **ret)
{
    struct file *file = (struct file *)base;
    struct sim_node *node = file->node;

    *ret = NULL;
    if (page >= SIM_SHM_PAGES || size != SIM_SHM_PAGE || file->disk->dead ||
        sim_disk_is_unreadable(file->disk)) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (!file->has_shm) {
        file->has_shm = true;
        node->shm_users++;
    }
    if (node->shm[page] == NULL && extend != 0) {
        node->shm[page] = sim_disk_zeroed(SIM_SHM_PAGE);
    }
    *ret = node->shm[page];
    return SQLITE_OK;
}

static int file_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct file *file = (struct file *)base;
    struct sim_node *node = file->node;

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
            sim_node_free_shm(file->node);
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
    struct sim_disk *disk = sim_disk_of(path, &name);
    struct sim_node *node;

    (void)vfs;
    memset(file, 0, sizeof *file);
    if (path == NULL) { /* temporary; many a phone has no folder for such */
        return SQLITE_IOERR_GETTEMPPATH;
    }
    if (disk == NULL || disk->dead || sim_disk_is_unreadable(disk)) {
        return SQLITE_CANTOPEN;
    }
    node = sim_disk_find(disk, name);
    if (node == NULL) {
        if ((flags & SQLITE_OPEN_CREATE) == 0) {
            return SQLITE_CANTOPEN;
        }
        node = sim_disk_add(disk, name);
    }
    node->opened++;
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
    struct sim_disk *disk = sim_disk_of(path, &name);
    struct sim_node *node = disk != NULL ? sim_disk_find(disk, name) : NULL;
    int rc;

    (void)vfs;
    (void)sync;
    if (node == NULL) {
        return disk != NULL && disk->dead ? SQLITE_IOERR_DELETE : SQLITE_IOERR_DELETE_NOENT;
    }
    rc = sim_disk_count(disk, false, SQLITE_IOERR_DELETE);
    if (rc == SQLITE_OK) {
        node->deleted = true;
        sim_disk_sweep(disk);
    }
    return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
    const char *name = NULL;
    struct sim_disk *disk = sim_disk_of(path, &name);
    struct sim_node *node = disk != NULL ? sim_disk_find(disk, name) : NULL;

    (void)vfs;
    if (disk != NULL && (disk->dead || sim_disk_is_unreadable(disk))) {
        return SQLITE_IOERR_ACCESS;
    }
    *ret = node != NULL && (flags != SQLITE_ACCESS_EXISTS || node->sectors.size > 0);
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
    sim_dice_fill(&dice, ret, (size_t)size);
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
    static sqlite3_vfs vfs;

    vfs = (sqlite3_vfs){.iVersion = 1,
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
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
        abort();
    }
}

void sim_disk_seed(uint64_t seed)
{
    dice = sim_dice_make(seed);
    sqlite3_randomness(0, NULL);
}
