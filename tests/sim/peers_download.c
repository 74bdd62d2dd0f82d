/* What went wrong elsewhere on the way down: each is impossible here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/sim/files.h"
#include "wire/gzip.h"

#define SECOND_US INT64_C(1000000)

struct pair {
    struct world world;
    struct device phone;
    struct device tablet;
};

static void write_notes(struct device *device, int count)
{
    char sql[300];

    (void)snprintf(sql,
                   sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                   "INSERT INTO notes(id, owner_id, place, title) SELECT tern_id(), @p, i, "
                   "'note ' || i FROM n",
                   count);
    device_run(device, sql);
}

/* The phone has written `notes` notes and synced them; the tablet is new. */
static void begin(struct pair *pair, int notes)
{
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    if (notes > 0) {
        write_notes(&pair->phone, notes);
    }
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    world_pass(&pair->world, SECOND_US);
}

static void end(struct pair *pair)
{
    pair->world.limits.page_rows = TRN_SYNC_PAGE_ROWS;
    world_restart(&pair->world);
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
    device_check_converged(&pair->phone);
    device_check_converged(&pair->tablet);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
}

/* Works until the session wants something of the world. */
static tern_sync_step work_on(tern_sync *sync)
{
    tern_sync_step step;

    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    return step;
}

/* ---- sqlite-sync: a flipped bit drops rows silently ---- */

/* Whether a body can be read at all; then it must be what was packed. */
static bool reads(const struct trn_bytes *packed, const struct trn_bytes *plain)
{
    struct trn_bytes body = {0};
    bool read = trn_gunzip(trn_bytes_slice(packed), (size_t)16 << 20, &body, NULL) == TERN_OK;

    CHECK(!read || trn_slice_equal(trn_bytes_slice(&body), trn_bytes_slice(plain)));
    trn_bytes_free(&body);
    return read;
}

TEST(a_flipped_bit_is_refused_whole)
{
    struct pair pair;
    struct trn_bytes plain = {0};
    struct trn_bytes packed = {0};
    size_t refused = 0;
    tern_sync *sync;
    tern_sync_step step;
    char *before;

    begin(&pair, 3);
    before = file_dump(pair.tablet.path, false);
    sync = device_sync_open(&pair.tablet);
    step = work_on(sync);
    device_overhear(&pair.tablet, step.request, &plain);
    CHECK(trn_gzip(trn_bytes_slice(&plain), 6, &packed, NULL) == TERN_OK);
    pair.tablet.rows_received = 0;
    tern_sync_close(sync);
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        tern_http_answer answer = {.status = 200, .body_is_coded = true, .retry_after_ms = -1};

        packed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        /* A date in its header means nothing. One bit of each byte goes to the device. */
        if (!reads(&packed, &plain) && bit % 8 == bit / 8 % 8) {
            sync = device_sync_open(&pair.tablet);
            step = work_on(sync);
            answer.body = packed.data;
            answer.body_size = packed.size;
            CHECK(tern_sync_answered(sync, &answer, NULL) == TERN_OK);
            CHECK_INT(work_on(sync).action, TERN_SYNC_WAIT);
            tern_sync_close(sync);
            refused++;
        }
        packed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    CHECK(refused > packed.size * 9 / 10);
    check_same_rows(file_dump(pair.tablet.path, false), before);
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT count(*) FROM tern_stage"), "0");
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT count(*) FROM tern_cursor"), "0");
    device_sync_well(&pair.tablet);
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT count(*) FROM notes"), "3");
    trn_bytes_free(&plain);
    trn_bytes_free(&packed);
    end(&pair);
}

/* ---- sqlite-sync: a restart downloads from page 0 ---- */

/* Carries on for one exchange, and then the power is cut: what the file and its log hold is what
 * there is. */
static void live_for_an_exchange(struct device *device, bool *ret_done)
{
    char left[700];
    tern_sync *sync = device_sync_open(device);
    tern_sync_step step = work_on(sync);

    if (step.action == TERN_SYNC_SEND) {
        device_carry(device, sync, step.request);
        step = work_on(sync);
    }
    *ret_done = step.action == TERN_SYNC_DONE;
    (void)snprintf(left, sizeof left, "%s.left", device->path);
    file_copy(device->path, left);
    tern_sync_close(sync);
    device_close(device);
    file_copy(left, device->path);
    world_pass(device->world, 3600 * SECOND_US); /* the lease it still held runs out */
    device->boot.bytes[1]++;
    device_open(device);
}

