/* What the server took while no verdict reached the device: what it was sent stays one transaction
 * on the device, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)

/* Each transaction stands once in tern_tx. */
static const char twice[] =
    "SELECT count(*) FROM (SELECT 1 FROM tern_tx WHERE number > 0 GROUP BY number HAVING count(*) "
    "> 1)";

/* One request of the device reaches the server, and its answer nobody. */
static void push_unheard(struct device *device)
{
    tern_sync *sync = device_sync_open(device);
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    while (step.action == TERN_SYNC_WORK) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    }
    CHECK_INT(step.action, TERN_SYNC_SEND);
    device_expect(device, ANSWER_LOST);
    device_carry(device, sync, step.request);
    tern_sync_close(sync);
    device->weather_count = 0;
}

/* A download beside which nothing is pushed. */
static void pull_only(struct device *device)
{
    device->meddle = refuse_pushes;
    (void)device_sync(device);
    device->meddle = NULL;
}

/* Two devices of a patient's hold a note of the phone's; the backup is from before it. */
static void begin(struct world *world, struct device *phone, struct device *tablet)
{
    world_begin(world);
    device_begin(world, phone, "phone", 'p');
    device_begin(world, tablet, "tablet", 'p');
    device_run(phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(phone);
    device_sync_well(tablet);
    world_save(world, "backup");
    world_pass(world, SECOND_US);
}

/* The server takes the phone's edit, the tablet sees it and writes beside it, and the phone is told
 * of both by a page before it hears its verdict. */
static void hear_by_a_page(struct world *world, struct device *phone, struct device *tablet)
{
    device_run(phone, "UPDATE notes SET title = 'phone', body = 'of the phone'");
    push_unheard(phone);
    device_sync_well(tablet);
    world_pass(world, SECOND_US);
    device_run(tablet, "UPDATE notes SET place = 2");
    device_sync_well(tablet);
    pull_only(phone);
    CHECK_TEXT(device_ask(phone, "SELECT title, place FROM notes"), "phone,2");
    CHECK_INT(device_status(phone).pending, 1);
}

static void end(struct world *world, struct device *phone, struct device *tablet)
{
    CHECK_INT(device_status(phone).pending, 0);
    CHECK_INT(device_status(phone).quarantined, 0);
    CHECK_INT(device_status(phone).locked, 0);
    device_check_converged(phone);
    device_check_converged(tablet);
    device_end(phone);
    device_end(tablet);
    world_end(world);
}

/* The machine loses power, with all that no sync has put on the disk. */
static void cut_power(struct device *device)
{
    disk_cut_at(1);
    device_close(device);
    disk_restore();
    device->boot.bytes[1]++;
    device_open(device);
}

/* That they left is noted without waiting for the disk. The page that comes with the first of them
 * holds the other, which stands in the way of itself. */
TEST(what_left_before_a_power_cut_is_judged_by_the_server_alone)
{
    struct world world;
    struct device phone;
    struct device tablet;

    disk_begin(false);
    begin(&world, &phone, &tablet);
    device_close(&phone);
    phone.vfs = DISK_VFS;
    device_open(&phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'second')");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 3, 'third')");
    push_unheard(&phone);
    device_sync_well(&tablet);
    device_run(&tablet, "DELETE FROM notes WHERE title = 'third'");
    device_sync_well(&tablet);
    cut_power(&phone);
    device_sync_by_ones(&phone);
    CHECK_INT(device_status(&phone).quarantined, 0);
    CHECK_TEXT(
        device_ask(&phone, "SELECT title FROM notes WHERE deleted_at IS NULL ORDER BY place"),
        "first;second");
    end(&world, &phone, &tablet);
    disk_end();
}

TEST(a_transaction_that_a_page_told_of_before_its_verdict_is_held_once)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    hear_by_a_page(&world, &phone, &tablet);
    device_run(&phone, "UPDATE notes SET title = 'phone again'");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&phone, twice), "0");
    CHECK_TEXT(device_ask(&phone, "SELECT title, body, place FROM notes"),
               "phone again,of the phone,2");
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM sync_audit"), "0");
    end(&world, &phone, &tablet);
}

TEST(what_is_left_of_a_transaction_that_a_page_told_of_first_is_offered_as_one)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'second')");
    push_unheard(&phone);
    device_sync_well(&tablet);
    world_pass(&world, SECOND_US);
    device_run(&tablet, "UPDATE notes SET body = 'of the tablet' WHERE title = 'second'");
    device_sync_well(&tablet);
    pull_only(&phone);
    device_sync_well(&phone);
    world_pass(&world, 31 * DAY_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox"), "0");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes WHERE place = 7"),
               "second,of the tablet");
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM tern_entry WHERE kind = 3"), "1");
    end(&world, &phone, &tablet);
}

/* The device's clock is years ahead, so the server stores another time than was claimed. */
TEST(what_the_server_stored_at_another_time_is_offered_once_though_its_verdict_never_came)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    device_boot(&phone, 700 * DAY_US);
    hear_by_a_page(&world, &phone, &tablet);
    device_boot(&phone, 0);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM tern_entry WHERE time <> raw_time"), "1");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM tern_entry WHERE kind = 3"), "0");
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "phone,of the phone");
    CHECK_TEXT(device_ask(&phone, twice), "0");
    end(&world, &phone, &tablet);
}

/* ---- What is left of what a restored server still has ---- */

/* The tablet's last edit is lost with the server; the phone, whose entries are kept no more, offers
 * what is left of its own, and hears a page before any verdict. */
