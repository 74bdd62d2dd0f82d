/*
 * One point: the fault is armed, the operation runs into it, and what is left is looked at before
 * and after the operation is done again.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/torture/torture.h"

enum { ROUNDS = 4 };

/* ---- What files hold ---- */

static struct sim_disk *disk_of(struct sim_world *world, int machine)
{
    return machine == SIM_SERVER ? world->disk : world->devices[machine].disk;
}

static int machine_of(struct sim_world *world, const struct torture_operation *operation)
{
    struct sim_device *device = sim_device_find(world, operation->machine);

    return device != NULL ? device->index : SIM_SERVER;
}

/* Adds what a query gives; text that has no room is left out, in each of two alike. */
static void add_rows(struct sim_world *world, sqlite3 *db, const char *sql, char text[TORTURE_TEXT])
{
    struct trn_bytes rows = sim_look_rows(world, db, sql);
    size_t size = strlen(text);

    (void)snprintf(text + size, TORTURE_TEXT - size, "%s", trn_bytes_text(&rows));
    trn_bytes_free(&rows);
}

/* tern_v holds keys of the file's own, which may be dealt out in another order. */
#define QUERY_ROWS(but)                                                                            \
    "SELECT 'SELECT ''' || m.name || ''', ' || (SELECT group_concat('\"' || c.name || '\"') FROM " \
    "pragma_table_info(m.name) c WHERE c.name <> 'tern_v') || ' FROM \"' || m.name || '\" ORDER "  \
    "BY 2' FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND "        \
    "m.name NOT LIKE 'tern_%' AND m.name <> '" but "' ORDER BY m.name"

static const char all_rows[] = QUERY_ROWS("");
/* Times and ids of the audit are those of the server when it took what lost. */
static const char written_rows[] = QUERY_ROWS("sync_audit");
static const char row_counts[] =
    "SELECT 'SELECT ''' || name || ''', count(*), count(deleted_at) FROM \"' || name || '\"' FROM "
    "sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'tern_%' "
    "ORDER BY name";

/* Adds what the queries give that the first one gives, table by table. */
static void
add_tables(struct sim_world *world, sqlite3 *db, const char *sql, char text[TORTURE_TEXT])
{
    struct trn_bytes queries = sim_look_rows(world, db, sql);
    char *at = (char *)queries.data;

    while (at != NULL && *at != '\0') {
        char *end = at + strcspn(at, "\n");
        bool last = *end == '\0';

        *end = '\0';
        add_rows(world, db, at, text);
        at = last ? end : end + 1;
    }
    trn_bytes_free(&queries);
}

/* The rows of a machine's file, and what it has of transactions. */
static void show(struct sim_world *world, int machine, char text[TORTURE_TEXT])
{
    const char *file = machine == SIM_SERVER ? "server.db" : "replica";
    sqlite3 *db;

    if (sim_disk_size(disk_of(world, machine), file) == 0) {
        return;
    }
    db = sim_look(world, machine);
    add_tables(world, db, all_rows, text);
    if (sim_look_number(world, db, "SELECT count(*) FROM sqlite_master", 0) > 0) {
        add_rows(world,
                 db,
                 machine == SIM_SERVER
                     ? "SELECT number, ordinal, tx, verdict, kind FROM tern_entry ORDER BY number"
                     : "SELECT ordinal, tx, state, kind, number, reason FROM tern_outbox "
                       "ORDER BY ordinal",
                 text);
    }
    sim_look_away(world, machine);
}

/* What the operation may change: its machine's file, or of one of several machines both. */
static void show_all(struct sim_world *world, int machine, char text[TORTURE_TEXT])
{
    text[0] = '\0';
    show(world, machine, text);
    if (machine != SIM_SERVER) {
        show(world, SIM_SERVER, text);
    }
}

/* What the server has of each table. */
static void show_server(struct sim_world *world, const char *sql, char text[TORTURE_TEXT])
{
    sqlite3 *db = sim_look(world, SIM_SERVER);

    text[0] = '\0';
    add_tables(world, db, sql, text);
    sim_look_away(world, SIM_SERVER);
}

