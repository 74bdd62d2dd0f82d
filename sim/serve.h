/* Requests that reach the server's process, and what is looked at behind each. */
#ifndef TERN_SIM_SERVE_H
#define TERN_SIM_SERVE_H

#include "sim/world.h"

/* A body on its way to the server. */
struct sim_arrival {
    size_t user;
    enum trn_power power;
    struct trn_slice body;
};

/* The server handles what comes at once, in one group; false where it died of it or is down.
 * `calls`, zeroed, is filled then, and its answers are the caller's. */
bool sim_serve(struct sim_world *world,
               const struct sim_arrival *arrivals,
               struct trn_sync_call *calls,
               size_t count);

/* The reference model hears of an exchange that the server had, alone, at that time of its clock.
 */
void sim_tell_twin(struct sim_world *world, const struct trn_sync_call *call, int64_t now_us);

#endif
