/* Opening a replica: whose it is, which schema it holds, and what every wrong file is called. */
#include "tests/unit/api/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tern/version.h"

static tern_status
try_open(const char *path, const tern_replica_options *options, tern_error *error)
{
    tern_replica *replica = NULL;
    tern_status status = tern_replica_open(path, options, &replica, error);

    CHECK((status == TERN_OK) == (replica != NULL));
    tern_replica_close(replica);
    return status;
}

/* The document with one text in it replaced; freed by the caller. */
static char *changed_text(const char *document, size_t size, const char *from, const char *to)
{
    char *copy = calloc(1, size + strlen(to) + 1);
    const char *place = strstr(document, from);

    assert_non_null(place);
    assert_non_null(copy);
    memcpy(copy, document, (size_t)(place - document));
    strcat(copy, to);
    strncat(copy, place + strlen(from), size - (size_t)(place - document) - strlen(from));
    return copy;
}

static char *changed_document(const char *from, const char *to)
{
    size_t size = 0;
    const char *document = fixture_document(&size);

    return changed_text(document, size, from, to);
}

static tern_status
open_with(const char *path, const char *document, tern_replica **ret_replica, tern_error *error)
{
    tern_replica_options options = fixture_options();

    options.schema = document;
    options.schema_size = strlen(document);
    return tern_replica_open(path, &options, ret_replica, error);
}

TEST(a_replica_keeps_its_device_and_its_user)
{
    const char *path = fixture_path();
    tern_replica *replica = fixture_open(path);
    tern_id user = fixture_id(1);
    tern_id device;
    tern_id again;

    tern_replica_device(replica, &device);
    tern_replica_close(replica);
    replica = fixture_open(path);
    tern_replica_device(replica, &again);
    CHECK(memcmp(&device, &again, sizeof(device)) == 0);
    tern_replica_user(replica, &again);
    CHECK(memcmp(&user, &again, sizeof(user)) == 0);
    tern_replica_close(replica);
}

