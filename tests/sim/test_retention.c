/* Rows that nothing has changed for their table's retention_days leave the server, and then every
 * device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/retain.h"
#include "tests/sim/world.h"

#define DAY_US INT64_C(86400000000)
#define SECOND_US INT64_C(1000000)

/* Notes and comments are kept for 30 days, doses and bonds for ever. */
struct archive {
    struct world world;
    struct device phone;
    struct device tablet;
};

static char *with_retention(const char *text, const char *table)
{
    const char *at;
    char *copy = malloc(strlen(text) + 64);
    char name[64];

    (void)snprintf(name, sizeof name, "{\"name\":\"%s\",\"scopes\"", table);
    at = strstr(text, name);
    CHECK(at != NULL && copy != NULL);
    (void)sprintf(copy,
                  "%.*s{\"name\":\"%s\",\"retention_days\":30,%s",
                  (int)(at - text),
                  text,
                  table,
                  at + strlen(name) - strlen("\"scopes\""));
    return copy;
}

static void found(struct world *world)
{
    char *notes = with_retention(world->document, "notes");
    char *both = with_retention(notes, "comments");

    world_found(world, both);
    free(notes);
    free(both);
}

/* Three notes of day 0, the first with a comment of its own; on day 20 the third is edited, and
 * the second commented on. */
static void begin(struct archive *archive)
{
    world_begin(&archive->world);
    found(&archive->world);
    device_begin(&archive->world, &archive->phone, "phone", 'p');
    device_begin(&archive->world, &archive->tablet, "tablet", 'p');
    device_run(&archive->phone,
               "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&archive->phone,
               "INSERT INTO doses(id, patient_id, slot) VALUES(tern_key('doses', @p, 'N'), @p, "
               "'N')");
    device_run(&archive->phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES"
               "(x'00000000000040008000000000000001', @p, 1, 'old'),"
               "(x'00000000000040008000000000000002', @p, 2, 'held'),"
               "(x'00000000000040008000000000000003', @p, 3, 'edited')");
    device_run(&archive->phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000001', 'on old')");
    device_sync_well(&archive->phone);
    device_sync_well(&archive->tablet);
    world_pass(&archive->world, 20 * DAY_US);
    device_run(&archive->tablet, "UPDATE notes SET body = 'new' WHERE place = 3");
    device_run(&archive->phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000002', 'on held')");
    device_sync_well(&archive->tablet);
    device_sync_well(&archive->phone);
    device_sync_well(&archive->tablet);
}

static void end(struct archive *archive)
{
    device_check_converged(&archive->phone);
    device_check_converged(&archive->tablet);
    device_end(&archive->phone);
    device_end(&archive->tablet);
    world_end(&archive->world);
}

static const char *titles(struct device *device)
{
    return device_ask(device, "SELECT title FROM notes ORDER BY place");
}

static const char *server_titles(struct archive *archive)
{
    return world_ask(&archive->world, "SELECT group_concat(title) FROM notes");
}

TEST(what_nothing_has_changed_for_its_time_leaves_the_server_and_every_device)
{
    struct archive archive;

    begin(&archive);
    CHECK_INT(world_retain(&archive.world, 0), 0);
    world_pass(&archive.world, 11 * DAY_US);
    CHECK_INT(world_retain(&archive.world, 0), 2); /* the first note and its comment */
    CHECK_TEXT(server_titles(&archive), "held,edited");
    CHECK_TEXT(world_ask(&archive.world, "SELECT body FROM comments"), "on held");
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM doses"), "1");
    CHECK_TEXT(world_ask(&archive.world,
                         "SELECT count(*) FROM tern_entry WHERE instr(body, 'on old') > 0"),
               "0");
    device_sync_well(&archive.phone);
    device_sync_well(&archive.tablet);
    CHECK_TEXT(titles(&archive.phone), "held;edited");
    CHECK_TEXT(titles(&archive.tablet), "held;edited");
    CHECK_TEXT(device_ask(&archive.phone, "SELECT body FROM comments"), "on held");
    end(&archive);
}

TEST(a_row_that_a_younger_one_references_goes_with_it_and_few_go_at_a_time)
{
    struct archive archive;

    begin(&archive);
    world_pass(&archive.world, 11 * DAY_US);
    CHECK_INT(world_retain(&archive.world, 1), 2);
    CHECK_TEXT(server_titles(&archive), "held,edited");
    world_pass(&archive.world, 20 * DAY_US);
    CHECK_INT(world_retain(&archive.world, 1), 3);
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM notes"), "0");
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM comments"), "0");
    device_sync_well(&archive.phone);
    device_sync_well(&archive.tablet);
    CHECK_TEXT(titles(&archive.phone), "");
    end(&archive);
}

TEST(letting_nothing_go_writes_nothing)
{
    struct archive archive;
    char before[32];

    begin(&archive);
    (void)snprintf(before,
                   sizeof before,
                   "%s",
                   world_ask(&archive.world, "SELECT count(*) FROM tern_entry"));
    CHECK_INT(world_retain(&archive.world, 0), 0);
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM tern_entry"), before);
    end(&archive);
}

TEST(an_edit_of_a_row_that_has_gone_is_parked_for_good_and_holds_nothing_up)
{
    struct archive archive;

    begin(&archive);
    world_pass(&archive.world, 11 * DAY_US);
    device_run(&archive.tablet, "UPDATE notes SET body = 'late' WHERE place = 1");
    device_run(&archive.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 4, 'more')");
    CHECK_INT(world_retain(&archive.world, 0), 2);
    device_sync_well(&archive.tablet);
    device_sync_well(&archive.phone);
    CHECK_INT(device_status(&archive.tablet).pending, 0);
    CHECK_INT(device_status(&archive.tablet).locked, 1);
    CHECK_TEXT(titles(&archive.tablet), "held;edited;more");
    CHECK_TEXT(titles(&archive.phone), "held;edited;more");
    end(&archive);
}

TEST(what_was_set_aside_of_a_row_goes_with_it)
{
    struct archive archive;

    begin(&archive);
    device_run(&archive.phone, "UPDATE notes SET title = 'phone' WHERE place = 2");
    world_pass(&archive.world, SECOND_US);
    device_run(&archive.tablet, "UPDATE notes SET title = 'tablet' WHERE place = 2");
    device_sync_well(&archive.phone);
    device_sync_well(&archive.tablet);
    device_sync_well(&archive.phone);
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM sync_audit"), "1");
    world_pass(&archive.world, 31 * DAY_US);
    CHECK_INT(world_retain(&archive.world, 0), 5);
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM sync_audit"), "0");
    device_sync_well(&archive.phone);
    device_sync_well(&archive.tablet);
    CHECK_TEXT(device_ask(&archive.phone, "SELECT count(*) FROM sync_audit"), "0");
    end(&archive);
}

TEST(letting_go_works_or_runs_out_of_memory_and_goes_on_from_there)
{
    struct archive archive;
    tern_status status = TERN_OK;
    uint64_t sum = 0;

    begin(&archive);
    world_pass(&archive.world, 31 * DAY_US);
    FOR_EACH_ALLOC_FAILURE (nth) {
        uint64_t count = 0;

        status = trn_retain(archive.world.db, archive.world.now_us, 1, &count, NULL);
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        sum += count;
    }
    CHECK_INT(status, TERN_OK);
    CHECK_INT(sum, 5);
    world_retained(&archive.world, sum);
    CHECK_TEXT(world_ask(&archive.world, "SELECT count(*) FROM notes"), "0");
    world_restart(&archive.world);
    device_sync_well(&archive.phone);
    device_sync_well(&archive.tablet);
    end(&archive);
}
