/* The ground under pending edits: rows always show it merged with them, and what no longer fits is
 * parked alone. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "store/store.h"
#include "tests/sim/disk.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

static void begin(struct pair *pair)
{
    pair_begin(pair);
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title, body) "
               "VALUES(x'00000000000040008000000000000002', @p, 2, 'two', 'b')");
    pair_meet(pair);
}

TEST(a_pending_edit_stays_visible_over_what_comes_beneath_it)
{
    struct pair pair;
    tern_sync *sync;
    tern_sync_step step;

    begin(&pair);
    device_run(&pair.tablet, "UPDATE notes SET body = 'theirs', title = 'theirs' WHERE place = 1");
    device_sync_well(&pair.tablet);
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.phone, "UPDATE users SET name = 'warm'");
    sync = device_sync_open(&pair.phone);
    CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK &&
          tern_sync_next(sync, &step, NULL) == TERN_OK);
    CHECK(step.action == TERN_SYNC_SEND);
    /* Written after the request was made: pending when its answer comes. */
    device_run(&pair.phone, "UPDATE notes SET title = 'mine' WHERE place = 1");
    device_carry(&pair.phone, sync, step.request);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    tern_sync_close(sync);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title, body FROM notes WHERE place = 1"),
               "mine,theirs");
    CHECK_INT(device_status(&pair.phone).pending, 1);
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT title, body FROM notes WHERE place = 1"),
               "mine,theirs");
    pair_end(&pair);
}

TEST(an_edit_that_loses_is_not_shown_but_is_sent_and_audited)
{
    struct pair pair;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET title = 'early' WHERE place = 1");
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'late' WHERE place = 1");
    device_sync_well(&pair.tablet);
    pair.phone.meddle = refuse_pushes;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    pair.phone.meddle = NULL;
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 1"), "late");
    device_sync_well(&pair.phone);
    CHECK_TEXT(
        device_ask(&pair.phone, "SELECT json_extract(lost_values, '$.title') FROM sync_audit"),
        "early");
    device_sync_well(&pair.tablet);
    pair_end(&pair);
}

TEST(unsent_edits_never_hold_back_a_download)
{
    struct pair pair;

    begin(&pair);
    device_run(&pair.tablet, "UPDATE users SET name = 'fresh'");
    device_sync_well(&pair.tablet);
    device_run(&pair.phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'n')");
    pair.phone.meddle = refuse_pushes;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT name FROM users"), "fresh");
    CHECK_INT(device_status(&pair.phone).pending, 1);
    pair.phone.meddle = NULL;
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    pair_end(&pair);
}

TEST(unique_keys_traded_in_one_transaction_arrive_in_one_checkpoint)
{
    struct pair pair;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET place = NULL WHERE title = 'one'");
    device_run(&pair.phone, "UPDATE notes SET place = 1 WHERE title = 'two'");
    device_run(&pair.phone, "UPDATE notes SET place = 2 WHERE title = 'one'");
    device_run(&pair.tablet, "UPDATE notes SET body = 'pending' WHERE title = 'one'");
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT place, body FROM notes WHERE title = 'one'"),
               "2,pending");
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT place FROM notes WHERE title = 'two'"), "1");
    device_sync_well(&pair.phone);
    pair_end(&pair);
}

TEST(a_rejected_transaction_parks_itself_and_its_dependents_and_nothing_else)
{
    struct pair pair;
    tern_replica_status status;

    begin(&pair);
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000003', @p, 7, 'mine')");
    device_run(&pair.phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000003', 'on mine')");
    device_run(&pair.phone, "UPDATE users SET name = 'unrelated'");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    status = device_status(&pair.phone);
    CHECK_INT(status.quarantined, 2);
    CHECK_INT(status.pending, 0);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 7"), "theirs");
    CHECK_TEXT(device_ask(&pair.phone, "SELECT count(*) FROM comments"), "0");
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT name FROM users"), "unrelated");
    pair_end(&pair);
}

struct found {
    uint64_t ordinal;
    uint64_t waits_for;
    tern_status reason;
    size_t count;
};

static bool find_first(void *context, const tern_entry *entry)
{
    struct found *found = context;

    if (found->count++ == 0) {
        found->ordinal = entry->ordinal;
        found->reason = entry->reason;
    } else {
        found->waits_for = entry->waits_for;
    }
    return true;
}

static struct found quarantined(struct device *device)
{
    struct found found = {0};

    CHECK(tern_outbox_visit(device->replica,
                            1U << TERN_ENTRY_QUARANTINED,
                            find_first,
                            &found,
                            NULL) == TERN_OK);
    return found;
}

static void collide(struct pair *pair)
{
    begin(pair);
    device_run(&pair->tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000003', @p, 7, 'mine')");
    device_run(&pair->phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000003', 'on mine')");
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
}

TEST(a_quarantined_transaction_can_be_tried_again_once_the_way_is_free)
{
    struct pair pair;
    struct found found;
    uint64_t ordinal = 0;

    collide(&pair);
    found = quarantined(&pair.phone);
    CHECK_INT(found.count, 2);
    CHECK_INT(found.reason, TERN_ERR_UNIQUE);
    CHECK_INT(found.waits_for, found.ordinal);
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, found.ordinal, &ordinal, NULL),
              TERN_ERR_UNIQUE);
    CHECK_INT(quarantined(&pair.phone).count, 2);
    device_run(&pair.phone, "UPDATE notes SET place = 8 WHERE title = 'theirs'");
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, found.ordinal, &ordinal, NULL), TERN_OK);
    CHECK(ordinal > found.ordinal);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 7"), "mine");
    CHECK_TEXT(device_ask(&pair.phone, "SELECT body FROM comments"), "on mine");
    device_sync_well(&pair.phone);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT title FROM notes WHERE place = 7"), "mine");
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT body FROM comments"), "on mine");
    pair_end(&pair);
}

