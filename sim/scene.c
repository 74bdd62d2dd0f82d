#include "sim/scene.h"

#include <stdint.h>

#include "sim/dice.h"
#include "sim/event.h"

enum { FIRST = 5 /* behind what makes a patient of somebody */ };

struct scene {
    struct sim_dice dice;
    json_t *devices;
    json_t *events;
};

static struct scene begin(json_t *history, uint64_t number)
{
    uint64_t seed = (uint64_t)sim_event_number(history, "seed", 0);

    return (struct scene){.dice = sim_dice_make(seed * UINT64_C(0x9e3779b97f4a7c15) + number),
                          .devices = json_object_get(history, "devices"),
                          .events = json_object_get(history, "events")};
}

static json_t *put(struct scene *scene, size_t at, const char *verb)
{
    json_t *event = json_pack("{s:s}", "do", verb);

    (void)json_array_insert_new(scene->events, at, event);
    return event;
}

static json_t *put_device(struct scene *scene, size_t at, const char *verb, size_t device)
{
    json_t *event = put(scene, at, verb);

    (void)json_object_set(event,
                          "device",
                          json_object_get(json_array_get(scene->devices, device), "name"));
    return event;
}

static void set(json_t *event, const char *key, int64_t number)
{
    (void)json_object_set_new(event, key, json_integer(number));
}

static void throw_seed(struct scene *scene, json_t *event)
{
    set(event, "seed", (int64_t)(sim_dice_next(&scene->dice) >> 33) + 1);
}

/* Enough for a log to be put away, and more than may be held at once. Nobody syncs between the
 * writes, so that all of it comes to each of the others in one sync, in small pieces. */
static void carry_much(json_t *history)
{
    enum { ONE_IN = 40, WRITES = 20, ROWS = 16, BYTES = 12000, PAGE_ROWS = 4 };
    struct scene scene = begin(history, 1);
    size_t device_count = json_array_size(scene.devices);
    size_t device = sim_roll(&scene.dice, (unsigned)device_count);
    size_t at;

    if (sim_roll(&scene.dice, ONE_IN) > 0) {
        return;
    }
    at = sim_roll(&scene.dice, (unsigned)json_array_size(scene.events) + 1);
    for (unsigned i = 0; i < WRITES; i++) {
        json_t *event = put_device(&scene, at++, "write", device);

        throw_seed(&scene, event);
        set(event, "changes", ROWS);
        set(event, "bytes", BYTES);
    }
    (void)put_device(&scene, at++, "sync", device);
    for (size_t i = 0; i < device_count; i++) {
        set(put_device(&scene, at++, "sync", i), "page_rows", PAGE_ROWS);
    }
}

static bool is_job(const struct scene *scene, size_t device)
{
    json_t *object = json_array_get(scene->devices, device);

    return sim_event_flag(object, "service") || sim_event_flag(object, "operator");
}

/* A file is copied, both copies are told apart, each in its time and by halves, and the server goes
 * back to a copy of its own that may be older than what they were told. */
static void part_copies(json_t *history)
{
    enum { ONE_IN = 25, ACTS = 9, CHANGES = 3, STOP = 8 };
    struct scene scene = begin(history, 7);
    size_t device_count = json_array_size(scene.devices);
    size_t both[2] = {sim_roll(&scene.dice, (unsigned)device_count), 0};
    size_t at = sim_roll(&scene.dice, (unsigned)json_array_size(scene.events) + 1);
    unsigned copied = sim_roll(&scene.dice, 3);

    if (device_count < 2 || sim_roll(&scene.dice, ONE_IN) > 0) {
        return;
    }
    both[1] = (both[0] + 1 + sim_roll(&scene.dice, (unsigned)device_count - 1)) % device_count;
    if (is_job(&scene, both[0]) || is_job(&scene, both[1])) {
        return;
    }
    (void)put_device(&scene, at++, "sync", both[0]);
    (void)json_object_set(put_device(&scene, at++, "clone", both[1]),
                          "from",
                          json_object_get(json_array_get(scene.devices, both[0]), "name"));
    for (unsigned i = 0; i < ACTS; i++) {
        size_t device = both[sim_roll(&scene.dice, 2)];
        bool writes = sim_roll(&scene.dice, 2) > 0;
        json_t *event;

        if (i == copied) {
            (void)json_object_set_new(put(&scene, at++, "backup"), "device", json_string("server"));
        }
        event = put_device(&scene, at++, writes ? "write" : "sync", device);
        if (writes) {
            throw_seed(&scene, event);
            set(event, "changes", 1 + sim_roll(&scene.dice, CHANGES));
        } else if (sim_roll(&scene.dice, 2) > 0) {
            set(event, "stop", 1 + sim_roll(&scene.dice, STOP));
        }
    }
    (void)json_object_set_new(put(&scene, at, "restore"), "device", json_string("server"));
}

