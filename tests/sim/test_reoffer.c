/* What a restored server has lost for longer than entries are kept: a device's own rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)

/* A patient's phone, whose user row is in the backup and nothing else. */
static void begin(struct world *world, struct device *phone)
{
    world_begin(world);
    device_begin(world, phone, "phone", 'p');
    device_run(phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(phone);
    world_save(world, "backup");
    world_pass(world, SECOND_US);
}

/* The entries of what was synced until now are kept no more. */
static void forget_entries(struct world *world, struct device *device)
{
    world_pass(world, 31 * DAY_US);
    device_sync_well(device);
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM tern_outbox"), "0");
}

static void restore(struct world *world)
{
    world_restore(world, "backup");
    world_pass(world, SECOND_US);
}

static void check_quiet(struct device *device)
{
    CHECK_INT(device_status(device).pending, 0);
    CHECK_INT(device_status(device).quarantined, 0);
    CHECK_INT(device_status(device).locked, 0);
    device_check_converged(device);
}

TEST(own_rows_whose_entries_are_kept_no_more_are_offered_to_a_restored_server)
{
    struct world world;
    struct device phone;
    const char *stamp;

    begin(&world, &phone);
    device_run(&phone, "UPDATE users SET name = 'later'");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'one')");
    device_run(&phone,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'said' FROM notes");
    device_run(&phone,
               "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
               "'noon'), @p, 'noon', 7)");
    device_run(&phone, "UPDATE doses SET status = 'TAKEN', taken_at = 5");
    device_sync_well(&phone);
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE notes SET body = 'body of another day'");
    device_sync_well(&phone);
    stamp = device_ask(&phone, "SELECT updated_at FROM notes");
    forget_entries(&world, &phone);
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "later");
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "one,body of another day");
    CHECK_TEXT(device_ask(&phone, "SELECT body FROM comments"), "said");
    CHECK_TEXT(device_ask(&phone, "SELECT planned, status FROM doses"), "7,TAKEN");
    CHECK_TEXT(device_ask(&phone, "SELECT updated_at FROM notes"), stamp);
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(an_edit_that_is_kept_finds_the_row_that_is_offered_again_before_it)
{
    struct world world;
    struct device phone;

    begin(&world, &phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'old')");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    device_run(&phone, "UPDATE notes SET title = 'kept'");
    device_sync_well(&phone);
    device_run(&phone, "UPDATE notes SET body = 'pending'");
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "kept,pending");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(a_row_that_is_offered_again_never_wins_over_something_newer_and_is_audited)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'first')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    device_begin(&world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    device_run(&phone, "UPDATE notes SET title = 'phone'");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    device_run(&tablet, "UPDATE notes SET title = 'tablet'");
    restore(&world);
    device_sync_well(&tablet);
    device_run(&phone, "UPDATE users SET name = 'pending'");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "tablet");
    CHECK_TEXT(device_ask(&tablet, "SELECT title FROM notes"), "tablet");
    CHECK_TEXT(device_ask(&phone,
                          "SELECT json_extract(lost_values, '$.title'), json_extract(kept_values, "
                          "'$.title') FROM sync_audit WHERE table_name = 'notes'"),
               "phone,tablet");
    check_quiet(&phone);
    check_quiet(&tablet);
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
}

TEST(what_a_restored_server_still_has_is_not_stored_again)
{
    struct world world;
    struct device phone;
    const char *before;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'known')");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    world_save(&world, "backup");
    device_run(&phone, "UPDATE users SET name = 'lost'");
    device_sync_well(&phone);
    before = device_ask(&phone, "SELECT updated_at FROM notes");
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "known");
    CHECK_TEXT(device_ask(&phone, "SELECT updated_at FROM notes"), before);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "lost");
    /* The insert of the note, that of the user, and the update: each once, the first two as they
     * were. */
    CHECK_TEXT(device_ask(&phone, "SELECT max(number) FROM tern_tx"), "3");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(offering_again_has_the_effect_of_once_though_answers_are_lost)
{
    struct world world;
    struct device phone;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'one')");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    restore(&world);
    device_expect(&phone, FINE);
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, REQUEST_TWICE);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "one");
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM sync_audit"), "0");
    check_quiet(&phone);
    /* Lost once more, with the entry that offered it, which is kept by now. */
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "one");
    check_quiet(&phone);
    forget_entries(&world, &phone);
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "one");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

