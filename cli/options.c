/* One row an option: it means the same in every command that takes it. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

const struct trn_option_row trn_option_rows[TRN_OPT_COUNT] = {
    [TRN_OPT_HELP] = {.name = "help", .letter = 'h', .help = "show this help"},
    [TRN_OPT_REPLICA] = {.name = "replica",
                         .letter = 'r',
                         .argument = "FILE",
                         .variable = "TERN_REPLICA",
                         .fallback = "tern.db",
                         .help = "the replica's file"},
    [TRN_OPT_JSON] = {.name = "json", .letter = 'j', .help = "print JSON"},
    [TRN_OPT_SCHEMA] = {.name = "schema",
                        .letter = 's',
                        .argument = "FILE",
                        .variable = "TERN_SCHEMA",
                        .help = "the schema document"},
    [TRN_OPT_USER] = {.name = "user",
                      .letter = 'u',
                      .argument = "UUID",
                      .help = "the user, as the token's sub names them"},
    [TRN_OPT_URL] = {.name = "url",
                     .argument = "URL",
                     .variable = "TERN_URL",
                     .help = "the server, https://host[:port][/prefix]"},
    [TRN_OPT_CA] = {.name = "ca",
                    .argument = "FILE",
                    .variable = "TERN_CA",
                    .help = "trust the authorities of this PEM file, and no others"},
    [TRN_OPT_PIN] = {.name = "pin",
                     .argument = "BASE64",
                     .variable = "TERN_PIN",
                     .help = "SHA-256 of the server's public key; any other is refused"},
    [TRN_OPT_BACKUP_PIN] = {.name = "backup-pin",
                            .argument = "BASE64",
                            .variable = "TERN_BACKUP_PIN",
                            .help = "a second key that is accepted"},
    [TRN_OPT_TOKEN_FILE] = {.name = "token-file",
                            .argument = "FILE",
                            .variable = "TERN_TOKEN_FILE",
                            .help = "read the token from this file, again when it is refused"},
    [TRN_OPT_TOKEN_ENV] = {.name = "token-env",
                           .argument = "NAME",
                           .fallback = "TERN_TOKEN",
                           .help = "read the token from this environment variable"},
    [TRN_OPT_WAIT] = {.name = "wait",
                      .argument = "SECONDS",
                      .fallback = "30",
                      .help = "wait so long in all for a server that asks to come back later"},
    [TRN_OPT_QUIET] = {.name = "quiet", .letter = 'q', .help = "no progress, no summary"},
    [TRN_OPT_WRITE] = {.name = "write",
                       .letter = 'w',
                       .help = "let the statement write, as one transaction"},
    [TRN_OPT_FORMAT] = {.name = "format",
                        .letter = 'f',
                        .argument = "FORMAT",
                        .help = "table, json or csv; of export fhir, json or ndjson"},
    [TRN_OPT_ALL] = {.name = "all", .letter = 'a', .help = "the settled ones, too"},
    [TRN_OPT_TABLE] = {.name = "table",
                       .letter = 't',
                       .argument = "TABLE",
                       .help = "of this table"},
    [TRN_OPT_ROW] = {.name = "row", .argument = "UUID", .help = "of this row"},
    [TRN_OPT_LIMIT] = {.name = "limit",
                       .letter = 'n',
                       .argument = "COUNT",
                       .fallback = "100",
                       .help = "at most so many, the latest"},
    [TRN_OPT_DIRECTORY] = {.name = "directory",
                           .letter = 'd',
                           .argument = "FOLDER",
                           .help = "write one file for each table, or patient, there"},
    [TRN_OPT_DELETED] = {.name = "deleted", .help = "rows marked deleted, too"},
    [TRN_OPT_DIALECT] = {.name = "dialect",
                         .argument = "DIALECT",
                         .fallback = "replica",
                         .help = "replica, sqlite (the server's) or postgres"},
    [TRN_OPT_ALGORITHM] = {.name = "algorithm",
                           .argument = "ALG",
                           .fallback = "HS256",
                           .help = "HS256, RS256 or ES256"},
    [TRN_OPT_KEY] = {.name = "key",
                     .letter = 'k',
                     .argument = "FILE",
                     .help = "the signing key: a PEM private key, or the secret's bytes for HS256"},
    [TRN_OPT_AUDIENCE] = {.name = "audience",
                          .argument = "TEXT",
                          .fallback = "tern",
                          .help = "the aud claim"},
    [TRN_OPT_TTL] = {.name = "ttl",
                     .argument = "SECONDS",
                     .fallback = "3600",
                     .help = "how long it is good"},
    [TRN_OPT_ROLE] =
        {.name = "role",
         .argument = "ROLE",
         .help = "the role claim: a role of the schema, service (jobs) or operator (imports)"},
};

/* Long options need numbers that are no letter. */
enum { LONG_BASE = 256 };

