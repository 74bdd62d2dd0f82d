/* Files that cannot be written, or are not what they should be: a code, a sentence, and nothing
 * changed or lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)

struct pair {
    struct world world;
    struct device phone; /* on the disk of the test's */
    struct device tablet;
};

static void begin(struct pair *pair)
{
    disk_begin(false);
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_close(&pair->phone);
    pair->phone.vfs = DISK_VFS;
    device_open(&pair->phone);
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'one')");
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
}

static void end(struct pair *pair)
{
    disk_fill(0, false);
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
    device_check_converged(&pair->phone);
    device_check_converged(&pair->tablet);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
    disk_end();
}

static tern_status write_big_note(struct device *device, unsigned nth, tern_error *error)
{
    char sql[300];
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status;

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, place, title, body) "
                   "SELECT tern_id(), id, 1000 + %u, 'big %u', printf('%%.20000c', 'x') FROM users",
                   nth,
                   nth);
    status = tern_statement_prepare(device->replica, sql, strlen(sql), &statement, error);
    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, error);
    }
    tern_statement_free(statement);
    return status;
}

/* Closed while nothing can be written: what was committed stays in the log, and the lease taken. */
static void close_on_a_full_disk(struct device *device, bool with_lease)
{
    tern_sync *sync = with_lease ? device_sync_open(device) : NULL;
    tern_sync_step step;

    if (with_lease) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK &&
              tern_sync_next(sync, &step, NULL) == TERN_OK);
        CHECK(step.action == TERN_SYNC_SEND);
    }
    disk_fill(1, true);
    tern_sync_close(sync);
    device_close(device);
}

TEST(a_replica_on_a_full_disk_is_opened_and_read_and_is_written_once_there_is_room)
{
    for (int with_lease = 0; with_lease < 2; with_lease++) {
        struct pair pair;
        tern_error error = {0};

        begin(&pair);
        for (unsigned i = 1; i < 8; i++) {
            CHECK_INT(write_big_note(&pair.phone, i, NULL), TERN_OK);
        }
        close_on_a_full_disk(&pair.phone, with_lease == 1);
        disk_fill(1, false);
        device_open(&pair.phone);
        CHECK(disk_refused());
        CHECK_TEXT(device_ask(&pair.phone, "SELECT count(*) FROM notes"), "8");
        CHECK_INT(write_big_note(&pair.phone, 8, &error), TERN_ERR_DISK_FULL);
        disk_fill(0, false);
        CHECK_INT(write_big_note(&pair.phone, 8, NULL), TERN_OK);
        device_close(&pair.phone);
        device_open(&pair.phone);
        CHECK_TEXT(device_ask(&pair.phone, "SELECT count(*) FROM notes"), "9");
        end(&pair);
    }
}

TEST(a_full_disk_fails_the_commit_and_changes_nothing)
{
    struct pair pair;
    unsigned refused = 0;

    begin(&pair);
    for (unsigned nth = 1; nth < 200; nth++) {
        tern_error error = {0};
        tern_status status;
        char *before = file_dump(pair.phone.path, true);

        disk_fill(nth, nth % 2 == 0);
        status = write_big_note(&pair.phone, nth, &error);
        disk_fill(0, false);
        if (status == TERN_OK) {
            free(before);
            if (refused > 0) {
                break;
            }
            continue;
        }
        refused++;
        CHECK_INT(status, TERN_ERR_DISK_FULL);
        CHECK(strstr(error.message, "disk") != NULL || strstr(error.message, "full") != NULL);
        CHECK(strstr(error.message, "xxx") == NULL);
        check_same_rows(file_dump(pair.phone.path, true), before);
    }
    CHECK(refused > 3);
    device_sync_well(&pair.phone);
    end(&pair);
}

TEST(a_commit_that_failed_in_its_sync_is_not_there_after_the_process_has_died)
{
    static const char count[] = "SELECT count(*) FROM notes WHERE title = 'failed'";
    struct pair pair;
    char copy[620];

    begin(&pair);
    (void)snprintf(copy, sizeof copy, "%s-copy", pair.phone.path);
    disk_fail_sync();
    CHECK_INT(device_try(&pair.phone,
                         "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, "
                         "'failed')"),
              TERN_ERR_IO);
    file_copy(pair.phone.path, copy); /* as whoever opens it next would find it */
    CHECK_TEXT(file_ask(copy, count), "0");
    CHECK_TEXT(device_ask(&pair.phone, count), "0");
    end(&pair);
}

