/* Opening: what is a replica, who may write it, and what no failed opening may change. */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/state.h"

static const char *new_path(void)
{
    return trn_test_path(trn_test_folder(), "replica.db");
}

static char *read_whole(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);

    *ret_size = 0;
    if (file != NULL && bytes != NULL) {
        *ret_size = fread(bytes, 1, 1 << 20, file);
        (void)fclose(file);
    }
    return bytes;
}

static tern_status try_open(const char *path, tern_error *error)
{
    struct trn_store *store = NULL;
    tern_status status = fixture_try(path, &store, error);

    trn_store_close(store);
    return status;
}

/* Opening fails with `expected` and leaves the file as it was. */
static void refuses(const char *path, tern_status expected)
{
    tern_error error = {0};
    size_t size_before;
    size_t size_after;
    char *before = read_whole(path, &size_before);
    char *after;

    CHECK_INT(try_open(path, &error), expected);
    CHECK(error.message[0] != '\0');
    after = read_whole(path, &size_after);
    CHECK_INT(size_after, size_before);
    CHECK(memcmp(before, after, size_before) == 0);
    free(before);
    free(after);
}

TEST(a_new_file_is_created_and_opens_again)
{
    const char *path = new_path();
    struct trn_slice document = {0};
    struct trn_store *store = fixture_open(path);

    trn_store_close(store);
    store = fixture_open(path);
    CHECK(!trn_store_is_new(store));
    CHECK_INT(trn_store_document(store, &document, NULL), TERN_OK);
    CHECK(trn_slice_equal_text(document, "{\"name\":\"fixture\"}"));
    trn_store_close(store);
}

TEST(an_absent_file_is_not_created_where_it_must_exist)
{
    struct trn_store_options options = {.path = new_path(), .must_exist = true};
    struct trn_store *store = NULL;

    CHECK_INT(trn_store_open(&options, &store, NULL), TERN_ERR_NOT_FOUND);
    CHECK(store == NULL);
    CHECK(access(options.path, F_OK) != 0);
}

TEST(an_empty_file_is_no_replica_where_one_must_exist)
{
    struct trn_store_options options = {.path = new_path(), .must_exist = true};
    struct trn_store *store = NULL;
    FILE *file = fopen(options.path, "wb");

    (void)fclose(file);
    CHECK_INT(trn_store_open(&options, &store, NULL), TERN_ERR_NOT_FOUND);
    CHECK(store == NULL);
}

TEST(a_second_handle_is_refused_while_the_first_is_open)
{
    const char *path = new_path();
    struct trn_store *store = fixture_open(path);
    tern_error error = {0};

    CHECK_INT(try_open(path, &error), TERN_ERR_BUSY);
    trn_store_close(store);
    CHECK_INT(try_open(path, NULL), TERN_OK);
}

TEST(a_second_process_is_refused_and_a_killed_one_holds_nothing)
{
    const char *path = new_path();
    int ready[2];
    char byte = 0;
    int state = 0;
    pid_t child;

    trn_store_close(fixture_open(path));
    CHECK_INT(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        struct trn_store *store = NULL;

        (void)alarm(20); /* should the parent fail */
        byte = fixture_try(path, &store, NULL) == TERN_OK ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        for (;;) {
            (void)pause();
        }
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    CHECK_INT(byte, 'y');
    CHECK_INT(try_open(path, NULL), TERN_ERR_BUSY);
    CHECK_INT(kill(child, 9), 0);
    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK_INT(try_open(path, NULL), TERN_OK);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

TEST(a_file_that_is_no_database_is_refused)
{
    const char *path = new_path();
    FILE *file = fopen(path, "wb");

    for (int i = 0; i < 200; i++) {
        (void)fputs("not a database at all\n", file);
    }
    (void)fclose(file);
    refuses(path, TERN_ERR_NOT_A_REPLICA);
}

TEST(a_database_of_another_application_is_refused)
{
    const char *path = new_path();
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL), 0);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    refuses(path, TERN_ERR_NOT_A_REPLICA);
}

