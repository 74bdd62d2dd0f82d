/*
 * What a device's disk may not hold: rows of a record that its user was never granted. Rows are
 * looked for by their ids, in all bytes of all files, as tables hold them and as they travel.
 *
 * Only what is certain counts: rows that always lay in records of people between whom no grant, in
 * whatever state, ever was, and that the device's user never wrote.
 */
#ifndef TERN_SIM_STRANGERS_H
#define TERN_SIM_STRANGERS_H

#include "sim/world.h"

struct sim_strangers;

struct sim_strangers *sim_strangers_new(void);
void sim_strangers_free(struct sim_strangers *strangers);
/* A row that lies in the record of `scope`, written by a user. */
void sim_strangers_note(struct sim_world *world,
                        const tern_id *id,
                        const tern_id *scope,
                        size_t writer);
/* There is, or was, a grant between the two. */
void sim_strangers_link(struct sim_world *world, const tern_value *one, const tern_value *other);
/* All rows that were noted, with the users in whose record each has lain, a bit each. */
void sim_strangers_visit(const struct sim_world *world,
                         void (*visit)(void *context, const tern_id *id, unsigned scopes),
                         void *context);
/* Reads the device's disk as it is. */
void sim_strangers_look(struct sim_device *device);

#endif
