/* What went wrong elsewhere when two edits met: each is impossible here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

static void begin(struct pair *pair)
{
    pair_begin(pair);
    device_run(&pair->phone,
               "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
               "'m1'), @p, 'm1', 8)");
    pair_meet(pair);
    device_sync_well(&pair->phone);
    world_pass(&pair->world, MINUTE_US);
}

/* Every device syncs until nothing moves. */
static void settle(struct pair *pair)
{
    for (int round = 0; round < 3; round++) {
        device_sync_well(&pair->phone);
        device_sync_well(&pair->tablet);
    }
}

/* sqlite-sync: per column the greater value wins a tie. */
TEST(a_row_that_two_devices_made_was_made_at_one_moment_for_all)
{
    struct pair pair;

    begin(&pair);
    device_run(&pair.tablet,
               "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'm2'), @p, "
               "'m2')");
    world_pass(&pair.world, MINUTE_US);
    device_run(&pair.phone,
               "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'm2'), @p, "
               "'m2')");
    device_sync_well(&pair.phone);
    world_pass(&pair.world, MINUTE_US);
    /* From here on every unit is the tablet's, and it has yet to hear of the phone's insert. */
    device_run(&pair.tablet, "UPDATE doses SET planned = 9, status = 'TAKEN' WHERE slot = 'm2'");
    device_run(&pair.tablet, "DELETE FROM doses WHERE slot = 'm2'");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT created_at FROM doses WHERE slot = 'm2'"),
               server_ask(&pair.world, "SELECT created_at FROM doses WHERE slot = 'm2'"));
    pair_end(&pair);
}

TEST(two_edits_on_a_tie_never_make_a_row_nobody_wrote)
{
    char winners[2][40];

    for (int phone_first = 0; phone_first < 2; phone_first++) {
        struct pair pair;
        const char *rows = "SELECT status, taken_at FROM doses";
        const char *kept;

        begin(&pair);
        /* At one moment, and the greater value of each column is another device's. */
        device_run(&pair.phone, "UPDATE doses SET status = 'MISSED', taken_at = 9");
        device_run(&pair.tablet, "UPDATE doses SET status = 'DUE', taken_at = 10");
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT updated_at FROM doses"),
                   file_ask(pair.tablet.path, "SELECT updated_at FROM doses"));
        device_sync_well(phone_first ? &pair.phone : &pair.tablet);
        settle(&pair);
        kept = server_ask(&pair.world, rows);
        CHECK(strcmp(kept, "MISSED,9") == 0 || strcmp(kept, "DUE,10") == 0);
        CHECK_TEXT(file_ask(pair.phone.path, rows), kept);
        CHECK_TEXT(file_ask(pair.tablet.path, rows), kept);
        /* The other stands whole in the audit. */
        CHECK_TEXT(server_ask(&pair.world,
                              "SELECT json_extract(lost_values, '$.status'), "
                              "json_extract(lost_values, '$.taken_at'), rule FROM sync_audit"),
                   strcmp(kept, "DUE,10") == 0 ? "MISSED,9,DEVICE" : "DUE,10,DEVICE");
        (void)snprintf(winners[phone_first], sizeof winners[0], "%s", kept);
        pair_end(&pair);
    }
    CHECK_TEXT(winners[0], winners[1]); /* whichever arrived first */
}

/* sqlite-sync: a count of edits decides. */
TEST(a_device_with_more_edits_never_beats_the_later_edit)
{
    struct pair pair;
    char sql[100];

    begin(&pair);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE notes SET title = 'edit %d'", i);
        device_run(&pair.phone, sql);
    }
    world_pass(&pair.world, MINUTE_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'one edit, and later'");
    device_sync_well(&pair.tablet);
    settle(&pair);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes"), "one edit, and later");
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes"), "one edit, and later");
    pair_end(&pair);
}

/* sqlite-sync: the losing value is nowhere. */
TEST(a_losing_value_stands_in_the_audit_of_every_device_with_both_sides)
{
    struct pair pair;
    char lost[200];
    tern_id phone;
    tern_id tablet;
    const char *query = "SELECT table_name, hex(row_id), unit, rule, "
                        "json_extract(lost_values, '$.title'), json_extract(kept_values, "
                        "'$.title'), lost_time < kept_time, hex(lost_device), hex(kept_device), "
                        "lost_number > kept_number, lost_tx IS NOT NULL FROM sync_audit";
    const char *held;

    begin(&pair);
    device_run(&pair.phone, "UPDATE notes SET title = 'lost'");
    world_pass(&pair.world, MINUTE_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'kept'");
    device_sync_well(&pair.tablet);
    settle(&pair);
    held = server_ask(&pair.world, query);
    tern_replica_device(pair.phone.replica, &phone);
    tern_replica_device(pair.tablet.replica, &tablet);
    (void)snprintf(lost,
                   sizeof lost,
                   "notes,00000000000040008000000000000001,head,LATER,lost,kept,1,%s,%s,1,1",
                   file_ask(pair.phone.path, "SELECT hex(device) FROM tern_meta"),
                   file_ask(pair.tablet.path, "SELECT hex(device) FROM tern_meta"));
    CHECK_TEXT(held, lost);
    CHECK(memcmp(&phone, &tablet, sizeof phone) != 0);
    CHECK_TEXT(file_ask(pair.phone.path, query), held);
    CHECK_TEXT(file_ask(pair.tablet.path, query), held);
    pair_end(&pair);
}

struct seen_changes {
    bool found;
    const char *text;
};

static bool look_for_text(void *context, const tern_entry_change *change)
{
    struct seen_changes *seen = context;

    seen->found = seen->found || strstr(change->values, seen->text) != NULL;
    return true;
}

static bool note_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return true;
}

