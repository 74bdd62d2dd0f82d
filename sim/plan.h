/* Planning: a seed becomes a history. What goes wrong in it, and how much, varies with the seed. */
#ifndef TERN_SIM_PLAN_H
#define TERN_SIM_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_plan {
    uint64_t seed;
    const char *schema; /* NULL: the seed chooses */
    unsigned devices;   /* 0: the seed chooses */
    unsigned steps;     /* 0: the seed chooses */
    bool care;          /* people take medicine in it; else the seed chooses */
    const char *check;  /* the only one that may fail; NULL: all */
};

/* A new history, to be given back with json_decref. */
json_t *sim_plan(const struct sim_plan *plan);

#endif
