/* How long to wait before the next attempt. Pure. */
#ifndef TRN_ENGINE_BACKOFF_H
#define TRN_ENGINE_BACKOFF_H

#include <stdint.h>

/* The first wait is at most this long, each further one at most twice the one before, up to the
 * longest. */
#define TRN_BACKOFF_FIRST_MS INT64_C(500)
#define TRN_BACKOFF_LONGEST_MS (INT64_C(60) * 1000)
/* A server's word is kept up to here. */
#define TRN_BACKOFF_SERVER_LONGEST_MS (INT64_C(3600) * 1000)

/*
 * The wait after the `failures`th failure in a row (from 1): between half of the bound and the
 * bound, `random` deciding, so that devices which failed together do not come back together; never
 * before `retry_after_ms`, which is the server's word, or negative without one.
 */
int64_t trn_backoff_wait_ms(uint32_t failures, int64_t retry_after_ms, uint32_t random);

#endif
