/* How what is played now is played again: told where it fails, and where the process itself dies.
 */
#ifndef TERN_SIM_AGAIN_H
#define TERN_SIM_AGAIN_H

#include "sim/options.h"

/* From now on a signal that this process would die of says it, too. */
void sim_again_hear(void);
void sim_again_note_seed(const struct sim_options *options, uint64_t seed);
void sim_again_note_file(const char *path);
/* A line of what was noted last. */
const char *sim_again_line(void);

#endif
