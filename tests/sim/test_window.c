/* Rows that are too old for a replica: they leave it, do not come back, and nothing is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)

/* A patient's phone, and a desk whose document has no windows, so that it holds everything. */
struct ward {
    struct world world;
    struct device phone;
    struct device desk;
    char *whole; /* the document without windows */
};

/* The text with the first `from` in it replaced; frees the text. */
static char *with(char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *copy = malloc(size);

    CHECK(at != NULL && copy != NULL);
    (void)snprintf(copy, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return copy;
}

enum { TABLES = 3 };
static const char *const tables[TABLES] = {"doses", "notes", "comments"};
static const char *const columns[TABLES] = {"planned", "day", "created_at"};

/* The world's document, in which doses are planned for a time and notes have a day. */
static char *timed_document(const struct world *world)
{
    char *text = strdup(world->document);

    CHECK(text != NULL);
    text = with(text,
                "{\"name\":\"planned\",\"type\":\"integer\",\"default\":0}",
                "{\"name\":\"planned\",\"type\":\"timestamptz\",\"default\":0}");
    text = with(text,
                "{\"name\":\"place\",\"type\":\"integer\",\"nullable\":true},",
                "{\"name\":\"place\",\"type\":\"integer\",\"nullable\":true},"
                "{\"name\":\"day\",\"type\":\"date\",\"nullable\":true},"
                "{\"name\":\"after_id\",\"type\":\"uuid\",\"references\":{\"table\":\"notes\"},"
                "\"nullable\":true},");
    text = with(text, "\"columns\":[\"place\"]", "\"columns\":[\"place\",\"day\",\"after_id\"]");
    for (size_t i = 0; i < TABLES; i++) {
        char from[64];
        char to[128];

        (void)snprintf(from, sizeof from, "{\"name\":\"%s\",", tables[i]);
        (void)snprintf(to,
                       sizeof to,
                       "{\"name\":\"%s\",\"indexes\":[{\"columns\":[\"%s\"]}],",
                       tables[i],
                       columns[i]);
        text = with(text, from, to);
    }
    return with(text,
                "{\"name\":\"doses\",",
                "{\"name\":\"doses\",\"unique\":[{\"columns\":[\"patient_id\",\"taken_at\"]}],");
}

/* The same with windows: `doses` and `notes` in days, and `comments` by their making, or 0. */
static char *windowed(const char *whole, unsigned version, int doses, int notes, int comments)
{
    const int days[TABLES] = {doses, notes, comments};
    char *text = strdup(whole);
    char from[64];
    char to[256];

    CHECK(text != NULL);
    for (size_t i = 0; i < TABLES; i++) {
        (void)snprintf(from, sizeof from, "{\"name\":\"%s\",\"", tables[i]);
        (void)snprintf(to,
                       sizeof to,
                       "{\"name\":\"%s\",\"window\":{\"column\":\"%s\",\"days\":%d},\"",
                       tables[i],
                       columns[i],
                       days[i]);
        text = days[i] > 0 ? with(text, from, to) : text;
    }
    (void)snprintf(to, sizeof to, "\"version\":%u", version);
    return with(text, "\"version\":1", to);
}

static void serve(struct ward *ward, unsigned version, int doses, int notes, int comments)
{
    char *text = windowed(ward->whole, version, doses, notes, comments);

    world_serve(&ward->world, text);
    free(text);
}

static void begin_with(struct ward *ward, int doses, int notes, int comments)
{
    world_begin(&ward->world);
    ward->whole = timed_document(&ward->world);
    world_found(&ward->world, ward->whole);
    serve(ward, 1, doses, notes, comments);
    memset(&ward->desk, 0, sizeof ward->desk);
    device_begin(&ward->world, &ward->phone, "phone", 'p');
    device_begin(&ward->world, &ward->desk, "desk", 'p');
    device_close(&ward->desk);
    CHECK_INT(remove(ward->desk.path), 0);
    ward->desk.document = ward->whole;
    device_open(&ward->desk);
    device_run(&ward->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
}

static void begin(struct ward *ward)
{
    begin_with(ward, 90, 0, 0);
}

static void end(struct ward *ward)
{
    device_check_converged(&ward->phone);
    device_end(&ward->phone);
    device_end(&ward->desk);
    world_end(&ward->world);
    free(ward->whole);
}

/* A dose planned so many days before now. */
static void plan(struct device *device, const char *slot, int days)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
                   "'%s'), @p, '%s', tern_now() - %d * 86400000000)",
                   slot,
                   slot,
                   days);
    device_run(device, sql);
}

static void set(struct device *device, const char *slot, const char *what)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql, "UPDATE doses SET %s WHERE slot = '%s'", what, slot);
    device_run(device, sql);
}

/* A note of a day so many days before now, with its title as the name of its id. */
static void note(struct device *device, const char *title, int days)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, title, day) VALUES(tern_id(), @p, '%s', "
                   "date(tern_now() / 1000000 - %d * 86400, 'unixepoch'))",
                   title,
                   days);
    device_run(device, sql);
}

