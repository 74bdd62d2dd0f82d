/*
 * Memory that runs out (sim/fault/fault.h) while a call of the machine that it was armed for is
 * under way.
 */
#ifndef TERN_SIM_MEMORY_H
#define TERN_SIM_MEMORY_H

#include <stdbool.h>

#include "tern/error.h"

/* A call of the public interface on behalf of a machine. */
#define SIM_CALL(machine, call) (sim_memory_enter(machine), sim_memory_leave(call))

/* Before SQLite is used. */
void sim_memory_install(void);
/* Gives back to the system what many lives have taken and none needs now. */
void sim_memory_rest(void);

/* For a device's index or SIM_SERVER; nth 0: nothing is armed. */
void sim_memory_arm(int machine, unsigned nth);
/* How many are left until one fails; 0: it has, or nothing is armed. */
unsigned sim_memory_left(void);
/* Nothing is armed for the machine any more. */
void sim_memory_disarm(int machine);
void sim_memory_enter(int machine);
/* Gives the status back. */
tern_status sim_memory_leave(tern_status status);
/* What is the simulator's own inside such a call. */
void sim_memory_suspend(void);
void sim_memory_resume(void);
/* Whether it has struck since it was armed. */
bool sim_memory_has_struck(void);

#endif
