/* The schedule is asked, and its answer compared with what elements would mean. */
#include "cli/fhir_sayable.h"

#include <stdio.h>
#include <string.h>

#include "cli/fhir_timing.h"
#include "medication/regimen.h"

enum { FREQUENCY_MAX = 1000000, WEEK_DAYS = 7, SECONDS_A_MINUTE = 60 };

/* What stands in words beside the dosages. */
struct spoken {
    struct trn_timing timing;
    int codes;         /* of moments */
    bool is_well_told; /* no time stands there twice */
    struct trn_rate rate;
    bool has_rate;
    int times_a_day; /* of a rate of no more than a day; 0: no whole number */
};

static int count_bits(unsigned bits)
{
    int count = 0;

    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

static bool is_count(double value)
{
    return value == (double)(int64_t)value && value <= FREQUENCY_MAX;
}

static int times_a_day(const struct trn_rate *rate)
{
    struct trn_fhir_rate fhir = {.times = rate->times,
                                 .times_max = rate->times_max,
                                 .period = rate->period,
                                 .period_max = rate->period_max};

    (void)snprintf(fhir.unit, sizeof(fhir.unit), "%s", trn_fhir_unit_code(rate->unit));
    return rate->period <= (rate->unit == TRN_UNIT_HOUR ? 24 : 1) ? trn_fhir_rate_times_a_day(&fhir)
                                                                  : 0;
}

static int count_codes(const char *timing)
{
    const char *at = timing;
    struct trn_phrase phrase;
    size_t size = 0;
    int count = 0;

    while (trn_phrase_next(&at, &size)) {
        trn_phrase_read(at, size, &phrase);
        count += phrase.kind == TRN_PHRASE_MOMENT ? 1 : 0;
    }
    return count;
}

static void read_spoken(const tern_regimen *source, struct spoken *ret_spoken)
{
    *ret_spoken = (struct spoken){.codes = count_codes(source->timing)};
    ret_spoken->is_well_told = trn_timing_read(source->timing, &ret_spoken->timing);
    ret_spoken->has_rate = trn_rate_read(source->frequency, &ret_spoken->rate) &&
                           is_count(ret_spoken->rate.times) && is_count(ret_spoken->rate.times_max);
    if (ret_spoken->has_rate) {
        ret_spoken->times_a_day = times_a_day(&ret_spoken->rate);
    }
}

/* Beside dosages only times that fall into just their slots. */
static bool are_times_followed(const tern_regimen *source, const struct trn_timing *timing)
{
    unsigned slots = 0;

    for (size_t i = 0; i < timing->count; i++) {
        slots |= trn_fhir_slot_of_time(timing->minutes[i] * SECONDS_A_MINUTE);
    }
    return timing->count > 0 && timing->slots == 0 &&
           (source->slots == 0 ||
            (slots == source->slots && (int)timing->count == count_bits(slots)));
}

/* Moments that are the slots, one each; what is of any meal counts only by its rate. */
static bool are_moments_followed(const struct spoken *spoken,
                                 const struct trn_fhir_sayable *sayable)
{
    const struct trn_timing *timing = &spoken->timing;

    return timing->count == 0 && timing->slots != 0 && timing->slots == sayable->taken_at &&
           timing->before_meal == sayable->before_meal &&
           (timing->is_of_meals ? spoken->codes == 1 && sayable->rate
                                : spoken->codes == count_bits(timing->slots));
}

/* As needed nothing is counted: elements repeat the words. Times and moments do not stand side by
 * side in FHIR. */
static void repeat_words(const tern_regimen *source,
                         const struct spoken *spoken,
                         struct trn_fhir_sayable *sayable)
{
    sayable->rate = spoken->has_rate;
    sayable->weekdays = spoken->timing.weekdays != 0;
    sayable->times = spoken->timing.count > 0;
    sayable->moments = spoken->timing.slots != 0 && !sayable->times;
    sayable->slots = source->slots != 0 && !sayable->times && !sayable->moments;
}

/* A rate that stands by itself means what it says, also where no schedule can be made of it, as of
 * "every 4-6 hours". */
static bool is_rate_alone(const tern_regimen *source, const struct spoken *spoken)
{
    const struct trn_timing *timing = &spoken->timing;

    return spoken->has_rate && spoken->is_well_told && source->slots == 0 && timing->count == 0 &&
           timing->slots == 0 && timing->weekdays == 0 && !trn_words_pass_a_day(source->timing);
}

/* Every day, or on weekdays of every week: moments and times are of each day that has any, and a
 * rate must count them all. False where nothing says how many there are. */
static bool settle_days(const struct trn_regimen *regimen,
                        const struct spoken *spoken,
                        bool is_named,
                        struct trn_fhir_sayable *sayable)
{
    int times = (int)regimen->count;

    if (regimen->period == 1) {
        sayable->rate = spoken->has_rate && spoken->times_a_day == times;
    } else {
        times *= count_bits(regimen->weekdays);
        sayable->rate = spoken->has_rate && spoken->rate.times == times;
    }
    return is_named || sayable->rate;
}

/* Of a longer period the rate says how often each moment comes; a time of day would be of every
 * day, so it stays in words. False where the rate does not say it. */
static bool settle_periods(const struct trn_regimen *regimen,
                           const struct spoken *spoken,
                           bool at_times,
                           struct trn_fhir_sayable *sayable)
{
    const int days = count_bits(regimen->weekdays);

    sayable->times = false;
    sayable->rate = spoken->has_rate && (days == 0 || spoken->rate.times == days);
    sayable->apart = count_bits(sayable->taken_at) > 1;
    return sayable->rate && (!at_times || regimen->count == 1);
}

/* Without a moment the rate means slots of its own to whoever reads it. */
static bool are_slots_implied(const tern_regimen *source,
                              const struct spoken *spoken,
                              const struct trn_fhir_sayable *sayable)
{
    return source->slots != 0 && sayable->rate && sayable->before_meal == 0 &&
           sayable->taken_at == trn_fhir_slots_of_count(spoken->times_a_day);
}

static bool settle(const tern_regimen *source,
                   const struct trn_regimen *regimen,
                   const struct spoken *spoken,
                   struct trn_fhir_sayable *sayable)
{
    const bool at_times = source->slots == 0 && spoken->timing.count > 0;
    const bool of_days =
        regimen->period == 1 || (regimen->weekdays != 0 && regimen->period == WEEK_DAYS);
    bool is_told;

    sayable->weekdays = regimen->weekdays != 0;
    if (regimen->every == TRN_EVERY_MINUTES) {
        sayable->rate = true;
        return true;
    }
    sayable->times = are_times_followed(source, &spoken->timing);
    is_told = regimen->every == TRN_EVERY_DAYS && of_days
                  ? settle_days(regimen, spoken, at_times || sayable->taken_at != 0, sayable)
                  : settle_periods(regimen, spoken, at_times, sayable);
    sayable->moments = !sayable->apart && are_moments_followed(spoken, sayable);
    sayable->slots = sayable->taken_at != 0 && !sayable->times && !sayable->moments &&
                     !are_slots_implied(source, spoken, sayable);
    return is_told;
}

void trn_fhir_sayable_read(const tern_regimen *source,
                           bool is_unread,
                           struct trn_fhir_sayable *ret_sayable)
{
    struct trn_fhir_sayable sayable;
    struct trn_regimen regimen;
    struct spoken spoken;
    bool is_taken;

    read_spoken(source, &spoken);
    is_taken = trn_regimen_read(source, &regimen) && regimen.first_day <= regimen.last_day &&
               (!is_unread || source->slots != 0);
    sayable = (struct trn_fhir_sayable){
        .taken_at = source->slots != 0 ? source->slots : spoken.timing.slots,
        .before_meal = source->slots != 0 ? source->before_meal : spoken.timing.before_meal};
    *ret_sayable = sayable;
    if (source->is_prn || spoken.timing.as_needed) {
        ret_sayable->as_needed = true;
        repeat_words(source, &spoken, ret_sayable);
    } else if (is_taken && !regimen.is_understood) {
        ret_sayable->rate = is_rate_alone(source, &spoken);
    } else if (is_taken && settle(source, &regimen, &spoken, &sayable)) {
        *ret_sayable = sayable;
    }
}

bool trn_fhir_is_text_alone(const struct trn_fhir_sayable *sayable)
{
    return !sayable->rate && !sayable->times && !sayable->moments && !sayable->slots &&
           !sayable->weekdays;
}
