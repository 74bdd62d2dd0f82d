#include "sim/levers.h"

#include <stdint.h>
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

void sim_levers_pull(json_t *history)
{
    make_batches_small(history);
    leave_older_apps(history);
}
