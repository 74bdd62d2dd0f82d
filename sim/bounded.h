/*
 * What a machine may take: memory in one sync or one exchange, and the length of its log. Neither
 * may depend on how much is synced.
 */
#ifndef TERN_SIM_BOUNDED_H
#define TERN_SIM_BOUNDED_H

#include "sim/held.h"
#include "sim/world.h"

/* Memory is not looked at, for SQLite has no pool for its pages. */
void sim_bounded_leave_heap(void);
/* How long the longest entry is that the device keeps, or part of a download that is staged. */
size_t sim_bounded_largest(struct sim_device *device);
/* A sync of the device begins; gives what sim_bounded_end needs, and how long the longest entry is
 * that the device keeps. */
struct sim_held sim_bounded_begin(struct sim_device *device, size_t *ret_largest);
/* It has ended with `status`; `largest` is the longest message that it sent or got, or entry. */
void sim_bounded_end(struct sim_device *device,
                     struct sim_held before,
                     tern_status status,
                     size_t largest);
/* An exchange, as the server has it. */
struct sim_held sim_bounded_begin_exchange(void);
void sim_bounded_end_exchange(struct sim_world *world,
                              struct sim_held before,
                              size_t request,
                              size_t answer);
/* The log of a device, or of the server (SIM_SERVER), between two calls. */
void sim_bounded_log(struct sim_world *world, int machine);
#endif
