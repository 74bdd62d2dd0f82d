/* Exponential, jittered, and polite to a server that named its time. */
#include "engine/backoff.h"

static int64_t bound_ms(uint32_t failures)
{
    int64_t bound = TRN_BACKOFF_FIRST_MS;

    for (uint32_t i = 1; i < failures && bound < TRN_BACKOFF_LONGEST_MS; i++) {
        bound *= 2;
    }
    return bound < TRN_BACKOFF_LONGEST_MS ? bound : TRN_BACKOFF_LONGEST_MS;
}

int64_t trn_backoff_wait_ms(uint32_t failures, int64_t retry_after_ms, uint32_t random)
{
    int64_t bound = bound_ms(failures);
    int64_t spread = bound / 2;
    int64_t wait = bound - spread + (int64_t)(random % (uint64_t)(spread + 1));

    if (retry_after_ms < 0) {
        return wait;
    }
    if (retry_after_ms > TRN_BACKOFF_SERVER_LONGEST_MS) {
        retry_after_ms = TRN_BACKOFF_SERVER_LONGEST_MS;
    }
    /* Spread after the server's time too: it tells everybody the same. */
    return retry_after_ms + wait / 2;
}
