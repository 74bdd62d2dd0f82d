/* Frequencies and timings in words, as the import of FHIR writes them. */
#include "medication/words.h"

#include <string.h>

#include "medication/calendar.h"
#include "tern/medication/schedule.h"

enum { NUMBER_MAX = 1000, ALL = TERN_SLOT_MORNING | TERN_SLOT_DAYTIME | TERN_SLOT_NIGHT };

static const struct {
    const char *word;
    enum trn_unit unit;
} units[] = {{"minute", TRN_UNIT_MINUTE},
             {"hour", TRN_UNIT_HOUR},
             {"day", TRN_UNIT_DAY},
             {"week", TRN_UNIT_WEEK},
             {"month", TRN_UNIT_MONTH},
             {"year", TRN_UNIT_YEAR}};

/* HL7's codes of moments, and the slot that each falls into. */
static const struct {
    const char *code;
    unsigned slots;
    bool before_meal;
} moments[] = {{"MORN", TERN_SLOT_MORNING, false},
               {"MORN.early", TERN_SLOT_MORNING, false},
               {"MORN.late", TERN_SLOT_MORNING, false},
               {"WAKE", TERN_SLOT_MORNING, false},
               {"CM", TERN_SLOT_MORNING, false},
               {"ACM", TERN_SLOT_MORNING, true},
               {"PCM", TERN_SLOT_MORNING, false},
               {"NOON", TERN_SLOT_DAYTIME, false},
               {"AFT", TERN_SLOT_DAYTIME, false},
               {"AFT.early", TERN_SLOT_DAYTIME, false},
               {"AFT.late", TERN_SLOT_DAYTIME, false},
               {"CD", TERN_SLOT_DAYTIME, false},
               {"ACD", TERN_SLOT_DAYTIME, true},
               {"PCD", TERN_SLOT_DAYTIME, false},
               {"EVE", TERN_SLOT_NIGHT, false},
               {"EVE.early", TERN_SLOT_NIGHT, false},
               {"EVE.late", TERN_SLOT_NIGHT, false},
               {"NIGHT", TERN_SLOT_NIGHT, false},
               {"HS", TERN_SLOT_NIGHT, false},
               {"CV", TERN_SLOT_NIGHT, false},
               {"ACV", TERN_SLOT_NIGHT, true},
               {"PCV", TERN_SLOT_NIGHT, false},
               {"C", ALL, false},
               {"AC", ALL, true},
               {"PC", ALL, false}};

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* Takes `word` from the front, if it stands there. */
static bool take(const char **at, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*at, word, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

static bool take_number(const char **at, int32_t *ret_number)
{
    int32_t number = 0;
    const char *start = *at;

    while (**at >= '0' && **at <= '9' && number <= NUMBER_MAX) {
        number = number * 10 + (**at - '0');
        (*at)++;
    }
    *ret_number = number;
    return *at > start && number > 0 && number <= NUMBER_MAX;
}

/* A unit at the end of the words. */
static bool take_unit(const char *at, bool many, enum trn_unit *ret_unit)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const char *rest = at;

        if (take(&rest, units[i].word) && (!many || take(&rest, "s")) && *rest == '\0') {
            *ret_unit = units[i].unit;
            return true;
        }
    }
    return false;
}

static bool take_times(const char **at, int32_t *ret_times)
{
    if (take(at, "once ")) {
        *ret_times = 1;
        return true;
    }
    if (take(at, "twice ")) {
        *ret_times = 2;
        return true;
    }
    return take_number(at, ret_times) && take(at, " times ");
}

bool trn_frequency_read(const char *words, struct trn_frequency *ret_frequency)
{
    const char *at = words;
    struct trn_frequency frequency = {.times = 1, .period = 1};
    bool every = take(&at, "every ");

    if (!every) {
        if (!take_times(&at, &frequency.times)) {
            return false;
        }
        every = take(&at, "every ");
        if (!every && !take(&at, "a ") && !take(&at, "an ")) {
            return false;
        }
    }
    if ((every && (!take_number(&at, &frequency.period) || !take(&at, " "))) ||
        !take_unit(at, every, &frequency.unit)) {
        return false;
    }
    *ret_frequency = frequency;
    return true;
}

/* HH:MM. */
static bool read_time(const char *phrase, size_t size, int32_t *ret_minute)
{
    static const char shape[] = "00:00";

    if (size != sizeof(shape) - 1 || phrase[2] != ':') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (i != 2 && (phrase[i] < '0' || phrase[i] > '9')) {
            return false;
        }
    }
    *ret_minute =
        ((phrase[0] - '0') * 10 + phrase[1] - '0') * 60 + (phrase[3] - '0') * 10 + phrase[4] - '0';
    return *ret_minute < TRN_DAY_MINUTES && phrase[3] < '6';
}

static bool add_time(struct trn_timing *timing, int32_t minute)
{
    size_t at = timing->count;

    if (timing->count == TRN_TIMING_TIMES_MAX) {
        return false;
    }
    while (at > 0 && timing->minutes[at - 1] > minute) {
        timing->minutes[at] = timing->minutes[at - 1];
        at--;
    }
    if (at > 0 && timing->minutes[at - 1] == minute) {
        return false;
    }
    timing->minutes[at] = minute;
    timing->count++;
    return true;
}

static bool is_word(const char *phrase, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(phrase, word, size) == 0;
}

static bool read_phrase(const char *phrase, size_t size, struct trn_timing *timing)
{
    static const char as_needed[] = "as needed";
    int32_t minute = 0;

    if (read_time(phrase, size, &minute)) {
        return add_time(timing, minute);
    }
    for (unsigned i = 0; i < sizeof(weekdays) / sizeof(weekdays[0]); i++) {
        timing->weekdays |= is_word(phrase, size, weekdays[i]) ? 1U << i : 0;
    }
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        if (is_word(phrase, size, moments[i].code)) {
            timing->slots |= moments[i].slots;
            timing->before_meal |= moments[i].before_meal ? moments[i].slots : 0;
        }
    }
    timing->as_needed |=
        size >= sizeof(as_needed) - 1 && memcmp(phrase, as_needed, sizeof(as_needed) - 1) == 0;
    return true;
}

bool trn_timing_read(const char *words, struct trn_timing *ret_timing)
{
    struct trn_timing timing = {0};
    const char *at = words;

    while (*at != '\0') {
        size_t size = strcspn(at, ";");

        if (!read_phrase(at, size, &timing)) {
            return false;
        }
        at += size;
        at += strspn(at, "; ");
    }
    *ret_timing = timing;
    return true;
}
