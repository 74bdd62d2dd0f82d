/* The language of histories, as docs/SIMULATOR.md has it: what may be said in one, and how. */
#ifndef TERN_SIM_LANGUAGE_H
#define TERN_SIM_LANGUAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a slip was found. */
struct sim_slip {
    size_t event; /* counted from 1; 0: in none */
    char text[200];
};

/* Whether all of it means something. What would be passed over, as a key that is spelt wrong, would
 * let an expectation hold that nobody looked at. */
bool sim_language_check(json_t *history, struct sim_slip *ret_slip);

#endif
