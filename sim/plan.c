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
#include "sim/levers.h"
#include "sim/scene.h"

enum { STRUCK = 40 /* of a hundred faults at the server */ };
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
    int64_t off_days;

    name(event, "device", some_device(planner));
    switch (roll(planner, 4)) {
    case 0:
        set(event, "off_s", 0);
        break;
    case 1:
        set(event, "off_s", (int64_t)roll(planner, 1200) - 600);
        break;
    default:
        off_days = (int64_t)roll(planner, 3650) - 1825;
        set(event, "off_days", off_days);
        if (off_days % 2 == 0) { /* in one boot it is measured once and for all */
            (void)json_object_set_new(event, "reboot", json_true());
        }
        break;
    }
}

/* In `percent` of a hundred the server, where it is struck at all. */
static const char *some_machine(struct planner *planner, unsigned percent)
{
    return has(planner, SWARM_SERVER) && sim_chance(&planner->dice, percent) ? "server"
                                                                             : some_device(planner);
}

/* The process dies between a write and its sync, and soon after it is back the power goes. */
static void plan_two_deaths(struct planner *planner)
{
    const char *machine = some_machine(planner, STRUCK);
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
    name(event, "device", some_machine(planner, STRUCK));
    if (sim_chance(&planner->dice, 20)) {
        set(event, "sync", 1 + roll(planner, 6));
    } else {
        set(event, "at", sim_chance(&planner->dice, 15) ? 0 : 1 + roll(planner, 40));
    }
}

static void plan_disk(struct planner *planner)
{
    json_t *event = add(planner, sim_chance(&planner->dice, 50) ? "error" : "full");

    name(event, "device", some_machine(planner, STRUCK));
    set(event, "at", 1 + roll(planner, 30));
}

static void plan_memory(struct planner *planner)
{
    json_t *event = add(planner, "memory");

    name(event, "device", some_machine(planner, STRUCK));
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

static void plan_decide(struct planner *planner)
{
    json_t *event = add(planner, "decide");

    name(event, "device", some_device(planner));
    set(event, "seed", some_seed(planner));
}

static void plan_reopen(struct planner *planner)
{
    json_t *event = add(planner, "reopen");

    name(event, "device", some_machine(planner, 25));
    if (sim_chance(&planner->dice, 30)) {
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

/* What may go wrong, among how many, and at which pace. Gives how many events there are. */
static unsigned plan_kind(struct planner *planner, const struct sim_plan *plan)
{
    enum { CARE_PACE = 3 * 60 * 60 * 1000 };
    static const unsigned paces[] = {50, 2000, 20000, 600000};

    planner->swarm = roll(planner, SWARM_ALL + 1) & roll(planner, SWARM_ALL + 1);
    planner->swarm |= roll(planner, 4) == 0 ? roll(planner, SWARM_ALL + 1) : 0;
    planner->device_count = plan->devices > 0 ? plan->devices : 2 + roll(planner, 4);
    planner->user_count = 1 + roll(planner, planner->device_count < 3 ? planner->device_count : 3);
    planner->pace = paces[roll(planner, 4)];
    planner->pace = planner->care ? CARE_PACE : planner->pace;
    return plan->steps > 0 ? plan->steps : 60 + roll(planner, 400);
}

static void plan_people(struct planner *planner,
                        json_t *history,
                        const struct sim_document *documents,
                        unsigned versions)
{
    int64_t served = has(planner, SWARM_VERSIONS) ? 1 + roll(planner, versions) : versions;

    set(history, "serves", served);
    set(history, "page_rows", 3 + roll(planner, roll(planner, 2) == 0 ? 20 : 5000));
    (void)json_object_set_new(history,
                              "users",
                              plan_users(planner, documents[versions - 1].schema));
    (void)json_object_set_new(history, "devices", plan_devices(planner, versions));
    (void)json_object_set_new(history, "open", plan_open(planner));
}

static void plan_events(struct planner *planner, json_t *history, unsigned steps)
{
    planner->events = json_array();
    (void)json_object_set_new(history, "events", planner->events);
    if (planner->care) {
        (void)json_object_set_new(history, "care", json_true());
        if (sim_chance(&planner->dice, 40)) {
            json_t *storage = json_object();

            set(storage, user_names[0], 2000 + roll(planner, 40000));
            (void)json_object_set_new(history, "storage", storage);
        }
        plan_treatment(planner);
    }
    for (unsigned i = 0; i < steps; i++) {
        plan_event(planner);
    }
}

json_t *sim_plan(const struct sim_plan *plan)
{
    struct planner planner = {.dice = sim_dice_make(plan->seed * UINT64_C(0x9e3779b97f4a7c15)),
                              .care = is_care(plan)};
    const char *schema = plan->schema != NULL            ? plan->schema
                         : sim_chance(&planner.dice, 85) ? "clinic"
                                                         : "dastern";
    size_t versions = 0;
    char message[600];
    struct sim_document *documents;
    json_t *history;
    unsigned steps;

    schema = planner.care ? "dastern" : schema;
    documents = sim_documents(schema, &versions, message);
    if (documents == NULL) {
        (void)fprintf(stderr, "%s\n", message);
        return NULL;
    }
    steps = plan_kind(&planner, plan);
    history = json_object();
    (void)json_object_set_new(history, "seed", json_integer((json_int_t)plan->seed));
    name(history, "schema", schema);
    plan_people(&planner, history, documents, (unsigned)versions);
    if (plan->check != NULL) {
        name(history, "check", plan->check);
    }
    plan_events(&planner, history, steps);
    sim_scene_add(history);
    sim_levers_pull(history);
    return history;
}
