/*
 * When a process dies: after a while, after so many acknowledgements and a little, or (a device
 * alone) at a system call of its own. Chosen by dice, short times as often as long ones.
 */
#ifndef TERN_KILL_MOMENT_H
#define TERN_KILL_MOMENT_H

#include "sim/dice.h"
#include "tests/kill/child.h"
#include "tests/kill/fatal.h"

struct moment {
    unsigned call; /* 0: killed from outside */
    enum fatal_moment where;
    unsigned words;   /* acknowledgements to wait for */
    int64_t delay_us; /* after them, or after the start */
    int64_t at_us;    /* on the clock; INT64_MAX: not set yet, INT64_MAX - 1: it is over */
};

struct moment moment_choose(struct sim_dice *dice);
/* As likely between 1 and 10 as between 10 and 100, up to the limit. */
unsigned moment_roll(struct sim_dice *dice, unsigned limit);
void moment_begin(struct moment *moment);
/* Notes an acknowledgement, if it was one. */
void moment_count(struct moment *moment, bool counts);
/* Waits until the child has said something or ended, and kills it when its time has come. */
bool moment_wait(struct moment *moment, const struct child *child);

#endif