TEST(a_restart_resumes_the_download)
{
    struct pair pair;
    bool done = false;
    int lives = 0;

    begin(&pair, 120);
    pair.world.limits.page_rows = 10;
    world_restart(&pair.world);
    while (!done && lives < 100) {
        live_for_an_exchange(&pair.tablet, &done);
        lives++;
    }
    CHECK(done);
    CHECK(lives >= 12);
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT count(*) FROM notes"), "120");
    CHECK_INT(pair.tablet.rows_received, 121); /* each row once */
    end(&pair);
}

/* ---- PowerSync: one unsent row blocks all downloads ---- */

static bool
fail_pushes(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    if (request_entries(request) == 0) {
        return false;
    }
    device_answer_problem(ret_answer, *(int *)device->meddling, NULL);
    return true;
}

TEST(one_unsent_row_never_blocks_downloads)
{
    static int statuses[] = {400, 404, 409, 413, 500, 502, 504};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct pair pair;

        begin(&pair, 2);
        device_sync_well(&pair.tablet);
        device_run(&pair.tablet, "UPDATE notes SET body = 'never gets through' WHERE place = 1");
        pair.tablet.meddle = fail_pushes;
        pair.tablet.meddling = &statuses[i];
        for (int day = 0; day < 3; day++) {
            char sql[80];

            (void)snprintf(sql, sizeof sql, "UPDATE users SET name = 'day %d'", day);
            device_run(&pair.phone, sql);
            device_run(&pair.phone, "UPDATE notes SET title = title || '+' WHERE place = 1");
            device_sync_well(&pair.phone);
            world_pass(&pair.world, 3600 * SECOND_US);
            CHECK(device_sync(&pair.tablet) != TERN_OK);
            (void)snprintf(sql, sizeof sql, "day %d", day);
            CHECK_TEXT(file_ask(pair.tablet.path, "SELECT name FROM users"), sql);
        }
        CHECK_TEXT(file_ask(pair.tablet.path, "SELECT title, body FROM notes WHERE place = 1"),
                   "note 1+++,never gets through");
        CHECK_INT(device_status(&pair.tablet).pending, 1);
        pair.tablet.meddle = NULL;
        device_sync_well(&pair.tablet);
        CHECK_TEXT(server_ask(&pair.world, "SELECT body FROM notes WHERE place = 1"),
                   "never gets through");
        end(&pair);
    }
}

/* ---- Couchbase Lite: a log of gigabytes ---- */

TEST(the_log_shrinks_back_however_much_is_synced)
{
    struct pair pair;
    tern_sync *sync;
    tern_sync_step step;
    long highest = 0;

    begin(&pair, 0);
    for (int part = 0; part < 8; part++) {
        char sql[400];

        (void)snprintf(sql,
                       sizeof sql,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "500) INSERT INTO notes(id, owner_id, place, title, body) SELECT "
                       "tern_id(), @p, i + %d, 'a note', printf('%%.1800c', 'x') FROM n",
                       part * 500);
        device_run(&pair.phone, sql);
        device_sync_well(&pair.phone);
        CHECK(file_wal_size(pair.phone.path) <= 8L << 20);
    }
    sync = device_sync_open(&pair.tablet);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(&pair.tablet, sync, step.request);
        }
        highest =
            file_wal_size(pair.tablet.path) > highest ? file_wal_size(pair.tablet.path) : highest;
    } while (step.action != TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT count(*) FROM notes"), "4000");
    CHECK(file_size(pair.tablet.path) > 7L << 20);
    /* A record is laid down in one transaction: the log holds it once, and is given back. */
    CHECK(highest <= 3 * file_size(pair.tablet.path));
    CHECK(file_wal_size(pair.tablet.path) <= 8L << 20);
    device_close(&pair.tablet);
    CHECK(file_wal_size(pair.tablet.path) == 0);
    device_open(&pair.tablet);
    end(&pair);
}
