/* A run's folder and document, at its begin and end. */
#ifndef TERN_KILL_BEGIN_H
#define TERN_KILL_BEGIN_H

#include "tests/kill/kill.h"

/* Makes a new folder beneath `folder`, or beneath TMPDIR where that is NULL, and what all lives
 * need in it. */
void begin_run(struct kill_run *run, const char *folder);
/* Removes it; where a promise broke, says which and keeps the files of that life. */
void end_run(struct kill_run *run);

#endif