/* Notes are written once: a note that a page brought keeps that page's word for its transaction. */
static void begin_with_notes_for_good(struct world *world, struct device *phone)
{
    static const char name[] = "{\"name\":\"notes\",";
    char text[8192];
    const char *at;

    world_begin(world);
    at = strstr(world->document, name);
    CHECK(at != NULL);
    (void)snprintf(text,
                   sizeof text,
                   "%.*s%s\"append_only\":true,\"write\":\"insert_only\",%s",
                   (int)(at - world->document),
                   world->document,
                   name,
                   at + strlen(name));
    world_found(world, text);
    device_begin(world, phone, "phone", 'p');
    device_run(phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(phone);
    world_save(world, "backup");
    world_pass(world, SECOND_US);
}

TEST(a_transaction_whose_entry_is_kept_is_not_offered_as_what_is_left_of_it_as_well)
{
    struct world world;
    struct device phone;
    const char *stamp;

    begin_with_notes_for_good(&world, &phone);
    device_run(&phone, "UPDATE users SET name = 'overwritten'");
    device_run(&phone, "UPDATE users SET name = 'later'");
    device_sync_well(&phone);
    forget_entries(&world, &phone); /* so there are low ordinals to take */
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'once')");
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, ANSWER_LOST);
    device_sync_well(&phone); /* after two failures it downloads first, and meets its own note */
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox WHERE state = 1"), "1");
    stamp = device_ask(&phone, "SELECT updated_at FROM notes");
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "once");
    CHECK_TEXT(device_ask(&phone, "SELECT updated_at FROM notes"), stamp);
    /* The user's row, its name and the note. */
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM tern_entry"), "3");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(a_deletion_and_its_reversal_are_offered_again)
{
    struct world world;
    struct device phone;

    begin(&world, &phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'deleted')");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'back')");
    device_sync_well(&phone);
    device_run(&phone, "DELETE FROM notes WHERE place = 2");
    device_sync_well(&phone);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&phone, "DELETE FROM notes WHERE place = 1");
    device_run(&phone, "UPDATE notes SET deleted_at = NULL WHERE place = 2");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 3, 'gone')");
    device_sync_well(&phone);
    device_run(&phone, "DELETE FROM notes WHERE place = 3");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes WHERE deleted_at IS NULL"), "back");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

/* The rest of the transaction is taken, which says nothing of these units. */
TEST(units_beneath_a_deletion_that_is_offered_again_are_as_the_server_has_them)
{
    struct world world;
    struct device phone;
    tern_tx *tx = NULL;

    begin(&world, &phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    CHECK_INT(tern_tx_begin(phone.replica, NULL, &tx, NULL), TERN_OK);
    device_run(&phone, "UPDATE notes SET title = 'second', place = 2");
    device_run(&phone, "DELETE FROM notes");
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(world_ask(&world, "SELECT title, deleted_at IS NULL FROM notes"), "first,0");
    CHECK_TEXT(device_ask(&phone, "SELECT title, deleted_at IS NULL FROM notes"), "first,0");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(own_rows_in_a_record_that_a_restored_server_does_not_open_are_locked)
{
    struct world world;
    struct device patient;
    struct device doctor;

    begin(&world, &patient);
    device_begin(&world, &doctor, "doctor", 'd');
    doctor.power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(&doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&doctor);
    doctor.power = TRN_POWER_USER;
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) "
               "VALUES(tern_key('bonds', @p, @d), @p, @d, 'ACCEPTED')");
    device_sync_well(&patient);
    device_sync_well(&doctor);
    device_run(&doctor, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'for p')");
    device_sync_well(&doctor);
    forget_entries(&world, &doctor);
    restore(&world);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM notes"), "0");
    CHECK_INT(device_status(&doctor).locked, 1);
    CHECK_INT(device_status(&doctor).quarantined, 1); /* the bond waits for its patient */
    device_end(&patient);
    device_end(&doctor);
    world_end(&world);
}

/* What the operator's backup job does: a copy, and its last number and tx named to the server. */
static void back_up(struct world *world, const char *name)
{
    struct trn_backup backup = {.number = 0};
    const char *tx;

    world_save(world, name);
    backup.number = strtoll(world_ask(world, "SELECT max(number) FROM tern_entry"), NULL, 10);
    tx = world_ask(world, "SELECT lower(hex(tx)) FROM tern_entry ORDER BY number DESC LIMIT 1");
    CHECK(trn_hex_decode(trn_slice_text(tx), backup.tx.bytes, sizeof backup.tx.bytes));
    backup.received_us =
        strtoll(world_ask(world, "SELECT received FROM tern_entry ORDER BY number DESC LIMIT 1"),
                NULL,
                10);
    trn_server_set_backup(world->server, &backup);
}

