/* Lives, one or many: seed after seed by this process, or by several at a time. */
#ifndef TERN_SIM_LIVES_H
#define TERN_SIM_LIVES_H

#include <jansson.h>
#include <stdint.h>

#include "sim/history.h"
#include "sim/options.h"

struct sim_totals {
    uint64_t seeds;
    uint64_t failures;
    uint64_t ops;
    uint64_t faults;
};

/* Plays a history, twice where that is asked for. */
void sim_lives_play(const struct sim_options *options,
                    json_t *history,
                    struct sim_result *ret_result);
void sim_lives_add(struct sim_totals *totals, const struct sim_result *result);

/*
 * Plays the seeds from `start` on: `seeds` of them, or as many as fit into `minutes`, until one
 * fails where it may not keep going; tells of failures and of how far it is. By `jobs` processes
 * beside each other, where there are more than one: each takes the next seed that none has taken.
 * One that crashes has failed in its seed, and another goes on in its place.
 */
void sim_lives_run(const struct sim_options *options, struct sim_totals *totals);

#endif
