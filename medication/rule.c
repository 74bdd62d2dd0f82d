/* POSIX TZ texts: read by a cursor that never passes the end, and answered by looking at the
 * changes of the years around. */
#include "medication/tzif.h"

#include <string.h>

#include "medication/calendar.h"

enum {
    NAME_MIN = 3,
    HOURS_MAX = 167,
    YEAR_MIN = 1,
    YEAR_MAX = 9998,
    DEFAULT_TIME_S = 2 * 60 * 60,
    SUMMER_S = 60 * 60
};

struct cursor {
    const char *at;
    const char *end;
};

static bool take(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool take_number(struct cursor *cursor, int32_t low, int32_t high, int32_t *ret_number)
{
    int32_t number = 0;
    const char *start = cursor->at;

    while (cursor->at < cursor->end && is_digit(*cursor->at)) {
        number = number * 10 + (*cursor->at - '0');
        cursor->at++;
        if (number > high) {
            return false;
        }
    }
    *ret_number = number;
    return cursor->at > start && number >= low;
}

/* An abbreviation, which nobody here uses: letters, or anything harmless in angle brackets. */
static bool skip_name(struct cursor *cursor)
{
    bool quoted = take(cursor, '<');
    const char *start = cursor->at;

    while (cursor->at < cursor->end &&
           (is_letter(*cursor->at) ||
            (quoted && (is_digit(*cursor->at) || *cursor->at == '+' || *cursor->at == '-')))) {
        cursor->at++;
    }
    return cursor->at - start >= NAME_MIN && (!quoted || take(cursor, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(struct cursor *cursor, int32_t *ret_seconds)
{
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    bool negative = take(cursor, '-');

    if (!negative) {
        (void)take(cursor, '+');
    }
    if (!take_number(cursor, 0, HOURS_MAX, &hours) ||
        (take(cursor, ':') && !take_number(cursor, 0, 59, &minutes)) ||
        (cursor->at < cursor->end && take(cursor, ':') && !take_number(cursor, 0, 59, &seconds))) {
        return false;
    }
    seconds += hours * 3600 + minutes * 60;
    *ret_seconds = negative ? -seconds : seconds;
    return true;
}

/* An offset, which POSIX counts west of Greenwich. */
static bool take_offset(struct cursor *cursor, int32_t *ret_offset_s)
{
    int32_t west = 0;

    if (!take_time(cursor, &west) || west > TRN_ZONE_OFFSET_MAX || west < -TRN_ZONE_OFFSET_MAX) {
        return false;
    }
    *ret_offset_s = -west;
    return true;
}

static bool take_day(struct cursor *cursor, struct trn_rule_day *day)
{
    *day = (struct trn_rule_day){.time_s = DEFAULT_TIME_S};
    if (take(cursor, 'M')) {
        day->form = TRN_RULE_MONTH;
        if (!take_number(cursor, 1, 12, &day->month) || !take(cursor, '.') ||
            !take_number(cursor, 1, 5, &day->week) || !take(cursor, '.') ||
            !take_number(cursor, 0, 6, &day->weekday)) {
            return false;
        }
    } else {
        bool julian = take(cursor, 'J');

        day->form = julian ? TRN_RULE_JULIAN : TRN_RULE_ORDINAL;
        if (!take_number(cursor, julian ? 1 : 0, 365, &day->day)) {
            return false;
        }
    }
    return !take(cursor, '/') || take_time(cursor, &day->time_s);
}

static bool take_summer(struct cursor *cursor, struct trn_rule *rule)
{
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + SUMMER_S;
    if (!skip_name(cursor) ||
        (cursor->at < cursor->end && *cursor->at != ',' && !take_offset(cursor, &rule->summer_s))) {
        return false;
    }
    return take(cursor, ',') && take_day(cursor, &rule->start) && take(cursor, ',') &&
           take_day(cursor, &rule->end);
}

bool trn_rule_parse(const char *text, size_t size, struct trn_rule *ret_rule)
{
    struct cursor cursor = {.at = text, .end = text + size};
    struct trn_rule rule = {0};

    if (!skip_name(&cursor) || !take_offset(&cursor, &rule.standard_s) ||
        (cursor.at < cursor.end && !take_summer(&cursor, &rule)) || cursor.at != cursor.end) {
        return false;
    }
    *ret_rule = rule;
    return true;
}

static int32_t day_in_month(const struct trn_rule_day *rule, int32_t year)
{
    int32_t first = trn_day_of_date((struct trn_date){year, rule->month, 1});
    int32_t ahead = (rule->weekday - trn_day_weekday(first) + 7) % 7 + 7 * (rule->week - 1);

    while (ahead >= trn_month_days(year, rule->month)) {
        ahead -= 7; /* the fifth is the last, where there are four */
    }
    return first + ahead;
}

static int32_t day_in_year(const struct trn_rule_day *rule, int32_t year)
{
    int32_t first = trn_day_of_date((struct trn_date){year, 1, 1});

    switch (rule->form) {
    case TRN_RULE_JULIAN:
        return first + rule->day - 1 + (rule->day >= 60 && trn_year_is_leap(year) ? 1 : 0);
    case TRN_RULE_ORDINAL:
        return first + rule->day;
    default:
        return day_in_month(rule, year);
    }
}

/* The moment of a change in a year, told by a clock that still shows `before_s`. */
static int64_t change_at(const struct trn_rule_day *rule, int32_t year, int32_t before_s)
{
    return (int64_t)day_in_year(rule, year) * TRN_DAY_SECONDS + rule->time_s - before_s;
}

static int32_t year_at(int64_t utc_s)
{
    int64_t rest;
    int64_t day = trn_floor_divide(utc_s, TRN_DAY_SECONDS, &rest);

    if (day < TRN_DAY_MIN) {
        return YEAR_MIN;
    }
    return day > TRN_DAY_MAX ? YEAR_MAX : trn_date_of_day((int32_t)day).year;
}

int32_t trn_rule_offset(const struct trn_rule *rule, int64_t utc_s)
{
    int32_t year = year_at(utc_s);
    int64_t latest = INT64_MIN;
    int32_t offset = rule->standard_s;

    for (int32_t at = year - 1; rule->has_summer && at <= year + 1; at++) {
        int64_t start = change_at(&rule->start, at, rule->standard_s);
        int64_t end = change_at(&rule->end, at, rule->summer_s);

        /* Where summer ends as the next begins, it is summer all year. */
        if (start <= utc_s && start >= latest) {
            latest = start;
            offset = rule->summer_s;
        }
        if (end <= utc_s && end > latest) {
            latest = end;
            offset = rule->standard_s;
        }
    }
    return offset;
}
