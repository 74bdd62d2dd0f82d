/* Following: each key whose rows change is noted once, in the transaction of the change. */
#include "tern/follow.h"

#include "tests/unit/api/fixture.h"

#include <string.h>

static const char *path;
static tern_replica *replica;

static void follow(const char *name, const char *table, const char *first, const char *second)
{
    tern_tx *tx = fixture_begin(replica, false);
    tern_error error = {0};

    if (tern_tx_follow(tx, name, table, first, second, &error) != TERN_OK) {
        fail_msg("%s", error.message);
    }
    CHECK_INT(tern_tx_commit(tx, NULL, &error), TERN_OK);
}

static void open_followed(unsigned doses)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, doses);
    follow("days", "dose_events", "patient_id", "local_date");
}

static int64_t noted(void)
{
    return fixture_number(replica, "SELECT count(*) FROM tern_noted");
}

static void work_off(void)
{
    fixture_run(replica, "DELETE FROM tern_noted");
    CHECK_INT(noted(), 0);
}

TEST(a_file_that_follows_nothing_is_of_the_old_format_and_has_no_list)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, 2);
    CHECK_INT(fixture_number(replica,
                             "SELECT count(*) FROM sqlite_schema WHERE name IN "
                             "('tern_follow', 'tern_noted')"),
              0);
    CHECK_INT(fixture_number(replica, "PRAGMA user_version"), 1);
    follow("days", "dose_events", "patient_id", NULL);
    CHECK_INT(fixture_number(replica, "PRAGMA user_version"), 2);
    tern_replica_close(replica);
}

TEST(following_notes_all_keys_that_there_are_and_does_so_again_when_asked_again)
{
    open_followed(3);
    CHECK_INT(noted(), 3);
    CHECK_INT(fixture_number(replica,
                             "SELECT count(*) FROM tern_noted n JOIN dose_events d ON "
                             "n.name = 'days' AND n.first = d.patient_id AND n.second = "
                             "d.local_date"),
              3);
    work_off();
    follow("days", "dose_events", "patient_id", "local_date");
    CHECK_INT(noted(), 3);
    follow("days", "dose_events", "patient_id", NULL);
    CHECK_INT(noted(), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_noted WHERE second = ''"), 1);
    tern_replica_close(replica);
}

TEST(each_change_of_a_row_notes_its_key_once)
{
    size_t count = 0;
    const tern_cell *cells;
    tern_tx *tx;
    tern_id dose;

    open_followed(3);
    work_off();
    fixture_run(replica, "UPDATE users SET theme = 'DARK'");
    CHECK_INT(noted(), 0);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    CHECK_INT(noted(), 3);
    fixture_run(replica, "UPDATE dose_events SET flags = NULL");
    CHECK_INT(noted(), 3);
    work_off();
    dose = fixture_dose_id(replica, 1);
    cells = fixture_dose(7, &count);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_delete(tx, "dose_events", &dose, NULL), TERN_OK);
    CHECK_INT(tern_row_insert(tx, "dose_events", cells, count, NULL, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(noted(), 2);
    tern_replica_close(replica);
}

TEST(rows_without_another_key_are_followed_by_their_id)
{
    open_followed(1);
    work_off();
    follow("people", "users", "id", NULL);
    CHECK_INT(noted(), 1);
    work_off();
    fixture_run(replica, "UPDATE users SET theme = 'DARK'");
    CHECK_INT(fixture_number(replica,
                             "SELECT count(*) FROM tern_noted n JOIN users u ON u.id = "
                             "n.first WHERE n.name = 'people'"),
              1);
    tern_replica_close(replica);
}

TEST(what_is_rolled_back_notes_nothing)
{
    tern_tx *tx;

    open_followed(3);
    work_off();
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    tern_tx_rollback(tx);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "CREATE TABLE own(x)");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(noted(), 0);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_tx_follow(tx, "people", "users", "id", NULL, NULL), TERN_OK);
    tern_tx_rollback(tx);
    fixture_run(replica, "UPDATE users SET theme = 'DARK'");
    CHECK_INT(noted(), 0);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    CHECK_INT(noted(), 3);
    tern_replica_close(replica);
}

TEST(a_program_that_never_followed_notes_as_well)
{
    open_followed(3);
    work_off();
    tern_replica_close(replica);
    replica = fixture_open(path);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    CHECK_INT(noted(), 3);
    tern_replica_close(replica);
}

