/**
 * A subcommand: what it is called, what it takes, what its help teaches, and what it does.
 *
 * Commands and options are tables; parsing, checking and help are made of them, so that none of the
 * three can say what the others do not.
 */
#ifndef TRN_CLI_COMMAND_H
#define TRN_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "tern/error.h"

/** What the process ends with. */
enum trn_exit {
    TRN_EXIT_OK = 0,
    TRN_EXIT_FAILED = 1,    /* it did not work; nothing was changed unless the message says so */
    TRN_EXIT_USAGE = 2,     /* the command line is wrong */
    TRN_EXIT_LATER = 3,     /* the server or the file was not to be had: try again later */
    TRN_EXIT_ATTENTION = 4, /* it worked, and something waits for a decision: see quarantine */
    TRN_EXIT_REFUSED = 5    /* no token, a bad one or another user's, or not granted */
};

/** Every option of every command. */
enum trn_option {
    TRN_OPT_END, /* ends a list */
    TRN_OPT_HELP,
    TRN_OPT_REPLICA,
    TRN_OPT_JSON,
    TRN_OPT_SCHEMA,
    TRN_OPT_USER,
    TRN_OPT_URL,
    TRN_OPT_CA,
    TRN_OPT_PIN,
    TRN_OPT_BACKUP_PIN,
    TRN_OPT_TOKEN_FILE,
    TRN_OPT_TOKEN_ENV,
    TRN_OPT_WAIT,
    TRN_OPT_QUIET,
    TRN_OPT_WRITE,
    TRN_OPT_FORMAT,
    TRN_OPT_ALL,
    TRN_OPT_TABLE,
    TRN_OPT_ROW,
    TRN_OPT_LIMIT,
    TRN_OPT_DIRECTORY,
    TRN_OPT_DELETED,
    TRN_OPT_DIALECT,
    TRN_OPT_ALGORITHM,
    TRN_OPT_KEY,
    TRN_OPT_AUDIENCE,
    TRN_OPT_TTL,
    TRN_OPT_ROLE,
    TRN_OPT_COUNT
};

/** One parsed command line. */
struct trn_call {
    const struct trn_command *command;
    const char *options[TRN_OPT_COUNT]; /* the argument, "" for a flag that was given, or NULL */
    char **arguments;                   /* what is no option */
    size_t argument_count;
};

struct trn_command {
    const char *name;
    const char *arguments; /* as usage shows them, such as "FILE..." */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs and examples of its help */
    size_t least;          /* arguments */
    size_t most;
    const enum trn_option *options; /* ends with TRN_OPT_END */
    enum trn_exit (*run)(const struct trn_call *call);
};

/** All commands, in the order in which help shows them; a NULL at the end. */
extern const struct trn_command *const trn_commands[];

extern const struct trn_command trn_command_init;
extern const struct trn_command trn_command_import;
extern const struct trn_command trn_command_sql;
extern const struct trn_command trn_command_sync;
extern const struct trn_command trn_command_status;
extern const struct trn_command trn_command_outbox;
extern const struct trn_command trn_command_quarantine;
extern const struct trn_command trn_command_audit;
extern const struct trn_command trn_command_reinstate;
extern const struct trn_command trn_command_export;
extern const struct trn_command trn_command_schema;
extern const struct trn_command trn_command_token;

/** `tern export fhir`: what trn_command_export does where its first argument is that word. */
enum trn_exit trn_run_export_fhir(const struct trn_call *call);

/** Parses and runs one command line; the result is main's. */
enum trn_exit trn_run(int argc, char **argv);

/** The option's argument, else its environment variable's, else its default, else NULL. */
const char *trn_option(const struct trn_call *call, enum trn_option option);
bool trn_has(const struct trn_call *call, enum trn_option option);
/** The option as a number from `least` to `most`; says what is wrong and returns false otherwise.
 */
bool trn_option_number(const struct trn_call *call,
                       enum trn_option option,
                       long least,
                       long most,
                       long *ret_number);

/** Says that the command line is wrong, and how to learn more. */
enum trn_exit trn_usage_error(const struct trn_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Says what failed, as a sentence or, under --json, as {"error": {"code", "message"}}, and gives
 * the exit that fits. */
enum trn_exit
trn_report_failure(const struct trn_call *call, tern_status status, const tern_error *error);

#endif
