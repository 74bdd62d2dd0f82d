/*
 * Stamps: the total order in which writes of one merge unit win.
 *
 * Ordered by (rank, time, device). The server gives a device's transactions strictly rising stored
 * times, and a device stamps its own so, which makes (time, device) name one transaction and the
 * order total.
 */
#ifndef TRN_MODEL_STAMP_H
#define TRN_MODEL_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "tern/value.h"

enum trn_rank { TRN_RANK_0_INFERRED = 0, TRN_RANK_1_RECORDED = 1 };

struct trn_stamp {
    enum trn_rank rank;
    int64_t time_us;
    tern_id device;
};

/* Negative, zero or positive as `a` is before, equal to or after `b`. */
int trn_stamp_compare(const struct trn_stamp *a, const struct trn_stamp *b);

#endif
