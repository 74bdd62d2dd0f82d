/* A person's record is erased on an operator's word, and nothing brings it back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)

/* A patient with a note and a comment, and a doctor to whom the record is open. */
struct clinic {
    struct world world;
    struct device phone;
    struct device tablet;
    struct device doctor;
};

static void begin(struct clinic *clinic)
{
    world_begin(&clinic->world);
    device_begin(&clinic->world, &clinic->phone, "phone", 'p');
    device_begin(&clinic->world, &clinic->tablet, "tablet", 'p');
    device_begin(&clinic->world, &clinic->doctor, "doctor", 'd');
    clinic->doctor.power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(&clinic->doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_run(&clinic->doctor,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @d, 'own')");
    device_sync_well(&clinic->doctor);
    clinic->doctor.power = TRN_POWER_USER;
    device_run(&clinic->phone,
               "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&clinic->phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'secret')");
    device_run(&clinic->phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) "
               "VALUES(tern_key('bonds', @p, @d), @p, @d, 'ACCEPTED')");
    device_sync_well(&clinic->phone);
    device_sync_well(&clinic->tablet);
    device_sync_well(&clinic->doctor);
    device_run(&clinic->doctor,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'secret' FROM notes "
               "WHERE title = 'secret'");
    device_run(&clinic->tablet, "UPDATE notes SET title = 'secret too'");
    device_run(&clinic->phone, "UPDATE notes SET title = 'secret again'");
    device_sync_well(&clinic->doctor);
    device_sync_well(&clinic->tablet);
    device_sync_well(&clinic->phone);
    CHECK_TEXT(world_ask(&clinic->world, "SELECT count(*) FROM sync_audit"), "1");
}

static void end(struct clinic *clinic)
{
    device_end(&clinic->phone);
    device_end(&clinic->tablet);
    device_end(&clinic->doctor);
    world_end(&clinic->world);
}

static void check_gone(struct device *device)
{
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM users WHERE name = 'patient'"), "0");
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM notes WHERE title LIKE 'secret%'"), "0");
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM comments"), "0");
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM bonds"), "0");
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM sync_audit"), "0");
}

TEST(an_erased_record_leaves_the_server_and_every_device)
{
    struct clinic clinic;
    char receipts[16];

    begin(&clinic);
    (void)snprintf(receipts,
                   sizeof receipts,
                   "%s",
                   world_ask(&clinic.world, "SELECT count(*) + 1 FROM tern_entry"));
    world_erase(&clinic.world, 'p');
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM users"), "1");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT title FROM notes"), "own");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM comments"), "0");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM bonds"), "0");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM sync_audit"), "0");
    /* The skeleton stands, the bytes do not. */
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM tern_entry"), receipts);
    CHECK_TEXT(world_ask(&clinic.world,
                         "SELECT count(*) FROM tern_entry WHERE instr(body, 'secret') > 0 OR "
                         "instr(body, 'patient') > 0"),
               "0");
    CHECK_TEXT(
        world_ask(&clinic.world, "SELECT count(*) FROM tern_entry WHERE instr(body, 'own') > 0"),
        "1");
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.tablet);
    device_sync_well(&clinic.doctor);
    check_gone(&clinic.phone);
    check_gone(&clinic.tablet);
    check_gone(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT title FROM notes"), "own");
    CHECK_TEXT(device_ask(&clinic.phone, "SELECT count(*) FROM tern_outbox"), "0");
    CHECK_TEXT(device_ask(&clinic.tablet, "SELECT count(*) FROM tern_outbox"), "0");
    device_check_converged(&clinic.doctor);
    /* It is told once, and again nothing happens. */
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.doctor);
    world_erase(&clinic.world, 'p');
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM tern_entry"), receipts);
    end(&clinic);
}

