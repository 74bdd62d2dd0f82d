/* The hybrid logical clock, and what the server makes of a device's claim. Sums saturate: readings
 * come from clocks and strangers. */
#include "model/clock.h"

#include "base/mutant.h"
#include "base/uuid.h"

static int64_t sum(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b) {
        return INT64_MAX;
    }
    if (b < 0 && a < INT64_MIN - b) {
        return INT64_MIN;
    }
    return a + b;
}

static int64_t difference(int64_t a, int64_t b)
{
    if (b == INT64_MIN) {
        return a < 0 ? a - b : INT64_MAX;
    }
    return sum(a, -b);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool trn_clock_is_steady(const struct trn_clock *clock, const tern_id *boot)
{
    return clock->offset_known && !trn_id_is_nil(boot) && trn_id_equal(&clock->steady_boot, boot);
}

int64_t trn_clock_now(const struct trn_clock *clock, const struct trn_reading *reading)
{
    if (trn_clock_is_steady(clock, &reading->boot)) {
        return sum(reading->monotonic_us, clock->steady_us);
    }
    return clock->offset_known ? sum(reading->wall_us, clock->offset_us) : reading->wall_us;
}

int64_t trn_clock_offset(const struct trn_clock *clock, const struct trn_reading *reading)
{
    return difference(trn_clock_now(clock, reading), reading->wall_us);
}

int64_t trn_clock_issue(struct trn_clock *clock, const struct trn_reading *reading)
{
    clock->last_us = later(trn_clock_now(clock, reading), sum(clock->last_us, 1));
    return clock->last_us;
}

void trn_clock_observe(struct trn_clock *clock, int64_t stamp_us)
{
    clock->last_us = later(clock->last_us, stamp_us);
}

void trn_clock_anchor(struct trn_clock *clock, int64_t stored_us)
{
    clock->last_us = stored_us;
}

/* The server spoke between the sending and the reading: what of the offset that leaves possible is
 * an interval (Marzullo 1984), whose middle is wrong by half the trip at most (Cristian 1989). */
static void
set_offset(struct trn_clock *clock, int64_t offset_us, const struct trn_reading *reading)
{
    clock->offset_us = offset_us;
    clock->offset_known = true;
    clock->steady_us = difference(sum(reading->wall_us, offset_us), reading->monotonic_us);
    clock->steady_boot = reading->boot;
}

void trn_clock_measure(struct trn_clock *clock,
                       int64_t server_us,
                       int64_t sent_wall_us,
                       const struct trn_reading *received)
{
    int64_t trip_us = later(difference(received->wall_us, sent_wall_us), 0);
    int64_t offset_us = trn_clock_offset(clock, received);
    int64_t least_us = difference(server_us, received->wall_us);
    int64_t most_us = difference(server_us, sent_wall_us);

    if (trip_us <= TRN_CLOCK_TRIP_US || TRN_MUTANT(TRIP_HALVED)) {
        /* A clock set back during the exchange makes the trip negative; then only its end is sure.
         */
        set_offset(clock, sum(least_us, trip_us / 2), received);
    } else if (offset_us < least_us || offset_us > most_us) {
        set_offset(clock, offset_us < least_us ? least_us : most_us, received);
    }
}

int64_t trn_clock_age(const struct trn_reading *then, const struct trn_reading *now)
{
    bool same_boot = !trn_id_is_nil(&now->boot) && trn_id_equal(&then->boot, &now->boot);
    int64_t age_us = same_boot ? difference(now->monotonic_us, then->monotonic_us)
                               : difference(now->wall_us, then->wall_us);

    return later(age_us, 0);
}

static bool is_beyond_tolerance(int64_t a_us, int64_t b_us)
{
    int64_t off_us = difference(a_us, b_us);

    return off_us > TRN_CLOCK_TOLERANCE_US || off_us < -TRN_CLOCK_TOLERANCE_US;
}

int64_t trn_clock_store(const struct trn_claim *claim, bool *ret_corrected)
{
    int64_t written_us = later(difference(claim->received_us, later(claim->age_us, 0)), 0);
    int64_t ahead_us = sum(claim->received_us, TRN_CLOCK_AHEAD_US);
    int64_t time_us = claim->time_us;

    if (is_beyond_tolerance(claim->received_us, claim->sent_us) ||
        is_beyond_tolerance(claim->time_us, written_us)) {
        time_us = written_us;
    }
    if (time_us > ahead_us) {
        time_us = ahead_us;
    }
    if (TRN_MUTANT(CLAMP_MISSING)) {
        time_us = claim->time_us;
    }
    if (ret_corrected != NULL) {
        *ret_corrected = time_us != claim->time_us;
    }
    time_us = later(time_us, sum(claim->newest_base_us, 1));
    if (claim->stored && time_us == claim->time_us && time_us != claim->previous_us) {
        return time_us; /* two of one device have two times */
    }
    return later(time_us, sum(claim->previous_us, 1));
}
