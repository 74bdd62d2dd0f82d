/*
 * A disk that runs full, and whose power is cut: a VFS before the default one.
 *
 * It notes what each write replaced until the file is synced. After a cut nothing reaches the disk
 * any more; coming back undoes all that was not synced. One test thread.
 */
#ifndef TERN_TEST_SIM_DISK_H
#define TERN_TEST_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_VFS "tern-test-disk"

/* Registers the VFS, empty of limits; with `standard`, as the default one. */
void disk_begin(bool standard);
void disk_end(void);

/* The `nth` write from now, from 1, and every later one that would make a file grow, or with
 * `every` any write at all, fails for want of room; 0: no limit. */
void disk_fill(unsigned nth, bool every);
/* Whether a write has been refused since. */
bool disk_refused(void);

/* The next sync fails, once; what was written stays. */
void disk_fail_sync(void);

/* The `nth` read from now, from 1, fails, once; 0: none. */
void disk_fail_read(unsigned nth);
/* Whether it is still to come. */
bool disk_fails_reads(void);

/* The power goes: writes and syncs fail from the `nth` of them on, from 1. */
void disk_cut_at(unsigned nth);
bool disk_is_cut(void);
/* What is written so far is on the disk, synced or not. */
void disk_settle(void);
/* Power is back: what was not synced is gone. Every file must be closed. */
void disk_restore(void);

#endif
