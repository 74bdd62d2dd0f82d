/* Rates in numbers and in words. */
#include "cli/fhir_rate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/fhir_value.h"

enum { NUMBER_BYTES = 64, PHRASE_BYTES = 256, TIMES_A_DAY_MAX = 48 };

static const struct {
    const char *code;
    double times;
    double period;
    const char *unit;
} codes[] = {
    {"QD", 1, 1, "d"},
    {"BID", 2, 1, "d"},
    {"TID", 3, 1, "d"},
    {"QID", 4, 1, "d"},
    {"QOD", 1, 2, "d"},
    {"Q1H", 1, 1, "h"},
    {"Q2H", 1, 2, "h"},
    {"Q3H", 1, 3, "h"},
    {"Q4H", 1, 4, "h"},
    {"Q6H", 1, 6, "h"},
    {"Q8H", 1, 8, "h"},
    {"AM", 1, 1, "d"},
    {"PM", 1, 1, "d"},
    {"BED", 1, 1, "d"},
    {"WK", 1, 1, "wk"},
    {"MO", 1, 1, "mo"},
};

static const char *const unit_codes[] = {
    [TRN_UNIT_SECOND] = "s",
    [TRN_UNIT_MINUTE] = "min",
    [TRN_UNIT_HOUR] = "h",
    [TRN_UNIT_DAY] = "d",
    [TRN_UNIT_WEEK] = "wk",
    [TRN_UNIT_MONTH] = "mo",
    [TRN_UNIT_YEAR] = "a",
};

const char *trn_fhir_unit_code(enum trn_unit unit)
{
    return unit_codes[unit];
}

static const char *unit_word(const char *code)
{
    for (size_t i = 0; i < sizeof(unit_codes) / sizeof(unit_codes[0]); i++) {
        if (strcmp(unit_codes[i], code) == 0) {
            return trn_unit_word((enum trn_unit)i);
        }
    }
    return NULL;
}

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

void trn_fhir_rate_read(const json_t *repeat, struct trn_fhir_rate *ret_rate)
{
    const char *unit = trn_fhir_text(repeat, "periodUnit");

    *ret_rate = (struct trn_fhir_rate){
        .times = number(repeat, "frequency"),
        .times_max = number(repeat, "frequencyMax"),
        .period = number(repeat, "period"),
        .period_max = number(repeat, "periodMax"),
    };
    if (!(ret_rate->times > 0)) {
        ret_rate->times = 1; /* a period without a frequency means once */
    }
    if (unit != NULL && unit_word(unit) != NULL && ret_rate->period > 0) {
        (void)snprintf(ret_rate->unit, sizeof(ret_rate->unit), "%s", unit);
    }
}

void trn_fhir_rate_of_code(const char *code, struct trn_fhir_rate *ret_rate)
{
    for (size_t i = 0; code != NULL && i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(code, codes[i].code) == 0) {
            *ret_rate = (struct trn_fhir_rate){.times = codes[i].times, .period = codes[i].period};
            (void)snprintf(ret_rate->unit, sizeof(ret_rate->unit), "%s", codes[i].unit);
            return;
        }
    }
}

int trn_fhir_rate_times_a_day(const struct trn_fhir_rate *rate)
{
    double times;

    if (rate->times_max > rate->times || rate->period_max > rate->period) {
        return 0;
    }
    if (strcmp(rate->unit, "h") == 0) {
        times = rate->times * 24 / rate->period;
    } else if (strcmp(rate->unit, "d") == 0) {
        times = rate->times / rate->period;
    } else {
        return 0;
    }
    return times >= 1 && times <= TIMES_A_DAY_MAX && times == (double)(int)times ? (int)times : 0;
}

static void write_number(char text[NUMBER_BYTES], double low, double high)
{
    if (high > low) {
        (void)snprintf(text, NUMBER_BYTES, "%g-%g", low, high);
    } else {
        (void)snprintf(text, NUMBER_BYTES, "%g", low);
    }
}

static bool is_exactly(double low, double high, double value)
{
    return low == value && !(high > low);
}

static void write_times(char text[NUMBER_BYTES], const struct trn_fhir_rate *rate)
{
    size_t size;

    if (is_exactly(rate->times, rate->times_max, 1)) {
        (void)snprintf(text, NUMBER_BYTES, "once");
        return;
    }
    if (is_exactly(rate->times, rate->times_max, 2)) {
        (void)snprintf(text, NUMBER_BYTES, "twice");
        return;
    }
    write_number(text, rate->times, rate->times_max);
    size = strlen(text);
    (void)snprintf(text + size, NUMBER_BYTES - size, " times");
}

tern_status trn_fhir_rate_say(const struct trn_fhir_rate *rate, struct trn_bytes *words)
{
    const char *unit = unit_word(rate->unit);
    char times[NUMBER_BYTES];
    char period[NUMBER_BYTES];
    char phrase[PHRASE_BYTES];

    if (unit == NULL) {
        return TERN_OK;
    }
    write_times(times, rate);
    write_number(period, rate->period, rate->period_max);
    if (is_exactly(rate->period, rate->period_max, 1)) {
        const char *article = rate->unit[0] == 'h' ? "an" : "a";

        (void)snprintf(phrase, sizeof(phrase), "%s %s %s", times, article, unit);
    } else if (is_exactly(rate->times, rate->times_max, 1)) {
        (void)snprintf(phrase, sizeof(phrase), "every %s %ss", period, unit);
    } else {
        (void)snprintf(phrase, sizeof(phrase), "%s every %s %ss", times, period, unit);
    }
    return trn_fhir_say(words, phrase);
}

tern_status trn_fhir_say(struct trn_bytes *words, const char *phrase)
{
    tern_status status = TERN_OK;

    if (words->size > 0) {
        status = trn_bytes_append_text(words, "; ");
    }
    return status == TERN_OK ? trn_bytes_append_text(words, phrase) : status;
}
