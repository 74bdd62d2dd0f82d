/* Records opened and closed to others. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

struct practice {
    struct world world;
    struct device patient;
    struct device doctor;
};

static void begin(struct practice *practice)
{
    world_begin(&practice->world);
    device_begin(&practice->world, &practice->patient, "patient", 'p');
    device_begin(&practice->world, &practice->doctor, "doctor", 'd');
    practice->doctor.power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(&practice->doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&practice->doctor);
    practice->doctor.power = TRN_POWER_USER;
    device_run(&practice->patient,
               "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&practice->patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_run(&practice->patient,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'mine')");
    device_sync_well(&practice->patient);
    world_pass(&practice->world, SECOND_US);
    device_sync_well(&practice->doctor);
    world_pass(&practice->world, SECOND_US);
}

static void end(struct practice *practice)
{
    device_check_converged(&practice->patient);
    device_check_converged(&practice->doctor);
    device_end(&practice->patient);
    device_end(&practice->doctor);
    world_end(&practice->world);
}

TEST(a_granted_record_is_read_and_written_where_the_grant_says)
{
    struct practice practice;

    begin(&practice);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT title FROM notes"), "mine");
    CHECK_INT(device_status(&practice.doctor).scopes, 2);
    device_run(&practice.doctor, "UPDATE notes SET body = 'by the doctor'");
    device_sync_well(&practice.doctor);
    device_sync_well(&practice.patient);
    CHECK_TEXT(device_ask(&practice.patient, "SELECT body FROM notes"), "by the doctor");
    end(&practice);
}

TEST(a_revoked_record_leaves_at_once_and_unsent_edits_of_it_are_locked)
{
    struct practice practice;
    char *dump;

    begin(&practice);
    device_run(&practice.doctor, "UPDATE notes SET body = 'secret edit'");
    device_run(&practice.doctor,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @d, 'own')");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    world_pass(&practice.world, SECOND_US);
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 1);
    CHECK_INT(device_status(&practice.doctor).pending, 0);
    CHECK_INT(device_status(&practice.doctor).scopes, 1);
    dump = device_dump(&practice.doctor);
    CHECK(strstr(dump, "mine") == NULL && strstr(dump, "secret edit") == NULL &&
          strstr(dump, "patient") == NULL);
    CHECK(strstr(dump, "own") != NULL && strstr(dump, "ENDED") != NULL);
    free(dump);
    device_sync_well(&practice.patient);
    CHECK_TEXT(device_ask(&practice.patient, "SELECT body FROM notes"), "null");
    end(&practice);
}

TEST(a_row_written_before_its_record_ever_came_leaves_with_the_grant)
{
    struct practice practice;
    struct device ward;

    begin(&practice);
    device_begin(&practice.world, &ward, "ward", 'd');
    device_run(&ward, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'early')");
    for (unsigned i = 0; i < 8; i++) {
        device_expect(&ward, ANSWER_LOST);
    }
    CHECK(device_sync(&ward) != TERN_OK);
    ward.weather_count = 0;
    device_sync_well(&practice.patient);
    CHECK_TEXT(device_ask(&practice.patient, "SELECT title FROM notes WHERE place IS NULL"),
               "early");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    world_pass(&practice.world, SECOND_US);
    /* It hears that its row was taken, and of the record nothing any more. */
    device_sync_well(&ward);
    CHECK_INT(device_status(&ward).pending, 0);
    CHECK_TEXT(device_ask(&ward, "SELECT count(*) FROM notes"), "0");
    device_check_converged(&ward);
    device_end(&ward);
    device_sync_well(&practice.doctor);
    end(&practice);
}

static bool ignore_change(void *context, const tern_entry_change *change)
{
    (void)context;
    (void)change;
    return true;
}

static bool note_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return true;
}

