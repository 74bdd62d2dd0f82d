/* The end of a history, where every promise is looked at. */
#ifndef TERN_SIM_CHECK_H
#define TERN_SIM_CHECK_H

#include "sim/world.h"

/* Faults stop, all sync until quiet, and every promise is looked at. */
void sim_settle(struct sim_world *world);

#endif