/* The first line of `left` that `right` does not have; a static buffer. */
static const char *odd_line(const char *left, const char *right)
{
    static char line[200];

    for (const char *at = left; *at != '\0'; at += strcspn(at, "\n") + (strchr(at, '\n') != NULL)) {
        (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        if (strstr(right, line) == NULL) {
            return line;
        }
    }
    return "(none)";
}

static void fail_odd(struct sim_world *world, const char *check, const char *is, const char *due)
{
    char line[200];

    (void)snprintf(line, sizeof line, "%s", odd_line(is, due));
    sim_fail(world, check, "there is %s, and there is not %s", line, odd_line(due, is));
}

/* ---- Arming ---- */

static const enum sim_disk_fault disk_faults[] = {[TORTURE_KILL] = SIM_DISK_KILL,
                                                  [TORTURE_POWER] = SIM_DISK_POWER,
                                                  [TORTURE_TWICE] = SIM_DISK_KILL,
                                                  [TORTURE_ERROR] = SIM_DISK_ERROR,
                                                  [TORTURE_READ] = SIM_DISK_READ,
                                                  [TORTURE_FULL] = SIM_DISK_FULL};

unsigned torture_ways(enum torture_fault fault, bool last)
{
    switch (fault) {
    case TORTURE_POWER:
        return last ? 12 : 3; /* what was promised must be there whatever the dice say */
    case TORTURE_TWICE:
        return 2;
    case TORTURE_ERROR:
    case TORTURE_FULL:
        return 4;
    case TORTURE_READ:
        return 2;
    default:
        return 1;
    }
}

static void trouble(struct sim_world *world, int machine)
{
    if (machine == SIM_SERVER) {
        world->troubled = true;
    } else {
        world->devices[machine].troubled = true;
    }
}

static void arm(struct sim_world *world, int machine, const struct torture_point *point)
{
    trouble(world, machine);
    if (point->fault == TORTURE_MEMORY) {
        sim_memory_arm(machine, point->at);
    } else if (point->fault < TORTURE_MEMORY) {
        sim_disk_reseed(disk_of(world, machine), point->way * 7919 + point->at);
        sim_disk_arm(disk_of(world, machine), disk_faults[point->fault], point->at);
    }
}

/* Fine weather until the exchange that the byte belongs to. */
static json_t *cut_weather(const struct torture_clean *clean, const struct torture_point *point)
{
    const size_t *sizes = point->fault == TORTURE_ANSWER ? clean->answers : clean->requests;
    json_t *weather = json_array();
    size_t at = point->at;
    char text[48];

    for (size_t i = 0; i < clean->exchanges; i++) {
        if (at < sizes[i]) {
            (void)snprintf(text,
                           sizeof text,
                           "%s %zu",
                           point->fault == TORTURE_ANSWER ? "cut" : "request cut",
                           at);
            (void)json_array_append_new(weather, json_string(text));
            break;
        }
        at -= sizes[i];
        (void)json_array_append_new(weather, json_string("fine"));
    }
    return weather;
}

/* ---- Running ---- */

static tern_status run(struct sim_world *world, json_t *events, json_t *weather)
{
    tern_status status = TERN_OK;
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        json_t *copy = json_copy(event);

        if (weather != NULL) {
            (void)json_object_set(copy, "weather", weather);
        }
        if (status == TERN_OK) {
            status = torture_do(world, copy);
        }
        json_decref(copy);
    }
    return status;
}

bool torture_prepare(struct sim_world *world, const struct torture_operation *operation)
{
    json_t *events = json_object_get(operation->history, "events");
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        if (!sim_failed(world)) {
            sim_play_event(world, event);
        }
    }
    json_array_foreach(operation->setup, index, event)
    {
        if (!sim_failed(world)) {
            tern_status status = torture_do(world, event);

            if (status != TERN_OK) {
                sim_fail(world,
                         "setup",
                         "event %zu of the setup gave %s",
                         index,
                         tern_status_code(status));
            }
        }
    }
    return !sim_failed(world);
}