TEST(a_locked_edit_cannot_be_read_and_can_be_discarded)
{
    struct practice practice;
    uint64_t ordinal = 0;

    begin(&practice);
    device_run(&practice.doctor, "UPDATE notes SET body = 'secret edit'");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    device_sync_well(&practice.doctor);
    CHECK(tern_outbox_visit(practice.doctor.replica,
                            1U << TERN_ENTRY_LOCKED,
                            note_ordinal,
                            &ordinal,
                            NULL) == TERN_OK);
    CHECK(ordinal != 0);
    CHECK_INT(tern_outbox_changes(practice.doctor.replica, ordinal, ignore_change, NULL, NULL),
              TERN_ERR_FORBIDDEN);
    CHECK_INT(tern_quarantine_discard(practice.doctor.replica, ordinal, NULL), TERN_OK);
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 0);
    /* In the record of the one who wrote it: the other is not theirs any more. */
    CHECK_TEXT(
        device_ask(
            &practice.doctor,
            "SELECT json_extract(lost_values, '$.body') FROM sync_audit WHERE rule = 'DISCARDED'"),
        "secret edit");
    end(&practice);
}

TEST(a_record_granted_again_comes_back_whole)
{
    struct practice practice;

    begin(&practice);
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    device_sync_well(&practice.doctor);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT count(*) FROM notes"), "0");
    device_run(&practice.patient, "DELETE FROM notes");
    device_run(&practice.patient,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'second')");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ACCEPTED'");
    device_sync_well(&practice.patient);
    device_sync_well(&practice.doctor);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT title FROM notes WHERE deleted_at IS NULL"),
               "second");
    end(&practice);
}

TEST(a_record_sent_afresh_replaces_what_is_held_and_keeps_what_is_unsent)
{
    struct practice practice;

    begin(&practice);
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_run(&practice.patient,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'new')");
    device_run(&practice.patient, "UPDATE notes SET title = 'changed' WHERE place = 1");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ACCEPTED'");
    device_sync_well(&practice.patient);
    world_pass(&practice.world, SECOND_US);
    /* The doctor has noticed nothing of it. */
    device_run(&practice.doctor, "UPDATE notes SET body = 'unsent' WHERE place = 1");
    device_run(&practice.doctor,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'unsent' FROM notes");
    device_sync_well(&practice.doctor);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT title, body FROM notes ORDER BY place"),
               "changed,unsent;new,null");
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT body FROM comments"), "unsent");
    CHECK_INT(device_status(&practice.doctor).locked, 0);
    device_sync_well(&practice.patient);
    CHECK_TEXT(device_ask(&practice.patient, "SELECT body FROM notes WHERE place = 1"), "unsent");
    end(&practice);
}

TEST(edits_locked_by_a_revocation_come_back_when_the_record_does)
{
    struct practice practice;
    char *dump;

    begin(&practice);
    device_run(&practice.doctor, "UPDATE notes SET body = 'unsent' WHERE place = 1");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    practice.doctor.meddle = refuse_pushes;
    (void)device_sync(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 1);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT count(*) FROM notes"), "0");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ACCEPTED'");
    device_sync_well(&practice.patient);
    (void)device_sync(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 0);
    CHECK_INT(device_status(&practice.doctor).pending, 1);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT title, body FROM notes"), "mine,unsent");
    practice.doctor.meddle = NULL;
    device_sync_well(&practice.doctor);
    device_sync_well(&practice.patient);
    dump = device_dump(&practice.patient);
    CHECK(strstr(dump, "unsent") != NULL);
    free(dump);
    end(&practice);
}

/* The server may be the one to say so, or the rebase, whichever comes first. */
TEST(what_builds_on_a_locked_edit_is_locked_with_it)
{
    struct practice practice;

    begin(&practice);
    device_run(
        &practice.doctor,
        "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'x'), @p, 'x')");
    device_run(&practice.doctor, "UPDATE doses SET status = 'TAKEN'");
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 2);
    CHECK_INT(device_status(&practice.doctor).quarantined, 0);
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 2);
    end(&practice);
}

TEST(nobody_writes_a_record_that_is_not_open_to_them)
{
    struct practice practice;

    begin(&practice);
    device_run(
        &practice.doctor,
        "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'x'), @p, 'x')");
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).locked, 1);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT count(*) FROM doses"), "0");
    device_sync_well(&practice.patient);
    CHECK_TEXT(device_ask(&practice.patient, "SELECT count(*) FROM doses"), "0");
    end(&practice);
}

