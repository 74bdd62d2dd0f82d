/*
 * What the operator's backup job says of a copy that is safe, in a file beside the database which
 * no backup replaces; and what follows from it: a device lets go of an entry that was acknowledged
 * where a copy that was told of holds it, and of no other for 30 days.
 */
#ifndef TERN_SIM_BACKUP_H
#define TERN_SIM_BACKUP_H

#include "sim/world.h"

/* The copy that was just made of the server's disk is safe where it is. */
void sim_backup_tell(struct sim_world *world);
/* The server has started, and reads what stands beside its database. */
void sim_backup_hear(struct sim_world *world);
void sim_backup_end(struct sim_world *world);

/* Before a sync: the entries that the device holds. */
struct trn_bytes sim_backup_entries(struct sim_device *device);
/* Behind it: those that are gone might go. Frees what was held before. */
void sim_backup_look(struct sim_device *device, struct trn_bytes *before);

#endif