static void comment(struct device *device, const char *title, const char *body)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, '%s' FROM notes "
                   "WHERE title = '%s'",
                   body,
                   title);
    device_run(device, sql);
}

static const char *slots(struct device *device)
{
    return device_ask(device, "SELECT slot FROM doses ORDER BY slot");
}

static const char *titles(struct device *device)
{
    return device_ask(device, "SELECT title FROM notes ORDER BY title");
}

static void pass_days(struct ward *ward, int days)
{
    world_pass(&ward->world, days * DAY_US);
}

static void sync_all(struct ward *ward)
{
    for (int i = 0; i < 2; i++) {
        device_sync_well(&ward->phone);
        world_pass(&ward->world, SECOND_US);
        device_sync_well(&ward->desk);
        world_pass(&ward->world, SECOND_US);
    }
}

static int64_t reach(struct device *device, const char *table)
{
    int64_t since_us = 0;

    CHECK_INT(tern_replica_read_reach(device->replica, table, &since_us, NULL), TERN_OK);
    return since_us;
}

static uint64_t changes(struct device *device)
{
    uint64_t count = 0;

    CHECK_INT(tern_replica_changes(device->replica, "doses", &count, NULL), TERN_OK);
    return count;
}

/* ---- Leaving ---- */

TEST(a_row_that_left_its_window_leaves_the_replica_and_stays_on_the_server)
{
    struct ward ward;
    uint64_t before;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "new", 10);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "new;old");
    pass_days(&ward, 20);
    before = changes(&ward.phone);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "new");
    CHECK(changes(&ward.phone) > before);
    CHECK_INT(device_status(&ward.phone).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT slot, deleted_at FROM doses ORDER BY slot"),
               "new,null;old,null");
    CHECK_TEXT(slots(&ward.desk), "new;old");
    end(&ward);
}

TEST(a_new_device_is_not_sent_what_is_too_old_for_it)
{
    struct ward ward;
    struct device tablet;
    char slot[16];

    begin(&ward);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(slot, sizeof slot, "old%d", i);
        plan(&ward.desk, slot, 100 + i);
    }
    plan(&ward.desk, "new", 10);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "new");
    device_begin(&ward.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(slots(&tablet), "new");
    CHECK_INT(tablet.rows_received, 2); /* the dose and the user */
    device_end(&tablet);
    end(&ward);
}

/* ... nor in passing, where what has changed is sent whatever its age. */
TEST(a_row_that_is_too_old_does_not_enter)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    begin(&ward);
    sync_all(&ward);
    plan(&ward.desk, "old", 100);
    device_sync_well(&ward.desk);
    ward.phone.rows_received = 0;
    sync = device_sync_open(&ward.phone);
    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        CHECK_TEXT(slots(&ward.phone), "");
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&ward.phone, sync, step.request);
        }
    }
    tern_sync_close(sync);
    CHECK_INT(ward.phone.rows_received, 1);
    end(&ward);
}

TEST(a_row_without_a_time_never_leaves)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'timeless')");
    note(&ward.phone, "dated", 1);
    sync_all(&ward);
    pass_days(&ward, 1000);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "timeless");
    end(&ward);
}

TEST(a_day_lasts_until_it_has_ended_everywhere)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "day", 0);
    sync_all(&ward);
    /* The world begins at 00:53 UTC: eleven hours before that day has ended in the west. */
    pass_days(&ward, 31);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "day");
    world_pass(&ward.world, DAY_US / 2);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "");
    end(&ward);
}

TEST(rows_leave_in_short_steps_between_which_others_write)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    unsigned steps = 0;

    begin(&ward);
    device_run(&ward.phone,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 80 * 86400000000 + i FROM n");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync = device_sync_open(&ward.phone);
    while (step.action != TERN_SYNC_DONE) {
        int left = atoi(device_ask(&ward.phone, "SELECT count(*) FROM doses"));
        int now;

        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&ward.phone, sync, step.request);
        }
        now = atoi(device_ask(&ward.phone, "SELECT count(*) FROM doses"));
        CHECK(left - now <= 500);
        if (now < left) {
            steps++;
            device_run(&ward.phone, "UPDATE users SET name = name || '.'");
        }
    }
    tern_sync_close(sync);
    CHECK_INT(steps, 3);
    CHECK_TEXT(slots(&ward.phone), "");
    sync_all(&ward);
    end(&ward);
}

TEST(a_tidying_that_was_cut_off_is_finished_by_the_next_sync)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    begin(&ward);
    device_run(&ward.phone,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 80 * 86400000000 FROM n");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync = device_sync_open(&ward.phone);
    while (atoi(device_ask(&ward.phone, "SELECT count(*) FROM doses")) == 700) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&ward.phone, sync, step.request);
        }
    }
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "200");
    device_close(&ward.phone);
    device_open(&ward.phone);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    end(&ward);
}

/* ---- What stays ---- */

/* One sync, in whose course the app writes as soon as the server has answered. */
static void sync_while(struct device *device, void (*write)(struct device *device))
{
    tern_sync *sync = device_sync_open(device);
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
            if (write != NULL) {
                write(device);
            }
            write = NULL;
        }
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
}

