/* Windows beside the rest of the protocol: restored servers, parked edits, fresh copies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/ward.h"

/* ---- With the rest of the protocol ---- */

TEST(an_edit_of_a_row_that_has_left_is_offered_to_a_restored_server)
{
    struct ward ward;

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_sync_all(&ward);
    world_save(&ward.world, "backup");
    ward_pass_days(&ward, 5);
    ward_take_old(&ward.phone);
    device_sync_well(&ward.phone);
    ward_pass_days(&ward, 10);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    world_restore(&ward.world, "backup");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses"), "DUE");
    world_pass(&ward.world, SECOND_US);
    device_sync_well(&ward.phone);
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    CHECK_INT(device_status(&ward.phone).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses"), "TAKEN");
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_end(&ward);
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
    CHECK_INT(
        tern_quarantine_discard(ward->phone.replica, ward_find_quarantined(&ward->phone), NULL),
        TERN_OK);
    ward_sync_all(ward);
}

TEST(a_row_that_a_parked_edit_makes_enters_however_old_it_is)
{
    struct ward ward;
    tern_tx *tx = NULL;

    ward_begin(&ward);
    ward_sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    ward_plan(&ward.phone, "old", 100);
    spoil(&ward, tx);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_plan(&ward.desk, "old", 100);
    ward_plan(&ward.desk, "other", 100);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "old");
    discard(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    ward_end(&ward);
}

TEST(a_row_that_a_parked_edit_references_stays)
{
    struct ward ward;
    tern_tx *tx = NULL;

    ward_begin_with(&ward, 0, 30, 0);
    ward_note(&ward.phone, "old", 20);
    ward_note(&ward.phone, "other", 20);
    ward_sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    ward_comment(&ward.phone, "old", "a comment");
    spoil(&ward, tx);
    ward_pass_days(&ward, 20);
    ward_sync_all(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "first;old");
    discard(&ward);
    CHECK_TEXT(ward_titles(&ward.phone), "first");
    ward_end(&ward);
}

static void plan_old(struct device *device)
{
    ward_plan(device, "old", 100);
}

TEST(an_old_row_comes_in_beneath_a_pending_edit_that_makes_it_too)
{
    struct ward ward;

    ward_begin(&ward);
    ward_sync_all(&ward);
    ward_plan(&ward.desk, "old", 100);
    ward_set(&ward.desk, "old", "status = 'TAKEN', taken_at = 5");
    device_sync_well(&ward.desk);
    ward_sync_while(&ward.phone, plan_old);
    CHECK_INT(device_status(&ward.phone).pending, 1);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status, taken_at FROM doses"), "old,TAKEN,5");
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status, taken_at FROM doses"), "TAKEN,5");
    ward_end(&ward);
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

    ward_begin(&ward);
    ward_plan(&ward.desk, "a", 1);
    ward_plan(&ward.desk, "b", 1);
    ward_plan(&ward.desk, "c", 1);
    ward_plan(&ward.desk, "d", 1);
    ward_sync_all(&ward);
    hand_over(&ward, "02", "13");
    hand_over(&ward, "13", "02");
    hand_over(&ward, "02", "13");
    hand_over(&ward, "13", "20");
    ward_end(&ward);
}

/* A page ends after so many rows that were only looked at, and the next one goes on from there. */
TEST(a_long_past_is_come_by_page_by_page)
{
    struct ward ward;
    struct device tablet;

    ward_begin(&ward);
    ward_plan(&ward.desk, "new", 10);
    device_run(&ward.desk,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) "
               "INSERT INTO doses(id, patient_id, slot, planned) SELECT tern_key('doses', @p, "
               "'s' || i), @p, 's' || i, tern_now() - 100 * 86400000000 FROM n");
    ward_plan(&ward.desk, "newer", 10);
    ward_sync_all(&ward);
    device_run(&ward.phone, "UPDATE users SET name = 'comes last'");
    ward_set(&ward.phone, "new", "status = 'TAKEN'");
    ward_sync_all(&ward);
    ward.world.limits.page_rows = 4;
    world_restart(&ward.world);
    device_begin(&ward.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(ward_slots(&tablet), "new;newer");
    CHECK_INT(tablet.rows_received, 3);
    CHECK_INT(tablet.exchanges, 3);
    device_end(&tablet);
    ward_end(&ward);
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
    ward_begin_with(ward, doses, others, others);
    device_begin(&ward->world, doctor, "doctor", 'd');
    doctor->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(doctor);
    doctor->power = TRN_POWER_USER;
    device_run(&ward->phone,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    ward_note(&ward->phone, "old", 0);
    ward_sync_all(ward);
    device_sync_well(doctor);
}

TEST(a_row_with_a_locked_edit_stays_until_that_is_discarded)
{
    struct ward ward;
    struct device doctor;
    uint64_t ordinal = 0;

    begin_practice(&ward, &doctor, 90, 0);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "other", 80);
    device_sync_well(&ward.phone);
    device_sync_well(&doctor);
    ward_take_old(&doctor);
    device_sync_well(&doctor);
    CHECK_INT(device_status(&doctor).locked, 1);
    ward_pass_days(&ward, 20);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT slot, status FROM doses"), "old,DUE");
    CHECK_INT(tern_outbox_visit(doctor.replica,
                                1U << TERN_ENTRY_LOCKED,
                                ward_note_ordinal,
                                &ordinal,
                                NULL),
              TERN_OK);
    CHECK_INT(tern_quarantine_discard(doctor.replica, ordinal, NULL), TERN_OK);
    device_sync_well(&doctor);
    CHECK_TEXT(ward_slots(&doctor), "");
    device_sync_well(&ward.phone);
    device_check_converged(&doctor);
    device_end(&doctor);
    ward_end(&ward);
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
    ward_comment(&doctor, "old", "a comment");
    device_sync_well(&doctor);
    ward_pass_days(&ward, 10);
    device_sync_well(&doctor);
    CHECK_TEXT(ward_titles(&doctor), "");
    CHECK_TEXT(device_ask(&doctor, "SELECT count(*) FROM comments"), "0");
    ward.world.limits.page_rows = 2;
    world_restore(&ward.world, "backup");
    world_pass(&ward.world, SECOND_US);
    sync_in_pieces(&doctor);
    CHECK_INT(device_status(&doctor).pending, 0);
    CHECK_TEXT(server_ask(&ward.world, "SELECT title, body FROM notes"), "old,edited");
    CHECK_TEXT(server_ask(&ward.world, "SELECT body FROM comments"), "a comment");
    CHECK_TEXT(ward_titles(&doctor), "");
    device_check_converged(&doctor);
    device_end(&doctor);
    device_sync_well(&ward.phone);
    ward_end(&ward);
}

/* The bond lay in two records, and one of them was erased. */
TEST(an_edit_of_what_was_erased_keeps_no_old_row)
{
    struct world world;
    struct device patient;
    struct device doctor;
    char *text;

    world_begin(&world);
    text = ward_with(strdup(world.document),
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

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "other", 80);
    ward_sync_all(&ward);
    ward_pass_days(&ward, 20);
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
                ward_take_old(&ward.phone);
            }
        }
    }
    CHECK(asked);
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&ward.phone, "SELECT slot, status FROM doses"), "old,TAKEN");
    CHECK_INT(device_status(&ward.phone).quarantined, 0);
    device_sync_well(&ward.phone);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    CHECK_TEXT(server_ask(&ward.world, "SELECT status FROM doses WHERE slot = 'old'"), "TAKEN");
    ward_end(&ward);
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

    ward_begin(&ward);
    ward_plan(&ward.phone, "old", 80);
    ward_sync_all(&ward);
    CHECK(asks_for_less(&ward));
    ward_take_old(&ward.phone);
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
    ward_set(&ward.phone, "old", "taken_at = 7");
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

    ward_begin_with(&ward, 90, 30, 0);
    ward_plan(&ward.phone, "old", 80);
    ward_plan(&ward.phone, "kept", 80);
    ward_note(&ward.phone, "discussed", 20);
    ward_note(&ward.phone, "parked", 20);
    ward_note(&ward.phone, "bare", 20);
    ward_comment(&ward.phone, "discussed", "a comment");
    ward_sync_all(&ward);
    CHECK_INT(tern_tx_begin(ward.phone.replica, NULL, &tx, NULL), TERN_OK);
    ward_set(&ward.phone, "kept", "status = 'TAKEN'");
    ward_comment(&ward.phone, "parked", "a comment");
    spoil(&ward, tx);
    ward_pass_days(&ward, 20);
    FOR_EACH_ALLOC_FAILURE (nth) {
        status = device_sync(&ward.phone);
        CHECK(status == TERN_OK || harness_fault_injected());
    }
    CHECK_INT(status, TERN_OK);
    CHECK_TEXT(ward_slots(&ward.phone), "kept");
    CHECK_TEXT(ward_titles(&ward.phone), "discussed;first;parked");
    discard(&ward);
    CHECK_TEXT(ward_slots(&ward.phone), "");
    CHECK_TEXT(ward_titles(&ward.phone), "discussed;first");
    ward_end(&ward);
}
