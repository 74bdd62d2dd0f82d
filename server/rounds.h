/* When the job for missed doses takes its next step: no clock, no timer, the rule alone. */
#ifndef TRN_SERVER_ROUNDS_H
#define TRN_SERVER_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/missed.h"

/* After a step that failed, and after a round of which something was refused: what made it so may
 * take a person. */
enum { TRN_ROUNDS_RETRY_S = 300 };

struct trn_rounds {
    int64_t interval_s; /* between rounds */
    bool refused;       /* some of what the round under way found */
};

/* Seconds until the next step, after one that did what `report` says, or failed: NULL. */
int64_t trn_rounds_wait_s(struct trn_rounds *rounds, const struct trn_missed_report *report);

#endif
