/* Rows of the server: taken without the CHECKs, which everybody else keeps. */
#include "tests/unit/store/fixture.h"

#include "base/uuid.h"

static const struct trn_table *people(void)
{
    return &fixture_schema()->tables[PEOPLE];
}

static struct trn_store *open_in_tx(void)
{
    struct trn_store *store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    return store;
}

static struct trn_row ugly_person(unsigned number)
{
    struct trn_row person = fixture_person(number, 5);

    person.values[PERSON_THEME] = tern_value_text("UGLY");
    return person;
}

static tern_status take(struct trn_store *store, const struct trn_row *row)
{
    return trn_store_row_take(store, people(), row, TRN_ROW_UNKNOWN, NULL);
}

static struct trn_row read_back(struct trn_store *store, const tern_id *id)
{
    struct trn_row row;
    bool found = false;

    CHECK_INT(trn_store_row_read(store, people(), id, &found, &row, NULL), TERN_OK);
    CHECK(found);
    return row;
}

static tern_status run(struct trn_statement *statement)
{
    bool row = false;

    return trn_statement_step(statement, &row, NULL);
}

static struct trn_statement *prepare(struct trn_store *store, const char *sql)
{
    struct trn_statement *statement = NULL;

    CHECK_INT(trn_statement_prepare(store, trn_slice_text(sql), &statement, NULL), TERN_OK);
    return statement;
}

static tern_status run_once(struct trn_store *store, const char *sql)
{
    struct trn_statement *statement = prepare(store, sql);
    tern_status status = run(statement);

    trn_statement_free(statement);
    return status;
}

TEST(a_row_of_the_server_is_taken_new_or_over_the_one_that_is_there)
{
    struct trn_store *store = open_in_tx();
    struct trn_row person = fixture_person(1, 5);

    CHECK_INT(trn_store_row_take(store, people(), &person, TRN_ROW_IS_NEW, NULL), TERN_OK);
    person.values[PERSON_THEME] = tern_value_text("DARK");
    CHECK_INT(trn_store_row_take(store, people(), &person, TRN_ROW_IS_THERE, NULL), TERN_OK);
    CHECK(trn_value_equal(&read_back(store, &person.id).values[PERSON_THEME],
                          &person.values[PERSON_THEME]));
    person.values[PERSON_NAME] = tern_value_text("other");
    person.deleted_at_us = 9;
    CHECK_INT(take(store, &person), TERN_OK);
    CHECK(trn_value_equal(&read_back(store, &person.id).values[PERSON_NAME],
                          &person.values[PERSON_NAME]));
    CHECK_INT(read_back(store, &person.id).deleted_at_us, 9);
    trn_store_close(store);
}

TEST(of_a_row_that_is_there_only_the_units_that_changed_are_written)
{
    static const uint16_t sets[] = {1U << PERSON_UNIT_SETTINGS,
                                    1U << PERSON_UNIT_PROFILE,
                                    1U << TRN_UNIT_EXISTENCE,
                                    1U << PERSON_UNIT_PROFILE | 1U << PERSON_UNIT_SETTINGS,
                                    1U << PERSON_UNIT_SETTINGS | 1U << TRN_UNIT_EXISTENCE,
                                    (1U << PERSON_UNITS) - 1};
    struct trn_store *store = open_in_tx();
    struct trn_row person = fixture_person(1, 5);

    for (int turn = 0; turn < 2; turn++) { /* more sets than statements are kept */
        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
            struct trn_row other = person;
            struct trn_row after;

            CHECK_INT(trn_store_row_take(store, people(), &person, TRN_ROW_UNKNOWN, NULL), TERN_OK);
            other.values[PERSON_NAME] = tern_value_text("other");
            other.values[PERSON_THEME] = tern_value_text("DARK");
            other.deleted_at_us = 9;
            other.updated_at_us = person.updated_at_us + 1;
            CHECK_INT(trn_store_row_take_units(store, people(), &other, sets[i], NULL), TERN_OK);
            after = read_back(store, &person.id);
            CHECK_INT(after.deleted_at_us, (sets[i] & 1U << TRN_UNIT_EXISTENCE) != 0 ? 9 : 0);
            CHECK_INT(after.updated_at_us, person.updated_at_us + 1);
            CHECK(trn_value_equal(&after.values[PERSON_NAME],
                                  (sets[i] & 1U << PERSON_UNIT_PROFILE) != 0
                                      ? &other.values[PERSON_NAME]
                                      : &person.values[PERSON_NAME]));
            CHECK(trn_value_equal(&after.values[PERSON_THEME],
                                  (sets[i] & 1U << PERSON_UNIT_SETTINGS) != 0
                                      ? &other.values[PERSON_THEME]
                                      : &person.values[PERSON_THEME]));
        }
    }
    trn_store_close(store);
}

