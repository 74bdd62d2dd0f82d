/* What others wrote and a restored server has lost, sent by whoever held it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

/* The tablet's notes, which the server has lost; the phone sends them again. */
static void begin(struct pair *pair)
{
    pair_begin(pair);
    pair_meet(pair);
    world_save(&pair->world, "backup");
    for (int place = 2; place <= 4; place++) {
        char sql[160];

        (void)snprintf(sql,
                       sizeof sql,
                       "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, %d, "
                       "'of the tablet')",
                       place);
        device_run(&pair->tablet, sql);
    }
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
    world_restore(&pair->world, "backup");
    world_pass(&pair->world, SECOND_US);
    device_sync_well(&pair->phone);
    CHECK_INT(device_status(&pair->phone).quarantined, 3);
}

/* Only an operator's token speaks for another device. */
static void send_on(struct device *device)
{
    device->power = TRN_POWER_OPERATOR;
    while (device_status(device).quarantined > 0) {
        const char *first =
            device_ask(device, "SELECT min(ordinal) FROM tern_outbox WHERE state = 2");

        CHECK_INT(tern_quarantine_retry(device->replica, strtoull(first, NULL, 10), NULL, NULL),
                  TERN_OK);
    }
}

static void end(struct pair *pair)
{
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
    CHECK_INT(device_status(&pair->phone).pending, 0);
    CHECK_INT(device_status(&pair->phone).quarantined, 0);
    pair->phone.power = TRN_POWER_USER;
    pair_end(pair);
}

/* Exchanges of a sync with pages of one row, of which the app edits one while the first of them is
 * under way; at most so many. */
static void sync_and_edit(struct device *device, int exchanges)
{
    const tern_sync_options options = {.size = sizeof options, .page_rows = 1};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    CHECK(tern_sync_open(device->replica, &options, &sync, NULL) == TERN_OK);
    for (int carried = 0; step.action != TERN_SYNC_DONE; carried += step.action == TERN_SYNC_SEND) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        CHECK_INT(device_status(device).quarantined, 0);
        if (step.action == TERN_SYNC_SEND && carried == exchanges) {
            break;
        }
        if (step.action == TERN_SYNC_SEND && carried == 0) {
            device_run(device, "UPDATE notes SET body = 'edited' WHERE place = 4");
        }
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
        }
    }
    tern_sync_close(sync);
}

/* The verdict takes their rows off, which the server's pages then bring. */
TEST(an_edit_of_what_is_sent_for_another_waits_for_the_rows_to_come)
{
    struct pair pair;

    begin(&pair);
    send_on(&pair.phone);
    sync_and_edit(&pair.phone, INT_MAX);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title, body FROM notes WHERE place = 4"),
               "of the tablet,edited");
    end(&pair);
}

TEST(an_edit_that_waited_for_its_row_is_shown_as_soon_as_that_comes)
{
    struct pair pair;

    begin(&pair);
    send_on(&pair.phone);
    sync_and_edit(&pair.phone, 1);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 4"), "");
    pair.phone.meddle = refuse_pushes;
    (void)device_sync(&pair.phone);
    pair.phone.meddle = NULL;
    CHECK_INT(device_status(&pair.phone).pending, 1);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title, body FROM notes WHERE place = 4"),
               "of the tablet,edited");
    end(&pair);
}

/* As its own would be: for the day when the server comes back from a backup once more. */
TEST(what_was_sent_for_another_is_kept_and_sent_to_a_server_restored_again)
{
    struct pair pair;

    begin(&pair);
    send_on(&pair.phone);
    device_sync_well(&pair.phone);
    CHECK_TEXT(device_ask(&pair.phone,
                          "SELECT count(*) FROM tern_outbox WHERE state = 1 AND kind = 3 AND "
                          "number > 0 AND place < 0"),
               "3");
    world_restore(&pair.world, "backup");
    world_pass(&pair.world, SECOND_US);
    device_sync_well(&pair.phone);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM notes"), "4");
    end(&pair);
}
