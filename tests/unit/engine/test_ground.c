/* Rows of the server that are written several at a time: as if each had been written alone. */
#include "engine/ground.h"

#include <string.h>

#include "base/uuid.h"
#include "tests/unit/store/fixture.h"

enum { NUMBER = 7, LATER_NUMBER = 8 };

static const enum trn_ground_mode modes[] = {TRN_GROUND_BLIND, TRN_GROUND_FRESH, TRN_GROUND_MERGE};
enum { MODES = 3 };

struct scene {
    struct trn_engine engine;
    struct trn_work work;
    struct trn_bulk bulk;
    enum trn_ground_mode mode;
};

static void begin(struct scene *scene, const char *path, enum trn_ground_mode mode)
{
    static const int64_t numbers[] = {NUMBER, LATER_NUMBER};
    tern_id device = fixture_id(99);

    memset(scene, 0, sizeof *scene);
    scene->engine.schema = fixture_schema();
    scene->engine.store = fixture_open(path);
    scene->work.engine = &scene->engine;
    scene->work.store = scene->engine.store;
    scene->mode = mode;
    CHECK_INT(trn_store_begin(scene->work.store, NULL), TERN_OK);
    for (size_t i = 0; i < 2; i++) {
        struct trn_tx_info info;

        CHECK_INT(trn_known_put(&scene->work.known,
                                scene->work.store,
                                numbers[i],
                                1000 * numbers[i],
                                &device,
                                &info,
                                NULL),
                  TERN_OK);
    }
}

static void end(struct scene *scene)
{
    trn_bulk_free(&scene->bulk);
    trn_work_rollback(&scene->work);
    trn_store_close(scene->engine.store);
}

static struct trn_row person(unsigned number, int64_t written, const char *name, const char *email)
{
    struct trn_row row = fixture_person(number, written);

    for (size_t unit = 0; unit < PERSON_UNITS; unit++) {
        row.version.keys[unit] = written;
    }
    row.values[PERSON_NAME] = tern_value_text(name);
    row.values[PERSON_EMAIL] = tern_value_text(email);
    return row;
}

/* The values are gone as soon as the row was taken, as those of a line are. */
static void take(struct scene *scene, const struct trn_row *row)
{
    struct trn_row copy = *row;
    char name[40];

    CHECK(copy.values[PERSON_NAME].size < sizeof name);
    memcpy(name, copy.values[PERSON_NAME].data, copy.values[PERSON_NAME].size);
    copy.values[PERSON_NAME].data = name;
    CHECK_INT(trn_ground_take(&scene->work,
                              &fixture_schema()->tables[PEOPLE],
                              &copy,
                              scene->mode,
                              &scene->bulk,
                              NULL),
              TERN_OK);
    memset(name, '?', sizeof name);
}

static void flush(struct scene *scene)
{
    CHECK_INT(trn_ground_flush(&scene->work, &scene->bulk, scene->mode, NULL), TERN_OK);
    CHECK_INT(scene->bulk.count, 0);
}

static void check_there(struct scene *scene, const struct trn_row *row)
{
    struct trn_row read;
    bool found = false;

    CHECK_INT(trn_store_row_read(scene->work.store,
                                 &fixture_schema()->tables[PEOPLE],
                                 &row->id,
                                 &found,
                                 &read,
                                 NULL),
              TERN_OK);
    CHECK(found);
    for (size_t i = 0; i < PERSON_COLUMNS; i++) {
        CHECK(trn_value_equal(&read.values[i], &row->values[i]));
    }
}

TEST(all_of_many_rows_arrive_however_many_are_left_over)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    for (size_t m = 0; m < MODES; m++) {
        struct scene scene;

        begin(&scene, path, modes[m]);
        for (unsigned i = 1; i <= 2 * TRN_ROWS_AT_ONCE + 3; i++) {
            struct trn_row row = person(i, NUMBER, "someone", NULL);

            take(&scene, &row);
        }
        flush(&scene);
        for (unsigned i = 1; i <= 2 * TRN_ROWS_AT_ONCE + 3; i++) {
            struct trn_row row = person(i, NUMBER, "someone", NULL);

            check_there(&scene, &row);
        }
        end(&scene);
    }
}

