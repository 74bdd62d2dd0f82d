/* One table of settings: flag --a-b is environment TERND_A_B. */
#include "server/settings.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/sync.h"
#include "wire/limits.h"

enum kind { TEXT, NUMBER, LEVEL, ON_SWITCH, OFF_SWITCH };

struct setting {
    const char *flag;
    const char *environment;
    const char *help;
    int64_t min;
    int64_t max;
    size_t offset;
    enum kind kind;
    bool required;
    bool said_each_time; /* a flag alone: in the environment it would act at each later start */
};

#define AT(member) offsetof(struct trn_settings, member)

static const struct setting settings[] = {
    {.flag = "database",
     .environment = "TERND_DATABASE",
     .help = "FILE of the database",
     .offset = AT(database),
     .kind = TEXT,
     .required = true},
    {.flag = "schema",
     .environment = "TERND_SCHEMA",
     .help = "FILE of the schema document",
     .offset = AT(schema),
     .kind = TEXT,
     .required = true},
    {.flag = "certificate",
     .environment = "TERND_CERTIFICATE",
     .help = "FILE of the TLS certificate and its chain, PEM",
     .offset = AT(certificate),
     .kind = TEXT,
     .required = true},
    {.flag = "private-key",
     .environment = "TERND_PRIVATE_KEY",
     .help = "FILE of its key, PEM",
     .offset = AT(private_key),
     .kind = TEXT,
     .required = true},
    {.flag = "token-algorithm",
     .environment = "TERND_TOKEN_ALGORITHM",
     .help = "of bearer tokens: HS256 (default), RS256 or ES256",
     .offset = AT(token_algorithm),
     .kind = TEXT},
    {.flag = "token-key",
     .environment = "TERND_TOKEN_KEY",
     .help = "FILE of the tokens' secret, or public key as PEM",
     .offset = AT(token_key),
     .kind = TEXT,
     .required = true},
    {.flag = "audience",
     .environment = "TERND_AUDIENCE",
     .help = "of tokens; default \"tern\"",
     .offset = AT(audience),
     .kind = TEXT},
    {.flag = "listen",
     .environment = "TERND_LISTEN",
     .help = "ADDRESS; default 127.0.0.1",
     .offset = AT(address),
     .kind = TEXT},
    {.flag = "port",
     .environment = "TERND_PORT",
     .help = "default 8443; 0: any free one",
     .min = 0,
     .max = 65535,
     .offset = AT(port),
     .kind = NUMBER},
    {.flag = "port-file",
     .environment = "TERND_PORT_FILE",
     .help = "FILE to write the port to, once it is listened on",
     .offset = AT(port_file),
     .kind = TEXT},
    {.flag = "body-bytes",
     .environment = "TERND_BODY_BYTES",
     .help = "largest request as sent, up to 16 MiB; default 9 MiB",
     .min = 1024,
     .max = TRN_WIRE_BODY_BYTES_MAX,
     .offset = AT(body_bytes),
     .kind = NUMBER},
    {.flag = "expanded-bytes",
     .environment = "TERND_EXPANDED_BYTES",
     .help = "largest request decompressed; default 16 MiB, which is the most",
     .min = 1024,
     .max = TRN_WIRE_BODY_BYTES_MAX,
     .offset = AT(expanded_bytes),
     .kind = NUMBER},
    {.flag = "page-rows",
     .environment = "TERND_PAGE_ROWS",
     .help = "most rows in an answer; default 10000",
     .min = 1,
     .max = 1000000,
     .offset = AT(page_rows),
     .kind = NUMBER},
    {.flag = "page-bytes",
     .environment = "TERND_PAGE_BYTES",
     .help = "size at which an answer is closed, uncompressed, up to 8 MiB; default 4 MiB",
     .min = 1024,
     .max = TRN_WIRE_PAGE_BYTES_MAX,
     .offset = AT(page_bytes),
     .kind = NUMBER},
    {.flag = "timeout",
     .environment = "TERND_TIMEOUT",
     .help = "seconds that a connection may be idle or stuck; default 60",
     .min = 1,
     .max = 3600,
     .offset = AT(timeout_s),
     .kind = NUMBER},
    {.flag = "stop-timeout",
     .environment = "TERND_STOP_TIMEOUT",
     .help = "seconds for what is under way when asked to stop; default 10",
     .min = 0,
     .max = 3600,
     .offset = AT(stop_s),
     .kind = NUMBER},
    {.flag = "connections",
     .environment = "TERND_CONNECTIONS",
     .help = "most open at once; default 1000",
     .min = 1,
     .max = 1000000,
     .offset = AT(connections),
     .kind = NUMBER},
    {.flag = "log-level",
     .environment = "TERND_LOG_LEVEL",
     .help = "error, info or requests (default)",
     .offset = AT(log_level),
     .kind = LEVEL},
    {.flag = "infer-missed",
     .environment = "TERND_INFER_MISSED",
     .help = "SECONDS between rounds of storing missed doses; default 0: not here",
     .min = 0,
     .max = 86400,
     .offset = AT(infer_missed_s),
     .kind = NUMBER},
    {.flag = "zones",
     .environment = "TERND_ZONES",
     .help = "FOLDER of time zones (TZif); default /usr/share/zoneinfo",
     .offset = AT(zones),
     .kind = TEXT},
    {.flag = "erase",
     .environment = "TERND_ERASE",
     .help = "USER-ID: erase the record of this user for good, and end",
     .offset = AT(erase),
     .kind = TEXT,
     .said_each_time = true},
    {.flag = "retain",
     .environment = "TERND_RETAIN",
     .help = "take out what has had its table's retention_days, and end",
     .offset = AT(retain),
     .kind = ON_SWITCH,
     .said_each_time = true},
    {.flag = "no-group-commit",
     .environment = "TERND_NO_GROUP_COMMIT",
     .help = "commit each request by itself",
     .offset = AT(group_commit),
     .kind = OFF_SWITCH},
};

enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]), HELP = 1000, VERSION };

/* A zero-filled byte of `given` per setting becomes one once it has a value. */
static void *member(struct trn_settings *values, const struct setting *setting)
{
    return (char *)values + setting->offset;
}

static tern_status read_number(struct trn_settings *values,
                               const struct setting *setting,
                               const char *text,
                               tern_error *error)
{
    char *end = NULL;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < setting->min ||
        number > setting->max) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "--%s: a number from %lld to %lld is wanted",
                        setting->flag,
                        (long long)setting->min,
                        (long long)setting->max);
    }
    *(int64_t *)member(values, setting) = number;
    return TERN_OK;
}

static tern_status read_level(struct trn_settings *values, const char *text, tern_error *error)
{
    static const char *const names[] = {"error", "info", "requests"};

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++) {
        if (strcmp(text, names[index]) == 0) {
            values->log_level = (enum trn_log_level)index;
            return TERN_OK;
        }
    }
    return trn_fail(error, TERN_ERR_MISUSE, "--log-level: error, info or requests is wanted");
}

static tern_status read_value(struct trn_settings *values,
                              const struct setting *setting,
                              const char *text,
                              tern_error *error)
{
    switch (setting->kind) {
    case TEXT:
        *(const char **)member(values, setting) = text;
        return TERN_OK;
    case NUMBER:
        return read_number(values, setting, text, error);
    case LEVEL:
        return read_level(values, text, error);
    case ON_SWITCH:
        *(bool *)member(values, setting) = text == NULL || strcmp(text, "0") != 0;
        return TERN_OK;
    case OFF_SWITCH:
        *(bool *)member(values, setting) = text != NULL && strcmp(text, "0") == 0;
        return TERN_OK;
    }
    return TERN_OK;
}

static tern_status read_environment(struct trn_settings *values, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < SETTING_COUNT && status == TERN_OK; index++) {
        const struct setting *setting = &settings[index];
        const char *text = getenv(setting->environment);

        if (text == NULL || text[0] == '\0') {
            continue;
        }
        status = setting->said_each_time
                     ? trn_fail(error,
                                TERN_ERR_MISUSE,
                                "%s stands in the environment: --%s is taken as a flag alone",
                                setting->environment,
                                setting->flag)
                     : read_value(values, setting, text, error);
    }
    return status;
}

static bool is_switch(const struct setting *setting)
{
    return setting->kind == ON_SWITCH || setting->kind == OFF_SWITCH;
}

