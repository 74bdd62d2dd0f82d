/* What a scenario expects of a device or of the server, told by SQL or by counts. */
#ifndef TERN_SIM_EXPECT_H
#define TERN_SIM_EXPECT_H

#include <jansson.h>

#include "sim/world.h"

/* The verb `expect`: fails the world where it is not so. */
void sim_expect(struct sim_world *world, json_t *event);

#endif
