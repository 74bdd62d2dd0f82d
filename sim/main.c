/* tern-sim: lives through seeds, replays one, plays a file. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/history.h"
#include "sim/memory.h"
#include "sim/mutants.h"
#include "sim/picture.h"
#include "sim/plan.h"
#include "sim/shrink.h"

enum { FILES_MAX = 256 };

struct options {
    uint64_t seeds;
    uint64_t start;
    double minutes; /* 0: until all seeds are through */
    bool has_seed;
    uint64_t seed;
    bool replay;
    bool mutants;
    const char *mutant;
    bool twice; /* each history is played again, and must be the same */
    bool keep_going;
    bool rate;
    bool shrink; /* the file, rather than play it */
    const char *files[FILES_MAX];
    size_t file_count;
    const char *output;
    struct sim_plan plan;
};

struct totals {
    uint64_t seeds;
    uint64_t failures;
    uint64_t ops;
    uint64_t faults;
};

static const char usage[] =
    "Usage: tern-sim [OPTION]...\n"
    "Lives through offline lives, and checks every promise on each.\n"
    "  --seeds N         how many lives; 100\n"
    "  --start S         the first seed; 1\n"
    "  --minutes M       as many lives as fit\n"
    "  --seed S          this one alone; with --replay its history goes to a file\n"
    "  --replay          write the history of --seed, shrunk if it fails, and its picture\n"
    "  --scenario FILE   play a scenario or a replay file; more may follow\n"
    "  --shrink FILE     reduce a history that fails, in place, and draw its picture\n"
    "  --schema FILE     lives of your own schema document (also clinic, dastern)\n"
    "  --devices N, --steps N   instead of what the seed chooses\n"
    "  --care            lives in which people take medicine, all of them\n"
    "  --mutants         let each planted bug loose until it is found, from --start on, for "
    "--seeds\n"
    "  --mutant NAME     only this one; with --scenario, whether that file finds it\n"
    "  --check NAME      pass over failures of any other check (model, convergence, ...)\n"
    "  --twice           play each life twice; both must be the same\n"
    "  --keep-going      go on after a failure\n"
    "  --rate            say how fast it went\n"
    "  --output FOLDER   where files are written; .\n";

/* What a crash of the process itself was about. */
static volatile uint64_t seed_under_way;

