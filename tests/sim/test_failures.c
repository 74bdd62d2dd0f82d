/* Servers, networks, tokens and sessions that fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/outbox.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)

struct lone {
    struct world world;
    struct device phone;
};

static void begin(struct lone *lone)
{
    world_begin(&lone->world);
    device_begin(&lone->world, &lone->phone, "phone", 'p');
    device_run(&lone->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&lone->phone);
    world_pass(&lone->world, SECOND_US);
}

static void end(struct lone *lone)
{
    device_check_converged(&lone->phone);
    device_end(&lone->phone);
    world_end(&lone->world);
}

static void write_notes(struct device *device, int count)
{
    char sql[200];

    for (int i = 0; i < count; i++) {
        (void)snprintf(
            sql,
            sizeof sql,
            "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %d, 'note %d')",
            i,
            i);
        device_run(device, sql);
    }
}

static bool choke_on_poison(struct device *device,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer)
{
    int status = *(int *)device->meddling;

    if (!request_holds(request, "note 5\"")) {
        return false;
    }
    device_answer_problem(ret_answer, status, status == 400 ? "PROTOCOL" : NULL);
    return true;
}

TEST(a_transaction_that_the_server_chokes_on_is_set_aside_and_the_others_get_through)
{
    static int statuses[] = {500, 400, 413};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct lone lone;

        begin(&lone);
        write_notes(&lone.phone, 12);
        device_run(&lone.phone, "UPDATE notes SET body = 'builds on it' WHERE place = 5");
        device_run(&lone.phone, "UPDATE users SET name = 'last'");
        lone.phone.meddle = choke_on_poison;
        lone.phone.meddling = &statuses[i];
        CHECK(device_sync(&lone.phone) != TERN_OK);
        CHECK_INT(device_status(&lone.phone).pending, 2);
        CHECK_INT(device_status(&lone.phone).acked, 13);
        lone.phone.meddle = NULL;
        device_sync_well(&lone.phone);
        CHECK_INT(device_status(&lone.phone).pending, 0);
        end(&lone);
    }
}

static bool
refuse_token(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    if (request->token != NULL && strcmp(request->token, "good") == 0) {
        return false;
    }
    ++*(int *)device->meddling;
    device_answer_problem(ret_answer, 401, "UNAUTHORIZED");
    return true;
}

TEST(a_refused_token_is_asked_for_once)
{
    struct lone lone;
    int refused = 0;

    begin(&lone);
    write_notes(&lone.phone, 1);
    lone.phone.meddle = refuse_token;
    lone.phone.meddling = &refused;
    lone.phone.token = "stale";
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_UNAUTHORIZED);
    CHECK_INT(refused, 1);
    CHECK_INT(device_status(&lone.phone).last_error, TERN_ERR_UNAUTHORIZED);
    CHECK_INT(device_status(&lone.phone).pending, 1);
    lone.phone.token = "good";
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    lone.phone.meddle = NULL;
    end(&lone);
}

static bool
be_busy(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    int *times = device->meddling;

    (void)request;
    if (*times == 0) {
        return false;
    }
    --*times;
    device_answer_problem(ret_answer, 503, "UNAVAILABLE");
    ret_answer->retry_after_ms = 7000;
    return true;
}

TEST(a_server_that_names_a_time_is_not_asked_before)
{
    struct lone lone;
    int times = 2;

    begin(&lone);
    write_notes(&lone.phone, 1);
    lone.phone.meddle = be_busy;
    lone.phone.meddling = &times;
    device_sync_well(&lone.phone);
    CHECK(lone.phone.waited_ms >= 14000);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    times = 100;
    write_notes(&lone.phone, 0);
    device_run(&lone.phone, "UPDATE users SET name = 'x'");
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_UNAVAILABLE);
    CHECK_INT(times, 95);
    lone.phone.meddle = NULL;
    device_sync_well(&lone.phone);
    end(&lone);
}

TEST(two_syncs_of_one_replica_never_run_at_once)
{
    struct lone lone;
    tern_sync *first;
    tern_sync *second = NULL;
    tern_sync_step step;

    begin(&lone);
    write_notes(&lone.phone, 3);
    first = device_sync_open(&lone.phone);
    CHECK_INT(tern_sync_open(lone.phone.replica, NULL, &second, NULL), TERN_ERR_BUSY);
    CHECK(second == NULL);
    tern_sync_close(first);
    first = device_sync_open(&lone.phone);
    CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    world_pass(&lone.world, 3600 * SECOND_US); /* it is thought dead */
    device_sync_well(&lone.phone);
    device_carry(&lone.phone, first, step.request);
    do {
        CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK(step.action == TERN_SYNC_DONE || step.action == TERN_SYNC_WAIT);
    tern_sync_close(first);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT count(*) FROM notes"), "3");
    end(&lone);
}