/* sqlite-sync: a collision overwrites the other's row, and both devices swap it for ever. */
TEST(a_unique_collision_quarantines_instead_of_overwriting_the_peer)
{
    struct pair pair;
    struct seen_changes seen = {false, "mine"};
    uint64_t ordinal = 0;
    char *before;
    uint64_t rows;

    begin(&pair);
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'mine')");
    device_sync_well(&pair.tablet);
    settle(&pair);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes WHERE place = 7"), "theirs");
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes WHERE place = 7"), "theirs");
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT title FROM notes WHERE place = 7"), "theirs");
    CHECK_INT(device_status(&pair.phone).quarantined, 1);
    CHECK(tern_outbox_visit(pair.phone.replica,
                            1U << TERN_ENTRY_QUARANTINED,
                            note_ordinal,
                            &ordinal,
                            NULL) == TERN_OK);
    CHECK(tern_outbox_changes(pair.phone.replica, ordinal, look_for_text, &seen, NULL) == TERN_OK);
    CHECK(seen.found);
    /* Nothing moves any more. */
    before = server_dump(&pair.world, true);
    rows = pair.phone.rows_received + pair.tablet.rows_received;
    settle(&pair);
    check_same_rows(server_dump(&pair.world, true), before);
    CHECK_INT(pair.phone.rows_received + pair.tablet.rows_received, rows);
    pair_end(&pair);
}

/* sqlite-sync: a payload with a column too many is refused whole. */
TEST(a_peer_with_one_more_column_is_understood)
{
    struct pair pair;
    char *older;
    char *newer;

    begin(&pair);
    older = strdup(pair.world.document);
    newer = world_next_document(&pair.world);
    pair.phone.document = older; /* an app that was never updated */
    device_close(&pair.tablet);
    world_serve(&pair.world, newer);
    device_open(&pair.tablet);
    device_run(&pair.tablet, "UPDATE notes SET title = 'new title', colour = 'red'");
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title, colour) VALUES(tern_id(), @p, 2, "
               "'two', 'blue')");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title FROM notes ORDER BY place"),
               "new title;two");
    /* And the older one wipes nothing that it does not know. */
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.phone, "UPDATE notes SET title = title || ', edited', body = 'by the phone'");
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 3, 'three')");
    settle(&pair);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title, body, colour FROM notes ORDER BY place"),
               "new title, edited,by the phone,red;two, edited,by the phone,blue;three,null,null");
    CHECK_TEXT(file_ask(pair.tablet.path, "SELECT title, body, colour FROM notes ORDER BY place"),
               "new title, edited,by the phone,red;two, edited,by the phone,blue;three,null,null");
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    CHECK_TEXT(server_ask(&pair.world, "SELECT count(*) FROM sync_audit"), "0");
    device_check_converged(&pair.tablet);
    device_end(&pair.phone);
    device_end(&pair.tablet);
    world_end(&pair.world);
    free(older);
    free(newer);
}

/* What is withheld from an old app is not there for the new one either, unless it asks again. */
TEST(an_app_update_fetches_what_the_old_version_was_not_sent)
{
    struct pair pair;
    char *older;
    char *newer;

    begin(&pair);
    older = strdup(pair.world.document);
    newer = world_next_document(&pair.world);
    pair.phone.document = older;
    device_close(&pair.tablet);
    world_serve(&pair.world, newer);
    device_open(&pair.tablet);
    device_run(&pair.tablet, "UPDATE notes SET colour = 'red'");
    device_run(&pair.tablet,
               "INSERT INTO tags(id, note_id, word) SELECT tern_id(), id, 'w' FROM notes");
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.phone, "UPDATE notes SET body = 'written before the update'");
    device_close(&pair.phone);
    pair.phone.document = newer;
    device_open(&pair.phone);
    device_sync_well(&pair.phone);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT colour, body FROM notes"),
               "red,written before the update");
    CHECK_TEXT(device_ask(&pair.phone, "SELECT word FROM tags"), "w");
    CHECK_INT(device_status(&pair.phone).pending, 0);
    device_check_converged(&pair.phone);
    device_end(&pair.phone);
    device_end(&pair.tablet);
    world_end(&pair.world);
    free(older);
    free(newer);
}

