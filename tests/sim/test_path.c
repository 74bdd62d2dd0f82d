/* The thin path: two devices, a server, two tables; answers that are lost and clocks that are
 * wrong. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define YEAR_US (INT64_C(365) * 24 * 3600 * 1000000)
#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)

static void begin_patient(struct world *world, struct device *device)
{
    device_begin(world, device, "phone", 'p');
    device_run(device, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(device,
               "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
               "'m1'), @p, 'm1', 8)");
    world_pass(world, SECOND_US);
    device_sync_well(device);
    world_pass(world, SECOND_US);
}

static void begin_pair(struct world *world, struct device *phone, struct device *tablet)
{
    world_begin(world);
    begin_patient(world, phone);
    device_begin(world, tablet, "tablet", 'p');
    device_sync_well(tablet);
    world_pass(world, SECOND_US);
}

static void end_pair(struct world *world, struct device *phone, struct device *tablet)
{
    device_check_converged(phone);
    device_check_converged(tablet);
    device_end(phone);
    device_end(tablet);
    world_end(world);
}

TEST(what_one_device_writes_the_other_reads)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "patient");
    CHECK_TEXT(device_ask(&tablet, "SELECT slot, planned, status FROM doses"), "m1,8,DUE");
    device_run(&tablet, "UPDATE doses SET status = 'TAKEN', taken_at = 5 WHERE slot = 'm1'");
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT status, taken_at FROM doses"), "TAKEN,5");
    CHECK_INT(device_status(&phone).pending, 0);
    CHECK_INT(device_status(&tablet).pending, 0);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM sync_audit"), "0");
    end_pair(&world, &phone, &tablet);
}

TEST(edits_of_different_units_both_stay)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, title, body) VALUES(tern_id(), @p, 'a', 'b')");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_run(&phone, "UPDATE notes SET title = 'A'");
    device_run(&tablet, "UPDATE notes SET body = 'B'");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title, body FROM notes"), "A,B");
    CHECK_TEXT(device_ask(&tablet, "SELECT title, body FROM notes"), "A,B");
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM sync_audit"), "0");
    end_pair(&world, &phone, &tablet);
}

TEST(the_later_of_two_edits_wins_and_the_other_stands_in_the_audit)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_run(&phone, "UPDATE users SET name = 'early'");
    world_pass(&world, SECOND_US);
    device_run(&tablet, "UPDATE users SET name = 'late'");
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "early");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "late");
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "late");
    CHECK_TEXT(device_ask(&tablet,
                          "SELECT rule, json_extract(lost_values, '$.name'), "
                          "json_extract(kept_values, '$.name') FROM sync_audit"),
               "LATER,early,late");
    end_pair(&world, &phone, &tablet);
}

TEST(a_lost_answer_changes_nothing_in_the_end)
{
    static const enum weather bad[] = {REQUEST_LOST,
                                       ANSWER_LOST,
                                       ANSWER_CUT,
                                       REQUEST_TWICE,
                                       SERVER_AWAY};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct world world;
        struct device phone;
        struct device tablet;

        begin_pair(&world, &phone, &tablet);
        device_run(&tablet, "UPDATE users SET name = 'tablet'");
        device_sync_well(&tablet);
        world_pass(&world, SECOND_US);
        device_run(&phone, "UPDATE doses SET status = 'TAKEN', taken_at = 7");
        device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'n')");
        device_expect(&phone, bad[i]);
        device_sync_well(&phone);
        CHECK_INT(device_status(&phone).pending, 0);
        device_sync_well(&tablet);
        CHECK_TEXT(device_ask(&tablet, "SELECT status, taken_at FROM doses"), "TAKEN,7");
        CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM notes"), "1");
        CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "tablet");
        CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM sync_audit"), "0");
        end_pair(&world, &phone, &tablet);
    }
}

static tern_clock_state clock_of(struct device *device)
{
    tern_clock_state clock = {.size = sizeof clock};

    CHECK_INT(tern_replica_read_clock(device->replica, &clock, NULL), TERN_OK);
    return clock;
}

TEST(a_clock_that_runs_back_is_suspect_until_a_sync_has_put_the_stamps_right)
{
    struct world world;
    struct device phone;
    struct device tablet;
    tern_clock_state short_of = {.size = sizeof short_of - 1};

    begin_pair(&world, &phone, &tablet);
    CHECK(!clock_of(&phone).clock_suspect);
    device_boot(&phone, 20 * 60 * SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'by a clock that ran ahead'");
    CHECK(!clock_of(&phone).clock_suspect); /* nobody here can know */
    device_boot(&phone, 0);
    CHECK(clock_of(&phone).clock_suspect);
    CHECK(device_status(&phone).clock_suspect);
    CHECK_INT(clock_of(&phone).now_us, world.now_us + clock_of(&phone).server_offset_us);
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK(!clock_of(&phone).clock_suspect);
    CHECK_INT(tern_replica_read_clock(phone.replica, &short_of, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_replica_read_clock(NULL, &short_of, NULL), TERN_ERR_MISUSE);
    end_pair(&world, &phone, &tablet);
}

