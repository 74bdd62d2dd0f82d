/* SQL through the library: what is allowed, what is refused and how, and what functions it has. */
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

/* The statement is refused, with a sentence, and changes nothing. */
static void refuses(const char *sql, tern_status expected)
{
    tern_error error = {0};
    int64_t before = fixture_outside_number(path, LAST_ORDINAL);
    tern_status status = fixture_sql(replica, sql, &error);

    if (status != expected) {
        fail_msg("%s: %s (%s)", sql, tern_status_code(status), error.message);
    }
    CHECK(error.status == expected && error.message[0] != '\0');
    CHECK_INT(fixture_outside_number(path, LAST_ORDINAL), before);
}

TEST(transactions_attachments_and_settings_are_not_the_apps)
{
    open_patient(0);
    refuses("BEGIN", TERN_ERR_SQL);
    refuses("COMMIT", TERN_ERR_SQL);
    refuses("ROLLBACK", TERN_ERR_SQL);
    refuses("SAVEPOINT x", TERN_ERR_SQL);
    refuses("RELEASE tern", TERN_ERR_SQL);
    refuses("ATTACH 'x.db' AS x", TERN_ERR_SQL);
    refuses("DETACH main", TERN_ERR_SQL);
    refuses("VACUUM", TERN_ERR_SQL);
    refuses("PRAGMA synchronous = OFF", TERN_ERR_SQL);
    refuses("PRAGMA journal_mode = DELETE", TERN_ERR_SQL);
    refuses("PRAGMA foreign_keys = OFF", TERN_ERR_SQL);
    refuses("PRAGMA writable_schema = ON", TERN_ERR_SQL);
    refuses("PRAGMA wal_checkpoint", TERN_ERR_SQL);
    refuses("PRAGMA locking_mode = EXCLUSIVE", TERN_ERR_SQL);
    fixture_run(replica, "PRAGMA table_info(users)");
    fixture_run(replica, "PRAGMA synchronous");
    CHECK_INT(fixture_number(replica, "SELECT synchronous FROM pragma_synchronous"), 2);
    tern_replica_close(replica);
}

TEST(the_librarys_tables_are_read_only_and_synced_ones_keep_their_shape)
{
    open_patient(1);
    refuses("UPDATE tern_meta SET last_ordinal = 9", TERN_ERR_SQL);
    refuses("DELETE FROM tern_outbox", TERN_ERR_SQL);
    refuses("INSERT INTO tern_tx(number, time, device) VALUES(1, 2, x'00')", TERN_ERR_SQL);
    refuses("INSERT INTO sync_audit(id) VALUES(tern_id())", TERN_ERR_FORBIDDEN);
    refuses("CREATE TABLE tern_mine(x)", TERN_ERR_SQL);
    refuses("DROP TABLE users", TERN_ERR_SQL);
    refuses("DROP TABLE tern_body", TERN_ERR_SQL);
    refuses("ALTER TABLE users ADD COLUMN x", TERN_ERR_SQL);
    refuses("ALTER TABLE users RENAME TO people", TERN_ERR_SQL);
    refuses("CREATE INDEX mine ON users(first_name)", TERN_ERR_SQL);
    refuses("CREATE TEMP TABLE dose_events(x)", TERN_ERR_SQL);
    refuses("CREATE TEMP VIEW Dose_Events AS SELECT 1", TERN_ERR_SQL);
    refuses("CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", TERN_ERR_SQL);
    refuses("DROP TRIGGER tern_guard_users_insert", TERN_ERR_SQL);
    refuses("DROP TRIGGER temp.tern_delete_0", TERN_ERR_SQL);
    refuses("UPDATE sqlite_schema SET sql = ''", TERN_ERR_SQL);
    CHECK_INT(fixture_number(replica, "SELECT count(*) > 0 FROM tern_outbox"), 1);
    tern_replica_close(replica);
}