TEST(a_record_erased_after_the_cursor_was_dropped_is_named_and_nothing_is_kept_of_it)
{
    struct clinic clinic;

    begin(&clinic);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox"), "3");
    clinic.doctor.meddle = device_refuse_cursor;
    CHECK_INT(device_sync(&clinic.doctor), TERN_ERR_CURSOR);
    clinic.doctor.meddle = NULL;
    device_run(&clinic.doctor, "UPDATE notes SET body = 'secret edit' WHERE title <> 'own'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.doctor);
    check_gone(&clinic.doctor);
    /* Its user's row and its own note, and the edit, which is locked for good. */
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox WHERE reason = 0"),
               "2");
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox WHERE reason = 87"),
               "1");
    device_check_converged(&clinic.doctor);
    end(&clinic);
}

/* The server serves no older document. */
static void require_newer(struct world *world)
{
    static const char old[] = "\"version\":1,";
    static const char newer[] = "\"version\":2,\"minimum_version\":2,";
    const char *at = strstr(world->document, old);
    char *text = malloc(strlen(world->document) + sizeof newer);

    CHECK(at != NULL && text != NULL);
    (void)sprintf(text,
                  "%.*s%s%s",
                  (int)(at - world->document),
                  world->document,
                  newer,
                  at + strlen(old));
    world_serve(world, text);
    free(text);
}

/* The doctor's app is too old as the record is erased, and what it fetches afresh once it is
 * upgraded names that: of what was taken there, nothing is kept. */
static void erase_before_upgrade(bool dropped)
{
    struct clinic clinic;

    begin(&clinic);
    if (dropped) {
        clinic.doctor.meddle = device_refuse_cursor;
        CHECK_INT(device_sync(&clinic.doctor), TERN_ERR_CURSOR);
        clinic.doctor.meddle = NULL;
    }
    require_newer(&clinic.world);
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    CHECK_INT(device_sync(&clinic.doctor), TERN_ERR_UPGRADE_REQUIRED);
    device_close(&clinic.doctor);
    device_open(&clinic.doctor);
    device_sync_well(&clinic.doctor);
    check_gone(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox"), "2");
    device_check_converged(&clinic.doctor);
    end(&clinic);
}

TEST(a_record_erased_before_the_app_was_upgraded_is_named_and_nothing_is_kept_of_it)
{
    erase_before_upgrade(false);
}

TEST(a_record_erased_after_the_cursor_was_dropped_is_named_to_an_upgraded_app)
{
    erase_before_upgrade(true);
}

/* The doctor's device hears the first verdicts of an answer that names the record, and no more. */
static void stop_behind_verdicts(bool dropped)
{
    struct clinic clinic;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    tern_sync *sync = NULL;

    begin(&clinic);
    if (dropped) {
        clinic.doctor.meddle = device_refuse_cursor;
        CHECK_INT(device_sync(&clinic.doctor), TERN_ERR_CURSOR);
        clinic.doctor.meddle = NULL;
    }
    for (unsigned i = 0; i < 520; i++) {
        device_run(&clinic.doctor,
                   "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @d, 'n')");
    }
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    sync = device_sync_open(&clinic.doctor);
    while (device_status(&clinic.doctor).pending == 520) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&clinic.doctor, sync, step.request);
        }
    }
    tern_sync_close(sync);
    CHECK(device_status(&clinic.doctor).pending > 0);
    if (!dropped) {
        clinic.doctor.meddle = device_refuse_cursor;
        CHECK_INT(device_sync(&clinic.doctor), TERN_ERR_CURSOR);
        clinic.doctor.meddle = NULL;
    }
    device_sync_well(&clinic.doctor);
    check_gone(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox"), "522");
    device_check_converged(&clinic.doctor);
    end(&clinic);
}

TEST(a_record_that_an_answer_named_erased_is_named_again_where_its_verdicts_alone_were_heard)
{
    stop_behind_verdicts(false);
    stop_behind_verdicts(true);
}

