/** When taking a dose is on time, late, too early or too late: pure. */
#ifndef TRN_MEDICATION_WINDOW_H
#define TRN_MEDICATION_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "tern/medication/dose.h"

enum { TRN_FLAGS_BYTES = 40 }; /* all flags together, and a NUL */

struct trn_window {
    int64_t scheduled_us;
    int32_t grace_minutes;
    int64_t taken_us;
    int64_t now_us;
    bool insist;
    bool suspect; /* the clock is */
};

struct trn_window_verdict {
    tern_dose_status status;
    tern_problem problem; /* NONE: record it */
    int64_t first;        /* the problem's numbers */
    int64_t second;
    char flags[TRN_FLAGS_BYTES]; /* "" without any */
};

void trn_window_judge(const struct trn_window *window, struct trn_window_verdict *ret_verdict);

/** The last moment of a dose's grace. */
int64_t trn_window_end(int64_t scheduled_us, int64_t grace_minutes);

/** Whether the grace of a dose has passed. */
bool trn_window_has_passed(int64_t scheduled_us, int64_t grace_minutes, int64_t now_us);

#endif
