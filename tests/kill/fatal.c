/* SQLite's VFS for unix lets its system calls be replaced. */
#include "tests/kill/fatal.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/kill/kill.h"

static unsigned calls_left;
static enum fatal_moment chosen;

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) {
        (void)pause();
    }
}

/* Whether this call is the last one; dies at once where it is not to be made. */
static bool is_last(void)
{
    bool last = calls_left > 0 && --calls_left == 0;

    if (last && chosen == FATAL_BEFORE) {
        die();
    }
    return last;
}

static ssize_t fatal_pwrite(int file, const void *data, size_t size, off_t at)
{
    bool last = is_last();
    ssize_t written = pwrite(file, data, last && chosen == FATAL_HALFWAY ? size / 2 : size, at);

    if (last) {
        die();
    }
    return written;
}

static ssize_t fatal_write(int file, const void *data, size_t size)
{
    bool last = is_last();
    ssize_t written = write(file, data, last && chosen == FATAL_HALFWAY ? size / 2 : size);

    if (last) {
        die();
    }
    return written;
}

static int fatal_ftruncate(int file, off_t size)
{
    bool last = is_last();
    int code = ftruncate(file, size);

    if (last) {
        die();
    }
    return code;
}

static int fatal_unlink(const char *path)
{
    bool last = is_last();
    int code = unlink(path);

    if (last) {
        die();
    }
    return code;
}

static int fatal_open(const char *path, int flags, int mode)
{
    bool last = is_last();
    int file = open(path, flags, mode);

    if (last) {
        die();
    }
    return file;
}

void fatal_arm(unsigned nth, enum fatal_moment moment)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {
        {"pwrite", (sqlite3_syscall_ptr)fatal_pwrite},
        {"pwrite64", (sqlite3_syscall_ptr)fatal_pwrite},
        {"write", (sqlite3_syscall_ptr)fatal_write},
        {"ftruncate", (sqlite3_syscall_ptr)fatal_ftruncate},
        {"unlink", (sqlite3_syscall_ptr)fatal_unlink},
        {"open", (sqlite3_syscall_ptr)fatal_open},
    };
    unsigned replaced = 0;

    kill_need(vfs != NULL && vfs->iVersion >= 3, "SQLite's VFS for unix");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        replaced += vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call) == SQLITE_OK;
    }
    kill_need(replaced >= 5, "system calls of SQLite that can be replaced");
    calls_left = nth;
    chosen = moment;
}
