/*
 * Memory that runs out: the nth allocation of our own code (malloc and its kin, by the linker's
 * --wrap), of SQLite (its configured allocator) or of jansson (its functions) fails, once; then
 * there is memory again. Those of other shared libraries never fail.
 *
 * For the tests' loops and for the simulator alike. Allocations of all threads count.
 */
#ifndef TERN_FAULT_H
#define TERN_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

/* Puts the failing allocators before those that are in place. Once, before SQLite is used. */
void fault_install(void);
/* The nth allocation from now, from 1; 0: none. Nothing has struck yet. */
void fault_arm(unsigned nth);
/* How many are left until one fails; 0: it has, or nothing is armed. */
unsigned fault_left(void);
/* Whether it has struck since it was armed. */
bool fault_has_struck(void);
/* Called when it strikes, from within the allocation; may arm the next one. NULL: nobody. */
void fault_hear(void (*heard)(void));
/* Nothing fails, nor counts, until as many resumes as suspends. */
void fault_suspend(void);
void fault_resume(void);
/* As after fault_install. */
void fault_reset(void);

#endif
