/* Rows by id, round capture; scopes. */
#include "tests/unit/store/fixture.h"

#include <string.h>

#include "base/uuid.h"

static const struct trn_table *table(size_t index)
{
    return &fixture_schema()->tables[index];
}

static struct trn_store *open_in_tx(void)
{
    struct trn_store *store = fixture_open(trn_test_path(trn_test_folder(), "replica.db"));

    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    return store;
}

static void write_row(struct trn_store *store, size_t index, const struct trn_row *row)
{
    CHECK_INT(trn_store_row_write(store, table(index), row, NULL), TERN_OK);
}

static tern_status erase(void *store, const tern_id *id, tern_error *error)
{
    return trn_store_row_erase(store, table(PEOPLE), id, error);
}

TEST(a_row_reads_back_as_it_was_written)
{
    struct trn_store *store = open_in_tx();
    struct trn_row person = fixture_person(1, 5);
    struct trn_row read;
    bool found = false;

    person.version.keys[PERSON_UNIT_SETTINGS] = 9;
    person.version.ranks = 3;
    person.deleted_at_us = 77;
    write_row(store, PEOPLE, &person);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &person.id, &found, &read, NULL), TERN_OK);
    CHECK(found);
    CHECK(trn_id_equal(&read.id, &person.id));
    CHECK_INT(read.updated_at_us, 500);
    CHECK_INT(read.deleted_at_us, 77);
    CHECK_INT(read.version.keys[0], 5);
    CHECK_INT(read.version.keys[PERSON_UNIT_SETTINGS], 9);
    CHECK_INT(read.version.ranks, 3);
    for (size_t i = 0; i < PERSON_COLUMNS; i++) {
        CHECK(trn_value_equal(&read.values[i], &person.values[i]));
    }
    trn_store_close(store);
}

TEST(writing_an_id_again_replaces_the_row)
{
    struct trn_store *store = open_in_tx();
    struct trn_row person = fixture_person(1, 5);
    struct trn_row read;
    bool found = false;

    write_row(store, PEOPLE, &person);
    person.values[PERSON_THEME] = tern_value_text("LIGHT");
    person.updated_at_us = 501;
    write_row(store, PEOPLE, &person);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &person.id, &found, &read, NULL), TERN_OK);
    CHECK(found && trn_value_equal(&read.values[PERSON_THEME], &person.values[PERSON_THEME]));
    CHECK_INT(read.updated_at_us, 501);
    trn_store_close(store);
}

TEST(an_erased_row_is_gone_and_so_are_the_rows_that_cascade)
{
    struct trn_store *store = open_in_tx();
    struct trn_row person = fixture_person(1, 5);
    struct trn_row dose = fixture_dose(2, &person.id, 5);
    struct trn_row read;
    bool found = true;

    write_row(store, PEOPLE, &person);
    write_row(store, DOSES, &dose);
    CHECK_INT(trn_store_row_erase(store, table(PEOPLE), &person.id, NULL), TERN_OK);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &person.id, &found, &read, NULL), TERN_OK);
    CHECK(!found);
    CHECK_INT(trn_store_row_read(store, table(DOSES), &dose.id, &found, &read, NULL), TERN_OK);
    CHECK(!found);
    CHECK_INT(trn_store_row_erase(store, table(PEOPLE), &person.id, NULL), TERN_OK);
    trn_store_close(store);
}

TEST(a_unique_key_taken_is_named_and_can_be_displaced)
{
    struct trn_store *store = open_in_tx();
    struct trn_row one = fixture_person(1, 5);
    struct trn_row two = fixture_person(2, 5);
    struct trn_row read;
    tern_error error = {0};
    bool found = true;

    one.values[PERSON_EMAIL] = tern_value_text("a@example.org");
    two.values[PERSON_EMAIL] = one.values[PERSON_EMAIL];
    write_row(store, PEOPLE, &one);
    CHECK_INT(trn_store_row_write(store, table(PEOPLE), &two, &error), TERN_ERR_UNIQUE);
    CHECK(strstr(error.message, "email") != NULL);
    CHECK(strstr(error.message, "example.org") == NULL);
    CHECK_INT(trn_store_row_visit_holders(store, table(PEOPLE), &two, erase, store, NULL), TERN_OK);
    write_row(store, PEOPLE, &two);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &one.id, &found, &read, NULL), TERN_OK);
    CHECK(!found);
    trn_store_close(store);
}

TEST(a_deleted_row_holds_no_unique_key)
{
    struct trn_store *store = open_in_tx();
    struct trn_row one = fixture_person(1, 5);
    struct trn_row two = fixture_person(2, 5);

    one.values[PERSON_EMAIL] = tern_value_text("a@example.org");
    two.values[PERSON_EMAIL] = one.values[PERSON_EMAIL];
    one.deleted_at_us = 10;
    write_row(store, PEOPLE, &one);
    write_row(store, PEOPLE, &two);
    trn_store_close(store);
}