/* Its lease is given back by the next one. */
TEST(a_sync_may_be_closed_by_a_thread_that_is_in_a_transaction)
{
    struct lone lone;
    tern_sync *sync;
    tern_sync_step step;
    tern_tx *tx = NULL;

    begin(&lone);
    write_notes(&lone.phone, 1);
    sync = device_sync_open(&lone.phone);
    CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    CHECK_INT(tern_tx_begin(lone.phone.replica, NULL, &tx, NULL), TERN_OK);
    tern_sync_close(sync);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    end(&lone);
}

TEST(a_stale_answer_changes_nothing)
{
    struct lone lone;
    tern_sync *first;
    tern_sync *second;
    tern_sync_step step;
    tern_sync_step other;
    char *before;
    char *after;

    begin(&lone);
    write_notes(&lone.phone, 3);
    first = device_sync_open(&lone.phone);
    CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    world_pass(&lone.world, 3600 * SECOND_US);
    second = device_sync_open(&lone.phone); /* the lease has run out */
    CHECK(tern_sync_next(second, &other, NULL) == TERN_OK);
    before = device_dump(&lone.phone);
    device_carry(&lone.phone, first, step.request);
    do {
        CHECK(tern_sync_next(first, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_ERR_BUSY);
    CHECK_INT(device_status(&lone.phone).pending, 3);
    after = device_dump(&lone.phone);
    CHECK_TEXT(after, before);
    free(before);
    free(after);
    tern_sync_close(first);
    tern_sync_close(second);
    device_sync_well(&lone.phone);
    end(&lone);
}

struct cutting {
    size_t at;
    size_t size; /* of the whole answer */
    bool gzip;
};

static void hand_over_cut(struct device *device,
                          tern_sync *sync,
                          const tern_http_request *request,
                          struct cutting *cutting)
{
    struct trn_sync_call call = {0};
    struct trn_bytes body = {0};
    tern_http_answer answer = {.status = 200, .retry_after_ms = -1};

    call.auth = (struct trn_auth){.user = device->user};
    request_open(request, &body);
    call.request = trn_bytes_slice(&body);
    world_handle(device->world, &call);
    CHECK_INT(call.status, 200);
    cutting->size = call.answer.size;
    answer.body = call.answer.data;
    answer.body_size = cutting->at;
    CHECK(tern_sync_answered(sync, &answer, NULL) == TERN_OK);
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
}

TEST(an_answer_cut_at_any_byte_changes_nothing)
{
    struct lone lone;
    struct device tablet;
    struct cutting cutting = {0};
    char *before;

    begin(&lone);
    device_begin(&lone.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    device_run(&tablet, "UPDATE users SET name = 'theirs'");
    device_run(&tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 't')");
    device_sync_well(&tablet);
    device_end(&tablet);
    device_run(&lone.phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'mine')");
    before = device_dump(&lone.phone);
    do {
        tern_sync *sync = device_sync_open(&lone.phone);
        tern_sync_step step;
        char *after;

        do {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        } while (step.action == TERN_SYNC_WORK);
        CHECK_INT(step.action, TERN_SYNC_SEND);
        hand_over_cut(&lone.phone, sync, step.request, &cutting);
        do {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        } while (step.action == TERN_SYNC_WORK);
        CHECK_INT(step.action, TERN_SYNC_WAIT);
        tern_sync_close(sync);
        after = device_dump(&lone.phone);
        CHECK_TEXT(after, before);
        free(after);
        CHECK_INT(device_status(&lone.phone).pending, 1);
        cutting.at++;
    } while (cutting.at < cutting.size);
    free(before);
    device_sync_well(&lone.phone);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT name FROM users"), "theirs");
    end(&lone);
}

/* One durable transaction for the row, the cursor, the report and the lease. */
TEST(a_small_answer_ends_a_session_that_has_nothing_to_send)
{
    struct lone lone;
    struct device tablet;
    tern_sync_step step = {0};
    tern_sync *sync;

    begin(&lone);
    device_begin(&lone.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    device_run(&tablet, "UPDATE users SET name = 'theirs'");
    device_sync_well(&tablet);
    device_end(&tablet);
    sync = device_sync_open(&lone.phone);
    CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    device_carry(&lone.phone, sync, step.request);
    CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    CHECK_INT(step.action, TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_OK);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT name FROM users"), "theirs");
    CHECK_TEXT(
        device_ask(&lone.phone, "SELECT lease = zeroblob(16) AND last_sync > 0 FROM tern_meta"),
        "1");
    tern_sync_close(sync);
    end(&lone);
}

TEST(a_sync_cancelled_between_any_two_steps_loses_nothing)
{
    for (int steps = 0;; steps++) {
        struct lone lone;
        struct device tablet;
        tern_sync *sync;
        tern_sync_step step = {0};
        bool whole = false;

        begin(&lone);
        device_begin(&lone.world, &tablet, "tablet", 'p');
        device_sync_well(&tablet);
        write_notes(&tablet, 5);
        device_sync_well(&tablet);
        device_run(&lone.phone, "UPDATE users SET name = 'phone'");
        device_run(&lone.phone,
                   "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'mine')");
        sync = device_sync_open(&lone.phone);
        for (int i = 0; i < steps && step.action != TERN_SYNC_DONE; i++) {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
            if (step.action == TERN_SYNC_SEND) {
                device_carry(&lone.phone, sync, step.request);
            }
        }
        whole = step.action == TERN_SYNC_DONE;
        tern_sync_cancel(sync);
        while (step.action != TERN_SYNC_DONE) {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        }
        CHECK(step.result == TERN_ERR_CANCELLED || step.result == TERN_OK);
        CHECK(step.result == TERN_OK || !whole);
        tern_sync_close(sync);
        device_sync_well(&lone.phone);
        CHECK_TEXT(device_ask(&lone.phone, "SELECT count(*) FROM notes"), "6");
        device_sync_well(&tablet);
        CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "phone");
        device_end(&tablet);
        end(&lone);
        if (whole) {
            break;
        }
    }
}

TEST(a_download_goes_on_where_it_stopped)
{
    struct lone lone;
    struct device tablet;

    begin(&lone);
    write_notes(&lone.phone, 60);
    device_sync_well(&lone.phone);
    lone.world.limits.page_rows = 10;
    world_restart(&lone.world);
    device_begin(&lone.world, &tablet, "tablet", 'p');
    for (int i = 0; i < 3; i++) {
        tern_sync *sync = device_sync_open(&tablet);
        tern_sync_step step;

        for (int exchanges = 0; exchanges < 2;) {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
            if (step.action == TERN_SYNC_SEND) {
                device_carry(&tablet, sync, step.request);
                exchanges++;
            }
        }
        do {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        } while (step.action == TERN_SYNC_WORK);
        CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM notes"),
                   "0"); /* whole, or not at all */
        tern_sync_close(sync);
        device_close(&tablet);
        device_open(&tablet);
    }
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM notes"), "60");
    CHECK(tablet.rows_received <= 62);
    device_end(&tablet);
    lone.world.limits.page_rows = TRN_SYNC_PAGE_ROWS;
    world_restart(&lone.world);
    end(&lone);
}

TEST(a_reader_never_sees_half_of_a_scope_and_the_log_stays_small)
{
    struct world world;
    struct device doctor;
    struct device patients[4];
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    tern_sync *sync;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    char name[16];
    char wal[700];
    char sql[] = "SELECT count(*) FROM notes GROUP BY owner_id";

    world_begin(&world);
    device_begin(&world, &doctor, "doctor", 'd');
    doctor.power = TRN_POWER_OPERATOR;
    device_run(&doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&doctor);
    device_end(&doctor);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof name, "patient%d", i);
        device_begin(&world, &patients[i], name, (char)('1' + i));
        (void)snprintf(name, sizeof name, "@%c", '1' + i);
        for (int part = 0; part < 3; part++) {
            static const char *const forms[] = {
                "INSERT INTO users(id, role) VALUES(%s, 'PATIENT')",
                "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', %s, "
                "@d), %s, @d, 'ACCEPTED')",
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) "
                "INSERT INTO notes(id, owner_id, place, title, body) "
                "SELECT tern_id(), %s, i, 'a title of some length ' || i, 'a body that is somewhat "
                "longer than the title is, as they are' FROM n"};
            char text[600];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(text, sizeof text, forms[part], name, name);
#pragma GCC diagnostic pop
            device_run(&patients[i], text);
        }
        device_sync_well(&patients[i]);
        device_end(&patients[i]);
    }
    world.limits.page_rows = 300;
    world_restart(&world);
    device_begin(&world, &doctor, "desk", 'd');
    CHECK(tern_reader_open(doctor.replica, &reader, NULL) == TERN_OK);
    CHECK(tern_reader_prepare(reader, sql, strlen(sql), &statement, NULL) == TERN_OK);
    (void)snprintf(wal, sizeof wal, "%s-wal", doctor.path);
    sync = device_sync_open(&doctor);
    while (step.action != TERN_SYNC_DONE) {
        bool row = true;
        FILE *file;

        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&doctor, sync, step.request);
        }
        while (tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
            CHECK_INT(tern_statement_value(statement, 0).integer, 700);
        }
        file = fopen(wal, "rb");
        if (file != NULL) {
            CHECK(fseek(file, 0, SEEK_END) == 0);
            CHECK(ftell(file) <= 8L * 1024 * 1024);
            (void)fclose(file);
        }
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&doctor, sql), "700;700;700;700");
    CHECK_INT(device_status(&doctor).scopes, 5);
    tern_statement_free(statement);
    tern_reader_close(reader);
    device_end(&doctor);
    world_end(&world);
}