/* What it referenced has left since, and does not come with the verdict. */
TEST(an_entry_taken_again_by_a_restored_server_needs_no_row_that_is_still_to_come)
{
    struct practice practice;
    struct device tablet;

    begin(&practice);
    world_save(&practice.world, "backup");
    device_run(&practice.doctor,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'lost')");
    device_run(&practice.doctor,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'kept' FROM notes "
               "WHERE place = 1");
    device_sync_well(&practice.doctor);
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    device_sync_well(&practice.doctor);
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT count(*) FROM notes"), "0");

    world_restore(&practice.world, "backup");
    world_pass(&practice.world, SECOND_US);
    device_begin(&practice.world, &tablet, "tablet", 'p');
    device_run(&tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'first')");
    device_sync_well(&tablet);
    device_end(&tablet);
    practice.world.limits.page_rows = 3;
    world_restart(&practice.world);
    device_sync_well(&practice.doctor);
    CHECK_INT(device_status(&practice.doctor).quarantined,
              2); /* the end of the bond waits for its patient */
    CHECK_TEXT(device_ask(&practice.doctor, "SELECT body FROM comments"), "kept");
    device_check_converged(&practice.doctor);
    device_sync_well(&practice.patient);
    device_sync_well(&practice.doctor);
    end(&practice);
}

/* One exchange and what it brings, no further. */
static void exchange_once(struct device *device)
{
    tern_sync *sync = device_sync_open(device);
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    unsigned sent = 0;

    while (sent < 2 && step.action != TERN_SYNC_DONE) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        sent += step.action == TERN_SYNC_SEND;
        if (step.action == TERN_SYNC_SEND && sent == 1) {
            device_carry(device, sync, step.request);
        }
    }
    tern_sync_close(sync);
}

TEST(a_row_taken_before_its_record_s_turn_came_leaves_with_the_grant)
{
    struct practice practice;
    struct device ward;

    begin(&practice);
    practice.world.limits.page_rows = 1;
    world_restart(&practice.world);
    device_begin(&practice.world, &ward, "ward", 'd');
    device_run(&ward, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'early')");
    exchange_once(&ward);
    CHECK_INT(device_status(&ward).pending, 0);
    CHECK_TEXT(device_ask(&ward, "SELECT title FROM notes"), "early");
    device_run(&practice.patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&practice.patient);
    world_pass(&practice.world, SECOND_US);
    device_sync_well(&ward);
    CHECK_TEXT(device_ask(&ward, "SELECT count(*) FROM notes"), "0");
    device_check_converged(&ward);
    device_end(&ward);
    device_sync_well(&practice.doctor);
    end(&practice);
}

/* Whose token the app hands over while it has the file of another open. */
static void sync_as(struct device *device, char user, tern_status expected)
{
    tern_id owner = device->user;

    device->user = world_user(user);
    CHECK_INT(device_sync(device), expected);
    device->user = owner;
}

TEST(a_replica_that_no_server_knows_is_not_synced_under_another_user_s_token)
{
    struct world world;
    struct device phone;
    struct device other;
    const char *before;

    world_begin(&world);
    device_begin(&world, &other, "other", 'q');
    device_run(&other, "INSERT INTO users(id, role, name) VALUES(@q, 'PATIENT', 'other')");
    device_sync_well(&other);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'phone')");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'mine')");
    before = world_ask(&world, "SELECT count(*), max(number) FROM tern_entry");
    sync_as(&phone, 'q', TERN_ERR_WRONG_USER);
    CHECK_INT(phone.exchanges, 1); /* nothing makes it right but another token */
    CHECK_INT(device_status(&phone).pending, 2);
    CHECK_INT(device_status(&phone).last_error, TERN_ERR_WRONG_USER);
    CHECK_TEXT(world_ask(&world, "SELECT count(*), max(number) FROM tern_entry"), before);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM tern_device"), "1");
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM users"), "1");
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).pending, 0);
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&other);
    world_end(&world);
}

TEST(a_wrong_token_costs_a_replica_neither_its_cursor_nor_its_rows)
{
    struct practice practice;
    uint64_t rows;

    begin(&practice);
    rows = practice.doctor.rows_received;
    sync_as(&practice.doctor, 'p', TERN_ERR_WRONG_USER);
    device_sync_well(&practice.doctor);
    CHECK_INT(practice.doctor.rows_received, rows);
    end(&practice);
}