TEST(edits_of_an_erased_record_are_parked_and_bring_nothing_back)
{
    struct clinic clinic;
    tern_error error = {0};

    begin(&clinic);
    device_run(&clinic.phone, "UPDATE notes SET body = 'secret edit'");
    device_run(&clinic.phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'secret new')");
    device_run(&clinic.doctor, "UPDATE notes SET body = 'secret edit' WHERE title <> 'own'");
    device_run(&clinic.doctor, "UPDATE notes SET body = 'stays' WHERE title = 'own'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.doctor);
    check_gone(&clinic.phone);
    check_gone(&clinic.doctor);
    CHECK_INT(device_status(&clinic.phone).locked, 2);
    CHECK_INT(device_status(&clinic.doctor).locked, 1);
    CHECK_INT(device_status(&clinic.phone).pending, 0);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT title, body FROM notes"), "own,stays");
    CHECK_TEXT(device_ask(&clinic.phone, "SELECT DISTINCT reason FROM tern_outbox"), "87");
    /* Writing on, and giving up what is parked, bring nothing back either. */
    device_run(&clinic.phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'secret later')");
    device_sync_well(&clinic.phone);
    CHECK_INT(device_status(&clinic.phone).locked, 3);
    CHECK_TEXT(device_ask(&clinic.phone, "SELECT count(*) FROM notes"), "0");
    CHECK_INT(tern_quarantine_discard(clinic.doctor.replica,
                                      (uint64_t)strtoull(device_ask(&clinic.doctor,
                                                                    "SELECT max(ordinal) FROM "
                                                                    "tern_outbox WHERE state = 3"),
                                                         NULL,
                                                         10),
                                      &error),
              TERN_OK);
    device_sync_well(&clinic.doctor);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM sync_audit"), "0");
    CHECK_TEXT(
        world_ask(&clinic.world, "SELECT count(*) FROM tern_entry WHERE instr(body, 'secret') > 0"),
        "0");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM notes"), "1");
    end(&clinic);
}

/* The erasure is heard of before the edit is sent, so the server never knows of it. */
TEST(what_builds_on_an_edit_of_an_erased_record_is_not_sent_without_it)
{
    struct clinic clinic;

    begin(&clinic);
    device_run(&clinic.doctor, "UPDATE users SET name = 'goes first' WHERE id = @d");
    device_run(&clinic.doctor,
               "UPDATE notes SET body = iif(title = 'own', body, 'secret edit'), "
               "title = iif(title = 'own', 'a', title)");
    device_run(&clinic.doctor, "UPDATE notes SET title = 'b' WHERE title = 'a'");
    device_run(&clinic.doctor, "UPDATE notes SET title = 'c' WHERE title = 'b'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_by_ones(&clinic.doctor);
    device_sync_well(&clinic.doctor);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT title FROM notes"), "own");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT name FROM users"), "goes first");
    CHECK_INT(device_status(&clinic.doctor).pending, 0);
    CHECK_INT(device_status(&clinic.doctor).locked, 3);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT title FROM notes"), "own");
    CHECK_TEXT(device_ask(&clinic.doctor,
                          "SELECT count(*) FROM tern_outbox WHERE state = 3 AND waits_for > 0"),
               "2");
    end(&clinic);
}

