/* The app's own tables and TEMP triggers: what they do to synced rows is captured, whole or not at
 * all. */
#include "tests/unit/api/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const char *path;
static tern_replica *replica;

static void open_with_log(unsigned doses)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, doses);
    fixture_run(replica, "CREATE TABLE app_log(what TEXT)");
}

static tern_statement *prepare(const char *sql)
{
    tern_statement *statement = NULL;

    CHECK_INT(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    return statement;
}

static int64_t entries(void)
{
    return fixture_number(replica, "SELECT count(*) FROM tern_outbox");
}

#define SKIP_ALL                                                                                   \
    "CREATE TEMP TRIGGER app_skip AFTER INSERT ON app_log BEGIN "                                  \
    "UPDATE dose_events SET status = 'SKIPPED'; END"

TEST(a_statement_that_is_older_than_the_apps_trigger_is_captured_with_it)
{
    tern_statement *insert;
    bool row = false;

    open_with_log(2);
    insert = prepare("INSERT INTO app_log VALUES('x')");
    fixture_run(replica, SKIP_ALL);
    CHECK_INT(tern_statement_step(insert, &row, NULL), TERN_OK);
    tern_statement_free(insert);
    CHECK_INT(entries(), 2);
    CHECK(strstr(fixture_entry(path, 0), "\"SKIPPED\"") != NULL);
    tern_replica_close(replica);
}

TEST(a_statement_that_is_older_than_the_apps_trigger_cannot_replace_synced_rows)
{
    tern_statement *insert;
    bool row = false;

    open_with_log(2);
    insert = prepare("INSERT OR FAIL INTO app_log VALUES('x')");
    fixture_run(replica, SKIP_ALL);
    CHECK_INT(tern_statement_step(insert, &row, NULL), TERN_ERR_SQL);
    tern_statement_free(insert);
    CHECK_INT(entries(), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE status = 'SKIPPED'"),
              0);
    tern_replica_close(replica);
}

/* A failed statement's reports are forgotten, so nothing may stay of what it did. */
TEST(what_would_keep_a_half_of_a_failed_statement_is_refused)
{
    static const char *const refused[] = {
        "CREATE TEMP TRIGGER app_fail AFTER INSERT ON app_log BEGIN "
        "UPDATE dose_events SET status = 'SKIPPED'; SELECT RAISE(FAIL, 'no'); END",
        "CREATE TEMP TRIGGER app_fail AFTER INSERT ON app_log BEGIN "
        "SELECT raise ( rollback , 'no'); END",
        "CREATE TABLE app_once(what TEXT UNIQUE ON CONFLICT FAIL)",
        "CREATE TEMP TABLE app_once(what TEXT NOT NULL ON /* or abort */ CONFLICT fail)",
    };

    open_with_log(2);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_INT(fixture_sql(replica, refused[i], NULL), TERN_ERR_SQL);
    }
    fixture_run(replica, "CREATE TABLE app_once(what TEXT UNIQUE ON CONFLICT REPLACE)");
    tern_replica_close(replica);
}

TEST(a_trigger_that_aborts_takes_back_what_it_did_and_no_more)
{
    tern_tx *tx;

    open_with_log(2);
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_abort AFTER INSERT ON app_log WHEN new.what = 'no' BEGIN "
                "UPDATE dose_events SET status = 'SKIPPED'; SELECT RAISE(ABORT, 'no'); END");
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE dose_events SET flags = 'seen'");
    CHECK_INT(fixture_sql(replica, "INSERT INTO app_log VALUES('yes'), ('no')", NULL),
              TERN_ERR_SQL);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(entries(), 2);
    CHECK(strstr(fixture_entry(path, 0), "\"SKIPPED\"") == NULL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE status = 'SKIPPED'"),
              0);
    tern_replica_close(replica);
}

static tern_status insert_dose(unsigned day)
{
    size_t count = 0;
    const tern_cell *cells = fixture_dose(day, &count);
    tern_tx *tx = fixture_begin(replica, false);
    tern_status status = tern_row_insert(tx, "dose_events", cells, count, NULL, NULL);

    tern_tx_rollback(tx);
    return status;
}

/* What a row call writes it has checked itself, and does without the CHECKs of SQLite. */
TEST(what_a_trigger_writes_behind_a_row_call_passes_the_checks)
{
    for (int called_before = 0; called_before < 2; called_before++) {
        open_with_log(2);
        if (called_before == 0) {
            tern_replica_close(replica);
            replica = fixture_open(path);
        }
        CHECK_INT(called_before == 1 ? insert_dose(2) : TERN_OK, TERN_OK);
        fixture_run(replica,
                    "CREATE TEMP TRIGGER app_wrong AFTER INSERT ON dose_events BEGIN "
                    "UPDATE dose_events SET status = 'NONE' WHERE id = new.id; END");
        CHECK_INT(insert_dose(3), TERN_ERR_ENUM);
        tern_replica_close(replica);
    }
}

/* A sync takes rows out, and lifts those that wait for a moment: a foreign key of the app's would
 * hold it up, or take the app's rows with them. */
