/* Frequencies and timings in words, as the import of FHIR writes them. */
#include "medication/words.h"

#include <string.h>

#include "medication/calendar.h"
#include "tern/medication/schedule.h"

enum {
    NUMBER_MAX = 1000,
    DECIMAL_MAX = 1000000,
    ALL = TERN_SLOT_MORNING | TERN_SLOT_DAYTIME | TERN_SLOT_NIGHT
};

static const struct {
    const char *word;
    enum trn_unit unit;
} units[] = {{"second", TRN_UNIT_SECOND},
             {"minute", TRN_UNIT_MINUTE},
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

bool trn_words_take(const char **at, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*at, word, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/* Digits with or without a fraction, above zero. */
static bool take_decimal(const char **at, double *ret_number)
{
    double number = 0;
    double place = 1;
    const char *start = *at;
    bool has_point = false;

    for (; (**at >= '0' && **at <= '9') || (**at == '.' && !has_point && *at > start); (*at)++) {
        if (**at == '.') {
            has_point = true;
            continue;
        }
        number = number * 10 + (**at - '0');
        place *= has_point ? 10 : 1;
        if (number > DECIMAL_MAX) {
            return false;
        }
    }
    *ret_number = number / place;
    return number > 0 && (*at)[-1] != '.';
}

/* A number, or a range such as "4-6". */
static bool take_range(const char **at, double *ret_low, double *ret_high)
{
    return take_decimal(at, ret_low) &&
           (!trn_words_take(at, "-") || (take_decimal(at, ret_high) && *ret_high > *ret_low));
}

/* A unit at the end of the words. */
static bool take_unit(const char *at, bool many, enum trn_unit *ret_unit)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const char *rest = at;

        if (trn_words_take(&rest, units[i].word) && (!many || trn_words_take(&rest, "s")) &&
            *rest == '\0') {
            *ret_unit = units[i].unit;
            return true;
        }
    }
    return false;
}

static bool take_times(const char **at, struct trn_rate *rate)
{
    if (trn_words_take(at, "once ")) {
        rate->times = 1;
        return true;
    }
    if (trn_words_take(at, "twice ")) {
        rate->times = 2;
        return true;
    }
    return take_range(at, &rate->times, &rate->times_max) && trn_words_take(at, " times ");
}

bool trn_rate_read(const char *words, struct trn_rate *ret_rate)
{
    const char *at = words;
    struct trn_rate rate = {.times = 1, .period = 1};
    bool every = trn_words_take(&at, "every ");

    if (!every) {
        if (!take_times(&at, &rate)) {
            return false;
        }
        rate.is_counted = true;
        every = trn_words_take(&at, "every ");
        if (!every && !trn_words_take(&at, "a ") && !trn_words_take(&at, "an ")) {
            return false;
        }
    }
    if ((every &&
         (!take_range(&at, &rate.period, &rate.period_max) || !trn_words_take(&at, " "))) ||
        !take_unit(at, every, &rate.unit)) {
        return false;
    }
    *ret_rate = rate;
    return true;
}

const char *trn_unit_word(enum trn_unit unit)
{
    return units[unit].word;
}

static bool is_count(double number)
{
    return number >= 1 && number <= NUMBER_MAX && number == (double)(int32_t)number;
}

bool trn_frequency_read(const char *words, struct trn_frequency *ret_frequency)
{
    struct trn_rate rate;

    if (!trn_rate_read(words, &rate) || rate.times_max > 0 || rate.period_max > 0 ||
        !is_count(rate.times) || !is_count(rate.period) || rate.unit == TRN_UNIT_SECOND) {
        return false;
    }
    *ret_frequency = (struct trn_frequency){.is_counted = rate.is_counted,
                                            .times = (int32_t)rate.times,
                                            .period = (int32_t)rate.period,
                                            .unit = rate.unit};
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

void trn_phrase_read(const char *phrase, size_t size, struct trn_phrase *ret_phrase)
{
    static const char as_needed[] = "as needed";

    *ret_phrase = (struct trn_phrase){.kind = TRN_PHRASE_WORDS};
    if (read_time(phrase, size, &ret_phrase->minute)) {
        ret_phrase->kind = TRN_PHRASE_TIME;
        return;
    }
    for (unsigned i = 0; i < sizeof(weekdays) / sizeof(weekdays[0]); i++) {
        if (is_word(phrase, size, weekdays[i])) {
            ret_phrase->kind = TRN_PHRASE_DAY;
            ret_phrase->weekday = i;
        }
    }
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        if (is_word(phrase, size, moments[i].code)) {
            ret_phrase->kind = TRN_PHRASE_MOMENT;
            ret_phrase->slots = moments[i].slots;
            ret_phrase->before_meal = moments[i].before_meal;
        }
    }
    if (size >= sizeof(as_needed) - 1 && memcmp(phrase, as_needed, sizeof(as_needed) - 1) == 0) {
        ret_phrase->kind = TRN_PHRASE_AS_NEEDED;
    }
}

bool trn_phrase_next(const char **at, size_t *size)
{
    *at += *size;
    *at += strspn(*at, "; ");
    *size = strcspn(*at, ";");
    return *size > 0;
}

static bool read_phrase(const char *text, size_t size, struct trn_timing *timing)
{
    struct trn_phrase phrase;

    trn_phrase_read(text, size, &phrase);
    if (phrase.kind == TRN_PHRASE_TIME) {
        return add_time(timing, phrase.minute);
    }
    timing->weekdays |= phrase.kind == TRN_PHRASE_DAY ? 1U << phrase.weekday : 0;
    timing->slots |= phrase.slots;
    timing->before_meal |= phrase.before_meal ? phrase.slots : 0;
    timing->is_of_meals |= phrase.slots == ALL;
    timing->as_needed |= phrase.kind == TRN_PHRASE_AS_NEEDED;
    return true;
}

bool trn_timing_read(const char *words, struct trn_timing *ret_timing)
{
    struct trn_timing timing = {0};
    const char *at = words;
    size_t size = 0;

    while (trn_phrase_next(&at, &size)) {
        if (!read_phrase(at, size, &timing)) {
            return false;
        }
    }
    *ret_timing = timing;
    return true;
}
