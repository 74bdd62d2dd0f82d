/* Runs the groups asked for, in the order of the figures. */
#include "tests/bench/bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_settings bench_settings = {.folder = "build/bench", .rounds = 9, .scale = 1.0};

struct group {
    const char *name;
    void (*run)(void);
};

static const struct group groups[] = {
    {"writes", bench_writes},
    {"scan", bench_scan},
    {"apply", bench_apply},
    {"apply-last", bench_apply_last},
    {"first-sync", bench_first_sync},
    {"push", bench_push},
    {"file", bench_file},
    {"open", bench_open},
    {"medication", bench_medication},
    {"server-push", bench_server_push},
    {"server-group", bench_server_group},
    {"server-pull", bench_server_pull},
    {"library", bench_library},
};

enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == 0 || at[length] == ',')) {
            return true;
        }
    }
    return false;
}

/* Nothing measured is no good news. */
static bool are_groups(const char *list)
{
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        bool found = false;

        at += *at == ',';
        for (size_t i = 0; i < GROUPS && !found; i++) {
            const size_t length = strcspn(at, ",");

            found = strlen(groups[i].name) == length && strncmp(at, groups[i].name, length) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void usage(void)
{
    puts("usage: tern_bench --schema FILE --server FILE --tls FOLDER --library FILE [--folder "
         "FOLDER] [--json "
         "FILE]\n"
         "                  [--only GROUP,...] [--rounds N] [--scale X]\n"
         "groups:");
    for (size_t i = 0; i < GROUPS; i++) {
        printf("  %s\n", groups[i].name);
    }
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"folder", required_argument, NULL, 'f'},
        {"schema", required_argument, NULL, 's'},
        {"server", required_argument, NULL, 'd'},
        {"tls", required_argument, NULL, 't'},
        {"library", required_argument, NULL, 'l'},
        {"json", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},
        {"rounds", required_argument, NULL, 'r'},
        {"scale", required_argument, NULL, 'x'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct bench_settings *settings = &bench_settings;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            settings->folder = optarg;
            break;
        case 's':
            settings->schema = optarg;
            break;
        case 'd':
            settings->server = optarg;
            break;
        case 't':
            settings->tls = optarg;
            break;
        case 'l':
            settings->library = optarg;
            break;
        case 'j':
            settings->json = optarg;
            break;
        case 'o':
            settings->only = optarg;
            break;
        case 'r':
            settings->rounds = strtoul(optarg, NULL, 10);
            break;
        case 'x':
            settings->scale = strtod(optarg, NULL);
            break;
        default:
            usage();
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (settings->schema == NULL || settings->server == NULL || settings->library == NULL ||
        settings->tls == NULL) {
        usage();
        exit(2);
    }
    bench_check(settings->rounds > 0 && settings->rounds <= BENCH_ROUNDS_MAX, "--rounds");
    bench_check(settings->scale > 0 && settings->scale <= 1, "--scale");
    bench_check(settings->only == NULL || are_groups(settings->only),
                "--only: there is no such group");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    bench_make_folder(bench_settings.folder);
    for (size_t i = 0; i < GROUPS; i++) {
        if (bench_settings.only == NULL || is_listed(bench_settings.only, groups[i].name)) {
            groups[i].run();
        }
    }
    if (bench_settings.json != NULL) {
        bench_write_json(bench_settings.json);
    }
    return 0;
}