static void on_crash(int signal_number)
{
    char text[160];
    int size = snprintf(text,
                        sizeof text,
                        "\nsim: signal %d in seed %llu; replay: scripts/sim --seed %llu --replay\n",
                        signal_number,
                        (unsigned long long)seed_under_way,
                        (unsigned long long)seed_under_way);

    (void)!write(STDERR_FILENO, text, (size_t)size);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void show_failure(const struct sim_result *result)
{
    (void)
        fprintf(stderr, "  %s, in event %zu: %s\n", result->check, result->events, result->failure);
}

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* A line that is written over, or one now and then where somebody keeps them. */
static void show_progress(const struct totals *totals, uint64_t of, const struct timespec *begin)
{
    enum { NOW_AND_THEN = 1000 };
    bool watched = isatty(STDERR_FILENO) != 0;
    double seconds = seconds_since(begin);

    if (watched || totals->seeds % NOW_AND_THEN == 0) {
        (void)fprintf(stderr,
                      "%s%llu of %.0f seeds, %.1f a second, %llu failures %s",
                      watched ? "\r" : "",
                      (unsigned long long)totals->seeds,
                      (double)of,
                      seconds > 0 ? (double)totals->seeds / seconds : 0.0,
                      (unsigned long long)totals->failures,
                      watched ? "" : "\n");
    }
}

/* How fast it went, by the time that this process had: others may have had some, too. */
static void show_rate(const struct totals *totals)
{
    struct timespec used;
    double seconds;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    seconds = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
    (void)printf("%.1f s of one core: %.1f seeds a second, %.0f statements and exchanges\n",
                 seconds,
                 (double)totals->seeds / seconds,
                 (double)totals->ops / seconds);
}

static void add_up(struct totals *totals, const struct sim_result *result)
{
    totals->seeds++;
    totals->ops += result->ops;
    totals->faults += result->faults;
    totals->failures += result->check[0] != '\0';
}

/* Plays a history, twice where that is asked for. */
static void play(const struct options *options, json_t *history, struct sim_result *ret_result)
{
    struct sim_result again;

    sim_play(history, ret_result, NULL);
    if (options->twice && ret_result->check[0] == '\0') {
        sim_play(history, &again, NULL);
        if (again.hash != ret_result->hash) {
            (void)snprintf(ret_result->check, sizeof ret_result->check, "determinism");
            (void)snprintf(ret_result->failure,
                           sizeof ret_result->failure,
                           "two lives of one history differ");
        }
    }
}

/* What plays the seed again as it was played here. */
static void show_command(const struct options *options, uint64_t seed)
{
    (void)fprintf(stderr, "  replay: scripts/sim --seed %llu --replay", (unsigned long long)seed);
    if (options->plan.schema != NULL) {
        (void)fprintf(stderr, " --schema %s", options->plan.schema);
    }
    if (options->plan.care) {
        (void)fprintf(stderr, " --care");
    }
    if (options->plan.devices > 0) {
        (void)fprintf(stderr, " --devices %u", options->plan.devices);
    }
    if (options->plan.steps > 0) {
        (void)fprintf(stderr, " --steps %u", options->plan.steps);
    }
    (void)fputc('\n', stderr);
}

static bool live(struct options *options, uint64_t seed, struct totals *totals)
{
    struct sim_result result;
    json_t *history;

    options->plan.seed = seed;
    seed_under_way = seed;
    history = sim_plan(&options->plan);
    if (history == NULL) {
        return false;
    }
    play(options, history, &result);
    json_decref(history);
    add_up(totals, &result);
    if (result.check[0] != '\0') {
        (void)fprintf(stderr, "\nseed %llu failed:\n", (unsigned long long)seed);
        show_failure(&result);
        show_command(options, seed);
    }
    return result.check[0] == '\0';
}

static void live_all(struct options *options, struct totals *totals)
{
    struct timespec begin;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    if (options->minutes > 0) {
        options->seeds = UINT64_MAX;
    }
    for (uint64_t i = 0; i < options->seeds; i++) {
        if (options->minutes > 0 && seconds_since(&begin) > options->minutes * 60) {
            break;
        }
        if (!live(options, options->start + i, totals) && !options->keep_going) {
            break;
        }
        show_progress(totals, options->seeds, &begin);
    }
    if (isatty(STDERR_FILENO)) {
        (void)fputc('\n', stderr);
    }
}

/* The history as a file that replays it, and as a page with its picture. */
static void write_history(const char *path, json_t *history)
{
    char page[620];

    if (json_dump_file(history, path, JSON_INDENT(1)) != 0) {
        (void)fprintf(stderr, "sim: %s cannot be written\n", path);
        return;
    }
    (void)printf("%s: %zu events\n", path, json_array_size(json_object_get(history, "events")));
    if (sim_picture_draw(path, page, sizeof page)) {
        (void)printf("%s: their picture\n", page);
    } else {
        (void)fprintf(stderr, "sim: %s cannot be drawn (python3 sim/picture.py)\n", page);
    }
}

static void note_failure(json_t *history, const struct sim_result *result)
{
    (void)json_object_set_new(history, "breaks", json_string(result->check));
    (void)json_object_set_new(history, "failure", json_string(result->failure));
}

static void replay(struct options *options, struct totals *totals)
{
    struct sim_result result;
    json_t *history;
    char path[600];

    options->plan.seed = options->seed;
    seed_under_way = options->seed;
    history = sim_plan(&options->plan);
    if (history == NULL) {
        totals->failures++;
        return;
    }
    if (sim_shrink_try(history, &result)) {
        add_up(totals, &result);
        (void)printf("seed %llu holds; its history hashes to %016llx\n",
                     (unsigned long long)options->seed,
                     (unsigned long long)result.hash);
    } else {
        add_up(totals, &result);
        show_failure(&result);
        sim_shrink(history, &result);
        note_failure(history, &result);
        show_failure(&result);
    }
    (void)snprintf(path,
                   sizeof path,
                   "%s/seed-%llu.json",
                   options->output != NULL ? options->output : ".",
                   (unsigned long long)options->seed);
    write_history(path, history);
    json_decref(history);
}

static json_t *load_history(const char *path, struct totals *totals)
{
    json_error_t error;
    json_t *history = json_load_file(path, 0, &error);

    if (history == NULL) {
        if (error.line > 0) {
            (void)fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        } else {
            (void)fprintf(stderr, "%s\n", error.text);
        }
        totals->failures++;
    }
    return history;
}

static void play_file(const struct options *options, const char *path, struct totals *totals)
{
    json_t *history = load_history(path, totals);
    struct sim_result result;

    if (history == NULL) {
        return;
    }
    play(options, history, &result);
    add_up(totals, &result);
    if (result.check[0] != '\0') {
        (void)fprintf(stderr, "%s failed:\n", path);
        show_failure(&result);
        (void)fprintf(stderr, "  replay: scripts/sim --scenario %s\n", path);
    }
    json_decref(history);
}

static void shrink_file(const char *path, struct totals *totals)
{
    json_t *history = load_history(path, totals);
    struct sim_result result;

    if (history == NULL) {
        return;
    }
    if (sim_shrink_try(history, &result)) {
        (void)printf("%s holds: there is nothing to shrink\n", path);
    } else {
        sim_shrink(history, &result);
        note_failure(history, &result);
        show_failure(&result);
        write_history(path, history);
        (void)fprintf(stderr, "  replay: scripts/sim --scenario %s\n", path);
    }
    add_up(totals, &result);
    json_decref(history);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"seeds", required_argument, NULL, 'n'},
                                          {"start", required_argument, NULL, 's'},
                                          {"seed", required_argument, NULL, 'S'},
                                          {"replay", no_argument, NULL, 'r'},
                                          {"scenario", required_argument, NULL, 'f'},
                                          {"shrink", required_argument, NULL, 'x'},
                                          {"schema", required_argument, NULL, 'd'},
                                          {"minutes", required_argument, NULL, 'm'},
                                          {"devices", required_argument, NULL, 'D'},
                                          {"steps", required_argument, NULL, 'e'},
                                          {"check", required_argument, NULL, 'c'},
                                          {"care", no_argument, NULL, 'a'},
                                          {"mutants", no_argument, NULL, 'u'},
                                          {"mutant", required_argument, NULL, 'U'},
                                          {"twice", no_argument, NULL, 't'},
                                          {"keep-going", no_argument, NULL, 'k'},
                                          {"rate", no_argument, NULL, 'R'},
                                          {"output", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'n':
            options->seeds = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options->start = strtoull(optarg, NULL, 10);
            break;
        case 'S':
            options->has_seed = true;
            options->seed = strtoull(optarg, NULL, 10);
            break;
        case 'r':
            options->replay = true;
            break;
        case 'f':
        case 'x':
            if (options->file_count == FILES_MAX) {
                return false;
            }
            options->files[options->file_count++] = optarg;
            options->shrink = option == 'x';
            break;
        case 'd':
            options->plan.schema = optarg;
            break;
        case 'm':
            options->minutes = strtod(optarg, NULL);
            break;
        case 'D':
            options->plan.devices = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'U':
            options->mutant = optarg;
            options->mutants = true;
            break;
        case 'u':
            options->mutants = true;
            break;
        case 'e':
            options->plan.steps = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'c':
            options->plan.check = optarg;
            break;
        case 'a':
            options->plan.care = true;
            break;
        case 't':
            options->twice = true;
            break;
        case 'k':
            options->keep_going = true;
            break;
        case 'R':
            options->rate = true;
            break;
        case 'o':
            options->output = optarg;
            break;
        default:
            return false;
        }
    }
    while (options->file_count > 0 && optind < argc && options->file_count < FILES_MAX) {
        options->files[options->file_count++] = argv[optind++];
    }
    return optind == argc && options->plan.devices <= 6 &&
           (!options->mutants || options->file_count == 0 || options->mutant != NULL);
}

