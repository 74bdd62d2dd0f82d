/* Devices as machines: they open their replica, die, and come back from an image. */
#ifndef TERN_SIM_DEVICE_H
#define TERN_SIM_DEVICE_H

#include "sim/world.h"

tern_status sim_device_open(struct sim_device *device, tern_error *error);
void sim_device_close(struct sim_device *device);
void sim_device_reopen(struct sim_device *device, bool reboot);
void sim_device_backup(struct sim_device *device);
void sim_device_restore(struct sim_device *device);
/* `copy` becomes a copy of `original`, of whose user it is from now on. */
void sim_device_clone(struct sim_device *original, struct sim_device *copy);
/* Revives it if it died, and looks at what came back. */
void sim_device_mend(struct sim_device *device);
/* Its clock and its identity of a run begin anew. */
void sim_device_boot(struct sim_device *device);
/* Nothing is armed at it any more. */
void sim_device_calm(struct sim_device *device);

#endif
