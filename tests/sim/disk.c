/* The methods pass on to the default VFS; only writing, syncing, truncating and deleting think. */
#include "tests/sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/harness.h"

enum { FILES = 64 };

/* What a write or a truncation replaced. */
struct undo {
    struct undo *older;
    sqlite3_int64 old_size; /* of the file before it */
    sqlite3_int64 at;
    int size;
    uint8_t bytes[];
};

struct known {
    char path[600];
    struct undo *undo; /* newest first */
};

struct file {
    sqlite3_file base;
    struct known *known; /* NULL: a file that is not watched */
    sqlite3_file real[];
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct known known[FILES];
    unsigned fill_at; /* 0: never */
    bool fill_every;
    bool refused;
    bool sync_fails;
    unsigned fail_read_at; /* 0: never */
    unsigned cut_at;
    bool cut;
} disk;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

static void forget(struct known *known)
{
    while (known->undo != NULL) {
        struct undo *undo = known->undo;

        known->undo = undo->older;
        free(undo);
    }
}

static struct known *know(const char *path)
{
    for (size_t i = 0; i < FILES; i++) {
        if (strcmp(disk.known[i].path, path) == 0) {
            return &disk.known[i];
        }
    }
    for (size_t i = 0; i < FILES; i++) {
        if (disk.known[i].path[0] == '\0') {
            (void)snprintf(disk.known[i].path, sizeof disk.known[i].path, "%s", path);
            return &disk.known[i];
        }
    }
    abort();
}

/* Whether this write or sync still reaches the disk. */
static bool has_power(void)
{
    if (disk.cut_at > 0 && --disk.cut_at == 0) {
        disk.cut = true;
    }
    return !disk.cut;
}

static bool has_room(bool grows)
{
    if (disk.fill_at == 0) {
        return true;
    }
    if (disk.fill_at > 1) {
        disk.fill_at--;
        return true;
    }
    if (!grows && !disk.fill_every) {
        return true;
    }
    disk.refused = true;
    return false;
}

static int note(sqlite3_file *file, sqlite3_int64 at, sqlite3_int64 end)
{
    struct known *known = ((struct file *)file)->known;
    sqlite3_int64 size = 0;
    sqlite3_int64 kept;
    struct undo *undo;
    int rc = real_of(file)->pMethods->xFileSize(real_of(file), &size);

    if (known == NULL || rc != SQLITE_OK) {
        return rc;
    }
    kept = end < size ? end - at : size - at;
    kept = kept > 0 ? kept : 0;
    harness_fault_suspend();
    undo = malloc(sizeof *undo + (size_t)kept);
    harness_fault_resume();
    if (undo == NULL) {
        return SQLITE_IOERR;
    }
    *undo = (struct undo){.older = known->undo, .old_size = size, .at = at, .size = (int)kept};
    if (kept > 0) {
        rc = real_of(file)->pMethods->xRead(real_of(file), undo->bytes, (int)kept, at);
    }
    known->undo = undo;
    return rc;
}

/* ---- Files ---- */

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
    if (disk.fail_read_at > 0 && --disk.fail_read_at == 0) {
        return SQLITE_IOERR_READ;
    }
    return real_of(file)->pMethods->xRead(real_of(file), data, size, at);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    sqlite3_int64 old = 0;
    int rc = real_of(file)->pMethods->xFileSize(real_of(file), &old);

    if (!has_power()) {
        return SQLITE_IOERR_WRITE;
    }
    if (!has_room(at + size > old)) {
        return SQLITE_FULL;
    }
    if (rc == SQLITE_OK) {
        rc = note(file, at, at + size);
    }
    return rc == SQLITE_OK ? real_of(file)->pMethods->xWrite(real_of(file), data, size, at) : rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc;

    if (!has_power()) {
        return SQLITE_IOERR_TRUNCATE;
    }
    rc = note(file, size, INT64_MAX);
    return rc == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : rc;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct known *known = ((struct file *)file)->known;

    (void)flags; /* what matters is noted here; the real disk need not hurry */
    if (!has_power()) {
        return SQLITE_IOERR_FSYNC;
    }
    if (disk.sync_fails) {
        disk.sync_fails = false;
        return SQLITE_IOERR_FSYNC;
    }
    if (known != NULL) {
        forget(known);
    }
    return SQLITE_OK;
}

static int file_size_of(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *ret_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_reserved);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

