/* The proof that the simulator can find bugs: each planted one is let loose until it is found. */
#ifndef TERN_SIM_MUTANTS_H
#define TERN_SIM_MUTANTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_hunt {
    const char *name;  /* of one; NULL: all */
    const char *check; /* that has to find it; NULL: any */
    uint64_t start;    /* the first seed; 0: where the list says that the search may begin */
    uint64_t seeds;    /* how many are lived through before one counts as not found */
    unsigned devices;  /* of each life, and how long it is; 0: what the seed chooses */
    unsigned steps;
};

/* Says of each how many seeds it took and which promise broke. Returns how many were not found. */
unsigned sim_mutants_hunt(const struct sim_hunt *hunt);

/* Whether the history holds without the bug and breaks with it; says so. `check` may be NULL. */
bool sim_mutants_try(const char *name, const char *check, const char *path, json_t *history);

/* Lets the bug of that name loose for good; false where there is none. */
bool sim_mutants_choose(const char *name);

#endif