TEST(what_entries_and_pages_hold_is_not_read_by_sql)
{
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    const char *sql = "SELECT body FROM tern_outbox";

    open_patient(1);
    refuses(sql, TERN_ERR_FORBIDDEN);
    refuses("SELECT * FROM tern_stage", TERN_ERR_FORBIDDEN);
    refuses("SELECT hex(o.undo) FROM tern_outbox AS o", TERN_ERR_FORBIDDEN);
    refuses("SELECT body FROM tern_body", TERN_ERR_FORBIDDEN);
    refuses("CREATE TEMP TABLE copies AS SELECT * FROM tern_body", TERN_ERR_FORBIDDEN);
    refuses("UPDATE users SET first_name = (SELECT hex(body) FROM tern_body)", TERN_ERR_FORBIDDEN);
    CHECK(fixture_number(replica, "SELECT count(*) FROM tern_body") >= 0);
    CHECK_INT(fixture_number(replica, "SELECT sum(changes) > 0 FROM tern_outbox"), 1);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    CHECK_INT(tern_reader_prepare(reader, sql, strlen(sql), &statement, NULL), TERN_ERR_FORBIDDEN);
    tern_reader_close(reader);
    tern_replica_close(replica);
}

/* The sentence for a statement that fails. */
static const char *why(const char *sql)
{
    static tern_error error;

    CHECK(fixture_sql(replica, sql, &error) != TERN_OK);
    return error.message;
}

static int tells(const char *sql, const char *message)
{
    if (strstr(message, "ecret") == NULL) {
        return 0;
    }
    (void)fprintf(stderr, "%s: %s\n", sql, message);
    return 1;
}

TEST(no_value_in_a_failing_statement_is_repeated_in_the_message)
{
    static const char *const failing[] = {
        "SELECT * FROM users WHERE first_name = 'Secret",
        "SELECT * FROM users WHERE first_name = 'it''s' 'Secret'",
        "SELECT * FROM users WHERE first_name 'Secret words' 12",
        "SELECT json_extract('{}', 'Secret')",
        "INSERT INTO users(id, \"Secret\") VALUES(1, 2)",
        /* An identifier to SQLite, a text to whoever wrote it. */
        "SELECT id FROM users WHERE first_name = \"Secret\"",
        "SELECT id FROM users WHERE first_name = \"very Secret\"",
        "SELECT id FROM users WHERE first_name = \"in\"\"Secret\"",
        "SELECT id FROM users WHERE first_name = `Secret`",
        "SELECT id FROM users WHERE first_name = [Secret]",
        "SELECT id FROM users WHERE first_name = \"Secret\".\"words\"",
        "UPDATE users SET first_name = \"Secret\"",
        "INSERT INTO users(id, role, first_name) VALUES(tern_id(), 'PATIENT', \"Secret\")",
        "CREATE TEMP TABLE t AS SELECT \"Secret\" AS a FROM users",
        "SELECT id FROM users ORDER BY first_name COLLATE \"Secret\"",
        "SELECT \"Secret\"(id) FROM users",
    };
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    int leaks = 0;

    open_patient(0);
    CHECK_INT(tern_reader_open(replica, &reader, NULL), TERN_OK);
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        tern_error error = {0};

        leaks += tells(failing[i], why(failing[i]));
        if (tern_reader_prepare(reader, failing[i], strlen(failing[i]), &statement, &error) ==
            TERN_OK) {
            tern_statement_free(statement);
        }
        leaks += tells(failing[i], error.message);
    }
    tern_reader_close(reader);
    CHECK_INT(leaks, 0);
    CHECK(strstr(why("SELECT id FROM users WHERE first_name = \"\xE1\x9E\xA2\xE1\x9F\x92\""),
                 "\x9E\xA2") == NULL);
    CHECK(strstr(why("SELECT id FROM users WHERE role = 4711oops"), "4711") == NULL);
    CHECK_TEXT(why("SELECT nickname FROM users WHERE role = 'x'"), "SQL: no such column: nickname");
    CHECK_TEXT(why("SELECT id FORM users"), "SQL: near \"users\": syntax error");
    CHECK_TEXT(why("SELECT 'nickname' FROM person"), "SQL: no such table: person");
    tern_replica_close(replica);
}

