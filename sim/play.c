/* The executor: each event is a verb and what it needs; a table of verbs does the rest. */
#include "sim/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "sim/backup.h"
#include "sim/care.h"
#include "sim/care_job.h"
#include "sim/erased.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/parsed.h"

#ifndef TERN_SIM_FOLDER
#error "the folder of the simulator's schemas is not known"
#endif

/* ---- Documents ---- */

enum { NAMED_MAX = 8 };

static struct {
    char name[400];
    struct sim_document documents[SIM_DOCUMENTS];
    size_t count;
} named[NAMED_MAX];

/* Without the spaces that it was written with: every opening reads it. */
static bool load(const char *path, struct sim_document *document, char message[600])
{
    json_error_t place;
    json_t *json = json_load_file(path, 0, &place);
    tern_error error = {0};

    document->text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (document->text == NULL && place.line < 0) {
        (void)snprintf(message, 600, "%.590s", place.text);
    } else if (document->text == NULL) {
        (void)snprintf(message, 600, "%.400s:%d: %.160s", path, place.line, place.text);
    } else if (trn_schema_load(document->text, strlen(document->text), &document->schema, &error) !=
               TERN_OK) {
        (void)snprintf(message, 600, "%.200s: %.380s", path, error.message);
    } else {
        sim_parsed_keep(document->schema);
        return true;
    }
    free(document->text);
    document->text = NULL;
    return false;
}

struct sim_document *sim_documents(const char *name, size_t *ret_count, char message[600])
{
    char path[500];
    size_t slot = 0;

    while (slot < NAMED_MAX - 1 && named[slot].count > 0 && strcmp(named[slot].name, name) != 0) {
        slot++;
    }
    if (named[slot].count == 0) {
        if (strcmp(name, "clinic") == 0) {
            if (!load(TERN_SIM_FOLDER "/schemas/clinic-1.json",
                      &named[slot].documents[0],
                      message) ||
                !load(TERN_SIM_FOLDER "/schemas/clinic-2.json",
                      &named[slot].documents[1],
                      message)) {
                return NULL;
            }
            named[slot].count = 2;
        } else {
            (void)snprintf(path,
                           sizeof path,
                           "%s",
                           strcmp(name, "dastern") == 0 ? TERN_SIM_FOLDER "/../schemas/dastern.json"
                           : strcmp(name, "archive") == 0 ? TERN_SIM_FOLDER "/schemas/archive.json"
                                                          : name);
            if (!load(path, &named[slot].documents[0], message)) {
                return NULL;
            }
            named[slot].count = 1;
        }
        (void)snprintf(named[slot].name, sizeof named[slot].name, "%s", name);
    }
    *ret_count = named[slot].count;
    return named[slot].documents;
}

/* ---- Reading events ---- */

