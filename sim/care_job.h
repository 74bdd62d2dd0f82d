/*
 * The server's job for missed doses (server/missed.h) in a life: steps in virtual time, on the
 * server's disk, by the server's clock, killed and restarted with the server.
 */
#ifndef TERN_SIM_CARE_JOB_H
#define TERN_SIM_CARE_JOB_H

#include "sim/world.h"

/* So many `steps`, or without a number a round of a job that has just been started; `off_s`: the
 * clock that it and the server go by for that long. */
void sim_job_play(struct sim_world *world, json_t *event);

#endif
