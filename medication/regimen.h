/**
 * What was prescribed, as a rule: which days, and at which minutes of them by the patient's clock.
 *
 * No zone and no clock come into it: the rule is of local days and local minutes alone.
 */
#ifndef TRN_MEDICATION_REGIMEN_H
#define TRN_MEDICATION_REGIMEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/medication/schedule.h"

enum {
    TRN_SLOT_BYTES = 9,      /* "DAYTIME" or "HH:MM", and a NUL */
    TRN_DAY_TIMES_MAX = 48,  /* doses a day */
    TRN_OPEN_DAY = INT32_MAX /* no last day */
};

struct trn_day_time {
    char slot[TRN_SLOT_BYTES];
    int32_t minute; /* of the local day; below 0 or above 1,439: of the one before or after */
};

/** How the days repeat. */
enum trn_every { TRN_EVERY_MINUTES, TRN_EVERY_DAYS, TRN_EVERY_MONTHS };

struct trn_regimen {
    bool is_understood;
    bool is_miscounted; /* for one reason: the words name another number of times than they say */
    int32_t first_day;
    int32_t last_day;
    unsigned weekdays; /* set of bits, 1 for Sunday; 0: all */
    enum trn_every every;
    int32_t period; /* of minutes, days or months */
    int32_t shares; /* how often within the period: its days are divided */
    size_t count;   /* of TRN_EVERY_DAYS and _MONTHS: */
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    int32_t
        anchor_minute; /* of TRN_EVERY_MINUTES: of the first dose, from the first day's midnight */
};

/** Reads what was prescribed. False where a date or a meal of it does not exist; words that mean
 * nothing make a regimen that is not understood, and has no doses. */
bool trn_regimen_read(const tern_regimen *source, struct trn_regimen *ret_regimen);

/** The doses of one local day: their number, and they themselves in `ret_times`, of which there is
 * room for TRN_DAY_TIMES_MAX. */
size_t
trn_regimen_day(const struct trn_regimen *regimen, int32_t day, struct trn_day_time *ret_times);

/** Whether the day has a dose of this slot. */
bool trn_regimen_yields(const struct trn_regimen *regimen,
                        int32_t day,
                        const char *slot,
                        size_t size);

/** DAYTIME from 04:00 until 16:00, also for the minutes of neighbouring days. */
tern_time_period trn_minute_period(int32_t minute);

/** Writes HH:MM of a minute of the day. */
void trn_minute_format(int32_t minute, char ret_text[6]);

#endif