static const char *text_of(json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

static int64_t number_of(json_t *event, const char *key, int64_t none)
{
    json_t *value = json_object_get(event, key);

    return json_is_integer(value) ? json_integer_value(value) : none;
}

static bool flag_of(json_t *event, const char *key)
{
    return json_is_true(json_object_get(event, key));
}

static bool is_server(json_t *event, const char *key)
{
    const char *name = text_of(event, key);

    return name != NULL && strcmp(name, "server") == 0;
}

/* The device that an event names; a history that was shrunk may name one that is gone, and such an
 * event does nothing. */
static struct sim_device *device_of(struct sim_world *world, json_t *event, const char *key)
{
    struct sim_device *device = sim_device_find(world, text_of(event, key));

    return device != NULL && device->replica != NULL ? device : NULL;
}

/* ---- Verbs ---- */

static void play_pass(struct sim_world *world, json_t *event)
{
    world->now_us += number_of(event, "ms", 0) * 1000 + number_of(event, "s", 0) * SIM_SECOND_US +
                     number_of(event, "hours", 0) * 3600 * SIM_SECOND_US +
                     number_of(event, "days", 0) * 86400 * SIM_SECOND_US;
}

static void check_code(struct sim_device *device, json_t *event, tern_status status)
{
    bool told = device->heard.status == status && status != TERN_OK;
    const char *due = text_of(event, "fails");
    const char *code = status == TERN_OK ? "OK" : tern_status_code(status);

    if (device->troubled && sim_is_trouble(status)) {
        return;
    }
    if (strcmp(due != NULL ? due : "OK", code) != 0) {
        sim_fail(device->world,
                 "expectation",
                 "%s: %s gave %s, not %s%s%s",
                 device->name,
                 text_of(event, "do"),
                 code,
                 due != NULL ? due : "OK",
                 told ? ": " : "",
                 told ? device->heard.message : "");
    }
}

static void play_write(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");
    json_t *rows = json_object_get(event, "rows");

    if (device == NULL) {
        return;
    }
    if (rows != NULL) {
        device->heard = (tern_error){0};
        check_code(device, event, sim_write_rows(device, rows, flag_of(event, "inferred")));
    } else if (number_of(event, "bytes", 0) > 0) {
        sim_write_much(device,
                       (uint64_t)number_of(event, "seed", 1),
                       (unsigned)number_of(event, "changes", 1),
                       (size_t)number_of(event, "bytes", 0));
    } else {
        sim_write_anything(device,
                           (uint64_t)number_of(event, "seed", 1),
                           (unsigned)number_of(event, "changes", 1),
                           flag_of(event, "inferred"));
    }
}

/* Whose token the app sends by mistake: 1 + the user; 0 where it is right. */
static size_t other_bearer(struct sim_device *device, json_t *event)
{
    size_t other = sim_world_user(device->world, text_of(event, "token"));

    return other != SIM_USERS && other != device->user ? other + 1 : 0;
}

/* A word that means nothing would pass for fair weather, and show nothing. */
static void check_weather(struct sim_world *world, json_t *weather)
{
    size_t index;
    json_t *item;

    if (weather != NULL && !json_is_array(weather)) {
        sim_fail(world, "history", "weather is a list");
    }
    json_array_foreach(weather, index, item)
    {
        const char *word = json_string_value(item);

        if (!sim_is_weather(word != NULL ? word : "")) {
            sim_fail(world,
                     "history",
                     "there is no weather %s",
                     word != NULL ? word : "without words");
        }
    }
}

static void play_sync(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");
    struct sim_sync how = {.weather = json_object_get(event, "weather"),
                           .stop = (unsigned)number_of(event, "stop", 0),
                           .page_rows = (uint32_t)number_of(event, "page_rows", 0),
                           .push_bytes = (uint32_t)number_of(event, "push_bytes", 0),
                           .busy = (uint64_t)number_of(event, "busy", 0),
                           .overtaken = flag_of(event, "overtaken")};
    tern_status status;
    bool troubled;

    check_weather(world, how.weather);
    if (device == NULL || sim_failed(world)) {
        return;
    }
    how.as = other_bearer(device, event);
    troubled = device->troubled; /* until it dies of it, perhaps */
    status = sim_sync(device, &how);
    if (status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT || status == TERN_ERR_MISUSE ||
        (sim_is_trouble(status) && status != TERN_ERR_BUSY && !troubled)) {
        sim_fail(world, "status", "%s: sync gave %s", device->name, tern_status_code(status));
    }
    if (how.as > 0 && status == TERN_OK) {
        sim_fail(world, "isolation", "%s syncs under the token of another user", device->name);
    }
    if (json_object_get(event, "fails") != NULL) {
        check_code(device, event, status);
    }
}

static void play_clock(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (device != NULL) {
        device->clock_was_off = true;
        device->clock_off_us =
            (number_of(event, "off_s", 0) + number_of(event, "off_days", 0) * 86400) *
            SIM_SECOND_US;
        world->faults++;
    }
}

static void play_user(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (device != NULL) {
        sim_write_user(device);
    }
}

static void play_grant(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");
    size_t to = sim_world_user(world, text_of(event, "to"));

    if (device != NULL && to < SIM_USERS) {
        sim_write_grant(device, device->user, to, !flag_of(event, "closed"));
    }
}

static void play_reopen(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (is_server(event, "device")) {
        sim_server_restart(world);
    } else if (device != NULL) {
        sim_device_reopen(device, flag_of(event, "reboot"));
    }
}

/* The disk does something at its nth operation from now; nth 0: the machine dies at once. */
static void arm_disk(struct sim_world *world, json_t *event, enum sim_disk_fault fault)
{
    struct sim_device *device = device_of(world, event, "device");
    struct sim_disk *disk = is_server(event, "device") ? world->disk
                            : device != NULL           ? device->disk
                                                       : NULL;
    unsigned nth = (unsigned)number_of(event, "at", 0);
    unsigned syncs = (unsigned)number_of(event, "sync", 0);

    if (disk == NULL) {
        return;
    }
    if (device != NULL) {
        device->troubled = true;
    } else {
        world->troubled = true;
    }
    if (syncs > 0) {
        sim_disk_arm_sync(disk, fault, syncs);
    } else if (nth == 0 && (fault == SIM_DISK_KILL || fault == SIM_DISK_POWER)) {
        sim_disk_die(disk, fault == SIM_DISK_POWER);
    } else {
        sim_disk_arm(disk, fault, nth > 0 ? nth : 1);
    }
}

static void play_kill(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_KILL);
}