static void take_old(struct device *device)
{
    set(device, "old", "status = 'TAKEN'");
}

static void let_go(struct device *device)
{
    device_run(device, "UPDATE notes SET after_id = NULL");
}

TEST(a_row_with_a_pending_edit_stays_until_the_edit_is_acknowledged)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "other", 80);
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_while(&ward.phone, take_old);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,TAKEN");
    CHECK_INT(device_status(&ward.phone).pending, 1);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses WHERE slot = 'old'"), "TAKEN");
    end(&ward);
}

static bool note_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return true;
}

static uint64_t find_quarantined(struct device *device)
{
    uint64_t ordinal = 0;

    CHECK_INT(tern_outbox_visit(device->replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                note_ordinal,
                                &ordinal,
                                NULL),
              TERN_OK);
    CHECK(ordinal != 0);
    return ordinal;
}

TEST(a_row_with_a_quarantined_edit_stays_until_that_is_discarded)
{
    struct ward ward;
    tern_tx *tx = NULL;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "other", 80);
    sync_all(&ward);
    device_run(&ward.desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(&ward.desk);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    take_old(&ward.phone);
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'second')");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    sync_all(&ward);
    CHECK_INT(device_status(&ward.phone).quarantined, 1);
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,DUE");
    CHECK_INT(tern_quarantine_discard(ward.phone.replica, find_quarantined(&ward.phone), NULL),
              TERN_OK);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "");
    end(&ward);
}

TEST(a_row_that_another_row_references_stays_as_long_as_that_does)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "bare", 20);
    note(&ward.phone, "discussed", 20);
    comment(&ward.phone, "discussed", "a comment");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "discussed");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT body FROM comments"), "a comment");
    end(&ward);
}

TEST(rows_that_hold_each_other_leave_in_one_sync_once_the_last_is_too_old)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 60);
    note(&ward.phone, "discussed", 20);
    comment(&ward.phone, "discussed", "a comment");
    sync_all(&ward);
    pass_days(&ward, 40);
    device_sync_well(&ward.phone);
    CHECK_TEXT(titles(&ward.phone), "discussed");
    pass_days(&ward, 30);
    device_sync_well(&ward.phone);
    CHECK_TEXT(titles(&ward.phone), "");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM comments"), "0");
    end(&ward);
}

/* An older note is looked at before a newer one that references it. */
TEST(a_chain_of_rows_leaves_in_one_sync)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "a", 23);
    note(&ward.phone, "b", 22);
    note(&ward.phone, "c", 21);
    note(&ward.phone, "d", 20);
    device_run(&ward.phone,
               "UPDATE notes SET after_id = (SELECT id FROM notes AS n WHERE n.day < notes.day "
               "ORDER BY n.day DESC LIMIT 1)");
    sync_all(&ward);
    pass_days(&ward, 11);
    device_sync_well(&ward.phone);
    CHECK_TEXT(titles(&ward.phone), "a;b;c;d");
    pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(titles(&ward.phone), "");
    end(&ward);
}

TEST(a_row_that_references_itself_leaves)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "a", 20);
    device_run(&ward.phone, "UPDATE notes SET after_id = id");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "");
    end(&ward);
}

/* A pending edit hides that the server's row still references the old one. */
TEST(a_row_that_an_edited_row_had_referenced_stays_beneath_the_edit)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "old", 20);
    note(&ward.phone, "new", 0);
    device_run(&ward.phone,
               "UPDATE notes SET after_id = (SELECT id FROM notes WHERE title = 'old') WHERE "
               "title = 'new'");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_while(&ward.phone, let_go);
    CHECK_INT(device_status(&ward.phone).pending, 1);
    CHECK_TEXT(titles(&ward.phone), "new;old");
    device_run(&ward.desk, "UPDATE notes SET body = 'beneath'");
    device_sync_well(&ward.desk);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "new");
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    end(&ward);
}

/* The note is of a day long gone, and known to the desk alone. */
TEST(a_row_that_references_one_which_left_brings_it_back)
{
    struct ward ward;

    begin_with(&ward, 0, 30, 60);
    note(&ward.desk, "ancient", 500);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "");
    comment(&ward.desk, "ancient", "remembered");
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "ancient");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT body FROM comments"), "remembered");
    end(&ward);
}

/* ---- Clocks ---- */

TEST(a_wrong_clock_of_the_device_moves_no_window)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "new", 10);
    plan(&ward.phone, "old", 80);
    sync_all(&ward);
    ward.phone.clock_off_us = 1500 * DAY_US;
    device_sync_well(&ward.phone);
    CHECK(device_status(&ward.phone).clock_suspect);
    CHECK_TEXT(slots(&ward.phone), "new;old");
    ward.phone.clock_off_us = -1500 * DAY_US;
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new;old");
    pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new");
    ward.phone.clock_off_us = 0;
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new");
    end(&ward);
}

TEST(rows_that_left_by_a_wrong_clock_of_the_server_come_back)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "new", 10);
    sync_all(&ward);
    pass_days(&ward, 400);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    pass_days(&ward, -399);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new");
    CHECK_INT(reach(&ward.phone, "doses"),
              ward.world.now_us - ward.world.trip_us / 2 - 90 * DAY_US);
    end(&ward);
}

