/* Servers that come back from a backup, and replicas whose copy is alive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)
#define EPOCH "SELECT hex(value) FROM tern_meta WHERE key = 'epoch'"

TEST(what_a_restored_server_has_lost_is_offered_again)
{
    struct world world;
    struct device phone;
    struct device tablet;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'after the backup'");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'after the "
               "backup')");
    device_sync_well(&phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'pending')");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "after the backup");
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"),
               "after the backup;pending");
    CHECK_INT(device_status(&phone).pending, 0);
    device_begin(&world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "after the backup");
    CHECK_TEXT(device_ask(&tablet, "SELECT title FROM notes ORDER BY place"),
               "after the backup;pending");
    /* What it was based on is of another epoch, so nobody can say that it had been seen. */
    CHECK_TEXT(device_ask(&tablet, "SELECT json_extract(lost_values, '$.name') FROM sync_audit"),
               "patient");
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
}

/* Of an epoch that came after the backup only a cursor knows; what devices wrote before it names
 * numbers that may stand for something else by then. */
TEST(a_cursor_of_an_epoch_that_the_server_does_not_know_proves_that_it_was_restored_once_more)
{
    struct world world;
    struct device phone;
    struct device tablet;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_begin(&world, &tablet, "tablet", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'phone'");
    device_sync_well(&phone);
    device_run(&phone, "UPDATE users SET name = 'phone again'");
    device_sync_well(&phone);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&tablet, "UPDATE users SET name = 'tablet'");
    device_sync_well(&tablet);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    /* The phone had not seen what the tablet wrote later. */
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "tablet");
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "tablet");
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
}

/* Kept is counted from the day on which the server had it, not from that on which it was written.
 */
TEST(what_was_written_long_before_it_was_sent_is_offered_to_a_restored_server_too)
{
    struct world world;
    struct device phone;
    struct device tablet;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'offline')");
    world_pass(&world, 31 * DAY_US);
    world_save(&world, "yesterday");
    device_sync_well(&phone);
    world_pass(&world, DAY_US);
    device_sync_well(&phone);
    world_restore(&world, "yesterday");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "offline");
    device_begin(&world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT title FROM notes"), "offline");
    /* ... and not for ever. */
    world_pass(&world, 31 * DAY_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox"), "0");
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
}

/* A doctor with a record that the server, back from before it was opened, knows nothing of. */
TEST(a_record_whose_grant_a_restored_server_has_lost_leaves_and_its_edits_are_locked)
{
    struct world world;
    struct device patient;
    struct device doctor;

    world_begin(&world);
    device_begin(&world, &patient, "patient", 'p');
    device_begin(&world, &doctor, "doctor", 'd');
    doctor.power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(&doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&doctor);
    doctor.power = TRN_POWER_USER;
    device_run(&patient, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&patient, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'note')");
    device_sync_well(&patient);
    world_pass(&world, SECOND_US);
    world_save(&world, "backup");
    device_run(&patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) "
               "VALUES(tern_key('bonds', @p, @d), @p, @d, 'ACCEPTED')");
    device_sync_well(&patient);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT title FROM notes"), "note");
    device_run(&doctor, "UPDATE notes SET body = 'unsent'");
    device_run(&doctor,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'unsent' FROM notes");
    device_run(&doctor, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @d, 'own')");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT title FROM notes"), "own");
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM bonds"), "0");
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM comments"), "0");
    CHECK_TEXT(device_ask(&doctor, "SELECT name FROM users"), "Dr");
    CHECK_INT(device_status(&doctor).locked, 2);
    CHECK_INT(device_status(&doctor).quarantined, 1); /* the bond waits for its patient */
    CHECK_INT(device_status(&doctor).pending, 0);
    CHECK_INT(device_status(&doctor).scopes, 1);
    device_check_converged(&doctor);
    device_end(&patient);
    device_end(&doctor);
    world_end(&world);
}

/* Until it is proved, numbers that were lost are given out anew, and a base that names one counts
 * as seen by one who saw something else. */
