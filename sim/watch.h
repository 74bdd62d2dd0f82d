/*
 * What is watched at the server, transaction by transaction, as they are applied: stamps that may
 * not go back, and times that may not run ahead.
 */
#ifndef TERN_SIM_WATCH_H
#define TERN_SIM_WATCH_H

#include "sim/world.h"

struct sim_watch;

struct sim_watch *sim_watch_new(void);
void sim_watch_free(struct sim_watch *watch);
/* Looks at what was applied since, of a user's where it does not name another; a new epoch may have
 * begun ahead of that, or behind it. */
void sim_watch_look(struct sim_world *world, size_t writer, bool epoch_behind);
/* Another epoch begins. */
void sim_watch_forget(struct sim_watch *watch);
/* Goes on behind a number. */
void sim_watch_skip(struct sim_watch *watch, int64_t number);

#endif
