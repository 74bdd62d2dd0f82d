/* What makes way for rows of another record: it is kept for its author where a restored server has
 * lost it, and for this device's edits where it comes again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)

/* A place is taken once among all patients, so a note of one record makes way for one of another.
 */
static void found(struct world *world)
{
    static const char of_a_record[] = "[\"owner_id\",\"place\"]";
    static const char of_all[] = "[\"place\"]";
    const char *at = strstr(world->document, of_a_record);
    char *text = malloc(strlen(world->document) + 1);

    CHECK(at != NULL && text != NULL);
    (void)sprintf(text,
                  "%.*s%s%s",
                  (int)(at - world->document),
                  world->document,
                  of_all,
                  at + strlen(of_a_record));
    world_found(world, text);
    free(text);
}

static void write_note(struct device *patient, const char *note)
{
    char sql[200];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, place, title) SELECT tern_id(), id, 1, '%s' "
                   "FROM users",
                   note);
    device_run(patient, sql);
}

static void open_to_doctor(struct device *patient)
{
    device_run(patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) SELECT tern_key('bonds', id, "
               "@d), id, @d, 'ACCEPTED' FROM users");
}

static void ask_for_bond(struct device *patient, char user)
{
    char sql[200];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO bonds(id, patient_id, doctor_id) SELECT tern_key('bonds', id, "
                   "@%c), id, @%c FROM users",
                   user,
                   user);
    device_run(patient, sql);
}

static void begin_with_doctor(struct world *world, struct device *doctor)
{
    world_begin(world);
    found(world);
    device_begin(world, doctor, "doctor", 'd');
    doctor->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(doctor);
    doctor->power = TRN_POWER_USER;
}

static void enter(struct world *world, struct device *patient, const char *name, char user)
{
    char sql[200];

    device_begin(world, patient, name, user);
    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO users(id, role, name) VALUES(@%c, 'PATIENT', '%s')",
                   user,
                   name);
    device_run(patient, sql);
    device_sync_well(patient);
}

/* A note that its patient's phone has lost as the server has stands with a doctor alone, and the
 * server gives its place to a note of a record that is opened to the doctor after that. */
static void lose(char first, char second)
{
    struct world world;
    struct device before;
    struct device after;
    struct device doctor;

    begin_with_doctor(&world, &doctor);
    enter(&world, &before, "before", first);
    enter(&world, &after, "after", second);
    open_to_doctor(&before);
    device_sync_well(&before);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    write_note(&before, "lost");
    device_sync_well(&before);
    device_sync_well(&doctor);
    device_end(&before);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    open_to_doctor(&after);
    write_note(&after, "new");
    device_sync_well(&after);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT title FROM notes"), "new");
    CHECK_INT(device_status(&doctor).quarantined, 1);
    device_check_converged(&doctor);
    device_end(&after);
    device_end(&doctor);
    world_end(&world);
}

TEST(what_makes_way_for_a_row_of_another_record_is_parked_in_whatever_order_they_come)
{
    lose('a', 'b');
    lose('b', 'a');
}

/* A bond lies in two records. What its patient had said last of it stands with a doctor alone, by
 * the one record, and the other is opened to the doctor after that, with an earlier word of the
 * patient's, which reached the server late. */
static void lose_word(char first, char second)
{
    struct world world;
    struct device phone;
    struct device late;
    struct device other;
    struct device doctor;

    begin_with_doctor(&world, &doctor);
    enter(&world, &phone, "phone", first);
    enter(&world, &other, "other", second);
    open_to_doctor(&phone);
    ask_for_bond(&phone, second);
    device_sync_well(&phone);
    device_begin(&world, &late, "late", first);
    device_sync_well(&late);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&late, "UPDATE bonds SET status = 'ENDED' WHERE status = 'ASKED'");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE bonds SET status = 'ENDED' WHERE status = 'ASKED'");
    device_run(&phone, "UPDATE bonds SET status = 'ASKED' WHERE status = 'ENDED'");
    device_sync_well(&phone);
    device_sync_well(&doctor);
    device_end(&phone);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&late);
    open_to_doctor(&other);
    device_sync_well(&other);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT DISTINCT status FROM bonds ORDER BY 1"),
               "ACCEPTED;ENDED");
    CHECK_INT(device_status(&doctor).scopes, 3);
    CHECK_INT(device_status(&doctor).quarantined, 1);
    device_check_converged(&doctor);
    device_end(&late);
    device_end(&other);
    device_end(&doctor);
    world_end(&world);
}

TEST(what_was_lost_is_parked_also_where_its_row_comes_with_a_record_that_is_new_here)
{
    lose_word('a', 'b');
    lose_word('b', 'a');
}

enum { EDITS = 14 /* more than there are exchanges until that note comes */ };

/* A doctor edits a note, again and again, whose place has gone to a note of another record, which
 * is opened to the doctor and comes first, or was open and all is sent anew. */
