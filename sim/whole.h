/*
 * Atomic visibility: a reader of a device's file, between any two steps of a download, sees a
 * transaction of another device in a record as a whole, or nothing of it.
 *
 * The watch tells of the units that a transaction wrote; those that one record shares are one atom.
 */
#ifndef TERN_SIM_WHOLE_H
#define TERN_SIM_WHOLE_H

#include "model/change.h"
#include "sim/world.h"

struct sim_whole;

struct sim_whole *sim_whole_new(void);
void sim_whole_free(struct sim_whole *whole);
/* A unit that stands in `scope` since the transaction of this number. Numbers rise. */
void sim_whole_add(struct sim_world *world,
                   const struct trn_table *table,
                   const tern_id *row,
                   size_t unit,
                   int64_t number,
                   const tern_id *scope);
/* Numbers will mean something else: nothing is looked at from now on. */
void sim_whole_stop(struct sim_whole *whole);
/* Looks into the file of a device, as any reader could at this moment. */
void sim_whole_look(struct sim_device *device);

#endif
