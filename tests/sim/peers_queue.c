/* What went wrong elsewhere on the way up: each is impossible here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

static void begin(struct pair *pair)
{
    pair_begin(pair);
    pair_meet(pair);
}

static void end(struct pair *pair)
{
    for (int round = 0; round < 2; round++) {
        device_sync_well(&pair->phone);
        device_sync_well(&pair->tablet);
    }
    pair_end(pair);
}

static void write_notes(struct device *device, int count)
{
    char sql[200];

    for (int i = 0; i < count; i++) {
        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %d, "
                       "'queued %d')",
                       100 + i,
                       i);
        device_run(device, sql);
    }
}

static const char *count_queued(const struct world *world)
{
    return server_ask(world,
                      "SELECT count(*), count(DISTINCT title) FROM notes WHERE title LIKE "
                      "'queued %'");
}

static bool
fail_all(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    (void)request;
    device_answer_problem(ret_answer, *(int *)device->meddling, NULL);
    return true;
}

/* ---- The app of Das Tern: queued actions are dropped after five failures ---- */

TEST(no_number_of_failures_drops_what_is_queued)
{
    struct pair pair;
    static int statuses[] = {500, 400, 401, 403, 404, 413, 503};

    begin(&pair);
    write_notes(&pair.phone, 5);
    pair.phone.meddle = fail_all;
    for (int attempt = 0; attempt < 70; attempt++) {
        pair.phone.meddling = &statuses[attempt % 7];
        CHECK(device_sync(&pair.phone) != TERN_OK);
        world_pass(&pair.world, 3600 * SECOND_US);
        if (attempt % 10 == 9) {
            device_close(&pair.phone);
            device_open(&pair.phone);
        }
    }
    CHECK_INT(device_status(&pair.phone).pending, 5);
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT count(*) FROM notes WHERE title LIKE 'queued %'"),
               "5");
    pair.phone.meddle = NULL;
    device_sync_well(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "5,5");
    end(&pair);
}

/* Elsewhere retries come with the next write alone. */
TEST(what_failed_is_sent_by_the_next_sync_without_a_new_write)
{
    struct pair pair;

    begin(&pair);
    write_notes(&pair.phone, 1);
    for (int i = 0; i < 5; i++) {
        device_expect(&pair.phone, REQUEST_LOST);
    }
    CHECK_INT(device_sync(&pair.phone), TERN_ERR_TIMEOUT);
    CHECK_TEXT(count_queued(&pair.world), "0,0");
    device_sync_well(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "1,1");
    end(&pair);
}

/* ---- PowerSync: a rejected upload blocks the queue, or is lost ---- */

static bool note_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return false;
}

static bool note_values(void *context, const tern_entry_change *change)
{
    (void)snprintf(context, 200, "%s", change->values);
    return true;
}

TEST(a_rejected_upload_blocks_nothing_and_loses_nothing)
{
    struct pair pair;
    uint64_t ordinal = 0;
    uint64_t again = 0;
    char values[200] = "";

    begin(&pair);
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'theirs')");
    device_sync_well(&pair.tablet);
    device_run(
        &pair.phone,
        "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'rejected')");
    write_notes(&pair.phone, 10);
    device_run(&pair.phone, "UPDATE users SET name = 'after it'");
    device_sync_well(&pair.phone);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    CHECK_INT(device_status(&pair.phone).quarantined, 1);
    CHECK_TEXT(count_queued(&pair.world), "10,10");
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "after it");
    /* What comes later is not held up either, and the value waits through restarts. */
    device_close(&pair.phone);
    device_open(&pair.phone);
    device_run(&pair.phone, "UPDATE users SET name = 'and later still'");
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "and later still");
    CHECK(tern_outbox_visit(pair.phone.replica,
                            1U << TERN_ENTRY_QUARANTINED,
                            note_ordinal,
                            &ordinal,
                            NULL) == TERN_OK);
    CHECK(tern_outbox_changes(pair.phone.replica, ordinal, note_values, values, NULL) == TERN_OK);
    CHECK(strstr(values, "rejected") != NULL);
    device_run(&pair.phone, "UPDATE notes SET place = 10 WHERE title = 'theirs'");
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, ordinal, &again, NULL), TERN_OK);
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes WHERE place = 9"), "rejected");
    end(&pair);
}

