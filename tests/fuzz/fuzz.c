/* An expectation of a fuzzer's reader, and the end of its process. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_expect(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

bool fuzz_equal(const struct trn_bytes *a, const struct trn_bytes *b)
{
    return trn_slice_equal(trn_bytes_slice(a), trn_bytes_slice(b));
}
