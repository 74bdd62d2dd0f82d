/* Waiting for another connection of the file. What waits sleeps in SQLite's VFS, and what it waits
 * for ends when it first does. */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

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
static struct trn_store *holder;

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

static void close_holder(void)
{
    trn_store_close(holder);
    holder = NULL;
}

static const char *new_path(void)
{
    return trn_test_path(trn_test_folder(), "replica.db");
}

static tern_status try_open(const char *path)
{
    struct trn_store *store = NULL;
    tern_status status = fixture_try(path, &store, NULL);

    trn_store_close(store);
    return status;
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

TEST(opening_waits_for_one_that_is_closing)
{
    const char *path = new_path();

    holder = fixture_open(path);
    lie_down(close_holder);
    CHECK_INT(try_open(path), TERN_OK);
    CHECK_INT(bed.sleeps, 1);
    get_up();
}

/* Both would be refused for each other, should neither wait. */
TEST(opening_waits_for_another_that_is_about_to_be_refused)
{
    const char *folder = trn_test_folder();
    const char *path = trn_test_path(folder, "replica.db");

    trn_store_close(fixture_open(path));
    begin_other(trn_test_path(folder, "replica.db-lock"),
                "BEGIN; SELECT count(*) FROM sqlite_schema");
    lie_down(end_other);
    CHECK_INT(try_open(path), TERN_OK);
    CHECK_INT(bed.sleeps, 1);
    get_up();
}

TEST(opening_gives_up_on_one_that_stays_open)
{
    const char *path = new_path();

    holder = fixture_open(path);
    lie_down(NULL);
    CHECK_INT(try_open(path), TERN_ERR_BUSY);
    CHECK(bed.sleeps > 1);
    close_holder();
    CHECK_INT(try_open(path), TERN_OK);
    get_up();
}

/* Another process, which opens and closes the file again and again. */
static pid_t open_again_and_again(const char *path)
{
    struct trn_store_options options = {.path = path, .busy_timeout_ms = 60000};
    pid_t child = fork();

    for (int i = 0; child == 0 && i < 40; i++) {
        struct trn_store *store = NULL;

        if (trn_store_open(&options, &store, NULL) != TERN_OK) {
            _exit(1);
        }
        trn_store_close(store);
    }
    if (child == 0) {
        _exit(0);
    }
    return child;
}

TEST(of_two_that_open_the_file_again_and_again_none_is_refused)
{
    const char *path = new_path();
    pid_t children[2];

    trn_store_close(fixture_open(path));
    for (int i = 0; i < 2; i++) {
        children[i] = open_again_and_again(path);
    }
    for (int i = 0; i < 2; i++) {
        int state = 0;

        CHECK_INT(waitpid(children[i], &state, 0), children[i]);
        CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    }
}