/* ---- Other windows ---- */

TEST(the_replica_says_how_far_back_it_reaches)
{
    struct ward ward;
    int64_t since_us = 0;

    begin(&ward);
    plan(&ward.phone, "new", 10);
    CHECK(reach(&ward.phone, "doses") == INT64_MAX);
    CHECK(reach(&ward.phone, "notes") == INT64_MAX);
    device_sync_well(&ward.phone);
    CHECK_INT(reach(&ward.phone, "doses"),
              ward.world.now_us - ward.world.trip_us / 2 - 90 * DAY_US);
    CHECK(reach(&ward.phone, "notes") == INT64_MIN);
    CHECK_INT(tern_replica_read_reach(ward.phone.replica, "nothing", &since_us, NULL),
              TERN_ERR_UNKNOWN_TABLE);
    CHECK_INT(tern_replica_read_reach(ward.phone.replica, "doses", NULL, NULL), TERN_ERR_MISUSE);
    end(&ward);
}

static void upgrade(struct ward *ward, unsigned version, int days)
{
    serve(ward, version, days, 0, 0);
    device_close(&ward->phone);
    device_open(&ward->phone);
}

TEST(a_wider_window_brings_what_had_left_and_a_narrower_one_lets_it_go)
{
    struct ward ward;
    int64_t before;

    begin(&ward);
    plan(&ward.desk, "ancient", 1000);
    plan(&ward.desk, "older", 200);
    plan(&ward.desk, "old", 80);
    plan(&ward.desk, "new", 10);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "new;old");
    upgrade(&ward, 2, 365);
    before = reach(&ward.phone, "doses");
    CHECK(before > ward.world.now_us - 91 * DAY_US);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new;old;older");
    CHECK(reach(&ward.phone, "doses") < before - 270 * DAY_US);
    upgrade(&ward, 3, 30);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new");
    CHECK(reach(&ward.phone, "doses") > before + 59 * DAY_US);
    upgrade(&ward, 4, 0);
    CHECK(reach(&ward.phone, "doses") > before + 59 * DAY_US);
    device_expect(&ward.phone, ANSWER_LOST);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "ancient;new;old;older");
    CHECK(reach(&ward.phone, "doses") == INT64_MIN);
    upgrade(&ward, 5, 90);
    CHECK(reach(&ward.phone, "doses") == INT64_MIN);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "new;old");
    end(&ward);
}

TEST(a_window_that_is_wider_by_a_day_brings_that_day)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.desk, "old", 90);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "");
    upgrade(&ward, 2, 91);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "old");
    CHECK_INT(ward.phone.exchanges, 3);
    end(&ward);
}

TEST(a_wider_window_does_not_promise_what_has_not_come_yet)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.desk, "older", 200);
    sync_all(&ward);
    upgrade(&ward, 2, 365);
    device_expect(&ward.phone, ANSWER_LOST);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    CHECK(device_sync(&ward.phone) != TERN_OK);
    CHECK(reach(&ward.phone, "doses") > ward.world.now_us - 91 * DAY_US);
    ward.phone.weather_count = 0;
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "older");
    CHECK(reach(&ward.phone, "doses") < ward.world.now_us - 364 * DAY_US);
    upgrade(&ward, 3, 0);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    device_expect(&ward.phone, SERVER_AWAY);
    CHECK(device_sync(&ward.phone) != TERN_OK);
    CHECK(reach(&ward.phone, "doses") > ward.world.now_us - 366 * DAY_US);
    ward.phone.weather_count = 0;
    device_sync_well(&ward.phone);
    CHECK(reach(&ward.phone, "doses") == INT64_MIN);
    end(&ward);
}

/* ---- Coming back ---- */

TEST(a_row_that_an_edit_brings_into_the_window_comes_whole_and_one_moved_out_goes)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "new", 10);
    set(&ward.phone, "old", "status = 'TAKEN', taken_at = 5");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "new");
    set(&ward.desk, "old", "planned = tern_now()");
    set(&ward.desk, "new", "planned = 0");
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    end(&ward);
}

/* The phone has forgotten the dose that was taken and plans it anew. */
TEST(a_row_made_again_meets_the_one_that_had_left)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "older", 85);
    set(&ward.phone, "old", "status = 'TAKEN', taken_at = 5");
    set(&ward.phone, "older", "status = 'TAKEN', taken_at = 6");
    device_sync_well(&ward.phone);
    pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    plan(&ward.phone, "old", 1);
    plan(&ward.phone, "older", 95);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses ORDER BY slot"),
               "old,DUE;older,DUE");
    device_sync_well(&ward.phone);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    CHECK_TEXT(server_ask(&ward.world, "SELECT slot, status, taken_at FROM doses ORDER BY slot"),
               "old,TAKEN,5;older,TAKEN,6");
    end(&ward);
}