TEST(a_broken_foreign_key_is_found_before_the_commit_and_named_by_it)
{
    struct trn_store *store = open_in_tx();
    tern_id nobody = fixture_id(99);
    struct trn_row dose = fixture_dose(2, &nobody, 5);
    tern_error error = {0};
    bool hold = true;

    write_row(store, DOSES, &dose);
    CHECK_INT(trn_store_foreign_keys_hold(store, &hold, NULL), TERN_OK);
    CHECK(!hold);
    CHECK_INT(trn_store_commit(store, &error), TERN_ERR_FOREIGN_KEY);
    CHECK(strstr(error.message, "doses") != NULL && strstr(error.message, "people") != NULL);
    CHECK(!trn_store_in_transaction(store));
    trn_store_close(store);
}

TEST(a_savepoint_takes_back_what_came_after_it)
{
    struct trn_store *store = open_in_tx();
    struct trn_row one = fixture_person(1, 5);
    struct trn_row two = fixture_person(2, 5);
    struct trn_row read;
    bool found = true;

    write_row(store, PEOPLE, &one);
    CHECK_INT(trn_store_savepoint(store, NULL), TERN_OK);
    write_row(store, PEOPLE, &two);
    CHECK_INT(trn_store_savepoint_rollback(store, TERN_ERR_UNIQUE, "", NULL), TERN_OK);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &two.id, &found, &read, NULL), TERN_OK);
    CHECK(!found);
    CHECK_INT(trn_store_row_read(store, table(PEOPLE), &one.id, &found, &read, NULL), TERN_OK);
    CHECK(found);
    trn_store_close(store);
}

static tern_status count_row(void *context, const tern_id *id, tern_error *error)
{
    (void)id;
    (void)error;
    (*(unsigned *)context)++;
    return TERN_OK;
}

TEST(the_rows_of_a_scope_are_visited_once_each_however_many)
{
    struct trn_store *store = open_in_tx();
    struct trn_row one = fixture_person(1, 5);
    struct trn_row two = fixture_person(2, 5);
    tern_id scopes[4];
    size_t count = 0;
    unsigned visited = 0;

    write_row(store, PEOPLE, &one);
    write_row(store, PEOPLE, &two);
    for (unsigned i = 0; i < 700; i++) {
        struct trn_row dose = fixture_dose(100 + i, i % 7 == 0 ? &two.id : &one.id, 5);

        write_row(store, DOSES, &dose);
        CHECK_INT(trn_store_row_scopes(store, table(DOSES), &dose, scopes, &count, NULL), TERN_OK);
        CHECK_INT(count, 1);
        CHECK(trn_id_equal(&scopes[0], i % 7 == 0 ? &two.id : &one.id));
    }
    CHECK_INT(trn_store_scope_rows(store, table(DOSES), &one.id, count_row, &visited, NULL),
              TERN_OK);
    CHECK_INT(visited, 600);
    trn_store_close(store);
}

TEST(held_scopes_are_counted)
{
    struct trn_store *store = open_in_tx();
    tern_id scope = fixture_id(1);
    uint64_t held = 9;
    uint64_t partial = 9;
    bool is_held = true;

    CHECK_INT(trn_scope_is_held(store, &scope, &is_held, NULL), TERN_OK);
    CHECK(!is_held);
    CHECK_INT(trn_scope_hold(store, &scope, NULL), TERN_OK);
    CHECK_INT(trn_scope_hold(store, &scope, NULL), TERN_OK);
    CHECK_INT(trn_scope_counts(store, &held, &partial, NULL), TERN_OK);
    CHECK(held == 1 && partial == 0);
    CHECK_INT(trn_scope_release(store, &scope, NULL), TERN_OK);
    CHECK_INT(trn_scope_is_held(store, &scope, &is_held, NULL), TERN_OK);
    CHECK(!is_held);
    trn_store_close(store);
}

TEST(changes_are_counted_by_table_once_they_are_committed)
{
    struct trn_store *store = open_in_tx();
    const struct trn_table *people = table(PEOPLE);

    trn_store_touch(store, people);
    CHECK_INT(trn_store_changes(store, people), 0);
    trn_store_rollback(store);
    CHECK_INT(trn_store_changes(store, people), 0);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    trn_store_touch(store, people);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    CHECK_INT(trn_store_changes(store, people), 1);
    CHECK_INT(trn_store_changes(store, table(DOSES)), 0);
    trn_store_close(store);
}

TEST(row_calls_survive_any_allocation_failing)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    trn_store_close(fixture_open(path));
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_store *store = NULL;
        struct trn_row person = fixture_person(1, 5);
        struct trn_row read;
        bool found = false;
        tern_status status;

        harness_fault_suspend();
        store = fixture_open(path);
        harness_fault_resume();
        status = trn_store_begin(store, NULL);
        if (status == TERN_OK) {
            status = trn_store_row_write(store, table(PEOPLE), &person, NULL);
        }
        if (status == TERN_OK) {
            status = trn_store_row_read(store, table(PEOPLE), &person.id, &found, &read, NULL);
        }
        if (status == TERN_OK) {
            status = trn_store_row_visit_holders(store, table(PEOPLE), &person, erase, store, NULL);
        }
        if (status == TERN_OK) {
            status = trn_store_commit(store, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        trn_store_close(store);
    }
}