TEST(a_file_of_a_newer_format_is_refused)
{
    const char *path = new_path();

    trn_store_close(fixture_open(path));
    CHECK_INT(fixture_outside(path, "PRAGMA user_version = 3"), SQLITE_OK);
    refuses(path, TERN_ERR_FORMAT_NEWER);
}

TEST(a_replica_without_its_own_tables_is_corrupt)
{
    const char *path = new_path();

    trn_store_close(fixture_open(path));
    CHECK_INT(fixture_outside(path, "DROP TABLE tern_outbox"), SQLITE_OK);
    refuses(path, TERN_ERR_CORRUPT);
}

TEST(a_replica_whose_table_lacks_a_column_of_the_document_is_corrupt)
{
    static const char *const renamed[] = {"name", "id", "tern_v"};

    for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
        const char *path = new_path();
        char sql[80];

        (void)unlink(path);
        trn_store_close(fixture_open(path));
        (void)snprintf(sql, sizeof(sql), "ALTER TABLE people RENAME %s TO other", renamed[i]);
        CHECK_INT(fixture_outside(path, sql), SQLITE_OK);
        refuses(path, TERN_ERR_CORRUPT);
    }
}

TEST(a_replica_without_a_table_of_the_document_is_corrupt)
{
    const char *path = new_path();

    trn_store_close(fixture_open(path));
    CHECK_INT(fixture_outside(path, "DROP TABLE sync_audit"), SQLITE_OK);
    refuses(path, TERN_ERR_CORRUPT);
}

TEST(a_truncated_file_never_opens_wherever_it_is_cut)
{
    const char *path = new_path();
    size_t size;
    char *bytes;

    trn_store_close(fixture_open(path));
    bytes = read_whole(path, &size);
    CHECK(size > 8 * 4096);
    for (size_t cut = 2; cut < size; cut += cut < 200 ? 33 : 2048) {
        FILE *file = fopen(path, "wb");
        tern_error error = {0};
        tern_status status;

        CHECK_INT(fwrite(bytes, 1, cut, file), cut);
        (void)fclose(file);
        status = try_open(path, &error);
        CHECK(status == TERN_ERR_CORRUPT || status == TERN_ERR_NOT_A_REPLICA);
        CHECK(error.message[0] != '\0');
    }
    free(bytes);
}

TEST(a_page_overwritten_with_garbage_is_found_when_it_is_read)
{
    const char *path = new_path();
    FILE *file;

    trn_store_close(fixture_open(path));
    file = fopen(path, "r+b");
    CHECK_INT(fseek(file, 108, SEEK_SET), 0); /* the schema's b-tree */
    for (int i = 0; i < 3000; i++) {
        (void)fputc(0xA5, file);
    }
    (void)fclose(file);
    CHECK_INT(try_open(path, NULL), TERN_ERR_CORRUPT);
}

/* Runs as a user who may not write; root may write everything. */
static tern_status open_unprivileged(const char *path)
{
    int state = 0;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() == 0 && seteuid(65534) != 0) {
            _exit(255);
        }
        _exit((int)try_open(path, NULL));
    }
    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK(WIFEXITED(state));
    return (tern_status)WEXITSTATUS(state);
}

TEST(a_read_only_file_is_named_as_such)
{
    const char *folder = trn_test_folder();
    const char *path = trn_test_path(folder, "replica.db");

    trn_store_close(fixture_open(path));
    CHECK_INT(chmod(folder, 0777), 0);
    CHECK_INT(chmod(path, 0444), 0);
    CHECK_INT(open_unprivileged(path), TERN_ERR_READ_ONLY);
}

