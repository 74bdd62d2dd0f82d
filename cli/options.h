/** The table of options, and getopt_long's view of it. */
#ifndef TRN_CLI_OPTIONS_H
#define TRN_CLI_OPTIONS_H

#include "cli/command.h"

struct trn_option_row {
    const char *name;
    char letter;          /* 0: only a long one */
    const char *argument; /* NULL for a flag */
    const char *variable; /* environment variable to fall back to, or NULL */
    const char *fallback; /* default, or NULL */
    const char *help;
};

extern const struct trn_option_row trn_option_rows[TRN_OPT_COUNT];

/** Parses what stands behind the command's name. False after having said what is wrong. */
bool trn_parse_options(struct trn_call *call, int argc, char **argv);

#endif
