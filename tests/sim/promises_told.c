/* Promises 4 and 6 to 10 of docs/SYNC.md, each told as a story and judged by the files. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "tests/sim/disk.h"
#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)
#define YEAR_US (INT64_C(365) * 24 * 3600 * SECOND_US)

struct pair {
    struct world world;
    struct device phone;
    struct device tablet;
};

static void begin(struct pair *pair)
{
    disk_begin(true);
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', '0')");
    device_run(&pair->phone,
               "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'm1'), @p, "
               "'m1')");
    for (int place = 1; place <= 4; place++) {
        char sql[200];

        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) "
                       "VALUES(x'0000000000004000800000000000000%d', @p, %d, '0')",
                       place,
                       place);
        device_run(&pair->phone, sql);
    }
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
}

static void end(struct pair *pair)
{
    for (int round = 0; round < 2; round++) {
        device_sync_well(&pair->phone);
        device_sync_well(&pair->tablet);
    }
    device_check_converged(&pair->phone);
    device_check_converged(&pair->tablet);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
    disk_end();
}

/* ---- 4: atomic ---- */

/* Five rows of two tables, in one transaction. */
static void write_all_rows(struct device *device, int number)
{
    tern_tx *tx = NULL;
    char sql[100];

    CHECK(tern_tx_begin(device->replica, NULL, &tx, NULL) == TERN_OK);
    (void)snprintf(sql, sizeof sql, "UPDATE users SET name = '%d'", number);
    device_run(device, sql);
    (void)snprintf(sql, sizeof sql, "UPDATE notes SET title = '%d' WHERE place <= 4", number);
    device_run(device, sql);
    CHECK(tern_tx_commit(tx, NULL, NULL) == TERN_OK);
}

static const char *const values =
    "SELECT count(DISTINCT v) FROM (SELECT name AS v FROM users UNION ALL SELECT title FROM notes "
    "WHERE place <= 4)";

TEST(promise_4_a_transaction_becomes_visible_whole_on_server_and_devices)
{
    struct pair pair;
    size_t looks = 0;

    begin(&pair);
    pair.world.limits.page_rows = 1;
    world_restart(&pair.world);
    for (int number = 1; number <= 12; number++) {
        tern_sync_options options = {.size = sizeof options, .page_rows = 1, .step_rows = 1};
        tern_sync *sync = NULL;
        tern_sync_step step = {.action = TERN_SYNC_WORK};

        write_all_rows(&pair.phone, number);
        device_sync_well(&pair.phone);
        device_run(&pair.tablet, "UPDATE doses SET planned = planned + 1"); /* to be rebased */
        CHECK(tern_sync_open(pair.tablet.replica, &options, &sync, NULL) == TERN_OK);
        while (step.action != TERN_SYNC_DONE) {
            CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
            if (step.action == TERN_SYNC_SEND) {
                device_carry(&pair.tablet, sync, step.request);
            }
            if (looks++ % 9 == 8) { /* the next one arrives in the middle of a download */
                write_all_rows(&pair.phone, 100 + number);
                device_sync_well(&pair.phone);
            }
            CHECK_TEXT(file_ask(pair.tablet.path, values), "1");
            CHECK_TEXT(server_ask(&pair.world, values), "1");
        }
        CHECK_INT(step.result, TERN_OK);
        tern_sync_close(sync);
    }
    CHECK(looks > 100);
    pair.world.limits.page_rows = TRN_SYNC_PAGE_ROWS;
    world_restart(&pair.world);
    end(&pair);
}

/* ---- 6: durable acks ---- */

static bool is_there(const char *path, unsigned nth)
{
    char sql[100];

    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM notes WHERE title = 'cut %u'", nth);
    return strcmp(file_ask(path, sql), "1") == 0;
}

static const char *next_row(const char *at)
{
    at += strcspn(at, ";");
    return at + (*at == ';');
}

/* What the phone's file says is acknowledged stands in the server's: both lists are in order. */
static void check_acknowledged(struct pair *pair)
{
    char *here =
        file_rows(pair->phone.path, "SELECT hex(tx) FROM tern_outbox WHERE state = 1 ORDER BY 1");
    char *there = file_rows(server_file(&pair->world),
                            "SELECT hex(tx) FROM tern_entry WHERE verdict = 0 ORDER BY 1");
    const char *found = there;

    for (const char *at = here; *at != '\0'; at = next_row(at)) {
        while (*found != '\0' && strncmp(found, at, 32) != 0) {
            found = next_row(found);
        }
        CHECK(*found != '\0');
    }
    free(here);
    free(there);
}