/* Nothing is promised beyond what a sync gives. */
static int file_device(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size_of,
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
disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    struct file *file = (struct file *)base;
    int rc;

    (void)vfs;
    memset(file, 0, sizeof *file);
    rc = disk.real->xOpen(disk.real, name, file->real, flags, ret_flags);
    if (rc == SQLITE_OK) {
        file->known = name != NULL ? know(name) : NULL;
        file->base.pMethods = &methods;
    }
    return rc;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    if (!has_power()) {
        return SQLITE_IOERR_DELETE;
    }
    forget(know(name));
    return disk.real->xDelete(disk.real, name, sync);
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    (void)vfs;
    return disk.real->xAccess(disk.real, name, flags, ret);
}

static int disk_full_path(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
    (void)vfs;
    return disk.real->xFullPathname(disk.real, name, size, ret);
}

static int disk_randomness(sqlite3_vfs *vfs, int size, char *ret)
{
    (void)vfs;
    return disk.real->xRandomness(disk.real, size, ret);
}

static int disk_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return disk.real->xSleep(disk.real, us);
}

static int disk_time(sqlite3_vfs *vfs, double *ret)
{
    (void)vfs;
    return disk.real->xCurrentTime(disk.real, ret);
}

static int disk_last_error(sqlite3_vfs *vfs, int size, char *ret)
{
    (void)vfs;
    return disk.real->xGetLastError(disk.real, size, ret);
}

void disk_begin(bool standard)
{
    if (sqlite3_vfs_find(DISK_VFS) != NULL) {
        disk_end(); /* a test that failed has left it */
    }
    memset(&disk, 0, sizeof disk);
    disk.real = sqlite3_vfs_find("unix");
    CHECK(disk.real != NULL);
    disk.vfs = (sqlite3_vfs){.iVersion = 1,
                             .szOsFile = (int)sizeof(struct file) + disk.real->szOsFile,
                             .mxPathname = disk.real->mxPathname,
                             .zName = DISK_VFS,
                             .xOpen = disk_open,
                             .xDelete = disk_delete,
                             .xAccess = disk_access,
                             .xFullPathname = disk_full_path,
                             .xRandomness = disk_randomness,
                             .xSleep = disk_sleep,
                             .xCurrentTime = disk_time,
                             .xGetLastError = disk_last_error};
    CHECK(sqlite3_vfs_register(&disk.vfs, standard) == SQLITE_OK);
}

void disk_end(void)
{
    (void)sqlite3_vfs_unregister(&disk.vfs);
    (void)sqlite3_vfs_register(disk.real, 1);
    for (size_t i = 0; i < FILES; i++) {
        forget(&disk.known[i]);
    }
}

void disk_fill(unsigned nth, bool every)
{
    disk.fill_at = nth;
    disk.fill_every = every;
    disk.refused = false;
}

bool disk_refused(void)
{
    return disk.refused;
}

void disk_fail_sync(void)
{
    disk.sync_fails = true;
}

void disk_fail_read(unsigned nth)
{
    disk.fail_read_at = nth;
}

bool disk_fails_reads(void)
{
    return disk.fail_read_at > 0;
}

void disk_cut_at(unsigned nth)
{
    disk.cut_at = nth;
    disk.cut = false;
}

bool disk_is_cut(void)
{
    return disk.cut;
}

void disk_settle(void)
{
    for (size_t i = 0; i < FILES; i++) {
        forget(&disk.known[i]);
    }
}

static void take_back(struct known *known)
{
    FILE *file = known->undo == NULL ? NULL : fopen(known->path, "r+b");

    if (file != NULL) {
        for (struct undo *undo = known->undo; undo != NULL; undo = undo->older) {
            CHECK(fseek(file, (long)undo->at, SEEK_SET) == 0);
            CHECK(fwrite(undo->bytes, 1, (size_t)undo->size, file) == (size_t)undo->size);
            CHECK(fflush(file) == 0);
            CHECK(ftruncate(fileno(file), (off_t)undo->old_size) == 0);
        }
        (void)fclose(file);
    }
    forget(known);
}

void disk_restore(void)
{
    disk.cut_at = 0;
    disk.cut = false;
    for (size_t i = 0; i < FILES; i++) {
        char shared[700];

        if (disk.known[i].path[0] != '\0') {
            take_back(&disk.known[i]);
            (void)snprintf(shared, sizeof shared, "%s-shm", disk.known[i].path);
            (void)unlink(shared);
        }
    }
}
