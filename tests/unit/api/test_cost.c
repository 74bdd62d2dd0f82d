/* What a transaction costs, counted and not timed: steps of SQLite's machine, and pages. */
#include <sqlite3.h>

#include "api/internal.h"
#include "store/internal.h"
#include "tests/unit/api/fixture.h"

#define INSERT "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')"

/* Of the library's own statements since the last call. */
static int64_t steps(tern_replica *replica)
{
    sqlite3 *db = replica->store->db;
    int64_t count = 0;

    for (sqlite3_stmt *stmt = sqlite3_next_stmt(db, NULL); stmt != NULL;
         stmt = sqlite3_next_stmt(db, stmt)) {
        count += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
    }
    return count;
}

TEST(a_commit_does_no_more_however_many_transactions_wait)
{
    tern_replica *replica = fixture_open(fixture_path());
    int64_t few;

    fixture_run(replica, INSERT);
    fixture_run(replica, INSERT);
    (void)steps(replica);
    fixture_run(replica, INSERT);
    few = steps(replica);
    CHECK(few > 0);
    for (int i = 0; i < 50; i++) {
        fixture_run(replica, INSERT);
    }
    (void)steps(replica);
    fixture_run(replica, INSERT);
    CHECK_INT(steps(replica), few);
    tern_replica_close(replica);
}

/* A row's page and the queue's. Now and then a page is full and another one begins. */
TEST(a_transaction_of_one_row_writes_one_page_besides_that_row)
{
    tern_replica *replica = fixture_open(fixture_path());
    int least = 1000;

    fixture_run(replica, INSERT);
    for (int i = 0; i < 10; i++) {
        int before = replica->store->log_pages;

        fixture_run(replica, "UPDATE users SET first_name = 'x' || coalesce(first_name, '')");
        if (replica->store->log_pages - before < least) {
            least = replica->store->log_pages - before;
        }
    }
    CHECK_INT(least, 2);
    tern_replica_close(replica);
}