static json_t *put_care(struct scene *scene, size_t at, const char *call, size_t device)
{
    json_t *event = put_device(scene, at, "care", device);

    (void)json_object_set_new(event, "call", json_string(call));
    throw_seed(scene, event);
    return event;
}

static size_t put_in_force(struct scene *scene, size_t at, size_t device, const char *row)
{
    enum { HOURS = 20 };
    json_t *event = put_care(scene, at++, "activate", device);
    int64_t hours = HOURS + sim_roll(&scene->dice, 2 * HOURS);

    (void)json_object_set_new(event, "prescription", json_string(row));
    (void)put_care(scene, at++, "generate", device);
    set(put(scene, at++, "pass"), "hours", hours);
    return at;
}

/* Two put one draft in force that names no start, on different days and without hearing of each
 * other, and doses are taken, or guessed to be missed, under either day or both. */
static void begin_twice(json_t *history)
{
    enum { ONE_IN = 10, ACTS = 4, SYNCS = 4 };
    static const char *const acts[] = {"take", "missed", "list", "skip", "alerts"};
    static const char row[] = "twice";
    struct scene scene = begin(history, 6);
    size_t device_count = json_array_size(scene.devices);
    size_t both[2] = {0, 1};
    size_t at = FIRST;
    json_t *draft;

    if (device_count < 2 || sim_roll(&scene.dice, ONE_IN) > 0) {
        return;
    }
    both[1] += sim_roll(&scene.dice, (unsigned)device_count - 1);
    draft = put_care(&scene, at++, "create", both[0]);
    (void)json_object_set_new(draft, "row", json_string(row));
    (void)json_object_set_new(draft, "undated", json_true());
    for (unsigned i = 0; i < 2; i++) {
        (void)put_device(&scene, at++, "sync", both[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        at = put_in_force(&scene, at, both[i], row);
    }
    for (unsigned i = 0; i < ACTS; i++) {
        const char *act = acts[sim_roll(&scene.dice, sizeof acts / sizeof *acts)];

        (void)put_care(&scene, at++, act, both[sim_roll(&scene.dice, 2)]);
    }
    for (unsigned i = sim_roll(&scene.dice, 2); i < SYNCS; i++) { /* either is heard first */
        (void)put_device(&scene, at++, "sync", both[i % 2]);
    }
    (void)put_care(&scene, at, "list", both[0]);
}

/* All are told of what the patient has missed, and then that record is erased, and life goes on.
 * Put together from the last event to the first. */
static void say_farewell(json_t *history)
{
    enum { ONE_IN = 10, HOURS = 13 };
    struct scene scene = begin(history, 4);
    size_t device_count = json_array_size(scene.devices);
    json_t *patient = json_array_get(json_object_get(history, "users"), 0);
    size_t steps = json_array_size(scene.events);
    /* Most courses are short. */
    size_t at = FIRST + sim_roll(&scene.dice, (unsigned)(steps - FIRST) / 2);

    if (sim_roll(&scene.dice, ONE_IN) > 0) {
        return;
    }
    (void)json_object_set(put(&scene, at, "erase"), "user", json_object_get(patient, "name"));
    for (unsigned told = 0; told < 2; told++) {
        for (size_t i = device_count; i-- > 0;) {
            (void)put_device(&scene, at, "sync", i);
        }
        for (size_t i = device_count; told == 0 && i-- > 0;) {
            (void)put_care(&scene, at, "alerts", i);
        }
    }
    set(put(&scene, at, "pass"), "hours", HOURS);
    (void)put_device(&scene, at, "sync", 0);
    (void)put_care(&scene, at, "generate", 0);
}

void sim_scene_add(json_t *history)
{
    if (sim_event_flag(history, "care")) {
        begin_twice(history);
        say_farewell(history);
    } else {
        carry_much(history);
        part_copies(history);
    }
}