TEST(what_a_backup_that_the_server_names_covers_is_kept_no_longer)
{
    struct world world;
    struct device phone;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'covered')");
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox"), "2");
    back_up(&world, "backup");
    device_run(&phone, "UPDATE notes SET body = 'not covered'");
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox"), "1");
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "covered,not covered");
    check_quiet(&phone);
    device_end(&phone);
    world_end(&world);
}

TEST(a_backup_of_another_history_covers_nothing)
{
    struct world world;
    struct device phone;
    struct trn_backup backup = {.number = 2, .tx = {{9}}};

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'kept')");
    device_sync_well(&phone);
    trn_server_set_backup(world.server, &backup);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM tern_outbox"), "2");
    device_end(&phone);
    world_end(&world);
}

/* A doctor's note in a patient's record, and an edit of the patient's own note, lost. */
static void write_as_doctor(struct world *world, struct device *phone, struct device *doctor)
{
    begin(world, phone);
    device_begin(world, doctor, "doctor", 'd');
    doctor->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(doctor);
    doctor->power = TRN_POWER_USER;
    device_run(phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) "
               "VALUES(tern_key('bonds', @p, @d), @p, @d, 'ACCEPTED')");
    device_run(phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'mine')");
    device_sync_well(phone);
    device_sync_well(doctor);
    world_save(world, "backup");
    world_pass(world, SECOND_US);
    device_run(doctor, "UPDATE notes SET title = 'theirs' WHERE place = 1");
    device_run(doctor,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'new')");
    device_sync_well(doctor);
    device_sync_well(phone);
    CHECK_TEXT(device_ask(phone, "SELECT title FROM notes ORDER BY place"), "theirs;new");
    device_run(phone, "UPDATE users SET name = 'proof'");
    device_sync_well(phone);
}

TEST(what_others_wrote_waits_in_a_list_until_they_offer_it_again)
{
    struct world world;
    struct device phone;
    struct device doctor;

    write_as_doctor(&world, &phone, &doctor);
    restore(&world);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"), "mine");
    CHECK_INT(device_status(&phone).quarantined, 2);
    CHECK_TEXT(device_ask(&phone, "SELECT DISTINCT reason FROM tern_outbox WHERE state = 2"), "80");
    device_sync_well(&doctor);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"), "theirs;new");
    check_quiet(&phone);
    device_end(&phone);
    device_end(&doctor);
    world_end(&world);
}

TEST(an_operator_may_send_what_another_wrote_and_nobody_else)
{
    struct world world;
    struct device phone;
    struct device doctor;
    tern_error error = {0};
    uint64_t first;

    write_as_doctor(&world, &phone, &doctor);
    restore(&world);
    device_sync_well(&phone);
    first = strtoull(device_ask(&phone, "SELECT min(ordinal) FROM tern_outbox WHERE state = 2"),
                     NULL,
                     10);
    CHECK_INT(tern_quarantine_retry(phone.replica, first, NULL, &error), TERN_OK);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).locked, 1);
    CHECK_INT(device_status(&phone).quarantined, 1);
    first = strtoull(device_ask(&phone, "SELECT min(ordinal) FROM tern_outbox WHERE state = 2"),
                     NULL,
                     10);
    CHECK_INT(tern_quarantine_retry(phone.replica, first, NULL, &error), TERN_OK);
    phone.power = TRN_POWER_OPERATOR;
    device_sync_well(&phone);
    phone.power = TRN_POWER_USER;
    CHECK_INT(device_status(&phone).quarantined, 0);
    CHECK_INT(device_status(&phone).pending, 0);
    CHECK_TEXT(world_ask(&world, "SELECT count(*) FROM notes WHERE title IN ('theirs', 'new')"),
               "1");
    /* The author's own offer is the same once more. */
    device_sync_well(&doctor);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"), "theirs;new");
    CHECK_INT(device_status(&phone).locked, 0);
    device_check_converged(&phone);
    device_check_converged(&doctor);
    device_end(&phone);
    device_end(&doctor);
    world_end(&world);
}

/* An insert that is offered for another carries, of units that are not its own, what others wrote
 * over them: the transaction itself knows better what it said. */
