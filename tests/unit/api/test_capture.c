/* Capture: what the app's SQL and row calls did is in the entry, once, and the rows are stamped. */
#include "tests/unit/api/fixture.h"

#include <stdio.h>
#include <string.h>

static const char *path;
static tern_replica *replica;

static void open_patient(unsigned doses)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, doses);
}

/* How often `part` stands in `text`. */
static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part)) {
        count++;
    }
    return count;
}

static unsigned lines_of(const char *text)
{
    return count_of(text, "\n") - 1; /* the first names the tx */
}

static int64_t entries(void)
{
    return fixture_number(replica, "SELECT count(*) FROM tern_outbox");
}

/* Each row of the table names the newest tx, and is stamped with its time. */
static void stamped_by_newest(const char *table, const char *where)
{
    char sql[512];

    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT count(*) FROM %s WHERE %s AND (updated_at IS NOT (SELECT time FROM "
                   "tern_outbox ORDER BY key DESC LIMIT 1))",
                   table,
                   where);
    CHECK_INT(fixture_number(replica, sql), 0);
}

TEST(inserts_are_queued_as_one_entry_and_stamped_without_a_second_write)
{
    open_patient(3);
    CHECK_INT(entries(), 1);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 6);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"i\","), 6);
    stamped_by_newest("dose_events", "1");
    CHECK_INT(fixture_number(replica, "SELECT count(DISTINCT tern_v >> 16) FROM dose_events"), 1);
    tern_replica_close(replica);
}

TEST(an_insert_by_sql_takes_its_defaults_and_is_queued)
{
    open_patient(0);
    fixture_run(replica,
                "INSERT INTO dose_events(id, prescription_id, medication_id, patient_id, "
                "scheduled_time, local_date, slot, time_period, grace_minutes) "
                "SELECT tern_key('dose_events', m.id, '2025-01-01', 'NIGHT'), m.prescription_id, "
                "m.id, p.patient_id, 5, '2025-01-01', 'NIGHT', 'NIGHT', 30 "
                "FROM medications m JOIN prescriptions p ON p.id = m.prescription_id");
    CHECK_INT(entries(), 2);
    CHECK_INT(count_of(fixture_entry(path, 0), "\"DUE\""), 1);
    stamped_by_newest("dose_events", "1");
    CHECK_INT(
        fixture_number(replica, "SELECT count(*) FROM dose_events WHERE created_at = updated_at"),
        1);
    tern_replica_close(replica);
}

TEST(an_update_sends_the_unit_that_changed_and_names_its_base)
{
    open_patient(2);
    fixture_run(replica,
                "UPDATE dose_events SET status = 'TAKEN_ON_TIME', taken_at = 7, slot = slot");
    CHECK_INT(lines_of(fixture_entry(path, 0)), 2);
    CHECK_INT(count_of(fixture_entry(path, 0), ",2,-1,\"TAKEN_ON_TIME\",7,null,false,null]"), 2);
    CHECK_INT(count_of(fixture_entry(path, 0), ",null,1]\n["), 1); /* depends on the first */
    stamped_by_newest("dose_events", "1");
    tern_replica_close(replica);
}

TEST(an_update_that_changes_nothing_queues_nothing_and_leaves_the_stamp)
{
    int64_t before;

    open_patient(1);
    before = fixture_number(replica, "SELECT updated_at FROM dose_events");
    fixture_run(replica, "UPDATE dose_events SET status = status, flags = NULL");
    CHECK_INT(entries(), 1);
    CHECK_INT(fixture_number(replica, "SELECT updated_at FROM dose_events"), before);
    tern_replica_close(replica);
}

TEST(what_the_app_writes_into_the_hidden_columns_is_overwritten)
{
    int64_t before;

    open_patient(1);
    before = fixture_number(replica, "SELECT updated_at FROM dose_events");
    fixture_run(replica, "UPDATE dose_events SET updated_at = 5, tern_v = 9");
    CHECK_INT(entries(), 1);
    CHECK_INT(fixture_number(replica, "SELECT updated_at FROM dose_events"), before);
    CHECK(fixture_number(replica, "SELECT tern_v FROM dose_events") != 9);
    fixture_run(replica, "UPDATE dose_events SET updated_at = 5, tern_v = 9, flags = 'x'");
    CHECK_INT(entries(), 2);
    stamped_by_newest("dose_events", "1");
    CHECK_INT(fixture_number(replica, "SELECT typeof(tern_v) = 'blob' FROM dose_events"), 1);
    tern_replica_close(replica);
}