TEST(a_read_only_folder_is_named_as_such)
{
    const char *folder = trn_test_folder();
    const char *path = trn_test_path(folder, "replica.db");

    trn_store_close(fixture_open(path));
    CHECK_INT(unlink(trn_test_path(folder, "replica.db-lock")), 0);
    CHECK_INT(chmod(path, 0666), 0);
    CHECK_INT(chmod(folder, 0555), 0);
    CHECK_INT(open_unprivileged(path), TERN_ERR_READ_ONLY);
}

TEST(what_a_crash_left_in_the_log_is_in_the_file_once_it_is_open)
{
    const char *path = new_path();
    char log[512];
    struct stat info;
    int state = 0;
    pid_t child;

    trn_store_close(fixture_open(path));
    child = fork();
    if (child == 0) {
        struct trn_store *store = fixture_open(path);
        struct trn_row person = fixture_person(1, 0);

        if (trn_store_begin(store, NULL) != TERN_OK ||
            trn_store_row_write(store, &fixture_schema()->tables[PEOPLE], &person, NULL) !=
                TERN_OK ||
            trn_store_commit(store, NULL) != TERN_OK) {
            _exit(1);
        }
        (void)kill(getpid(), 9);
    }
    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK(WIFSIGNALED(state));
    (void)snprintf(log, sizeof(log), "%s-wal", path);
    CHECK_INT(stat(log, &info), 0);
    CHECK(info.st_size > 0);
    {
        struct trn_store *store = fixture_open(path);

        CHECK_INT(stat(log, &info), 0);
        CHECK_INT(info.st_size, 0);
        trn_store_close(store);
    }
    CHECK_INT(fixture_number(path, "SELECT count(*) FROM people"), 1);
}

