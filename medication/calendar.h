/** The Gregorian calendar as arithmetic: days since 1970, dates as texts, times of a day. */
#ifndef TRN_MEDICATION_CALENDAR_H
#define TRN_MEDICATION_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TRN_DATE_BYTES = 11, /* "YYYY-MM-DD" and a NUL */
    TRN_DAY_MINUTES = 24 * 60,
    TRN_DAY_SECONDS = 24 * 60 * 60,
    TRN_DAY_MIN = -719162, /* 0001-01-01 */
    TRN_DAY_MAX = 2932896  /* 9999-12-31 */
};

#define TRN_SECOND_US INT64_C(1000000)
#define TRN_MINUTE_US (60 * TRN_SECOND_US)
#define TRN_DAY_US (TRN_DAY_SECONDS * TRN_SECOND_US)

struct trn_date {
    int32_t year;
    int32_t month;
    int32_t day;
};

bool trn_year_is_leap(int32_t year);
/** 28 to 31; `month` from 1. */
int32_t trn_month_days(int32_t year, int32_t month);
/** Days since 1970-01-01 of a date that exists. */
int32_t trn_day_of_date(struct trn_date date);
struct trn_date trn_date_of_day(int32_t day);
/** 0 for Sunday. */
int32_t trn_day_weekday(int32_t day);

/** `day` is in TRN_DAY_MIN to TRN_DAY_MAX. */
void trn_day_format(int32_t day, char ret_text[TRN_DATE_BYTES]);
/** Reads ten bytes YYYY-MM-DD of a date that exists, from the year 1; false, and `ret_day` as it
 * was, for all else. */
bool trn_day_parse(const char *text, uint64_t size, int32_t *ret_day);

/** Whether a moment lies in the years 1 to 9999 by UTC. */
bool trn_us_has_date(int64_t us);
/** What lies beyond the first or the last moment is that one. */
int64_t trn_us_sum(int64_t us, int64_t other);
int64_t trn_us_difference(int64_t us, int64_t other);
/** Minutes as microseconds, likewise. */
int64_t trn_us_minutes(int64_t minutes);

/** The quotient and the remainder, which is never negative. */
int64_t trn_floor_divide(int64_t number, int64_t by, int64_t *ret_rest);

#endif