struct parser {
    struct option longs[TRN_OPT_COUNT + 1];
    char letters[2 * TRN_OPT_COUNT + 2];
};

static void add(struct parser *parser, size_t *count, enum trn_option option)
{
    const struct trn_option_row *row = &trn_option_rows[option];
    size_t used = strlen(parser->letters);

    parser->longs[*count] = (struct option){
        .name = row->name,
        .has_arg = row->argument != NULL ? required_argument : no_argument,
        .val = LONG_BASE + (int)option,
    };
    (*count)++;
    if (row->letter != 0) {
        parser->letters[used] = row->letter;
        parser->letters[used + 1] = row->argument != NULL ? ':' : '\0';
    }
}

static void prepare(struct parser *parser, const struct trn_command *command)
{
    size_t count = 0;

    *parser = (struct parser){.letters = ":"};
    add(parser, &count, TRN_OPT_HELP);
    for (const enum trn_option *option = command->options; *option != TRN_OPT_END; option++) {
        add(parser, &count, *option);
    }
}

static enum trn_option option_of(int found)
{
    for (int option = 1; option < TRN_OPT_COUNT; option++) {
        if (found == LONG_BASE + option || found == trn_option_rows[option].letter) {
            return (enum trn_option)option;
        }
    }
    return TRN_OPT_END;
}

static bool check_count(const struct trn_call *call)
{
    const struct trn_command *command = call->command;

    if (call->argument_count < command->least) {
        (void)trn_usage_error(call, "%s is missing", command->arguments);
        return false;
    }
    if (call->argument_count > command->most) {
        (void)trn_usage_error(call,
                              "\"%s\" is one argument too many",
                              call->arguments[command->most]);
        return false;
    }
    return true;
}

/* An option's letter may stand among others, which getopt has not done with yet. */
static void refuse_option(const struct trn_call *call, int found, const char *word)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    const char *name = optopt > 0 && optopt < LONG_BASE ? letter : word;

    (void)trn_usage_error(call,
                          found == '?' ? "there is no option %s" : "%s needs an argument",
                          name);
}

bool trn_parse_options(struct trn_call *call, int argc, char **argv)
{
    struct parser parser;
    int found;

    prepare(&parser, call->command);
    optind = 1;
    opterr = 0;
    while ((found = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
        if (found == '?' || found == ':') {
            refuse_option(call, found, argv[optind - 1]);
            return false;
        }
        call->options[option_of(found)] = optarg != NULL ? optarg : "";
    }
    call->arguments = argv + optind;
    call->argument_count = (size_t)(argc - optind);
    return trn_has(call, TRN_OPT_HELP) || check_count(call);
}

bool trn_has(const struct trn_call *call, enum trn_option option)
{
    return call->options[option] != NULL;
}

const char *trn_option(const struct trn_call *call, enum trn_option option)
{
    const struct trn_option_row *row = &trn_option_rows[option];
    const char *value = call->options[option];

    if (value == NULL && row->variable != NULL) {
        value = getenv(row->variable);
        value = value != NULL && value[0] != '\0' ? value : NULL;
    }
    return value != NULL ? value : row->fallback;
}

bool trn_option_number(const struct trn_call *call,
                       enum trn_option option,
                       long least,
                       long most,
                       long *ret_number)
{
    const char *text = trn_option(call, option);
    char *end = NULL;
    long number;

    errno = 0;
    number = text != NULL ? strtol(text, &end, 10) : 0;
    if (text == NULL || end == text || *end != '\0' || errno != 0 || number < least ||
        number > most) {
        (void)trn_usage_error(call,
                              "--%s must be a number from %ld to %ld",
                              trn_option_rows[option].name,
                              least,
                              most);
        return false;
    }
    *ret_number = number;
    return true;
}

enum trn_exit trn_usage_error(const struct trn_call *call, const char *format, ...)
{
    va_list arguments;

    (void)fputs("tern: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (call->command != NULL) {
        (void)fprintf(stderr, "\nTry \"tern %s --help\".\n", call->command->name);
    } else {
        (void)fputs("\nTry \"tern --help\".\n", stderr);
    }
    return TRN_EXIT_USAGE;
}
