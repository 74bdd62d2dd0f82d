/* What the server counts, and how Prometheus reads it. */
#ifndef TRN_SERVER_METRICS_H
#define TRN_SERVER_METRICS_H

#include "base/bytes.h"

enum { TRN_METRIC_STATUSES = 6 };

struct trn_metrics {
    uint64_t requests[TRN_METRIC_STATUSES]; /* by the status' first digit; 0: none of 1 to 5 */
    uint64_t applied;
    uint64_t duplicates;
    uint64_t rejected;
    uint64_t rows;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t groups;
    uint64_t grouped; /* requests in groups */
    uint64_t handling_us;
    uint64_t missed; /* doses that the job stored */
    int64_t connections;
    int64_t started_s;
};

void trn_metrics_count_request(struct trn_metrics *metrics, unsigned status);

/* Appends the text exposition format. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_metrics_write(const struct trn_metrics *metrics,
                                            struct trn_bytes *text);

#endif
