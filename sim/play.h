/* Playing one event of a history. */
#ifndef TERN_SIM_PLAY_H
#define TERN_SIM_PLAY_H

#include "sim/world.h"

/* One event, and what died of it is revived. */
void sim_play_event(struct sim_world *world, json_t *event);

#endif