/* ---- Android FHIR SDK, WatermelonDB: stops at the first failure, forgets partial success ---- */

TEST(failing_entries_among_many_stop_nothing_and_success_is_remembered)
{
    struct pair pair;
    char sql[200];

    begin(&pair);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %d, "
                       "'theirs')",
                       105 + 5 * i);
        device_run(&pair.tablet, sql);
    }
    device_sync_well(&pair.tablet);
    write_notes(&pair.phone, 20);
    device_expect(&pair.phone, ANSWER_LOST); /* nobody tells the device what became of them */
    device_sync_well(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "17,17");
    CHECK_INT(device_status(&pair.phone).quarantined, 3);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*), count(DISTINCT tx) FROM tern_entry"),
               "25,25");
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM tern_entry"), "25");
    end(&pair);
}

/* ---- Firestore: a lost acknowledgement replays the batch ---- */

TEST(a_lost_answer_never_replays)
{
    struct pair pair;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET title = 'sent once' WHERE place = 1");
    write_notes(&pair.phone, 3);
    for (int i = 0; i < 5; i++) {
        device_expect(&pair.phone, ANSWER_LOST);
    }
    CHECK_INT(device_sync(&pair.phone), TERN_ERR_TIMEOUT);
    CHECK_INT(device_status(&pair.phone).pending, 4);
    /* Meanwhile another, who has seen it, writes over it and takes one away. */
    device_sync_well(&pair.tablet);
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'written over' WHERE place = 1");
    device_run(&pair.tablet, "DELETE FROM notes WHERE title = 'queued 1'");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes WHERE place = 1"), "written over");
    CHECK_TEXT(
        server_ask(&pair.world, "SELECT deleted_at IS NULL FROM notes WHERE title = 'queued 1'"),
        "0");
    CHECK_TEXT(count_queued(&pair.world), "3,3");
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM sync_audit"), "0");
    CHECK_TEXT(
        server_ask(&pair.world, "SELECT count(*) FROM tern_entry GROUP BY device ORDER BY 1"),
        "2;6");
    end(&pair);
}

/* ---- Tokens frozen into queues ---- */

TEST(tokens_are_never_in_the_file_and_each_attempt_takes_a_fresh_one)
{
    struct pair pair;
    static int refuse = 500;

    begin(&pair);
    write_notes(&pair.phone, 3);
    pair.phone.token = "tok-QUEUED-UNDER-THIS-ONE";
    pair.phone.meddle = fail_all;
    pair.phone.meddling = &refuse;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    refuse = 401;
    CHECK_INT(device_sync(&pair.phone), TERN_ERR_UNAUTHORIZED);
    pair.phone.meddle = NULL;
    CHECK(file_holds(pair.phone.path, "queued 1")); /* the search can find something */
    CHECK(!file_holds(pair.phone.path, "tok-QUEUED"));
    pair.phone.token = "tok-FRESH";
    device_sync_well(&pair.phone);
    CHECK(!file_holds(pair.phone.path, "tok-"));
    device_close(&pair.phone);
    CHECK(!file_holds(pair.phone.path, "tok-"));
    CHECK(!file_holds(server_file(&pair.world), "tok-"));
    device_open(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "3,3");
    end(&pair);
}

/* ---- Queues replayed under the next user ---- */