/* Some megabytes, so that SQLite writes before the commit. */
static tern_status write_much(struct device *device, tern_error *error)
{
    tern_status status = TERN_OK;

    for (unsigned nth = 1; nth <= 300 && status == TERN_OK; nth++) {
        status = write_big_note(device, nth, error);
    }
    return status;
}

TEST(calls_on_a_transaction_that_the_disk_failed_tell_that_and_no_other_story)
{
    struct pair pair;
    tern_tx *tx = NULL;
    tern_row *row = NULL;
    tern_error error = {0};
    char *before;

    begin(&pair);
    before = file_dump(pair.phone.path, true);
    CHECK(tern_tx_begin(pair.phone.replica, NULL, &tx, NULL) == TERN_OK);
    disk_fill(1, true);
    CHECK_INT(write_much(&pair.phone, &error), TERN_ERR_DISK_FULL);
    disk_fill(0, false);
    for (int turn = 0; turn < 2; turn++) {
        CHECK_INT(device_try(&pair.phone, "SELECT count(*) FROM notes"), TERN_ERR_DISK_FULL);
        CHECK_INT(write_big_note(&pair.phone, 1, &error), TERN_ERR_DISK_FULL);
        CHECK(strstr(error.message, "the transaction was lost") != NULL);
        CHECK_INT(tern_row_get(tx, "users", &pair.phone.user, &row, &error), TERN_ERR_DISK_FULL);
        CHECK_INT(tern_row_delete(tx, "users", &pair.phone.user, &error), TERN_ERR_DISK_FULL);
    }
    CHECK_INT(tern_tx_commit(tx, NULL, &error), TERN_ERR_DISK_FULL);
    CHECK(strstr(error.message, "full") != NULL && strstr(error.message, "xxx") == NULL);
    check_same_rows(file_dump(pair.phone.path, true), before);
    device_run(&pair.phone, "UPDATE users SET name = 'after'");
    end(&pair);
}

TEST(a_disk_that_fills_anywhere_in_a_sync_loses_nothing)
{
    struct pair pair;
    unsigned refused = 0;
    unsigned calm = 0;

    begin(&pair);
    for (unsigned nth = 1; calm < 3; nth++) {
        char sql[200];
        char title[40];
        tern_status status;

        (void)snprintf(sql,
                       sizeof sql,
                       "UPDATE notes SET title = 'by tablet %u' WHERE place = 1",
                       nth);
        device_run(&pair.tablet, sql);
        CHECK(write_big_note(&pair.tablet, nth, NULL) == TERN_OK);
        device_sync_well(&pair.tablet);
        (void)snprintf(sql, sizeof sql, "UPDATE users SET name = 'phone %u'", nth);
        device_run(&pair.phone, sql);
        disk_fill(nth, true);
        status = device_sync(&pair.phone);
        calm += !disk_refused();
        refused += disk_refused();
        disk_fill(0, false);
        CHECK(status == TERN_OK || status == TERN_ERR_DISK_FULL);
        (void)snprintf(title, sizeof title, "phone %u", nth);
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT name FROM users"), title);
        device_sync_well(&pair.phone);
        CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), title);
        (void)snprintf(title, sizeof title, "by tablet %u", nth);
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes WHERE place = 1"), title);
        CHECK_INT(device_status(&pair.phone).pending, 0);
        CHECK(nth < 400);
    }
    CHECK(refused > 10);
    end(&pair);
}

/* The server's files alone lie on the disk that fills. */
static void begin_on_server(struct pair *pair)
{
    disk_begin(true);
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_close(&pair->phone);
    device_close(&pair->tablet);
    pair->phone.vfs = "unix";
    pair->tablet.vfs = "unix";
    device_open(&pair->phone);
    device_open(&pair->tablet);
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
}

