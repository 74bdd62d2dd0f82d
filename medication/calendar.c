/* Days and dates by eras of 400 years, each of which has the same 146,097 days. */
#include "medication/calendar.h"

#include <stddef.h>
#include <string.h>

enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_DAYS = 719468 }; /* 0000-03-01 to 1970-01-01 */

bool trn_year_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t trn_month_days(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && trn_year_is_leap(year) ? 1 : 0);
}

int64_t trn_floor_divide(int64_t number, int64_t by, int64_t *ret_rest)
{
    int64_t quotient = number / by;
    int64_t rest = number % by;

    if (rest < 0) {
        rest += by;
        quotient--;
    }
    *ret_rest = rest;
    return quotient;
}

/* A year that begins in March has its leap day last, so that a month's first day is linear. */
int32_t trn_day_of_date(struct trn_date date)
{
    int64_t year_of_era;
    int64_t era =
        trn_floor_divide((int64_t)date.year - (date.month <= 2 ? 1 : 0), ERA_YEARS, &year_of_era);
    int64_t month = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int32_t)(era * ERA_DAYS + day_of_era - EPOCH_DAYS);
}

struct trn_date trn_date_of_day(int32_t day)
{
    int64_t rest;
    int64_t era = trn_floor_divide((int64_t)day + EPOCH_DAYS, ERA_DAYS, &rest);
    int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t day_of_year = rest - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct trn_date date;

    date.day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (int32_t)(month < 10 ? month + 3 : month - 9);
    date.year = (int32_t)(year + era * ERA_YEARS + (date.month <= 2 ? 1 : 0));
    return date;
}

int32_t trn_day_weekday(int32_t day)
{
    int64_t weekday;

    (void)trn_floor_divide((int64_t)day + 4, 7, &weekday);
    return (int32_t)weekday;
}

static void write_digits(char *at, int32_t number, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void trn_day_format(int32_t day, char ret_text[TRN_DATE_BYTES])
{
    struct trn_date date = trn_date_of_day(day);

    memcpy(ret_text, "0000-00-00", TRN_DATE_BYTES);
    write_digits(ret_text, date.year, 4);
    write_digits(ret_text + 5, date.month, 2);
    write_digits(ret_text + 8, date.day, 2);
}

static bool read_digits(const char *at, int count, int32_t *ret_number)
{
    int32_t number = 0;

    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return false;
        }
        number = number * 10 + (at[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool trn_day_parse(const char *text, uint64_t size, int32_t *ret_day)
{
    struct trn_date date;

    if (text == NULL || size != TRN_DATE_BYTES - 1 || text[4] != '-' || text[7] != '-' ||
        !read_digits(text, 4, &date.year) || !read_digits(text + 5, 2, &date.month) ||
        !read_digits(text + 8, 2, &date.day)) {
        return false;
    }
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > trn_month_days(date.year, date.month)) {
        return false;
    }
    *ret_day = trn_day_of_date(date);
    return true;
}

/* ---- Moments ---- */

bool trn_us_has_date(int64_t us)
{
    return us >= TRN_DAY_MIN * TRN_DAY_US && us < (TRN_DAY_MAX + 1) * TRN_DAY_US;
}

int64_t trn_us_sum(int64_t us, int64_t other)
{
    if (other > 0 && us > INT64_MAX - other) {
        return INT64_MAX;
    }
    return other < 0 && us < INT64_MIN - other ? INT64_MIN : us + other;
}

int64_t trn_us_difference(int64_t us, int64_t other)
{
    if (other < 0 && us > INT64_MAX + other) {
        return INT64_MAX;
    }
    return other > 0 && us < INT64_MIN + other ? INT64_MIN : us - other;
}

int64_t trn_us_minutes(int64_t minutes)
{
    const int64_t most = INT64_MAX / TRN_MINUTE_US;

    if (minutes > most) {
        return INT64_MAX;
    }
    return minutes < -most ? INT64_MIN : minutes * TRN_MINUTE_US;
}