TEST(a_device_that_dropped_its_cursor_still_proves_that_the_server_was_restored)
{
    struct world world;
    struct device phone;
    char before[64];

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'lost'");
    device_sync_well(&phone);
    (void)snprintf(before, sizeof before, "%s", world_ask(&world, EPOCH));
    phone.meddle = device_refuse_cursor;
    CHECK_INT(device_sync(&phone), TERN_ERR_CURSOR);
    phone.meddle = NULL;
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK(strcmp(world_ask(&world, EPOCH), before) != 0);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "lost");
    CHECK_INT(device_status(&phone).pending, 0);
    device_check_converged(&phone);
    device_end(&phone);
    world_end(&world);
}

/* What the other phone writes after a restore, under the numbers that were lost. */
static void take_numbers(struct world *world, struct device *other)
{
    world_pass(world, SECOND_US);
    device_run(other, "UPDATE users SET name = 'other again'");
    device_sync_well(other);
    world_pass(world, SECOND_US);
}

static void check_proved(struct world *world, struct device *phone, const char *before)
{
    device_sync_well(phone);
    CHECK(strcmp(world_ask(world, EPOCH), before) != 0);
    CHECK_INT(device_status(phone).pending, 0);
    device_check_converged(phone);
}

/* The first of two steps that take an answer's verdicts, and no more. */
static void hear_half(struct device *phone)
{
    tern_sync *sync = device_sync_open(phone);
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    while (step.action != TERN_SYNC_SEND) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    }
    device_carry(phone, sync, step.request);
    while (device_status(phone).pending > 50) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    }
    CHECK(device_status(phone).pending > 0);
    tern_sync_close(sync);
}

static void stop_between_verdicts_and_cursor(bool met)
{
    struct world world;
    struct device phone;
    struct device other;
    char before[64];

    world_begin(&world);
    device_begin(&world, &other, "other", 'q');
    device_run(&other, "INSERT INTO users(id, role, name) VALUES(@q, 'PATIENT', 'other')");
    device_sync_well(&other);
    device_begin(&world, &phone, "phone", 'p');
    if (met) {
        device_sync_well(&phone);
    }
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'phone')");
    world_save(&world, "backup");
    for (unsigned i = 0; i < 520; i++) {
        device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'n')");
    }
    hear_half(&phone);
    (void)snprintf(before, sizeof before, "%s", world_ask(&world, EPOCH));
    world_restore(&world, "backup");
    take_numbers(&world, &other);
    check_proved(&world, &phone, before);
    device_sync_well(&other);
    device_end(&phone);
    device_end(&other);
    world_end(&world);
}

TEST(a_device_stopped_before_its_first_cursor_proves_that_the_server_was_restored)
{
    stop_between_verdicts_and_cursor(false);
}

TEST(a_device_stopped_before_a_later_cursor_proves_that_the_server_was_restored)
{
    stop_between_verdicts_and_cursor(true);
}

TEST(a_device_that_was_only_asked_to_upgrade_proves_that_the_server_was_restored)
{
    struct world world;
    struct device phone;
    char before[64];

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    world_upgrade(&world);
    world_save(&world, "backup");
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'lost')");
    CHECK_INT(device_sync(&phone), TERN_ERR_UPGRADE_REQUIRED);
    CHECK_INT(device_status(&phone).pending, 0);
    (void)snprintf(before, sizeof before, "%s", world_ask(&world, EPOCH));
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    CHECK_INT(device_sync(&phone), TERN_ERR_UPGRADE_REQUIRED);
    CHECK(strcmp(world_ask(&world, EPOCH), before) != 0);
    CHECK_INT(device_status(&phone).pending, 0);
    CHECK_TEXT(world_ask(&world, "SELECT name FROM users"), "lost");
    device_end(&phone);
    world_end(&world);
}

