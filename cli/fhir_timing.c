/* The mapping of timing: a wrong slot would remind somebody at a wrong time, so whatever is not
 * plainly one of the day's three slots stays in words. */
#include "cli/fhir_timing.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/fhir_rate.h"
#include "medication/words.h"
#include "tern/medication/schedule.h"

static const char place[] = "MedicationRequest.dosageInstruction";
static const char repeat_place[] = "MedicationRequest.dosageInstruction.timing.repeat";

enum {
    MORNING = TERN_SLOT_MORNING,
    DAYTIME = TERN_SLOT_DAYTIME,
    NIGHT = TERN_SLOT_NIGHT,
    ALL_SLOTS = MORNING | DAYTIME | NIGHT,
    DAYS_MAX = 36500,
    PHRASE_BYTES = 256
};

/* The codes of timing.code that mean a time of the day. */
static const struct {
    const char *code;
    unsigned slots;
} day_codes[] = {{"AM", MORNING}, {"PM", NIGHT}, {"BED", NIGHT}};

/* One instruction as far as it has been read. */
struct instruction {
    struct trn_fhir_rate rate;
    unsigned slots; /* 0: none plainly meant */
    unsigned before_meal;
    bool of_any_meal;   /* before, at or after a meal, and not which one */
    bool in_words_only; /* some part of it fits no slot */
    bool as_needed;
};

static bool is_named(const char *text, const char *name)
{
    return text != NULL && strcmp(text, name) == 0;
}

unsigned trn_fhir_slots_of_count(int times)
{
    switch (times) {
    case 1:
        return MORNING;
    case 2:
        return MORNING | NIGHT;
    case 3:
        return ALL_SLOTS;
    default:
        return 0;
    }
}

static int slot_count(unsigned slots)
{
    return (int)((slots & 1) + ((slots >> 1) & 1) + ((slots >> 2) & 1));
}

static void read_moment(const char *code, struct instruction *instruction)
{
    struct trn_phrase phrase;

    trn_phrase_read(code, strlen(code), &phrase);
    if (phrase.kind != TRN_PHRASE_MOMENT || (instruction->slots & phrase.slots) != 0) {
        instruction->in_words_only = true; /* no slot's, or twice in one */
    }
    instruction->of_any_meal |= phrase.slots == ALL_SLOTS;
    instruction->slots |= phrase.slots;
    instruction->before_meal |= phrase.before_meal ? phrase.slots : 0;
}

static tern_status
read_moments(const json_t *repeat, struct instruction *instruction, struct trn_fhir_dosage *dosage)
{
    const json_t *codes = json_object_get(repeat, "when");
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));

        if (code != NULL) {
            read_moment(code, instruction);
            status = trn_fhir_say(&dosage->timing, code);
        }
    }
    return status;
}

unsigned trn_fhir_slot_of_time(int seconds)
{
    int hour = seconds / 3600;

    if (hour >= 4 && hour < 11) {
        return MORNING;
    }
    return hour >= 11 && hour < 16 ? DAYTIME : NIGHT;
}

static tern_status
read_times(const json_t *repeat, struct instruction *instruction, struct trn_fhir_dosage *dosage)
{
    const json_t *times = json_object_get(repeat, "timeOfDay");
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(times); i++) {
        int seconds = trn_fhir_time_of_day(json_string_value(json_array_get(times, i)));
        unsigned slot;
        char phrase[16];

        if (seconds < 0) {
            instruction->in_words_only = true;
            continue;
        }
        slot = trn_fhir_slot_of_time(seconds);
        instruction->in_words_only |= (instruction->slots & slot) != 0;
        instruction->slots |= slot;
        (void)snprintf(phrase, sizeof(phrase), "%02d:%02d", seconds / 3600, seconds / 60 % 60);
        status = trn_fhir_say(&dosage->timing, phrase);
    }
    return status;
}

static tern_status
read_weekdays(const json_t *repeat, struct instruction *instruction, struct trn_fhir_dosage *dosage)
{
    const json_t *days = json_object_get(repeat, "dayOfWeek");
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(days); i++) {
        const char *day = json_string_value(json_array_get(days, i));

        if (day != NULL) {
            instruction->in_words_only = true; /* a slot is of every day */
            status = trn_fhir_say(&dosage->timing, day);
        }
    }
    return status;
}

