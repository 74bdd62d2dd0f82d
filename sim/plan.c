/*
 * A swarm: each class of faults is on in a part of the seeds only, so that each also meets long
 * quiet lives, and lives in which nothing else goes wrong.
 */
#include "sim/plan.h"

#include <stdio.h>
#include <string.h>

#include "sim/care.h"
#include "sim/dice.h"
#include "sim/documents.h"
#include "sim/plan_days.h"

enum { SWARM_WEATHER = 1, SWARM_CLOCKS = 2, SWARM_CRASHES = 4, SWARM_DISKS = 8, SWARM_MEMORY = 16 };
enum {
    SWARM_VERSIONS = 32,
    SWARM_BACKUPS = 64,
    SWARM_CLONES = 128,
    SWARM_GRANTS = 256,
    SWARM_PARKED = 512,
    SWARM_PIECES = 1024,
    SWARM_SERVER = 2048,
    SWARM_ERASURE = 4096,
    SWARM_AGES = 8192,
    SWARM_ALL = 16383
};

struct planner {
    struct sim_dice dice;
    unsigned swarm;
    unsigned device_count;
    unsigned user_count;
    unsigned pace; /* longest wait between events, milliseconds */
    bool versions;
    bool care;
    bool jobs[6]; /* which devices are a job's */
    json_t *events;
};

static const char *const device_names[] = {"a", "b", "c", "d", "e", "f"};
static const char *const user_names[] = {"ann", "dan", "eve", "fay"};

static unsigned roll(struct planner *planner, unsigned below)
{
    return sim_roll(&planner->dice, below);
}

static json_t *add(struct planner *planner, const char *verb)
{
    json_t *event = json_object();

    (void)json_object_set_new(event, "do", json_string(verb));
    (void)json_array_append_new(planner->events, event);
    return event;
}

static void set(json_t *event, const char *key, int64_t number)
{
    (void)json_object_set_new(event, key, json_integer(number));
}

static void name(json_t *event, const char *key, const char *value)
{
    (void)json_object_set_new(event, key, json_string(value));
}

static const char *some_device(struct planner *planner)
{
    return device_names[roll(planner, planner->device_count)];
}

static int64_t some_seed(struct planner *planner)
{
    return (int64_t)(sim_dice_next(&planner->dice) >> 33) + 1;
}

static bool has(const struct planner *planner, unsigned swarm)
{
    return (planner->swarm & swarm) != 0;
}

/* ---- Events ---- */

static void plan_care(struct planner *planner, const char *device, const char *call)
{
    json_t *event = add(planner, "care");

    name(event, "device", device);
    name(event, "call", call);
    set(event, "seed", some_seed(planner));
}

/* Something is prescribed and scheduled before anything else happens. */
static void plan_treatment(struct planner *planner)
{
    static const char *const calls[] = {"create", "activate", "create", "activate", "generate"};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        plan_care(planner, device_names[0], calls[i]);
    }
}

static void plan_write(struct planner *planner)
{
    json_t *event;

    unsigned device = roll(planner, planner->device_count);

    if (planner->care && (planner->jobs[device] || sim_chance(&planner->dice, 90))) {
        plan_care(planner, device_names[device], sim_care_call(roll(planner, 100000)));
        return;
    }
    event = add(planner, "write");
    name(event, "device", device_names[device]);
    set(event, "seed", some_seed(planner));
    set(event, "changes", sim_chance(&planner->dice, 90) ? 1 + roll(planner, 3) : 20);
    if (sim_chance(&planner->dice, 12)) {
        (void)json_object_set_new(event, "inferred", json_true());
    }
}

static json_t *some_weather(struct planner *planner)
{
    static const char *const weathers[] = {"fine",
                                           "request lost",
                                           "answer lost",
                                           "twice",
                                           "late",
                                           "stalled",
                                           "away",
                                           "token expired",
                                           "cut",
                                           "request cut"};
    json_t *list = json_array();
    unsigned count = roll(planner, 4);

    while (count-- > 0) {
        const char *weather = weathers[roll(planner, sizeof weathers / sizeof *weathers)];
        char text[40];

        (void)snprintf(text, sizeof text, "%s %u", weather, roll(planner, 5000));
        (void)json_array_append_new(list,
                                    json_string(strstr(weather, "cut") != NULL ? text : weather));
    }
    return list;
}

