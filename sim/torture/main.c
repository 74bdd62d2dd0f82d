/* tern-torture: every operation, every fault, every place. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/life.h"
#include "sim/memory.h"
#include "sim/torture/options.h"
#include "sim/torture/torture.h"

enum { SECONDS_MAX = 120, SHOWN_MAX = 20 };

/* What one operation's points came to, by fault. */
struct row {
    unsigned tried[TORTURE_FAULTS];
    unsigned failed[TORTURE_FAULTS];
};

struct totals {
    unsigned operations;
    uint64_t points;
    uint64_t failures;
    uint64_t corrupt;
    uint64_t leaked;
};

struct job {
    pid_t pid; /* 0: none */
    struct torture_point point;
};

struct shared {
    struct torture_clean clean;
    struct torture_known known;
    struct torture_result results[TORTURE_JOBS];
};

/* One operation under way. */
struct session {
    const struct torture_options *options;
    const struct torture_operation *operation;
    struct sim_world *world;
    struct shared *shared;
    int64_t held;
    struct job jobs[TORTURE_JOBS];
    struct row row;
    struct totals *totals;
};

/* ---- Children ---- */

static void
die_of(struct torture_result *result, const char *check, const char *failure, int number)
{
    (void)snprintf(result->check, sizeof result->check, "%s", check);
    (void)snprintf(result->failure, sizeof result->failure, "%s %d", failure, number);
}

/* What became of a child beyond what it says itself. */
static void judge_end(int status, struct torture_result *result)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        die_of(result, "endless", "no end after seconds:", SECONDS_MAX);
    } else if (WIFSIGNALED(status)) {
        die_of(result, "crash", "the process died of signal", WTERMSIG(status));
    } else if (!result->done || WEXITSTATUS(status) != 0) {
        die_of(result, "crash", "the process ended with status", WEXITSTATUS(status));
    }
}

static void measure(struct session *session)
{
    struct torture_result *result = &session->shared->results[0];
    int status = 0;
    pid_t pid;

    memset(result, 0, sizeof *result);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)alarm(SECONDS_MAX);
        torture_measure(session->world, session->operation, &session->shared->clean, result);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        die_of(result, "fork", "no process, but", (int)pid);
        return;
    }
    judge_end(status, result);
}

static void start(struct session *session, struct job *job, struct torture_point point)
{
    struct torture_result *result = &session->shared->results[job - session->jobs];

    memset(result, 0, sizeof *result);
    (void)fflush(NULL);
    job->point = point;
    job->pid = fork();
    if (job->pid == 0) {
        (void)alarm(SECONDS_MAX);
        torture_try(session->world,
                    session->operation,
                    &point,
                    &session->shared->clean,
                    &session->shared->known,
                    session->held,
                    result);
        _exit(0);
    }
    if (job->pid < 0) {
        perror("fork");
        exit(2);
    }
}

static void tell(const struct session *session, const struct job *job)
{
    const struct torture_result *result = &session->shared->results[job - session->jobs];

    (void)fprintf(stderr,
                  "%s, %s at %u: %s: %s\n"
                  "  replay: scripts/torture --operation %s --fault %s --at %u --way %u\n",
                  session->operation->name,
                  torture_fault_names[job->point.fault],
                  job->point.at,
                  result->check,
                  result->failure,
                  session->operation->name,
                  torture_fault_names[job->point.fault],
                  job->point.at,
                  job->point.way);
}

static void finish(struct session *session, struct job *job, int status)
{
    struct torture_result *result = &session->shared->results[job - session->jobs];
    struct totals *totals = session->totals;

    judge_end(status, result);
    session->row.tried[job->point.fault]++;
    totals->points++;
    if (result->check[0] != '\0') {
        session->row.failed[job->point.fault]++;
        totals->failures++;
        totals->corrupt +=
            strcmp(result->check, "integrity") == 0 || strcmp(result->check, "references") == 0;
        totals->leaked += strcmp(result->check, "leak") == 0;
        if (session->row.failed[job->point.fault] <= SHOWN_MAX) {
            tell(session, job);
        }
    }
    job->pid = 0;
}

/* A job that is free; waits for one. With `all`, until all are; then NULL. */
static struct job *free_job(struct session *session, bool all)
{
    for (;;) {
        int status = 0;
        bool busy = false;
        pid_t pid;

        for (unsigned i = 0; i < session->options->jobs; i++) {
            if (session->jobs[i].pid != 0) {
                busy = true;
            } else if (!all) {
                return &session->jobs[i];
            }
        }
        if (!busy) {
            return NULL;
        }
        pid = waitpid(-1, &status, 0);
        for (unsigned i = 0; i < session->options->jobs; i++) {
            if (pid > 0 && session->jobs[i].pid == pid) {
                finish(session, &session->jobs[i], status);
            }
        }
    }
}