static void lose_the_tablet_s_edit(struct world *world, struct device *phone, struct device *tablet)
{
    device_sync_well(tablet);
    device_sync_well(phone);
    world_pass(world, 31 * DAY_US);
    device_sync_well(phone);
    CHECK_TEXT(device_ask(phone, "SELECT count(*) FROM tern_outbox"), "0");
    world_restore(world, "backup");
    world_pass(world, SECOND_US);
    pull_only(phone);
    CHECK_INT(device_status(phone).pending, 2);
}

TEST(what_a_page_told_of_a_transaction_stays_when_the_remains_of_it_are_a_duplicate)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    device_run(&tablet, "UPDATE notes SET title = 'lost'");
    lose_the_tablet_s_edit(&world, &phone, &tablet);
    device_sync_well(&phone);
    CHECK_TEXT(world_ask(&world, "SELECT title FROM notes"), "first");
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "first");
    device_check_converged(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "lost");
    end(&world, &phone, &tablet);
}

/* The remains carry the later guess as if a person had recorded it. */
TEST(what_a_page_told_of_an_inferred_unit_stays_when_the_remains_beneath_it_are_a_duplicate)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    device_infer(&tablet, "UPDATE notes SET body = 'guess'");
    device_sync_well(&tablet);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_infer(&tablet, "UPDATE notes SET body = 'later guess'");
    lose_the_tablet_s_edit(&world, &phone, &tablet);
    device_sync_well(&phone);
    CHECK_TEXT(world_ask(&world, "SELECT body FROM notes"), "guess");
    CHECK_TEXT(device_ask(&phone, "SELECT body FROM notes"), "guess");
    device_check_converged(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT body FROM notes"), "later guess");
    end(&world, &phone, &tablet);
}

/* ---- Records that a device is not sent ---- */

/* Writes a note into the patient's record, which is not opened to the office. */
static void write_note(struct device *office, const char *title)
{
    char sql[160];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, '%s')",
                   title);
    device_run(office, sql);
}

static void begin_office(struct world *world, struct device *office)
{
    device_begin(world, office, "office", 'd');
    office->power = TRN_POWER_OPERATOR;
    device_run(office, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(office);
}

/* The tablet's deletion is lost, the phone is sent the record before it offers its own note again,
 * and nobody else knows that the note was deleted. */
TEST(a_deletion_of_what_is_about_to_be_offered_again_is_parked)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone, &tablet);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'gone')");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    world_pass(&world, SECOND_US);
    device_run(&tablet, "DELETE FROM notes WHERE title = 'gone'");
    device_sync_well(&tablet);
    device_sync_well(&phone);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    pull_only(&phone);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).pending, 0);
    CHECK_INT(device_status(&phone).quarantined, 1);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes WHERE deleted_at IS NULL"), "first");
    end(&world, &phone, &tablet);
}

TEST(an_operator_whose_answer_was_lost_keeps_what_it_wrote_into_others_records)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device office;

    begin(&world, &phone, &tablet);
    begin_office(&world, &office);
    write_note(&office, "heard");
    device_sync_well(&office);
    write_note(&office, "unheard");
    push_unheard(&office);
    device_sync_well(&office);
    CHECK_TEXT(device_ask(&office, "SELECT title FROM notes ORDER BY title"), "heard;unheard");
    device_run(&office, "UPDATE notes SET body = 'later'");
    device_sync_well(&office);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM notes WHERE body = 'later'"), "2");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_end(&office);
    end(&world, &phone, &tablet);
}

TEST(an_operator_keeps_what_it_wrote_into_others_records_when_the_server_is_restored)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device office;

    begin(&world, &phone, &tablet);
    begin_office(&world, &office);
    write_note(&office, "old");
    device_sync_well(&office);
    world_pass(&world, 31 * DAY_US); /* its entry is kept no more */
    device_sync_well(&office);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&office);
    CHECK_TEXT(device_ask(&office, "SELECT title FROM notes"), "old");
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM notes WHERE title = 'old'"), "1");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_end(&office);
    end(&world, &phone, &tablet);
}

/* The note was taken while the record was open, and nothing but this device's own entry says that
 * it is here. */
TEST(what_somebody_wrote_into_a_record_that_was_closed_meanwhile_leaves)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device office;

    begin(&world, &phone, &tablet);
    begin_office(&world, &office);
    office.power = TRN_POWER_USER;
    device_run(&phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_sync_well(&phone);
    write_note(&office, "taken");
    push_unheard(&office);
    device_run(&phone, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&phone);
    device_sync_well(&office);
    CHECK_TEXT(device_ask(&office, "SELECT count(*) FROM notes"), "0");
    device_check_converged(&office);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_end(&office);
    end(&world, &phone, &tablet);
}

/* Its entry is kept, and taken again: that the record is closed the device had heard before. */
TEST(what_a_job_wrote_into_a_record_that_was_closed_leaves_again_when_the_server_is_restored)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device office;

    begin(&world, &phone, &tablet);
    begin_office(&world, &office);
    world_save(&world, "backup");
    office.power = TRN_POWER_SERVICE;
    device_run(&phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_sync_well(&phone);
    device_sync_well(&office);
    write_note(&office, "taken");
    device_sync_well(&office);
    device_run(&phone, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&phone);
    device_sync_well(&office);
    CHECK_TEXT(device_ask(&office, "SELECT count(*) FROM notes"), "0");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    device_sync_well(&office);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM notes WHERE title = 'taken'"), "1");
    CHECK_TEXT(device_ask(&office, "SELECT count(*) FROM notes"), "0");
    device_check_converged(&office);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_end(&office);
    end(&world, &phone, &tablet);
}
