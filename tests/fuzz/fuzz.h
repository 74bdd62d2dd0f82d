/* What the fuzzers' readers share: a fuzzer calls LLVMFuzzerTestOneInput with bytes of its choice,
 * and whatever they are, nothing crashes and every expectation holds. */
#ifndef TERN_TEST_FUZZ_H
#define TERN_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, naming what does not hold. */
void fuzz_expect(bool holds, const char *what);
/* Whether both hold the same bytes. */
bool fuzz_equal(const struct trn_bytes *a, const struct trn_bytes *b);

#endif