TEST(promise_6_a_power_cut_takes_back_no_commit_and_no_acknowledgement)
{
    struct pair pair;
    unsigned cuts = 0;
    unsigned calm = 0;

    begin(&pair);
    pair.world.durable = true;
    world_restart(&pair.world);
    disk_settle();
    for (unsigned nth = 1; calm < 2; nth++) {
        char sql[200];
        tern_status committed;
        bool kept;

        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %u, "
                       "'cut %u')",
                       1000 + nth,
                       nth);
        disk_cut_at(nth);
        committed = device_try(&pair.phone, sql);
        if (committed == TERN_OK) {
            (void)device_sync(&pair.phone);
        }
        cuts += disk_is_cut();
        calm += !disk_is_cut();
        world_stop(&pair.world);
        device_close(&pair.phone);
        device_close(&pair.tablet);
        disk_restore();
        world_pass(&pair.world, 3600 * SECOND_US);
        pair.phone.boot.bytes[1]++;
        world_start(&pair.world);
        device_open(&pair.phone);
        device_open(&pair.tablet);
        /* Where the cut came before the commit could say so, it may stand all the same. */
        kept = is_there(pair.phone.path, nth);
        CHECK(kept || committed != TERN_OK);
        check_acknowledged(&pair);
        CHECK_TEXT(file_ask(pair.phone.path, "PRAGMA integrity_check"), "ok");
        CHECK_TEXT(server_ask(&pair.world, "PRAGMA integrity_check"), "ok");
        device_sync_well(&pair.phone);
        CHECK(is_there(server_file(&pair.world), nth) == kept);
        CHECK_INT(device_status(&pair.phone).pending, 0);
        CHECK(nth < 500);
    }
    CHECK(cuts > 10);
    end(&pair);
}

/* ---- 7: never blocked ---- */

static bool
choke(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    (void)device;
    if (!request_holds(request, "\"poison\"")) {
        return false;
    }
    device_answer_problem(ret_answer, 500, NULL);
    return true;
}

TEST(promise_7_a_poisonous_and_a_rejected_transaction_park_themselves_and_nothing_else)
{
    struct pair pair;
    char sql[200];

    begin(&pair);
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 50, 'theirs')");
    device_run(&pair.tablet, "UPDATE users SET name = 'comes down meanwhile'");
    device_sync_well(&pair.tablet);
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000011', @p, 50, 'rejected')");
    device_run(&pair.phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000011', 'waits for the rejected')");
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000012', @p, 60, 'poison')");
    device_run(&pair.phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000012', 'waits for the poison')");
    for (int i = 0; i < 25; i++) {
        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %d, "
                       "'innocent %d')",
                       200 + i,
                       i);
        device_run(&pair.phone, sql);
    }
    pair.phone.meddle = choke;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM notes WHERE title LIKE 'innocent %'"),
               "25");
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT name FROM users"), "comes down meanwhile");
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes WHERE place = 50"), "theirs");
    CHECK_INT(device_status(&pair.phone).quarantined, 2);
    CHECK_INT(device_status(&pair.phone).pending, 2);
    /* The sick are shown as they were written, and get through once the server is well. */
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes WHERE place = 60"), "poison");
    pair.phone.meddle = NULL;
    device_sync_well(&pair.phone);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    CHECK_TEXT(server_ask(&pair.world, "SELECT body FROM comments"), "waits for the poison");
    end(&pair);
}

/* ---- 8: bounded ---- */

static size_t heap_in_use(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

struct heap {
    size_t idle;
    size_t peak;
    size_t request; /* longest, decompressed */
};

static void watch_heap(void *context, const tern_sync_progress *progress)
{
    struct heap *heap = context;
    size_t now = heap_in_use();

    (void)progress;
    heap->peak = now > heap->peak ? now : heap->peak;
}

static bool
measure_request(struct device *device, const tern_http_request *request, tern_http_answer *answer)
{
    struct heap *heap = device->meddling;
    struct trn_bytes body = {0};

    (void)answer;
    request_open(request, &body);
    heap->request = body.size > heap->request ? body.size : heap->request;
    trn_bytes_free(&body);
    return false;
}

static void sync_watched(struct device *device, struct heap *heap)
{
    tern_sync_options options = {.size = sizeof options,
                                 .page_rows = 500,
                                 .progress = watch_heap,
                                 .progress_context = heap};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    device->meddle = measure_request;
    device->meddling = heap;
    heap->idle = heap_in_use();
    heap->peak = 0;
    CHECK(tern_sync_open(device->replica, &options, &sync, NULL) == TERN_OK);
    while (step.action != TERN_SYNC_DONE) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        watch_heap(heap, NULL);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
            watch_heap(heap, NULL);
        }
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    device->meddle = NULL;
}