static void edit_what_makes_way(char first, char second, bool anew)
{
    struct world world;
    struct device mover;
    struct device taker;
    struct device doctor;
    tern_sync_options options = {.size = sizeof options, .page_rows = 1};
    tern_sync *sync = NULL;
    unsigned edits = 0;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    begin_with_doctor(&world, &doctor);
    enter(&world, &mover, "mover", first);
    enter(&world, &taker, "taker", second);
    open_to_doctor(&mover);
    write_note(&mover, "moved");
    device_sync_well(&mover);
    if (anew) {
        open_to_doctor(&taker);
        device_sync_well(&taker);
    }
    device_sync_well(&doctor);
    if (anew) {
        doctor.meddle = device_refuse_cursor;
        CHECK_INT(device_sync(&doctor), TERN_ERR_CURSOR);
        doctor.meddle = NULL;
    }
    device_run(&mover, "UPDATE notes SET place = 2");
    device_sync_well(&mover);
    if (!anew) {
        open_to_doctor(&taker);
    }
    write_note(&taker, "new");
    device_sync_well(&taker);

    CHECK(tern_sync_open(doctor.replica, &options, &sync, NULL) == TERN_OK);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&doctor, sync, step.request);
            if (edits++ < EDITS) {
                device_run(&doctor, "UPDATE notes SET body = coalesce(body, '') || 'x'");
            }
        }
        CHECK_INT(device_status(&doctor).quarantined, 0);
    } while (step.action != TERN_SYNC_DONE);
    tern_sync_close(sync);
    device_sync_well(&doctor);
    CHECK_INT(device_status(&doctor).quarantined, 0);
    CHECK_TEXT(device_ask(&doctor, "SELECT title FROM notes ORDER BY title"), "moved;new");
    device_check_converged(&doctor);
    device_end(&mover);
    device_end(&taker);
    device_end(&doctor);
    world_end(&world);
}

TEST(an_edit_of_what_makes_way_for_a_row_of_another_record_waits_for_it_to_come)
{
    edit_what_makes_way('a', 'b', false);
    edit_what_makes_way('b', 'a', false);
    edit_what_makes_way('a', 'b', true);
    edit_what_makes_way('b', 'a', true);
}

/* The place of a note, on which its patient has commented, goes to a note of a record that comes to
 * the doctor for the first time, and before the note as it has become. */
static void take_place_of_a_commented(char first, char second, const char *edit)
{
    struct world world;
    struct device mover;
    struct device taker;
    struct device doctor;
    tern_sync_options options = {.size = sizeof options, .page_rows = 1};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    begin_with_doctor(&world, &doctor);
    enter(&world, &mover, "mover", first);
    enter(&world, &taker, "taker", second);
    open_to_doctor(&mover);
    write_note(&mover, "moved");
    device_run(&mover,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'said' FROM notes");
    device_sync_well(&mover);
    device_sync_well(&doctor);
    device_run(&mover, "UPDATE notes SET place = 2");
    device_sync_well(&mover);
    open_to_doctor(&taker);
    write_note(&taker, "new");
    device_sync_well(&taker);
    if (edit != NULL) {
        device_run(&doctor, edit);
    }

    CHECK(tern_sync_open(doctor.replica, &options, &sync, NULL) == TERN_OK);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&doctor, sync, step.request);
        }
        CHECK_TEXT(device_ask(&doctor, "SELECT body FROM comments WHERE body = 'said'"), "said");
        CHECK_INT(device_status(&doctor).quarantined, 0);
    } while (step.action != TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&doctor,
                          "SELECT title, place FROM notes WHERE deleted_at IS NULL ORDER BY title"),
               "moved,2;new,1");
    device_check_converged(&doctor);
    device_end(&mover);
    device_end(&taker);
    device_end(&doctor);
    world_end(&world);
}

TEST(a_row_that_others_reference_makes_way_for_one_of_a_record_that_is_new_here)
{
    static const char *const edits[] = {
        NULL,
        "UPDATE users SET name = 'x' WHERE id = @d",
        "UPDATE notes SET body = 'x'",
        "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'heard' FROM notes",
    };

    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        take_place_of_a_commented('a', 'b', edits[i]);
        take_place_of_a_commented('b', 'a', edits[i]);
    }
}

static void run_both(struct device *device, const char *first, const char *second)
{
    tern_tx *tx = NULL;

    CHECK_INT(tern_tx_begin(device->replica, NULL, &tx, NULL), TERN_OK);
    device_run(device, first);
    device_run(device, second);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
}

/* A dose and the move of a note, which the server lost, and refused as it was offered again. */
static void begin_with_refused(struct world *world, struct device *phone, struct device *tablet)
{
    world_begin(world);
    device_begin(world, phone, "phone", 'p');
    device_begin(world, tablet, "tablet", 'p');
    device_run(phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'one')");
    device_run(phone,
               "INSERT INTO doses(id, patient_id, slot, planned) "
               "VALUES(tern_key('doses', @p, 'noon'), @p, 'noon', 7)");
    device_sync_well(phone);
    world_save(world, "backup");
    world_pass(world, SECOND_US);
    device_sync_well(tablet);
    run_both(phone,
             "UPDATE doses SET status = 'TAKEN', taken_at = 5",
             "UPDATE notes SET place = 2");
    device_sync_well(phone);
    world_pass(world, 31 * 24 * 3600 * SECOND_US); /* no entry is kept so long */
    device_sync_well(phone);
    world_restore(world, "backup");
    world_pass(world, SECOND_US);
    device_run(tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'other')");
    device_sync_well(tablet);
    device_sync_well(phone);
    CHECK_INT(device_status(phone).quarantined, 1);
}

/* It is the device's own also under the id that it takes as a copy lives: nobody else is to offer
 * it. */
TEST(what_was_refused_of_one_s_own_stays_parked_under_another_id)
{
    struct world world;
    struct device phone;
    struct device tablet;
    struct device copy;

    begin_with_refused(&world, &phone, &tablet);
    device_run(&tablet, "UPDATE notes SET place = 3, title = 'x' WHERE title = 'one'");
    device_sync_well(&tablet);
    device_begin_copy(&world, &copy, "copy", &phone);
    device_run(&phone, "UPDATE users SET name = 'phone'");
    device_sync_well(&phone);
    device_run(&copy, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'copy')");
    device_sync_well(&copy);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).quarantined, 1);
    CHECK_INT(device_status(&copy).quarantined, 1);
    device_end(&phone);
    device_end(&tablet);
    device_end(&copy);
    world_end(&world);
}
