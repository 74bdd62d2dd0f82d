/*
 * The hybrid logical clock and the server's correction of it. Pure: readings come in, stamps go
 * out.
 *
 * After Kulkarni et al., "Logical Physical Clocks" (2014), with the logical part folded into
 * microseconds.
 */
#ifndef TRN_MODEL_CLOCK_H
#define TRN_MODEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "tern/value.h"

/* How far a claimed time may be from what the server works out before it is corrected, and how far
 * ahead of it one may be stored. */
#define TRN_CLOCK_TOLERANCE_US (INT64_C(5) * 60 * 1000000)
#define TRN_CLOCK_AHEAD_US (INT64_C(5) * 60 * 1000000)
/* The longest exchange whose middle says what time it was: as long as a request may take. */
#define TRN_CLOCK_TRIP_US (INT64_C(60) * 1000000)

struct trn_clock {
    int64_t last_us;   /* highest stamp issued or stored here */
    int64_t offset_us; /* server minus wall, as last measured */
    bool offset_known;
    int64_t steady_us; /* then also server minus monotonic, in that boot; nil: not measured */
    tern_id steady_boot;
};

/* One reading of the device's clocks. */
struct trn_reading {
    int64_t wall_us;
    int64_t monotonic_us;
    tern_id boot;
};

/* The server's time, as far as it is known: in the boot in which it was measured by the monotonic
 * clock, which nobody sets, else by the wall clock plus the offset. */
int64_t trn_clock_now(const struct trn_clock *clock, const struct trn_reading *reading);
/* Whether it is by the monotonic clock of that boot. */
bool trn_clock_is_steady(const struct trn_clock *clock, const tern_id *boot);
/* How far it is ahead of the wall clock as that stands; 0 while no offset is known. */
int64_t trn_clock_offset(const struct trn_clock *clock, const struct trn_reading *reading);
/* The next stamp: max(now, last + 1); moves `last`. */
int64_t trn_clock_issue(struct trn_clock *clock, const struct trn_reading *reading);
/* Learns of a stamp stored elsewhere. */
void trn_clock_observe(struct trn_clock *clock, int64_t stamp_us);
/* Takes the stamps back to the server's word: `stored_us` is the highest time that the server has
 * stored for this device or sent to it. Only while nothing is pending, else a new stamp could fall
 * before one that waits; then no stamp of a clock that ran ahead is left anywhere. */
void trn_clock_anchor(struct trn_clock *clock, int64_t stored_us);
/* Takes a server offset from one exchange: server time against the wall clock at the middle of it.
 * Of an exchange longer than TRN_CLOCK_TRIP_US (the device slept in it) the middle may be hours
 * wrong. Then the offset stays what it was, or 0 and unknown, as far as the exchange allows that,
 * else it goes to the nearest that it allows. */
void trn_clock_measure(struct trn_clock *clock,
                       int64_t server_us,
                       int64_t sent_wall_us,
                       const struct trn_reading *received);

/* Age of something read at `then`, now that the clocks read `now`: monotonic within one boot, else
 * the wall difference, never below 0. A boot of zeros is never the same as another. */
int64_t trn_clock_age(const struct trn_reading *then, const struct trn_reading *now);

struct trn_claim {
    int64_t time_us;        /* the entry's stamp */
    int64_t age_us;         /* as the device computed it at this attempt */
    int64_t sent_us;        /* its stamp clock at this attempt */
    int64_t received_us;    /* server's clock */
    int64_t newest_base_us; /* highest stored time among the bases it names, INT64_MIN without */
    int64_t previous_us;    /* this device's previous stored time, INT64_MIN without */
    bool stored;            /* a server had stored it at `time_us` */
};

/* The one stored time of a tx: what it claims, corrected where its clock is off, capped, and after
 * all that it had seen, a cap notwithstanding. `ret_corrected`, if not NULL, says whether the claim
 * was moved for the clock's sake. A time that a server had stored before (a re-offer) goes through
 * unmoved with `age_us` = received - time and `sent_us` = received: the order was decided then, and
 * another copy of the device may have offered what came later already. */
int64_t trn_clock_store(const struct trn_claim *claim, bool *ret_corrected);

#endif
