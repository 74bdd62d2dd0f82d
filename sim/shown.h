/*
 * A row under pending edits shows what its user wrote until the server decides: of each unit what
 * the last of the device's own entries that wait for their verdict says, unless a stamp that this
 * one had not seen is after its own, as the server's merge will say too.
 */
#ifndef TERN_SIM_SHOWN_H
#define TERN_SIM_SHOWN_H

#include "sim/world.h"

void sim_shown_look(struct sim_device *device);

#endif