/* Whether a failure may be told so where this was the fault. */
static bool is_told_as(enum torture_fault fault, tern_status status)
{
    switch (fault) {
    case TORTURE_MEMORY:
        /* SQLite 3.40 calls JSON that it lacks the memory to look at no JSON. */
        return status == TERN_ERR_NOMEM || status == TERN_ERR_FORMAT;
    case TORTURE_FULL:
        return status == TERN_ERR_DISK_FULL;
    case TORTURE_ERROR:
    case TORTURE_READ:
        return status == TERN_ERR_IO;
    default:
        return true;
    }
}

/* Whether the ledger must look what the operation committed: it may be done where nobody hears. */
static bool rescans_behind(struct sim_world *world, const struct torture_operation *operation)
{
    int machine = machine_of(world, operation);

    return operation->whole && machine != SIM_SERVER;
}

/* ---- Looking ---- */

static void look_sound(struct sim_world *world, int machine)
{
    sim_look_sound(world, SIM_SERVER);
    if (machine != SIM_SERVER) {
        sim_look_sound(world, machine);
    }
}

static void check_always(struct sim_world *world, json_t *always)
{
    size_t index;
    json_t *event;

    json_array_foreach(always, index, event)
    {
        if (!sim_failed(world)) {
            sim_play_event(world, event);
        }
    }
}

static void sync_in_calm(struct sim_world *world)
{
    struct sim_sync how = {0};

    world->now_us += 300 * SIM_SECOND_US; /* leases of sessions that nobody ended run out */
    for (unsigned i = 0; i < ROUNDS * world->device_count && !sim_failed(world); i++) {
        tern_status status = sim_sync(&world->devices[i % world->device_count], &how);

        if (status != TERN_OK) {
            sim_fail(world,
                     "calm sync",
                     "%s cannot sync in fair weather: %s",
                     world->devices[i % world->device_count].name,
                     tern_status_code(status));
        }
    }
}

static void settle(struct sim_world *world, const struct torture_operation *operation)
{
    if (!operation->quiet) {
        sim_settle(world);
        return;
    }
    sync_in_calm(world);
    if (!sim_failed(world)) {
        look_sound(world, machine_of(world, operation));
    }
}

static void close_all(struct sim_world *world)
{
    for (size_t i = 0; i < world->device_count; i++) {
        sim_device_close(&world->devices[i]);
    }
    sim_server_stop(world);
}

static void check_open(struct sim_world *world)
{
    unsigned opened = sim_disk_opened(world->disk);

    for (size_t i = 0; i < world->device_count; i++) {
        opened += sim_disk_opened(world->devices[i].disk);
    }
    if (opened > 0) {
        sim_fail(world, "leak", "%u files are still open when all are closed", opened);
    }
}

/* ---- A run without a fault ---- */

static void note_parked(struct sim_device *device, struct torture_clean *clean)
{
    struct trn_bytes parked = sim_ledger_parked(device);

    if (parked.size > sizeof clean->parked) {
        sim_fail(device->world, "setup", "too much is set aside");
    } else if (parked.size > 0) {
        memcpy(clean->parked, parked.data, parked.size);
        clean->parked_size = parked.size;
    }
    trn_bytes_free(&parked);
}

static void rescan(struct sim_device *device, const struct torture_clean *clean)
{
    struct trn_bytes parked = {0};

    if (trn_bytes_append(&parked, clean->parked, clean->parked_size) != TERN_OK) {
        abort();
    }
    sim_ledger_rescan(device, &parked, false);
    trn_bytes_free(&parked);
}

void torture_measure(struct sim_world *world,
                     const struct torture_operation *operation,
                     struct torture_clean *ret_clean,
                     struct torture_result *ret_result)
{
    int machine = machine_of(world, operation);
    struct sim_disk *disk = disk_of(world, machine);
    bool rescans = rescans_behind(world, operation);
    uint64_t operations = sim_disk_operations(disk);
    tern_status status;

