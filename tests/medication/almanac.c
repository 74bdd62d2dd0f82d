/* sscanf reads the words, timegm counts the days, and TZ tells the zone. */
#define _DEFAULT_SOURCE

#include "tests/medication/almanac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/harness/harness.h"

enum { DAY_MINUTES = 1440, NAME_BYTES = 64 };

#define DAY_SECONDS INT64_C(86400)

static const char *const names[ALMANAC_SLOTS] = {"MORNING", "DAYTIME", "NIGHT"};

/* ---- Days and moments ---- */

int32_t almanac_day_of(const char *date)
{
    struct tm tm = {0};

    CHECK_INT(sscanf(date, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday), 3);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (int32_t)(timegm(&tm) / DAY_SECONDS);
}

static struct tm date_of(int32_t day)
{
    const time_t seconds = (time_t)(day * DAY_SECONDS);
    struct tm tm;

    CHECK(gmtime_r(&seconds, &tm) != NULL);
    return tm;
}

void almanac_date_of(int32_t day, char ret_date[11])
{
    const struct tm tm = date_of(day);

    CHECK_INT(strftime(ret_date, 11, "%Y-%m-%d", &tm), 10);
}

static int64_t offset_at(const char *zone, int64_t seconds)
{
    static char current[NAME_BYTES];
    const time_t moment = (time_t)seconds;
    struct tm tm;

    if (strcmp(current, zone) != 0) {
        CHECK(strlen(zone) < sizeof(current));
        (void)snprintf(current, sizeof(current), "%s", zone);
        CHECK_INT(setenv("TZ", zone, 1), 0);
        tzset();
    }
    CHECK(localtime_r(&moment, &tm) != NULL);
    return tm.tm_gmtoff;
}

int64_t almanac_moment(const char *zone, int32_t day, int32_t minute)
{
    const int64_t wall = day * DAY_SECONDS + minute * 60;
    const int64_t before = offset_at(zone, wall - offset_at(zone, wall) - DAY_SECONDS);
    const int64_t after = offset_at(zone, wall - offset_at(zone, wall) + DAY_SECONDS);
    const int64_t first = wall - before;
    const int64_t second = wall - after;

    /* The clock shows it as if nothing changed, or as if it had changed already; where it shows it
     * in neither way it skips it, by as much as the first is late. */
    if (offset_at(zone, first) != before && offset_at(zone, second) == after) {
        return second * 1000000;
    }
    return first * 1000000;
}

int32_t almanac_today(const char *zone, int64_t us)
{
    const int64_t seconds = us / 1000000;
    const int64_t local = seconds + offset_at(zone, seconds);

    return (int32_t)(local / DAY_SECONDS);
}

/* ---- Words ---- */

static int32_t meal_minute(const char *text, size_t slot)
{
    static const int32_t presets[ALMANAC_SLOTS] = {7 * 60, 12 * 60, 18 * 60};
    int from = 0;
    int to = 0;
    char half = 0;

    if (text[0] == '\0') {
        return presets[slot];
    }
    if (sscanf(text, "%d-%d%cM", &from, &to, &half) == 3) {
        CHECK(half == 'A' || half == 'P');
        return (from + to) * 30 + (half == 'P' ? DAY_MINUTES / 2 : 0);
    }
    CHECK_INT(sscanf(text, "%d:%d", &from, &to), 2);
    return from * 60 + to;
}

/* So many times in so many of a unit: 'm'inutes, 'h'ours, 'd'ays, 'M'onths; 0 times: no words. */
struct pace {
    int times;
    int period;
    char unit;
    bool is_unknown;
};

static void read_unit(const char *word, struct pace *pace)
{
    static const struct {
        const char *word;
        char unit;
        int of_it;
    } units[] = {{"minute", 'm', 1},
                 {"hour", 'h', 1},
                 {"day", 'd', 1},
                 {"week", 'd', 7},
                 {"month", 'M', 1},
                 {"year", 'M', 12}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strncmp(word, units[i].word, strlen(units[i].word)) == 0) {
            pace->unit = units[i].unit;
            pace->period *= units[i].of_it;
            return;
        }
    }
    fail_msg("the unit %s", word);
}

static struct pace read_pace(const char *words)
{
    struct pace pace = {.times = 1, .period = 1};
    char unit[16] = "";

