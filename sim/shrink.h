/*
 * Shrinking: the shortest history found that still breaks the same promise. Each attempt lives in a
 * process of its own, so that one which crashes counts as well.
 */
#ifndef TERN_SIM_SHRINK_H
#define TERN_SIM_SHRINK_H

#include "sim/history.h"

/* Plays it in another process; true if it holds. A crash is a failure of the promise "crash". */
bool sim_shrink_try(json_t *history, struct sim_result *ret_result);
/* Reduces a history that failed as `result` says; `result` is then what the shorter one gives. */
void sim_shrink(json_t *history, struct sim_result *result);

#endif
