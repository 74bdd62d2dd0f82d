/* Devices as machines: they open their replica, die, and come back from an image. */
#ifndef TERN_SIM_DEVICE_H
#define TERN_SIM_DEVICE_H

#include "sim/world.h"

/* Adds a device with an empty disk; it is up afterwards. NULL if there is no room. */
struct sim_device *
sim_device_add(struct sim_world *world, const char *name, size_t user, size_t document);
tern_status sim_device_open(struct sim_device *device, tern_error *error);
void sim_device_close(struct sim_device *device);
void sim_device_reopen(struct sim_device *device, bool reboot);
void sim_device_backup(struct sim_device *device);
void sim_device_restore(struct sim_device *device);
/* `copy` becomes a copy of `original`, of whose user it is from now on. */
void sim_device_clone(struct sim_device *original, struct sim_device *copy);
/* The highest ordinal committed and its transaction. */
bool sim_device_top(struct sim_device *device, uint64_t *ret_ordinal, tern_id *ret_tx);
tern_replica_status sim_device_status(struct sim_device *device);

/* Revives it if it died, and looks at what came back. */
void sim_device_mend(struct sim_device *device);
/* Nothing is armed at it any more. */
void sim_device_calm(struct sim_device *device);

#endif
