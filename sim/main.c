/* tern-sim: lives through seeds, replays one, plays a file. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/documents.h"
#include "sim/history.h"
#include "sim/memory.h"
#include "sim/mutants.h"
#include "sim/options.h"
#include "sim/picture.h"
#include "sim/plan.h"
#include "sim/shrink.h"

struct totals {
    uint64_t seeds;
    uint64_t failures;
    uint64_t ops;
    uint64_t faults;
};

/* What plays again what is played now: also where the process itself crashes. */
static char replay_line[800];

static void on_crash(int signal_number)
{
    char text[80];
    int size = snprintf(text, sizeof text, "\nsim: signal %d\n", signal_number);

    (void)!write(STDERR_FILENO, text, (size_t)size);
    (void)!write(STDERR_FILENO, replay_line, strlen(replay_line));
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void hear_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        (void)signal(signals[i], on_crash);
    }
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

/* A line that is written over, or a new one behind the first life and every few seconds where
 * somebody keeps them. */
static void show_progress(const struct sim_options *options,
                          const struct totals *totals,
                          const struct timespec *begin)
{
    enum { PAUSE_S = 10 };
    static double next;
    bool watched = isatty(STDERR_FILENO) != 0;
    double seconds = seconds_since(begin);
    char goal[60];

    if (!watched && seconds < next) {
        return;
    }
    next = seconds + PAUSE_S;
    if (options->minutes > 0) {
        (void)snprintf(goal,
                       sizeof goal,
                       "seeds in %.1f of %g minutes",
                       seconds / 60,
                       options->minutes);
    } else {
        (void)snprintf(goal, sizeof goal, "of %llu seeds", (unsigned long long)options->seeds);
    }
    (void)fprintf(stderr,
                  "%s%llu %s, %.1f a second, %llu failures %s",
                  watched ? "\r" : "",
                  (unsigned long long)totals->seeds,
                  goal,
                  seconds > 0 ? (double)totals->seeds / seconds : 0.0,
                  (unsigned long long)totals->failures,
                  watched ? "" : "\n");
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
static void play(const struct sim_options *options, json_t *history, struct sim_result *ret_result)
{
    struct sim_result again;

    sim_play(history, ret_result);
    if (options->twice && ret_result->check[0] == '\0') {
        sim_play(history, &again);
        if (again.hash != ret_result->hash) {
            (void)snprintf(ret_result->check, sizeof ret_result->check, "determinism");
            (void)snprintf(ret_result->failure,
                           sizeof ret_result->failure,
                           "two lives of one history differ");
        }
    }
}

/* What plays the seed again as it is played here. */
static void note_seed(const struct sim_options *options, uint64_t seed)
{
    const char *schema = options->plan.schema;
    const char *check = options->plan.check;
    char numbers[60] = "";

    if (options->plan.devices > 0) {
        (void)snprintf(numbers, sizeof numbers, " --devices %u", options->plan.devices);
    }
    if (options->plan.steps > 0) {
        (void)snprintf(numbers + strlen(numbers),
                       sizeof numbers - strlen(numbers),
                       " --steps %u",
                       options->plan.steps);
    }
    (void)snprintf(replay_line,
                   sizeof replay_line,
                   "  replay: scripts/sim --seed %llu --replay%s%.500s%s%.40s%s%s\n",
                   (unsigned long long)seed,
                   schema != NULL ? " --schema " : "",
                   schema != NULL ? schema : "",
                   check != NULL ? " --check " : "",
                   check != NULL ? check : "",
                   options->plan.care ? " --care" : "",
                   numbers);
}

static void note_file(const char *path)
{
    (void)snprintf(replay_line,
                   sizeof replay_line,
                   "  replay: scripts/sim --scenario %.700s\n",
                   path);
}

static bool live(struct sim_options *options, uint64_t seed, struct totals *totals)
{
    struct sim_result result;
    json_t *history;

    options->plan.seed = seed;
    note_seed(options, seed);
    history = sim_plan(&options->plan);
    if (history == NULL) {
        totals->failures++;
        return false;
    }
    play(options, history, &result);
    json_decref(history);
    add_up(totals, &result);
    if (result.check[0] != '\0') {
        (void)fprintf(stderr, "\nseed %llu failed:\n", (unsigned long long)seed);
        show_failure(&result);
        (void)fputs(replay_line, stderr);
    }
    return result.check[0] == '\0';
}

static void live_all(struct sim_options *options, struct totals *totals)
{
    uint64_t seeds = options->minutes > 0 ? UINT64_MAX : options->seeds;
    struct timespec begin;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (uint64_t i = 0; i < seeds; i++) {
        if (options->minutes > 0 && seconds_since(&begin) > options->minutes * 60) {
            break;
        }
        if (!live(options, options->start + i, totals) && !options->keep_going) {
            break;
        }
        show_progress(options, totals, &begin);
    }
    if (isatty(STDERR_FILENO)) {
        (void)fputc('\n', stderr);
    }
}

/* The history as a file that replays it, and as a page with its picture. */
static void write_history(const char *path, json_t *history, struct totals *totals)
{
    char page[620];

    if (json_dump_file(history, path, JSON_INDENT(1)) != 0) {
        (void)fprintf(stderr, "sim: %s cannot be written\n", path);
        totals->failures++;
        return;
    }
    (void)printf("%s: %zu events\n", path, json_array_size(json_object_get(history, "events")));
    if (sim_picture_draw(path, page, sizeof page)) {
        (void)printf("%s: their picture\n", page);
    } else {
        (void)fprintf(stderr, "sim: %s cannot be drawn (python3 sim/picture.py)\n", page);
        totals->failures++;
    }
}

static void note_failure(json_t *history, const struct sim_result *result)
{
    (void)json_object_set_new(history, "breaks", json_string(result->check));
    (void)json_object_set_new(history, "failure", json_string(result->failure));
}

static void replay(struct sim_options *options, struct totals *totals)
{
    struct sim_result result;
    json_t *history;
    char path[600];

    options->plan.seed = options->seed;
    note_seed(options, options->seed);
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
                   options->output,
                   (unsigned long long)options->seed);
    write_history(path, history, totals);
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

static void play_file(const struct sim_options *options, const char *path, struct totals *totals)
{
    json_t *history = load_history(path, totals);
    struct sim_result result;

    if (history == NULL) {
        return;
    }
    note_file(path);
    play(options, history, &result);
    add_up(totals, &result);
    if (result.check[0] != '\0') {
        (void)fprintf(stderr, "%s failed:\n", path);
        show_failure(&result);
        (void)fputs(replay_line, stderr);
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
    note_file(path);
    if (sim_shrink_try(history, &result)) {
        (void)printf("%s holds: there is nothing to shrink\n", path);
    } else if (strcmp(result.check, "history") == 0) { /* whoever wrote it has to mend it */
        (void)fprintf(stderr, "%s is not shrunk, but wrong:\n", path);
        show_failure(&result);
    } else {
        sim_shrink(history, &result);
        note_failure(history, &result);
        show_failure(&result);
        write_history(path, history, totals);
        (void)fputs(replay_line, stderr);
    }
    add_up(totals, &result);
    json_decref(history);
}

/* The planted bugs are in a program of their own, beside this one. */
static int hunt(const struct sim_options *options, char **argv)
{
#ifdef TERN_MUTANTS
    const struct sim_hunt what = {.name = options->mutant,
                                  .check = options->plan.check,
                                  .start = options->start,
                                  .seeds = options->seeds > 0 ? options->seeds : 2000,
                                  .devices = options->plan.devices,
                                  .steps = options->plan.steps};

    struct totals totals = {0};
    unsigned missed = 0;

    (void)argv;
    for (size_t i = 0; i < options->file_count; i++) {
        json_t *history = load_history(options->files[i], &totals);

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

/* A document that cannot be read is told once, and not of each seed. */
static bool has_schema(const struct sim_options *options)
{
    char message[600];
    size_t versions;

    if (options->plan.schema != NULL &&
        sim_documents(options->plan.schema, &versions, message) == NULL) {
        (void)fprintf(stderr, "%s\n", message);
        return false;
    }
    return true;
}

static void run(struct sim_options *options, struct totals *totals)
{
    for (size_t i = 0; i < options->file_count; i++) {
        if (options->shrink) {
            shrink_file(options->files[i], totals);
        } else {
            play_file(options, options->files[i], totals);
        }
    }
    if (options->file_count > 0) {
        return;
    }
    if (options->replay) {
        replay(options, totals);
        return;
    }
    if (options->has_seed) {
        options->start = options->seed;
        options->seeds = 1;
    } else {
        options->start = options->start > 0 ? options->start : 1;
        options->seeds = options->seeds > 0 ? options->seeds : 100;
    }
    live_all(options, totals);
}

int main(int argc, char **argv)
{
    struct sim_options options;
    struct totals totals = {0};

    if (!sim_options_read(argc, argv, &options)) {
        (void)fputs("tern-sim --help says what can be asked for\n", stderr);
        return 2;
    }
    if (options.help) {
        (void)fputs(sim_options_usage, stdout);
        return 0;
    }
    hear_crashes();
    sim_memory_install();
    sim_disk_install();
    if (options.mutants) {
        return hunt(&options, argv);
    }
    if (!has_schema(&options)) {
        return 2;
    }
    run(&options, &totals);
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