static void plan_sync(struct planner *planner)
{
    json_t *event = add(planner, "sync");

    name(event, "device", some_device(planner));
    if (has(planner, SWARM_GRANTS) && sim_chance(&planner->dice, 3)) {
        name(event, "token", user_names[roll(planner, planner->user_count)]);
    }
    if (has(planner, SWARM_WEATHER)) {
        json_t *weather = some_weather(planner);

        if (json_array_size(weather) > 0) {
            (void)json_object_set_new(event, "weather", weather);
        } else {
            json_decref(weather);
        }
    }
    if (has(planner, SWARM_PIECES) && sim_chance(&planner->dice, 40)) {
        set(event, "page_rows", 2 + roll(planner, 20));
        set(event, "push_bytes", 200 + roll(planner, 3000));
        if (sim_chance(&planner->dice, 50)) {
            set(event, "stop", 2 + roll(planner, 30));
        }
        if (sim_chance(&planner->dice, 50)) {
            set(event, "busy", some_seed(planner));
        }
        if (sim_chance(&planner->dice, 15)) {
            (void)json_object_set_new(event, "overtaken", json_true());
        }
    }
}

static void plan_pass(struct planner *planner)
{
    json_t *event = add(planner, "pass");

    if (has(planner, SWARM_AGES) && sim_chance(&planner->dice, 6)) {
        set(event, "days", 1 + roll(planner, 30));
    } else if (sim_chance(&planner->dice, 3)) {
        set(event, "hours", 1 + roll(planner, 72));
    } else {
        set(event, "ms", 1 + roll(planner, planner->pace));
    }
}

static void plan_clock(struct planner *planner)
{
    json_t *event = add(planner, "clock");

    name(event, "device", some_device(planner));
    switch (roll(planner, 4)) {
    case 0:
        set(event, "off_s", 0);
        break;
    case 1:
        set(event, "off_s", (int64_t)roll(planner, 1200) - 600);
        break;
    default:
        set(event, "off_days", (int64_t)roll(planner, 3650) - 1825);
        break;
    }
}

static const char *some_machine(struct planner *planner)
{
    return has(planner, SWARM_SERVER) && sim_chance(&planner->dice, 40) ? "server"
                                                                        : some_device(planner);
}

/* The process dies between a write and its sync, and soon after it is back the power goes. */
static void plan_two_deaths(struct planner *planner)
{
    const char *machine = some_machine(planner);
    json_t *event = add(planner, "kill");

    name(event, "device", machine);
    set(event, "sync", 1 + roll(planner, 3));
    if (strcmp(machine, "server") == 0) {
        name(add(planner, "sync"), "device", some_device(planner));
    } else {
        event = add(planner, "write");
        name(event, "device", machine);
        set(event, "seed", some_seed(planner));
        set(event, "changes", 1 + roll(planner, 3));
    }
    event = add(planner, "power");
    name(event, "device", machine);
    set(event, "at", roll(planner, 3));
}

static void plan_death(struct planner *planner)
{
    json_t *event;

    if (sim_chance(&planner->dice, 25)) {
        plan_two_deaths(planner);
        return;
    }
    event = add(planner, sim_chance(&planner->dice, 50) ? "kill" : "power");
    name(event, "device", some_machine(planner));
    if (sim_chance(&planner->dice, 20)) {
        set(event, "sync", 1 + roll(planner, 6));
    } else {
        set(event, "at", sim_chance(&planner->dice, 15) ? 0 : 1 + roll(planner, 40));
    }
}

static void plan_disk(struct planner *planner)
{
    json_t *event = add(planner, sim_chance(&planner->dice, 50) ? "error" : "full");

    name(event, "device", some_machine(planner));
    set(event, "at", 1 + roll(planner, 30));
}

static void plan_memory(struct planner *planner)
{
    json_t *event = add(planner, "memory");

    name(event, "device", some_machine(planner));
    set(event, "at", 1 + roll(planner, 400));
}

/* Whether devices are told of the server's copy, and whether it comes back from the one before the
 * newest, goes by where the event stands, so that nothing else of a life depends on it. */
static void plan_backup(struct planner *planner)
{
    bool server = sim_chance(&planner->dice, 60);
    bool restore = !sim_chance(&planner->dice, 50);
    json_t *event = add(planner, restore ? "restore" : "backup");
    size_t place = json_array_size(planner->events);

    name(event, "device", server ? "server" : some_device(planner));
    if (server && place % (restore ? 5 : 2) == 0) {
        (void)json_object_set_new(event, restore ? "older" : "told", json_true());
    }
}

/* What a job's machine holds is no other's. */
static void plan_clone(struct planner *planner)
{
    unsigned from = roll(planner, planner->device_count);
    unsigned to = roll(planner, planner->device_count);
    json_t *event;

    if (!planner->jobs[from] && !planner->jobs[to]) {
        event = add(planner, "clone");
        name(event, "from", device_names[from]);
        name(event, "device", device_names[to]);
    }
}

