/* The harness itself: it fails every kind of allocation, and leaves no folder behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "tests/harness/harness.h"

TEST(an_allocation_of_sqlite_fails_like_one_of_ours)
{
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        sqlite3 *db = NULL;
        int rc = sqlite3_open(":memory:", &db);

        if (rc == SQLITE_OK) {
            rc = sqlite3_exec(db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
        }
        CHECK(rc == SQLITE_OK || rc == SQLITE_NOMEM);
        failures += rc == SQLITE_NOMEM;
        sqlite3_close(db);
    }
    CHECK(failures > 10);
}

TEST(an_allocation_of_jansson_fails_like_one_of_ours)
{
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        json_t *document = json_loads("{\"doses\":[1,2]}", 0, NULL);

        failures += document == NULL;
        json_decref(document);
    }
    CHECK(failures >= 4);
}

TEST(nothing_fails_while_the_fault_is_suspended)
{
    unsigned rounds = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        void *fixture;
        void *block;

        harness_fault_suspend();
        fixture = trn_alloc(8);
        harness_fault_resume();
        CHECK(fixture != NULL);
        block = trn_alloc(8);
        CHECK((block == NULL) == harness_fault_injected());
        trn_free(block);
        trn_free(fixture);
        rounds++;
    }
    CHECK_INT(rounds, 2);
}

static char left_behind[512];

TEST(a_folder_is_there_for_its_test)
{
    const char *folder = trn_test_folder();
    FILE *file = fopen(trn_test_path(folder, "file"), "w");
    struct stat info;

    CHECK(file != NULL && fclose(file) == 0);
    CHECK(mkdir(trn_test_path(folder, "folder"), S_IRWXU) == 0);
    CHECK(stat(trn_test_path(folder, "file"), &info) == 0);
    CHECK(strcmp(folder, trn_test_folder()) != 0);
    (void)snprintf(left_behind, sizeof(left_behind), "%s", folder);
}

TEST(and_gone_after_it)
{
    struct stat info;

    CHECK(left_behind[0] == '\0' || stat(left_behind, &info) != 0);
}

TEST(real_data_is_named_by_the_environment_or_the_test_is_skipped)
{
    const char *folder = trn_test_data();
    struct stat info;

    CHECK(stat(folder, &info) == 0 && S_ISDIR(info.st_mode));
}
