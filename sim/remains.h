/*
 * What a device that was told of an erasure still has of it: no id of an erased row stands anywhere
 * in its files, but where an entry or a row that it keeps names it, or a reminder that the
 * medication library lists as cancelled. Looked for in all bytes of all files, once the file has
 * been closed: until then the log has what was written before.
 */
#ifndef TERN_SIM_REMAINS_H
#define TERN_SIM_REMAINS_H

#include "sim/world.h"

/* Notes of which erasures an answer tells the device. */
void sim_remains_hear(struct sim_device *device, struct trn_slice answer);
/* When all is quiet. */
void sim_remains_check(struct sim_world *world);

#endif