static void play_power(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_POWER);
}

static void play_error(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_ERROR);
}

static void play_full(struct sim_world *world, json_t *event)
{
    arm_disk(world, event, SIM_DISK_FULL);
}

static void play_memory(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (is_server(event, "device")) {
        world->troubled = true;
        sim_memory_arm(SIM_SERVER, (unsigned)number_of(event, "at", 1));
    } else if (device != NULL) {
        device->troubled = true;
        sim_memory_arm(device->index, (unsigned)number_of(event, "at", 1));
    }
}

/* All that is armed is forgotten: disks have room, and nothing fails any more. */
static void play_disarm(struct sim_world *world, json_t *event)
{
    (void)event;
    sim_world_disarm(world);
}

static void play_upgrade(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (is_server(event, "device") && world->served + 1 < world->document_count) {
        sim_server_serve(world, world->served + 1);
    } else if (device != NULL && device->document + 1 < world->document_count) {
        device->document++;
        sim_device_reopen(device, false);
    }
}

static void play_backup(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (is_server(event, "device")) {
        sim_server_backup(world);
        if (flag_of(event, "told")) {
            sim_backup_tell(world);
        }
    } else if (device != NULL) {
        sim_device_backup(device);
    }
}

static void play_restore(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    world->faults++;
    if (is_server(event, "device")) {
        sim_server_restore(world, flag_of(event, "older"));
    } else if (device != NULL) {
        sim_device_restore(device);
    }
}

static void play_clone(struct sim_world *world, json_t *event)
{
    struct sim_device *from = device_of(world, event, "from");
    struct sim_device *to = device_of(world, event, "device");

    if (from != NULL && to != NULL && from != to) {
        world->faults++;
        sim_device_clone(from, to);
    }
}

/* Somebody else signs in: the file is not theirs, and stays whose it is. */
static void play_switch(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");
    size_t other = sim_world_user(world, text_of(event, "user"));
    size_t mine;
    tern_status status;

    if (device == NULL || other == SIM_USERS || other == device->user) {
        return;
    }
    mine = device->user;
    sim_device_close(device);
    device->user = other;
    status = sim_device_open(device, NULL);
    if (status == TERN_OK) {
        sim_fail(world, "isolation", "the replica of %s opens for another user", device->name);
    } else if (status != TERN_ERR_WRONG_USER && !(device->troubled && sim_is_trouble(status))) {
        sim_fail(world, "status", "%s: open gave %s", device->name, tern_status_code(status));
    }
    sim_device_close(device);
    device->user = mine;
    sim_device_reopen(device, false);
}

struct choice {
    uint64_t ordinals[64];
    size_t count;
};

static bool note_parked(void *context, const tern_entry *entry)
{
    struct choice *choice = context;

    choice->ordinals[choice->count++] = entry->ordinal;
    return choice->count < 64;
}