TEST(a_reader_from_outside_does_not_keep_the_file_from_opening)
{
    const char *path = new_path();
    sqlite3 *db = NULL;
    struct trn_store *store = fixture_open(path);

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM people", NULL, NULL, NULL), SQLITE_OK);
    trn_store_close(store);
    CHECK_INT(try_open(path, NULL), TERN_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

/* Where SQLite has what waits sleep: tells `go` that somebody waits, the first time only if
 * `release` is set, and then hears from `done` that what was waited for is over. */
static struct {
    sqlite3_vfs vfs;
    int go;
    int done;
    bool release;
    int sleeps;
} bed;

static int sleep_told(sqlite3_vfs *vfs, int us)
{
    char byte = 'g';

    (void)vfs;
    if (bed.release && bed.sleeps == 0) {
        CHECK_INT(write(bed.go, &byte, 1), 1);
        CHECK_INT(read(bed.done, &byte, 1), 1);
    }
    bed.sleeps++;
    return us;
}

struct checkpointing {
    sqlite3 *reader;
    int go;
    int held;
};

/* SQLite asks it while it holds the checkpoint's lock and waits for the reader. */
static int hold_checkpoint(void *context, int count)
{
    struct checkpointing *other = context;
    char byte = 'h';

    (void)count;
    return write(other->held, &byte, 1) == 1 && read(other->go, &byte, 1) == 1 &&
           sqlite3_exec(other->reader, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* Another process, in the middle of a checkpoint until it is told to go on; then says 'd'. */
static void checkpoint_until_told(const char *path, int go, int held)
{
    struct checkpointing other = {.go = go, .held = held};
    sqlite3 *db = NULL;
    char byte = 'f';

    (void)alarm(60); /* should the parent fail */
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_open(path, &other.reader) == SQLITE_OK &&
        sqlite3_exec(other.reader, "BEGIN; SELECT count(*) FROM people", NULL, NULL, NULL) == 0 &&
        sqlite3_exec(db, "CREATE TABLE other(x); DROP TABLE other", NULL, NULL, NULL) == 0 &&
        sqlite3_busy_handler(db, hold_checkpoint, &other) == SQLITE_OK &&
        sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_FULL, NULL, NULL) == SQLITE_OK) {
        byte = 'd';
    }
    (void)!write(held, &byte, 1);
    for (;;) {
        (void)pause();
    }
}

/* Opens the file while another process checkpoints, which ends once this one sleeps, or not. */
static tern_status open_while_checkpointed(bool ends)
{
    const char *path = new_path();
    int go[2];
    int held[2];
    char byte = 0;
    int state = 0;
    tern_status status;
    pid_t child;

    trn_store_close(fixture_open(path));
    CHECK_INT(pipe(go), 0);
    CHECK_INT(pipe(held), 0);
    child = fork();
    if (child == 0) {
        checkpoint_until_told(path, go[0], held[1]);
    }
    CHECK_INT(read(held[0], &byte, 1), 1);
    CHECK_INT(byte, 'h');
    bed.vfs = *sqlite3_vfs_find(NULL);
    bed.vfs.zName = "bed";
    bed.vfs.xSleep = sleep_told;
    bed.go = go[1];
    bed.done = held[0];
    bed.release = ends;
    bed.sleeps = 0;
    CHECK_INT(sqlite3_vfs_register(&bed.vfs, 1), SQLITE_OK);
    status = try_open(path, NULL);
    CHECK_INT(sqlite3_vfs_unregister(&bed.vfs), SQLITE_OK);
    CHECK_INT(kill(child, 9), 0);
    CHECK_INT(waitpid(child, &state, 0), child);
    for (int i = 0; i < 2; i++) {
        (void)close(go[i]);
        (void)close(held[i]);
    }
    return status;
}

TEST(opening_waits_while_another_connection_checkpoints)
{
    CHECK_INT(open_while_checkpointed(true), TERN_OK);
    CHECK_INT(bed.sleeps, 1);
}

TEST(opening_gives_up_on_a_checkpoint_that_does_not_end)
{
    CHECK_INT(open_while_checkpointed(false), TERN_ERR_BUSY);
    CHECK_INT(bed.sleeps, 5); /* of 10 ms each, the fixture's patience being 50 */
}

TEST(opening_survives_any_allocation_failing)
{
    const char *path = new_path();

    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_store *store = NULL;
        tern_error error = {0};
        tern_status status = fixture_try(path, &store, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK((status == TERN_OK) == (store != NULL));
        trn_store_close(store);
    }
    trn_store_close(fixture_open(path));
}

enum { NORMAL = 1, FULL = 2 };

/* How a commit waits for the disk. */
static int synchronous(struct trn_store *store)
{
    sqlite3_stmt *stmt = NULL;
    int number = -1;

    CHECK_INT(sqlite3_prepare_v2(store->db, "PRAGMA synchronous", -1, &stmt, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(stmt), SQLITE_ROW);
    number = sqlite3_column_int(stmt, 0);
    CHECK_INT(sqlite3_finalize(stmt), SQLITE_OK);
    return number;
}

/* A setting may have taken effect before what it takes failed. */
TEST(a_commit_waits_for_the_disk_whatever_failed_before_one_that_need_not)
{
    struct trn_store *store = fixture_open(new_path());
    tern_error error = {0};

    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = trn_store_begin_hasty(store, &error);

        harness_fault_suspend();
        if (status == TERN_OK) {
            CHECK_INT(synchronous(store), NORMAL);
            trn_store_rollback(store);
        } else {
            CHECK_INT(status, TERN_ERR_NOMEM);
        }
        CHECK_INT(trn_store_begin(store, &error), TERN_OK);
        CHECK_INT(synchronous(store), FULL);
        trn_store_rollback(store);
        harness_fault_resume();
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status;

        harness_fault_suspend();
        CHECK_INT(trn_store_begin_hasty(store, &error), TERN_OK);
        trn_store_rollback(store);
        harness_fault_resume();
        status = trn_store_begin(store, &error);
        harness_fault_suspend();
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        if (status == TERN_OK) {
            CHECK_INT(synchronous(store), FULL);
            trn_store_rollback(store);
        }
        harness_fault_resume();
    }
    trn_store_close(store);
}
