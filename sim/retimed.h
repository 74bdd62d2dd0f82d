/*
 * What a device holds as acknowledged, and offers again to a server that came back without it, is
 * stored at the time at which it was stored before: neither at the time that its author claimed,
 * nor at that of the second offer.
 */
#ifndef TERN_SIM_RETIMED_H
#define TERN_SIM_RETIMED_H

#include "sim/world.h"

/* The server is about to be replaced by a backup. */
void sim_retimed_note(struct sim_world *world);
/* It has come back. */
void sim_retimed_begin(struct sim_world *world);
/* A device's files were replaced: it may offer anything as it was before it was acknowledged. */
void sim_retimed_forget(struct sim_world *world);
/* Looks at what has come again by now. */
void sim_retimed_check(struct sim_world *world);
void sim_retimed_end(struct sim_world *world);

#endif
