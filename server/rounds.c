/* What is refused stays refused as a rule, and each try costs a push; so it comes no oftener than
 * what failed, however short the rounds are. */
#include "server/rounds.h"

int64_t trn_rounds_wait_s(struct trn_rounds *rounds, const struct trn_missed_report *report)
{
    int64_t wait_s = rounds->interval_s;

    if (report == NULL) {
        return TRN_ROUNDS_RETRY_S;
    }
    rounds->refused = rounds->refused || report->refused > 0;
    if (report->more) {
        return 0;
    }
    if (rounds->refused && wait_s < TRN_ROUNDS_RETRY_S) {
        wait_s = TRN_ROUNDS_RETRY_S;
    }
    rounds->refused = false;
    return wait_s;
}
