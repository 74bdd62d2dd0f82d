/*
 * Accounts: what became of each transaction that was committed, and of each value in it. Promise 2
 * of docs/SYNC.md, to the letter.
 */
#ifndef TERN_SIM_ACCOUNTS_H
#define TERN_SIM_ACCOUNTS_H

#include "sim/world.h"

void sim_accounts_check(struct sim_world *world);

#endif
