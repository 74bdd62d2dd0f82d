/* The beginning and the end of a world, and the revival of machines that died in it. */
#ifndef TERN_SIM_LIFE_H
#define TERN_SIM_LIFE_H

#include "sim/world.h"

/* Begins a world with a server and no device. The documents are borrowed. */
void sim_world_begin(struct sim_world *world,
                     struct sim_document *documents,
                     size_t document_count,
                     size_t served,
                     uint64_t seed);
void sim_world_end(struct sim_world *world);

/* Revives machines that died, restarts what is down, and looks at what came back. */
void sim_world_mend(struct sim_world *world);
/* Nothing is armed any more. */
void sim_world_disarm(struct sim_world *world);

/* Adds a device with an empty disk; it is up afterwards. NULL if there is no room. */
struct sim_device *
sim_device_add(struct sim_world *world, const char *name, size_t user, size_t document);

#endif
