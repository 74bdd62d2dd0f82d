/* tern-sim: lives through seeds, replays one, plays a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/again.h"
#include "sim/documents.h"
#include "sim/history.h"
#include "sim/lives.h"
#include "sim/memory.h"
#include "sim/mutants.h"
#include "sim/options.h"
#include "sim/picture.h"
#include "sim/plan.h"
#include "sim/shrink.h"

static void show_failure(const struct sim_result *result)
{
    (void)
        fprintf(stderr, "  %s, in event %zu: %s\n", result->check, result->events, result->failure);
}

static double used_by(int who)
{
    struct rusage used;

    (void)getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* How fast it went, by the time that these processes had: others may have had some, too. */
static void show_rate(const struct sim_totals *totals)
{
    double seconds = used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN);

    (void)printf("%.1f s of one core: %.1f seeds a second, %.0f statements and exchanges\n",
                 seconds,
                 (double)totals->seeds / seconds,
                 (double)totals->ops / seconds);
}

/* The history as a file that replays it, and as a page with its picture. */
static void write_history(const char *path, json_t *history, struct sim_totals *totals)
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

static void replay(struct sim_options *options, struct sim_totals *totals)
{
    struct sim_result result;
    json_t *history;
    char path[600];

    options->plan.seed = options->seed;
    sim_again_note_seed(options, options->seed);
    history = sim_plan(&options->plan);
    if (history == NULL) {
        totals->failures++;
        return;
    }
    if (sim_shrink_try(history, &result)) {
        sim_lives_add(totals, &result);
        (void)printf("seed %llu holds; its history hashes to %016llx\n",
                     (unsigned long long)options->seed,
                     (unsigned long long)result.hash);
    } else {
        sim_lives_add(totals, &result);
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

static json_t *load_history(const char *path, struct sim_totals *totals)
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

static void
play_file(const struct sim_options *options, const char *path, struct sim_totals *totals)
{
    json_t *history = load_history(path, totals);
    struct sim_result result;

    if (history == NULL) {
        return;
    }
    sim_again_note_file(path);
    sim_lives_play(options, history, &result);
    sim_lives_add(totals, &result);
    if (result.check[0] != '\0') {
        (void)fprintf(stderr, "%s failed:\n", path);
        show_failure(&result);
        (void)fputs(sim_again_line(), stderr);
    }
    json_decref(history);
}

static void shrink_file(const char *path, struct sim_totals *totals)
{
    json_t *history = load_history(path, totals);
    struct sim_result result;

    if (history == NULL) {
        return;
    }
    sim_again_note_file(path);
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
        (void)fputs(sim_again_line(), stderr);
    }
    sim_lives_add(totals, &result);
    json_decref(history);
}

/* The planted bugs are in a program of their own, beside this one. */
static int hunt(const struct sim_options *options, char **argv)
{
#ifdef TERN_MUTANTS
    const struct sim_hunt what = {.name = options->mutant,
                                  .check = options->plan.check,
                                  .start = options->start,
                                  .seeds = options->seeds > 0 ? options->seeds : 400,
                                  .devices = options->plan.devices,
                                  .steps = options->plan.steps};

    struct sim_totals totals = {0};
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

static void run(struct sim_options *options, struct sim_totals *totals)
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
    sim_lives_run(options, totals);
}

int main(int argc, char **argv)
{
    struct sim_options options;
    struct sim_totals totals = {0};

    if (!sim_options_read(argc, argv, &options)) {
        (void)fputs("tern-sim --help says what can be asked for\n", stderr);
        return 2;
    }
    if (options.help) {
        (void)fputs(sim_options_usage, stdout);
        return 0;
    }
    sim_again_hear();
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
