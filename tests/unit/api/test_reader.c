/* Readers and threads: reading goes on while others write, and writing takes turns. */
#include "tests/unit/api/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

static int64_t read_number(tern_reader *reader, const char *sql)
{
    tern_statement *statement = NULL;
    bool row = false;
    int64_t number;

    assert_int_equal(tern_reader_prepare(reader, sql, strlen(sql), &statement, NULL), TERN_OK);
    assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
    assert_true(row);
    number = tern_statement_value(statement, 0).integer;
    tern_statement_free(statement);
    return number;
}

TEST(a_reader_sees_what_is_committed_while_a_transaction_is_open)
{
    tern_replica *replica = fixture_open(fixture_path());
    tern_reader *reader = NULL;
    tern_tx *tx;

    fixture_patient(replica, 2);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "DELETE FROM dose_events");
    CHECK_INT(read_number(reader, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"), 2);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(read_number(reader, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"), 0);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

TEST(a_snapshot_holds_until_it_ends)
{
    tern_replica *replica = fixture_open(fixture_path());
    tern_reader *reader = NULL;

    fixture_patient(replica, 1);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(tern_reader_begin(reader, NULL), TERN_OK);
    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
    CHECK_INT(read_number(reader, "SELECT count(*) FROM users"), 1);
    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
    CHECK_INT(read_number(reader, "SELECT count(*) FROM users"), 1);
    tern_reader_end(reader);
    CHECK_INT(read_number(reader, "SELECT count(*) FROM users"), 3);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

/* Leaves the reader in the midst of its rows and closes it before the statement is freed. */
static void close_early(tern_replica *replica)
{
    const char *sql = "SELECT id FROM dose_events";
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    tern_error error = {0};
    bool row = false;

    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(tern_reader_begin(reader, NULL), TERN_OK);
    CHECK_INT(tern_reader_prepare(reader, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row);
    tern_reader_close(reader);
    CHECK_INT(tern_statement_step(statement, &row, &error), TERN_ERR_MISUSE);
    CHECK_TEXT(error.message, "the statement's reader is closed");
    CHECK_INT(tern_statement_bind(statement, 1, tern_value_null(), NULL), TERN_ERR_MISUSE);
    tern_statement_reset(statement);
    tern_statement_free(statement);
}

TEST(a_reader_closed_before_its_statements_leaves_nothing_behind)
{
    tern_replica *replica = fixture_open(fixture_path());
    sqlite3_int64 held;

    fixture_patient(replica, 2);
    close_early(replica);
    held = sqlite3_memory_used();
    CHECK(held > 0);
    close_early(replica);
    CHECK_INT(sqlite3_memory_used(), held);
    tern_replica_close(replica);
}

TEST(a_reader_takes_json_apart)
{
    tern_replica *replica = fixture_open(fixture_path());
    tern_reader *reader = NULL;

    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(read_number(reader, "SELECT sum(j.value) FROM json_each('[1,2,4]') j"), 7);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

TEST(what_is_unsent_is_the_writers_to_say)
{
    static const char sql[] = "SELECT tern_unsent('users', id) FROM users";
    tern_replica *replica = fixture_open(fixture_path());
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    bool row = false;

    fixture_patient(replica, 0);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(tern_reader_prepare(reader, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_ERR_SQL);
    tern_statement_free(statement);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

TEST(a_reader_writes_nothing)
{
    static const char *const writes[] = {
        "UPDATE sqlite_master SET name = 'x'",
        "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')",
        "UPDATE users SET first_name = 'x'",
        "DELETE FROM users",
        "CREATE TABLE mine(x)",
        "CREATE TEMP TABLE mine(x)",
        "DROP TABLE users",
        "BEGIN",
        "ATTACH 'x' AS y",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
    };
    tern_replica *replica = fixture_open(fixture_path());
    tern_reader *reader = NULL;

    fixture_patient(replica, 0);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        tern_statement *statement = NULL;
        tern_error error = {0};

        CHECK_INT(tern_reader_prepare(reader, writes[i], strlen(writes[i]), &statement, &error),
                  TERN_ERR_SQL);
        CHECK(statement == NULL && error.message[0] != '\0');
    }
    CHECK_INT(read_number(reader, "SELECT tern_id_text(id) IS NOT NULL FROM users"), 1);
    CHECK_INT(read_number(reader, "SELECT tern_now() > 0"), 1);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

enum { WRITES = 40 };

struct job {
    tern_replica *replica;
    const char *sql;
    atomic_int failures;
    atomic_bool done;
};

static void *write_often(void *context)
{
    struct job *job = context;

    for (int i = 0; i < WRITES; i++) {
        tern_tx *tx = NULL;
        tern_statement *statement = NULL;
        bool row = false;

        /* Every second one is a transaction of its own. */
        if (i % 2 == 0 && tern_tx_begin(job->replica, NULL, &tx, NULL) != TERN_OK) {
            atomic_fetch_add(&job->failures, 1);
        }
        if (tern_statement_prepare(job->replica, job->sql, strlen(job->sql), &statement, NULL) !=
                TERN_OK ||
            tern_statement_step(statement, &row, NULL) != TERN_OK) {
            atomic_fetch_add(&job->failures, 1);
        }
        tern_statement_free(statement);
        if (tx != NULL && tern_tx_commit(tx, NULL, NULL) != TERN_OK) {
            atomic_fetch_add(&job->failures, 1);
        }
    }
    atomic_store(&job->done, true);
    return NULL;
}

TEST(two_writers_take_turns_and_lose_nothing)
{
    const char *path = fixture_path();
    tern_replica *replica = fixture_open(path);
    struct job doctors = {replica,
                          "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')",
                          0,
                          false};
    struct job family = {replica,
                         "INSERT INTO users(id, role) VALUES(tern_id(), 'FAMILY_MEMBER')",
                         0,
                         false};
    pthread_t threads[2];

    CHECK_INT(pthread_create(&threads[0], NULL, write_often, &doctors), 0);
    CHECK_INT(pthread_create(&threads[1], NULL, write_often, &family), 0);
    CHECK_INT(pthread_join(threads[0], NULL), 0);
    CHECK_INT(pthread_join(threads[1], NULL), 0);
    CHECK_INT(atomic_load(&doctors.failures) + atomic_load(&family.failures), 0);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users"), 2 * WRITES);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"), 2 * WRITES);
    CHECK_INT(fixture_number(replica, "SELECT count(DISTINCT time) FROM tern_outbox"), 2 * WRITES);
    tern_replica_close(replica);
}

TEST(a_reader_in_another_thread_sees_whole_transactions)
{
    tern_replica *replica = fixture_open(fixture_path());
    struct job job = {replica,
                      "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR'), (tern_id(), "
                      "'FAMILY_MEMBER')",
                      0,
                      false};
    tern_reader *reader = NULL;
    pthread_t thread;
    uint64_t seen = 0;

    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(pthread_create(&thread, NULL, write_often, &job), 0);
    while (!atomic_load(&job.done)) {
        uint64_t now = 0;

        CHECK_INT(read_number(reader, "SELECT count(*) % 2 FROM users"), 0);
        CHECK_INT(read_number(reader, "SELECT tern_now() > 0 AND length(tern_id()) = 16"), 1);
        CHECK_INT(tern_replica_changes(replica, "users", &now, NULL), TERN_OK);
        CHECK(now >= seen);
        seen = now;
    }
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(atomic_load(&job.failures), 0);
    CHECK_INT(read_number(reader, "SELECT count(*) FROM users"), 2 * WRITES);
    CHECK_INT(tern_replica_changes(replica, "users", &seen, NULL), TERN_OK);
    CHECK_INT(seen, 2 * WRITES);
    tern_reader_close(reader);
    tern_replica_close(replica);
}