TEST(what_is_left_of_another_s_insert_writes_nothing_over_that_insert)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device gone;
    tern_error error = {0};
    uint64_t first;

    begin(&world, &phone);
    device_begin(&world, &tablet, "tablet", 'p');
    device_begin(&world, &gone, "gone", 'p');
    device_sync_well(&tablet);
    device_run(&tablet, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'first')");
    device_sync_well(&tablet);
    device_sync_well(&gone);
    world_pass(&world, SECOND_US);
    device_run(&gone, "UPDATE notes SET title = 'second'");
    device_sync_well(&gone);
    device_sync_well(&phone);
    restore(&world);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).quarantined, 2);
    device_sync_well(&tablet);
    first = strtoull(device_ask(&phone, "SELECT min(ordinal) FROM tern_outbox WHERE state = 2"),
                     NULL,
                     10);
    CHECK_INT(tern_quarantine_retry(phone.replica, first, NULL, &error), TERN_OK);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(world_ask(&world, "SELECT title FROM notes"), "first");
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "first");
    CHECK_TEXT(
        device_ask(&tablet,
                   "SELECT rule, json_extract(lost_values, '$.title'), json_extract(kept_values, "
                   "'$.title') FROM sync_audit WHERE table_name = 'notes'"),
        "OWN,second,first");
    device_check_converged(&phone);
    device_check_converged(&tablet);
    device_end(&phone);
    device_end(&tablet);
    device_end(&gone);
    world_end(&world);
}

TEST(what_others_wrote_may_be_let_go_here)
{
    struct world world;
    struct device phone;
    struct device doctor;
    tern_error error = {0};

    write_as_doctor(&world, &phone, &doctor);
    restore(&world);
    device_sync_well(&phone);
    for (int i = 0; i < 2; i++) {
        uint64_t first =
            strtoull(device_ask(&phone, "SELECT min(ordinal) FROM tern_outbox WHERE state = 2"),
                     NULL,
                     10);

        CHECK_INT(tern_quarantine_discard(phone.replica, first, &error), TERN_OK);
    }
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).quarantined, 0);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "mine");
    device_end(&phone);
    device_end(&doctor);
    world_end(&world);
}

static tern_id some_audit(struct device *device)
{
    const char *hex = device_ask(device, "SELECT id FROM sync_audit WHERE rule = 'LATER'");
    tern_id audit;

    CHECK(trn_hex_decode(trn_slice_make(hex, 32), audit.bytes, sizeof(audit.bytes)));
    return audit;
}

/* The phone's third transaction was rejected, and what is left of a later one waits under that
 * ordinal, which stands for the rejected one at the server. */
TEST(a_value_may_be_brought_back_over_one_that_is_offered_again)
{
    struct pair pair;
    tern_id audit;

    pair_begin(&pair);
    pair_meet(&pair);
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_sync_well(&pair.tablet);
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'mine')");
    device_sync_well(&pair.phone);
    CHECK_INT(tern_quarantine_discard(pair.phone.replica, 3, NULL), TERN_OK);
    device_sync_well(&pair.phone);
    device_run(&pair.phone, "UPDATE notes SET title = 'early' WHERE place = 1");
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'late' WHERE place = 1");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    world_save(&pair.world, "backup");
    device_run(&pair.phone, "UPDATE notes SET title = 'newest' WHERE place = 1");
    device_sync_well(&pair.phone);
    forget_entries(&pair.world, &pair.phone);
    restore(&pair.world);
    pair.phone.meddle = refuse_pushes;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    pair.phone.meddle = NULL;
    CHECK_INT(device_status(&pair.phone).pending, 3);
    audit = some_audit(&pair.phone);
    CHECK_INT(tern_audit_reinstate(pair.phone.replica, &audit, NULL), TERN_OK);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 1"), "early");
    device_sync_well(&pair.phone);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 1"), "early");
    check_quiet(&pair.phone);
    device_sync_well(&pair.tablet);
    pair_end(&pair);
}

/* Says so to a device that still names what it had been given. */
static bool
tell_of_epoch(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    struct trn_bytes body = {0};
    bool names;

    (void)device;
    harness_fault_suspend();
    request_open(request, &body);
    names = strstr(trn_bytes_text(&body), "\"cursor\":") != NULL;
    trn_bytes_free(&body);
    if (names) {
        device_answer_problem(ret_answer, 409, "EPOCH_CHANGED");
    }
    harness_fault_resume();
    return names;
}

TEST(offering_again_works_or_runs_out_of_memory)
{
    struct world world;
    struct device phone;
    struct device doctor;
    tern_status status = TERN_OK;

    write_as_doctor(&world, &phone, &doctor);
    forget_entries(&world, &phone);
    device_run(&phone, "UPDATE users SET role = 'PATIENT', name = 'kept'");
    device_sync_well(&phone);
    device_run(&phone, "UPDATE notes SET body = 'pending' WHERE place = 1");
    restore(&world);
    phone.meddle = tell_of_epoch;
    FOR_EACH_ALLOC_FAILURE (nth) {
        status = device_sync(&phone);
        CHECK(status == TERN_OK || harness_fault_injected());
    }
    CHECK_INT(status, TERN_OK);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "mine,pending");
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "kept");
    CHECK_INT(device_status(&phone).pending, 0);
    CHECK_INT(device_status(&phone).quarantined, 2);
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&doctor);
    world_end(&world);
}

