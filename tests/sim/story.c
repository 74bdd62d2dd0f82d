/* The dice choose among a few things that people do. No two throws stand in one expression whose
 * order of evaluation is the compiler's. */
#include "tests/sim/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"

#define SECOND_US INT64_C(1000000)

unsigned story_roll(struct story *story, unsigned below)
{
    story->seed = story->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(story->seed >> 33) % below;
}

static uint64_t elsewhere(void)
{
    const char *text = getenv("SIM_SEED");

    return text != NULL ? strtoull(text, NULL, 10) * UINT64_C(1000) : 0;
}

void story_begin(struct story *story, uint64_t seed)
{
    static const char *const names[STORY_DEVICES] = {"phone", "tablet", "desk", "ward"};

    memset(story, 0, sizeof *story);
    story->seed = (seed + elsewhere()) * 7919 + 1;
    disk_begin(true); /* its files need not wait for the real one */
    world_begin(&story->world);
    for (size_t i = 0; i < STORY_DEVICES; i++) {
        device_begin(&story->world, &story->devices[i], names[i], i < 2 ? 'p' : 'd');
    }
    story->devices[DESK].power = TRN_POWER_OPERATOR; /* to name its role */
    device_run(&story->devices[DESK],
               "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&story->devices[DESK]);
    story->devices[DESK].power = TRN_POWER_USER;
    device_run(&story->devices[PHONE],
               "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&story->devices[PHONE],
               "INSERT INTO bonds(id, patient_id, doctor_id, status) VALUES(tern_key('bonds', @p, "
               "@d), @p, @d, 'ACCEPTED')");
    device_sync_well(&story->devices[PHONE]);
    for (size_t i = 1; i < STORY_DEVICES; i++) {
        device_sync_well(&story->devices[i]);
    }
    story->world.limits.page_rows = 3 + story_roll(story, 40);
    world_restart(&story->world);
}

void story_end(struct story *story)
{
    for (size_t i = 0; i < STORY_DEVICES; i++) {
        device_end(&story->devices[i]);
    }
    world_end(&story->world);
    disk_end();
}

/* ---- Writing, with the ledger ---- */

static struct mark *new_mark(struct story *story, int device, const char *table, const char *column)
{
    struct mark *mark = &story->marks[story->mark_count];

    CHECK(story->mark_count < STORY_MARKS);
    *mark = (struct mark){.device = device};
    (void)snprintf(mark->text, sizeof mark->text, "m%zu.", story->mark_count);
    (void)snprintf(mark->table, sizeof mark->table, "%s", table);
    (void)snprintf(mark->column, sizeof mark->column, "%s", column);
    return mark;
}

/* Notes the entry that holds what was just written. */
static void keep_mark(struct story *story, struct mark *mark, const char *row, const char *seen)
{
    (void)snprintf(mark->row, sizeof mark->row, "%s", row);
    (void)snprintf(mark->seen, sizeof mark->seen, "%s", strcmp(seen, "null") == 0 ? "" : seen);
    (void)snprintf(
        mark->tx,
        sizeof mark->tx,
        "%s",
        file_ask(story->devices[mark->device].path,
                 "SELECT lower(hex(tx)) FROM (SELECT last_ordinal AS ordinal, last_tx AS tx FROM "
                 "tern_meta UNION ALL SELECT * FROM (SELECT ordinal, tx FROM tern_outbox ORDER BY "
                 "place DESC LIMIT 1)) ORDER BY ordinal DESC LIMIT 1"));
    story->mark_count++;
}

/* One change of one column of a live row chosen by dice; nothing where there is none. */
static void edit(struct story *story, int who, const char *table, const char *column)
{
    struct device *device = &story->devices[who];
    struct mark *mark = new_mark(story, who, table, column);
    char sql[300];
    char row[33];
    char seen[16];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT lower(hex(id)) FROM %s WHERE deleted_at IS NULL ORDER BY id LIMIT 1 "
                   "OFFSET %u",
                   table,
                   story_roll(story, 6));
    (void)snprintf(row, sizeof row, "%s", file_ask(device->path, sql));
    if (row[0] == '\0') {
        return;
    }
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE id = x'%s'", column, table, row);
    (void)snprintf(seen, sizeof seen, "%s", file_ask(device->path, sql));
    (void)snprintf(sql,
                   sizeof sql,
                   "UPDATE %s SET %s = '%s' WHERE id = x'%s'",
                   table,
                   column,
                   mark->text,
                   row);
    if (device_try(device, sql) == TERN_OK) {
        keep_mark(story, mark, row, seen);
    }
}

static void add_note(struct story *story, int who)
{
    struct device *device = &story->devices[who];
    struct mark *mark = new_mark(story, who, "notes", "title");
    char sql[300];
    char row[33];

    (void)snprintf(row,
                   sizeof row,
                   "%08x%04x40008000%012x",
                   story_roll(story, 1U << 30),
                   who,
                   (unsigned)story->mark_count);
    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, place, title) VALUES(x'%s', @p, nullif(%u, 0) "
                   "%% 9, '%s')",
                   row,
                   story_roll(story, 3) == 0 ? 1 + story_roll(story, 8) : 0,
                   mark->text);
    if (device_try(device, sql) == TERN_OK) {
        keep_mark(story, mark, row, "");
    }
}

