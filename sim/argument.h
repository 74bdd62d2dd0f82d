/* What stands on the command line of a program of the simulator. */
#ifndef TERN_SIM_ARGUMENT_H
#define TERN_SIM_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number from `least` to `most`, or a line on stderr that says what `option` has instead.
 */
bool sim_argument_number(const char *option,
                         const char *text,
                         uint64_t least,
                         uint64_t most,
                         uint64_t *ret_number);
/* The same for a number that may have a fraction, above 0. */
bool sim_argument_amount(const char *option, const char *text, double *ret_amount);

#endif
