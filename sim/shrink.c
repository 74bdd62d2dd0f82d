/* A few large parts first, then whole classes of events, devices and people, then halves, quarters,
 * ... of the events, at last what each event asks for. */
#include "sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ATTEMPTS_MAX = 4000, SECONDS_MAX = 20, COARSE = 8 };

struct shrinker {
    json_t *history;
    char check[32];
    struct sim_result best;
    unsigned attempts;
};

/* Of the processor, of which others may have the most. */
static void limit_seconds(void)
{
    const struct itimerval limit = {.it_value = {.tv_sec = SECONDS_MAX}};

    (void)setitimer(ITIMER_PROF, &limit, NULL);
}

bool sim_shrink_try(json_t *history, struct sim_result *ret_result)
{
    int ends[2];
    pid_t child;
    ssize_t got;
    int status = 0;

    memset(ret_result, 0, sizeof *ret_result);
    (void)fflush(NULL);
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        abort();
    }
    if (child == 0) {
        struct sim_result result;

        (void)close(ends[0]);
        limit_seconds();
        if (getenv("SIM_TRACE") == NULL && freopen("/dev/null", "w", stderr) == NULL) {
            _exit(3);
        }
        sim_play(history, &result);
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 3);
    }
    (void)close(ends[1]);
    got = read(ends[0], ret_result, sizeof *ret_result);
    (void)close(ends[0]);
    (void)waitpid(child, &status, 0);
    if (got != (ssize_t)sizeof *ret_result || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        memset(ret_result, 0, sizeof *ret_result);
        (void)snprintf(ret_result->check, sizeof ret_result->check, "crash");
        (void)snprintf(ret_result->failure,
                       sizeof ret_result->failure,
                       "the process ended by signal %d",
                       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    return ret_result->check[0] == '\0';
}

/* Whether a history with these events in place of its own breaks the same promise; keeps it if so.
 * `events` is given away. */
static bool attempt(struct shrinker *shrinker, json_t *events)
{
    json_t *old = json_incref(json_object_get(shrinker->history, "events"));
    struct sim_result result;
    bool same;

    shrinker->attempts++;
    (void)json_object_set_new(shrinker->history, "events", events);
    same = shrinker->attempts < ATTEMPTS_MAX && !sim_shrink_try(shrinker->history, &result) &&
           strcmp(result.check, shrinker->check) == 0;
    if (same) {
        shrinker->best = result;
        json_decref(old);
    } else {
        (void)json_object_set_new(shrinker->history, "events", old);
    }
    return same;
}

static json_t *events_of(const struct shrinker *shrinker)
{
    return json_object_get(shrinker->history, "events");
}

/* The events without those from `at` to `at + count`. */
static json_t *without(json_t *events, size_t at, size_t count)
{
    json_t *rest = json_array();

    for (size_t i = 0; i < json_array_size(events); i++) {
        if (i < at || i >= at + count) {
            (void)json_array_append(rest, json_array_get(events, i));
        }
    }
    return rest;
}

/* The events without those whose `key` is `value`. */
static json_t *without_those(json_t *events, const char *key, const char *value)
{
    json_t *rest = json_array();
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        const char *found = json_string_value(json_object_get(event, key));

        if (found == NULL || strcmp(found, value) != 0) {
            (void)json_array_append(rest, event);
        }
    }
    return rest;
}

/* The events that a device has no part in. */
static json_t *without_device(json_t *events, const char *name)
{
    json_t *others = without_those(events, "device", name);
    json_t *rest = without_those(others, "from", name);

    json_decref(others);
    return rest;
}

/* The events with one key of each taken out. */
static json_t *stripped(json_t *events, const char *key)
{
    json_t *rest = json_array();
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        json_t *copy = json_copy(event);

        (void)json_object_del(copy, key);
        (void)json_array_append_new(rest, copy);
    }
    return rest;
}

static void drop_what_follows(struct shrinker *shrinker)
{
    size_t size = json_array_size(events_of(shrinker));

    if (shrinker->best.events < size && shrinker->best.events > 0) {
        (void)attempt(shrinker, without(events_of(shrinker), shrinker->best.events, size));
    }
}