TEST(wrong_arguments_are_misuse)
{
    const char *path = fixture_path();
    tern_replica_options options = fixture_options();
    tern_ports ports = *options.ports;
    tern_replica *replica = NULL;

    CHECK_INT(tern_replica_open(NULL, &options, &replica, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_replica_open(path, NULL, &replica, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_replica_open(path, &options, NULL, NULL), TERN_ERR_MISUSE);
    options.size = 3;
    CHECK_INT(tern_replica_open(path, &options, &replica, NULL), TERN_ERR_MISUSE);
    options = fixture_options();
    ports.clock.wall_us = NULL;
    options.ports = &ports;
    CHECK_INT(tern_replica_open(path, &options, &replica, NULL), TERN_ERR_MISUSE);
    options.ports = NULL;
    CHECK_INT(tern_replica_open(path, &options, &replica, NULL), TERN_ERR_MISUSE);
    CHECK(replica == NULL);
    CHECK(access(path, F_OK) != 0);
}

TEST(a_new_replica_needs_a_user_and_a_document)
{
    const char *path = fixture_path();
    tern_replica_options options = fixture_options();

    options.user = (tern_id){{0}};
    CHECK_INT(try_open(path, &options, NULL), TERN_ERR_NOT_FOUND);
    options = fixture_options();
    options.schema = NULL;
    CHECK_INT(try_open(path, &options, NULL), TERN_ERR_NOT_FOUND);
}

TEST(a_bad_document_creates_no_file)
{
    const char *path = fixture_path();
    tern_replica *replica = NULL;
    tern_error error = {0};

    CHECK_INT(open_with(path, "{\"tern\":1}", &replica, &error), TERN_ERR_SCHEMA);
    CHECK(error.message[0] != '\0');
    CHECK(access(path, F_OK) != 0);
}

TEST(an_existing_file_opens_with_the_document_it_holds)
{
    const char *path = fixture_path();
    tern_replica_options options = fixture_options();

    tern_replica_close(fixture_open(path));
    options.schema = NULL;
    options.user = (tern_id){{0}};
    CHECK_INT(try_open(path, &options, NULL), TERN_OK);
}

TEST(another_users_replica_is_refused)
{
    const char *path = fixture_path();
    tern_replica_options options = fixture_options();

    tern_replica_close(fixture_open(path));
    options.user = fixture_id(2);
    CHECK_INT(try_open(path, &options, NULL), TERN_ERR_WRONG_USER);
    options.user = fixture_id(1);
    CHECK_INT(try_open(path, &options, NULL), TERN_OK);
}

TEST(a_second_handle_is_busy)
{
    const char *path = fixture_path();
    tern_replica *replica = fixture_open(path);
    tern_replica_options options = fixture_options();
    tern_error error = {0};

    options.busy_timeout_ms = 50;
    CHECK_INT(try_open(path, &options, &error), TERN_ERR_BUSY);
    CHECK(error.message[0] != '\0');
    tern_replica_close(replica);
}

TEST(a_newer_document_upgrades_the_file_and_keeps_its_rows)
{
    const char *path = fixture_path();
    char *newer = changed_document("\"version\": 1", "\"version\": 2");
    tern_replica *replica = fixture_open(path);

    fixture_patient(replica, 2);
    tern_replica_close(replica);
    replica = NULL;
    CHECK_INT(open_with(path, newer, &replica, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT version FROM tern_document"), 2);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"), 2);
    fixture_run(replica, "UPDATE dose_events SET flags = 'x'");
    CHECK_INT(fixture_number(replica, "SELECT schema FROM tern_outbox ORDER BY ordinal DESC"), 2);
    tern_replica_close(replica);
    free(newer);
}

/* The small document with one column more, in a unit of its own. */
static char *grown_document(void)
{
    static const char *const edits[][2] = {
        {"\"version\":1", "\"version\":2"},
        {"\"default\":\"LIGHT\"}",
         "\"default\":\"LIGHT\"},{\"name\":\"nick\",\"type\":\"text\",\"length\":20,"
         "\"nullable\":true,\"default\":\"dd\",\"since\":2}"},
        {"\"columns\":[\"theme\"]}",
         "\"columns\":[\"theme\"]},{\"name\":\"names\",\"columns\":[\"nick\"]}"},
    };
    const char *small = fixture_small_document();
    char *document = changed_text(small, strlen(small), edits[0][0], edits[0][1]);

    for (size_t i = 1; i < sizeof(edits) / sizeof(edits[0]); i++) {
        char *next = changed_text(document, strlen(document), edits[i][0], edits[i][1]);

        free(document);
        document = next;
    }
    return document;
}

TEST(rows_older_than_a_column_hold_its_default_and_are_captured_so)
{
    const char *path = fixture_path();
    char *grown = grown_document();
    tern_replica *replica = NULL;

    CHECK_INT(open_with(path, fixture_small_document(), &replica, NULL), TERN_OK);
    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'PATIENT')");
    tern_replica_close(replica);
    replica = NULL;
    CHECK_INT(open_with(path, grown, &replica, NULL), TERN_OK);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users WHERE nick = 'dd'"), 1);
    fixture_run(replica, "UPDATE users SET nick = 'dd'");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"), 1);
    fixture_run(replica, "UPDATE users SET nick = 'x'");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"), 2);
    CHECK(strstr(fixture_entry(path, 0), ",3,-1,\"x\"]") != NULL);
    tern_replica_close(replica);
    free(grown);
}

TEST(an_older_document_is_refused_and_changes_nothing)
{
    const char *path = fixture_path();
    char *newer = changed_document("\"version\": 1", "\"version\": 2");
    tern_replica_options options = fixture_options();
    tern_replica *replica = NULL;

    CHECK_INT(open_with(path, newer, &replica, NULL), TERN_OK);
    tern_replica_close(replica);
    CHECK_INT(try_open(path, &options, NULL), TERN_ERR_SCHEMA_OLDER);
    options.schema = NULL;
    CHECK_INT(try_open(path, &options, NULL), TERN_OK);
    free(newer);
}

/* Of two names equally long. */
static void rename_everywhere(char *document, const char *from, const char *to)
{
    char *place = strstr(document, from);

    assert_non_null(place);
    for (; place != NULL; place = strstr(place, from)) {
        memcpy(place, to, strlen(from));
    }
}

TEST(a_newer_document_that_takes_something_away_is_refused)
{
    const char *path = fixture_path();
    char *step = changed_document("\"version\": 1", "\"version\": 2");
    tern_replica_options options = fixture_options();
    tern_error error = {0};

    rename_everywhere(step, "\"medicine_name_khmer\"", "\"medicine_name_other\"");
    tern_replica_close(fixture_open(path));
    options.schema = step;
    options.schema_size = strlen(step);
    CHECK_INT(try_open(path, &options, &error), TERN_ERR_SCHEMA_INCOMPATIBLE);
    CHECK(error.message[0] != '\0');
    CHECK_INT(fixture_outside_number(path, "SELECT version FROM tern_document"), 1);
    free(step);
}

TEST(a_full_disk_is_named_and_loses_nothing)
{
    const char *path = fixture_path();
    tern_replica_options options = fixture_options();
    tern_ports ports = *fixture_ports();
    tern_replica *replica = NULL;
    bool failed = false;

    ports.vfs = fixture_vfs();
    options.ports = &ports;
    CHECK_INT(tern_replica_open(path, &options, &replica, NULL), TERN_OK);
    fixture_patient(replica, 1);
    /* However far a commit gets before the disk is full, it is there whole or not at all. */
    for (int64_t room = 0; room < 200000; room += 9000) {
        tern_error error = {0};
        int64_t before = fixture_number(replica, "SELECT count(*) FROM dose_events");
        size_t count = 0;
        const tern_cell *cells = fixture_dose((unsigned)(room / 9000) + 5, &count);
        tern_tx *tx = fixture_begin(replica, false);
        tern_status status = tern_row_insert(tx, "dose_events", cells, count, NULL, NULL);

        CHECK_INT(status, TERN_OK);
        fixture_disk_left = room;
        status = tern_tx_commit(tx, NULL, &error);
        fixture_disk_left = -1;
        CHECK(status == TERN_OK || status == TERN_ERR_DISK_FULL);
        failed = failed || status == TERN_ERR_DISK_FULL;
        CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"),
                  before + (status == TERN_OK));
        CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"),
                  before + (status == TERN_OK));
    }
    CHECK(failed);
    fixture_disk_left = 0;
    CHECK_INT(fixture_sql(replica, "UPDATE users SET first_name = 'x'", NULL), TERN_ERR_DISK_FULL);
    fixture_disk_left = -1;
    fixture_run(replica, "UPDATE users SET first_name = 'x'");
    tern_replica_close(replica);
}