static void check_now(struct device *phone, int64_t off_us)
{
    int64_t true_us = phone->world->now_us;

    CHECK(llabs(clock_of(phone).now_us - off_us - true_us) < SECOND_US);
    CHECK(llabs(atoll(device_ask(phone, "SELECT tern_now()")) - off_us - true_us) < SECOND_US);
}

TEST(who_sets_the_clock_after_a_sync_moves_no_stamp_until_the_phone_is_off)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    phone.clock_off_us = -3 * YEAR_US;
    world_pass(&world, 3600 * SECOND_US);
    check_now(&phone, 0);
    CHECK(!clock_of(&phone).clock_suspect);
    CHECK(llabs(clock_of(&phone).server_offset_us - 3 * YEAR_US) < SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'by nobody''s clock'");
    device_close(&phone);
    phone.clock_off_us = YEAR_US;
    device_open(&phone);
    check_now(&phone, 0);
    device_sync_well(&phone);
    CHECK_INT(device_status(&phone).stamps_capped, 0);
    CHECK(clock_of(&phone).clock_suspect); /* the wall clock is wrong, and was found so */
    phone.clock_off_us = 0;
    check_now(&phone, 0);
    device_boot(&phone, 0);
    check_now(&phone, -YEAR_US); /* of another boot nothing else is known */
    device_sync_well(&phone);
    check_now(&phone, 0);
    CHECK(!clock_of(&phone).clock_suspect);
    device_sync_well(&tablet);
    end_pair(&world, &phone, &tablet);
}

/* The server answers at once, and the app gets to the answer when the phone wakes. */
static void sleep_on_the_answer(struct device *phone)
{
    tern_sync *sync = device_sync_open(phone);
    tern_sync_step step;
    struct trn_sync_call call = {.auth = {.user = phone->user}};
    struct trn_bytes body = {0};
    tern_http_answer answer = {.status = 200, .retry_after_ms = -1};

    do {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    request_open(step.request, &body);
    call.request = trn_bytes_slice(&body);
    world_handle(phone->world, &call);
    CHECK_INT(call.status, 200);
    world_pass(phone->world, 8 * HOUR_US);
    answer.body = call.answer.data;
    answer.body_size = call.answer.size;
    CHECK_INT(tern_sync_answered(sync, &answer, NULL), TERN_OK);
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    do {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
}

TEST(a_phone_that_sleeps_before_it_reads_its_answer_keeps_its_time)
{
    static const int64_t off[] = {0, 3 * HOUR_US, -3 * HOUR_US};

    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct world world;
        struct device phone;
        struct device tablet;

        begin_pair(&world, &phone, &tablet);
        phone.clock_off_us = off[i];
        device_sync_well(&phone);
        sleep_on_the_answer(&phone);
        CHECK(clock_of(&phone).server_offset_known);
        CHECK(llabs(clock_of(&phone).server_offset_us + off[i]) < SECOND_US);
        CHECK(llabs(clock_of(&phone).now_us - world.now_us) < SECOND_US);
        CHECK_INT(clock_of(&phone).clock_suspect, off[i] != 0);
        end_pair(&world, &phone, &tablet);
    }
}

TEST(a_phone_that_sleeps_over_its_first_answer_goes_by_its_own_clock)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_end(&tablet);
    device_begin(&world, &tablet, "third", 'p');
    sleep_on_the_answer(&tablet);
    CHECK_INT(clock_of(&tablet).now_us, world.now_us);
    CHECK(!clock_of(&tablet).server_offset_known && !clock_of(&tablet).clock_suspect);
    device_sync_well(&tablet);
    CHECK(clock_of(&tablet).server_offset_known);
    end_pair(&world, &phone, &tablet);
}