TEST(a_row_that_comes_twice_is_in_the_end_as_it_came_last)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    for (size_t m = 0; m < MODES; m++) {
        struct trn_row old = person(3, NUMBER, "old", NULL);
        struct trn_row young = person(3, LATER_NUMBER, "young", NULL);
        struct scene scene;

        begin(&scene, path, modes[m]);
        take(&scene, &old);
        for (unsigned i = 10; i < 20; i++) {
            struct trn_row row = person(i, NUMBER, "someone", NULL);

            take(&scene, &row);
            if (i == 14) {
                take(&scene, &young);
            }
        }
        flush(&scene);
        check_there(&scene, &young);
        for (unsigned i = 10; i < 20; i++) {
            struct trn_row row = person(i, NUMBER, "someone", NULL);

            check_there(&scene, &row);
        }
        end(&scene);
    }
}

/* The key goes from one row to another while both are on their way. */
TEST(a_unique_key_that_changes_hands_on_the_way_is_lost_by_nobody)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    for (size_t m = 0; m < MODES; m++) {
        struct trn_row before = person(1, NUMBER, "giver", "a@example.org");
        struct trn_row after = person(1, LATER_NUMBER, "giver", NULL);
        struct trn_row taker = person(2, LATER_NUMBER, "taker", "a@example.org");
        struct scene scene;

        begin(&scene, path, modes[m]);
        take(&scene, &before);
        take(&scene, &after);
        take(&scene, &taker);
        for (unsigned i = 10; i < 20; i++) {
            struct trn_row row = person(i, NUMBER, "someone", NULL);

            take(&scene, &row);
        }
        flush(&scene);
        check_there(&scene, &after);
        check_there(&scene, &taker);
        end(&scene);
    }
}

/* The taker is here already and so does not wait for others: what came before it is written first.
 */
TEST(a_row_that_is_here_never_overtakes_one_that_waits)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    for (size_t m = 0; m < MODES; m++) {
        struct trn_row known = person(2, NUMBER, "taker", NULL);
        struct trn_row before = person(1, NUMBER, "giver", "a@example.org");
        struct trn_row after = person(1, LATER_NUMBER, "giver", NULL);
        struct trn_row taker = person(2, LATER_NUMBER, "taker", "a@example.org");
        struct scene scene;

        begin(&scene, path, modes[m]);
        take(&scene, &known);
        flush(&scene);
        take(&scene, &before);
        take(&scene, &after);
        take(&scene, &taker);
        flush(&scene);
        check_there(&scene, &after);
        check_there(&scene, &taker);
        end(&scene);
    }
}

TEST(rows_too_large_to_wait_together_arrive_all_the_same)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");
    static char text[40000];
    struct scene scene;

    memset(text, 'x', sizeof text - 1);
    begin(&scene, path, TRN_GROUND_BLIND);
    for (unsigned i = 1; i < 5; i++) {
        struct trn_row row = person(i, NUMBER, "someone", NULL);

        row.values[PERSON_THEME] = tern_value_text(i % 2 == 0 ? text : "DARK");
        take(&scene, &row);
    }
    flush(&scene);
    for (unsigned i = 1; i < 5; i++) {
        struct trn_row row = person(i, NUMBER, "someone", NULL);

        row.values[PERSON_THEME] = tern_value_text(i % 2 == 0 ? text : "DARK");
        check_there(&scene, &row);
    }
    end(&scene);
}

TEST(memory_that_runs_out_is_told_and_nothing_leaks)
{
    const char *path = trn_test_path(trn_test_folder(), "replica.db");

    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = TERN_OK;
        struct scene scene;

        harness_fault_suspend();
        begin(&scene, path, TRN_GROUND_FRESH);
        harness_fault_resume();
        for (unsigned i = 1; i <= TRN_ROWS_AT_ONCE + 1 && status == TERN_OK; i++) {
            struct trn_row row = person(i % TRN_ROWS_AT_ONCE, NUMBER, "someone", NULL);

            status = trn_ground_take(&scene.work,
                                     &fixture_schema()->tables[PEOPLE],
                                     &row,
                                     scene.mode,
                                     &scene.bulk,
                                     NULL);
        }
        if (status == TERN_OK) {
            status = trn_ground_flush(&scene.work, &scene.bulk, scene.mode, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        harness_fault_suspend();
        end(&scene);
        harness_fault_resume();
    }
}