TEST(the_queue_of_one_user_is_never_sent_as_another)
{
    struct pair pair;
    tern_error error = {0};
    char *before;

    begin(&pair);
    write_notes(&pair.phone, 3);
    /* The next user's app cannot even open the file. */
    device_close(&pair.phone);
    pair.phone.user = world_user('q');
    CHECK_INT(device_try_open(&pair.phone, &error), TERN_ERR_WRONG_USER);
    CHECK(pair.phone.replica == NULL && error.message[0] != '\0');
    pair.phone.user = world_user('p');
    device_open(&pair.phone);
    /* And a token of theirs, handed over by mistake, applies nothing. */
    before = server_dump(&pair.world, false);
    pair.phone.user = world_user('q');
    CHECK(device_sync(&pair.phone) != TERN_OK);
    check_same_rows(server_dump(&pair.world, false), before);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM tern_entry WHERE user = @q"), "0");
    CHECK_INT(device_status(&pair.phone).pending, 3);
    CHECK_INT(device_status(&pair.phone).locked, 0);
    pair.phone.user = world_user('p');
    device_sync_well(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "3,3");
    end(&pair);
}

/* ---- Realm: a reset of the client loses what was not sent ---- */

TEST(starting_over_keeps_what_was_not_sent)
{
    struct pair pair;

    begin(&pair);
    world_save(&pair.world, "backup");
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.phone, "UPDATE users SET name = 'acknowledged after the backup'");
    device_sync_well(&pair.phone);
    write_notes(&pair.phone, 4);
    device_run(&pair.phone, "UPDATE notes SET title = 'unsent' WHERE place = 1");
    world_restore(&pair.world, "backup");
    world_pass(&pair.world, SECOND_US);
    device_sync_well(&pair.phone);
    CHECK_TEXT(count_queued(&pair.world), "4,4");
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "acknowledged after the backup");
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes WHERE place = 1"), "unsent");
    end(&pair);
}

/* ---- Everywhere: an update of the app with queued writes cannot be opened ---- */

/* Entries in every state that a queue can hold, written under version 1. */
static void fill_the_queue(struct pair *pair)
{
    device_run(&pair->tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'theirs')");
    device_sync_well(&pair->tablet);
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'parked')");
    device_sync_well(&pair->phone);
    CHECK_INT(device_status(&pair->phone).quarantined, 1);
    write_notes(&pair->phone, 30);
    device_run(&pair->phone, "UPDATE notes SET title = 'by version 1' WHERE place = 1");
    device_run(&pair->phone, "DELETE FROM notes WHERE title = 'queued 29'");
}

TEST(an_app_update_with_queued_writes_opens_and_sends_them)
{
    for (int server_first = 0; server_first < 2; server_first++) {
        struct pair pair;
        uint64_t ordinal = 0;
        char *older;
        char *newer;

        begin(&pair);
        fill_the_queue(&pair);
        older = strdup(pair.world.document);
        newer = world_next_document(&pair.world);
        if (server_first) {
            world_serve(&pair.world, newer);
        }
        device_close(&pair.phone);
        pair.phone.document = newer;
        pair.tablet.document = older;
        device_open(&pair.phone);
        CHECK_INT(device_status(&pair.phone).schema_version, 2);
        CHECK_INT(device_status(&pair.phone).pending, 32);
        device_run(&pair.phone, "UPDATE notes SET colour = 'by version 2' WHERE place = 1");
        if (!server_first) {
            (void)device_sync(&pair.phone); /* to a server that has yet to learn of version 2 */
            CHECK_INT(device_status(&pair.phone).quarantined, 1);
            CHECK_TEXT(file_ask(pair.phone.path, "SELECT colour FROM notes WHERE place = 1"),
                       "by version 2");
            world_serve(&pair.world, newer);
        }
        device_sync_well(&pair.phone);
        CHECK_INT(device_status(&pair.phone).pending, 0);
        CHECK_INT(device_status(&pair.phone).quarantined, 1);
        CHECK_TEXT(count_queued(&pair.world), "30,30");
        CHECK_TEXT(server_ask(&pair.world, "SELECT title, colour FROM notes WHERE place = 1"),
                   "by version 1,by version 2");
        CHECK_TEXT(server_ask(&pair.world,
                              "SELECT deleted_at IS NULL FROM notes WHERE title = 'queued 29'"),
                   "0");
        /* What was parked under the old version is tried again under the new one. */
        device_run(&pair.phone, "UPDATE notes SET place = 50 WHERE title = 'theirs'");
        CHECK(tern_outbox_visit(pair.phone.replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                note_ordinal,
                                &ordinal,
                                NULL) == TERN_OK);
        CHECK_INT(tern_quarantine_retry(pair.phone.replica, ordinal, NULL, NULL), TERN_OK);
        device_sync_well(&pair.phone);
        CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes WHERE place = 9"), "parked");
        device_close(&pair.tablet);
        pair.tablet.document = newer;
        device_open(&pair.tablet);
        end(&pair);
        free(older);
        free(newer);
    }
}