TEST(a_row_of_the_server_never_takes_the_key_of_another)
{
    struct trn_store *store = open_in_tx();
    struct trn_row one = fixture_person(1, 5);
    struct trn_row two = fixture_person(2, 5);
    tern_error error = {0};

    one.values[PERSON_EMAIL] = tern_value_text("a@example.org");
    two.values[PERSON_EMAIL] = one.values[PERSON_EMAIL];
    CHECK_INT(take(store, &one), TERN_OK);
    CHECK_INT(take(store, &one), TERN_OK); /* its own */
    CHECK_INT(trn_store_row_take(store, people(), &two, TRN_ROW_UNKNOWN, &error), TERN_ERR_UNIQUE);
    two.values[PERSON_EMAIL] = tern_value_null();
    CHECK_INT(take(store, &two), TERN_OK);
    two.values[PERSON_EMAIL] = one.values[PERSON_EMAIL];
    CHECK_INT(take(store, &two), TERN_ERR_UNIQUE);
    CHECK_INT(trn_store_row_take(store, people(), &two, TRN_ROW_IS_THERE, NULL), TERN_ERR_UNIQUE);
    trn_store_close(store);
}

TEST(many_rows_are_taken_at_once_up_to_one_that_is_not_new)
{
    struct trn_store *store = open_in_tx();
    struct trn_row rows[TRN_ROWS_AT_ONCE];

    for (unsigned i = 0; i < TRN_ROWS_AT_ONCE; i++) {
        rows[i] = ugly_person(i + 1);
    }
    CHECK_INT(trn_store_rows_take(store, people(), rows, NULL), TERN_OK);
    for (unsigned i = 0; i < TRN_ROWS_AT_ONCE; i++) {
        (void)read_back(store, &rows[i].id);
        rows[i].id = fixture_id(i == 4 ? 1 : 100 + i);
    }
    CHECK_INT(trn_store_rows_take(store, people(), rows, NULL), TERN_ERR_EXISTS);
    (void)read_back(store, &rows[3].id);
    CHECK_INT(trn_store_row_take(store, people(), &rows[5], TRN_ROW_IS_NEW, NULL), TERN_OK);
    trn_store_close(store);
}

/* The values that a row of the server holds are checked as it is read from the answer; this shows
 * that here they are not, and that it is so for nobody else. */
TEST(checks_are_left_out_for_rows_of_the_server_alone)
{
    struct trn_store *store = open_in_tx();
    struct trn_row pretty = fixture_person(1, 5);
    struct trn_row ugly = ugly_person(2);
    struct trn_statement *before;
    struct trn_statement *after;

    CHECK_INT(run_once(store, "CREATE TABLE app(x CHECK (x > 0))"), TERN_OK);
    before = prepare(store, "INSERT INTO app VALUES(-1)");
    CHECK_INT(run(before), TERN_ERR_CHECK);
    CHECK_INT(take(store, &ugly), TERN_OK);
    CHECK_INT(trn_store_row_take(store, people(), &ugly, TRN_ROW_IS_THERE, NULL), TERN_OK);
    after = prepare(store, "INSERT INTO app VALUES(-1)");
    CHECK_INT(run(before), TERN_ERR_CHECK);
    CHECK_INT(run(after), TERN_ERR_CHECK);
    CHECK_INT(trn_store_row_write(store, people(), &ugly, NULL), TERN_ERR_CHECK);
    CHECK_INT(trn_store_row_write(store, people(), &pretty, NULL), TERN_OK);
    pretty.values[PERSON_THEME] = ugly.values[PERSON_THEME];
    CHECK_INT(trn_store_row_write(store, people(), &pretty, NULL), TERN_ERR_CHECK);
    trn_statement_free(before);
    trn_statement_free(after);
    trn_store_close(store);
}

/* SQLite compiles statements anew when the schema has changed, and then with the CHECKs. */
TEST(checks_stay_where_they_belong_when_the_schema_changes)
{
    struct trn_store *store = open_in_tx();
    struct trn_row pretty = fixture_person(1, 5);
    struct trn_row ugly = ugly_person(2);
    struct trn_statement *insert;

    CHECK_INT(run_once(store, "CREATE TABLE app(x CHECK (x > 0))"), TERN_OK);
    insert = prepare(store, "INSERT INTO app VALUES(-1)");
    CHECK_INT(take(store, &ugly), TERN_OK);
    CHECK_INT(run_once(store, "CREATE INDEX app_x ON app(x)"), TERN_OK);
    CHECK_INT(take(store, &pretty), TERN_OK);
    CHECK_INT(take(store, &ugly), TERN_OK);
    CHECK_INT(take(store, &ugly), TERN_OK);
    CHECK_INT(run(insert), TERN_ERR_CHECK);
    CHECK_INT(trn_store_row_write(store, people(), &ugly, NULL), TERN_ERR_CHECK);
    trn_statement_free(insert);
    trn_store_close(store);
}

TEST(checks_come_back_when_memory_runs_out)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_row ugly = ugly_person(2);
        struct trn_store *store = NULL;
        tern_status status;

        harness_fault_suspend();
        store = fixture_open(path);
        CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
        harness_fault_resume();
        status = take(store, &ugly);
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        harness_fault_suspend();
        CHECK_INT(trn_store_row_write(store, people(), &ugly, NULL), TERN_ERR_CHECK);
        trn_store_rollback(store);
        CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
        CHECK_INT(run_once(store, "CREATE TABLE app(x CHECK (x > 0))"), TERN_OK);
        CHECK_INT(run_once(store, "INSERT INTO app VALUES(-1)"), TERN_ERR_CHECK);
        trn_store_close(store);
        harness_fault_resume();
    }
}
