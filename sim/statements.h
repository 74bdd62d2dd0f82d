/* Statements that stay compiled as long as a replica is open. */
#ifndef TERN_SIM_STATEMENTS_H
#define TERN_SIM_STATEMENTS_H

#include "sim/world.h"

/* The statement of a text, reset; to be reset again when done with. NULL where it does not compile.
 */
tern_statement *sim_statement_of(struct sim_device *device, const char *sql);
/* Before the replica is closed. */
void sim_statements_free(struct sim_device *device);

#endif
