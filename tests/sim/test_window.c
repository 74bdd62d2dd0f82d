/* Rows that are too old for a replica leave it, what is needed stays, and nothing is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/ward.h"

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

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "new", 10);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "new;old");
    ward_pass_days(&ward, 20);
    before = changes(&ward.phone);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    CHECK(changes(&ward.phone) > before);
    CHECK_INT(device_status(&ward.phone).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT slot, deleted_at FROM doses ORDER BY slot"),
               "new,null;old,null");
    CHECK_TEXT(ward_slots(&ward.desk), "new;old");
    ward_end(&ward);
}

TEST(a_new_device_is_not_sent_what_is_too_old_for_it)
{
    struct ward ward;
    struct device tablet;
    char slot[16];

    ward_begin(&ward);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(slot, sizeof slot, "old%d", i);
        ward_plan(&ward.desk, slot, 100 + i);
    }
    ward_plan(&ward.desk, "new", 10);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "new");
    device_begin(&ward.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(ward_slots(&tablet), "new");
    CHECK_INT(tablet.rows_received, 2); /* the dose and the user */
    device_end(&tablet);
    ward_end(&ward);
}

/* ... nor in passing, where what has changed is sent whatever its age. */
TEST(a_row_that_is_too_old_does_not_enter)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    ward_begin(&ward);
    ward_sync_all(&ward);
    ward_plan(&ward.desk, "old", 100);
    device_sync_well(&ward.desk);
    ward.phone.rows_received = 0;
    sync = device_sync_open(&ward.phone);
    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        CHECK_TEXT(ward_slots(&ward.phone), "");
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&ward.phone, sync, step.request);
        }
    }
    tern_sync_close(sync);
    CHECK_INT(ward.phone.rows_received, 1);
    ward_end(&ward);
}

TEST(a_row_without_a_time_never_leaves)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'timeless')");
    ward_note(&ward.phone, "dated", 1);
    ward_sync_all(&ward);
    ward_pass_days(&ward, 1000);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "timeless");
    ward_end(&ward);
}

TEST(a_day_lasts_until_it_has_ended_everywhere)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "day", 0);
    ward_sync_all(&ward);
    /* The world begins at 00:53 UTC: eleven hours before that day has ended in the west. */
    ward_pass_days(&ward, 31);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "day");
    world_pass(&ward.world, DAY_US / 2);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "");
    ward_end(&ward);
}

TEST(rows_leave_in_short_steps_between_which_others_write)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    unsigned steps = 0;

    ward_begin(&ward);
    device_run(&ward.phone,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 80 * 86400000000 + i FROM n");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
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
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_sync_all(&ward);
    ward_end(&ward);
}

TEST(a_tidying_that_was_cut_off_is_finished_by_the_next_sync)
{
    struct ward ward;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    ward_begin(&ward);
    device_run(&ward.phone,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 80 * 86400000000 FROM n");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
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
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_end(&ward);
}

/* ---- What stays ---- */

static void let_go(struct device *device)
{
    device_run(device, "UPDATE notes SET after_id = NULL");
}

TEST(a_row_with_a_pending_edit_stays_until_the_edit_is_acknowledged)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "other", 80);
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_while(&ward.phone, ward_take_old);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,TAKEN");
    CHECK_INT(device_status(&ward.phone).pending, 1);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses WHERE slot = 'old'"), "TAKEN");
    ward_end(&ward);
}

TEST(a_row_with_a_quarantined_edit_stays_until_that_is_discarded)
{
    struct ward ward;
    tern_tx *tx = NULL;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "other", 80);
    ward_sync_all(&ward);
    device_run(&ward.desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(&ward.desk);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    ward_take_old(&ward.phone);
    device_run(&ward.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'second')");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    ward_sync_all(&ward);
    CHECK_INT(device_status(&ward.phone).quarantined, 1);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,DUE");
    CHECK_INT(tern_quarantine_discard(ward.phone.replica, ward_find_quarantined(&ward.phone), NULL),
              TERN_OK);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_end(&ward);
}

TEST(a_row_that_another_row_references_stays_as_long_as_that_does)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "bare", 20);
    ward_note(&ward.phone, "discussed", 20);
    ward_comment(&ward.phone, "discussed", "a comment");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "discussed");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT body FROM comments"), "a comment");
    ward_end(&ward);
}

TEST(rows_that_hold_each_other_leave_in_one_sync_once_the_last_is_too_old)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 60);
    ward_note(&ward.phone, "discussed", 20);
    ward_comment(&ward.phone, "discussed", "a comment");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 40);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_titles(&ward.phone), "discussed");
    ward_pass_days(&ward, 30);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_titles(&ward.phone), "");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT count(*) FROM comments"), "0");
    ward_end(&ward);
}

/* An older note is looked at before a newer one that references it. */
TEST(a_chain_of_rows_leaves_in_one_sync)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "a", 23);
    ward_note(&ward.phone, "b", 22);
    ward_note(&ward.phone, "c", 21);
    ward_note(&ward.phone, "d", 20);
    device_run(&ward.phone,
               "UPDATE notes SET after_id = (SELECT id FROM notes AS n WHERE n.day < notes.day "
               "ORDER BY n.day DESC LIMIT 1)");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 11);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_titles(&ward.phone), "a;b;c;d");
    ward_pass_days(&ward, 20);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_titles(&ward.phone), "");
    ward_end(&ward);
}

TEST(a_row_that_references_itself_leaves)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "a", 20);
    device_run(&ward.phone, "UPDATE notes SET after_id = id");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "");
    ward_end(&ward);
}

/* A pending edit hides that the server's row still references the old one. */
TEST(a_row_that_an_edited_row_had_referenced_stays_beneath_the_edit)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "old", 20);
    ward_note(&ward.phone, "new", 0);
    device_run(&ward.phone,
               "UPDATE notes SET after_id = (SELECT id FROM notes WHERE title = 'old') WHERE "
               "title = 'new'");
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
    ward_sync_while(&ward.phone, let_go);
    CHECK_INT(device_status(&ward.phone).pending, 1);
    CHECK_TEXT(ward_titles(&ward.phone), "new;old");
    device_run(&ward.desk, "UPDATE notes SET body = 'beneath'");
    device_sync_well(&ward.desk);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "new");
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    ward_end(&ward);
}

/* The note is of a day long gone, and known to the desk alone. */
TEST(a_row_that_references_one_which_left_brings_it_back)
{
    struct ward ward;

    ward_begin_with(&ward, 0, 30, 60);
    ward_note(&ward.desk, "ancient", 500);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "");
    ward_comment(&ward.desk, "ancient", "remembered");
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "ancient");
    CHECK_TEXT(device_ask(&ward.phone, "SELECT body FROM comments"), "remembered");
    ward_end(&ward);
}
