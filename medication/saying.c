/* Dates, times, numbers and lengths of time in words. The facts are the Unicode CLDR's, release 41:
 * calendars, day periods, units and number symbols of `km` and `en`. */
#include "medication/saying.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "medication/calendar.h"

enum { LANGUAGES = 2, MONTHS = 12, WEEKDAYS = 7, NOON = 12 * 60 };

static const char *const months[LANGUAGES][MONTHS] = {
    [TERN_KHMER] = {"មករា",
                    "កុម្ភៈ",
                    "មីនា",
                    "មេសា",
                    "ឧសភា",
                    "មិថុនា",
                    "កក្កដា",
                    "សីហា",
                    "កញ្ញា",
                    "តុលា",
                    "វិច្ឆិកា",
                    "ធ្នូ"},
    [TERN_ENGLISH] = {"January",
                      "February",
                      "March",
                      "April",
                      "May",
                      "June",
                      "July",
                      "August",
                      "September",
                      "October",
                      "November",
                      "December"},
};

static const char *const weekdays[LANGUAGES][WEEKDAYS] = {
    [TERN_KHMER] = {"អាទិត្យ", "ច័ន្ទ", "អង្គារ", "ពុធ", "ព្រហស្បតិ៍", "សុក្រ", "សៅរ៍"},
    [TERN_ENGLISH] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
};

static const char *const khmer_digits[] = {"០", "១", "២", "៣", "៤", "៥", "៦", "៧", "៨", "៩"};

/* Periods of the day, by the minute before which they end. */
static const struct {
    int32_t before;
    const char *name[LANGUAGES];
} periods[] = {
    {1, {"អធ្រាត្រ", "midnight"}},
    {6 * 60, {"ព្រឹក", "at night"}},
    {NOON, {"ព្រឹក", "in the morning"}},
    {NOON + 1, {"ថ្ងៃ\u200bត្រង់", "noon"}},
    {18 * 60, {"រសៀល", "in the afternoon"}},
    {21 * 60, {"ល្ងាច", "in the evening"}},
    {TRN_DAY_MINUTES, {"យប់", "at night"}},
};

/* Units of time, from the largest; one of it and more of it. */
static const struct {
    int64_t minutes;
    const char *one[LANGUAGES];
    const char *more[LANGUAGES];
} units[] = {
    {TRN_DAY_MINUTES, {" ថ្ងៃ", " day"}, {" ថ្ងៃ", " days"}},
    {60, {" ម៉ោង", " hour"}, {" ម៉ោង", " hours"}},
    {1, {" នាទី", " minute"}, {" នាទី", " minutes"}},
};

bool trn_saying_begin(struct trn_saying *saying,
                      const tern_locale *locale,
                      char *buffer,
                      size_t size)
{
    *saying = (struct trn_saying){.locale = locale, .buffer = buffer, .size = size};
    if (buffer == NULL && size > 0) {
        return false;
    }
    if (size > 0) {
        buffer[0] = '\0';
    }
    return locale != NULL && locale->size >= sizeof(tern_locale) &&
           (locale->language == TERN_KHMER || locale->language == TERN_ENGLISH);
}

size_t trn_saying_end(struct trn_saying *saying)
{
    if (saying->size > 0) {
        size_t held = saying->length < saying->size ? saying->length : saying->size - 1;

        if (held < saying->length) {
            held = trn_utf8_whole((struct trn_slice){(const uint8_t *)saying->buffer, held});
        }
        saying->buffer[held] = '\0';
    }
    return saying->length;
}

size_t trn_saying_drop(struct trn_saying *saying)
{
    saying->length = 0;
    return trn_saying_end(saying);
}

static void put(struct trn_saying *saying, const char *bytes, size_t count)
{
    if (saying->length < saying->size) {
        size_t room = saying->size - saying->length;

        memcpy(saying->buffer + saying->length, bytes, count < room ? count : room);
    }
    saying->length += count;
}

void trn_say_raw(struct trn_saying *saying, const char *text)
{
    put(saying, text, strlen(text));
}

void trn_say_part(struct trn_saying *saying, const char *text, size_t count)
{
    bool native = saying->locale->native_digits && saying->locale->language == TERN_KHMER;

    for (size_t i = 0; i < count; i++) {
        if (native && text[i] >= '0' && text[i] <= '9') {
            put(saying, khmer_digits[text[i] - '0'], 3);
        } else {
            put(saying, text + i, 1);
        }
    }
}

void trn_say(struct trn_saying *saying, const char *text)
{
    trn_say_part(saying, text, strlen(text));
}

void trn_say_number(struct trn_saying *saying, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, number);
    trn_say(saying, text);
}

bool trn_say_day(struct trn_saying *saying, const char *local_date, bool weekday)
{
    tern_language language = saying->locale->language;
    struct trn_date date;
    int32_t day;

    if (local_date == NULL || !trn_day_parse(local_date, strlen(local_date), &day)) {
        return false;
    }
    date = trn_date_of_day(day);
    if (weekday) {
        trn_say(saying, weekdays[language][trn_day_weekday(day)]);
        trn_say(saying, language == TERN_ENGLISH ? ", " : " ");
    }
    if (language == TERN_ENGLISH) {
        trn_say(saying, months[language][date.month - 1]);
        trn_say(saying, " ");
        trn_say_number(saying, date.day);
        trn_say(saying, ", ");
    } else {
        trn_say_number(saying, date.day);
        trn_say(saying, " ");
        trn_say(saying, months[language][date.month - 1]);
        trn_say(saying, " ");
    }
    trn_say_number(saying, date.year);
    return true;
}

bool trn_say_minute(struct trn_saying *saying, int32_t minute)
{
    char clock[8];
    size_t at = 0;

    if (minute < 0 || minute >= TRN_DAY_MINUTES) {
        return false;
    }
    while (minute >= periods[at].before) {
        at++;
    }
    (void)snprintf(clock,
                   sizeof clock,
                   "%d:%02d ",
                   (int)((minute / 60 + 11) % 12 + 1),
                   (int)(minute % 60));
    trn_say(saying, clock);
    trn_say(saying, periods[at].name[saying->locale->language]);
    return true;
}

bool trn_say_minutes(struct trn_saying *saying, int64_t minutes)
{
    const size_t last = sizeof(units) / sizeof(units[0]) - 1;
    tern_language language = saying->locale->language;
    size_t largest = 0;

    if (minutes < 0) {
        return false;
    }
    while (largest < last && minutes < units[largest].minutes) {
        largest++;
    }
    for (size_t at = largest; at <= last && at <= largest + 1; at++) {
        int64_t count = minutes / units[at].minutes;

        minutes %= units[at].minutes;
        if (count == 0 && at > largest) {
            break;
        }
        trn_say(saying, at > largest ? " " : "");
        trn_say_number(saying, count);
        trn_say(saying, (count == 1 ? units[at].one : units[at].more)[language]);
    }
    return true;
}

bool trn_say_gigabytes(struct trn_saying *saying, int64_t bytes)
{
    const int64_t tenth = (INT64_C(1) << 30) / 10;

    if (bytes < 0) {
        return false;
    }
    trn_say_number(saying, bytes / tenth / 10);
    trn_say(saying, saying->locale->language == TERN_KHMER ? "," : ".");
    trn_say_number(saying, bytes / tenth % 10);
    trn_say(saying, " GB");
    return true;
}