static void pause_us(long us)
{
    const struct timespec time = {.tv_nsec = us * 1000};

    (void)nanosleep(&time, NULL);
}

static int64_t row_count(const char *path)
{
    return fixture_outside_number(path, "SELECT count(*) FROM users");
}

/* A child writes tx after tx of two rows and is killed in the middle of it. */
TEST(a_process_killed_while_writing_leaves_whole_transactions)
{
    const char *path = fixture_path();

    tern_replica_close(fixture_open(path));
    for (int round = 0; round < 5; round++) {
        tern_replica *replica;
        int state = 0;
        int64_t before = row_count(path);
        pid_t child = fork();

        if (child == 0) {
            (void)alarm(20); /* should the parent fail */
            fixture_clock.wall_us +=
                (round + 1) * INT64_C(1000000000); /* or ids would come again */
            replica = fixture_open(path);
            for (;;) {
                tern_tx *tx = fixture_begin(replica, false);

                fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'PATIENT')");
                fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
                if (tern_tx_commit(tx, NULL, NULL) != TERN_OK) {
                    _exit(1);
                }
            }
        }
        for (int i = 0; i < 5000 && row_count(path) < before + 10; i++) {
            pause_us(2000);
        }
        pause_us(round * 700);
        CHECK_INT(kill(child, 9), 0);
        CHECK_INT(waitpid(child, &state, 0), child);
        CHECK(WIFSIGNALED(state));
        replica = fixture_open(path);
        CHECK_INT(fixture_number(replica,
                                 "SELECT count(*) FROM pragma_integrity_check() AS c "
                                 "WHERE c.integrity_check <> 'ok'"),
                  0);
        CHECK_INT(fixture_number(replica,
                                 "SELECT sum(role = 'PATIENT') - sum(role = 'DOCTOR') FROM users"),
                  0);
        CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users"),
                  2 * fixture_number(replica, "SELECT count(*) FROM tern_outbox"));
        CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"),
                  fixture_number(replica, LAST_ORDINAL));
        tern_replica_close(replica);
    }
}

TEST(the_library_that_runs_says_which_it_is)
{
    CHECK_TEXT(tern_version(), TERN_VERSION);
}