TEST(a_deletion_leaves_with_its_row_and_still_stands)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    sync_all(&ward);
    device_run(&ward.phone, "DELETE FROM doses");
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "1");
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "0");
    plan(&ward.phone, "old", 95);
    sync_all(&ward);
    CHECK_INT(device_status(&ward.phone).quarantined, 1);
    CHECK_TEXT(server_ask(&ward.world, "SELECT count(*), count(deleted_at) FROM doses"), "1,1");
    CHECK_INT(tern_quarantine_discard(ward.phone.replica, find_quarantined(&ward.phone), NULL),
              TERN_OK);
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "0");
    end(&ward);
}

TEST(an_undeletion_of_what_has_left_reaches_the_replica_only_where_the_window_does)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.desk, "old", 80);
    plan(&ward.desk, "new", 10);
    device_run(&ward.desk, "DELETE FROM doses");
    sync_all(&ward);
    pass_days(&ward, 20);
    sync_all(&ward);
    device_run(&ward.desk, "UPDATE doses SET deleted_at = NULL");
    sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, deleted_at FROM doses"), "new,null");
    end(&ward);
}

/* ---- With the rest of the protocol ---- */

TEST(an_edit_of_a_row_that_has_left_is_offered_to_a_restored_server)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    sync_all(&ward);
    world_save(&ward.world, "backup");
    pass_days(&ward, 5);
    take_old(&ward.phone);
    device_sync_well(&ward.phone);
    pass_days(&ward, 10);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    world_restore(&ward.world, "backup");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses"), "DUE");
    world_pass(&ward.world, SECOND_US);
    device_sync_well(&ward.phone);
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    CHECK_INT(device_status(&ward.phone).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses"), "TAKEN");
    CHECK_TEXT(slots(&ward.phone), "");
    end(&ward);
}

static bool
refuse_cursor(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    (void)request;
    device->meddle = NULL;
    device_answer_problem(ret_answer, 400, "CURSOR");
    return true;
}

/* What the first request says. */
static bool watch_for_windows(struct device *device,
                              const tern_http_request *request,
                              tern_http_answer *ret_answer)
{
    (void)ret_answer;
    *(bool *)device->meddling = request_holds(request, "\"window\":[2,3,90]");
    device->meddle = NULL;
    return false;
}

/* Ends the phone's tx with a note whose place is taken on the server, so that it is rejected. */
static void spoil(struct ward *ward, tern_tx *tx)
{
    device_run(&ward->phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'second')");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    device_run(&ward->desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(&ward->desk);
    device_sync_well(&ward->phone);
    CHECK_INT(device_status(&ward->phone).quarantined, 1);
}

static void discard(struct ward *ward)
{
    CHECK_INT(tern_quarantine_discard(ward->phone.replica, find_quarantined(&ward->phone), NULL),
              TERN_OK);
    sync_all(ward);
}

TEST(a_row_that_a_parked_edit_makes_enters_however_old_it_is)
{
    struct ward ward;
    tern_tx *tx = NULL;

    begin(&ward);
    sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    plan(&ward.phone, "old", 100);
    spoil(&ward, tx);
    CHECK_TEXT(slots(&ward.phone), "");
    plan(&ward.desk, "old", 100);
    plan(&ward.desk, "other", 100);
    sync_all(&ward);
    CHECK_TEXT(slots(&ward.phone), "old");
    discard(&ward);
    CHECK_TEXT(slots(&ward.phone), "");
    end(&ward);
}

TEST(a_row_that_a_parked_edit_references_stays)
{
    struct ward ward;
    tern_tx *tx = NULL;

    begin_with(&ward, 0, 30, 0);
    note(&ward.phone, "old", 20);
    note(&ward.phone, "other", 20);
    sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    comment(&ward.phone, "old", "a comment");
    spoil(&ward, tx);
    pass_days(&ward, 20);
    sync_all(&ward);
    CHECK_TEXT(titles(&ward.phone), "first;old");
    discard(&ward);
    CHECK_TEXT(titles(&ward.phone), "first");
    end(&ward);
}

static void plan_old(struct device *device)
{
    plan(device, "old", 100);
}

TEST(an_old_row_comes_in_beneath_a_pending_edit_that_makes_it_too)
{
    struct ward ward;

    begin(&ward);
    sync_all(&ward);
    plan(&ward.desk, "old", 100);
    set(&ward.desk, "old", "status = 'TAKEN', taken_at = 5");
    device_sync_well(&ward.desk);
    sync_while(&ward.phone, plan_old);
    CHECK_INT(device_status(&ward.phone).pending, 1);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status, taken_at FROM doses"), "TAKEN,5");
    end(&ward);
}