TEST(a_server_whose_disk_fills_anywhere_asks_to_come_back_and_applies_all_or_nothing)
{
    struct pair pair;
    unsigned refused = 0;
    unsigned calm = 0;

    begin_on_server(&pair);
    for (unsigned nth = 1; calm < 3; nth++) {
        char sql[400];
        tern_status status;
        const char *held;

        (void)snprintf(
            sql,
            sizeof sql,
            "INSERT INTO notes(id, owner_id, place, title, body) SELECT tern_id(), users.id, "
            "%u * 10 + json_each.value, 'big', printf('%%.9000c', 'x') FROM users, "
            "json_each('[1,2,3]')",
            nth);
        device_run(&pair.phone, sql);
        disk_fill(nth, nth % 2 == 0);
        status = device_sync(&pair.phone);
        calm += !disk_refused();
        refused += disk_refused();
        disk_fill(0, false);
        CHECK(status == TERN_OK || status == TERN_ERR_UNAVAILABLE);
        if (status != TERN_OK) {
            CHECK(tern_status_is_retryable(pair.phone.heard.status));
            CHECK(strstr(pair.phone.heard.message, "cannot store or read just now") != NULL);
            CHECK(strstr(pair.phone.heard.message, "xxx") == NULL);
        }
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT count(*) FROM notes WHERE place / 10 = %u AND length(body) = 9000",
                       nth);
        held = server_ask(&pair.world, sql);
        CHECK(strcmp(held, "0") == 0 || strcmp(held, "3") == 0);
        CHECK_INT(device_status(&pair.phone).pending, status == TERN_OK ? 0 : 1);
        if (nth % 3 == 0) {
            world_restart(&pair.world);
        }
        device_sync_well(&pair.phone);
        CHECK_TEXT(server_ask(&pair.world, sql), "3");
        CHECK_INT(device_status(&pair.phone).quarantined, 0);
        CHECK(nth < 400);
    }
    CHECK(refused > 3);
    end(&pair);
}

TEST(a_replica_is_not_half_created_or_half_upgraded_on_a_full_disk)
{
    struct pair pair;
    struct device fresh;
    char *newer;
    char *before;
    unsigned nth = 0;
    tern_status status;

    begin(&pair);
    device_begin(&pair.world, &fresh, "fresh", 'p');
    device_end(&fresh);
    CHECK(unlink(fresh.path) == 0);
    fresh.vfs = DISK_VFS;
    do {
        tern_error error = {0};

        disk_fill(++nth, true);
        status = device_try_open(&fresh, &error);
        disk_fill(0, false);
        CHECK(status == TERN_OK || (status == TERN_ERR_DISK_FULL && error.message[0] != '\0'));
    } while (status != TERN_OK);
    CHECK(nth > 3);
    device_sync_well(&fresh);
    device_check_converged(&fresh);
    newer = world_next_document(&pair.world);
    device_run(&fresh, "UPDATE notes SET title = 'queued under version 1'");
    device_close(&fresh);
    fresh.document = newer;
    nth = 0;
    before = file_dump(fresh.path, true);
    do {
        tern_error error = {0};

        disk_fill(++nth, true);
        status = device_try_open(&fresh, &error);
        disk_fill(0, false);
        if (status != TERN_OK) {
            CHECK(status == TERN_ERR_DISK_FULL && error.message[0] != '\0');
            check_same_rows(file_dump(fresh.path, true), strdup(before));
        }
    } while (status != TERN_OK);
    CHECK(nth > 3);
    CHECK_INT(device_status(&fresh).schema_version, 2);
    CHECK_INT(device_status(&fresh).pending, 1);
    world_serve(&pair.world, newer);
    device_sync_well(&fresh);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes"), "queued under version 1");
    device_end(&fresh);
    device_close(&pair.phone);
    device_open(&pair.phone);
    device_close(&pair.tablet);
    device_open(&pair.tablet);
    free(before);
    free(newer);
    end(&pair);
}

/* ---- Files that are not what they should be ---- */

static void read_all(const char *path, struct trn_bytes *bytes)
{
    uint8_t buffer[4096];
    FILE *file = fopen(path, "rb");
    size_t size;

    CHECK(file != NULL);
    while ((size = fread(buffer, 1, sizeof buffer, file)) > 0) {
        CHECK(trn_bytes_append(bytes, buffer, size) == TERN_OK);
    }
    (void)fclose(file);
}

