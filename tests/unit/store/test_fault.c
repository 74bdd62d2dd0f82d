/* What each of SQLite's results is told as. */
#include <sqlite3.h>

#include "store/fault.h"
#include "tests/harness/harness.h"

TEST(every_result_of_sqlite_has_a_status_and_a_sentence)
{
    static const struct {
        int rc;
        tern_status status;
    } results[] = {
        {SQLITE_NOMEM, TERN_ERR_NOMEM},
        {SQLITE_IOERR_NOMEM, TERN_ERR_NOMEM},
        {SQLITE_FULL, TERN_ERR_DISK_FULL},
        {SQLITE_READONLY, TERN_ERR_READ_ONLY},
        {SQLITE_READONLY_DIRECTORY, TERN_ERR_READ_ONLY},
        {SQLITE_PERM, TERN_ERR_READ_ONLY},
        {SQLITE_CANTOPEN, TERN_ERR_IO},
        {SQLITE_IOERR_WRITE, TERN_ERR_IO},
        {SQLITE_CORRUPT, TERN_ERR_CORRUPT},
        {SQLITE_CORRUPT_INDEX, TERN_ERR_CORRUPT},
        {SQLITE_NOTADB, TERN_ERR_NOT_A_REPLICA},
        {SQLITE_BUSY, TERN_ERR_BUSY},
        {SQLITE_BUSY_SNAPSHOT, TERN_ERR_BUSY},
        {SQLITE_LOCKED, TERN_ERR_BUSY},
        {SQLITE_MISMATCH, TERN_ERR_TYPE},
        {SQLITE_TOOBIG, TERN_ERR_TOO_LARGE},
        {SQLITE_MISUSE, TERN_ERR_MISUSE},
        {SQLITE_RANGE, TERN_ERR_MISUSE},
        {SQLITE_INTERRUPT, TERN_ERR_CANCELLED},
        {SQLITE_ERROR, TERN_ERR_SQL},
        {SQLITE_AUTH, TERN_ERR_SQL},
        {SQLITE_SCHEMA, TERN_ERR_SQL},
        {SQLITE_PROTOCOL, TERN_ERR_IO},
    };

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        tern_error error = {0};

        CHECK_INT(trn_store_fail(NULL, results[i].rc, "somewhere", &error), results[i].status);
        CHECK_INT(error.status, results[i].status);
        CHECK(error.message[0] != '\0');
    }
}

/* The status of a statement that fails in a database that holds no schema of ours. */
static tern_status fails(sqlite3 *db, const char *sql)
{
    tern_error error = {0};
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    CHECK(rc != SQLITE_OK);
    CHECK(trn_store_fail(db, rc, "somewhere", &error) == error.status);
    CHECK(error.message[0] != '\0');
    return error.status;
}

TEST(broken_constraints_are_told_apart)
{
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open(":memory:", &db), SQLITE_OK);
    CHECK_INT(
        sqlite3_exec(db,
                     "PRAGMA foreign_keys = ON;"
                     "CREATE TABLE p(id BLOB NOT NULL PRIMARY KEY, n INTEGER NOT NULL "
                     "CHECK (n > 0), a TEXT, b TEXT, UNIQUE (a), UNIQUE (a, b)) STRICT;"
                     "CREATE TABLE k(key INTEGER PRIMARY KEY, p BLOB REFERENCES p(id)) STRICT;"
                     "CREATE TABLE w(key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;"
                     "CREATE TABLE u(id BLOB, b BLOB, UNIQUE(id), UNIQUE(b)) STRICT;"
                     "CREATE TRIGGER no BEFORE DELETE ON p BEGIN SELECT RAISE(ABORT, 'no'); "
                     "END;"
                     "INSERT INTO p VALUES(x'01', 1, 'a', 'b');"
                     "INSERT INTO k VALUES(1, x'01');"
                     "INSERT INTO w VALUES(x'01');"
                     "INSERT INTO u VALUES(x'01', x'02');",
                     NULL,
                     NULL,
                     NULL),
        SQLITE_OK);
    CHECK_INT(fails(db, "INSERT INTO p VALUES(x'02', NULL, 'x', 'y')"), TERN_ERR_NOT_NULL);
    CHECK_INT(fails(db, "INSERT INTO p VALUES(x'02', 0, 'x', 'y')"), TERN_ERR_CHECK);
    CHECK_INT(fails(db, "INSERT INTO p VALUES(x'01', 1, 'x', 'y')"), TERN_ERR_EXISTS);
    CHECK_INT(fails(db, "INSERT INTO w VALUES(x'01')"), TERN_ERR_EXISTS);
    CHECK_INT(fails(db, "INSERT INTO k VALUES(1, NULL)"), TERN_ERR_EXISTS);
    CHECK_INT(fails(db, "INSERT INTO p VALUES(x'02', 1, 'a', 'y')"), TERN_ERR_UNIQUE);
    CHECK_INT(fails(db, "INSERT INTO u VALUES(x'01', x'09')"), TERN_ERR_EXISTS);
    CHECK_INT(fails(db, "INSERT INTO u VALUES(x'09', x'02')"), TERN_ERR_UNIQUE);
    CHECK_INT(fails(db, "INSERT INTO k VALUES(2, x'77')"), TERN_ERR_FOREIGN_KEY);
    CHECK_INT(fails(db, "INSERT INTO p VALUES(x'02', 'word', 'x', 'y')"), TERN_ERR_TYPE);
    CHECK_INT(fails(db, "DELETE FROM p"), TERN_ERR_SQL);
    CHECK_INT(fails(db, "SELECT nothing"), TERN_ERR_SQL);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}