/* Of four doses in the order of their ids, two leave the window, and the others take their keys. */
static void hand_over(struct ward *ward, const char *leave, const char *take)
{
    const char *order = device_ask(&ward->desk, "SELECT slot FROM doses ORDER BY id");
    tern_tx *tx = NULL;
    uint64_t before = ward->phone.exchanges;
    char sql[200];

    CHECK_INT(tern_tx_begin(ward->desk.replica, NULL, &tx, NULL), TERN_OK);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(sql,
                       sizeof sql,
                       "UPDATE doses SET taken_at = NULL, planned = 0 WHERE slot = '%c'",
                       order[(leave[i] - '0') * 2]);
        device_run(&ward->desk, sql);
    }
    for (int i = 0; i < 2; i++) {
        (void)snprintf(sql,
                       sizeof sql,
                       "UPDATE doses SET taken_at = 5 + %d, planned = tern_now() WHERE slot = '%c'",
                       i,
                       order[(take[i] - '0') * 2]);
        device_run(&ward->desk, sql);
    }
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    device_sync_well(&ward->desk);
    device_sync_well(&ward->phone);
    CHECK_TEXT(device_ask(&ward->phone, "SELECT taken_at FROM doses ORDER BY taken_at"), "5;6");
    CHECK_INT(ward->phone.exchanges - before, 1);
}

/* Whichever of them comes first, one exchange is enough. */
TEST(a_row_that_leaves_and_hands_its_key_to_another_makes_no_trouble)
{
    struct ward ward;

    begin(&ward);
    plan(&ward.desk, "a", 1);
    plan(&ward.desk, "b", 1);
    plan(&ward.desk, "c", 1);
    plan(&ward.desk, "d", 1);
    sync_all(&ward);
    hand_over(&ward, "02", "13");
    hand_over(&ward, "13", "02");
    hand_over(&ward, "02", "13");
    hand_over(&ward, "13", "20");
    end(&ward);
}

/* A page ends after so many rows that were only looked at, and the next one goes on from there. */
TEST(a_long_past_is_come_by_page_by_page)
{
    struct ward ward;
    struct device tablet;

    begin(&ward);
    plan(&ward.desk, "new", 10);
    device_run(&ward.desk,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 100 * 86400000000 FROM n");
    plan(&ward.desk, "newer", 10);
    sync_all(&ward);
    device_run(&ward.phone, "UPDATE users SET name = 'comes last'");
    set(&ward.phone, "new", "status = 'TAKEN'");
    sync_all(&ward);
    ward.world.limits.page_rows = 4;
    world_restart(&ward.world);
    device_begin(&ward.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(slots(&tablet), "new;newer");
    CHECK_INT(tablet.rows_received, 3);
    CHECK_INT(tablet.exchanges, 3);
    device_end(&tablet);
    end(&ward);
}

/* ---- Re-offering, record by record ---- */

static void sync_in_pieces(struct device *device)
{
    tern_sync_options options = {.size = sizeof options, .push_bytes = 1};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    CHECK_INT(tern_sync_open(device->replica, &options, &sync, NULL), TERN_OK);
    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
        }
        CHECK_INT(device_status(device).quarantined, 0);
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
}

/* A doctor to whom the patient's record is open; doses of it are not the doctor's to write. */
static void begin_practice(struct ward *ward, struct device *doctor, int doses, int others)
{
    begin_with(ward, doses, others, others);
    device_begin(&ward->world, doctor, "doctor", 'd');
    doctor->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(doctor);
    doctor->power = TRN_POWER_USER;
    device_run(&ward->phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    note(&ward->phone, "old", 0);
    sync_all(ward);
    device_sync_well(doctor);
}

TEST(a_row_with_a_locked_edit_stays_until_that_is_discarded)
{
    struct ward ward;
    struct device doctor;
    uint64_t ordinal = 0;

    begin_practice(&ward, &doctor, 90, 0);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "other", 80);
    device_sync_well(&ward.phone);
    device_sync_well(&doctor);
    take_old(&doctor);
    device_sync_well(&doctor);
    CHECK_INT(device_status(&doctor).locked, 1);
    pass_days(&ward, 20);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT slot, status FROM doses"), "old,DUE");
    CHECK_INT(
        tern_outbox_visit(doctor.replica, 1U << TERN_ENTRY_LOCKED, note_ordinal, &ordinal, NULL),
        TERN_OK);
    CHECK_INT(tern_quarantine_discard(doctor.replica, ordinal, NULL), TERN_OK);
    device_sync_well(&doctor);
    CHECK_TEXT(slots(&doctor), "");
    device_sync_well(&ward.phone);
    device_check_converged(&doctor);
    device_end(&doctor);
    end(&ward);
}

/* The doctor's own record is whole, and laid over with what waits, before the patient's has come:
 * then the note is not there yet on which the last edits lie. */
TEST(edits_of_rows_that_have_left_wait_for_them_through_a_download_in_pieces)
{
    struct ward ward;
    struct device doctor;

    begin_practice(&ward, &doctor, 0, 5);
    world_save(&ward.world, "backup");
    world_pass(&ward.world, SECOND_US);
    device_run(&doctor, "UPDATE users SET name = 'one' WHERE id = @d");
    device_run(&doctor, "UPDATE users SET name = 'two' WHERE id = @d");
    device_run(&doctor, "UPDATE users SET name = 'three' WHERE id = @d");
    device_run(&doctor, "UPDATE notes SET body = 'edited'");
    comment(&doctor, "old", "a comment");
    device_sync_well(&doctor);
    pass_days(&ward, 10);
    device_sync_well(&doctor);
    CHECK_TEXT(titles(&doctor), "");
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM comments"), "0");
    ward.world.limits.page_rows = 2;
    world_restore(&ward.world, "backup");
    world_pass(&ward.world, SECOND_US);
    sync_in_pieces(&doctor);
    CHECK_INT(device_status(&doctor).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT title, body FROM notes"), "old,edited");
    CHECK_TEXT(server_ask(&ward.world, "SELECT body FROM comments"), "a comment");
    CHECK_TEXT(titles(&doctor), "");
    device_check_converged(&doctor);
    device_end(&doctor);
    device_sync_well(&ward.phone);
    end(&ward);
}

/* The bond lay in two records, and one of them was erased. */
TEST(an_edit_of_what_was_erased_keeps_no_old_row)
{
    struct world world;
    struct device patient;
    struct device doctor;
    char *text;

    world_begin(&world);
    text = with(strdup(world.document),
                "{\"name\":\"bonds\",",
                "{\"name\":\"bonds\",\"indexes\":[{\"columns\":[\"created_at\"]}],\"window\":"
                "{\"column\":\"created_at\",\"days\":30},");
    world_found(&world, text);
    free(text);
    device_begin(&world, &patient, "patient", 'p');
    device_begin(&world, &doctor, "doctor", 'd');
    device_run(&patient, "INSERT INTO users(id, name) VALUES(@p, 'patient')");
    device_sync_well(&patient);
    device_run(&doctor, "INSERT INTO users(id, name) VALUES(@d, 'doctor')");
    device_sync_well(&doctor);
    device_run(&patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ENDED')");
    device_sync_well(&patient);
    device_sync_well(&doctor);
    world_pass(&world, 40 * DAY_US);
    device_run(&doctor, "UPDATE bonds SET status = 'ASKED'");
    world_erase(&world, 'p');
    device_sync_well(&doctor);
    CHECK_INT(device_status(&doctor).locked, 1);
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM bonds"), "0");
    device_check_converged(&doctor);
    device_end(&patient);
    device_end(&doctor);
    world_end(&world);
}

/* All is sent afresh, but for what is too old; and while it comes, the old row is edited. */
TEST(an_old_row_edited_while_a_whole_copy_comes_stays_with_its_edit)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    bool asked = false;
    unsigned sent = 0;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "other", 80);
    sync_all(&ward);
    pass_days(&ward, 20);
    ward.phone.meddle = refuse_cursor;
    ward.phone.meddling = &asked;
    sync = device_sync_open(&ward.phone);
    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&ward.phone, sync, step.request);
            sent++;
            ward.phone.meddle = sent == 1 ? watch_for_windows : NULL;
            if (sent == 2) {
                take_old(&ward.phone);
            }
        }
    }
    CHECK(asked);
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,TAKEN");
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    device_sync_well(&ward.phone);
    CHECK_TEXT(slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses WHERE slot = 'old'"), "TAKEN");
    end(&ward);
}

