/* Ends the program where something fails. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

void bench_check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: failed: %s\n", what);
        exit(1);
    }
}

void bench_ok(tern_status status, const tern_error *error, const char *what)
{
    if (status != TERN_OK) {
        fprintf(stderr,
                "bench: failed: %s: %s: %s\n",
                what,
                tern_status_code(status),
                error->message);
        exit(1);
    }
}

void *bench_alloc(size_t count, size_t size)
{
    void *block = calloc(count == 0 ? 1 : count, size);

    bench_check(block != NULL, "memory");
    return block;
}
