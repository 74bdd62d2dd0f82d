/* From the command line to the command, and from its failure to sentence and exit. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/output.h"
#include "tern/version.h"

const struct trn_command *const trn_commands[] = {
    &trn_command_init,
    &trn_command_import,
    &trn_command_sync,
    &trn_command_status,
    &trn_command_sql,
    &trn_command_export,
    &trn_command_outbox,
    &trn_command_quarantine,
    &trn_command_audit,
    &trn_command_reinstate,
    &trn_command_schema,
    &trn_command_token,
    NULL,
};

static const char exits[] =
    "Exit status: 0 it worked; 1 it failed; 2 the command line is wrong; 3 not to be had now, try\n"
    "again later; 4 it worked and something waits in quarantine; 5 no token, a bad one or\n"
    "another user's, or not granted.\n";

static const struct trn_command *find_command(const char *name)
{
    for (size_t i = 0; trn_commands[i] != NULL; i++) {
        if (strcmp(trn_commands[i]->name, name) == 0) {
            return trn_commands[i];
        }
    }
    return NULL;
}

static void print_overview(FILE *file)
{
    (void)fputs("tern: an offline-first replica of a medication record, from the command line\n\n"
                "Usage: tern COMMAND [OPTION...] [ARGUMENT...]\n\n",
                file);
    for (size_t i = 0; trn_commands[i] != NULL; i++) {
        (void)fprintf(file, "  %-11s %s\n", trn_commands[i]->name, trn_commands[i]->summary);
    }
    (void)fprintf(
        file,
        "\n\"tern COMMAND --help\" explains a command with examples; \"tern --version\" says which "
        "tern this is.\n\n"
        "A day with it:\n"
        "  tern init --schema dastern.json --user "
        "7aa15a43-3a41-4d3d-a9c5-7ef941757531\n"
        "  tern sync --url https://tern.example.org --token-file token.jwt\n"
        "  tern sql \"SELECT medicine_name, frequency FROM medications\"\n"
        "  tern status\n\n%s",
        exits);
}

static void print_option(FILE *file, enum trn_option option)
{
    const struct trn_option_row *row = &trn_option_rows[option];
    char names[64];

    (void)snprintf(names,
                   sizeof(names),
                   "%c%c --%s%s%s",
                   row->letter != 0 ? '-' : ' ',
                   row->letter != 0 ? row->letter : ' ',
                   row->name,
                   row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    (void)fprintf(file, "  %-24s %s", names, row->help);
    if (row->variable != NULL) {
        (void)fprintf(file, " [$%s]", row->variable);
    }
    if (row->fallback != NULL) {
        (void)fprintf(file, " [%s]", row->fallback);
    }
    (void)fputc('\n', file);
}

static void print_help(FILE *file, const struct trn_command *command)
{
    (void)fprintf(file,
                  "Usage: tern %s [OPTION...]%s%s\n\n%s.\n\n%s\nOptions:\n",
                  command->name,
                  command->arguments[0] != '\0' ? " " : "",
                  command->arguments,
                  command->summary,
                  command->details);
    for (const enum trn_option *option = command->options; *option != TRN_OPT_END; option++) {
        print_option(file, *option);
    }
    print_option(file, TRN_OPT_HELP);
    (void)fprintf(file, "\n%s", exits);
}

static enum trn_exit exit_of(tern_status status)
{
    switch (status) {
    case TERN_OK:
        return TRN_EXIT_OK;
    case TERN_ERR_UNAUTHORIZED:
    case TERN_ERR_FORBIDDEN:
    case TERN_ERR_WRONG_USER:
        return TRN_EXIT_REFUSED;
    case TERN_ERR_BUSY:
    case TERN_ERR_NETWORK:
    case TERN_ERR_TIMEOUT:
    case TERN_ERR_UNAVAILABLE:
    case TERN_ERR_CANCELLED:
        return TRN_EXIT_LATER;
    default:
        return TRN_EXIT_FAILED;
    }
}

enum trn_exit
trn_report_failure(const struct trn_call *call, tern_status status, const tern_error *error)
{
    const char *message = error != NULL && error->message[0] != '\0' ? error->message : "it failed";

    if (trn_has(call, TRN_OPT_JSON)) {
        (void)trn_print_json(json_pack("{s:{s:s, s:s}}",
                                       "error",
                                       "code",
                                       tern_status_code(status),
                                       "message",
                                       message));
    } else {
        (void)fprintf(stderr, "tern: %s (%s)\n", message, tern_status_code(status));
    }
    return exit_of(status);
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

enum trn_exit trn_run(int argc, char **argv)
{
    struct trn_call call = {0};

    (void)setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_overview(stderr);
        return TRN_EXIT_USAGE;
    }
    if (is_help(argv[1])) {
        call.command = argc > 2 ? find_command(argv[2]) : NULL;
        if (call.command != NULL) {
            print_help(stdout, call.command);
        } else {
            print_overview(stdout);
        }
        return TRN_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return puts("tern " TERN_VERSION) >= 0 ? TRN_EXIT_OK : TRN_EXIT_FAILED;
    }
    call.command = find_command(argv[1]);
    if (call.command == NULL) {
        return trn_usage_error(&call, "there is no command \"%s\"", argv[1]);
    }
    if (!trn_parse_options(&call, argc - 1, argv + 1)) {
        return TRN_EXIT_USAGE;
    }
    if (trn_has(&call, TRN_OPT_HELP)) {
        print_help(stdout, call.command);
        return TRN_EXIT_OK;
    }
    return call.command->run(&call);
}