static bool asks_for_less(struct ward *ward)
{
    bool asked = false;

    ward->phone.meddle = watch_for_windows;
    ward->phone.meddling = &asked;
    device_sync_well(&ward->phone);
    return asked;
}

TEST(nothing_is_left_out_of_a_copy_while_an_open_edit_may_need_it)
{
    struct ward ward;
    tern_tx *tx = NULL;

    begin(&ward);
    plan(&ward.phone, "old", 80);
    sync_all(&ward);
    CHECK(asks_for_less(&ward));
    take_old(&ward.phone);
    CHECK(!asks_for_less(&ward));
    CHECK(asks_for_less(&ward));
    device_run(&ward.desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(&ward.desk);
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'second')");
    device_sync_well(&ward.phone);
    CHECK_INT(device_status(&ward.phone).quarantined, 1);
    CHECK(asks_for_less(&ward)); /* of doses it holds none */
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    set(&ward.phone, "old", "taken_at = 7");
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'third')");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    device_run(&ward.desk, "UPDATE notes SET place = 2");
    device_sync_well(&ward.desk);
    device_sync_well(&ward.phone);
    CHECK_INT(device_status(&ward.phone).quarantined, 2);
    CHECK(!asks_for_less(&ward));
    device_end(&ward.phone);
    device_end(&ward.desk);
    world_end(&ward.world);
    free(ward.whole);
}

TEST(tidying_works_or_runs_out_of_memory)
{
    struct ward ward;
    tern_tx *tx = NULL;
    tern_status status = TERN_OK;

    begin_with(&ward, 90, 30, 0);
    plan(&ward.phone, "old", 80);
    plan(&ward.phone, "kept", 80);
    note(&ward.phone, "discussed", 20);
    note(&ward.phone, "parked", 20);
    note(&ward.phone, "bare", 20);
    comment(&ward.phone, "discussed", "a comment");
    sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    set(&ward.phone, "kept", "status = 'TAKEN'");
    comment(&ward.phone, "parked", "a comment");
    spoil(&ward, tx);
    pass_days(&ward, 20);
    FOR_EACH_ALLOC_FAILURE (nth) {
        status = device_sync(&ward.phone);
        CHECK(status == TERN_OK || harness_fault_injected());
    }
    CHECK_INT(status, TERN_OK);
    CHECK_TEXT(slots(&ward.phone), "kept");
    CHECK_TEXT(titles(&ward.phone), "discussed;first;parked");
    discard(&ward);
    CHECK_TEXT(slots(&ward.phone), "");
    CHECK_TEXT(titles(&ward.phone), "discussed;first");
    end(&ward);
}