TEST(a_row_touched_twice_is_sent_once_with_its_final_values)
{
    tern_tx *tx;

    open_patient(1);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET status = 'SKIPPED'");
    fixture_run(replica, "UPDATE dose_events SET flags = 'late', status = 'TAKEN_LATE'");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), ",2,-1,\"TAKEN_LATE\",null,null,false,\"late\"]"),
              1);
    stamped_by_newest("dose_events", "1");
    tern_replica_close(replica);
}

TEST(a_row_changed_and_changed_back_is_not_sent)
{
    int64_t before;
    tern_tx *tx;

    open_patient(1);
    before = fixture_number(replica, "SELECT updated_at FROM dose_events");
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET status = 'SKIPPED'");
    fixture_run(replica, "UPDATE dose_events SET status = 'DUE'");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(entries(), 1);
    CHECK_INT(fixture_number(replica, "SELECT updated_at FROM dose_events"), before);
    tern_replica_close(replica);
}

TEST(an_insert_changed_in_its_own_tx_is_sent_as_it_ended)
{
    size_t count = 0;
    const tern_cell *cells;
    tern_tx *tx;

    open_patient(0);
    cells = fixture_dose(0, &count);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_insert(tx, "dose_events", cells, count, NULL, NULL), TERN_OK);
    fixture_run(replica, "UPDATE dose_events SET status = 'SKIPPED'");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), "\"SKIPPED\""), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"i\","), 1);
    stamped_by_newest("dose_events", "1");
    tern_replica_close(replica);
}

TEST(a_row_inserted_and_deleted_in_one_tx_is_sent_as_both)
{
    tern_id id;
    tern_tx *tx;
    size_t count = 0;
    const tern_cell *cells;

    open_patient(0);
    cells = fixture_dose(0, &count);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_insert(tx, "dose_events", cells, count, &id, NULL), TERN_OK);
    CHECK_INT(tern_row_delete(tx, "dose_events", &id, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 2);
    CHECK_INT(count_of(fixture_entry(path, 0), ",-2]\n"), 1); /* the delete is based on this tx */
    CHECK_INT(fixture_number(replica, "SELECT deleted_at = updated_at FROM dose_events"), 1);
    tern_replica_close(replica);
}

TEST(a_delete_marks_the_row_and_an_undelete_brings_it_back)
{
    tern_id id;
    tern_tx *tx;

    open_patient(2);
    id = fixture_dose_id(replica, 0);
    fixture_run(replica, "DELETE FROM dose_events WHERE local_date = '2025-01-01'");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"), 2);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"),
              1);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"d\","), 1);
    stamped_by_newest("dose_events", "deleted_at IS NOT NULL");
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_delete(tx, "dose_events", &id, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_row_undelete(tx, "dose_events", &id, NULL), TERN_OK);
    CHECK_INT(tern_row_undelete(tx, "dose_events", &id, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"n\","), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), ",-2]\n"), 1);
    fixture_run(replica, "DELETE FROM dose_events");
    CHECK_INT(lines_of(fixture_entry(path, 0)), 2);
    fixture_run(replica, "UPDATE dose_events SET deleted_at = NULL");
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"n\","), 2);
    tern_replica_close(replica);
}

TEST(a_delete_marks_the_row_also_after_a_first_transaction_rolled_back)
{
    tern_tx *tx;

    open_patient(1);
    tern_replica_close(replica);
    replica = fixture_open(path);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "DELETE FROM dose_events");
    tern_tx_rollback(tx);
    fixture_run(replica, "DELETE FROM dose_events");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"d\","), 1);
    tern_replica_close(replica);
}