TEST(a_copy_of_a_replica_takes_an_id_of_its_own_and_nothing_applies_twice)
{
    struct world world;
    struct device phone;
    struct device copy;
    tern_id before;
    tern_id after;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'in both')");
    device_close(&phone);
    device_begin(&world, &copy, "copy", 'p');
    device_close(&copy);
    world_copy_file(phone.path, copy.path);
    device_open(&phone);
    device_open(&copy);
    world_pass(&world, SECOND_US);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'phone')");
    device_run(&copy,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 3, 'copy')");
    device_sync_well(&phone);
    tern_replica_device(copy.replica, &before);
    device_sync_well(&copy);
    tern_replica_device(copy.replica, &after);
    CHECK(memcmp(&before, &after, sizeof before) != 0);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"), "in both;phone;copy");
    CHECK_TEXT(device_ask(&copy, "SELECT title FROM notes ORDER BY place"), "in both;phone;copy");
    CHECK_INT(device_status(&copy).pending, 0);
    device_check_converged(&phone);
    device_check_converged(&copy);
    device_end(&phone);
    device_end(&copy);
    world_end(&world);
}

/* Three devices of a patient's, the first of which has said who that is. */
static void
begin_three(struct world *world, struct device *phone, struct device *desk, struct device *third)
{
    world_begin(world);
    device_begin(world, phone, "phone", 'p');
    device_begin(world, desk, "desk", 'p');
    device_begin(world, third, "third", 'p');
    device_run(phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(phone);
}

/* A sync that ends where the device has taken another id. */
static void hear_of_copy(struct device *phone)
{
    tern_sync *sync = device_sync_open(phone);
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    tern_id before;
    tern_id after;

    tern_replica_device(phone->replica, &before);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        CHECK(step.action != TERN_SYNC_DONE);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(phone, sync, step.request);
        }
        tern_replica_device(phone->replica, &after);
    } while (memcmp(&before, &after, sizeof before) == 0);
    tern_sync_close(sync);
}

/* Under its new id the server has given it nothing yet: what proves is what it was given under the
 * one before, however often it takes another. */
TEST(a_device_that_has_just_taken_another_id_proves_that_the_server_was_restored)
{
    struct world world;
    struct device phone;
    struct device copy;
    struct device other;
    char before[64];

    begin_three(&world, &phone, &copy, &other);
    device_run(&other, "UPDATE users SET name = 'other'");
    device_close(&phone);
    device_close(&copy);
    world_copy_file(phone.path, copy.path);
    device_open(&phone);
    device_open(&copy);
    world_save(&world, "backup");
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'lost')");
    device_sync_well(&phone);
    device_run(&copy, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'copy')");
    device_sync_well(&copy);
    hear_of_copy(&phone);
    (void)snprintf(before, sizeof before, "%s", world_ask(&world, EPOCH));
    world_restore(&world, "backup");
    take_numbers(&world, &other);
    check_proved(&world, &phone, before);
    device_sync_well(&copy);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY title"), "copy;lost");
    device_check_converged(&copy);
    device_end(&phone);
    device_end(&copy);
    device_end(&other);
    world_end(&world);
}

/* The one was refused before the server came back from its backup, the other is taken after.
 * Neither wrote anything since, so nothing tells the server that there are two. */
TEST(what_a_copy_handed_in_reaches_the_replica_that_could_not)
{
    struct world world;
    struct device phone;
    struct device desk;
    struct device copy;

    begin_three(&world, &phone, &desk, &copy);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'mine')");
    device_close(&phone);
    device_close(&copy);
    world_copy_file(phone.path, copy.path);
    device_open(&phone);
    device_open(&copy);
    world_save(&world, "backup");

    device_run(&desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'other')");
    device_sync_well(&desk);
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).quarantined, 1);

    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "");
    device_sync_well(&copy);
    CHECK_TEXT(device_ask(&copy, "SELECT title FROM notes"), "mine");
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "mine");
    device_check_converged(&phone);
    device_check_converged(&copy);
    device_end(&phone);
    device_end(&desk);
    device_end(&copy);
    world_end(&world);
}

/* The same transactions took the same numbers again, at the same stored times; what the server made
 * of them is another copy. */