/* Two edits of the phone want places that the tablet took, and a third builds on both. */
static void collide_twice(struct pair *pair)
{
    begin(pair);
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'first'), "
               "(tern_id(), @p, 'second')");
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    device_run(&pair->tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 11, 't1'), "
               "(tern_id(), @p, 12, 't2')");
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
    device_run(&pair->phone, "UPDATE notes SET place = 11 WHERE title = 'first'");
    device_run(&pair->phone, "UPDATE notes SET place = 12 WHERE title = 'second'");
    device_run(&pair->phone,
               "UPDATE notes SET place = 13 + (title = 'second') WHERE title IN "
               "('first', 'second')");
    device_sync_well(&pair->phone);
    CHECK_INT(quarantined(&pair->phone).count, 3);
}

static void make_way(struct pair *pair, const char *sql)
{
    device_run(&pair->tablet, sql);
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
}

static uint64_t last_quarantined(struct device *device)
{
    return strtoull(device_ask(device, "SELECT max(ordinal) FROM tern_outbox WHERE state = 2"),
                    NULL,
                    10);
}

static const char *places(struct device *device)
{
    return device_ask(device,
                      "SELECT place FROM notes WHERE title IN ('first', 'second') ORDER BY title");
}

/* The way of the first refused one is free, and it is tried again. */
static void retry_first(struct pair *pair)
{
    make_way(pair, "UPDATE notes SET place = 19 WHERE title = 't1'");
    CHECK_INT(
        tern_quarantine_retry(pair->phone.replica, quarantined(&pair->phone).ordinal, NULL, NULL),
        TERN_OK);
}

TEST(what_builds_on_two_refused_transactions_waits_for_both)
{
    struct pair pair;
    struct found found;

    collide_twice(&pair);
    retry_first(&pair);
    CHECK_TEXT(places(&pair.phone), "11;null");
    device_sync_well(&pair.phone);
    CHECK_TEXT(places(&pair.phone), "11;null");
    found = quarantined(&pair.phone);
    CHECK_INT(found.count, 2);
    CHECK_INT(found.waits_for, found.ordinal);
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, last_quarantined(&pair.phone), NULL, NULL),
              TERN_ERR_DEPENDENCY_REJECTED);
    make_way(&pair, "UPDATE notes SET place = 18 WHERE title = 't2'");
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, found.ordinal, NULL, NULL), TERN_OK);
    device_sync_well(&pair.phone);
    CHECK_INT(quarantined(&pair.phone).count, 0);
    CHECK_TEXT(places(&pair.phone), "13;14");
    device_sync_well(&pair.tablet);
    /* It was written by one who had seen all that it replaced. */
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT count(*) FROM sync_audit"), "0");
    pair_end(&pair);
}

/* What it builds on was tried again in vain: its other base alone does not take it along. */
TEST(what_builds_on_one_that_was_refused_again_waits_for_that_one)
{
    struct pair pair;
    struct found found;

    collide_twice(&pair);
    retry_first(&pair);
    device_run(&pair.tablet, "UPDATE notes SET place = 11 WHERE title = 't1'");
    device_run(&pair.tablet, "UPDATE notes SET place = 18 WHERE title = 't2'");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    found = quarantined(&pair.phone);
    CHECK_INT(found.count, 3);
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, found.ordinal, NULL, NULL), TERN_OK);
    device_sync_well(&pair.phone);
    CHECK_INT(quarantined(&pair.phone).count, 2);
    CHECK_TEXT(places(&pair.phone), "null;12");
    make_way(&pair, "UPDATE notes SET place = 19 WHERE title = 't1'");
    found = quarantined(&pair.phone);
    CHECK_INT(tern_quarantine_retry(pair.phone.replica, found.ordinal, NULL, NULL), TERN_OK);
    device_sync_well(&pair.phone);
    CHECK_INT(quarantined(&pair.phone).count, 0);
    CHECK_TEXT(places(&pair.phone), "13;14");
    device_sync_well(&pair.tablet);
    pair_end(&pair);
}