TEST(deleted_at_takes_no_value_of_the_apps)
{
    tern_error error = {0};

    open_patient(1);
    CHECK_INT(fixture_sql(replica, "UPDATE dose_events SET deleted_at = 5", &error), TERN_ERR_SQL);
    CHECK(strstr(error.message, "deleted_at") != NULL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"),
              1);
    tern_replica_close(replica);
}

TEST(a_statement_that_fails_leaves_nothing_in_the_entry)
{
    tern_tx *tx;

    open_patient(0);
    tx = fixture_begin(replica, false);
    fixture_run(replica,
                "INSERT INTO users(id, role, email) VALUES(tern_id(), 'DOCTOR', 'a@example.org')");
    /* The second row breaks the key when the first is in already. */
    CHECK_INT(fixture_sql(replica,
                          "INSERT INTO users(id, role, email) VALUES(tern_id(), 'DOCTOR', "
                          "'b@example.org'), (tern_id(), 'DOCTOR', 'a@example.org')",
                          NULL),
              TERN_ERR_UNIQUE);
    CHECK_INT(fixture_sql(replica, "UPDATE users SET email = 'same@example.org'", NULL),
              TERN_ERR_UNIQUE);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), "a@example.org"), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users"), 2);
    tern_replica_close(replica);
}

TEST(an_entry_depends_on_the_one_that_inserted_a_row_it_references)
{
    size_t count = 0;
    const tern_cell *cells;
    tern_tx *tx;

    open_patient(0);
    cells = fixture_dose(0, &count);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_insert(tx, "dose_events", cells, count, NULL, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT needs = ',1,' FROM tern_outbox WHERE ordinal = 2"),
              1);
    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
    CHECK_INT(fixture_number(replica, "SELECT count(needs) FROM tern_outbox WHERE ordinal = 3"), 0);
    tern_replica_close(replica);
}

TEST(a_change_by_the_apps_own_trigger_is_captured)
{
    open_patient(1);
    fixture_run(replica, "CREATE TABLE app_log(what TEXT)");
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_on_dose AFTER UPDATE OF status ON dose_events BEGIN "
                "UPDATE dose_events SET flags = 'seen' WHERE id = new.id; "
                "INSERT INTO app_log VALUES('dose'); END");
    fixture_run(replica, "UPDATE dose_events SET status = 'SKIPPED'");
    CHECK_INT(lines_of(fixture_entry(path, 0)), 1);
    CHECK_INT(count_of(fixture_entry(path, 0), "\"SKIPPED\",null,null,false,\"seen\"]"), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM app_log"), 1);
    tern_replica_close(replica);
}

TEST(a_row_call_deletes_as_sql_does_for_triggers_of_the_apps_own)
{
    tern_id id;
    tern_tx *tx;

    open_patient(2);
    id = fixture_dose_id(replica, 0);
    fixture_run(replica, "CREATE TABLE app_log(what TEXT)");
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_on_dose AFTER UPDATE OF deleted_at ON dose_events BEGIN "
                "INSERT INTO app_log VALUES(hex(new.id)); END");
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_on_gone BEFORE DELETE ON dose_events BEGIN "
                "INSERT INTO app_log VALUES('never'); END");
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_delete(tx, "dose_events", &id, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    fixture_run(replica, "DELETE FROM dose_events WHERE deleted_at IS NULL");
    CHECK_INT(fixture_number(replica, "SELECT count(DISTINCT what) FROM app_log"), 2);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM app_log WHERE what = 'never'"), 0);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"d\","), 1);
    tern_replica_close(replica);
}

/* The guard against rows that are taken out of the file goes up with the first need, and goes again
 * with a transaction that was taken back. */
TEST(a_row_is_only_marked_deleted_whoever_deletes_it_and_whenever)
{
    static const char touch[] = "UPDATE dose_events SET flags = 'x'";
    tern_statement *before = NULL;
    bool row = false;
    tern_tx *tx;

    open_patient(2);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "DELETE FROM dose_events");
    tern_tx_rollback(tx);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"),
              2);
    CHECK_INT(tern_statement_prepare(replica, touch, sizeof touch - 1, &before, NULL), TERN_OK);
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_on_dose AFTER UPDATE OF flags ON dose_events BEGIN "
                "DELETE FROM dose_events WHERE id = new.id; END");
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_statement_step(before, &row, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    tern_statement_free(before);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"), 2);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"),
              0);
    tern_replica_close(replica);
}