/* ---- By dice ---- */

static unsigned roll(uint64_t *seed, unsigned below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33) % below;
}

/* The text with $1, $2 and $3 in it replaced by numbers. */
static void fill_in(const char *text, const unsigned numbers[3], char *room, size_t size)
{
    size_t used = 0;

    for (const char *c = text; *c != '\0'; c++) {
        CHECK(used + 16 < size);
        if (*c == '$') {
            used += (size_t)snprintf(room + used, size - used, "%u", numbers[*++c - '1']);
        } else {
            room[used++] = *c;
        }
    }
    room[used] = '\0';
}

/* $1 and $2 name rows, $3 is a number of days. */
static void write_something(struct device *device, uint64_t *seed)
{
    static const char *const statements[] = {
        "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, 's$1'), @p, "
        "'s$1', tern_now() - ($3 - 5) * 86400000000)",
        "UPDATE doses SET planned = tern_now() - ($3 - 5) * 86400000000 WHERE slot = 's$1'",
        "UPDATE doses SET status = 'TAKEN', taken_at = $3 % 4 WHERE slot = 's$1'",
        "UPDATE doses SET taken_at = NULL WHERE slot = 's$1'",
        "DELETE FROM doses WHERE slot = 's$1'",
        "UPDATE doses SET deleted_at = NULL WHERE slot = 's$1'",
        "INSERT INTO notes(id, owner_id, title, day) VALUES(tern_id(), @p, 't$1', "
        "date(tern_now() / 1000000 - $3 * 86400, 'unixepoch'))",
        "UPDATE notes SET day = date(tern_now() / 1000000 - $3 * 86400, 'unixepoch') "
        "WHERE title = 't$1'",
        "UPDATE notes SET after_id = (SELECT id FROM notes WHERE title = 't$2' LIMIT 1) "
        "WHERE title = 't$1'",
        "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'c$3' FROM notes "
        "WHERE title = 't$1' LIMIT 1",
        "UPDATE comments SET body = 'c$3' WHERE note_id IN (SELECT id FROM notes "
        "WHERE title = 't$1')",
    };
    const unsigned numbers[3] = {roll(seed, 12), roll(seed, 12), roll(seed, 30)};
    char sql[500];

    fill_in(statements[roll(seed, sizeof statements / sizeof *statements)],
            numbers,
            sql,
            sizeof sql);
    (void)device_try(device, sql);
}

static void live(struct ward *ward, struct device *tablet, uint64_t *seed)
{
    struct device *const devices[] = {&ward->phone, &ward->desk, tablet};
    struct device *device = devices[roll(seed, 3)];

    switch (roll(seed, 6)) {
    case 0:
        device_expect(device, (enum weather)roll(seed, SERVER_AWAY + 1));
        (void)device_sync(device);
        device->weather_count = 0;
        break;
    case 1:
        world_pass(&ward->world, (int64_t)roll(seed, 80) * DAY_US / 24);
        break;
    default:
        write_something(device, seed);
    }
}

/* The doses that the window covers, as the phone and as the desk have them. */
static void check_covered(struct ward *ward)
{
    char sql[200];
    char held[4096];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT slot, planned, status, taken_at, deleted_at FROM doses WHERE planned >= "
                   "%lld ORDER BY id",
                   (long long)reach(&ward->phone, "doses"));
    (void)snprintf(held, sizeof held, "%s", device_ask(&ward->phone, sql));
    CHECK_TEXT(held, device_ask(&ward->desk, sql));
    CHECK_TEXT(device_ask(&ward->phone, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
}

static void discard_all(struct device *device)
{
    while (device_status(device).quarantined > 0) {
        CHECK_INT(tern_quarantine_discard(device->replica, find_quarantined(device), NULL),
                  TERN_OK);
    }
}

/* After any life, a replica that was tidied as it went along holds what a new one is given; and
 * all that its windows cover is there and as the whole copy has it. */
TEST(replicas_with_windows_converge_whatever_happens)
{
    for (uint64_t life = 1; life <= 12; life++) {
        struct ward ward;
        struct device tablet;
        uint64_t seed = life * 7919;

        begin_with(&ward, 10, 15, 12);
        device_begin(&ward.world, &tablet, "tablet", 'p');
        sync_all(&ward);
        for (int i = 0; i < 150; i++) {
            live(&ward, &tablet, &seed);
        }
        for (int i = 0; i < 3; i++) {
            sync_all(&ward);
            device_sync_well(&tablet);
            discard_all(&ward.phone);
            discard_all(&ward.desk);
            discard_all(&tablet);
        }
        sync_all(&ward);
        device_sync_well(&tablet);
        device_sync_well(&ward.phone);
        device_check_converged(&tablet);
        check_covered(&ward);
        device_end(&tablet);
        end(&ward);
    }
}