TEST(a_server_that_asks_for_an_upgrade_still_takes_what_is_pushed)
{
    struct lone lone;

    begin(&lone);
    write_notes(&lone.phone, 3);
    world_upgrade(&lone.world);
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_UPGRADE_REQUIRED);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    CHECK_INT(device_status(&lone.phone).last_error, TERN_ERR_UPGRADE_REQUIRED);
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_UPGRADE_REQUIRED);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT count(*) FROM notes"), "3");
    device_end(&lone.phone);
    world_end(&lone.world);
}

/* Its answer tells no time, so that the stored ones alone move a clock which is an hour slow. */
TEST(what_is_tried_again_stands_behind_what_a_server_stored_that_asked_for_an_upgrade)
{
    struct lone lone;
    struct device tablet;

    begin(&lone);
    device_begin(&lone.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    device_run(&tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_sync_well(&tablet);
    device_boot(&lone.phone, -HOUR_US);
    device_run(&lone.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'first')");
    device_run(&lone.phone, "UPDATE notes SET title = 'second', place = 7");
    world_upgrade(&lone.world);
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_UPGRADE_REQUIRED);
    CHECK_INT(device_status(&lone.phone).quarantined, 1);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT title FROM notes"), "first");
    CHECK_INT(tern_quarantine_retry(lone.phone.replica, 3, NULL, NULL), TERN_OK);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT title FROM notes"), "second");
    device_end(&lone.phone);
    device_end(&tablet);
    world_end(&lone.world);
}

TEST(a_process_killed_in_a_sync_does_not_keep_the_next_one_from_it)
{
    struct lone lone;
    struct device killed;
    tern_sync *sync;
    char from[700];
    char to[700];

    begin(&lone);
    write_notes(&lone.phone, 2);
    sync = device_sync_open(&lone.phone);
    killed = lone.phone;
    (void)snprintf(killed.path, sizeof killed.path, "%s/killed.tern", lone.world.folder);
    world_copy_file(lone.phone.path, killed.path);
    (void)snprintf(from, sizeof from, "%s-wal", lone.phone.path);
    (void)snprintf(to, sizeof to, "%s-wal", killed.path);
    world_copy_file(from, to);
    device_open(&killed);
    device_sync_well(&killed);
    CHECK_INT(device_status(&killed).pending, 0);
    device_end(&killed);
    tern_sync_close(sync);
    device_sync_well(&lone.phone);
    end(&lone);
}

TEST(a_long_queue_is_decided_in_pieces)
{
    struct lone lone;
    struct device tablet;

    begin(&lone);
    device_begin(&lone.world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    device_run(
        &tablet,
        "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 550, 'theirs')");
    device_sync_well(&tablet);
    write_notes(&lone.phone, 560);
    device_run(&lone.phone, "UPDATE notes SET body = 'b' WHERE place = 550");
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    CHECK_INT(device_status(&lone.phone).quarantined, 2);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT title FROM notes WHERE place = 550"), "theirs");
    CHECK_TEXT(device_ask(&lone.phone, "SELECT count(*) FROM notes"), "560");
    device_end(&tablet);
    end(&lone);
}

static bool
promise_more(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    static const char body[] =
        "{\"tern\":1,\"schema\":1,\"epoch\":\"0123456789abcdef\",\"time\":1763600000000000,"
        "\"cursor\":\"c\",\"verdicts\":0,\"more\":true}\n[\"z\",1]\n";

    (void)device;
    (void)request;
    *ret_answer = (tern_http_answer){.status = 200,
                                     .retry_after_ms = -1,
                                     .body = strdup(body),
                                     .body_size = strlen(body)};
    return true;
}

TEST(a_server_that_promises_more_and_sends_nothing_is_not_asked_for_ever)
{
    struct lone lone;

    world_begin(&lone.world);
    device_begin(&lone.world, &lone.phone, "phone", 'p');
    lone.phone.meddle = promise_more;
    CHECK_INT(device_sync(&lone.phone), TERN_ERR_PROTOCOL);
    CHECK(lone.phone.exchanges <= 6);
    device_end(&lone.phone);
    world_end(&lone.world);
}

/* The page that the device is sent without its entries holds what they came to already. */
TEST(what_the_server_may_have_taken_is_judged_by_nobody_else)
{
    struct lone lone;

    begin(&lone);
    device_run(&lone.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'short')");
    device_run(&lone.phone, "UPDATE notes SET body = 'lived'");
    device_run(&lone.phone, "DELETE FROM notes");
    device_expect(&lone.phone, ANSWER_LOST);
    device_expect(&lone.phone, ANSWER_LOST);
    device_sync_well(&lone.phone);
    /* The third request asks without the entries, and then their batch is halved. */
    CHECK_INT(lone.phone.exchanges, 1 + 2 + 1 + 2);
    CHECK_INT(device_status(&lone.phone).quarantined, 0);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    CHECK_TEXT(device_ask(&lone.phone, "SELECT body, deleted_at IS NULL FROM notes"), "lived,0");
    end(&lone);
}
