/*
 * The change counters of a replica, by which an app knows when to read a table anew: where what a
 * table shows has changed, its counter has moved.
 *
 * SQLite tells of each row before it changes, as it tells the library; where the counter of its
 * table has moved by the next look, that is all, and else the row is compared with what it was.
 */
#ifndef TERN_SIM_COUNTED_H
#define TERN_SIM_COUNTED_H

#include "sim/world.h"

/* Around the opening of a replica, whose connection is listened to from then on. */
void sim_counted_begin(struct sim_device *device);
void sim_counted_end(void);
/* Between two calls of the app's. */
void sim_counted_look(struct sim_device *device);
/* Before the replica is closed. */
void sim_counted_free(struct sim_device *device);

#endif
