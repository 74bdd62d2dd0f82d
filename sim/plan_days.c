#include "sim/plan_days.h"

#include "sim/dice.h"

enum { ONE_IN = 10, HOURS = 20, ACTS = 4, SYNCS = 4 };

struct part {
    json_t *events;
    size_t at;
    struct sim_dice dice;
    char devices[2][2]; /* their names */
};

static void add(struct part *part, json_t *event)
{
    (void)json_array_insert_new(part->events, part->at++, event);
}

static json_t *event_of(const char *verb, const char *device)
{
    return json_pack("{s:s, s:s}", "do", verb, "device", device);
}

static json_t *care_of(struct part *part, const char *call, const char *device)
{
    json_t *event = event_of("care", device);

    (void)json_object_set_new(event, "call", json_string(call));
    (void)json_object_set_new(event,
                              "seed",
                              json_integer((json_int_t)(sim_dice_next(&part->dice) >> 33) + 1));
    return event;
}

static void add_draft(struct part *part)
{
    json_t *event = care_of(part, "create", part->devices[0]);

    (void)json_object_set_new(event, "row", json_string("twice"));
    (void)json_object_set_new(event, "undated", json_true());
    add(part, event);
}

static void put_in_force(struct part *part, const char *device)
{
    json_t *event = care_of(part, "activate", device);
    const int hours = HOURS + (int)sim_roll(&part->dice, 2 * HOURS);

    (void)json_object_set_new(event, "prescription", json_string("twice"));
    add(part, event);
    add(part, care_of(part, "generate", device));
    add(part, json_pack("{s:s, s:i}", "do", "pass", "hours", hours));
}

void sim_plan_two_days(json_t *events, size_t at, unsigned device_count, uint64_t seed)
{
    static const char *const acts[] = {"take", "missed", "list", "skip", "alerts"};
    struct part part = {.events = events,
                        .at = at,
                        .dice = sim_dice_make(seed * UINT64_C(0x9e3779b97f4a7c15) + 6),
                        .devices = {"a", "b"}};

    if (device_count < 2 || sim_roll(&part.dice, ONE_IN) > 0) {
        return;
    }
    part.devices[1][0] = (char)('b' + sim_roll(&part.dice, device_count - 1));
    add_draft(&part);
    for (unsigned i = 0; i < 2; i++) {
        add(&part, event_of("sync", part.devices[i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        put_in_force(&part, part.devices[i]);
    }
    for (unsigned i = 0; i < ACTS; i++) {
        const char *act = acts[sim_roll(&part.dice, sizeof acts / sizeof *acts)];

        add(&part, care_of(&part, act, part.devices[sim_roll(&part.dice, 2)]));
    }
    for (unsigned i = sim_roll(&part.dice, 2); i < SYNCS; i++) { /* either is heard first */
        add(&part, event_of("sync", part.devices[i % 2]));
    }
    add(&part, care_of(&part, "list", part.devices[0]));
}
