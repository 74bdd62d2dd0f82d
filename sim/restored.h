/*
 * What a live device shows as a server comes back from a backup that lacks it is, when all is
 * quiet, on the server again, or parked on some device, unless its record was closed meanwhile:
 * nothing that was acknowledged, and that somebody still has, simply vanishes.
 */
#ifndef TERN_SIM_RESTORED_H
#define TERN_SIM_RESTORED_H

#include "sim/world.h"

/* The server is about to be replaced: what it has again by now is done, and may have left since. */
void sim_restored_settle(struct sim_world *world);
/* The server has come back: notes what it lacks and a device shows. */
void sim_restored_note(struct sim_world *world);
/* The device has synced: what lies in records that are not open to it is not expected any more,
 * nor, where it has heard all, that a row is deleted which the server does not have. */
void sim_restored_sync(struct sim_device *device, bool heard_all);
/* The user gives up some of what is parked on the device: it may be any of it, whoever showed it.
 */
void sim_restored_decide(struct sim_device *device);
/* Its files are replaced. */
void sim_restored_forget(struct sim_device *device);
void sim_restored_check(struct sim_world *world);
void sim_restored_end(struct sim_world *world);

#endif
