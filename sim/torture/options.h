/* What tern-torture is asked for. */
#ifndef TERN_SIM_TORTURE_OPTIONS_H
#define TERN_SIM_TORTURE_OPTIONS_H

#include "sim/torture/torture.h"

enum { TORTURE_JOBS = 16 };

struct torture_options {
    const char *file;
    const char *operation; /* NULL: all */
    const char *fault;
    bool has_at;
    unsigned at;
    unsigned way;
    unsigned points; /* at most so many of each operation and fault; 0: all */
    unsigned jobs;
    bool places; /* only counted */
    bool list;
    bool help;
};

extern const char *const torture_fault_names[TORTURE_FAULTS];
extern const char torture_usage[];

/* Reads a command line; or says on stderr what is wrong with it. */
bool torture_options_read(int argc, char **argv, struct torture_options *ret_options);

#endif