    if (words[0] == '\0') {
        return (struct pace){.unit = 'd', .period = 1};
    }
    if (strchr(words, '-') != NULL || strchr(words, '.') != NULL) {
        return (struct pace){.is_unknown = true}; /* a range or a fraction */
    }
    if (sscanf(words, "every %d %15s", &pace.period, unit) != 2 &&
        sscanf(words, "%d times every %d %15s", &pace.times, &pace.period, unit) != 3 &&
        sscanf(words, "%d times a %15s", &pace.times, unit) != 2) {
        pace = (struct pace){.times = strncmp(words, "twice", 5) == 0 ? 2 : 1, .period = 1};
        if (sscanf(words, "%*[a-z] a %15s", unit) != 1 &&
            sscanf(words, "%*[a-z] an %15s", unit) != 1) {
            return (struct pace){.is_unknown = true};
        }
    }
    read_unit(unit, &pace);
    return pace;
}

/* The weekdays and the times that the timing names. */
struct named {
    bool weekday[7];
    bool any_weekday;
    int32_t minutes[ALMANAC_TIMES_MAX];
    size_t count;
};

static struct named read_timing(const char *words)
{
    static const char week[] = "sunmontuewedthufrisat";
    struct named named = {.count = 0};
    char text[256];

    (void)snprintf(text, sizeof(text), "%s", words);
    for (char *part = strtok(text, ";"); part != NULL; part = strtok(NULL, ";")) {
        const char *phrase = part + strspn(part, " ");
        const char *day = strlen(phrase) == 3 ? strstr(week, phrase) : NULL;
        int hour = 0;
        int minute = 0;

        if (day != NULL && (day - week) % 3 == 0) {
            named.weekday[(day - week) / 3] = true;
            named.any_weekday = true;
        } else if (strlen(phrase) == 5 && sscanf(phrase, "%2d:%2d", &hour, &minute) == 2) {
            named.minutes[named.count++] = hour * 60 + minute;
        } else {
            CHECK(strcmp(phrase, "as needed") != 0); /* else it is for people, as "1 a dose" */
        }
    }
    return named;
}

/* ---- Which days ---- */

static int32_t last_day_of(const struct almanac_source *source, int32_t first)
{
    int32_t last = source->end_date[0] != '\0' ? almanac_day_of(source->end_date) : INT32_MAX;

    if (source->duration_days > 0 && first + source->duration_days - 1 < last) {
        last = (int32_t)(first + source->duration_days - 1);
    }
    return last;
}

/* The k-th of `times` stands k/times into the period. */
static bool divides(int32_t at, int period, int times)
{
    for (int k = 0; k < times; k++) {
        if (k * period / times == at) {
            return true;
        }
    }
    return false;
}

static bool
is_on_day(const struct pace *pace, const struct named *named, int32_t first, int32_t day)
{
    if (named->any_weekday && !named->weekday[(day + 4) % 7]) { /* 1970 began on a Thursday */
        return false;
    }
    if (pace->unit == 'M') {
        struct tm begin = date_of(first);
        struct tm tm = date_of(day);

        CHECK(pace->times == 1 && begin.tm_mday <= 28); /* of no other one is anything known here */
        return tm.tm_mday == begin.tm_mday &&
               ((tm.tm_year - begin.tm_year) * 12 + tm.tm_mon - begin.tm_mon) % pace->period == 0;
    }
    if (named->any_weekday && pace->period > 1) {
        CHECK_INT(pace->period % 7, 0);
        return ((day + 3) / 7 - (first + 3) / 7) % (pace->period / 7) == 0;
    }
    return pace->period == 1 || divides((day - first) % pace->period, pace->period, pace->times);
}

/* ---- Which times ---- */

static void add(const struct almanac_source *source,
                int32_t day,
                int32_t minute,
                const char *slot,
                struct almanac_dose *ret_dose)
{
    *ret_dose = (struct almanac_dose){.scheduled_us = almanac_moment(source->zone, day, minute)};
    if (slot != NULL) {
        (void)snprintf(ret_dose->slot, sizeof(ret_dose->slot), "%s", slot);
    } else {
        (void)snprintf(ret_dose->slot,
                       sizeof(ret_dose->slot),
                       "%02u:%02u",
                       (unsigned)minute / 60 % 24,
                       (unsigned)minute % 60);
    }
}