TEST(an_inferred_value_never_replaces_a_recorded_one_but_by_undo)
{
    tern_cell cells[2];
    tern_error error = {0};
    uint64_t kept = 0;
    tern_id id;
    tern_tx *tx;

    open_patient(2);
    id = fixture_dose_id(replica, 0);
    cells[0] = (tern_cell){"status", tern_value_text("TAKEN_LATE")};
    cells[1] = (tern_cell){"taken_at", tern_value_integer(5)};
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_update(tx, "dose_events", &id, cells, 2, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    /* A recorded tx that says MISSED is refused. */
    CHECK_INT(fixture_sql(replica, "UPDATE dose_events SET status = 'MISSED'", &error),
              TERN_ERR_OUTRANKED);
    CHECK(strstr(error.message, "outcome") != NULL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
              0);
    /* A job's keeps the recorded one and says so. */
    tx = fixture_begin(replica, true);
    fixture_run(replica, "UPDATE dose_events SET status = 'MISSED'");
    CHECK_INT(tern_tx_commit(tx, &kept, NULL), TERN_OK);
    CHECK_INT(kept, 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
              1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE taken_at = 5"), 1);
    CHECK_INT(lines_of(fixture_entry(path, 0)), 1);
    /* An undo takes it back. */
    cells[0].value = tern_value_text("DUE");
    cells[1].value = tern_value_null();
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_undo(tx, "dose_events", &id, cells, 2, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(count_of(fixture_entry(path, 0), "[\"b\","), 1);
    tern_replica_close(replica);
}

TEST(an_inferred_tx_deletes_nothing)
{
    tern_id id;
    tern_tx *tx;

    open_patient(1);
    id = fixture_dose_id(replica, 0);
    tx = fixture_begin(replica, true);
    CHECK_INT(tern_row_delete(tx, "dose_events", &id, NULL), TERN_ERR_OUTRANKED);
    CHECK_INT(fixture_sql(replica, "DELETE FROM dose_events", NULL), TERN_ERR_OUTRANKED);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_ERR_OUTRANKED);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE deleted_at IS NULL"),
              1);
    tern_replica_close(replica);
}

/* Breaks a rule by SQL: the statement, the next one and the commit say so, and nothing remains. */
static void dooms(const char *sql, tern_status expected)
{
    tern_error error = {0};
    tern_tx *tx = fixture_begin(replica, false);
    int64_t before = entries();
    tern_status status;

    fixture_run(replica, "UPDATE users SET first_name = 'doomed'");
    status = fixture_sql(replica, sql, &error);
    if (status != expected) {
        fail_msg("%s: %s: %s", sql, tern_status_code(status), error.message);
    }
    CHECK(error.message[0] != '\0');
    CHECK_INT(fixture_sql(replica, "UPDATE users SET first_name = 'again'", NULL), expected);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), expected);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users WHERE first_name IS NULL"), 1);
    CHECK_INT(entries(), before);
}

TEST(rules_of_synced_rows_hold_for_sql)
{
    open_patient(1);
    fixture_run(replica,
                "INSERT INTO audit_logs(id, actor_role, action_type, resource_type) "
                "VALUES(tern_id(), 'PATIENT', 'DOSE_TAKEN', 'dose_events')");
    dooms("UPDATE dose_events SET id = tern_id()", TERN_ERR_IMMUTABLE);
    dooms("UPDATE dose_events SET created_at = 1", TERN_ERR_IMMUTABLE);
    dooms("UPDATE dose_events SET slot = 'NIGHT'", TERN_ERR_IMMUTABLE);
    dooms("UPDATE dose_events SET patient_id = tern_id()", TERN_ERR_IMMUTABLE);
    dooms("UPDATE dose_events SET rowid = 77", TERN_ERR_IMMUTABLE);
    dooms("UPDATE audit_logs SET resource_type = 'x'", TERN_ERR_APPEND_ONLY);
    dooms("DELETE FROM audit_logs", TERN_ERR_APPEND_ONLY);
    dooms("INSERT INTO dose_events(id, prescription_id, medication_id, patient_id, "
          "scheduled_time, local_date, slot, time_period, grace_minutes) SELECT tern_id(), "
          "prescription_id, medication_id, patient_id, 5, '2025-02-01', 'NIGHT', 'NIGHT', 30 "
          "FROM dose_events",
          TERN_ERR_NATURAL_KEY);
    tern_replica_close(replica);
}

