/*
 * A bug counts as found in a seed in which a promise breaks with it and none does without it. Each
 * life is lived in a process of its own, for a planted bug may crash or never end.
 */
#include "sim/mutants.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mutant.h"
#include "sim/history.h"
#include "sim/plan.h"
#include "sim/shrink.h"

static const struct planted {
    const char *name;
    uint64_t start;
    const char *text;
} planted[] = {[TRN_MUTANT_NONE] = {"", 0, ""},
#define PLANTED(name, seed, text) [TRN_MUTANT_##name] = {#name, seed, text},
               TRN_MUTANTS(PLANTED)
#undef PLANTED
};

enum trn_mutant trn_mutant_chosen = TRN_MUTANT_NONE;

/* Bugs of the medication library are looked for in lives that call it. */
static bool care;
static const struct sim_hunt *hunted;

static bool
holds(uint64_t seed, enum trn_mutant mutant, const char *check, struct sim_result *ret_result)
{
    const struct sim_plan plan = {.seed = seed,
                                  .check = check,
                                  .care = care,
                                  .devices = hunted->devices,
                                  .steps = hunted->steps};
    json_t *history = sim_plan(&plan);
    bool holds_up;

    trn_mutant_chosen = mutant;
    holds_up = sim_shrink_try(history, ret_result);
    trn_mutant_chosen = TRN_MUTANT_NONE;
    json_decref(history);
    return holds_up;
}

/* Whether nothing breaks in the seed without a bug; the last seeds asked for are remembered. */
static bool is_sound(uint64_t seed)
{
    enum { SOUND = 64 };
    static uint64_t sound[2][SOUND];
    struct sim_result result;
    uint64_t *slot = &sound[care][seed % SOUND];

    if (*slot != seed && holds(seed, TRN_MUTANT_NONE, NULL, &result)) {
        *slot = seed;
    }
    return *slot == seed;
}

/* Of the processor, by all lives that have ended. */
static double seconds_used(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static bool hunt_one(const struct sim_hunt *hunt, enum trn_mutant mutant)
{
    uint64_t start = hunt->start > 0 ? hunt->start : planted[mutant].start;
    double begin = seconds_used();
    struct sim_result result;

    hunted = hunt;
    care = strncmp(planted[mutant].name, "CARE_", 5) == 0;
    for (uint64_t i = 0; i < hunt->seeds; i++) {
        if (!holds(start + i, mutant, hunt->check, &result) && is_sound(start + i)) {
            (void)printf("mutant %s found after %llu seeds and %.1f s, in seed %llu (%s: %.160s)\n",
                         planted[mutant].name,
                         (unsigned long long)(i + 1),
                         seconds_used() - begin,
                         (unsigned long long)(start + i),
                         result.check,
                         result.failure);
            return true;
        }
    }
    (void)printf("mutant %s NOT FOUND in seeds %llu to %llu: %s\n",
                 planted[mutant].name,
                 (unsigned long long)start,
                 (unsigned long long)(start + hunt->seeds - 1),
                 planted[mutant].text);
    return false;
}

unsigned sim_mutants_hunt(const struct sim_hunt *hunt)
{
    unsigned missed = 0;
    unsigned count = 0;

    for (enum trn_mutant mutant = TRN_MUTANT_NONE + 1; mutant < TRN_MUTANT_COUNT; mutant++) {
        if (hunt->name == NULL ? planted[mutant].start > 0
                               : strcmp(hunt->name, planted[mutant].name) == 0) {
            count++;
            missed += !hunt_one(hunt, mutant);
            (void)fflush(stdout);
        }
    }
    if (count == 0) {
        (void)fprintf(stderr, "sim: there is no mutant %s\n", hunt->name);
        return 1;
    }
    (void)printf("sim: %u mutants, %u not found\n", count, missed);
    return missed;
}

bool sim_mutants_try(const char *name, const char *check, const char *path, json_t *history)
{
    struct sim_result result;
    bool holds_up = sim_shrink_try(history, &result);
    bool breaks;

    if (!holds_up) {
        (void)fprintf(stderr, "%s fails without a mutant: %s\n", path, result.failure);
        return false;
    }
    if (!sim_mutants_choose(name)) {
        (void)fprintf(stderr, "sim: there is no mutant %s\n", name);
        return false;
    }
    if (check != NULL) {
        (void)json_object_set_new(history, "check", json_string(check));
    }
    breaks = !sim_shrink_try(history, &result);
    trn_mutant_chosen = TRN_MUTANT_NONE;
    if (breaks) {
        (void)printf("mutant %s found by %s (%s: %.160s)\n",
                     name,
                     path,
                     result.check,
                     result.failure);
    } else {
        (void)printf("mutant %s NOT FOUND by %s\n", name, path);
    }
    return breaks;
}

bool sim_mutants_choose(const char *name)
{
    for (enum trn_mutant mutant = TRN_MUTANT_NONE + 1; mutant < TRN_MUTANT_COUNT; mutant++) {
        if (strcmp(planted[mutant].name, name) == 0) {
            trn_mutant_chosen = mutant;
            return true;
        }
    }
    return false;
}
