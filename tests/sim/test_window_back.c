/* Rows that had left come back where a window reaches them: by clocks, other windows, and edits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/ward.h"

static int64_t reach(struct device *device, const char *table)
{
    int64_t since_us = 0;

    CHECK_INT(tern_replica_read_reach(device->replica, table, &since_us, NULL), TERN_OK);
    return since_us;
}

/* ---- Clocks ---- */

TEST(a_wrong_clock_of_the_device_moves_no_window)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "new", 10);
    ward_plan(&ward.phone, "old", 80);
    ward_sync_all(&ward);
    device_boot(&ward.phone, 1500 * DAY_US);
    device_sync_well(&ward.phone);
    CHECK(device_status(&ward.phone).clock_suspect);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old");
    device_boot(&ward.phone, -1500 * DAY_US);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old");
    ward_pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    device_boot(&ward.phone, 0);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    ward_end(&ward);
}

TEST(rows_that_left_by_a_wrong_clock_of_the_server_come_back)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "new", 10);
    ward_sync_all(&ward);
    ward_pass_days(&ward, 400);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_pass_days(&ward, -399);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    CHECK_INT(reach(&ward.phone, "doses"),
              ward.world.now_us - ward.world.trip_us / 2 - 90 * DAY_US);
    ward_end(&ward);
}

/* ---- Other windows ---- */

TEST(the_replica_says_how_far_back_it_reaches)
{
    struct ward ward;
    int64_t since_us = 0;

    ward_begin(&ward);
    ward_plan(&ward.phone, "new", 10);
    CHECK(reach(&ward.phone, "doses") == INT64_MAX);
    CHECK(reach(&ward.phone, "notes") == INT64_MAX);
    device_sync_well(&ward.phone);
    CHECK_INT(reach(&ward.phone, "doses"),
              ward.world.now_us - ward.world.trip_us / 2 - 90 * DAY_US);
    CHECK(reach(&ward.phone, "notes") == INT64_MIN);
    CHECK_INT(tern_replica_read_reach(ward.phone.replica, "nothing", &since_us, NULL),
              TERN_ERR_UNKNOWN_TABLE);
    CHECK_INT(tern_replica_read_reach(ward.phone.replica, "doses", NULL, NULL), TERN_ERR_MISUSE);
    ward_end(&ward);
}

static void upgrade(struct ward *ward, unsigned version, int days)
{
    ward_serve(ward, version, days, 0, 0);
    device_close(&ward->phone);
    device_open(&ward->phone);
}

TEST(a_wider_window_brings_what_had_left_and_a_narrower_one_lets_it_go)
{
    struct ward ward;
    int64_t before;

    ward_begin(&ward);
    ward_plan(&ward.desk, "ancient", 1000);
    ward_plan(&ward.desk, "older", 200);
    ward_plan(&ward.desk, "old", 80);
    ward_plan(&ward.desk, "new", 10);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old");
    upgrade(&ward, 2, 365);
    before = reach(&ward.phone, "doses");
    CHECK(before > ward.world.now_us - 91 * DAY_US);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old;older");
    CHECK(reach(&ward.phone, "doses") < before - 270 * DAY_US);
    upgrade(&ward, 3, 30);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    CHECK(reach(&ward.phone, "doses") > before + 59 * DAY_US);
    upgrade(&ward, 4, 0);
    CHECK(reach(&ward.phone, "doses") > before + 59 * DAY_US);
    device_expect(&ward.phone, ANSWER_LOST);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "ancient;new;old;older");
    CHECK(reach(&ward.phone, "doses") == INT64_MIN);
    upgrade(&ward, 5, 90);
    CHECK(reach(&ward.phone, "doses") == INT64_MIN);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old");
    ward_end(&ward);
}

TEST(a_window_that_is_wider_by_a_day_brings_that_day)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.desk, "old", 90);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    upgrade(&ward, 2, 91);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "old");
    CHECK_INT(ward.phone.exchanges, 3);
    ward_end(&ward);
}

TEST(a_wider_window_does_not_promise_what_has_not_come_yet)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.desk, "older", 200);
    ward_sync_all(&ward);
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
    CHECK_TEXT(ward_slots(&ward.phone), "older");
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
    ward_end(&ward);
}

/* ---- Coming back ---- */

TEST(a_row_that_an_edit_brings_into_the_window_comes_whole_and_one_moved_out_goes)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "new", 10);
    ward_set(&ward.phone, "old", "status = 'TAKEN', taken_at = 5");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    ward_set(&ward.desk, "old", "planned = tern_now()");
    ward_set(&ward.desk, "new", "planned = 0");
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    ward_end(&ward);
}

/* The phone has forgotten the dose that was taken and plans it anew. */
TEST(a_row_made_again_meets_the_one_that_had_left)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "older", 85);
    ward_set(&ward.phone, "old", "status = 'TAKEN', taken_at = 5");
    ward_set(&ward.phone, "older", "status = 'TAKEN', taken_at = 6");
    device_sync_well(&ward.phone);
    ward_pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_plan(&ward.phone, "old", 1);
    ward_plan(&ward.phone, "older", 95);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses ORDER BY slot"),
               "old,DUE;older,DUE");
    device_sync_well(&ward.phone);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    CHECK_TEXT(server_ask(&ward.world, "SELECT slot, status, taken_at FROM doses ORDER BY slot"),
               "old,TAKEN,5;older,TAKEN,6");
    ward_end(&ward);
}

TEST(a_deletion_leaves_with_its_row_and_still_stands)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_sync_all(&ward);
    device_run(&ward.phone, "DELETE FROM doses");
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "1");
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "0");
    ward_plan(&ward.phone, "old", 95);
    ward_sync_all(&ward);
    CHECK_INT(device_status(&ward.phone).quarantined, 1);
    CHECK_TEXT(server_ask(&ward.world, "SELECT count(*), count(deleted_at) FROM doses"), "1,1");
    CHECK_INT(tern_quarantine_discard(ward.phone.replica, ward_find_quarantined(&ward.phone), NULL),
              TERN_OK);
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM doses"), "0");
    ward_end(&ward);
}

TEST(an_undeletion_of_what_has_left_reaches_the_replica_only_where_the_window_does)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.desk, "old", 80);
    ward_plan(&ward.desk, "new", 10);
    device_run(&ward.desk, "DELETE FROM doses");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    device_run(&ward.desk, "UPDATE doses SET deleted_at = NULL");
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, deleted_at FROM doses"), "new,null");
    ward_end(&ward);
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
        CHECK_INT(tern_quarantine_discard(device->replica, ward_find_quarantined(device), NULL),
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

        ward_begin_with(&ward, 10, 15, 12);
        device_begin(&ward.world, &tablet, "tablet", 'p');
        ward_sync_all(&ward);
        for (int i = 0; i < 150; i++) {
            live(&ward, &tablet, &seed);
        }
        for (int i = 0; i < 3; i++) {
            ward_sync_all(&ward);
            device_sync_well(&tablet);
            discard_all(&ward.phone);
            discard_all(&ward.desk);
            discard_all(&tablet);
        }
        ward_sync_all(&ward);
        device_sync_well(&tablet);
        device_sync_well(&ward.phone);
        device_check_converged(&tablet);
        check_covered(&ward);
        device_end(&tablet);
        ward_end(&ward);
    }
}