TEST(a_discarded_transaction_stands_in_the_audit)
{
    struct pair pair;
    struct found found;

    collide(&pair);
    found = quarantined(&pair.phone);
    CHECK_INT(tern_quarantine_discard(pair.phone.replica, found.ordinal, NULL), TERN_OK);
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    CHECK_INT(tern_quarantine_discard(pair.phone.replica, found.ordinal, NULL), TERN_ERR_NOT_FOUND);
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet,
                          "SELECT json_extract(lost_values, '$.title') FROM sync_audit WHERE rule "
                          "= 'DISCARDED' AND table_name = 'notes' AND unit = 'head'"),
               "mine");
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT count(*) FROM notes WHERE title = 'mine'"), "0");
    pair_end(&pair);
}

TEST(an_overwritten_value_can_be_brought_back_from_its_audit_entry)
{
    struct pair pair;
    tern_id audit;
    const char *hex;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET title = 'early' WHERE place = 1");
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'late' WHERE place = 1");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    hex = device_ask(&pair.phone, "SELECT id FROM sync_audit");
    for (size_t i = 0; i < sizeof audit.bytes; i++) {
        unsigned byte = 0;

        CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
        audit.bytes[i] = (uint8_t)byte;
    }
    CHECK_INT(tern_audit_reinstate(pair.phone.replica, &audit, NULL), TERN_OK);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 1"), "early");
    CHECK_INT(tern_audit_reinstate(pair.phone.replica, &audit, NULL), TERN_ERR_EXISTS);
    CHECK_INT(device_status(&pair.phone).pending, 1);
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    CHECK_TEXT(device_ask(&pair.tablet, "SELECT title FROM notes WHERE place = 1"), "early");
    CHECK_INT(tern_audit_reinstate(pair.phone.replica, &audit, NULL), TERN_ERR_EXISTS);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    audit.bytes[3] ^= 1;
    CHECK_INT(tern_audit_reinstate(pair.phone.replica, &audit, NULL), TERN_ERR_NOT_FOUND);
    pair_end(&pair);
}

/* Two pending edits took note 1 to a place and away again. Meanwhile the server gave that place to
 * another note, which does not collide with what is shown, but would with what stood between. */
TEST(a_row_that_came_between_two_pending_edits_stays_when_they_are_lifted)
{
    struct pair pair;
    uint64_t exchanges;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET place = 5 WHERE title = 'one'");
    device_run(&pair.phone, "UPDATE notes SET place = 6 WHERE title = 'one'");
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'between')");
    device_run(&pair.tablet,
               "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, 'c' FROM notes WHERE "
               "title = 'between'");
    device_sync_well(&pair.tablet);
    pair.phone.meddle = refuse_pushes;
    CHECK(device_sync(&pair.phone) != TERN_OK);
    pair.phone.meddle = NULL;
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 5"), "between");
    device_run(&pair.phone, "UPDATE comments SET body = 'd'");
    exchanges = pair.phone.exchanges;
    CHECK_INT(device_sync(&pair.phone), TERN_OK);
    /* Nothing had to make way, so nothing had to be fetched again. */
    CHECK_INT(pair.phone.exchanges - exchanges, 1);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 5"), "between");
    CHECK_TEXT(device_ask(&pair.phone, "SELECT place FROM notes WHERE title = 'one'"), "1");
    CHECK_TEXT(device_ask(&pair.phone, "SELECT body FROM comments"), "d");
    CHECK_INT(device_status(&pair.phone).quarantined, 2);
    device_sync_well(&pair.tablet);
    pair_end(&pair);
}

/* The app keeps so little of the file in memory that it is read again and again. */
static void open_on_disk(struct device *device)
{
    device_close(device);
    device->vfs = DISK_VFS;
    device_open(device);
    CHECK_INT(sqlite3_exec(trn_store_connection(device->replica->store),
                           "PRAGMA cache_size = 5",
                           NULL,
                           NULL,
                           NULL),
              SQLITE_OK);
}

TEST(whichever_read_fails_while_edits_are_laid_back_a_sync_says_so_and_starts_nothing_over)
{
    struct pair pair;
    bool failed = true;

    disk_begin(false);
    begin(&pair);
    device_run(&pair.tablet, "UPDATE notes SET body = hex(zeroblob(4000))");
    device_sync_well(&pair.tablet);
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.phone, "UPDATE notes SET title = 'mine'");
    open_on_disk(&pair.phone);
    pair.phone.meddle = refuse_pushes;
    for (unsigned nth = 1; failed; nth++) {
        tern_status status;

        pair.phone.logged[0] = '\0';
        disk_fail_read(nth);
        status = device_sync(&pair.phone);
        failed = !disk_fails_reads();
        disk_fail_read(0);
        CHECK(status == TERN_ERR_IO || status == TERN_ERR_UNAVAILABLE);
        CHECK(strstr(pair.phone.logged, "does not fit what is here") == NULL);
    }
    pair.phone.meddle = NULL;
    device_sync_well(&pair.phone);
    CHECK_INT(device_status(&pair.phone).pending, 0);
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    device_sync_well(&pair.tablet);
    pair_end(&pair);
    disk_end();
}
