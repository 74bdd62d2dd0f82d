/* What a device's replica tells of itself. */
#ifndef TERN_SIM_REPLICA_H
#define TERN_SIM_REPLICA_H

#include "sim/world.h"

/* The highest ordinal committed and its transaction. */
bool sim_device_top(struct sim_device *device, uint64_t *ret_ordinal, tern_id *ret_tx);
tern_replica_status sim_device_status(struct sim_device *device);

#endif