    memset(ret_clean, 0, sizeof *ret_clean);
    if (rescans) {
        note_parked(&world->devices[machine], ret_clean);
    }
    show_all(world, machine, ret_clean->before);
    sim_disk_arm(disk, SIM_DISK_READ, UINT_MAX);
    sim_memory_arm(machine, UINT_MAX);
    torture_listen(ret_clean);
    status = run(world, operation->events, NULL);
    torture_listen(NULL);
    if (status != TERN_OK) {
        sim_fail(world, "operation", "without a fault it gave %s", tern_status_code(status));
    }
    ret_clean->counts[TORTURE_READ] = UINT_MAX - sim_disk_left(disk);
    ret_clean->counts[TORTURE_MEMORY] = UINT_MAX - sim_memory_left();
    operations = sim_disk_operations(disk) - operations;
    ret_clean->counts[TORTURE_ERROR] = (unsigned)operations;
    ret_clean->counts[TORTURE_FULL] = (unsigned)operations;
    ret_clean->counts[TORTURE_KILL] = (unsigned)operations + 1; /* the last: behind it all */
    ret_clean->counts[TORTURE_POWER] = (unsigned)operations + 1;
    ret_clean->counts[TORTURE_TWICE] = (unsigned)operations + 1;
    for (size_t i = 0; i < ret_clean->exchanges; i++) {
        ret_clean->counts[TORTURE_ANSWER] += (unsigned)ret_clean->answers[i];
        ret_clean->counts[TORTURE_REQUEST] += (unsigned)ret_clean->requests[i];
    }
    sim_memory_arm(machine, 0);
    sim_world_disarm(world);
    show_all(world, machine, ret_clean->after);
    check_always(world, operation->always);
    if (rescans) {
        rescan(&world->devices[machine], ret_clean);
    }
    if (!sim_failed(world)) {
        settle(world, operation);
    }
    if (!sim_failed(world)) {
        show_server(world, row_counts, ret_clean->counts_last);
        show_server(world, written_rows, ret_clean->rows_last);
    }
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
    ret_result->done = true;
}

/* ---- With one ---- */

/* The operation happened, or it did not, and it said which. */
static bool check_whole(struct sim_world *world,
                        const struct torture_operation *operation,
                        const struct torture_clean *clean,
                        const char *now,
                        tern_status status,
                        bool died)
{
    bool is_before = strcmp(now, clean->before) == 0;
    bool is_after = strcmp(now, clean->after) == 0;

    if (!is_before && !is_after && status != TERN_OK && operation->unsynced) {
        return false;
    }
    if (!is_before && !is_after) {
        fail_odd(world, "whole", now, status == TERN_OK ? clean->after : clean->before);
    } else if (status == TERN_OK && !is_after) {
        fail_odd(world, "lost", now, clean->after);
    } else if (status != TERN_OK && !died && !is_before && !operation->mute) {
        fail_odd(world, "left behind", now, clean->before);
    }
    return is_before;
}

/* Whether the fault itself is that its machine dies. */
static bool is_a_death(const struct torture_point *point)
{
    return point->fault == TORTURE_KILL || point->fault == TORTURE_POWER ||
           point->fault == TORTURE_TWICE;
}

/* Comes up as far as it gets before it dies again, in one of its first writes: of the process or of
 * the power. */
static void die_again(struct sim_world *world, int machine, const struct torture_point *point)
{
    enum { FIRST = 16 };
    bool power = (point->at + point->way) % 2 == 0;
    struct sim_disk *disk = disk_of(world, machine);

    if (machine == SIM_SERVER) {
        sim_server_stop(world);
    } else {
        sim_device_close(&world->devices[machine]);
    }
    sim_disk_revive(disk);
    trouble(world, machine);
    sim_disk_arm(disk,
                 power ? SIM_DISK_POWER : SIM_DISK_KILL,
                 1 + (point->at * 5 + point->way * 3) % FIRST);
    if (machine == SIM_SERVER) {
        (void)sim_server_start(world);
    } else {
        (void)sim_device_open(&world->devices[machine], NULL);
    }
    if (!sim_disk_is_dead(disk)) {
        sim_disk_die(disk, power);
    }
}