/* PowerSync, and the app of Das Tern: a job's word replaces a person's, and no copy is left. */
TEST(a_taken_overruled_by_missed_never_happens_in_any_order_of_arrival)
{
    static const char *const orders[] = {"ptj", "pjt", "tpj", "tjp", "jpt", "jtp"};

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct pair pair;
        struct device job;

        begin(&pair);
        device_begin(&pair.world, &job, "job", 'p');
        job.power = TRN_POWER_SERVICE;
        device_sync_well(&job);
        device_run(&pair.phone, "UPDATE doses SET status = 'TAKEN', taken_at = 3");
        world_pass(&pair.world, 60 * MINUTE_US);
        device_infer(&pair.tablet, "UPDATE doses SET status = 'MISSED'");
        world_pass(&pair.world, 60 * MINUTE_US);
        device_infer(&job, "UPDATE doses SET status = 'MISSED', taken_at = NULL");
        for (const char *who = orders[i]; *who != '\0'; who++) {
            device_sync_well(*who == 'p' ? &pair.phone : *who == 't' ? &pair.tablet : &job);
        }
        settle(&pair);
        device_sync_well(&job);
        CHECK_TEXT(server_ask(&pair.world, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        CHECK_TEXT(file_ask(pair.phone.path, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        CHECK_TEXT(file_ask(pair.tablet.path, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        CHECK_TEXT(file_ask(job.path, "SELECT status, taken_at FROM doses"), "TAKEN,3");
        device_end(&job);
        pair_end(&pair);
    }
}

/* Everywhere: a clock that is wrong loses newer data. */
TEST(a_wrong_clock_loses_no_newer_data)
{
    static const int64_t off_days[] = {-3650, -400, 400, 3650};

    for (size_t i = 0; i < sizeof off_days / sizeof *off_days; i++) {
        struct pair pair;

        begin(&pair);
        device_boot(&pair.tablet, off_days[i] * 86400 * SECOND_US);
        device_run(&pair.tablet, "UPDATE notes SET title = 'older, by a wrong clock'");
        world_pass(&pair.world, MINUTE_US);
        device_run(&pair.phone, "UPDATE notes SET title = 'newer'");
        world_pass(&pair.world, MINUTE_US);
        device_sync_well(i % 2 == 0 ? &pair.phone : &pair.tablet);
        settle(&pair);
        CHECK_TEXT(server_ask(&pair.world, "SELECT title FROM notes"), "newer");
        CHECK_TEXT(file_ask(pair.tablet.path, "SELECT title FROM notes"), "newer");
        world_pass(&pair.world, MINUTE_US);
        device_run(&pair.tablet, "UPDATE notes SET body = 'newest, by a wrong clock'");
        world_pass(&pair.world, MINUTE_US);
        settle(&pair);
        CHECK_TEXT(server_ask(&pair.world, "SELECT title, body FROM notes"),
                   "newer,newest, by a wrong clock");
        CHECK_TEXT(
            server_ask(&pair.world, "SELECT json_extract(lost_values, '$.title') FROM sync_audit"),
            "older, by a wrong clock");
        pair_end(&pair);
    }
}

/* The app of Das Tern: a pull replaces rows that were not synced. */
TEST(a_pull_never_replaces_an_unsynced_row)
{
    struct pair pair;
    tern_sync *sync;
    tern_sync_step step;

    begin(&pair);
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET title = 'theirs', body = 'theirs'");
    device_run(&pair.tablet, "UPDATE doses SET planned = 9");
    device_sync_well(&pair.tablet);
    world_pass(&pair.world, SECOND_US);
    /* The request leaves, the app writes, the page comes in. */
    sync = device_sync_open(&pair.phone);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    device_run(&pair.phone, "UPDATE notes SET title = 'mine'");
    device_run(&pair.phone, "UPDATE doses SET status = 'TAKEN', taken_at = 4");
    device_run(&pair.phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 5, 'new')");
    device_carry(&pair.phone, sync, step.request);
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    tern_sync_close(sync);
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT title, body FROM notes ORDER BY place"),
               "mine,theirs;new,null");
    CHECK_TEXT(file_ask(pair.phone.path, "SELECT planned, status, taken_at FROM doses"),
               "9,TAKEN,4");
    CHECK_INT(device_status(&pair.phone).pending, 3);
    settle(&pair);
    CHECK_TEXT(server_ask(&pair.world, "SELECT title, body FROM notes ORDER BY place"),
               "mine,theirs;new,null");
    CHECK_TEXT(server_ask(&pair.world, "SELECT planned, status, taken_at FROM doses"), "9,TAKEN,4");
    pair_end(&pair);
}
