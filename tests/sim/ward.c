/* The documents with and without windows, and what is written by them. */
#include "tests/sim/ward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *ward_with(char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *copy = malloc(size);

    CHECK(at != NULL && copy != NULL);
    (void)snprintf(copy, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return copy;
}

enum { TABLES = 3 };

static const char *const tables[TABLES] = {"doses", "notes", "comments"};

static const char *const columns[TABLES] = {"planned", "day", "created_at"};

/* The world's document, in which doses are planned for a time and notes have a day. */
static char *timed_document(const struct world *world)
{
    char *text = strdup(world->document);

    CHECK(text != NULL);
    text = ward_with(text,
                     "{\"name\":\"planned\",\"type\":\"integer\",\"default\":0}",
                     "{\"name\":\"planned\",\"type\":\"timestamptz\",\"default\":0}");
    text =
        ward_with(text,
                  "{\"name\":\"place\",\"type\":\"integer\",\"nullable\":true},",
                  "{\"name\":\"place\",\"type\":\"integer\",\"nullable\":true},"
                  "{\"name\":\"day\",\"type\":\"date\",\"nullable\":true},"
                  "{\"name\":\"after_id\",\"type\":\"uuid\",\"references\":{\"table\":\"notes\"},"
                  "\"nullable\":true},");
    text =
        ward_with(text, "\"columns\":[\"place\"]", "\"columns\":[\"place\",\"day\",\"after_id\"]");
    for (size_t i = 0; i < TABLES; i++) {
        char from[64];
        char to[128];

        (void)snprintf(from, sizeof from, "{\"name\":\"%s\",", tables[i]);
        (void)snprintf(to,
                       sizeof to,
                       "{\"name\":\"%s\",\"indexes\":[{\"columns\":[\"%s\"]}],",
                       tables[i],
                       columns[i]);
        text = ward_with(text, from, to);
    }
    return ward_with(
        text,
        "{\"name\":\"doses\",",
        "{\"name\":\"doses\",\"unique\":[{\"columns\":[\"patient_id\",\"taken_at\"]}],");
}

/* The same with windows: `doses` and `notes` in days, and `comments` by their making, or 0. */
static char *windowed(const char *whole, unsigned version, int doses, int notes, int comments)
{
    const int days[TABLES] = {doses, notes, comments};
    char *text = strdup(whole);
    char from[64];
    char to[256];

    CHECK(text != NULL);
    for (size_t i = 0; i < TABLES; i++) {
        (void)snprintf(from, sizeof from, "{\"name\":\"%s\",\"", tables[i]);
        (void)snprintf(to,
                       sizeof to,
                       "{\"name\":\"%s\",\"window\":{\"column\":\"%s\",\"days\":%d},\"",
                       tables[i],
                       columns[i],
                       days[i]);
        text = days[i] > 0 ? ward_with(text, from, to) : text;
    }
    (void)snprintf(to, sizeof to, "\"version\":%u", version);
    return ward_with(text, "\"version\":1", to);
}

void ward_serve(struct ward *ward, unsigned version, int doses, int notes, int comments)
{
    char *text = windowed(ward->whole, version, doses, notes, comments);

    world_serve(&ward->world, text);
    free(text);
}

void ward_begin_with(struct ward *ward, int doses, int notes, int comments)
{
    world_begin(&ward->world);
    ward->whole = timed_document(&ward->world);
    world_found(&ward->world, ward->whole);
    ward_serve(ward, 1, doses, notes, comments);
    memset(&ward->desk, 0, sizeof ward->desk);
    device_begin(&ward->world, &ward->phone, "phone", 'p');
    device_begin(&ward->world, &ward->desk, "desk", 'p');
    device_close(&ward->desk);
    CHECK_INT(remove(ward->desk.path), 0);
    ward->desk.document = ward->whole;
    device_open(&ward->desk);
    device_run(&ward->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
}

void ward_begin(struct ward *ward)
{
    ward_begin_with(ward, 90, 0, 0);
}

void ward_end(struct ward *ward)
{
    device_check_converged(&ward->phone);
    device_end(&ward->phone);
    device_end(&ward->desk);
    world_end(&ward->world);
    free(ward->whole);
}

void ward_plan(struct device *device, const char *slot, int days)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO doses(id, patient_id, slot, planned) VALUES(tern_key('doses', @p, "
                   "'%s'), @p, '%s', tern_now() - %d * 86400000000)",
                   slot,
                   slot,
                   days);
    device_run(device, sql);
}

void ward_set(struct device *device, const char *slot, const char *what)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql, "UPDATE doses SET %s WHERE slot = '%s'", what, slot);
    device_run(device, sql);
}

void ward_note(struct device *device, const char *title, int days)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, title, day) VALUES(tern_id(), @p, '%s', "
                   "date(tern_now() / 1000000 - %d * 86400, 'unixepoch'))",
                   title,
                   days);
    device_run(device, sql);
}

void ward_comment(struct device *device, const char *title, const char *body)
{
    char sql[400];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO comments(id, note_id, body) SELECT tern_id(), id, '%s' FROM notes "
                   "WHERE title = '%s'",
                   body,
                   title);
    device_run(device, sql);
}

const char *ward_slots(struct device *device)
{
    return device_ask(device, "SELECT slot FROM doses ORDER BY slot");
}

const char *ward_titles(struct device *device)
{
    return device_ask(device, "SELECT title FROM notes ORDER BY title");
}

void ward_pass_days(struct ward *ward, int days)
{
    world_pass(&ward->world, days * DAY_US);
}

void ward_sync_all(struct ward *ward)
{
    for (int i = 0; i < 2; i++) {
        device_sync_well(&ward->phone);
        world_pass(&ward->world, SECOND_US);
        device_sync_well(&ward->desk);
        world_pass(&ward->world, SECOND_US);
    }
}

void ward_sync_while(struct device *device, void (*write)(struct device *device))
{
    tern_sync *sync = device_sync_open(device);
    tern_sync_step step = {.action = TERN_SYNC_WORK};

    while (step.action != TERN_SYNC_DONE) {
        CHECK_INT(tern_sync_next(sync, &step, NULL), TERN_OK);
        if (step.action == TERN_SYNC_SEND) {
            device_carry(device, sync, step.request);
            if (write != NULL) {
                write(device);
            }
            write = NULL;
        }
    }
    CHECK_INT(step.result, TERN_OK);
    tern_sync_close(sync);
}

void ward_take_old(struct device *device)
{
    ward_set(device, "old", "status = 'TAKEN'");
}

bool ward_note_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return true;
}

uint64_t ward_find_quarantined(struct device *device)
{
    uint64_t ordinal = 0;

    CHECK_INT(tern_outbox_visit(device->replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                ward_note_ordinal,
                                &ordinal,
                                NULL),
              TERN_OK);
    CHECK(ordinal != 0);
    return ordinal;
}
