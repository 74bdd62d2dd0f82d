/* From what was prescribed to days and minutes. */
#include "medication/regimen.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/calendar.h"
#include "medication/words.h"

enum {
    SLOTS = 3,
    DAY_HOURS = 24,
    MEAL_DISTANCE = 30, /* minutes */
    PERIOD_MINUTES_MIN = 30,
    MONTH_SHARES_MAX = 4,
    DAYTIME_FROM = 4 * 60,
    DAYTIME_UNTIL = 16 * 60,
    DURATION_MAX = 40000
};

static const char *const slot_names[SLOTS] = {"MORNING", "DAYTIME", "NIGHT"};

tern_time_period trn_minute_period(int32_t minute)
{
    int64_t of_day;

    (void)trn_floor_divide(minute, TRN_DAY_MINUTES, &of_day);
    return of_day >= DAYTIME_FROM && of_day < DAYTIME_UNTIL ? TERN_PERIOD_DAYTIME
                                                            : TERN_PERIOD_NIGHT;
}

void trn_minute_format(int32_t minute, char ret_text[6])
{
    ret_text[0] = (char)('0' + minute / 600);
    ret_text[1] = (char)('0' + minute / 60 % 10);
    ret_text[2] = ':';
    ret_text[3] = (char)('0' + minute % 60 / 10);
    ret_text[4] = (char)('0' + minute % 10);
    ret_text[5] = '\0';
}

static void add_clock_time(struct trn_regimen *regimen, int32_t minute)
{
    struct trn_day_time *time = &regimen->times[regimen->count++];

    trn_minute_format(minute, time->slot);
    time->minute = minute;
}

static void add_slots(const tern_regimen *source,
                      unsigned slots,
                      unsigned before_meal,
                      struct trn_regimen *regimen)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct trn_day_time *time = &regimen->times[regimen->count];

        if ((slots >> i & 1) == 0) {
            continue;
        }
        memcpy(time->slot, slot_names[i], strlen(slot_names[i]) + 1);
        time->minute = source->meal_minutes[i] +
                       ((before_meal >> i & 1) != 0 ? -MEAL_DISTANCE : MEAL_DISTANCE);
        regimen->count++;
    }
}

/* `times` a day without a word on when: the slots, then the presets, then around the clock. */
static bool spread_day(const tern_regimen *source, int32_t times, struct trn_regimen *regimen)
{
    static const unsigned few[] = {TERN_SLOT_MORNING,
                                   TERN_SLOT_MORNING | TERN_SLOT_NIGHT,
                                   TERN_SLOT_MORNING | TERN_SLOT_DAYTIME | TERN_SLOT_NIGHT};
    static const int32_t four[] = {7 * 60, 12 * 60, 18 * 60, 21 * 60};

    if (times <= SLOTS) {
        add_slots(source, few[times - 1], 0, regimen);
        return true;
    }
    if (times == 4) {
        for (size_t i = 0; i < 4; i++) {
            add_clock_time(regimen, four[i]);
        }
        return true;
    }
    if (times > TRN_DAY_TIMES_MAX || TRN_DAY_MINUTES % times != 0) {
        return false;
    }
    regimen->every = TRN_EVERY_MINUTES;
    regimen->period = TRN_DAY_MINUTES / times;
    regimen->anchor_minute = source->meal_minutes[0];
    return true;
}

/* Whether as many are named as are said. "Before meals" names all three and counts none: which of
 * them is meant is not known then, and nothing is wrong with the words. */
static bool agree(bool of_meals, int32_t said, int32_t named, struct trn_regimen *regimen)
{
    regimen->is_miscounted = said != named && !of_meals;
    return said == named;
}