/* Whether its machine is dead, now at the latest: of the fault or just behind it. */
static bool is_deadly(const struct torture_point *point)
{
    switch (point->fault) {
    case TORTURE_KILL:
    case TORTURE_POWER:
    case TORTURE_TWICE:
        return true;
    case TORTURE_ERROR:
    case TORTURE_FULL:
        return point->way >= 2;
    case TORTURE_MEMORY:
        return point->at % 3 == 2;
    default:
        return false;
    }
}

static void strike(struct sim_world *world,
                   const struct torture_operation *operation,
                   const struct torture_point *point,
                   const struct torture_clean *clean,
                   tern_status *ret_status)
{
    int machine = machine_of(world, operation);
    bool deadly = is_a_death(point);
    bool cuts = point->fault == TORTURE_ANSWER || point->fault == TORTURE_REQUEST;
    json_t *weather = cuts ? cut_weather(clean, point) : NULL;
    uint64_t faults = world->faults;

    arm(world, machine, point);
    *ret_status = run(world, operation->events, weather);
    json_decref(weather);
    if (is_deadly(point) && !deadly) {
        sim_disk_die(disk_of(world, machine), point->way == 3);
    }
    if (deadly && !sim_disk_is_dead(disk_of(world, machine)) && world->faults == faults) {
        sim_disk_die(disk_of(world, machine), point->fault == TORTURE_POWER);
    } else if (point->fault != TORTURE_TWICE && machine != SIM_SERVER && *ret_status != TERN_OK &&
               !is_told_as(point->fault, *ret_status)) {
        sim_fail(world, "status", "the operation gave %s", tern_status_code(*ret_status));
    }
    if (point->fault == TORTURE_TWICE && sim_disk_is_dead(disk_of(world, machine))) {
        die_again(world, machine, point);
    }
}

static void do_again(struct sim_world *world, const struct torture_operation *operation)
{
    tern_status status = run(world, operation->events, NULL);

    if (status != TERN_OK) {
        sim_fail(world, "again", "done again it gave %s", tern_status_code(status));
    }
    sim_world_disarm(world);
}

/* Nothing is there twice; after a cut, nothing is there but what would be without. */
static void check_last(struct sim_world *world,
                       const struct torture_point *point,
                       const struct torture_clean *clean)
{
    static char now[TORTURE_TEXT];

    if (!sim_failed(world)) {
        show_server(world, row_counts, now);
        if (strcmp(now, clean->counts_last) != 0) {
            fail_odd(world, "once", now, clean->counts_last);
        }
    }
    if (!sim_failed(world) && point->fault >= TORTURE_ANSWER) {
        show_server(world, written_rows, now);
        if (strcmp(now, clean->rows_last) != 0) {
            fail_odd(world, "uncut", now, clean->rows_last);
        }
    }
}

/* ---- States ---- */