static void plan_opening(struct planner *planner, unsigned to, bool closed)
{
    json_t *event = add(planner, "grant");

    name(event, "device", device_names[0]);
    name(event, "to", user_names[to]);
    if (closed) {
        (void)json_object_set_new(event, "closed", json_true());
    }
    name(add(planner, "sync"), "device", device_names[0]);
}

/* A record is opened, and closed when half of it is there. Who and when goes by where it stands. */
static void plan_half_opened(struct planner *planner, size_t place)
{
    unsigned to = 1 + (unsigned)place % (planner->user_count - 1);
    json_t *event;

    plan_opening(planner, to, false);
    event = add(planner, "sync");
    name(event, "device", device_names[to]);
    set(event, "page_rows", 2);
    set(event, "stop", 3 + (int64_t)place % 5);
    plan_opening(planner, to, true);
    event = add(planner, "sync");
    name(event, "device", device_names[to]);
    set(event, "page_rows", 2);
}

static void plan_grant(struct planner *planner)
{
    size_t place = json_array_size(planner->events);
    json_t *event;

    if (has(planner, SWARM_PIECES) && planner->user_count > 1 && place % 3 == 0) {
        plan_half_opened(planner, place);
    }
    if (sim_chance(&planner->dice, 15)) {
        event = add(planner, "switch");
        name(event, "user", user_names[roll(planner, planner->user_count)]);
    } else {
        event = add(planner, "grant");
        name(event, "to", user_names[roll(planner, planner->user_count)]);
        if (sim_chance(&planner->dice, 40)) {
            (void)json_object_set_new(event, "closed", json_true());
        }
    }
    name(event, "device", some_device(planner));
}

static void plan_named(struct planner *planner, const char *verb)
{
    json_t *event = add(planner, verb);

    name(event,
         "device",
         has(planner, SWARM_SERVER) && strcmp(verb, "decide") != 0 && sim_chance(&planner->dice, 25)
             ? "server"
             : some_device(planner));
    if (strcmp(verb, "decide") == 0) {
        set(event, "seed", some_seed(planner));
    } else if (sim_chance(&planner->dice, 30)) {
        (void)json_object_set_new(event, "reboot", json_true());
    }
}

/* The server's own for missed doses: a round, or a few steps of one. */
static void plan_job(struct planner *planner)
{
    json_t *event = add(planner, "job");

    if (sim_chance(&planner->dice, 30)) {
        set(event, "steps", 1 + roll(planner, 3));
    }
    if (sim_chance(&planner->dice, 10)) {
        set(event, "off_s", (int64_t)roll(planner, 481) - 240);
    }
}

static void plan_upgrade(struct planner *planner)
{
    json_t *event = add(planner, "upgrade");

    name(event, "device", sim_chance(&planner->dice, 40) ? "server" : some_device(planner));
}

static void plan_decide(struct planner *planner)
{
    plan_named(planner, "decide");
}

static void plan_reopen(struct planner *planner)
{
    plan_named(planner, "reopen");
}

static void plan_erase(struct planner *planner)
{
    name(add(planner, "erase"), "user", user_names[roll(planner, planner->user_count)]);
}

static void plan_room(struct planner *planner)
{
    (void)add(planner, "room");
}

