/* What a transaction costs, counted and not timed: steps of SQLite's machine, and pages. */
#include <sqlite3.h>

#include "api/internal.h"
#include "engine/leave.h"
#include "engine/rebase.h"
#include "engine/reoffer.h"
#include "engine/work_commit.h"
#include "store/state.h"
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

/* Of a queue in which each builds on the one before: off the rows and back. */
static int64_t steps_of_rebase(tern_replica *replica)
{
    struct trn_work work;

    (void)steps(replica);
    CHECK_INT(trn_work_begin(&work, &replica->engine, NULL, NULL), TERN_OK);
    CHECK_INT(trn_rebase_lift(&work, NULL), TERN_OK);
    CHECK_INT(trn_work_commit(&work, NULL), TERN_OK);
    return steps(replica);
}

TEST(a_queue_is_laid_back_in_time_that_grows_with_it_and_no_faster)
{
    static const char edit[] = "UPDATE users SET first_name = CASE first_name WHEN 'a' THEN 'b' "
                               "ELSE 'a' END";
    tern_replica *replica = fixture_open(fixture_path());
    int64_t few;

    fixture_run(replica, INSERT);
    for (int i = 1; i < 20; i++) {
        fixture_run(replica, edit);
    }
    few = steps_of_rebase(replica);
    for (int i = 20; i < 160; i++) {
        fixture_run(replica, edit);
    }
    CHECK(steps_of_rebase(replica) < 9 * few);
    tern_replica_close(replica);
}

/* As if a server had taken all that waits, and no entry of it were kept any more. */
static void acknowledge_and_forget(tern_replica *replica, uint64_t count)
{
    struct trn_work work;

    CHECK_INT(trn_work_begin(&work, &replica->engine, NULL, NULL), TERN_OK);
    for (uint64_t ordinal = 1; ordinal <= count; ordinal++) {
        struct trn_entry entry;

        CHECK_INT(trn_outbox_find(work.store, ordinal, 1U << TERN_ENTRY_PENDING, &entry, NULL),
                  TERN_OK);
        CHECK_INT(entry.ordinal, ordinal);
        CHECK_INT(trn_store_tx_settle(work.store,
                                      entry.key,
                                      (int64_t)ordinal,
                                      entry.time_us,
                                      &entry.author,
                                      NULL),
                  TERN_OK);
        CHECK_INT(trn_outbox_remove(work.store, ordinal, NULL), TERN_OK);
    }
    work.meta.sent_ordinal = count;
    CHECK_INT(trn_work_commit(&work, NULL), TERN_OK);
}

static int count_step(void *context)
{
    ++*(int64_t *)context;
    return 0;
}

/* Of what is left of so many transactions, offered to a restored server. */
static int64_t steps_of_reoffer(uint64_t count)
{
    tern_replica *replica = fixture_open(fixture_path());
    struct trn_work work;
    uint64_t waiting = 0;
    int64_t taken = 0;

    for (uint64_t i = 0; i < count; i++) {
        fixture_run(replica, INSERT);
    }
    acknowledge_and_forget(replica, count);
    CHECK_INT(trn_work_begin(&work, &replica->engine, NULL, NULL), TERN_OK);
    sqlite3_progress_handler(replica->store->db, 1, count_step, &taken);
    CHECK_INT(trn_reoffer_gather(&work, NULL), TERN_OK);
    CHECK_INT(trn_store_tx_forget_numbers(work.store, NULL), TERN_OK);
    trn_known_clear(&work.known);
    CHECK_INT(trn_reoffer_queue(&work, NULL), TERN_OK);
    sqlite3_progress_handler(replica->store->db, 0, NULL, NULL);
    CHECK_INT(trn_outbox_count(work.store, 1U << TERN_ENTRY_PENDING, &waiting, NULL), TERN_OK);
    CHECK_INT(waiting, count);
    trn_work_rollback(&work);
    tern_replica_close(replica);
    return taken;
}

TEST(what_is_left_is_offered_again_in_time_that_grows_with_it_and_no_faster)
{
    CHECK(steps_of_reoffer(160) < 9 * steps_of_reoffer(20));
}

/* How often an entry's lines were read since the last call. */
static int decodes(tern_replica *replica)
{
    return sqlite3_stmt_status(replica->store->statements[TRN_SQL_OUTBOX_BODY],
                               SQLITE_STMTSTATUS_RUN,
                               1);
}

/* One page may close hundreds of records, of which few hold an edit that waits. */
TEST(records_that_close_look_at_each_waiting_entry_once)
{
    enum { ENTRIES = 60, RECORDS = 30 };
    tern_replica *replica = fixture_open(fixture_path());
    struct trn_work work;

    for (int i = 0; i < ENTRIES; i++) {
        fixture_run(replica, INSERT);
    }
    CHECK_INT(trn_work_begin(&work, &replica->engine, NULL, NULL), TERN_OK);
    for (int i = 0; i < RECORDS; i++) {
        tern_id record = fixture_id((uint8_t)(100 + i));

        CHECK_INT(trn_leave(&work, &record, NULL), TERN_OK);
    }
    CHECK_INT(decodes(replica), ENTRIES);
    trn_work_rollback(&work);
    tern_replica_close(replica);
}
