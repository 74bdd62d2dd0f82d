/* What the server is told when it starts: by flags, else by environment, else its defaults. */
#ifndef TRN_SERVER_SETTINGS_H
#define TRN_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tern/error.h"

/* In the order of rising detail. */
enum trn_log_level { TRN_LOG_ERROR, TRN_LOG_INFO, TRN_LOG_REQUESTS };

struct trn_settings {
    const char *address;
    const char *port_file; /* NULL: none */
    const char *database;
    const char *schema;
    const char *certificate;
    const char *private_key;
    const char *token_algorithm;
    const char *token_key;
    const char *audience;
    const char *zones; /* folder of time zones; NULL: the system's */
    bool retain;       /* let the rows go that have had their time, and end */
    const char *erase; /* NULL: serve; else whose record is to be erased */
    int64_t port;      /* 0: any free one */
    int64_t body_bytes;
    int64_t expanded_bytes;
    int64_t page_rows;
    int64_t page_bytes;
    int64_t timeout_s;
    int64_t stop_s; /* most time that a graceful stop takes */
    int64_t connections;
    int64_t infer_missed_s; /* between rounds of the job for missed doses; 0: no job */
    enum trn_log_level log_level;
    bool group_commit;
};

/* What the command line asks for. */
enum trn_wanted { TRN_WANTED_SERVE, TRN_WANTED_HELP, TRN_WANTED_VERSION };

/**
 * Reads flags and environment.
 *
 * @param ret_settings Texts are borrowed from `argv` and the environment.
 * @return TERN_OK, TERN_ERR_MISUSE with what is wrong.
 */
TERN_MUST_USE tern_status trn_settings_read(int argc,
                                            char **argv,
                                            struct trn_settings *ret_settings,
                                            enum trn_wanted *ret_wanted,
                                            tern_error *error);

void trn_settings_help(FILE *file);

#endif