/* Nobody else is to offer it: both copies have another id by now, and the one that they had is no
 * more. */
TEST(what_was_written_under_an_id_that_a_copy_ended_is_offered_as_one_s_own)
{
    struct world world;
    struct device phone;
    struct device copy;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'old')");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone, "UPDATE users SET name = 'phone'");
    device_sync_well(&phone);
    device_run(&copy, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'copy')");
    device_sync_well(&copy);
    device_sync_well(&phone);
    device_sync_well(&copy);
    restore(&world);
    device_sync_well(&phone);
    device_sync_well(&copy);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY title"), "copy;old");
    check_quiet(&phone);
    check_quiet(&copy);
    device_end(&phone);
    device_end(&copy);
    world_end(&world);
}

/* Of two that were written under one id, each on a copy of its own, the claimed time may be the
 * same: that names neither. */
TEST(what_a_copy_wrote_at_the_time_of_what_was_refused_here_is_offered_as_one_s_own)
{
    struct world world;
    struct device phone;
    struct device copy;

    begin(&world, &phone);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'phone')");
    device_run(&copy,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'copy')");
    device_sync_well(&phone);
    device_sync_well(&copy);
    CHECK_TEXT(device_ask(&copy,
                          "SELECT count(*) FROM tern_outbox o JOIN tern_tx t ON t.device = "
                          "o.author AND t.time = o.time WHERE o.state = 2 AND t.number > 0"),
               "1");
    device_end(&phone);
    restore(&world);
    device_sync_well(&copy);
    CHECK_TEXT(device_ask(&copy, "SELECT title FROM notes"), "phone");
    CHECK_INT(device_status(&copy).quarantined, 1);
    device_check_converged(&copy);
    device_end(&copy);
    world_end(&world);
}

TEST(what_was_written_under_an_id_that_a_restored_server_never_knew_is_taken_as_one_s_own)
{
    struct world world;
    struct device tablet;
    struct device phone;
    struct device copy;

    world_begin(&world);
    device_begin(&world, &tablet, "tablet", 'p');
    device_run(&tablet, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&tablet);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_begin(&world, &phone, "phone", 'p');
    device_sync_well(&phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'old')");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'phone')");
    device_sync_well(&phone);
    device_run(&copy, "UPDATE users SET name = 'copy'");
    device_sync_well(&copy);
    restore(&world);
    device_sync_well(&copy);
    CHECK_TEXT(device_ask(&copy, "SELECT title FROM notes ORDER BY title"), "old;phone");
    check_quiet(&copy);
    device_end(&tablet);
    device_end(&phone);
    device_end(&copy);
    world_end(&world);
}

/* The dose was made under the former id, and taken under the present one. */
TEST(what_two_ids_of_a_device_wrote_is_offered_in_order_to_one_restored_server_after_another)
{
    struct world world;
    struct device phone;
    struct device copy;

    begin(&world, &phone);
    device_run(&phone,
               "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
               "'noon'), @p, 'noon', 7)");
    device_sync_well(&phone);
    forget_entries(&world, &phone);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone, "UPDATE users SET name = 'phone'");
    device_sync_well(&phone);
    device_run(&copy, "UPDATE users SET name = 'copy'");
    device_sync_well(&copy);
    device_end(&phone);
    device_run(&copy, "UPDATE doses SET status = 'TAKEN', taken_at = 5");
    device_sync_well(&copy);
    for (int i = 0; i < 2; i++) {
        world_pass(&world, 31 * DAY_US);
        device_sync_well(&copy);
        restore(&world);
        device_sync_well(&copy);
        CHECK_TEXT(world_ask(&world, "SELECT planned, status FROM doses"), "7,TAKEN");
        check_quiet(&copy);
    }
    device_end(&copy);
    world_end(&world);
}

TEST(what_needs_a_new_place_to_be_offered_again_is_offered_by_the_same_sync)
{
    struct world world;
    struct device phone;
    struct device copy;

    begin(&world, &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'old')");
    device_sync_well(&phone);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'phone')");
    device_sync_well(&phone);
    device_run(&copy, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'copy')");
    device_sync_well(&copy);
    restore(&world);
    device_sync_by_ones(&copy);
    CHECK_INT(device_status(&copy).pending, 0);
    device_sync_well(&phone);
    device_sync_well(&copy);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY title"), "copy;old;phone");
    check_quiet(&phone);
    check_quiet(&copy);
    device_end(&phone);
    device_end(&copy);
    world_end(&world);
}