TEST(a_change_before_the_follow_of_the_same_transaction_is_kept)
{
    tern_tx *tx;

    open_followed(3);
    work_off();
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    CHECK_INT(tern_tx_follow(tx, "a name that comes first", "users", "id", NULL, NULL), TERN_OK);
    fixture_run(replica, "UPDATE users SET theme = 'DARK'");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_noted WHERE name = 'days'"), 3);
    CHECK_INT(noted(), 4);
    tern_replica_close(replica);
}

TEST(notes_are_only_taken_away_by_the_app)
{
    open_followed(1);
    CHECK_INT(fixture_sql(replica, "INSERT INTO tern_noted VALUES('days', 1, 2)", NULL),
              TERN_ERR_SQL);
    CHECK_INT(fixture_sql(replica, "UPDATE tern_noted SET name = 'nights'", NULL), TERN_ERR_SQL);
    CHECK_INT(fixture_sql(replica, "DELETE FROM tern_follow", NULL), TERN_ERR_SQL);
    CHECK_INT(fixture_sql(replica, "DROP TABLE tern_noted", NULL), TERN_ERR_SQL);
    work_off();
    tern_replica_close(replica);
}

TEST(what_cannot_be_followed_is_refused_and_leaves_the_transaction_as_it_was)
{
    char name[80];
    tern_tx *tx;

    open_followed(2);
    work_off();
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET flags = 'CLOCK'");
    CHECK_INT(tern_tx_follow(tx, "x", "nothing", "id", NULL, NULL), TERN_ERR_UNKNOWN_TABLE);
    CHECK_INT(tern_tx_follow(tx, "x", "users", "nothing", NULL, NULL), TERN_ERR_UNKNOWN_COLUMN);
    CHECK_INT(tern_tx_follow(tx, "x", "users", "id", "email", NULL), TERN_ERR_TYPE);
    CHECK_INT(tern_tx_follow(tx, name, "users", "id", NULL, NULL), TERN_ERR_TOO_LARGE);
    CHECK_INT(tern_tx_follow(tx, NULL, "users", "id", NULL, NULL), TERN_ERR_MISUSE);
    for (int i = 0; i < 15; i++) {
        name[0] = (char)('a' + i);
        name[1] = '\0';
        CHECK_INT(tern_tx_follow(tx, name, "users", "id", NULL, NULL), TERN_OK);
    }
    CHECK_INT(tern_tx_follow(tx, "x", "users", "id", NULL, NULL), TERN_ERR_TOO_LARGE);
    CHECK_INT(tern_tx_follow(tx, "a", "users", "id", NULL, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(noted(), 2 + 15);
    tern_replica_close(replica);
}

TEST(a_change_and_its_note_are_there_together_or_not_at_all_when_memory_runs_out)
{
    int64_t flagged = 0;

    open_followed(3);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_error error = {0};
        tern_status status;

        harness_fault_suspend();
        work_off();
        fixture_run(replica, "UPDATE dose_events SET flags = NULL");
        work_off();
        harness_fault_resume();
        status = fixture_sql(replica, "UPDATE dose_events SET flags = 'CLOCK'", &error);
        harness_fault_suspend();
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE flags NOT NULL"),
                  status == TERN_OK ? 3 : 0);
        CHECK_INT(noted(), status == TERN_OK ? 3 : 0);
        flagged += status == TERN_OK;
        harness_fault_resume();
    }
    CHECK(flagged > 0);
    tern_replica_close(replica);
}

TEST(following_succeeds_whole_or_not_at_all_when_memory_runs_out)
{
    int64_t format = 1;

    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, 3);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_error error = {0};
        tern_tx *tx = NULL;
        tern_status status = tern_tx_begin(replica, NULL, &tx, &error);

        if (status == TERN_OK) {
            status = tern_tx_follow(tx, "days", "dose_events", "patient_id", "local_date", &error);
            if (status == TERN_OK) {
                status = tern_tx_commit(tx, NULL, &error);
            } else {
                tern_tx_rollback(tx);
            }
        }
        harness_fault_suspend();
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        format = status == TERN_OK ? 2 : format;
        CHECK_INT(fixture_number(replica, "PRAGMA user_version"), format);
        harness_fault_resume();
    }
    CHECK_INT(noted(), 3);
    tern_replica_close(replica);
}
