/* What is read from a statement's text: conflict clauses, what is left behind it, and triggers. */
#include "store/words.h"

#include <string.h>

#include "tests/unit/store/fixture.h"

static bool conflicts(const char *sql)
{
    return trn_words_conflict(trn_slice_text(sql));
}

TEST(conflict_clauses_are_found_wherever_they_stand)
{
    CHECK(conflicts("REPLACE INTO t VALUES(1)"));
    CHECK(conflicts("replace/* */into t VALUES(1)"));
    CHECK(conflicts("WITH x AS (SELECT 1) INSERT OR REPLACE INTO t SELECT * FROM x"));
    CHECK(conflicts("UPDATE\nOR -- comment\nFAIL t SET a = 1"));
    CHECK(conflicts("insert or rollback into t values(1)"));
    CHECK(conflicts("CREATE TEMP TRIGGER a DELETE ON t BEGIN SELECT RAISE( FAIL, 'x'); END"));
    CHECK(conflicts("CREATE TEMP TRIGGER a DELETE ON t BEGIN SELECT raise(rollback, 'x'); END"));
}

TEST(what_only_looks_like_a_conflict_clause_is_none)
{
    CHECK(!conflicts("INSERT INTO t VALUES('INSERT OR REPLACE')"));
    CHECK(!conflicts("SELECT \"REPLACE\" FROM t -- REPLACE INTO\n"));
    CHECK(!conflicts("SELECT 1 /* INSERT OR FAIL"));
    CHECK(!conflicts("INSERT OR IGNORE INTO t VALUES(1)"));
    CHECK(!conflicts("INSERT OR ABORT INTO t VALUES(1)"));
    CHECK(!conflicts("SELECT replace(a, 'b', 'c') FROM t WHERE a OR fail"));
    CHECK(!conflicts("UPDATE t SET a = 'it''s' WHERE b OR rollback"));
    CHECK(!conflicts("CREATE TEMP TRIGGER a DELETE ON t BEGIN SELECT RAISE(ABORT, 'FAIL'); END"));
    CHECK(!conflicts("SELECT abs(fail), raised(rollback) FROM t"));
    CHECK(!conflicts(""));
    CHECK(!conflicts("'"));
    CHECK(!conflicts("/*"));
}

TEST(a_table_that_keeps_half_of_a_failed_statement_is_found)
{
    CHECK(trn_words_keep_half(trn_slice_text("CREATE TABLE t(a UNIQUE ON conflict/**/fail)")));
    CHECK(!trn_words_keep_half(trn_slice_text("CREATE TABLE t(a UNIQUE ON CONFLICT ABORT)")));
    CHECK(!trn_words_keep_half(trn_slice_text("CREATE TABLE t(a DEFAULT 'CONFLICT FAIL')")));
    CHECK(!trn_words_keep_half(trn_slice_text("CREATE TABLE fail(conflict)")));
}

TEST(blank_text_is_told_from_a_second_statement)
{
    CHECK(trn_words_are_none(trn_slice_text(" ; -- x\n /* y */ ;\n")));
    CHECK(trn_words_are_none(trn_slice_text("")));
    CHECK(!trn_words_are_none(trn_slice_text("; SELECT 1")));
}

static void limits(const char *sql, const char *expected)
{
    struct trn_bytes limited = {0};

    CHECK_INT(trn_words_limit_trigger(trn_slice_text(sql), &limited), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&limited), expected);
    trn_bytes_free(&limited);
}

TEST(a_trigger_is_limited_to_the_apps_own_statements)
{
    limits("CREATE TEMP TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END",
           "CREATE TEMP TRIGGER a AFTER INSERT ON t WHEN tern_capturing() BEGIN SELECT 1; END");
    limits("CREATE TEMP TRIGGER a UPDATE OF b ON \"when\" FOR EACH ROW WHEN new.b > (1) BEGIN "
           "SELECT 1; END",
           "CREATE TEMP TRIGGER a UPDATE OF b ON \"when\" FOR EACH ROW WHEN tern_capturing() AND "
           "( new.b > (1) ) BEGIN SELECT 1; END");
    limits("CREATE TEMP TRIGGER a DELETE ON t WHEN CASE WHEN old.b THEN 1 END BEGIN SELECT 1; END",
           "CREATE TEMP TRIGGER a DELETE ON t WHEN tern_capturing() AND ( CASE WHEN old.b THEN 1 "
           "END ) BEGIN SELECT 1; END");
}

static void run(struct trn_store *store, const char *sql)
{
    struct trn_statement *statement = NULL;
    bool row = false;

    CHECK_INT(trn_statement_prepare(store, trn_slice_text(sql), &statement, NULL), TERN_OK);
    CHECK_INT(trn_statement_step(statement, &row, NULL), TERN_OK);
    trn_statement_free(statement);
}

TEST(the_apps_trigger_does_not_run_for_rows_that_the_engine_writes)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");
    struct trn_store *store = fixture_open(path);
    const struct trn_table *people = &fixture_schema()->tables[PEOPLE];
    struct trn_row person = fixture_person(1, 0);

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    run(store, "CREATE TABLE app_log(x)");
    run(store,
        "CREATE TEMP TRIGGER app AFTER INSERT ON people BEGIN INSERT INTO app_log VALUES(1); END");
    CHECK_INT(trn_store_row_write(store, people, &person, NULL), TERN_OK);
    CHECK_INT(trn_store_row_erase(store, people, &person.id, NULL), TERN_OK);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    trn_store_close(store);
    CHECK_INT(fixture_number(path, "SELECT count(*) FROM app_log"), 0);
    CHECK_INT(fixture_number(path, "SELECT count(*) FROM people"), 0);
}

TEST(a_write_of_synced_rows_that_nobody_captures_is_refused)
{
    struct trn_store *store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));
    const char *sql = "INSERT INTO people(id, name) VALUES(zeroblob(16), 'x')";
    struct trn_statement *statement = NULL;
    bool row = false;

    CHECK_INT(trn_statement_prepare(store, trn_slice_text(sql), &statement, NULL), TERN_OK);
    CHECK_INT(trn_statement_step(statement, &row, NULL), TERN_ERR_MISUSE);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(trn_statement_step(statement, &row, NULL), TERN_ERR_MISUSE);
    trn_store_rollback(store);
    trn_statement_free(statement);
    trn_store_close(store);
}