TEST(conflict_clauses_that_lose_rows_are_refused_on_synced_tables)
{
    open_patient(1);
    refuses("REPLACE INTO users(id, role) SELECT id, 'DOCTOR' FROM users", TERN_ERR_SQL);
    refuses("INSERT OR REPLACE INTO users(id, role) SELECT id, 'DOCTOR' FROM users", TERN_ERR_SQL);
    refuses("insert/**/or -- x\n replace into users(id, role) VALUES(1, 2)", TERN_ERR_SQL);
    refuses("UPDATE OR REPLACE users SET email = 'x@example.org'", TERN_ERR_SQL);
    refuses("INSERT OR FAIL INTO users(id, role) VALUES(tern_id(), 'DOCTOR')", TERN_ERR_SQL);
    refuses("INSERT OR ROLLBACK INTO users(id, role) VALUES(tern_id(), 'DOCTOR')", TERN_ERR_SQL);
    refuses("CREATE TEMP TRIGGER t AFTER INSERT ON users BEGIN "
            "INSERT OR REPLACE INTO users(id, role) VALUES(new.id, 'DOCTOR'); END",
            TERN_ERR_SQL);
    fixture_run(replica, "INSERT OR IGNORE INTO users(id, role) SELECT id, 'DOCTOR' FROM users");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users WHERE role = 'PATIENT'"), 1);
    fixture_run(replica, "SELECT 'INSERT OR REPLACE INTO users'");
    fixture_run(replica, "UPDATE users SET first_name = replace('INSERT OR FAIL', 'x', 'y')");
    tern_replica_close(replica);
}

TEST(an_upsert_is_captured_as_what_it_did)
{
    open_patient(0);
    fixture_run(
        replica,
        "INSERT INTO users(id, role, theme) SELECT id, 'PATIENT', 'DARK' FROM users WHERE 1 "
        "ON CONFLICT(id) DO UPDATE SET theme = excluded.theme");
    CHECK(strstr(fixture_entry(path, 0), "[\"u\",") != NULL);
    CHECK(strstr(fixture_entry(path, 0), "\"DARK\"") != NULL);
    tern_replica_close(replica);
}

TEST(exactly_one_statement_is_taken)
{
    open_patient(0);
    refuses("SELECT 1; SELECT 2", TERN_ERR_MISUSE);
    refuses("", TERN_ERR_MISUSE);
    refuses(" -- nothing\n", TERN_ERR_MISUSE);
    refuses("SELECT nonsense FROM nowhere", TERN_ERR_SQL);
    fixture_run(replica, "SELECT 1; -- and no more\n;");
    tern_replica_close(replica);
}

TEST(a_broken_constraint_has_its_code_and_leaves_the_transaction_open)
{
    static const struct {
        const char *sql;
        tern_status status;
    } cases[] = {
        {"INSERT INTO users(id, role) VALUES(tern_id(), 'NOBODY')", TERN_ERR_ENUM},
        {"INSERT INTO users(id) VALUES(tern_id())", TERN_ERR_NOT_NULL},
        {"INSERT INTO users(id, role) VALUES('text', 'PATIENT')", TERN_ERR_TYPE},
        {"INSERT INTO users(id, role) SELECT id, role FROM users", TERN_ERR_EXISTS},
        {"UPDATE users SET email = 'no address'", TERN_ERR_FORMAT},
        {"UPDATE users SET first_name = hex(zeroblob(60))", TERN_ERR_LENGTH},
        {"UPDATE users SET grace_period_minutes = 7000", TERN_ERR_RANGE},
        {"UPDATE users SET grace_period_minutes = 'ten'", TERN_ERR_TYPE},
        {"UPDATE users SET date_of_birth = '2025-02-30'", TERN_ERR_FORMAT},
    };
    tern_tx *tx;

    open_patient(0);
    tx = fixture_begin(replica, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tern_error error = {0};
        tern_status status = fixture_sql(replica, cases[i].sql, &error);

        if (status != cases[i].status) {
            fail_msg("%s: %s (%s)", cases[i].sql, tern_status_code(status), error.message);
        }
        CHECK(strstr(error.message, "users") != NULL);
        CHECK(strstr(error.message, "NOBODY") == NULL);
    }
    fixture_run(replica, "UPDATE users SET first_name = 'fine'");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users WHERE first_name = 'fine'"), 1);
    tern_replica_close(replica);
}

