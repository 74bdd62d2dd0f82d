/*
 * How much is done at once: rows in a transaction, places read in one go, slots of what was met
 * lately. None of these sizes may be seen in what comes out.
 *
 * A life in the simulator is too short to reach the end of a batch of the usual size. So there they
 * may be made small, before the first replica or server is opened. In the product nobody does: the
 * limit stays 0, and may be read by any thread.
 */
#ifndef TRN_BASE_PORTION_H
#define TRN_BASE_PORTION_H

#include <stddef.h>

/* `usual`, or fewer where there is a limit. */
size_t trn_portion(size_t usual);
/* The same of bytes: those of as many short rows. */
size_t trn_portion_bytes(size_t usual);
/* At most so many from now on; 0: as many as is usual. The simulator alone, with nothing open. */
void trn_portion_limit(size_t most);

#endif