static int64_t unit_days(const char *unit)
{
    if (is_named(unit, "d") || is_named(unit, "day") || is_named(unit, "days")) {
        return 1;
    }
    return is_named(unit, "wk") || is_named(unit, "week") || is_named(unit, "weeks") ? 7 : 0;
}

/* Several instructions follow one another or run side by side: their bounds are those of them
 * all. */
static void read_period(const json_t *period, struct trn_fhir_dosage *dosage)
{
    char date[TRN_DATE_SIZE + 1];

    if (trn_fhir_date(trn_fhir_text(period, "start"), date) &&
        (dosage->start[0] == '\0' || strcmp(date, dosage->start) < 0)) {
        memcpy(dosage->start, date, sizeof(date));
    }
    if (trn_fhir_date(trn_fhir_text(period, "end"), date) && strcmp(date, dosage->end) > 0) {
        memcpy(dosage->end, date, sizeof(date));
    }
}

static void
read_bounds(const json_t *repeat, struct trn_fhir_report *report, struct trn_fhir_dosage *dosage)
{
    const json_t *length = json_object_get(repeat, "boundsDuration");
    const char *code = trn_fhir_text(length, "code");
    int64_t unit = unit_days(code != NULL ? code : trn_fhir_text(length, "unit"));
    double value = json_number_value(json_object_get(length, "value"));
    bool fits = unit > 0 && value >= 1 && value <= DAYS_MAX && value == (double)(int64_t)value;

    read_period(json_object_get(repeat, "boundsPeriod"), dosage);
    if (length != NULL && !fits) {
        trn_fhir_report_member(report, repeat_place, "boundsDuration");
    } else if (fits && dosage->duration_days < (int64_t)value * unit) {
        dosage->duration_days = (int64_t)value * unit;
    }
}

static void read_code(const char *code, struct instruction *instruction)
{
    trn_fhir_rate_of_code(code, &instruction->rate);
    for (size_t i = 0; i < sizeof(day_codes) / sizeof(day_codes[0]); i++) {
        if (is_named(code, day_codes[i].code)) {
            instruction->slots |= day_codes[i].slots;
        }
    }
}

static tern_status read_repeat(json_t *repeat,
                               struct trn_fhir_report *report,
                               struct instruction *instruction,
                               struct trn_fhir_dosage *dosage)
{
    static const char *const known[] = {"frequency",
                                        "frequencyMax",
                                        "period",
                                        "periodMax",
                                        "periodUnit",
                                        "when",
                                        "timeOfDay",
                                        "dayOfWeek",
                                        "boundsPeriod",
                                        "boundsDuration",
                                        NULL};
    tern_status status;

    trn_fhir_report_others(report, repeat_place, repeat, known);
    /* An offset moves the dose away from its meal, a count ends it: neither is a plain slot. */
    instruction->in_words_only |= json_object_get(repeat, "offset") != NULL ||
                                  json_object_get(repeat, "count") != NULL ||
                                  json_object_get(repeat, "countMax") != NULL;
    trn_fhir_rate_read(repeat, &instruction->rate);
    read_bounds(repeat, report, dosage);
    status = read_moments(repeat, instruction, dosage);
    if (status == TERN_OK) {
        status = read_times(repeat, instruction, dosage);
    }
    return status == TERN_OK ? read_weekdays(repeat, instruction, dosage) : status;
}

static tern_status read_timing(json_t *timing,
                               struct trn_fhir_report *report,
                               struct instruction *instruction,
                               struct trn_fhir_dosage *dosage)
{
    static const char *const known[] = {"repeat", "code", NULL};
    static const char *const plain[] = {"text", "coding", NULL};
    json_t *repeat = json_object_get(timing, "repeat");
    json_t *code = json_object_get(timing, "code");
    tern_status status = TERN_OK;

