/* Which planted bug (core/base/mutant.h) is at work in this process, and in the servers it starts.
 */
#ifndef TERN_KILL_MUTANT_H
#define TERN_KILL_MUTANT_H

/* By its name; "" for none. Ends the program if there is no such bug. */
void mutant_choose(const char *name);

#endif