static void add_comment(struct story *story, int who)
{
    struct device *device = &story->devices[who];
    struct mark *mark = new_mark(story, who, "comments", "body");
    char sql[300];
    char row[33];
    char note[33];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT lower(hex(id)) FROM notes WHERE deleted_at IS NULL ORDER BY id LIMIT 1 "
                   "OFFSET %u",
                   story_roll(story, 6));
    (void)snprintf(note, sizeof note, "%s", file_ask(device->path, sql));
    (void)snprintf(row,
                   sizeof row,
                   "%08x%04x40009000%012x",
                   story_roll(story, 1U << 30),
                   who,
                   (unsigned)story->mark_count);
    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO comments(id, note_id, body) VALUES(x'%s', x'%s', '%s')",
                   row,
                   note,
                   mark->text);
    if (note[0] != '\0' && device_try(device, sql) == TERN_OK) {
        keep_mark(story, mark, row, "");
    }
}

static void remove_or_move(struct story *story, int who)
{
    unsigned place = story_roll(story, 9);
    bool removes = story_roll(story, 3) == 0;
    unsigned offset = story_roll(story, 6);
    char sql[200];

    (void)snprintf(sql,
                   sizeof sql,
                   "%s WHERE id = (SELECT id FROM notes WHERE deleted_at IS NULL ORDER BY id LIMIT "
                   "1 OFFSET %u)",
                   removes ? "DELETE FROM notes" : "UPDATE notes SET place = 0",
                   offset);
    if (!removes) {
        sql[strlen("UPDATE notes SET place = ")] = (char)('0' + place);
    }
    (void)device_try(&story->devices[who], sql);
}

static void write_something(struct story *story, int who)
{
    switch (story_roll(story, 9)) {
    case 0:
    case 1:
        add_note(story, who);
        break;
    case 2:
        add_comment(story, who);
        break;
    case 3:
    case 4:
    case 5:
        edit(story, who, "notes", "title");
        break;
    case 6:
        edit(story, who, "notes", "body");
        break;
    case 7:
        edit(story, who, "comments", "body");
        break;
    default:
        remove_or_move(story, who);
        break;
    }
}

/* ---- The rest of a life ---- */

static void sync_somehow(struct story *story, struct device *device)
{
    unsigned bad = story->fine ? 0 : story_roll(story, 4);

    for (unsigned i = 0; i < bad; i++) {
        device_expect(device, (enum weather)story_roll(story, SERVER_AWAY + 1));
    }
    (void)device_sync(device);
    device->weather_count = 0;
}

static void sync_in_pieces(struct story *story, int who)
{
    struct device *device = &story->devices[who];
    tern_sync_options options = {.size = sizeof options};
    tern_sync *sync = NULL;
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    unsigned steps;

    options.page_rows = 2 + story_roll(story, 20);
    options.push_bytes = 200 + story_roll(story, 3000);
    steps = 4 + story_roll(story, 30);
    CHECK(tern_sync_open(device->replica, &options, &sync, NULL) == TERN_OK);
    while (steps-- > 0 && step.action != TERN_SYNC_DONE) {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
        if (story_roll(story, 4) == 0) {
            write_something(story, who);
        }
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
        } else if (step.action == TERN_SYNC_WAIT) {
            world_pass(&story->world, step.wait_ms * 1000);
        }
    }
    tern_sync_close(sync);
}

static void open_or_close_the_record(struct story *story)
{
    struct device *device = &story->devices[story_roll(story, 2)];
    bool ends = story_roll(story, 3) == 0;

    (void)device_try(device,
                     ends ? "UPDATE bonds SET status = 'ENDED'"
                          : "UPDATE bonds SET status = 'ACCEPTED'");
}

static void misfortune(struct story *story, int who)
{
    struct device *device = &story->devices[who];

    switch (story_roll(story, 3)) {
    case 0:
        device_boot(device, ((int64_t)story_roll(story, 3) - 1) * INT64_C(95000000) * SECOND_US);
        break;
    case 1:
        device_close(device);
        device_open(device);
        break;
    default:
        open_or_close_the_record(story);
        break;
    }
}

void story_live(struct story *story, unsigned moments)
{
    while (moments-- > 0) {
        int who = (int)story_roll(story, STORY_DEVICES);

        world_pass(&story->world, (int64_t)story_roll(story, 5000) * 1000);
        switch (story_roll(story, 10)) {
        case 0:
        case 1:
            sync_somehow(story, &story->devices[who]);
            break;
        case 2:
            sync_in_pieces(story, who);
            break;
        case 3:
            if (!story->fine) {
                misfortune(story, who);
            }
            break;
        default:
            write_something(story, who);
            break;
        }
    }
}

static void sync_all(struct story *story)
{
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < STORY_DEVICES; i++) {
            world_pass(&story->world, SECOND_US);
            device_sync_well(&story->devices[i]);
        }
    }
}

void story_settle(struct story *story)
{
    for (unsigned i = 0; i < STORY_DEVICES; i++) {
        story->devices[i].clock_off_us = 0;
    }
    sync_all(story);
    device_run(&story->devices[PHONE], "UPDATE bonds SET status = 'ACCEPTED'");
    sync_all(story);
}

struct parked {
    uint64_t ordinals[STORY_MARKS];
    size_t count;
};

static bool note_parked(void *context, const tern_entry *entry)
{
    struct parked *parked = context;

    parked->ordinals[parked->count++] = entry->ordinal;
    return parked->count < STORY_MARKS;
}

void story_discard_some(struct story *story)
{
    for (unsigned i = 0; i < STORY_DEVICES; i++) {
        struct parked parked = {.count = 0};

        CHECK(tern_outbox_visit(story->devices[i].replica,
                                1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED,
                                note_parked,
                                &parked,
                                NULL) == TERN_OK);
        for (size_t j = 0; j < parked.count; j += 2) {
            tern_status status =
                tern_quarantine_discard(story->devices[i].replica, parked.ordinals[j], NULL);

            CHECK(status == TERN_OK || status == TERN_ERR_NOT_FOUND || status == TERN_ERR_MISUSE);
        }
    }
    sync_all(story);
}
