/* What people write: changes that the dice choose, or that an event names. */
#ifndef TERN_SIM_WRITE_H
#define TERN_SIM_WRITE_H

#include <jansson.h>

#include "sim/world.h"

/* One transaction of changes that the dice choose. */
void sim_write_anything(struct sim_device *device, uint64_t seed, unsigned changes, bool inferred);
/* One transaction of new rows of the user's own, with texts of so many bytes. */
void sim_write_much(struct sim_device *device, uint64_t seed, unsigned rows, size_t bytes);
/* One transaction of the changes that an event names. */
tern_status sim_write_rows(struct sim_device *device, json_t *rows, bool inferred);
/* The id of a row or a user that goes by this name; false where nobody does. */
bool sim_label_find(struct sim_world *world, const char *label, tern_id *ret_id);
/* From now on the row goes by this name. */
void sim_label_keep(struct sim_world *world, const char *label, const tern_id *id);
/* Brings the row of the schema's first grant between two people into its opening state, or out of
 * it. */
void sim_write_grant(struct sim_device *device, size_t subject, size_t holder, bool open);
/* The user's own row. */
void sim_write_user(struct sim_device *device);

#endif