/* ---- PowerSync, Firestore: what becomes of rows and writes when the rules change ---- */

static void begin_practice(struct pair *practice)
{
    struct device *patient = &practice->phone;
    struct device *doctor = &practice->tablet;

    world_begin(&practice->world);
    device_begin(&practice->world, patient, "patient", 'p');
    device_begin(&practice->world, doctor, "doctor", 'd');
    doctor->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(doctor);
    doctor->power = TRN_POWER_USER;
    device_run(patient, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_run(patient,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'private')");
    device_sync_well(patient);
    world_pass(&practice->world, SECOND_US);
    device_sync_well(doctor);
    CHECK_TEXT(file_ask(doctor->path, "SELECT title FROM notes"), "private");
}

TEST(a_revoked_row_is_hidden_even_with_an_unsent_edit)
{
    struct pair practice;
    struct device *patient = &practice.phone;
    struct device *doctor = &practice.tablet;

    begin_practice(&practice);
    device_run(doctor, "UPDATE notes SET body = 'unsent'");
    device_run(patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(patient);
    /* Its push never gets through, and it learns of the end all the same. */
    doctor->meddle = refuse_pushes;
    CHECK(device_sync(doctor) != TERN_OK);
    CHECK_TEXT(file_ask(doctor->path, "SELECT count(*) FROM notes"), "0");
    CHECK_TEXT(file_ask(doctor->path, "SELECT count(*) FROM users WHERE name = 'patient'"), "0");
    CHECK_INT(device_status(doctor).locked, 1);
    doctor->meddle = NULL;
    device_sync_well(doctor);
    CHECK_TEXT(file_ask(doctor->path, "SELECT count(*) FROM notes"), "0");
    CHECK_INT(device_status(doctor).locked, 1);
    CHECK_TEXT(server_ask(&practice.world, "SELECT body FROM notes"), "null");
    end(&practice);
}

TEST(a_write_rejected_after_the_rules_changed_offline_is_kept_and_can_still_arrive)
{
    struct pair practice;
    struct device *patient = &practice.phone;
    struct device *doctor = &practice.tablet;
    uint64_t ordinal = 0;

    begin_practice(&practice);
    device_run(doctor, "UPDATE notes SET body = 'written while it was allowed'");
    device_run(patient, "UPDATE bonds SET status = 'ENDED'");
    device_sync_well(patient);
    device_sync_well(doctor);
    world_pass(&practice.world, DAY_US);
    for (int i = 0; i < 3; i++) {
        device_sync_well(doctor);
    }
    CHECK_INT(device_status(doctor).locked, 1);
    device_run(patient, "UPDATE bonds SET status = 'ACCEPTED'");
    device_sync_well(patient);
    device_sync_well(doctor);
    if (device_status(doctor).locked == 1) {
        CHECK(tern_outbox_visit(doctor->replica,
                                1U << TERN_ENTRY_LOCKED,
                                note_ordinal,
                                &ordinal,
                                NULL) == TERN_OK);
        CHECK_INT(tern_quarantine_retry(doctor->replica, ordinal, NULL, NULL), TERN_OK);
        device_sync_well(doctor);
    }
    CHECK_TEXT(server_ask(&practice.world, "SELECT body FROM notes"),
               "written while it was allowed");
    CHECK_INT(device_status(doctor).locked, 0);
    end(&practice);
}
