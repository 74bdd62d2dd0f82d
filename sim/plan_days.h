/* A part of a life that the planner's dice alone make too seldom. */
#ifndef TERN_SIM_PLAN_DAYS_H
#define TERN_SIM_PLAN_DAYS_H

#include <jansson.h>
#include <stdint.h>

/* Of few lives: two put one draft in force that names no start, on different days and without
 * hearing of each other, and doses are taken, or guessed to be missed, under either day or both.
 * Set in at `at`, by dice of its own, so that the other lives are as they were. */
void sim_plan_two_days(json_t *events, size_t at, unsigned device_count, uint64_t seed);

#endif