/* The planted bugs are in a program of their own, beside this one. */
static int hunt(const struct options *options, char **argv)
{
#ifdef TERN_MUTANTS
    const struct sim_hunt what = {.name = options->mutant,
                                  .check = options->plan.check,
                                  .start = options->start,
                                  .seeds = options->seeds > 0 ? options->seeds : 400,
                                  .devices = options->plan.devices,
                                  .steps = options->plan.steps};

    unsigned missed = 0;

    (void)argv;
    for (size_t i = 0; i < options->file_count; i++) {
        json_error_t error;
        json_t *history = json_load_file(options->files[i], 0, &error);

        missed +=
            history == NULL ||
            !sim_mutants_try(options->mutant, options->plan.check, options->files[i], history);
        json_decref(history);
    }
    if (options->file_count > 0) {
        return missed == 0 ? 0 : 1;
    }
    return sim_mutants_hunt(&what) == 0 ? 0 : 1;
#else
    const char *end = strrchr(argv[0], '/');
    char path[600];

    (void)options;
    (void)snprintf(path,
                   sizeof path,
                   "%.*stern-sim-mutants",
                   end != NULL ? (int)(end - argv[0]) + 1 : 0,
                   argv[0]);
    (void)execvp(path, argv);
    (void)fprintf(stderr, "sim: %s is not there\n", path);
    return 2;
#endif
}

int main(int argc, char **argv)
{
    struct options options = {.seeds = 0, .start = 0};
    struct totals totals = {0};

    if (!read_options(argc, argv, &options)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    (void)signal(SIGSEGV, on_crash);
    (void)signal(SIGABRT, on_crash);
    sim_memory_install();
    sim_disk_install();
    if (options.mutants) {
        return hunt(&options, argv);
    }
    options.seeds = options.seeds > 0 ? options.seeds : 100;
    options.start = options.start > 0 ? options.start : 1;
    for (size_t i = 0; i < options.file_count; i++) {
        if (options.shrink) {
            shrink_file(options.files[i], &totals);
        } else {
            play_file(&options, options.files[i], &totals);
        }
    }
    if (options.file_count > 0) {
        options.seeds = 0;
    } else if (options.has_seed && options.replay) {
        replay(&options, &totals);
    } else {
        if (options.has_seed) {
            options.start = options.seed;
            options.seeds = 1;
        }
        live_all(&options, &totals);
    }
    if (options.rate) {
        show_rate(&totals);
    }
    (void)printf("sim: %llu seeds, %llu failures, %llu ops, %llu faults\n",
                 (unsigned long long)totals.seeds,
                 (unsigned long long)totals.failures,
                 (unsigned long long)totals.ops,
                 (unsigned long long)totals.faults);
    return totals.failures == 0 ? 0 : 1;
}