    trn_fhir_report_others(report, "MedicationRequest.dosageInstruction.timing", timing, known);
    trn_fhir_report_others(report, "MedicationRequest.dosageInstruction.timing.code", code, plain);
    if (repeat != NULL) {
        status = read_repeat(repeat, report, instruction, dosage);
    } else if (code != NULL) {
        read_code(trn_fhir_code(code), instruction);
    }
    if (status == TERN_OK && code != NULL && trn_fhir_text(code, "text") != NULL) {
        status = trn_fhir_say(&dosage->timing, trn_fhir_text(code, "text"));
    }
    return status;
}

/* Settles which slots the instruction means: those of its moments if their number agrees with its
 * rate, else those that its rate spreads over. Once a day beside moments that are named one by one
 * is of each of them; beside a meal, whichever it is, it is once. */
static void settle_slots(struct instruction *instruction)
{
    int times = trn_fhir_rate_times_a_day(&instruction->rate);
    bool has_rate = instruction->rate.unit[0] != '\0';

    if (instruction->slots == 0) {
        instruction->slots = trn_fhir_slots_of_count(times);
        instruction->in_words_only |= instruction->slots == 0;
    } else if (has_rate && times != slot_count(instruction->slots) &&
               (times != 1 || instruction->of_any_meal)) {
        instruction->in_words_only = true;
    }
    if (instruction->as_needed) {
        instruction->in_words_only = true;
    }
    if (instruction->in_words_only) {
        instruction->slots = 0;
    }
}

/* The amount of one dose; of a range the lower end. */
static const json_t *quantity_of(const json_t *source)
{
    const json_t *rate = trn_fhir_first(source, "doseAndRate");
    const json_t *quantity = json_object_get(rate, "doseQuantity");

    return quantity != NULL ? quantity : json_object_get(json_object_get(rate, "doseRange"), "low");
}

/* None, or less, is no amount. */
static bool is_amount(const json_t *value)
{
    return json_number_value(value) > 0;
}

static json_t *make_slot(const json_t *quantity, bool before_meal)
{
    json_t *amount = json_object_get(quantity, "value");
    json_t *unit = json_object_get(quantity, "unit");
    json_t *slot = json_object();
    bool failed = slot == NULL;

    if (is_amount(amount)) {
        failed |= json_object_set(slot, "amount", amount) != 0;
    }
    if (json_is_string(unit)) {
        failed |= json_object_set(slot, "unit", unit) != 0;
    }
    failed |= json_object_set_new(slot, "before_meal", json_boolean(before_meal)) != 0;
    if (failed) {
        json_decref(slot);
        return NULL;
    }
    return slot;
}

static void clear_slots(struct trn_fhir_dosage *dosage)
{
    for (int i = 0; i < TRN_SLOTS; i++) {
        json_decref(dosage->slots[i]);
        dosage->slots[i] = NULL;
    }
}

static tern_status fill_slots(const json_t *quantity,
                              const struct instruction *instruction,
                              struct trn_fhir_dosage *dosage)
{
    for (unsigned i = 0; i < TRN_SLOTS; i++) {
        if ((instruction->slots >> i & 1) != 0) {
            dosage->slots[i] = make_slot(quantity, (instruction->before_meal >> i & 1) != 0);
            if (dosage->slots[i] == NULL) {
                return TERN_ERR_NOMEM;
            }
        }
    }
    return TERN_OK;
}

static unsigned filled_slots(const struct trn_fhir_dosage *dosage)
{
    unsigned slots = 0;

    for (unsigned i = 0; i < TRN_SLOTS; i++) {
        slots |= dosage->slots[i] != NULL ? 1U << i : 0;
    }
    return slots;
}

/* "2 tablet a dose", where no slot can hold it. */
static tern_status say_amount(const json_t *quantity, struct trn_fhir_dosage *dosage)
{
    const json_t *value = json_object_get(quantity, "value");
    const char *unit = trn_fhir_text(quantity, "unit");
    char phrase[PHRASE_BYTES];

    if (!is_amount(value)) {
        return TERN_OK;
    }
    (void)snprintf(phrase,
                   sizeof(phrase),
                   "%g%s%s a dose",
                   json_number_value(value),
                   unit != NULL ? " " : "",
                   unit != NULL ? unit : "");
    phrase[trn_utf8_whole(trn_slice_text(phrase))] = '\0';
    return trn_fhir_say(&dosage->timing, phrase);
}