static void drop_classes(struct shrinker *shrinker)
{
    static const char *const verbs[] = {"clock",
                                        "kill",
                                        "power",
                                        "error",
                                        "full",
                                        "memory",
                                        "upgrade",
                                        "backup",
                                        "restore",
                                        "clone",
                                        "erase",
                                        "grant",
                                        "switch",
                                        "decide",
                                        "reopen",
                                        "room",
                                        "pass"};
    static const char *const keys[] =
        {"weather", "busy", "stop", "overtaken", "push_bytes", "page_rows"};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        (void)attempt(shrinker, without_those(events_of(shrinker), "do", verbs[i]));
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        (void)attempt(shrinker, stripped(events_of(shrinker), keys[i]));
    }
}

/* A device goes with all that it does, and from the list if that can be. */
static void drop_devices(struct shrinker *shrinker)
{
    json_t *devices = json_object_get(shrinker->history, "devices");

    for (size_t i = json_array_size(devices); i-- > 0;) {
        json_t *device = json_incref(json_array_get(devices, i));
        const char *name = json_string_value(json_object_get(device, "name"));
        struct sim_result result;

        if (attempt(shrinker, without_device(events_of(shrinker), name))) {
            (void)json_array_remove(devices, i);
            if (sim_shrink_try(shrinker->history, &result) ||
                strcmp(result.check, shrinker->check) != 0) {
                (void)json_array_insert(devices, i, device);
            } else {
                shrinker->best = result;
            }
        }
        json_decref(device);
    }
}

static bool drop_chunks(struct shrinker *shrinker, size_t chunk)
{
    bool any = false;

    for (size_t at = json_array_size(events_of(shrinker)); at > 0;) {
        size_t from = at > chunk ? at - chunk : 0;

        any = attempt(shrinker, without(events_of(shrinker), from, at - from)) || any;
        at = from;
    }
    return any;
}

/* Each event asks for less. */
static void lessen(struct shrinker *shrinker)
{
    static const char *const keys[] = {"weather",
                                       "busy",
                                       "stop",
                                       "overtaken",
                                       "push_bytes",
                                       "page_rows",
                                       "inferred",
                                       "reboot",
                                       "alone"};

    for (size_t i = 0; i < json_array_size(events_of(shrinker)); i++) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            if (json_object_get(json_array_get(events_of(shrinker), i), keys[k]) != NULL) {
                json_t *events = json_deep_copy(events_of(shrinker));

                (void)json_object_del(json_array_get(events, i), keys[k]);
                (void)attempt(shrinker, events);
            }
        }
        if (json_integer_value(json_object_get(json_array_get(events_of(shrinker), i), "changes")) >
            1) {
            json_t *events = json_deep_copy(events_of(shrinker));

            (void)json_object_set_new(json_array_get(events, i), "changes", json_integer(1));
            (void)attempt(shrinker, events);
        }
    }
}

/* Batches of the usual size, if it breaks with those as well. */
static void drop_limit(struct shrinker *shrinker)
{
    json_t *limit = json_incref(json_object_get(shrinker->history, "batch"));
    struct sim_result result;

    if (limit == NULL) {
        return;
    }
    shrinker->attempts++;
    (void)json_object_del(shrinker->history, "batch");
    if (!sim_shrink_try(shrinker->history, &result) && strcmp(result.check, shrinker->check) == 0) {
        shrinker->best = result;
        json_decref(limit);
    } else {
        (void)json_object_set_new(shrinker->history, "batch", limit);
    }
}

void sim_shrink(json_t *history, struct sim_result *result)
{
    struct shrinker shrinker = {.history = history, .best = *result};
    bool any = true;

    (void)snprintf(shrinker.check, sizeof shrinker.check, "%s", result->check);
    drop_limit(&shrinker);
    drop_what_follows(&shrinker);
    for (size_t parts = 2; parts <= COARSE; parts *= 2) { /* what follows is the faster */
        (void)drop_chunks(&shrinker, json_array_size(events_of(&shrinker)) / parts + 1);
    }
    drop_classes(&shrinker);
    drop_devices(&shrinker);
    while (any && shrinker.attempts < ATTEMPTS_MAX) {
        any = false;
        for (size_t chunk = json_array_size(events_of(&shrinker)) / 2; chunk > 0; chunk /= 2) {
            any = drop_chunks(&shrinker, chunk) || any;
        }
    }
    drop_devices(&shrinker);
    lessen(&shrinker);
    (void)drop_chunks(&shrinker, 1);
    drop_limit(&shrinker);
    *result = shrinker.best;
}