/* How deep its own functions go differs from one SQLite to the next, and with them the constraint.
 */
TEST(json_that_some_sqlite_cannot_read_is_refused_as_it_is_written)
{
    static const char insert[] =
        "INSERT INTO audit_logs(id, action_type, resource_type, details) "
        "SELECT tern_id(), 'DATA_ACCESS', 'r', replace(hex(zeroblob(%d)), '00', '[') || "
        "replace(hex(zeroblob(%d)), '00', ']')";
    char sql[300];
    tern_error error = {0};

    open_patient(0);
    (void)snprintf(sql, sizeof(sql), insert, 1000, 1000);
    fixture_run(replica, sql);
    (void)snprintf(sql, sizeof(sql), insert, 1001, 1001);
    CHECK_INT(fixture_sql(replica, sql, &error), TERN_ERR_FORMAT);
    CHECK_TEXT(error.message,
               "audit_logs.details takes well-formed JSON, nested at most 1,000 deep");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM audit_logs"), 1);
    tern_replica_close(replica);
}

TEST(tables_of_the_apps_own_live_beside_and_are_not_queued)
{
    tern_tx *tx;

    open_patient(0);
    fixture_run(replica, "CREATE TABLE app_cache(k TEXT PRIMARY KEY, v)");
    fixture_run(replica, "REPLACE INTO app_cache VALUES('a', 1)");
    fixture_run(replica, "REPLACE INTO app_cache VALUES('a', 2)");
    CHECK_INT(fixture_number(replica, "SELECT v FROM app_cache"), 2);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"), 1);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "DELETE FROM app_cache");
    tern_tx_rollback(tx);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM app_cache"), 1);
    fixture_run(replica, "DROP TABLE app_cache");
    tern_replica_close(replica);
}

TEST(returned_rows_of_a_write_need_a_transaction_and_are_captured_in_one)
{
    const char *sql = "UPDATE dose_events SET flags = 'x' RETURNING 7";
    tern_statement *statement = NULL;
    bool row = false;
    tern_tx *tx;

    open_patient(3);
    CHECK_INT(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_ERR_MISUSE);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row && tern_statement_value(statement, 0).integer == 7);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK); /* two rows are left */
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE flags = 'x'"), 3);
    CHECK_INT(fixture_number(replica, "SELECT changes FROM tern_outbox WHERE ordinal = 2"), 3);
    tern_statement_free(statement);
    tern_replica_close(replica);
}

/* What ended with its transaction begins anew in the next, and may fail there without ending that.
 */
TEST(a_write_whose_rows_were_left_fails_alone_in_the_next_transaction)
{
    const char *sql = "INSERT INTO users(id, role) VALUES(x'00000000000040008000000000000041', "
                      "'DOCTOR'), (x'00000000000040008000000000000042', 'DOCTOR') RETURNING 7";
    tern_statement *statement = NULL;
    bool row = false;
    tern_tx *tx;

    open_patient(0);
    CHECK_INT(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_ERR_EXISTS);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users WHERE role = 'DOCTOR'"), 3);
    tern_statement_free(statement);
    tern_replica_close(replica);
}