TEST(a_tx_above_the_cap_is_refused_whole)
{
    tern_error error = {0};
    tern_tx *tx;

    open_patient(0);
    tx = fixture_begin(replica, false);
    fixture_run(replica,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50001) "
                "INSERT INTO users(id, role) SELECT tern_id(), 'DOCTOR' FROM n");
    CHECK_INT(tern_tx_commit(tx, NULL, &error), TERN_ERR_TOO_LARGE);
    CHECK(strstr(error.message, "50000") != NULL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users"), 1);
    CHECK_INT(entries(), 1);
    tern_replica_close(replica);
}

TEST(a_tx_of_too_many_bytes_is_refused_whole)
{
    tern_tx *tx;

    open_patient(0);
    tx = fixture_begin(replica, false);
    fixture_run(replica,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) "
                "INSERT INTO prescriptions(id, patient_id, patient_name, symptoms) "
                "SELECT tern_id(), (SELECT id FROM users), 'x', "
                "replace(hex(zeroblob(450000)), '0', 'x') FROM n");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_ERR_TOO_LARGE);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM prescriptions"), 1);
    tern_replica_close(replica);
}

/* What is taken back where it must be holds the values from before. */
TEST(a_tx_that_replaces_too_many_bytes_is_refused_whole)
{
    tern_error error = {0};

    open_patient(0);
    for (int i = 0; i < 7; i++) {
        fixture_run(replica,
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) "
                    "INSERT INTO prescriptions(id, patient_id, patient_name, symptoms) "
                    "SELECT tern_id(), (SELECT id FROM users), 'x', "
                    "replace(hex(zeroblob(450000)), '0', 'x') FROM n");
    }
    CHECK_INT(fixture_sql(replica, "UPDATE prescriptions SET symptoms = 'y'", &error),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM prescriptions WHERE symptoms = 'y'"),
              0);
    fixture_run(replica,
                "UPDATE prescriptions SET symptoms = 'y' WHERE rowid IN "
                "(SELECT rowid FROM prescriptions ORDER BY rowid LIMIT 20)");
    tern_replica_close(replica);
}

TEST(a_reference_to_nothing_fails_the_commit_and_names_the_tables)
{
    tern_id nobody = fixture_id(77);
    const tern_cell cells[] = {{"prescription_id", tern_value_id(&nobody)},
                               {"row_number", tern_value_integer(1)},
                               {"medicine_name", tern_value_text("x")}};
    tern_error error = {0};
    tern_tx *tx;

    open_patient(0);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_insert(tx, "medications", cells, 3, NULL, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, &error), TERN_ERR_FOREIGN_KEY);
    CHECK(strstr(error.message, "medications") != NULL);
    CHECK(strstr(error.message, "prescriptions") != NULL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM medications"), 1);
    tern_replica_close(replica);
}

TEST(stamps_rise_even_where_the_clock_runs_back)
{
    int64_t first;
    int64_t second;

    open_patient(0);
    first = fixture_number(replica, "SELECT max(time) FROM tern_outbox");
    fixture_clock.wall_us -= INT64_C(3600000000);
    fixture_run(replica, "UPDATE users SET first_name = 'x'");
    second = fixture_number(replica, "SELECT max(time) FROM tern_outbox");
    CHECK_INT(second, first + 1);
    tern_replica_close(replica);
    replica = fixture_open(path);
    fixture_run(replica, "UPDATE users SET first_name = 'y'");
    CHECK_INT(fixture_number(replica, "SELECT max(time) FROM tern_outbox"), second + 1);
    tern_replica_close(replica);
    fixture_clock.wall_us += INT64_C(3600000000);
}