/* ---- Places ---- */

static unsigned chosen(const struct torture_options *options, unsigned count, unsigned i)
{
    /* Spread evenly, the first and the last among them. */
    return options->points == 0 || count <= options->points
               ? i
               : (unsigned)((uint64_t)i * (count - 1) / (options->points - 1));
}

/* Where nothing would strike, nothing is proven. */
static void
try_named(struct session *session, enum torture_fault fault, unsigned first, unsigned count)
{
    const struct torture_options *options = session->options;
    struct torture_point point = {fault, options->at, options->way};

    if (point.at < first || point.at >= first + count) {
        (void)fprintf(stderr,
                      "%s: the places of %s are %u to %u\n",
                      session->operation->name,
                      torture_fault_names[fault],
                      first,
                      first + count - 1);
    } else if (point.way >= torture_ways(fault, point.at == count)) {
        (void)fprintf(stderr,
                      "%s: the ways of %s at %u are 0 to %u\n",
                      session->operation->name,
                      torture_fault_names[fault],
                      point.at,
                      torture_ways(fault, point.at == count) - 1);
    } else {
        start(session, free_job(session, false), point);
    }
}

static void try_fault(struct session *session, enum torture_fault fault)
{
    const struct torture_options *options = session->options;
    unsigned count = session->shared->clean.counts[fault];
    unsigned shown = options->points > 0 && options->points < count ? options->points : count;
    unsigned first = fault >= TORTURE_ANSWER ? 0 : 1;

    if (options->places) {
        session->row.tried[fault] = count;
        session->totals->points += count;
        return;
    }
    if (options->has_at) {
        try_named(session, fault, first, count);
        return;
    }
    for (unsigned i = 0; i < shown; i++) {
        unsigned at = chosen(options, count, i) + first;
        unsigned ways = torture_ways(fault, options->points == 0 && at == count);

        for (unsigned way = 0; way < ways; way++) {
            /* Where not all are tried, one way each. */
            if (options->points == 0 || way == i % ways) {
                start(session, free_job(session, false), (struct torture_point){fault, at, way});
            }
        }
    }
}