/* What happens how often, of what may happen in this life at all. */
static const struct kind {
    void (*plan)(struct planner *planner);
    unsigned weight;
    unsigned swarm; /* any of these classes; 0: always */
    bool care;      /* where people take medicine */
} kinds[] = {
    {plan_write, 460, 0, false},
    {plan_sync, 220, 0, false},
    {plan_pass, 120, 0, false},
    {plan_job, 35, 0, true},
    {plan_reopen, 20, 0, false},
    {plan_clock, 30, SWARM_CLOCKS, false},
    {plan_death, 30, SWARM_CRASHES, false},
    {plan_disk, 20, SWARM_DISKS, false},
    {plan_memory, 20, SWARM_MEMORY, false},
    {plan_room, 10, SWARM_DISKS | SWARM_MEMORY, false},
    {plan_upgrade, 10, SWARM_VERSIONS, false},
    {plan_backup, 20, SWARM_BACKUPS, false},
    {plan_clone, 10, SWARM_CLONES, false},
    {plan_grant, 20, SWARM_GRANTS, false},
    {plan_decide, 20, SWARM_PARKED, false},
    {plan_erase, 4, SWARM_ERASURE, false},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static unsigned weight_of(const struct planner *planner, const struct kind *kind)
{
    return (kind->swarm == 0 || has(planner, kind->swarm)) && (planner->care || !kind->care)
               ? kind->weight
               : 0;
}

static void plan_event(struct planner *planner)
{
    unsigned total = 0;
    unsigned what;
    size_t i = 0;

    for (size_t j = 0; j < KINDS; j++) {
        total += weight_of(planner, &kinds[j]);
    }
    what = roll(planner, total);
    while (what >= weight_of(planner, &kinds[i])) {
        what -= weight_of(planner, &kinds[i++]);
    }
    kinds[i].plan(planner);
}

/* ---- Put in between ---- */

static json_t *insert(struct planner *planner, size_t at, const char *verb, unsigned device)
{
    json_t *event = json_pack("{s:s, s:s}", "do", verb, "device", device_names[device]);

    (void)json_array_insert_new(planner->events, at, event);
    return event;
}

/* ---- Much to carry ---- */

/* Of few lives: enough for a log to be put away, and more than may be held at once. Nobody syncs
 * between the writes, so that all of it comes to each of the others in one sync, in small pieces.
 * The dice are others, so that nothing else of the life depends on these. */
static void plan_much(struct planner *planner, uint64_t seed)
{
    enum { ONE_IN = 40, WRITES = 20, ROWS = 16, BYTES = 12000, PAGE_ROWS = 4 };
    struct planner much = {.dice = sim_dice_make(seed * UINT64_C(0x9e3779b97f4a7c15) + 1),
                           .device_count = planner->device_count,
                           .events = planner->events};
    unsigned device = roll(&much, much.device_count);
    size_t at;

    if (roll(&much, ONE_IN) > 0) {
        return;
    }
    at = roll(&much, (unsigned)json_array_size(much.events) + 1);
    for (unsigned i = 0; i < WRITES; i++) {
        json_t *event = insert(&much, at++, "write", device);

        set(event, "seed", some_seed(&much));
        set(event, "changes", ROWS);
        set(event, "bytes", BYTES);
    }
    (void)insert(&much, at++, "sync", device);
    for (unsigned i = 0; i < much.device_count; i++) {
        set(insert(&much, at++, "sync", i), "page_rows", PAGE_ROWS);
    }
}

/* ---- A patient who goes ---- */

static void insert_care(struct planner *planner, size_t at, const char *call, unsigned device)
{
    json_t *event = insert(planner, at, "care", device);

    name(event, "call", call);
    set(event, "seed", some_seed(planner));
}

/* Of few lives: all are told of what the patient has missed, and then that record is erased, and
 * life goes on. Alone, each of these is too rare to come upon the others. By dice of its own. */
static void plan_farewell(struct planner *planner, uint64_t seed)
{
    enum { ONE_IN = 10, HOURS = 13, FIRST = 5 };
    struct planner own = {.dice = sim_dice_make(seed * UINT64_C(0x9e3779b97f4a7c15) + 4),
                          .device_count = planner->device_count,
                          .events = planner->events};
    size_t steps = json_array_size(own.events);
    size_t at = FIRST + roll(&own, (unsigned)(steps - FIRST) / 2); /* most courses are short */

    if (roll(&own, ONE_IN) > 0) {
        return;
    }
    (void)json_array_insert_new(own.events,
                                at,
                                json_pack("{s:s, s:s}", "do", "erase", "user", user_names[0]));
    for (unsigned told = 0; told < 2; told++) { /* from the last to the first */
        for (unsigned i = own.device_count; i-- > 0;) {
            (void)insert(&own, at, "sync", i);
        }
        for (unsigned i = own.device_count; told == 0 && i-- > 0;) {
            insert_care(&own, at, "alerts", i);
        }
    }
    (void)json_array_insert_new(own.events,
                                at,
                                json_pack("{s:s, s:i}", "do", "pass", "hours", HOURS));
    (void)insert(&own, at, "sync", 0);
    insert_care(&own, at, "generate", 0);
}

/* ---- People ---- */

static json_t *plan_users(struct planner *planner, const struct trn_schema *schema)
{
    json_t *users = json_array();
    const struct trn_grant *grant = schema->grants;

    for (unsigned i = 0; i < planner->user_count; i++) {
        json_t *user = json_object();
        const char *role = "";

        if (schema->grant_count > 0) {
            role = i == 0 || sim_chance(&planner->dice, 30)
                       ? grant->subject_role
                       : grant->holders[roll(planner, (unsigned)grant->holder_count)].role;
        } else if (schema->role_column != TRN_NO_COLUMN) {
            role = schema->tables[schema->users_table]
                       .columns[schema->role_column]
                       .enumeration->values[0];
        }
        name(user, "name", user_names[i]);
        name(user, "role", role);
        (void)json_array_append_new(users, user);
    }
    return users;
}

static json_t *plan_devices(struct planner *planner, unsigned versions)
{
    json_t *devices = json_array();

    for (unsigned i = 0; i < planner->device_count; i++) {
        json_t *device = json_object();

        name(device, "name", device_names[i]);
        name(device,
             "user",
             user_names[i < planner->user_count ? i : roll(planner, planner->user_count)]);
        if (has(planner, SWARM_VERSIONS)) {
            set(device, "schema", 1 + roll(planner, versions));
        } else {
            set(device, "schema", versions);
        }
        if (planner->care && i > 1 && sim_chance(&planner->dice, 40)) {
            (void)json_object_set_new(device, "service", json_true());
            planner->jobs[i] = true;
        }
        (void)json_array_append_new(devices, device);
    }
    return devices;
}

static json_t *plan_open(struct planner *planner)
{
    json_t *open = json_array();

    for (unsigned i = 1; i < planner->user_count; i++) {
        if (sim_chance(&planner->dice, 75)) {
            (void)json_array_append_new(open, json_pack("[s, s]", user_names[0], user_names[i]));
        }
    }
    return open;
}

/* One life in eight, by dice of its own, so that the others are as they were. */
static bool is_care(const struct sim_plan *plan)
{
    struct sim_dice dice = sim_dice_make(plan->seed * UINT64_C(0xd1342543de82ef95) + 1);

    return plan->care || ((plan->schema == NULL || strcmp(plan->schema, "dastern") == 0) &&
                          sim_roll(&dice, 8) == 0);
}

json_t *sim_plan(const struct sim_plan *plan)
{
    enum { CARE_PACE = 3 * 60 * 60 * 1000, TREATMENT = 5 };
    static const unsigned paces[] = {50, 2000, 20000, 600000};
    struct planner planner = {.dice = sim_dice_make(plan->seed * UINT64_C(0x9e3779b97f4a7c15))};
    const char *schema = plan->schema != NULL            ? plan->schema
                         : sim_chance(&planner.dice, 85) ? "clinic"
                                                         : "dastern";
    bool care = is_care(plan);
    size_t versions = 0;
    char message[600];
    struct sim_document *documents;
    json_t *history = json_object();
    unsigned steps;

    schema = care ? "dastern" : schema;
    documents = sim_documents(schema, &versions, message);
    if (documents == NULL) {
        (void)fprintf(stderr, "%s\n", message);
        json_decref(history);
        return NULL;
    }
    planner.swarm = roll(&planner, SWARM_ALL + 1) & roll(&planner, SWARM_ALL + 1);
    planner.swarm |= roll(&planner, 4) == 0 ? roll(&planner, SWARM_ALL + 1) : 0;
    planner.device_count = plan->devices > 0 ? plan->devices : 2 + roll(&planner, 4);
    planner.user_count = 1 + roll(&planner, planner.device_count < 3 ? planner.device_count : 3);
    planner.pace = paces[roll(&planner, 4)];
    planner.care = care;
    planner.pace = care ? CARE_PACE : planner.pace;
    steps = plan->steps > 0 ? plan->steps : 60 + roll(&planner, 400);
    (void)json_object_set_new(history, "seed", json_integer((json_int_t)plan->seed));
    name(history, "schema", schema);
    set(history,
        "serves",
        has(&planner, SWARM_VERSIONS) ? 1 + roll(&planner, (unsigned)versions) : (int64_t)versions);
    set(history, "page_rows", 3 + roll(&planner, roll(&planner, 2) == 0 ? 20 : 5000));
    (void)json_object_set_new(history,
                              "users",
                              plan_users(&planner, documents[versions - 1].schema));
    (void)json_object_set_new(history, "devices", plan_devices(&planner, (unsigned)versions));
    (void)json_object_set_new(history, "open", plan_open(&planner));
    if (plan->check != NULL) {
        name(history, "check", plan->check);
    }
    planner.events = json_array();
    if (care) {
        (void)json_object_set_new(history, "care", json_true());
        if (sim_chance(&planner.dice, 40)) {
            (void)json_object_set_new(
                history,
                "storage",
                json_pack("{s:i}", user_names[0], (int)(2000 + roll(&planner, 40000))));
        }
        plan_treatment(&planner);
    }
    for (unsigned i = 0; i < steps; i++) {
        plan_event(&planner);
    }
    if (care) {
        sim_plan_two_days(planner.events, TREATMENT, planner.device_count, plan->seed);
        plan_farewell(&planner, plan->seed);
    } else {
        plan_much(&planner, plan->seed);
    }
    (void)json_object_set_new(history, "events", planner.events);
    return history;
}
