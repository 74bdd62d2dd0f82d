/* What came to the lives later than the planner's dice: each lever is pulled by dice of its own. */
#ifndef TERN_SIM_LEVERS_H
#define TERN_SIM_LEVERS_H

#include <jansson.h>

/* Makes more of a planned history, by its seed, so that a life in which none is pulled is as it
 * was. */
void sim_levers_pull(json_t *history);

#endif
