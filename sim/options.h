/* What tern-sim is asked for. */
#ifndef TERN_SIM_OPTIONS_H
#define TERN_SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/plan.h"

enum { SIM_FILES = 256 };

struct sim_options {
    uint64_t seeds; /* 0: not said */
    uint64_t start; /* 0: not said */
    double minutes; /* 0: until all seeds are through */
    unsigned jobs;  /* processes at a time */
    bool has_seed;
    uint64_t seed;
    bool replay;
    bool mutants;
    const char *mutant;
    bool twice; /* each history is played again, and must be the same */
    bool keep_going;
    bool rate;
    bool play;   /* the files */
    bool shrink; /* them, in place */
    const char *files[SIM_FILES];
    size_t file_count;
    const char *output; /* a folder */
    bool help;
    struct sim_plan plan;
};

extern const char sim_options_usage[];

/* Reads a command line; or says on stderr what is wrong with it. */
bool sim_options_read(int argc, char **argv, struct sim_options *ret_options);

#endif
