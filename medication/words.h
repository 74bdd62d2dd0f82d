/** The fixed words in which frequencies and timings stand: read, never guessed. */
#ifndef TRN_MEDICATION_WORDS_H
#define TRN_MEDICATION_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trn_unit {
    TRN_UNIT_MINUTE,
    TRN_UNIT_HOUR,
    TRN_UNIT_DAY,
    TRN_UNIT_WEEK,
    TRN_UNIT_MONTH,
    TRN_UNIT_YEAR
};

/** So many times in so many units. */
struct trn_frequency {
    int32_t times;
    int32_t period;
    enum trn_unit unit;
};

/** Reads words such as "twice a day", "every 6 hours", "3 times every 2 weeks". False, and
 * `ret_frequency` untouched, for all else: ranges, fractions, two phrases. */
bool trn_frequency_read(const char *words, struct trn_frequency *ret_frequency);

enum { TRN_TIMING_TIMES_MAX = 24 };

/** What stands in a timing besides words for people. */
struct trn_timing {
    unsigned weekdays; /* set of bits, 1 for Sunday */
    unsigned slots;    /* by codes of a moment, such as "PCM" */
    unsigned before_meal;
    bool as_needed;
    size_t count;
    int32_t minutes[TRN_TIMING_TIMES_MAX]; /* times of day, ascending */
};

/** Reads phrases between semicolons; those it does not know are for people and passed over. False
 * where there are more times than anybody takes, or one stands there twice. */
bool trn_timing_read(const char *words, struct trn_timing *ret_timing);

#endif