/* The person looks at what was set aside: tries some of it again, gives some of it up. */
static void play_decide(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");
    struct sim_dice dice = sim_dice_make((uint64_t)number_of(event, "seed", 1));
    struct choice choice = {.count = 0};
    struct trn_bytes parked;
    bool failed = false;
    bool died;

    if (device == NULL) {
        return;
    }
    parked = sim_ledger_parked(device);
    sim_care_blur(world);
    (void)SIM_CALL(device->index,
                   tern_outbox_visit(device->replica,
                                     1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED,
                                     note_parked,
                                     &choice,
                                     NULL));
    for (size_t i = 0; i < choice.count; i++) {
        bool discard =
            flag_of(event, "discard") || (!flag_of(event, "retry") && sim_chance(&dice, 50));
        tern_status status =
            discard
                ? SIM_CALL(device->index,
                           tern_quarantine_discard(device->replica, choice.ordinals[i], NULL))
                : SIM_CALL(device->index,
                           tern_quarantine_retry(device->replica, choice.ordinals[i], NULL, NULL));

        sim_hash_number(world, status);
        failed = failed || sim_is_trouble(status);
        if (status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT ||
            (sim_is_trouble(status) && !device->troubled)) {
            sim_fail(world,
                     "status",
                     "%s: %s gave %s",
                     device->name,
                     discard ? "discard" : "retry",
                     tern_status_code(status));
        }
    }
    died = sim_disk_is_dead(device->disk);
    sim_world_mend(world);
    if (!sim_failed(world)) {
        sim_ledger_rescan(device, &parked, !died);
    }
    trn_bytes_free(&device->undecided);
    if (failed) {
        device->undecided = trn_bytes_move(&parked);
    }
    trn_bytes_free(&parked);
}

static void play_settle(struct sim_world *world, json_t *event)
{
    (void)event;
    sim_settle(world);
}

/* `@name` in SQL stands for a user's id, `$label` for a row's. */
static void expand(struct sim_world *world, const char *sql, struct trn_bytes *text)
{
    while (*sql != '\0') {
        char name[40];
        size_t size = 0;
        const char *hex = NULL;
        tern_status status;

        if (*sql == '@' || *sql == '$') {
            while (size + 1 < sizeof name && (sql[size + 1] == '_' || sql[size + 1] == '-' ||
                                              (sql[size + 1] >= '0' && sql[size + 1] <= '9') ||
                                              (sql[size + 1] >= 'a' && sql[size + 1] <= 'z'))) {
                name[size] = sql[size + 1];
                size++;
            }
            name[size] = '\0';
        }
        if (size > 0 && *sql == '@' && sim_world_user(world, name) < SIM_USERS) {
            const tern_id *id = &world->users[sim_world_user(world, name)].id;

            status = trn_bytes_append_text(text, "x'");
            for (size_t i = 0; status == TERN_OK && i < sizeof id->bytes; i++) {
                status = trn_bytes_append_format(text, "%02x", id->bytes[i]);
            }
            status = status == TERN_OK ? trn_bytes_append_text(text, "'") : status;
            sql += size + 1;
        } else if (size > 0 && *sql == '$' &&
                   (hex = json_string_value(json_object_get(world->rows, name))) != NULL) {
            status = trn_bytes_append_format(text, "x'%s'", hex);
            sql += size + 1;
        } else {
            status = trn_bytes_append(text, sql++, 1);
        }
        if (status != TERN_OK) {
            abort();
        }
    }
}

static void expect_sql(struct sim_world *world, json_t *event, int device)
{
    struct trn_bytes sql = {0};
    struct trn_bytes rows;
    sqlite3 *db = sim_look(world, device);
    const char *due = text_of(event, "is");

    expand(world, text_of(event, "sql"), &sql);
    rows = sim_look_rows(world, db, trn_bytes_text(&sql));
    sim_look_away(world, device);
    if (rows.size > 0) {
        rows.data[--rows.size] = '\0'; /* the last line's end */
    }
    if (strcmp(trn_bytes_text(&rows), due != NULL ? due : "") != 0) {
        sim_fail(world,
                 "expectation",
                 "%s: %.250s gave \"%.200s\", not \"%.100s\"",
                 text_of(event, "device"),
                 text_of(event, "sql"),
                 trn_bytes_text(&rows),
                 due != NULL ? due : "");
    }
    trn_bytes_free(&sql);
    trn_bytes_free(&rows);
}