/* `count` records of 100 notes each, opened to the doctor; what its first sync needs. */
static struct heap download(unsigned count)
{
    struct world world;
    struct device doctor;
    struct device office;
    struct heap heap = {0};

    world_begin(&world);
    device_begin(&world, &office, "office", 'd');
    office.power = TRN_POWER_OPERATOR;
    device_run(&office, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    for (unsigned i = 0; i < count; i++) {
        char sql[500];
        const char who = (char)('!' + i);

        (void)snprintf(sql, sizeof sql, "INSERT INTO users(id, role) VALUES(@%c, 'PATIENT')", who);
        device_run(&office, sql);
        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO bonds(id, patient_id, doctor_id, status) "
                       "VALUES(tern_key('bonds', @%c, @d), @%c, @d, 'ACCEPTED')",
                       who,
                       who);
        device_run(&office, sql);
        (void)snprintf(sql,
                       sizeof sql,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "100) INSERT INTO notes(id, owner_id, place, title, body) SELECT tern_id(), "
                       "@%c, i, 'a note', printf('%%.1000c', 'x') FROM n",
                       who);
        device_run(&office, sql);
    }
    device_sync_well(&office);
    device_end(&office);
    device_begin(&world, &doctor, "desk", 'd'); /* fills the caches of the server, which is here */
    device_sync_well(&doctor);
    device_end(&doctor);
    device_begin(&world, &doctor, "doctor", 'd');
    sync_watched(&doctor, &heap);
    CHECK_INT(device_status(&doctor).scopes, count + 1);
    CHECK(file_wal_size(doctor.path) <= 8L << 20);
    device_end(&doctor);
    world_end(&world);
    return heap;
}

TEST(promise_8_neither_heap_nor_requests_grow_with_the_rows_synced)
{
    struct heap few = download(10);
    struct heap many = download(40);
    size_t few_peak = few.peak - few.idle;
    size_t many_peak = many.peak - many.idle;

    print_message("peak over idle: %zu KiB for 1,000 rows, %zu KiB for 4,000\n",
                  few_peak >> 10,
                  many_peak >> 10);
    if (few.peak == 0) {
        print_message("skipped: this allocator does not count\n");
        skip();
    }
    CHECK(many_peak <= few_peak + few_peak / 5 + ((size_t)1 << 20));
}

TEST(promise_8_a_long_queue_goes_out_in_requests_of_bounded_size)
{
    struct pair pair;
    struct heap heap = {0};

    begin(&pair);
    for (int i = 0; i < 30; i++) {
        char sql[400];

        (void)snprintf(sql,
                       sizeof sql,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "200) INSERT INTO notes(id, owner_id, place, title, body) SELECT tern_id(), "
                       "@p, 1000 * (%d + 1) + i, 'a note', printf('%%.900c', 'x') FROM n",
                       i);
        device_run(&pair.phone, sql);
    }
    CHECK(file_size(pair.phone.path) + file_wal_size(pair.phone.path) > 5L << 20);
    sync_watched(&pair.phone, &heap);
    CHECK(heap.request > (size_t)1 << 19 && heap.request < (size_t)3 << 19);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM notes"), "6004");
    CHECK(file_wal_size(pair.phone.path) <= 8L << 20);
    end(&pair);
}

/* ---- 9: isolated ---- */

