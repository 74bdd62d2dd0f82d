/*
 * The ledger: which transactions were committed, and which of them no image holds any more.
 *
 * A transaction may be missing only if every image of a disk that held it was destroyed: that is
 * worked out from the images when one is, and taken back when an image that holds it comes back.
 */
#ifndef TERN_SIM_LEDGER_H
#define TERN_SIM_LEDGER_H

#include "sim/world.h"

void sim_ledger_add(struct sim_device *device, const tern_id *tx);
struct sim_commit *sim_ledger_find(struct sim_world *world, const tern_id *tx);
/* What the device has committed since it was last looked at (a try again, a discard), and what is
 * gone of what was parked. The first time since, as much has come as is gone. */
void sim_ledger_rescan(struct sim_device *device,
                       const struct trn_bytes *parked_before,
                       bool first);
/* The ids of what is parked on the device, 16 bytes each. */
struct trn_bytes sim_ledger_parked(struct sim_device *device);
/* Called before an image is destroyed, and after another one came in its place: the first gives the
 * ids that it held, the second excuses what no image holds any more, and takes the excuse of what
 * one holds again back. */
struct trn_bytes sim_ledger_held(struct sim_world *world, int device);
void sim_ledger_destroyed(struct sim_world *world, const struct trn_bytes *held);

#endif
