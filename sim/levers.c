#include "sim/levers.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sim/dice.h"
#include "sim/event.h"

/* Of one lever in one life. */
static struct sim_dice dice_of(json_t *history, uint64_t factor, uint64_t number)
{
    return sim_dice_make((uint64_t)sim_event_number(history, "seed", 0) * factor + number);
}

static bool is_verb(json_t *event, const char *verb)
{
    return strcmp(sim_event_text(event, "do"), verb) == 0;
}

/* In one life in three so few rows are a batch. */
static void make_batches_small(json_t *history)
{
    enum { ONE_IN = 3, BATCH_MAX = 8 };
    struct sim_dice dice = dice_of(history, UINT64_C(0xa0761d6478bd642f), 2);

    if (sim_roll(&dice, ONE_IN) == 0) {
        (void)json_object_set_new(history, "batch", json_integer(1 + sim_roll(&dice, BATCH_MAX)));
    }
}

/* Half of the upgrades of servers end with the older apps. */
static void leave_older_apps(json_t *history)
{
    struct sim_dice dice = dice_of(history, UINT64_C(0x9e3779b97f4a7c15), 7);
    size_t index;
    json_t *event;

    json_array_foreach(json_object_get(history, "events"), index, event)
    {
        if (is_verb(event, "upgrade") && sim_event_is_server(event, "device") &&
            sim_chance(&dice, 50)) {
            (void)json_object_set_new(event, "alone", json_true());
        }
    }
}

/* A request stays short of the five minutes behind which a server takes its sender's clock for one
 * that is slow. */
static const char *some_delay(struct sim_dice *dice, char room[40])
{
    enum { REQUEST_S = 240 };
    static const unsigned answers_s[] = {30, 120, 120, 900, 36000};
    unsigned answer_s = answers_s[sim_roll(dice, sizeof answers_s / sizeof *answers_s)];

    if (sim_chance(dice, 50)) {
        (void)snprintf(room, 40, "slow %u", 1 + sim_roll(dice, answer_s));
    } else {
        (void)snprintf(room, 40, "request slow %u", 1 + sim_roll(dice, REQUEST_S));
    }
    return room;
}

static json_t *weather_of(json_t *event)
{
    json_t *weather = json_object_get(event, "weather");

    if (weather == NULL) {
        weather = json_array();
        (void)json_object_set_new(event, "weather", weather);
    }
    return weather;
}

/* In one life in three a request in some syncs, or its answer, is under way for seconds, minutes or
 * a night, as where the phone sleeps over it. */
static void take_time(json_t *history)
{
    enum { ONE_IN = 3, SLOW = 25 /* of a hundred syncs */ };
    struct sim_dice dice = dice_of(history, UINT64_C(0xe7037ed1a0b428db), 8);
    bool is_pulled = sim_roll(&dice, ONE_IN) == 0;
    char room[40];
    size_t index;
    json_t *event;

    json_array_foreach(json_object_get(history, "events"), index, event)
    {
        if (is_pulled && is_verb(event, "sync") && sim_chance(&dice, SLOW)) {
            json_t *weather = weather_of(event);

            (void)json_array_insert_new(weather,
                                        sim_roll(&dice, (unsigned)json_array_size(weather) + 1),
                                        json_string(some_delay(&dice, room)));
        }
    }
}

/* Puts a word, so many times, ahead of what the sync's exchanges meet. */
static void meet_first(json_t *event, const char *word, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        (void)json_array_insert_new(weather_of(event), 0, json_string(word));
    }
}

/* In one life in four the request of some syncs arrives together with one of the next sync, or with
 * its own device's next one. */
static void bring_together(json_t *history)
{
    enum { ONE_IN = 4, TOGETHER = 15 /* of a hundred syncs */, LOST = 10 };
    struct sim_dice dice = dice_of(history, UINT64_C(0x589965cc75374cc3), 10);
    bool is_pulled = sim_roll(&dice, ONE_IN) == 0;
    bool is_awaited = false;
    size_t index;
    json_t *event;

    json_array_foreach(json_object_get(history, "events"), index, event)
    {
        if (!is_pulled || !is_verb(event, "sync")) {
            continue;
        }
        if (is_awaited) {
            meet_first(event, sim_chance(&dice, 50) ? "behind the late" : "before the late", 1);
            is_awaited = false;
        } else if (sim_chance(&dice, TOGETHER)) {
            is_awaited = sim_chance(&dice, 75);
            meet_first(event,
                       is_awaited ? "request lost" : "behind the late",
                       is_awaited ? LOST : 1);
            meet_first(event, "late", 1);
        }
    }
}

/* In one life in four, though not where people take medicine, the server's clock is off, and jumps.
 */
static void move_servers_clock(json_t *history)
{
    enum { ONE_IN = 4, JUMPS = 6 };
    static const unsigned spans_s[] = {1, 600, 43200, 5184000};
    struct sim_dice dice = dice_of(history, UINT64_C(0x8ebc6af09c88c6e3), 9);
    json_t *events = json_object_get(history, "events");
    unsigned jumps = sim_roll(&dice, ONE_IN) > 0 ? 0 : 1 + sim_roll(&dice, JUMPS);

    for (unsigned i = 0; i < jumps && !sim_event_flag(history, "care"); i++) {
        int span_s = (int)spans_s[sim_roll(&dice, sizeof spans_s / sizeof *spans_s)];
        int off_s = (int)sim_roll(&dice, 2 * (unsigned)span_s - 1) - (span_s - 1);
        json_t *event =
            json_pack("{s:s, s:s, s:i}", "do", "clock", "device", "server", "off_s", off_s);

        (void)json_array_insert_new(events,
                                    sim_roll(&dice, (unsigned)json_array_size(events) + 1),
                                    event);
    }
}

void sim_levers_pull(json_t *history)
{
    move_servers_clock(history);
    take_time(history);
    bring_together(history);
    make_batches_small(history);
    leave_older_apps(history);
}
