/*
 * What on a device only ever goes forward: its cursor, which the server seals and this opens, and
 * the stamps that it gives its own transactions. Both are read from its file. And its clock, which
 * goes by the server's.
 */
#ifndef TERN_SIM_STEADY_H
#define TERN_SIM_STEADY_H

#include "sim/world.h"

/* After a session: in no record the cursor stands behind where it stood. */
void sim_steady_cursor(struct sim_device *device);
/* An answer with a page is about to be read. */
void sim_steady_trip(struct sim_device *device, const struct sim_trip *trip);
/* After a session that ended well: its clock stands in the middle of the last exchange; of a long
 * one, where it stood, as far as that allows it. */
void sim_steady_clock(struct sim_device *device);
/* After a commit: its stamp is above that of the one before, which still waits. */
void sim_steady_stamp(struct sim_device *device);
/* The file is another, or the server is: what was seen before says nothing any more. */
void sim_steady_forget(struct sim_device *device);

#endif
