/* The server as a machine: it starts, stops, is copied and comes back from a copy. */
#ifndef TERN_SIM_SERVER_H
#define TERN_SIM_SERVER_H

#include "sim/world.h"

bool sim_server_start(struct sim_world *world);
void sim_server_stop(struct sim_world *world);
void sim_server_restart(struct sim_world *world);
/* The document that it runs on. */
const struct trn_schema *sim_server_schema(const struct sim_world *world);
/* What its clock says. */
int64_t sim_server_now(struct sim_world *world);
/* Goes on with another of the documents. */
void sim_server_serve(struct sim_world *world, size_t document);
void sim_server_backup(struct sim_world *world);
/* The same of an image that a tool made: it holds what the server holds now. Owned from then on. */
void sim_server_keep(struct sim_world *world, struct sim_image *image);
/* From the newest copy, or the one before it. */
void sim_server_restore(struct sim_world *world, bool older);

/* Its own job for missed doses, if that runs. */
void sim_server_end_job(struct sim_world *world);
/* Revives it if it died, starts it if it is down, and looks at what came back. */
void sim_server_mend(struct sim_world *world);
/* Nothing is armed at it any more. */
void sim_server_calm(struct sim_world *world);
void sim_copy_free(struct sim_copy *copy);

#endif