TEST(a_server_restored_twice_over_is_told_from_the_one_that_a_device_knows)
{
    struct world world;
    struct device phone;
    struct device desk;
    struct device tablet;

    begin_three(&world, &phone, &desk, &tablet);
    device_sync_well(&desk);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&desk, "UPDATE users SET name = 'at the desk'");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'on the phone'");
    device_sync_well(&desk);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    for (unsigned i = 0; i < 2; i++) {
        world_restore(&world, "backup");
        world_pass(&world, SECOND_US);
        device_sync_well(&desk);
        device_sync_well(&phone);
    }
    device_sync_well(&tablet);
    device_check_converged(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "on the phone");
    device_end(&phone);
    device_end(&desk);
    device_end(&tablet);
    world_end(&world);
}

/* Two statements of the app in one transaction. */
static void run_both(struct device *device, const char *first, const char *second)
{
    tern_tx *tx = NULL;

    CHECK(tern_tx_begin(device->replica, NULL, &tx, NULL) == TERN_OK);
    device_run(device, first);
    device_run(device, second);
    CHECK(tern_tx_commit(tx, NULL, NULL) == TERN_OK);
}

/* Says that the server came back from a backup, and then that a copy of the device is alive. */
static bool
tell_of_forks(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    static const char *const codes[] = {"EPOCH_CHANGED", "DEVICE_CLONED"};
    unsigned *told = device->meddling;

    (void)request;
    if (*told == sizeof codes / sizeof *codes) {
        return false;
    }
    device_answer_problem(ret_answer, 409, codes[(*told)++]);
    return true;
}

/* The word came while the session's lease ran out, and a later session has acted upon it. */
TEST(a_fork_of_which_a_later_session_has_heard_is_not_acted_upon_twice)
{
    struct world world;
    struct device phone;
    tern_sync *early;
    tern_sync_step step;
    tern_http_answer answer = {0};
    char cursor[400];

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'note')");
    device_sync_well(&phone);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    early = device_sync_open(&phone);
    do {
        assert_int_equal(tern_sync_next(early, &step, NULL), TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    assert_int_equal(step.action, TERN_SYNC_SEND);
    device_answer_problem(&answer, 409, "EPOCH_CHANGED");
    world_pass(&world, 200 * SECOND_US);
    device_sync_well(&phone);
    (void)
        snprintf(cursor, sizeof cursor, "%s", device_ask(&phone, "SELECT value FROM tern_cursor"));
    assert_int_equal(tern_sync_answered(early, &answer, NULL), TERN_OK);
    assert_int_equal(tern_sync_next(early, &step, NULL), TERN_OK);
    CHECK_TEXT(device_ask(&phone, "SELECT value FROM tern_cursor"), cursor);
    CHECK_INT(device_status(&phone).pending, 0);
    tern_sync_close(early);
    free(answer.body);
    device_sync_well(&phone);
    device_check_converged(&phone);
    device_end(&phone);
    world_end(&world);
}

/* What is taken stands beside rows that the server has moved meanwhile, so these are fetched again.
 */
TEST(two_forks_and_a_ground_that_does_not_hold_together_are_got_over_in_one_sync)
{
    struct world world;
    struct device phone;
    struct device desk;
    unsigned told = 0;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_begin(&world, &desk, "desk", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'moved')");
    device_sync_well(&phone);
    device_sync_well(&desk);
    device_run(&desk, "UPDATE notes SET place = 7");
    device_run(&desk,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'other')");
    device_sync_well(&desk);
    world_pass(&world, SECOND_US);
    run_both(&phone,
             "UPDATE notes SET place = 6",
             "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'no')");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'yes')");
    phone.meddle = tell_of_forks;
    phone.meddling = &told;
    device_sync_well(&phone);
    CHECK_INT(told, 2);
    CHECK_INT(device_status(&phone).quarantined, 1);
    CHECK_TEXT(device_ask(&phone, "SELECT place, title FROM notes ORDER BY place"),
               "5,yes;7,moved;9,other");
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&desk);
    world_end(&world);
}