static void fill_options(struct option options[SETTING_COUNT + 3])
{
    for (size_t index = 0; index < SETTING_COUNT; index++) {
        options[index] = (struct option){.name = settings[index].flag,
                                         .has_arg = is_switch(&settings[index]) ? no_argument
                                                                                : required_argument,
                                         .val = (int)index + 1};
    }
    options[SETTING_COUNT] = (struct option){.name = "help", .val = HELP};
    options[SETTING_COUNT + 1] = (struct option){.name = "version", .val = VERSION};
    options[SETTING_COUNT + 2] = (struct option){.name = NULL};
}

/* No flag is a letter; of letters together getopt has not done with the word yet. */
static tern_status refuse_flag(const char *word, tern_error *error)
{
    const char letter[] = {'-', (char)optopt, '\0'};

    return trn_fail(error,
                    TERN_ERR_MISUSE,
                    "%s: no such flag, or no value for it",
                    optopt >= ' ' && optopt < HELP ? letter : word);
}

static tern_status read_flags(int argc,
                              char **argv,
                              struct trn_settings *values,
                              enum trn_wanted *ret_wanted,
                              tern_error *error)
{
    struct option options[SETTING_COUNT + 3];
    tern_status status = TERN_OK;
    int found;

    fill_options(options);
    optind = 1;
    opterr = 0;
    while (status == TERN_OK && (found = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (found == HELP) {
            *ret_wanted = TRN_WANTED_HELP;
        } else if (found == VERSION) {
            *ret_wanted = TRN_WANTED_VERSION;
        } else if (found >= 1 && found <= SETTING_COUNT) {
            status = read_value(values, &settings[found - 1], optarg, error);
        } else {
            status = refuse_flag(argv[optind - 1], error);
        }
    }
    if (status == TERN_OK && optind < argc) {
        status = trn_fail(error, TERN_ERR_MISUSE, "%s: no arguments are taken", argv[optind]);
    }
    return status;
}

/* Erasing and letting go take no network. */
static bool is_needed(const struct trn_settings *values, const struct setting *setting)
{
    return setting->required && ((values->erase == NULL && !values->retain) ||
                                 setting->offset == AT(database) || setting->offset == AT(schema));
}

tern_status trn_settings_read(int argc,
                              char **argv,
                              struct trn_settings *ret_settings,
                              enum trn_wanted *ret_wanted,
                              tern_error *error)
{
    struct trn_settings values = {.address = "127.0.0.1",
                                  .token_algorithm = "HS256",
                                  .audience = "tern",
                                  .port = 8443,
                                  .body_bytes = TRN_WIRE_REQUEST_BYTES_MAX,
                                  .expanded_bytes = TRN_WIRE_BODY_BYTES_MAX,
                                  .page_rows = TRN_SYNC_PAGE_ROWS,
                                  .page_bytes = TRN_SYNC_PAGE_BYTES,
                                  .timeout_s = 60,
                                  .stop_s = 10,
                                  .connections = 1000,
                                  .log_level = TRN_LOG_REQUESTS,
                                  .group_commit = true};
    enum trn_wanted wanted = TRN_WANTED_SERVE;
    tern_status status = read_environment(&values, error);

    if (status == TERN_OK) {
        status = read_flags(argc, argv, &values, &wanted, error);
    }
    for (size_t index = 0; index < SETTING_COUNT && status == TERN_OK && wanted == TRN_WANTED_SERVE;
         index++) {
        if (is_needed(&values, &settings[index]) &&
            *(const char **)member(&values, &settings[index]) == NULL) {
            status = trn_fail(error, TERN_ERR_MISUSE, "--%s is needed", settings[index].flag);
        }
    }
    if (status == TERN_OK) {
        *ret_settings = values;
        *ret_wanted = wanted;
    }
    return status;
}

void trn_settings_help(FILE *file)
{
    (void)fprintf(
        file,
        "ternd: the sync server of Tern\n\n"
        "usage: ternd --database FILE --schema FILE --certificate FILE --private-key FILE "
        "--token-key FILE [flags]\n\n"
        "It serves POST /v1/sync, GET /healthz and GET /metrics over HTTPS, and stops "
        "gracefully on SIGTERM.\nEach flag can be set in the environment, too: --port is "
        "TERND_PORT. --erase and --retain cannot.\n\n");
    for (size_t index = 0; index < SETTING_COUNT; index++) {
        (void)fprintf(file, "  --%-18s %s\n", settings[index].flag, settings[index].help);
    }
    (void)
        fprintf(file, "  --%-18s %s\n  --%-18s %s\n", "help", "this text", "version", "its number");
}
