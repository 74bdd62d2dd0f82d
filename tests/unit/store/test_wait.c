/* Waiting for another connection of the file. What waits sleeps in SQLite's VFS, and what it waits
 * for ends when it first does. */
#include <sqlite3.h>
#include <stdio.h>

#include "tests/unit/store/fixture.h"

/* ---- Sleep that ends something ---- */

static struct {
    sqlite3_vfs vfs;
    void (*wake)(void);
    int sleeps;
} bed;

static int sleep_told(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    if (bed.sleeps++ == 0 && bed.wake != NULL) {
        bed.wake();
    }
    return us;
}

static void lie_down(void (*wake)(void))
{
    (void)sqlite3_vfs_unregister(&bed.vfs); /* a test that failed has left it */
    bed.vfs = *sqlite3_vfs_find("unix");
    bed.vfs.zName = "bed";
    bed.vfs.xSleep = sleep_told;
    bed.wake = wake;
    bed.sleeps = 0;
    CHECK_INT(sqlite3_vfs_register(&bed.vfs, 1), SQLITE_OK);
}

static void get_up(void)
{
    CHECK_INT(sqlite3_vfs_unregister(&bed.vfs), SQLITE_OK);
}

/* ---- What is waited for ---- */

static sqlite3 *other;

static void begin_other(const char *path, const char *sql)
{
    CHECK_INT(sqlite3_open(path, &other), SQLITE_OK);
    CHECK_INT(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void end_other(void)
{
    (void)sqlite3_close(other);
    other = NULL;
}

static const char *new_path(void)
{
    return trn_test_path(trn_test_folder(), "replica.db");
}

/* ---- Tests ---- */

TEST(however_long_a_write_may_wait_it_waits)
{
    struct trn_store_options options = {.path = new_path(), .busy_timeout_ms = INT64_MAX};
    struct trn_store *store = NULL;

    trn_store_close(fixture_open(options.path));
    lie_down(end_other);
    CHECK_INT(trn_store_open(&options, &store, NULL), TERN_OK);
    begin_other(options.path, "BEGIN IMMEDIATE");
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(bed.sleeps, 1);
    trn_store_rollback(store);
    trn_store_close(store);
    get_up();
}
