/*
 * Erasure of a person's record, as `ternd --erase` does it: beside no server, and remembered
 * outside the database, so that no backup brings it back.
 */
#ifndef TERN_SIM_ERASED_H
#define TERN_SIM_ERASED_H

#include "sim/world.h"

/* The operator erases the record of a user. Where another record holds it, nothing happens; the
 * server may die of it. */
tern_status sim_erased_erase(struct sim_world *world, size_t user);
/* What each start of the server works off before it serves; false where that failed. */
bool sim_erased_apply(struct sim_world *world);
/* When all is quiet: nothing of what was erased is a row anywhere, or in the bytes of the server's
 * entries, or in what the devices of whom it was keep of acknowledged ones. */
void sim_erased_check(struct sim_world *world);

#endif
