/* Times both sides in turn and takes the median of their ratios. */
#include "tests/bench/bench.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t bench_wall_us(void)
{
    static atomic_llong last;
    struct timespec now;
    long long previous = atomic_load(&last);
    long long us;

    clock_gettime(CLOCK_REALTIME, &now);
    do {
        us = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
        us = us > previous ? us : previous + 1;
    } while (!atomic_compare_exchange_weak(&last, &previous, us));
    return us;
}

void bench_sleep_ms(unsigned ms)
{
    struct timespec wait = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&wait, NULL);
}

size_t bench_size(size_t full, size_t least)
{
    size_t scaled = (size_t)((double)full * bench_settings.scale);

    return scaled < least ? least : scaled;
}

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;

    return (a > b) - (a < b);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_doubles);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double bench_paired(size_t rounds, bench_side side, void *context)
{
    double ratios[BENCH_ROUNDS_MAX];

    bench_check(rounds > 0 && rounds <= BENCH_ROUNDS_MAX, "number of rounds");
    for (size_t round = 0; round < rounds; round++) {
        const bool tern_first = round % 2 == 1;
        const double first = side(context, tern_first);
        const double second = side(context, !tern_first);

        ratios[round] = tern_first ? first / second : second / first;
    }
    return bench_median(ratios, rounds);
}