TEST(a_device_that_comes_with_edits_after_an_erasure_is_told_by_its_verdict)
{
    struct clinic clinic;

    begin(&clinic);
    device_run(&clinic.tablet, "UPDATE notes SET body = 'secret edit'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_expect(&clinic.tablet, ANSWER_LOST);
    device_sync_well(&clinic.tablet);
    check_gone(&clinic.tablet);
    CHECK_INT(device_status(&clinic.tablet).locked, 1);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM tern_entry WHERE verdict = 87"), "1");
    end(&clinic);
}

/* Its verdict names what it built on, not the erasure: its bytes are of the record all the same. */
TEST(a_rejected_transaction_leaves_no_bytes_of_an_erased_record_whatever_rejected_it)
{
    struct clinic clinic;

    begin(&clinic);
    device_run(&clinic.tablet, "UPDATE notes SET body = 'secret edit'");
    device_run(&clinic.tablet, "UPDATE notes SET body = 'secret edit of the edit'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.tablet);
    CHECK_INT(device_status(&clinic.tablet).locked, 2);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT verdict FROM tern_entry WHERE verdict <> 0"),
               "87;84");
    CHECK_TEXT(
        world_ask(&clinic.world, "SELECT count(*) FROM tern_entry WHERE instr(body, 'secret') > 0"),
        "0");
    end(&clinic);
}

/* What is discarded goes into its author's own record, and that is no more. */
TEST(a_discard_adds_nothing_to_an_erased_record)
{
    struct clinic clinic;
    tern_error error = {0};
    uint64_t ordinal;

    begin(&clinic);
    device_run(&clinic.phone, "UPDATE notes SET title = title || '!' WHERE title LIKE 'secret%'");
    device_run(
        &clinic.phone,
        "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @d, 'secret of a patient')");
    device_run(&clinic.phone, "UPDATE notes SET body = 'secret' WHERE title LIKE '%of a patient'");
    device_sync_well(&clinic.phone);
    CHECK_INT(device_status(&clinic.phone).locked, 2);
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    ordinal = strtoull(device_ask(&clinic.phone, "SELECT max(ordinal) FROM tern_outbox"), NULL, 10);
    CHECK_INT(tern_quarantine_discard(clinic.phone.replica, ordinal, &error), TERN_OK);
    device_sync_well(&clinic.phone);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM sync_audit"), "0");
    end(&clinic);
}

/* It stands in the doctor's own record, and says what the doctor took for the patient's dose. */
TEST(what_another_gave_up_about_an_erased_row_goes_with_it)
{
    static const char dose[] = "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', "
                               "@p, 'noon'), @p, 'noon')";
    struct clinic clinic;
    tern_error error = {0};
    uint64_t ordinal;

    begin(&clinic);
    device_run(&clinic.doctor, dose);
    device_sync_well(&clinic.doctor);
    ordinal =
        strtoull(device_ask(&clinic.doctor, "SELECT max(ordinal) FROM tern_outbox WHERE state = 3"),
                 NULL,
                 10);
    CHECK_INT(tern_quarantine_discard(clinic.doctor.replica, ordinal, &error), TERN_OK);
    device_sync_well(&clinic.doctor);
    device_run(&clinic.phone, dose);
    device_sync_well(&clinic.phone);
    CHECK_TEXT(
        world_ask(&clinic.world, "SELECT count(*) > 0 FROM sync_audit WHERE table_name = 'doses'"),
        "1");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM sync_audit"), "0");
    device_sync_well(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM sync_audit"), "0");
    end(&clinic);
}

/* The server keeps nothing of such a discard either, so there is nothing to send and to keep. */
TEST(an_edit_of_an_erased_record_that_is_discarded_leaves_no_bytes_on_the_device)
{
    struct clinic clinic;
    tern_error error = {0};
    uint64_t ordinal;

    begin(&clinic);
    device_run(&clinic.phone, "UPDATE notes SET body = 'secret edit'");
    device_run(&clinic.phone, "UPDATE notes SET body = 'secret edit of the edit'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.phone);
    CHECK_INT(device_status(&clinic.phone).locked, 2);
    ordinal =
        strtoull(device_ask(&clinic.phone, "SELECT min(ordinal) FROM tern_outbox WHERE state = 3"),
                 NULL,
                 10);
    CHECK_INT(tern_quarantine_discard(clinic.phone.replica, ordinal, &error), TERN_OK);
    CHECK_INT(device_status(&clinic.phone).locked, 0);
    device_sync_well(&clinic.phone);
    CHECK_TEXT(device_ask(&clinic.phone, "SELECT count(*) FROM tern_outbox"), "0");
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM sync_audit"), "0");
    end(&clinic);
}

/* The record that the backup holds is back with it, until the operator's list is worked off. */
TEST(a_record_that_a_restored_server_holds_again_is_erased_again)
{
    struct clinic clinic;

    begin(&clinic);
    world_save(&clinic.world, "backup");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.doctor);
    world_restore(&clinic.world, "backup");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.doctor);
    device_sync_well(&clinic.tablet); /* heard of none of it */
    check_gone(&clinic.phone);
    check_gone(&clinic.doctor);
    check_gone(&clinic.tablet);
    CHECK_TEXT(world_ask(&clinic.world, "SELECT title FROM notes"), "own");
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT title FROM notes"), "own");
    end(&clinic);
}

/* What was erased of a record that was closed to them by then nobody tells them. */
TEST(the_devices_of_an_erased_user_keep_nothing_that_was_acknowledged)
{
    struct clinic clinic;

    begin(&clinic);
    device_run(&clinic.doctor,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'secret')");
    device_sync_well(&clinic.doctor);
    device_sync_well(&clinic.phone);
    device_run(&clinic.phone, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(&clinic.phone);
    device_sync_well(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) > 0 FROM tern_outbox"), "1");
    world_erase(&clinic.world, 'p');
    world_erase(&clinic.world, 'd');
    world_pass(&clinic.world, SECOND_US);
    device_sync_well(&clinic.doctor);
    CHECK_TEXT(device_ask(&clinic.doctor, "SELECT count(*) FROM tern_outbox"), "0");
    end(&clinic);
}

/* The record of 'e' goes between the first two exchanges. */
static bool erase_in_between(struct device *device,
                             const tern_http_request *request,
                             tern_http_answer *ret_answer)
{
    unsigned *exchanges = device->meddling;

    (void)request;
    (void)ret_answer;
    if (++*exchanges == 2) {
        world_erase(device->world, 'e');
    }
    return false;
}

/* The entry is left out after two failures, so the records come before it is known to be a repeat.
 */
TEST(a_repeat_of_what_was_erased_since_leaves_nothing_of_it)
{
    struct clinic clinic;
    struct device eve;
    unsigned exchanges = 0;

    begin(&clinic);
    device_begin(&clinic.world, &eve, "eve", 'e');
    eve.power = TRN_POWER_OPERATOR;
    device_run(&eve, "INSERT INTO users(id, role, name) VALUES(@e, 'DOCTOR', 'Eve')");
    device_sync_well(&eve);
    device_run(&clinic.phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) "
               "VALUES(tern_key('bonds', @p, @e), @p, @e, 'ACCEPTED')");
    clinic.phone.meddle = erase_in_between;
    clinic.phone.meddling = &exchanges;
    device_expect(&clinic.phone, ANSWER_CUT);
    device_expect(&clinic.phone, ANSWER_CUT);
    device_sync_well(&clinic.phone);
    clinic.phone.meddle = NULL;
    CHECK_TEXT(world_ask(&clinic.world, "SELECT count(*) FROM bonds"), "1");
    CHECK_TEXT(device_ask(&clinic.phone, "SELECT count(*) FROM bonds"), "1");
    CHECK_INT(device_status(&clinic.phone).pending, 0);
    device_check_converged(&clinic.phone);
    device_end(&eve);
    end(&clinic);
}

TEST(leaving_an_erased_record_works_or_runs_out_of_memory)
{
    struct clinic clinic;
    tern_status status = TERN_OK;

    begin(&clinic);
    device_run(&clinic.phone, "UPDATE notes SET body = 'secret edit'");
    world_erase(&clinic.world, 'p');
    world_pass(&clinic.world, SECOND_US);
    FOR_EACH_ALLOC_FAILURE (nth) {
        status = device_sync(&clinic.phone);
        CHECK(status == TERN_OK || harness_fault_injected());
    }
    CHECK_INT(status, TERN_OK);
    check_gone(&clinic.phone);
    CHECK_INT(device_status(&clinic.phone).locked, 1);
    end(&clinic);
}