static void show_row(const struct session *session)
{
    (void)printf("%-26s", session->operation->name);
    for (int i = 0; i < TORTURE_FAULTS; i++) {
        char cell[32];

        if (session->row.failed[i] > 0) {
            (void)snprintf(cell,
                           sizeof cell,
                           "%u/%u!",
                           session->row.tried[i],
                           session->row.failed[i]);
        } else {
            (void)snprintf(cell, sizeof cell, "%u", session->row.tried[i]);
        }
        (void)printf(" %9s", session->row.tried[i] > 0 ? cell : "-");
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static void run_operation(const struct torture_options *options,
                          const struct torture_operation *operation,
                          struct shared *shared,
                          struct totals *totals)
{
    static struct sim_world world;
    struct sim_result result;
    struct session session = {.options = options,
                              .operation = operation,
                              .world = &world,
                              .shared = shared,
                              .totals = totals};

    totals->operations++;
    /* Once for what the libraries keep for good, and once in earnest. */
    if (sim_play_begin(&world, operation->history, &result)) {
        sim_world_end(&world);
    }
    session.held = torture_held();
    if (!sim_play_begin(&world, operation->history, &result) ||
        !torture_prepare(&world, operation)) {
        (void)fprintf(stderr,
                      "%s cannot be set up: %s %s%s\n",
                      operation->name,
                      world.check,
                      world.failure,
                      result.failure);
        totals->failures++;
        sim_world_end(&world);
        return;
    }
    measure(&session);
    memset(&shared->known, 0, sizeof shared->known);
    if (shared->results[0].check[0] != '\0') {
        (void)fprintf(stderr,
                      "%s fails without a fault: %s: %s\n",
                      operation->name,
                      shared->results[0].check,
                      shared->results[0].failure);
        totals->failures++;
    } else {
        for (int fault = 0; fault < TORTURE_FAULTS; fault++) {
            bool travels = fault >= TORTURE_ANSWER;

            if ((options->fault == NULL ||
                 strcmp(options->fault, torture_fault_names[fault]) == 0) &&
                !(travels && operation->alone)) {
                try_fault(&session, (enum torture_fault)fault);
            }
        }
        (void)free_job(&session, true);
        show_row(&session);
    }
    sim_world_end(&world);
}

/* ---- Operations ---- */

/* A slip in an operation, as a key that is spelt wrong, would let a fault hold that nobody tried.
 */
static bool means_something(json_t *base, json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *of = json_string_value(json_object_get(item, "base"));
    struct sim_slip slip;

    name = name != NULL ? name : "an operation";
    if (base == NULL) {
        (void)fprintf(stderr, "%s: there is no base %s\n", name, of != NULL ? of : "(none)");
        return false;
    }
    if (!torture_language_check(base, item, &slip)) {
        (void)fprintf(stderr, "%s: %s\n", name, slip.text);
        return false;
    }
    return true;
}

static void run_item(const struct torture_options *options,
                     json_t *file,
                     json_t *item,
                     struct shared *shared,
                     struct totals *totals)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *base = json_string_value(json_object_get(item, "base"));
    json_t *history = json_object_get(json_object_get(file, "bases"), base != NULL ? base : "");
    size_t index;
    json_t *machine;

    if (!means_something(history, item)) {
        totals->failures++;
        return;
    }
    json_array_foreach(json_object_get(item, "machines"), index, machine)
    {
        char full[64];
        struct torture_operation operation = {
            .name = full,
            .history = history,
            .setup = json_object_get(item, "setup"),
            .events = json_object_get(item, "do"),
            .always = json_object_get(item, "always"),
            .alone = index > 0,
            .whole = json_is_true(json_object_get(item, "whole")),
            .mute = json_is_true(json_object_get(item, "mute")),
            .unsynced = json_is_true(json_object_get(item, "unsynced")),
            .quiet = json_is_true(json_object_get(item, "quiet"))};

        (void)
            snprintf(operation.machine, sizeof operation.machine, "%s", json_string_value(machine));
        (void)snprintf(full, sizeof full, "%s@%s", name, operation.machine);
        if (options->operation != NULL && strcmp(options->operation, full) != 0 &&
            strcmp(options->operation, name) != 0) {
            continue;
        }
        if (options->list) {
            (void)printf("%-26s %s\n", full, json_string_value(json_object_get(item, "about")));
            continue;
        }
        run_operation(options, &operation, shared, totals);
    }
}

static void show_head(void)
{
    (void)printf("%-26s", "operation");
    for (int i = 0; i < TORTURE_FAULTS; i++) {
        (void)printf(" %9s", torture_fault_names[i]);
    }
    (void)printf("\n");
}

/* Memory that this process and its children share. */
static struct shared *share(void)
{
    FILE *file = tmpfile();
    struct shared *shared = MAP_FAILED;

    if (file != NULL && ftruncate(fileno(file), sizeof *shared) == 0) {
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    }
    if (shared == MAP_FAILED) {
        perror("torture: no memory to share");
        exit(2);
    }
    (void)fclose(file);
    return shared;
}

static void run_all(const struct torture_options *options, json_t *file, struct totals *totals)
{
    struct shared *shared = share();
    size_t index;
    json_t *item;

    json_array_foreach(json_object_get(file, "operations"), index, item)
    {
        run_item(options, file, item, shared, totals);
    }
    (void)munmap(shared, sizeof *shared);
}

int main(int argc, char **argv)
{
    struct torture_options options;
    struct totals totals = {0};
    json_error_t error;
    json_t *file;
    struct timespec begin;
    struct timespec end;

    if (!torture_options_read(argc, argv, &options)) {
        (void)fputs("tern-torture --help says what can be asked for\n", stderr);
        return 2;
    }
    if (options.help) {
        (void)fputs(torture_usage, stdout);
        return 0;
    }
    sim_memory_install();
    torture_held_install();
    sim_disk_install();
    file = json_load_file(options.file, 0, &error);
    if (file == NULL) {
        if (error.line > 0) {
            (void)fprintf(stderr, "%s:%d: ", options.file, error.line);
        }
        (void)fprintf(stderr, "%s\n", error.text);
        return 2;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    if (!options.list) {
        show_head();
    }
    run_all(&options, file, &totals);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    json_decref(file);
    if (options.list) {
        return 0;
    }
    (void)printf("torture: %u operations, %llu points, %llu failures, %llu corrupt, %llu leaked, "
                 "%lld s\n",
                 totals.operations,
                 (unsigned long long)totals.points,
                 (unsigned long long)totals.failures,
                 (unsigned long long)totals.corrupt,
                 (unsigned long long)totals.leaked,
                 (long long)(end.tv_sec - begin.tv_sec));
    if (totals.operations == 0) {
        (void)fprintf(stderr,
                      "there is no operation %s\n",
                      options.operation != NULL ? options.operation : "at all");
    }
    return totals.failures == 0 && totals.points > 0 ? 0 : 1;
}