static void add_slot(const struct almanac_source *source,
                     int32_t day,
                     size_t slot,
                     struct almanac_dose *ret_dose)
{
    const int32_t meal = meal_minute(source->meals[slot], slot);

    add(source, day, meal + (source->before_meal[slot] ? -30 : 30), names[slot], ret_dose);
}

/* So many minutes apart, counted from the first day's midnight. */
static size_t spread(const struct almanac_source *source,
                     int32_t first,
                     int32_t day,
                     int apart,
                     struct almanac_dose *ret_doses)
{
    int64_t minute = source->first_minute;
    const int64_t begin = (int64_t)(day - first) * DAY_MINUTES;
    size_t count = 0;

    CHECK(apart >= 60);
    while (minute < begin) {
        minute += apart;
    }
    for (; minute < begin + DAY_MINUTES; minute += apart) {
        add(source, day, (int32_t)(minute - begin), NULL, &ret_doses[count++]);
    }
    return count;
}

static size_t in_slots(const struct almanac_source *source,
                       int32_t day,
                       const bool *slots,
                       struct almanac_dose *ret_doses)
{
    size_t count = 0;

    for (size_t i = 0; i < ALMANAC_SLOTS; i++) {
        if (slots[i]) {
            add_slot(source, day, i, &ret_doses[count++]);
        }
    }
    return count;
}

static size_t at_minutes(const struct almanac_source *source,
                         int32_t day,
                         const int32_t *minutes,
                         size_t count,
                         struct almanac_dose *ret_doses)
{
    for (size_t i = 0; i < count; i++) {
        add(source, day, minutes[i], NULL, &ret_doses[i]);
    }
    return count;
}

/* Without dosages and without times: so many a day. */
static size_t by_number(const struct almanac_source *source,
                        int32_t first,
                        int32_t day,
                        int times,
                        struct almanac_dose *ret_doses)
{
    static const bool slots[][ALMANAC_SLOTS] = {{true}, {true, false, true}, {true, true, true}};
    static const int32_t four[] = {7 * 60, 12 * 60, 18 * 60, 21 * 60};

    if (times <= 3) {
        return in_slots(source, day, slots[times - 1], ret_doses);
    }
    if (times == 4) {
        return at_minutes(source, day, four, 4, ret_doses);
    }
    return DAY_MINUTES % times == 0 ? spread(source, first, day, DAY_MINUTES / times, ret_doses)
                                    : 0;
}

size_t almanac_day(const struct almanac_source *source,
                   int32_t day,
                   struct almanac_dose ret_doses[ALMANAC_TIMES_MAX])
{
    const int32_t first = almanac_day_of(source->start_date);
    const bool has_dosages =
        source->has_dosage[0] || source->has_dosage[1] || source->has_dosage[2];
    struct pace pace;
    struct named named;

    if (source->is_prn || day < first || day > last_day_of(source, first)) {
        return 0;
    }
    pace = read_pace(source->frequency);
    named = read_timing(source->timing);
    if (has_dosages) {
        if (pace.is_unknown || pace.unit == 'm' || pace.unit == 'h') {
            pace = (struct pace){.times = 1, .period = 1, .unit = 'd'};
        }
        return is_on_day(&pace, &named, first, day)
                   ? in_slots(source, day, source->has_dosage, ret_doses)
                   : 0;
    }
    if (pace.is_unknown || (pace.times == 0 && named.count == 0)) {
        return 0;
    }
    if (pace.unit == 'm' || pace.unit == 'h') {
        const int minutes = pace.period * (pace.unit == 'h' ? 60 : 1);

        CHECK(named.count == 0 && !named.any_weekday && minutes % pace.times == 0);
        return spread(source, first, day, minutes / pace.times, ret_doses);
    }
    if (!is_on_day(&pace, &named, first, day)) {
        return 0;
    }
    if (named.count > 0) {
        return at_minutes(source, day, named.minutes, named.count, ret_doses);
    }
    return by_number(source, first, day, pace.period == 1 ? pace.times : 1, ret_doses);
}

bool almanac_yields(const struct almanac_source *source, int32_t day, const char *slot)
{
    struct almanac_dose doses[ALMANAC_TIMES_MAX];
    const size_t count = almanac_day(source, day, doses);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(doses[i].slot, slot) == 0) {
            return true;
        }
    }
    return false;
}