TEST(values_of_all_kinds_pass_through_parameters_and_columns)
{
    static const char *sql = "SELECT ?1, ?2, ?3, ?4, ?5 AS named";
    tern_statement *statement = NULL;
    bool row = false;

    open_patient(0);
    CHECK_INT(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 1, tern_value_null(), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 2, tern_value_integer(INT64_MIN), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 3, tern_value_real(0.5), NULL), TERN_OK);
    CHECK_INT(
        tern_statement_bind(statement, 4, tern_value_text("\xE1\x9E\x80\xF0\x9F\x92\x8A"), NULL),
        TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 5, tern_value_blob("\0\1", 2), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement, 6, tern_value_null(), NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(row && tern_statement_columns(statement) == 5);
    CHECK_TEXT(tern_statement_name(statement, 4), "named");
    CHECK(tern_statement_value(statement, 0).kind == TERN_NULL);
    CHECK(tern_statement_value(statement, 1).integer == INT64_MIN);
    CHECK(tern_statement_value(statement, 2).real == 0.5);
    CHECK(tern_statement_value(statement, 3).kind == TERN_TEXT);
    CHECK(tern_statement_value(statement, 3).size == 7);
    CHECK(memcmp(tern_statement_value(statement, 4).data, "\0\1", 2) == 0);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    CHECK(!row);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK); /* from the start again */
    CHECK(row);
    tern_statement_free(statement);
    tern_replica_close(replica);
}

TEST(functions_mint_derive_and_convert_ids)
{
    open_patient(0);
    CHECK_INT(fixture_number(replica, "SELECT length(tern_id()) = 16 AND tern_id() < tern_id()"),
              1);
    CHECK_INT(fixture_number(replica, "SELECT tern_id_blob(tern_id_text(id)) = id FROM users"), 1);
    CHECK_INT(fixture_number(replica, "SELECT tern_id_text(NULL) IS NULL"), 1);
    CHECK_INT(fixture_number(replica,
                             "SELECT tern_key('subscriptions', id) = tern_key('subscriptions', id) "
                             "AND tern_key('subscriptions', id) <> "
                             "tern_key('meal_time_preferences', id) FROM users"),
              1);
    CHECK_INT(fixture_number(replica, "SELECT tern_now() > 1763600000000000"), 1);
    refuses("SELECT tern_id_text('x')", TERN_ERR_SQL);
    refuses("SELECT tern_id_blob('x')", TERN_ERR_SQL);
    refuses("SELECT tern_key('nowhere', 1)", TERN_ERR_SQL);
    refuses("SELECT tern_key('subscriptions')", TERN_ERR_SQL);
    refuses("SELECT tern_stamp()", TERN_ERR_SQL);
    tern_replica_close(replica);
}

/* In the transaction that inserts, too; an update is not what a reference waits for. */
TEST(an_unsent_row_names_the_entry_that_inserted_it)
{
    static const char medications[] = "SELECT tern_unsent('medications', id) FROM medications";
    tern_tx *tx;

    open_patient(0);
    CHECK_INT(fixture_number(replica, medications), 1);
    fixture_run(replica, "UPDATE medications SET row_number = 7");
    CHECK_INT(fixture_number(replica, medications), 1);
    tx = fixture_begin(replica, false);
    fixture_run(replica, "UPDATE users SET theme = 'DARK'");
    fixture_run(replica,
                "INSERT INTO medications(id, prescription_id, row_number, medicine_name) "
                "SELECT tern_id(), prescription_id, 2, 'another' FROM medications");
    CHECK_INT(fixture_number(replica,
                             "SELECT tern_unsent('medications', id) FROM medications "
                             "WHERE row_number = 2"),
              3);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica,
                             "SELECT tern_unsent('medications', id) FROM medications "
                             "WHERE row_number = 2"),
              3);
    fixture_run(replica, "DELETE FROM medications WHERE row_number = 7");
    CHECK_INT(fixture_number(replica,
                             "SELECT tern_unsent('medications', id) FROM medications "
                             "WHERE row_number = 7"),
              4);
    CHECK_INT(fixture_number(replica, "SELECT tern_unsent('users', tern_id())"), 0);
    CHECK_INT(fixture_number(replica, "SELECT tern_unsent('users', NULL) IS NULL"), 1);
    refuses("SELECT tern_unsent('users', 'x')", TERN_ERR_SQL);
    refuses("SELECT tern_unsent('nowhere', tern_id())", TERN_ERR_SQL);
    refuses("SELECT tern_unsent(NULL, tern_id())", TERN_ERR_SQL);
    tern_replica_close(replica);
}
