/*
 * Playing a history: a JSON object of people, devices and events, whoever wrote it (a seed's
 * planner, a shrinker, a person). docs/SIMULATOR.md states its language.
 */
#ifndef TERN_SIM_HISTORY_H
#define TERN_SIM_HISTORY_H

#include "sim/world.h"

/* What became of a history. */
struct sim_result {
    uint64_t hash;
    uint64_t ops;
    uint64_t faults;
    size_t events; /* played */
    char check[32];
    char failure[600];
};

/* The world of a history before its first event; where it does not come so far, it has failed. To
 * be ended with sim_world_end. False, with the failure noted, where there is no world. */
bool sim_play_begin(struct sim_world *world, json_t *history, struct sim_result *ret_result);
/* Plays all of it. */
void sim_play(json_t *history, struct sim_result *ret_result);

#endif