static uint64_t mixed(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* All that decides how it goes on when everything is closed, but for the ids that are yet to be
 * minted. Never 0. */
static uint64_t state_of(const struct sim_world *world, uint64_t salt)
{
    uint64_t hash = mixed(salt, sim_disk_hash(world->disk));

    for (size_t i = 0; i < world->device_count; i++) {
        hash = mixed(hash, sim_disk_hash(world->devices[i].disk));
    }
    for (size_t i = 0; i < world->commit_count; i++) {
        hash = mixed(hash, world->commits[i].replaced);
    }
    hash = mixed(hash, (uint64_t)world->now_us);
    hash = mixed(hash, (uint64_t)world->answered_to);
    return hash != 0 ? hash : 1;
}

static uint64_t *slot_of(struct torture_known *known, uint64_t state)
{
    size_t at = state % TORTURE_KNOWN;

    for (size_t i = 0; i < 64; i++) {
        uint64_t *slot = &known->states[(at + i) % TORTURE_KNOWN];

        if (*slot == 0 || *slot == state) {
            return slot;
        }
    }
    return &known->states[at];
}

/* ---- All of it ---- */

struct attempt {
    struct sim_world *world;
    const struct torture_operation *operation;
    const struct torture_point *point;
    const struct torture_clean *clean;
    struct torture_known *known;
    int machine;
    tern_status status;
    bool died;
    uint64_t states[2]; /* that are known once all was well */
    char now[TORTURE_TEXT];
};

static bool reopens(const struct torture_point *point)
{
    return point->fault == TORTURE_MEMORY ? point->at % 3 == 1
                                          : point->fault != TORTURE_POWER && point->way == 1;
}

/* Closes all; whether it is known how it goes on from there. */
static bool is_known(struct attempt *attempt, unsigned step)
{
    uint64_t state;

    close_all(attempt->world);
    state = state_of(attempt->world, step + 1);
    attempt->states[step] = state;
    return *slot_of(attempt->known, state) == state;
}

/* What the operation left behind; false where there is nothing more to be seen. */
static bool look_behind(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;

    sim_memory_arm(attempt->machine, 0);
    if (reopens(attempt->point)) {
        sim_world_disarm(world);
        if (sim_failed(world) || is_known(attempt, 0)) {
            return false;
        }
        show_all(world, attempt->machine, attempt->now);
        sim_world_mend(world);
    } else if (attempt->died) {
        sim_world_disarm(world);
        show_all(world, attempt->machine, attempt->now);
    } else {
        show_all(world, attempt->machine, attempt->now);
        sim_world_disarm(world);
    }
    if (!sim_failed(world)) {
        look_sound(world, attempt->machine);
    }
    return !sim_failed(world);
}

static void go_on(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;
    const struct torture_operation *operation = attempt->operation;
    bool again = true;

    if (operation->whole) {
        /* What was told before it died stays said. */
        bool unheard = is_a_death(attempt->point);

        again =
            check_whole(world, operation, attempt->clean, attempt->now, attempt->status, unheard) ||
            (operation->mute && attempt->status != TERN_OK);
    }
    if (!sim_failed(world)) {
        check_always(world, operation->always);
    }
    if (!sim_failed(world) && again) {
        do_again(world, operation);
    }
    if (!sim_failed(world) && rescans_behind(world, operation)) {
        rescan(&world->devices[attempt->machine], attempt->clean);
    }
}

static void try_it(struct attempt *attempt)
{
    struct sim_world *world = attempt->world;

    strike(world, attempt->operation, attempt->point, attempt->clean, &attempt->status);
    if (sim_failed(world) || !look_behind(attempt)) {
        return;
    }
    go_on(attempt);
    if (!sim_failed(world) && !is_known(attempt, 1)) {
        sim_world_mend(world);
        if (!sim_failed(world)) {
            settle(world, attempt->operation);
        }
        check_last(world, attempt->point, attempt->clean);
    }
    for (size_t i = 0; !sim_failed(world) && i < 2; i++) {
        if (attempt->states[i] != 0) {
            *slot_of(attempt->known, attempt->states[i]) = attempt->states[i];
        }
    }
}

void torture_try(struct sim_world *world,
                 const struct torture_operation *operation,
                 const struct torture_point *point,
                 const struct torture_clean *clean,
                 struct torture_known *known,
                 int64_t held,
                 struct torture_result *ret_result)
{
    static struct attempt attempt;

    attempt.world = world;
    attempt.operation = operation;
    attempt.point = point;
    attempt.clean = clean;
    attempt.known = known;
    attempt.machine = machine_of(world, operation);
    attempt.died = is_deadly(point);
    try_it(&attempt);
    if (!sim_failed(world)) {
        close_all(world);
        check_open(world);
        sim_world_end(world);
        if (torture_held() != held) {
            sim_fail(world,
                     "leak",
                     "%lld blocks are still held when all is closed",
                     (long long)(torture_held() - held));
        }
    }
    (void)snprintf(ret_result->check, sizeof ret_result->check, "%s", world->check);
    (void)snprintf(ret_result->failure, sizeof ret_result->failure, "%s", world->failure);
    ret_result->done = true;
}