TEST(no_table_of_the_apps_is_tied_to_a_synced_one)
{
    static const char *const refused[] = {
        "CREATE TABLE app_photo(dose BLOB REFERENCES dose_events(id))",
        "CREATE TABLE app_photo(dose BLOB REFERENCES \"Dose_Events\" ON DELETE CASCADE)",
        "CREATE TABLE app_photo(a, b, FOREIGN KEY (a) references/**/[medications](id))",
        "CREATE TEMP TABLE app_photo(dose BLOB REFERENCES tern_outbox(ordinal))",
        "ALTER TABLE app_log ADD COLUMN dose BLOB REFERENCES dose_events",
        "ALTER TABLE app_log RENAME TO dose_events",
        "ALTER TABLE temp.app_scratch RENAME TO \"users\"",
        "ALTER TABLE app_log RENAME TO tern_noted",
    };

    open_with_log(1);
    fixture_run(replica, "CREATE TEMP TABLE app_scratch(x)");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_INT(fixture_sql(replica, refused[i], NULL), TERN_ERR_SQL);
    }
    fixture_run(replica, "CREATE TABLE app_child(what TEXT REFERENCES app_log(what))");
    fixture_run(replica, "ALTER TABLE app_log ADD COLUMN users TEXT DEFAULT 'REFERENCES users'");
    fixture_run(replica, "ALTER TABLE app_log RENAME COLUMN users TO medications");
    fixture_run(replica, "ALTER TABLE app_log RENAME TO app_notes");
    tern_replica_close(replica);
}

/* What an earlier version of the library took. */
#define PHOTO "app_photo(dose BLOB REFERENCES dose_events(id))"
#define ONCE "app_once(what TEXT UNIQUE ON CONFLICT FAIL)"

static char told[1000];

static void listen(void *context, tern_log_level level, const char *line)
{
    (void)context;
    CHECK_INT(level, TERN_LOG_WARNING);
    (void)snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", line);
}

/* A replica of two doses, in which such an app has its tables. */
static void open_of_before(void)
{
    tern_replica_options options = fixture_options();
    tern_ports ports = *options.ports;

    open_with_log(2);
    tern_replica_close(replica);
    CHECK_INT(fixture_outside(path, "CREATE TABLE " PHOTO), SQLITE_OK);
    CHECK_INT(fixture_outside(path, "CREATE TABLE " ONCE), SQLITE_OK);
    ports.log.write = listen;
    options.ports = &ports;
    told[0] = '\0';
    CHECK_INT(tern_replica_open(path, &options, &replica, NULL), TERN_OK);
}

TEST(an_app_with_tables_of_before_starts_and_is_told_of_them)
{
    static const char *const again[] = {
        "CREATE TABLE IF NOT EXISTS " PHOTO,
        " create table if not exists main . \"APP_ONCE\"(what TEXT UNIQUE ON CONFLICT FAIL)",
    };
    static const char *const refused[] = {
        "CREATE TABLE " PHOTO,
        "CREATE TABLE IF NOT EXISTS app_other(dose BLOB REFERENCES dose_events(id))",
        "CREATE TEMP TABLE IF NOT EXISTS " ONCE,
        "CREATE TABLE IF NOT EXISTS temp." ONCE,
    };
    tern_statement *late;
    bool row = false;

    open_of_before();
    CHECK(strstr(told, "app_photo: it references a synced table") != NULL);
    CHECK(strstr(told, "app_once: it declares ON CONFLICT FAIL") != NULL);
    CHECK(strstr(told, "app_log") == NULL && strstr(told, "dose_events:") == NULL);
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        fixture_run(replica, again[i]);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_INT(fixture_sql(replica, refused[i], NULL), TERN_ERR_SQL);
    }
    late = prepare(again[0]);
    fixture_run(replica, "DROP TABLE app_photo");
    CHECK_INT(tern_statement_step(late, &row, NULL), TERN_ERR_SQL);
    tern_statement_free(late);
    CHECK_INT(
        fixture_number(replica, "SELECT count(*) FROM sqlite_schema WHERE name = 'app_photo'"),
        0);
    tern_replica_close(replica);
}

TEST(a_statement_that_would_keep_a_half_ends_its_transaction)
{
    tern_tx *tx;

    open_of_before();
    fixture_run(replica, "INSERT INTO app_once VALUES('x')");
    fixture_run(replica,
                "CREATE TEMP TRIGGER app_half AFTER INSERT ON app_log BEGIN "
                "UPDATE dose_events SET status = 'SKIPPED'; INSERT INTO app_once VALUES('x'); END");
    tx = fixture_begin(replica, false);
    CHECK(fixture_sql(replica, "INSERT INTO app_log VALUES('half')", NULL) != TERN_OK);
    CHECK(tern_tx_commit(tx, NULL, NULL) != TERN_OK);
    CHECK_INT(entries(), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE status = 'SKIPPED'"),
              0);
    tern_replica_close(replica);
}