TEST(a_clock_three_years_wrong_wins_nothing_for_ever_and_refuses_nothing)
{
    static const int64_t off[] = {3 * YEAR_US, -3 * YEAR_US};

    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct world world;
        struct device phone;
        struct device tablet;
        tern_replica_status told;

        begin_pair(&world, &phone, &tablet);
        device_boot(&phone, off[i]);
        device_run(&phone, "UPDATE users SET name = 'first, by a wrong clock'");
        world_pass(&world, SECOND_US);
        device_run(&tablet, "UPDATE users SET name = 'second'");
        world_pass(&world, SECOND_US);
        device_sync_well(&tablet);
        device_sync_well(&phone);
        device_sync_well(&tablet);
        CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "second");
        told = device_status(&phone);
        CHECK(told.clock_suspect && told.server_offset_known);
        CHECK(llabs(told.server_offset_us + off[i]) < SECOND_US);
        CHECK_INT(told.stamps_capped, 1);
        world_pass(&world, SECOND_US);
        device_run(&phone, "UPDATE users SET name = 'third, by a wrong clock'");
        world_pass(&world, SECOND_US);
        device_sync_well(&phone);
        device_sync_well(&tablet);
        CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "third, by a wrong clock");
        world_pass(&world, SECOND_US);
        device_run(&tablet, "UPDATE users SET name = 'fourth'");
        device_sync_well(&tablet);
        device_sync_well(&phone);
        CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "fourth");
        CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM sync_audit"), "1");
        end_pair(&world, &phone, &tablet);
    }
}

TEST(two_devices_that_make_the_same_derived_row_make_one)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_run(&phone,
               "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
               "'e1'), @p, 'e1', 20)");
    world_pass(&world, SECOND_US);
    device_run(&tablet,
               "INSERT INTO doses(id, patient_id, slot, planned, status, taken_at) "
               "VALUES(tern_key('doses', @p, 'e1'), @p, 'e1', 21, 'TAKEN', 9)");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT status, taken_at FROM doses WHERE slot = 'e1'"),
               "TAKEN,9");
    CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM doses"), "2");
    end_pair(&world, &phone, &tablet);
}

TEST(a_taken_dose_is_never_overruled_by_a_job_s_missed_whichever_comes_first)
{
    for (int job_first = 0; job_first < 2; job_first++) {
        struct world world;
        struct device phone;
        struct device tablet;

        begin_pair(&world, &phone, &tablet);
        device_run(&phone, "UPDATE doses SET status = 'TAKEN', taken_at = 3");
        world_pass(&world, 3600 * SECOND_US);
        device_infer(&tablet, "UPDATE doses SET status = 'MISSED'");
        device_sync_well(job_first ? &tablet : &phone);
        device_sync_well(job_first ? &phone : &tablet);
        device_sync_well(job_first ? &tablet : &phone);
        CHECK_TEXT(device_ask(&phone, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        CHECK_TEXT(device_ask(&tablet, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        end_pair(&world, &phone, &tablet);
    }
}

TEST(an_edit_never_undoes_a_delete_and_is_kept_beneath_it)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'n')");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_run(&phone, "DELETE FROM notes");
    world_pass(&world, SECOND_US);
    device_run(&tablet, "UPDATE notes SET title = 'edited'");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT count(*) FROM notes WHERE deleted_at IS NULL"), "0");
    CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM notes WHERE deleted_at IS NULL"), "0");
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes"), "edited");
    end_pair(&world, &phone, &tablet);
}

TEST(a_server_restarted_between_exchanges_loses_nothing)
{
    struct world world;
    struct device phone;
    struct device tablet;

    begin_pair(&world, &phone, &tablet);
    device_run(&phone, "UPDATE users SET name = 'x'");
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, ANSWER_LOST);
    device_expect(&phone, ANSWER_LOST);
    CHECK(device_sync(&phone) == TERN_ERR_TIMEOUT);
    world_restart(&world);
    device_close(&phone);
    world_pass(&world, 3600 * SECOND_US);
    device_open(&phone);
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "x");
    end_pair(&world, &phone, &tablet);
}
