/* New files of devices and of the server, made once and copied. */
#ifndef TERN_SIM_FRESH_H
#define TERN_SIM_FRESH_H

#include "sim/world.h"

/* Puts onto the empty disk of a machine what its first opening would make there. At the beginning
 * of a history, before anything is armed. */
void sim_fresh_device(struct sim_device *device);
void sim_fresh_server(struct sim_world *world);

#endif