static void write_all(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/* The file does not open, its bytes stay as they are, and once they are right again nothing is
 * missing. */
static void
check_refused(struct pair *pair, const void *data, size_t size, tern_status code, const char *word)
{
    struct trn_bytes after = {0};
    tern_error error = {0};

    write_all(pair->phone.path, data, size);
    CHECK_INT(device_try_open(&pair->phone, &error), code);
    CHECK(pair->phone.replica == NULL);
    CHECK_INT(error.status, code);
    if (strstr(error.message, word) == NULL) {
        fail_msg("'%s' does not say '%s'", error.message, word);
    }
    read_all(pair->phone.path, &after);
    CHECK(after.size == size && memcmp(after.data, data, size) == 0);
    trn_bytes_free(&after);
}

TEST(a_damaged_truncated_or_foreign_file_is_named_so_and_left_as_it_is)
{
    struct pair pair;
    struct trn_bytes whole = {0};
    static const char text[] = "this is a shopping list and no database at all, however long it is";

    begin(&pair);
    device_run(&pair.phone, "UPDATE users SET name = 'queued'");
    device_close(&pair.phone);
    pair.phone.vfs = NULL;
    read_all(pair.phone.path, &whole);
    check_refused(&pair, text, sizeof text, TERN_ERR_NOT_A_REPLICA, "not a database");
    check_refused(&pair, whole.data, 5000, TERN_ERR_CORRUPT, "malformed");
    check_refused(&pair, whole.data, whole.size - 4096, TERN_ERR_CORRUPT, "malformed");
    whole.data[68] ^= 1; /* the application id */
    check_refused(&pair, whole.data, whole.size, TERN_ERR_NOT_A_REPLICA, "another application");
    whole.data[68] ^= 1;
    memset(whole.data + 100, 0xAA, 400); /* the first page's content */
    check_refused(&pair, whole.data, whole.size, TERN_ERR_CORRUPT, "malformed");
    trn_bytes_free(&whole);
    disk_end();
    device_end(&pair.tablet);
    world_end(&pair.world);
}

TEST(a_document_older_or_none_of_this_file_s_changes_nothing)
{
    struct pair pair;
    tern_error error = {0};
    char *older;
    char *newer;
    char *before;

    begin(&pair);
    older = strdup(pair.world.document);
    newer = world_next_document(&pair.world);
    device_run(&pair.phone, "UPDATE users SET name = 'queued'");
    device_close(&pair.phone);
    pair.phone.document = newer;
    device_open(&pair.phone);
    device_close(&pair.phone);
    before = file_dump(pair.phone.path, true);
    pair.phone.document = older;
    CHECK_INT(device_try_open(&pair.phone, &error), TERN_ERR_SCHEMA_OLDER);
    CHECK(strstr(error.message, "1") != NULL && strstr(error.message, "2") != NULL);
    check_same_rows(file_dump(pair.phone.path, true), strdup(before));
    error = (tern_error){0};
    /* A newer one that is no addition. */
    newer[strlen("{\"tern\":1,\"name\":\"clinic\",\"version\":")] = '3';
    memcpy(strstr(newer, "\"length\":200"), "\"length\":100", 12);
    pair.phone.document = newer;
    CHECK_INT(device_try_open(&pair.phone, &error), TERN_ERR_SCHEMA_INCOMPATIBLE);
    if (strstr(error.message, "notes.title") == NULL) {
        fail_msg("'%s' does not name the place", error.message);
    }
    check_same_rows(file_dump(pair.phone.path, true), strdup(before));
    error = (tern_error){0};
    pair.phone.document = "{\"tern\":1,\"name\":";
    CHECK_INT(device_try_open(&pair.phone, &error), TERN_ERR_SCHEMA);
    CHECK(strstr(error.message, "line") != NULL);
    check_same_rows(file_dump(pair.phone.path, true), before);
    free(newer);
    newer = world_next_document(&pair.world);
    pair.phone.document = newer;
    device_open(&pair.phone);
    CHECK_INT(device_status(&pair.phone).pending, 1);
    world_serve(&pair.world, newer);
    device_close(&pair.tablet);
    device_open(&pair.tablet);
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "queued");
    end(&pair);
    free(older);
    free(newer);
}