TEST(promise_9_nobody_is_sent_or_changes_what_is_not_granted)
{
    static const char *const names[] = {"sok", "dara", "doctor", "stranger"};
    static const char users[] = "pqds";
    static const char *const trespasses[] = {
        "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @q, 9, 'trespass')",
        "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @q, 'x'), @q, 'x')",
        "INSERT INTO users(id, role, name) VALUES(@q, 'PATIENT', 'trespass')",
        "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @q, @s), "
        "@q, @s, 'ACCEPTED')",
        "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @q, @d), "
        "@q, @d, 'ACCEPTED')",
    };
    struct world world;
    struct device devices[4];
    char *before;
    char *after;

    disk_begin(true);
    world_begin(&world);
    for (size_t i = 0; i < 4; i++) {
        device_begin(&world, &devices[i], names[i], users[i]);
    }
    devices[2].power = TRN_POWER_OPERATOR;
    device_run(&devices[2], "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'D-OWN')");
    device_sync_well(&devices[2]);
    devices[2].power = TRN_POWER_USER;
    device_run(&devices[0], "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'P-OWN')");
    device_run(&devices[1], "INSERT INTO users(id, role, name) VALUES(@q, 'PATIENT', 'Q-OWN')");
    device_run(&devices[3], "INSERT INTO users(id, role, name) VALUES(@s, 'PATIENT', 'S-OWN')");
    device_run(&devices[0],
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_run(&devices[0],
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'P-NOTE')");
    device_run(&devices[1],
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @q, 1, 'Q-NOTE')");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++) {
            device_sync_well(&devices[i]);
        }
    }
    before = file_rows(server_file(&world),
                       "SELECT id, name, tern_v FROM users UNION ALL SELECT id, title, tern_v FROM "
                       "notes UNION ALL SELECT id, slot, tern_v FROM doses UNION ALL SELECT id, "
                       "status, tern_v FROM bonds");
    for (size_t i = 0; i < sizeof trespasses / sizeof *trespasses; i++) {
        for (size_t who = 0; who < 4; who++) {
            if (users[who] != 'q') {
                (void)device_try(&devices[who], trespasses[i]);
                device_sync_well(&devices[who]);
            }
        }
    }
    for (size_t who = 0; who < 4; who++) {
        device_sync_well(&devices[who]);
        CHECK_INT(device_status(&devices[who]).pending, 0);
    }
    after = file_rows(server_file(&world),
                      "SELECT id, name, tern_v FROM users UNION ALL SELECT id, title, tern_v FROM "
                      "notes UNION ALL SELECT id, slot, tern_v FROM doses UNION ALL SELECT id, "
                      "status, tern_v FROM bonds");
    check_same_rows(after, before);
    for (size_t who = 0; who < 4; who++) {
        bool opened = users[who] == 'd';

        device_close(&devices[who]);
        CHECK(file_holds(devices[who].path, "P-NOTE") == (users[who] == 'p' || opened));
        CHECK(file_holds(devices[who].path, "P-OWN") == (users[who] == 'p' || opened));
        CHECK(file_holds(devices[who].path, "Q-NOTE") == (users[who] == 'q'));
        CHECK(file_holds(devices[who].path, "Q-OWN") == (users[who] == 'q'));
        CHECK(file_holds(devices[who].path, "D-OWN") == (users[who] == 'd'));
        CHECK(file_holds(devices[who].path, "S-OWN") == (users[who] == 's'));
    }
    world_end(&world);
    disk_end();
}

/* ---- 10: honest clocks ---- */

TEST(promise_10_a_wrong_clock_wins_nothing_for_ever_refuses_nothing_and_rewrites_no_claim)
{
    static const int64_t off[] = {-30 * YEAR_US, -3 * YEAR_US, 3 * YEAR_US, 30 * YEAR_US};

    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct pair pair;
        char claim[40];
        char sql[200];

        begin(&pair);
        device_boot(&pair.phone, off[i]);
        (void)snprintf(claim, sizeof claim, "%lld", (long long)(pair.world.now_us + off[i]));
        (void)snprintf(sql, sizeof sql, "UPDATE doses SET status = 'TAKEN', taken_at = %s", claim);
        device_run(&pair.phone, sql);
        for (int day = 0; day < 5; day++) {
            device_run(&pair.phone, "UPDATE users SET name = name || 'p'");
            world_pass(&pair.world, 3600 * SECOND_US);
            device_sync_well(&pair.phone);
            device_sync_well(&pair.tablet);
            world_pass(&pair.world, SECOND_US);
            device_run(&pair.tablet, "UPDATE users SET name = name || 't'");
            device_sync_well(&pair.tablet);
            device_sync_well(&pair.phone);
        }
        /* Nobody wins for ever: each had seen the other, and each is there. */
        CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "0ptptptptpt");
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT name FROM users"), "0ptptptptpt");
        CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM sync_audit"), "0");
        /* Nothing was refused, and no claim was touched. */
        CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM tern_entry WHERE verdict <> 0"),
                   "0");
        CHECK_TEXT(server_ask(&pair.world, "SELECT taken_at FROM doses"), claim);
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT taken_at FROM doses"), claim);
        CHECK_TEXT(file_ask(pair.tablet.path, "SELECT taken_at FROM doses"), claim);
        /* Stored times are the server's idea of it, and the raw one is kept. */
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT count(*) FROM tern_entry WHERE time > received + %lld OR time < "
                       "received - %lld",
                       (long long)TRN_CLOCK_AHEAD_US,
                       (long long)(2 * 3600 * SECOND_US));
        CHECK_TEXT(server_ask(&pair.world, sql), "0");
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT count(*) > 0 FROM tern_entry WHERE abs(raw_time - received) > %lld",
                       (long long)(2 * YEAR_US));
        /* A clock behind never gets that far: stamps go on from the last one. */
        CHECK_TEXT(server_ask(&pair.world, sql), off[i] > 0 ? "1" : "0");
        CHECK(device_status(&pair.phone).clock_suspect);
        CHECK(!device_status(&pair.tablet).clock_suspect);
        end(&pair);
    }
}
