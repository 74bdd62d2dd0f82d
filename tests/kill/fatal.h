/*
 * Death at a chosen system call: from now on the calls by which SQLite changes files are counted,
 * and at the nth this process kills itself by SIGKILL, before the call, behind it, or with half of
 * a write done. So that even what takes microseconds (a checkpoint, an opening) is hit.
 */
#ifndef TERN_KILL_FATAL_H
#define TERN_KILL_FATAL_H

enum fatal_moment { FATAL_BEFORE, FATAL_HALFWAY, FATAL_BEHIND, FATAL_MOMENTS };

/* In a process of its own, before SQLite opens anything. */
void fatal_arm(unsigned nth, enum fatal_moment moment);

#endif
