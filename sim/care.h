/*
 * The calls of libtern-medication in a life: what an app of the schema "dastern" asks of its
 * device, and what has to hold of it.
 *
 * A device opens its handle with its first call. What is looked at is read from the files by SQL
 * written for that, never by the library's own.
 */
#ifndef TERN_SIM_CARE_H
#define TERN_SIM_CARE_H

#include "sim/world.h"

/* One call, as an event says it or by the event's seed. */
void sim_care_play(struct sim_world *world, json_t *event);
/* One call by dice. */
void sim_care_anything(struct sim_device *device, uint64_t seed);
/* Whether a life of generic writes leaves the table to these calls. */
bool sim_care_owns(const char *table);

/* Before the replica is closed. */
void sim_care_close(struct sim_device *device);
void sim_care_forget(struct sim_device *device);
/* The file is another: the app's forms are gone, too, but what rings on the platform rings on. */
void sim_care_put_back(struct sim_device *device);
/* Its wall clock was set: the app sets its reminders anew. */
void sim_care_set_clock(struct sim_device *device);

/* Files were copied or entries tried again: nobody tells any more in which order people acted. */
void sim_care_blur(struct sim_world *world);
/* The name of a call, for a throw of the planner's dice. */
const char *sim_care_call(unsigned at);

/* What the server holds, beside what it held when last looked at. */
void sim_care_watch(struct sim_world *world);
/* The server came back from a backup. */
void sim_care_unwatch(struct sim_world *world);
/* When all is quiet. */
void sim_care_check(struct sim_world *world);
void sim_care_end(struct sim_world *world);

#endif
