/*
 * The names of what is looked at, as a failure bears them and --check asks for. "history" is none:
 * a slip in the history itself is told whatever is asked for.
 */
#ifndef TERN_SIM_CHECKS_H
#define TERN_SIM_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

extern const char *const sim_check_names[];
extern const size_t sim_check_count;

bool sim_is_check(const char *name);

#endif