static tern_status read_as_needed(const json_t *source,
                                  struct instruction *instruction,
                                  struct trn_fhir_dosage *dosage)
{
    const json_t *reason = json_object_get(source, "asNeededCodeableConcept");
    const char *text = trn_fhir_concept(reason);
    char phrase[PHRASE_BYTES];

    instruction->as_needed =
        reason != NULL || json_is_true(json_object_get(source, "asNeededBoolean"));
    if (text == NULL) {
        return TERN_OK;
    }
    (void)snprintf(phrase, sizeof(phrase), "as needed for %s", text);
    phrase[trn_utf8_whole(trn_slice_text(phrase))] = '\0';
    return trn_fhir_say(&dosage->timing, phrase);
}

/* All of one instruction but its slots. */
static tern_status read_words(json_t *source,
                              struct trn_fhir_report *report,
                              struct instruction *instruction,
                              struct trn_fhir_dosage *dosage)
{
    static const char *const known[] = {"sequence",
                                        "text",
                                        "timing",
                                        "asNeededBoolean",
                                        "asNeededCodeableConcept",
                                        "doseAndRate",
                                        NULL};
    json_t *timing = json_object_get(source, "timing");
    const json_t *amount = json_object_get(quantity_of(source), "value");
    const char *text = trn_fhir_text(source, "text");
    tern_status status = TERN_OK;

    trn_fhir_report_others(report, place, source, known);
    if (amount != NULL && !is_amount(amount)) {
        trn_fhir_report_unmapped(report,
                                 "MedicationRequest.dosageInstruction.doseAndRate (no amount)");
    }
    if (json_object_get(trn_fhir_first(source, "doseAndRate"), "doseRange") != NULL) {
        trn_fhir_report_unmapped(report,
                                 "MedicationRequest.dosageInstruction.doseAndRate.doseRange.high");
    }
    if (timing != NULL) {
        status = read_timing(timing, report, instruction, dosage);
    }
    if (status == TERN_OK) {
        status = trn_fhir_rate_say(&instruction->rate, &dosage->frequency);
    }
    if (status == TERN_OK) {
        status = read_as_needed(source, instruction, dosage);
    }
    if (status == TERN_OK && text != NULL) {
        status = trn_fhir_say(&dosage->timing, text);
    }
    return status;
}

static tern_status read_instruction(json_t *source,
                                    struct trn_fhir_report *report,
                                    struct trn_fhir_dosage *dosage,
                                    bool *slots_fit)
{
    struct instruction instruction = {0};
    tern_status status = read_words(source, report, &instruction, dosage);

    if (status != TERN_OK) {
        return status;
    }
    settle_slots(&instruction);
    dosage->is_prn &= instruction.as_needed;
    *slots_fit &= instruction.slots != 0 && (instruction.slots & filled_slots(dosage)) == 0;
    return *slots_fit ? fill_slots(quantity_of(source), &instruction, dosage) : TERN_OK;
}

tern_status trn_fhir_dosage_read(const json_t *instructions,
                                 struct trn_fhir_report *report,
                                 struct trn_fhir_dosage *ret_dosage)
{
    size_t count = json_array_size(instructions);
    bool slots_fit = true;
    tern_status status = TERN_OK;

    *ret_dosage = (struct trn_fhir_dosage){.is_prn = count > 0};
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = read_instruction(json_array_get(instructions, i), report, ret_dosage, &slots_fit);
    }
    if (!slots_fit) {
        clear_slots(ret_dosage);
    }
    for (size_t i = 0; status == TERN_OK && !slots_fit && i < count; i++) {
        status = say_amount(quantity_of(json_array_get(instructions, i)), ret_dosage);
    }
    if (ret_dosage->start[0] != '\0' && ret_dosage->end[0] != '\0' &&
        trn_fhir_days(ret_dosage->end) >= trn_fhir_days(ret_dosage->start)) {
        ret_dosage->duration_days =
            trn_fhir_days(ret_dosage->end) - trn_fhir_days(ret_dosage->start) + 1;
    }
    return status;
}

void trn_fhir_dosage_free(struct trn_fhir_dosage *dosage)
{
    clear_slots(dosage);
    trn_bytes_free(&dosage->frequency);
    trn_bytes_free(&dosage->timing);
}