static void expect_count(struct sim_device *device, json_t *event, const char *what, uint64_t count)
{
    int64_t due = number_of(event, what, -1);

    if (due >= 0 && (uint64_t)due != count) {
        sim_fail(device->world,
                 "expectation",
                 "%s has %llu %s, not %lld",
                 device->name,
                 (unsigned long long)count,
                 what,
                 (long long)due);
    }
}

static void play_expect(struct sim_world *world, json_t *event)
{
    struct sim_device *device = device_of(world, event, "device");

    if (device == NULL && !is_server(event, "device")) {
        sim_fail(world, "history", "an expectation of nobody");
        return;
    }
    if (text_of(event, "sql") != NULL) {
        expect_sql(world, event, device != NULL ? device->index : SIM_SERVER);
    }
    if (device != NULL) {
        tern_replica_status status = sim_device_status(device);

        expect_count(device, event, "pending", status.pending);
        expect_count(device, event, "quarantined", status.quarantined);
        expect_count(device, event, "locked", status.locked);
    }
}

static void play_erase(struct sim_world *world, json_t *event)
{
    sim_erased_add(world, sim_world_user(world, text_of(event, "user")));
}

static const struct verb {
    const char *name;
    void (*play)(struct sim_world *world, json_t *event);
    bool keeps_arms; /* what is armed stays so for the event behind it */
} verbs[] = {
    {"write", play_write, false},   {"sync", play_sync, false},
    {"pass", play_pass, true},      {"clock", play_clock, true},
    {"user", play_user, false},     {"grant", play_grant, false},
    {"reopen", play_reopen, false}, {"kill", play_kill, true},
    {"power", play_power, true},    {"error", play_error, true},
    {"full", play_full, true},      {"memory", play_memory, true},
    {"room", play_disarm, false},   {"upgrade", play_upgrade, false},
    {"backup", play_backup, false}, {"restore", play_restore, false},
    {"clone", play_clone, false},   {"switch", play_switch, false},
    {"decide", play_decide, false}, {"settle", play_settle, false},
    {"erase", play_erase, false},   {"expect", play_expect, false},
    {"care", sim_care_play, false}, {"job", sim_job_play, false},
};

void sim_play_event(struct sim_world *world, json_t *event)
{
    const char *verb = text_of(event, "do");

    for (size_t i = 0; verb != NULL && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, verb) == 0) {
            verbs[i].play(world, event);
            if (!verbs[i].keeps_arms && sim_memory_has_struck()) {
                world->faults++;
                sim_memory_arm(SIM_SERVER, 0);
            }
            sim_world_mend(world);
            if (world->care && !sim_failed(world)) {
                sim_care_watch(world);
            }
            return;
        }
    }
    sim_fail(world, "history", "there is no verb %s", verb != NULL ? verb : "(none)");
}

/* ---- Histories ---- */

static void add_people(struct sim_world *world, json_t *history)
{
    size_t index;
    json_t *item;

    json_array_foreach(json_object_get(history, "users"), index, item)
    {
        (void)sim_world_add_user(world, text_of(item, "name"), text_of(item, "role"));
    }
    json_array_foreach(json_object_get(history, "devices"), index, item)
    {
        size_t user = sim_world_user(world, text_of(item, "user"));
        size_t version = (size_t)number_of(item, "schema", 1);
        struct sim_device *device;

        if (user == SIM_USERS || text_of(item, "name") == NULL || version < 1 ||
            version > world->document_count) {
            sim_fail(world, "history", "a device needs a name, a user and a schema that there is");
            return;
        }
        device = sim_device_add(world, text_of(item, "name"), user, version - 1);
        if (device != NULL && flag_of(item, "operator")) {
            device->power = TRN_POWER_OPERATOR;
        }
        if (device != NULL && flag_of(item, "service")) {
            device->power = TRN_POWER_SERVICE;
        }
    }
}

