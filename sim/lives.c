#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "sim/lives.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/again.h"
#include "sim/memory.h"
#include "sim/plan.h"

void sim_lives_add(struct sim_totals *totals, const struct sim_result *result)
{
    totals->seeds++;
    totals->ops += result->ops;
    totals->faults += result->faults;
    totals->failures += result->check[0] != '\0';
}

void sim_lives_play(const struct sim_options *options,
                    json_t *history,
                    struct sim_result *ret_result)
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

/* ---- What the processes share ---- */

struct board {
    const struct sim_options *options;
    struct timespec begin;
    atomic_uint_fast64_t taken; /* seeds that somebody plays or has played */
    atomic_bool is_over;
    atomic_uint_fast64_t begun;
    atomic_uint_fast64_t ended;
    atomic_uint_fast64_t failures;
    atomic_uint_fast64_t ops;
    atomic_uint_fast64_t faults;
};

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* A line that is written over, or a new one behind the first life and every few seconds where
 * somebody keeps them. */
static void show_progress(struct board *board)
{
    enum { PAUSE_S = 10 };
    static double next;
    const struct sim_options *options = board->options;
    bool watched = isatty(STDERR_FILENO) != 0;
    double seconds = seconds_since(&board->begin);
    uint64_t seeds = board->ended;
    char goal[60];

    if (seeds == 0 || (!watched && seconds < next)) {
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
                  (unsigned long long)seeds,
                  goal,
                  seconds > 0 ? (double)seeds / seconds : 0.0,
                  (unsigned long long)board->failures,
                  watched ? "" : "\n");
}

static void note_failure(struct board *board)
{
    board->failures++;
    if (!board->options->keep_going) {
        board->is_over = true;
    }
}

static void live(struct board *board, uint64_t seed)
{
    enum { LIVES_AWAKE = 32 };
    static unsigned lived;
    struct sim_plan plan = board->options->plan;
    struct sim_result result;
    json_t *history;

    plan.seed = seed;
    board->begun++;
    sim_again_note_seed(board->options, seed);
    history = sim_plan(&plan);
    if (history == NULL) {
        note_failure(board);
        return;
    }
    sim_lives_play(board->options, history, &result);
    json_decref(history);
    board->ops += result.ops;
    board->faults += result.faults;
    if (result.check[0] != '\0') {
        note_failure(board);
        (void)fprintf(stderr, /* in one piece, between those of others */
                      "\nseed %llu failed:\n  %s, in event %zu: %s\n%s",
                      (unsigned long long)seed,
                      result.check,
                      result.events,
                      result.failure,
                      sim_again_line());
    }
    board->ended++;
    if (++lived % LIVES_AWAKE == 0) {
        sim_memory_rest();
    }
}

/* False where there is no other to play. */
static bool take_seed(struct board *board, uint64_t *ret_seed)
{
    const struct sim_options *options = board->options;
    uint64_t nth;

    if (board->is_over ||
        (options->minutes > 0 && seconds_since(&board->begin) > options->minutes * 60)) {
        return false;
    }
    nth = board->taken++;
    *ret_seed = options->start + nth;
    return options->minutes > 0 || nth < options->seeds;
}

/* ---- By several processes ---- */

/* Whoever called it is gone: nobody would hear. */
static void work(struct board *board, pid_t parent)
{
    uint64_t seed;

    while (getppid() == parent && take_seed(board, &seed)) {
        live(board, seed);
    }
    exit(0);
}

/* False where the system has no other process. */
static bool start(struct board *board)
{
    pid_t parent = getpid();
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        work(board, parent);
    }
    return child > 0;
}

static bool is_left(const struct board *board)
{
    const struct sim_options *options = board->options;

    return !board->is_over &&
           (options->minutes > 0 ? seconds_since(&board->begin) < options->minutes * 60
                                 : board->taken < options->seeds);
}

/* One in whose life its process died has failed in it, and another goes on. */
static void work_together(struct board *board)
{
    static const struct timespec moment = {.tv_nsec = 50000000};
    unsigned running = 0;

    while (running < board->options->jobs && start(board)) {
        running++;
    }
    if (running == 0) {
        perror("sim");
        note_failure(board);
    }
    while (running > 0) {
        int status = 0;

        if (waitpid(-1, &status, WNOHANG) <= 0) {
            show_progress(board);
            (void)nanosleep(&moment, NULL);
            continue;
        }
        running--;
        if (status != 0) {
            note_failure(board);
            running += is_left(board) && start(board);
        }
    }
}

void sim_lives_run(const struct sim_options *options, struct sim_totals *totals)
{
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t seed;

    if (board == MAP_FAILED) {
        perror("sim");
        totals->failures++;
        return;
    }
    board->options = options;
    (void)clock_gettime(CLOCK_MONOTONIC, &board->begin);
    if (options->jobs > 1) {
        work_together(board);
    } else {
        while (take_seed(board, &seed)) {
            live(board, seed);
            show_progress(board);
        }
    }
    if (isatty(STDERR_FILENO)) {
        (void)fputc('\n', stderr);
    }
    totals->seeds += board->begun;
    totals->failures += board->failures;
    totals->ops += board->ops;
    totals->faults += board->faults;
    (void)munmap(board, sizeof *board);
}
