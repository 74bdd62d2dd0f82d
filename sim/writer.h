/* A transaction of a device's app, through the public interface alone. */
#ifndef TERN_SIM_WRITER_H
#define TERN_SIM_WRITER_H

#include "sim/world.h"

struct sim_writer {
    struct sim_device *device;
    const struct trn_schema *schema;
    struct sim_dice dice;
    tern_tx *tx;
    uint64_t ordinal; /* committed before it */
    tern_status begun;
    const char *long_text; /* of columns that have room for it; NULL: short ones */
};

/* False where it does not begin; `begun` says why. */
bool sim_writer_begin(struct sim_writer *writer,
                      struct sim_device *device,
                      uint64_t seed,
                      bool inferred);
/* Notes what was acknowledged. */
tern_status sim_writer_commit(struct sim_writer *writer);
/* Counts a call and gives its status; fails the world where no call may end so. */
tern_status sim_writer_judge(struct sim_device *device, const char *call, tern_status status);

#endif