/* Everyone says who they are, and opens their record to whom the history names. */
static void introduce(struct sim_world *world, json_t *history)
{
    bool known[SIM_USERS] = {false};
    struct sim_sync how = {0};
    size_t index;
    json_t *item;

    for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
        struct sim_device *device = &world->devices[i];

        if (device->replica != NULL && !known[device->user]) {
            known[device->user] = true;
            sim_write_user(device);
            (void)sim_sync(device, &how);
        }
    }
    json_array_foreach(json_object_get(history, "open"), index, item)
    {
        size_t subject = sim_world_user(world, json_string_value(json_array_get(item, 0)));
        size_t holder = sim_world_user(world, json_string_value(json_array_get(item, 1)));

        for (size_t i = 0; i < world->device_count && holder < SIM_USERS; i++) {
            struct sim_device *device = &world->devices[i];

            if (device->user == subject && device->replica != NULL) {
                sim_write_grant(device, subject, holder, true);
                (void)sim_sync(device, &how);
                break;
            }
        }
    }
}

/* An operator counts: what a person's subscription allows, and how much is used. */
static void allow_storage(struct sim_world *world, json_t *history)
{
    const struct sim_sync how = {0};
    const char *person;
    json_t *bytes;

    json_object_foreach(json_object_get(history, "storage"), person, bytes)
    {
        for (size_t i = 0; i < world->device_count && !sim_failed(world); i++) {
            struct sim_device *device = &world->devices[i];
            enum trn_power power = device->power;
            json_t *rows;

            if (device->user != sim_world_user(world, person) || device->replica == NULL) {
                continue;
            }
            rows = json_pack("[{s:s, s:s, s:{s:o, s:O}}]",
                             "insert",
                             "subscriptions",
                             "row",
                             person,
                             "values",
                             "user_id",
                             json_sprintf("@%s", person),
                             "storage_quota",
                             bytes);
            device->power = TRN_POWER_OPERATOR;
            (void)sim_write_rows(device, rows, false);
            (void)sim_sync(device, &how);
            device->power = power;
            json_decref(rows);
            break;
        }
    }
}

static void finish(struct sim_world *world, struct sim_result *ret_result)
{
    ret_result->hash = world->hash;
    ret_result->ops = world->ops;
    ret_result->faults = world->faults;
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
}

bool sim_play_begin(struct sim_world *world, json_t *history, struct sim_result *ret_result)
{
    const char *schema = text_of(history, "schema");
    size_t served = (size_t)number_of(history, "serves", 1) - 1;
    size_t count = 0;
    struct sim_document *documents;

    memset(ret_result, 0, sizeof *ret_result);
    documents = sim_documents(schema != NULL ? schema : "clinic", &count, ret_result->failure);
    if (documents == NULL) {
        (void)snprintf(ret_result->check, sizeof ret_result->check, "history");
        return false;
    }
    sim_world_begin(world,
                    documents,
                    count,
                    served < count ? served : 0,
                    (uint64_t)number_of(history, "seed", 1));
    world->care = flag_of(history, "care");
    if (text_of(history, "check") != NULL) {
        (void)snprintf(world->only, sizeof world->only, "%s", text_of(history, "check"));
    }
    if (!sim_failed(world)) {
        add_people(world, history);
    }
    if (!sim_failed(world)) {
        introduce(world, history);
    }
    if (!sim_failed(world)) {
        allow_storage(world, history);
    }
    if (number_of(history, "page_rows", 0) > 0) {
        world->limits.page_rows = (uint32_t)number_of(history, "page_rows", 0);
        sim_server_restart(world);
    }
    return true;
}

static bool has_event(json_t *events, const char *verb)
{
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        if (text_of(event, "do") != NULL && strcmp(text_of(event, "do"), verb) == 0) {
            return true;
        }
    }
    return false;
}

void sim_play(json_t *history, struct sim_result *ret_result, json_t *report)
{
    static struct sim_world world;
    json_t *events = json_object_get(history, "events");

    (void)report;
    sim_disk_spare_power(!has_event(events, "power"));
    if (!sim_play_begin(&world, history, ret_result)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(events) && !sim_failed(&world); i++) {
        world.event = i;
        sim_play_event(&world, json_array_get(events, i));
        ret_result->events = i + 1;
    }
    if (!sim_failed(&world)) {
        world.event = json_array_size(events);
        sim_settle(&world);
    }
    sim_hash_number(&world, (uint64_t)world.answered_to);
    finish(&world, ret_result);
    sim_world_end(&world);
}
