/* A machine that is short of something: a place for temporary files, or room. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/sql.h"
#include "tests/unit/store/fixture.h"

enum { PEOPLE_COUNT = 600 };

static const struct trn_table *people(void)
{
    return &fixture_schema()->tables[PEOPLE];
}

static void write_people(struct trn_store *store, int64_t key)
{
    for (unsigned i = 0; i < PEOPLE_COUNT; i++) {
        struct trn_row person = fixture_person(i, key);
        char name[300];

        memset(name, 'n', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        person.values[PERSON_NAME] = tern_value_text(name);
        CHECK_INT(trn_store_row_write(store, people(), &person, NULL), TERN_OK);
    }
}

/* ---- Nowhere for temporary files ---- */

/* As on a phone that knows no folder for them. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
} bare;

static int
open_named(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    if (name == NULL) {
        file->pMethods = NULL;
        return SQLITE_IOERR_GETTEMPPATH;
    }
    return bare.real->xOpen(bare.real, name, file, flags, ret_flags);
}

static struct trn_store *open_bare(void)
{
    struct trn_store *store;

    bare.real = sqlite3_vfs_find("unix");
    bare.vfs = *bare.real;
    bare.vfs.zName = "bare";
    bare.vfs.xOpen = open_named;
    CHECK_INT(sqlite3_vfs_register(&bare.vfs, 1), SQLITE_OK);
    store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    write_people(store, 5);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    return store;
}

static void close_bare(struct trn_store *store)
{
    trn_store_close(store);
    CHECK_INT(sqlite3_vfs_unregister(&bare.vfs), SQLITE_OK);
}

TEST(much_is_taken_back_to_a_savepoint_without_a_temporary_file)
{
    struct trn_store *store = open_bare();
    struct trn_row read;
    tern_id first = fixture_id(0);
    bool found = false;

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(trn_store_savepoint(store, NULL), TERN_OK);
    write_people(store, 6);
    CHECK_INT(trn_store_savepoint_rollback(store, TERN_ERR_UNIQUE, "", NULL), TERN_OK);
    CHECK_INT(trn_store_row_read(store, people(), &first, &found, &read, NULL), TERN_OK);
    CHECK_INT(read.version.keys[0], 5);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    close_bare(store);
}

TEST(a_reader_sorts_much_without_a_temporary_file)
{
    static const char sql[] = "SELECT a.name || b.name || a.id AS n FROM people a, people b "
                              "WHERE b.id < (SELECT id FROM people ORDER BY id LIMIT 1 OFFSET 20) "
                              "ORDER BY n DESC";
    struct trn_store *store = open_bare();
    struct trn_reader *reader = NULL;
    struct trn_statement *statement = NULL;
    bool row = false;

    CHECK_INT(trn_reader_open(store, &reader, NULL), TERN_OK);
    CHECK_INT(trn_reader_prepare(reader, trn_slice_text(sql), &statement, NULL), TERN_OK);
    CHECK_INT(trn_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row);
    trn_statement_free(statement);
    trn_reader_close(reader);
    close_bare(store);
}

/* ---- No room ---- */

TEST(what_took_the_whole_transaction_back_is_told_and_not_that_its_savepoint_is_gone)
{
    struct trn_store *store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));
    tern_error why = {0};
    tern_error error = {0};
    unsigned number = 0;

    CHECK_INT(trn_store_exec(store, "PRAGMA max_page_count = 1", "no growth", NULL), TERN_OK);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(trn_store_savepoint(store, NULL), TERN_OK);
    while (why.status == TERN_OK) {
        struct trn_row person = fixture_person(number++, 5);

        CHECK(number < 1000);
        (void)!trn_store_row_write(store, people(), &person, &why);
    }
    CHECK_INT(why.status, TERN_ERR_DISK_FULL);
    CHECK(!trn_store_in_transaction(store));
    CHECK_INT(trn_store_savepoint_rollback(store, why.status, why.message, &error),
              TERN_ERR_DISK_FULL);
    CHECK_TEXT(error.message, why.message);
    trn_store_close(store);
}