/* The times of one day, of which the frequency wants `times`; 0: as many as are named. */
static bool settle_times(const tern_regimen *source,
                         const struct trn_timing *timing,
                         int32_t times,
                         struct trn_regimen *regimen)
{
    if (source->slots != 0) {
        add_slots(source, source->slots, source->before_meal, regimen);
        return true;
    }
    if (timing->count > 0 && timing->slots == 0) {
        for (size_t i = 0; i < timing->count; i++) {
            add_clock_time(regimen, timing->minutes[i]);
        }
    } else if (timing->count == 0 && timing->slots != 0) {
        add_slots(source, timing->slots, timing->before_meal, regimen);
    } else {
        return timing->count == 0 && spread_day(source, times > 0 ? times : 1, regimen);
    }
    return times == 0 || agree(timing->is_of_meals, times, (int32_t)regimen->count, regimen);
}

static int32_t count_bits(unsigned bits)
{
    int32_t count = 0;

    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* On the weekdays that divide a number of weeks; all of them together are the times that are said.
 * Beside dosages, which say themselves how often a day, that may be the number of the days as well.
 */
static bool settle_weekdays(const tern_regimen *source,
                            const struct trn_timing *timing,
                            const struct trn_frequency *frequency,
                            struct trn_regimen *regimen)
{
    int32_t days = count_bits(regimen->weekdays);

    if (!settle_times(source, timing, 0, regimen)) {
        return false;
    }
    return !frequency->is_counted || (source->slots != 0 && frequency->times == days) ||
           agree(source->slots == 0 && timing->is_of_meals,
                 frequency->times,
                 days * (int32_t)regimen->count,
                 regimen);
}

static bool read_minutes(const tern_regimen *source,
                         const struct trn_frequency *frequency,
                         struct trn_regimen *regimen)
{
    int32_t minutes = frequency->period * (frequency->unit == TRN_UNIT_HOUR ? 60 : 1);

    regimen->every = TRN_EVERY_MINUTES;
    regimen->period = minutes / frequency->times;
    regimen->anchor_minute = source->meal_minutes[0];
    return minutes % frequency->times == 0 && regimen->period >= PERIOD_MINUTES_MIN;
}

static bool read_days(const tern_regimen *source,
                      const struct trn_frequency *frequency,
                      const struct trn_timing *timing,
                      struct trn_regimen *regimen)
{
    int32_t times = frequency->times;
    int32_t a_day = frequency->is_counted ? 1 : 0;

    regimen->every = TRN_EVERY_DAYS;
    regimen->period = frequency->period * (frequency->unit == TRN_UNIT_WEEK ? 7 : 1);
    regimen->shares = 1;
    if (regimen->period == 1) {
        return settle_times(source, timing, frequency->is_counted ? times : 0, regimen);
    }
    if (regimen->weekdays != 0) {
        return regimen->period % 7 == 0 && settle_weekdays(source, timing, frequency, regimen);
    }
    regimen->shares = times;
    return times <= regimen->period && settle_times(source, timing, a_day, regimen);
}

static bool read_months(const tern_regimen *source,
                        const struct trn_frequency *frequency,
                        const struct trn_timing *timing,
                        struct trn_regimen *regimen)
{
    int32_t months = frequency->period * (frequency->unit == TRN_UNIT_YEAR ? 12 : 1);

    regimen->every = TRN_EVERY_MONTHS;
    regimen->period = months;
    regimen->shares = 1;
    if (months % frequency->times == 0) {
        regimen->period = months / frequency->times;
    } else if (months == 1 && frequency->times <= MONTH_SHARES_MAX) {
        regimen->shares = frequency->times;
    } else {
        return false;
    }
    return settle_times(source, timing, frequency->is_counted ? 1 : 0, regimen);
}

/* Dosages say how often a day themselves; only longer periods add to them. */
static bool is_within_day(const struct trn_frequency *frequency)
{
    return frequency->unit == TRN_UNIT_MINUTE ||
           (frequency->unit == TRN_UNIT_HOUR &&
            frequency->period <= DAY_HOURS * frequency->times) ||
           (frequency->unit == TRN_UNIT_DAY && frequency->period == 1);
}

/* A frequency beside dosages, in days where it was in hours; false where it has no days. */
static bool settle_frequency(struct trn_frequency *frequency)
{
    if (is_within_day(frequency)) {
        *frequency = (struct trn_frequency){.times = 1, .period = 1, .unit = TRN_UNIT_DAY};
    } else if (frequency->unit == TRN_UNIT_HOUR) {
        if (frequency->period % DAY_HOURS != 0) {
            return false;
        }
        frequency->period /= DAY_HOURS;
        frequency->unit = TRN_UNIT_DAY;
    }
    return true;
}

/* Where the frequency was not read: whether the words are of a period of more than a day. What is
 * taken once a week must not be taken daily, so nothing is made of them. */
static bool passes_a_day(const tern_regimen *source, const struct trn_timing *timing)
{
    return (source->frequency != NULL && trn_words_pass_a_day(source->frequency)) ||
           (source->timing != NULL && timing->weekdays == 0 &&
            trn_words_pass_a_day(source->timing));
}

static bool
read_rate(const tern_regimen *source, const struct trn_timing *timing, struct trn_regimen *regimen)
{
    struct trn_frequency frequency = {.times = 1, .period = 1, .unit = TRN_UNIT_DAY};
    bool has_words = source->frequency != NULL && source->frequency[0] != '\0';
    bool known = has_words && trn_frequency_read(source->frequency, &frequency);

    if (!known && passes_a_day(source, timing)) {
        return false;
    }
    if (source->slots != 0) {
        if (!settle_frequency(&frequency)) {
            return false;
        }
    } else if (!known && (has_words || (timing->count == 0 && timing->slots == 0))) {
        return false;
    }
    switch (frequency.unit) {
    case TRN_UNIT_MINUTE:
    case TRN_UNIT_HOUR:
        return regimen->weekdays == 0 && timing->count == 0 &&
               read_minutes(source, &frequency, regimen);
    case TRN_UNIT_DAY:
    case TRN_UNIT_WEEK:
        return read_days(source, &frequency, timing, regimen);
    default:
        return regimen->weekdays == 0 && read_months(source, &frequency, timing, regimen);
    }
}

static bool read_bounds(const tern_regimen *source, struct trn_regimen *regimen)
{
    regimen->last_day = TRN_OPEN_DAY;
    if (source->start_date == NULL ||
        !trn_day_parse(source->start_date, strlen(source->start_date), &regimen->first_day)) {
        return false;
    }
    if (source->end_date != NULL &&
        !trn_day_parse(source->end_date, strlen(source->end_date), &regimen->last_day)) {
        return false;
    }
    if (source->duration_days > 0 && source->duration_days <= DURATION_MAX &&
        regimen->first_day + source->duration_days - 1 < regimen->last_day) {
        regimen->last_day = regimen->first_day + source->duration_days - 1;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (source->meal_minutes[i] < 0 || source->meal_minutes[i] >= TRN_DAY_MINUTES) {
            return false;
        }
    }
    return true;
}

bool trn_regimen_read(const tern_regimen *source, struct trn_regimen *ret_regimen)
{
    struct trn_timing timing = {0};
    struct trn_regimen regimen = {0};
    bool has_timing = true;

    if (!read_bounds(source, &regimen)) {
        return false;
    }
    if (source->timing != NULL) {
        has_timing = trn_timing_read(source->timing, &timing);
    }
    regimen.weekdays = timing.weekdays;
    regimen.is_understood =
        has_timing && !source->is_prn && !timing.as_needed && read_rate(source, &timing, &regimen);
    *ret_regimen = regimen;
    return true;
}

/* Whether a share of the period of `length` days falls on the day `at` of it. */
static bool is_share(int32_t at, int32_t length, int32_t shares)
{
    for (int32_t i = 0; i < shares; i++) {
        if (i * length / shares == at) {
            return true;
        }
    }
    return false;
}

static bool has_day_by_days(const struct trn_regimen *regimen, int32_t day)
{
    int64_t at;

    if (regimen->weekdays != 0 && regimen->period > 1) {
        /* Weeks are counted from the Monday of the first. */
        int32_t monday = regimen->first_day - (trn_day_weekday(regimen->first_day) + 6) % 7;

        return (day - monday) / 7 % (regimen->period / 7) == 0;
    }
    (void)trn_floor_divide((int64_t)day - regimen->first_day, regimen->period, &at);
    return is_share((int32_t)at, regimen->period, regimen->shares) ||
           (regimen->period == 7 && TRN_MUTANT(CARE_WEEKLY_DAILY));
}

/* The day of the first dose of the period that begins `months` after the first day; a month that is
 * too short has it on its last. */
static int32_t month_day(const struct trn_regimen *regimen, int32_t months)
{
    struct trn_date date = trn_date_of_day(regimen->first_day);
    int32_t month = date.month - 1 + months;
    int32_t last;

    date.year += month / 12;
    date.month = month % 12 + 1;
    last = trn_month_days(date.year, date.month);
    date.day = date.day < last ? date.day : last;
    return trn_day_of_date(date);
}

static bool has_day_by_months(const struct trn_regimen *regimen, int32_t day)
{
    struct trn_date first = trn_date_of_day(regimen->first_day);
    struct trn_date date = trn_date_of_day(day);
    int32_t months = (date.year - first.year) * 12 + date.month - first.month;
    int32_t begin;

    if (month_day(regimen, months) > day) {
        months--;
    }
    if (months < 0 || months % regimen->period != 0) {
        return false;
    }
    begin = month_day(regimen, months);
    return is_share(day - begin, 30, regimen->shares);
}

/* The doses that are `period` minutes apart, and fall into the day. */
static size_t
times_by_minutes(const struct trn_regimen *regimen, int32_t day, struct trn_day_time *ret_times)
{
    int64_t begin = ((int64_t)day - regimen->first_day) * TRN_DAY_MINUTES -
                    (TRN_MUTANT(CARE_HOURS_FROM_MIDNIGHT) ? 0 : regimen->anchor_minute);
    int64_t minute = 0;
    int64_t rest;
    size_t count = 0;

    (void)trn_floor_divide(begin, regimen->period, &rest);
    minute = begin < 0 ? -begin : rest == 0 ? 0 : regimen->period - rest;
    while (minute < TRN_DAY_MINUTES && count < TRN_DAY_TIMES_MAX) {
        trn_minute_format((int32_t)minute, ret_times[count].slot);
        ret_times[count].minute = (int32_t)minute;
        count++;
        minute += regimen->period;
    }
    return count;
}

size_t
trn_regimen_day(const struct trn_regimen *regimen, int32_t day, struct trn_day_time *ret_times)
{
    bool has_day;

    if (!regimen->is_understood || day < regimen->first_day || day > regimen->last_day ||
        (regimen->weekdays != 0 && (regimen->weekdays >> trn_day_weekday(day) & 1) == 0)) {
        return 0;
    }
    if (regimen->every == TRN_EVERY_MINUTES) {
        return times_by_minutes(regimen, day, ret_times);
    }
    has_day = regimen->every == TRN_EVERY_DAYS ? has_day_by_days(regimen, day)
                                               : has_day_by_months(regimen, day);
    if (!has_day) {
        return 0;
    }
    memcpy(ret_times, regimen->times, regimen->count * sizeof(*ret_times));
    return regimen->count;
}

bool trn_regimen_yields(const struct trn_regimen *regimen,
                        int32_t day,
                        const char *slot,
                        size_t size)
{
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    size_t count = trn_regimen_day(regimen, day, times);

    for (size_t i = 0; i < count; i++) {
        if (strlen(times[i].slot) == size && memcmp(times[i].slot, slot, size) == 0) {
            return true;
        }
    }
    return false;
}
