/* Dosage instructions of a medication. Nothing here has to be exact: whatever would be read back
 * differently goes along in an extension (fhir_column.h). */
#include "cli/fhir_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/fhir_rate.h"
#include "cli/fhir_sayable.h"
#include "cli/fhir_timing.h"
#include "cli/fhir_value.h"
#include "medication/calendar.h"
#include "tern/medication/schedule.h"

enum { WORDS_BYTES = 512, FREQUENCY_MAX = 1000000 };

static const char *const slot_columns[TRN_SLOTS] = {"morning_dosage",
                                                    "daytime_dosage",
                                                    "night_dosage"};

/* A medication as far as it has been read. */
struct words {
    const struct trn_fhir_row *prescription;
    const struct trn_fhir_row *medication;
    const char *authored_date;
    json_t *repeat;
    json_t *slots[TRN_SLOTS]; /* the dosages, or NULL */
    json_t *quantity;         /* the amount of one dose, or NULL */
    json_t *reason;           /* for what it is taken as needed, or NULL */
    struct trn_bytes text;    /* what has no element */
    char frequency[WORDS_BYTES];
    char timing[WORDS_BYTES];
    char start[WORDS_BYTES]; /* as the schedule has it */
    char end[WORDS_BYTES];   /* or "" */
    bool is_unread;          /* something stands for a dosage that is none */
    struct trn_fhir_sayable sayable;
    bool failed;
};

static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* Adds to an array member, which is made if need be. */
static bool add(json_t *object, const char *name, json_t *value)
{
    json_t *array = json_object_get(object, name);

    if (array == NULL) {
        array = json_array();
        if (!put(object, name, array)) {
            json_decref(value);
            return false;
        }
    }
    return json_array_append_new(array, value) == 0;
}

static void read_text(const struct trn_fhir_row *row, const char *column, char text[WORDS_BYTES])
{
    tern_value value = trn_fhir_row_find(row, column);
    size_t size = value.kind == TERN_TEXT && value.size < WORDS_BYTES ? value.size : 0;

    if (size > 0) {
        memcpy(text, value.data, size);
    }
    text[size] = '\0';
}

static void say(struct words *words, const char *phrase, size_t size)
{
    char text[WORDS_BYTES];

    (void)snprintf(text, sizeof(text), "%.*s", (int)size, phrase);
    words->failed |= trn_fhir_say(&words->text, text) != TERN_OK;
}

static bool has_dosages(const struct words *words)
{
    return words->slots[0] != NULL || words->slots[1] != NULL || words->slots[2] != NULL;
}

/* What no element may repeat is text, unless dosages say otherwise: then it is not what is taken.
 */
static void leave(struct words *words, const char *phrase, size_t size)
{
    if (!has_dosages(words) || trn_fhir_is_text_alone(&words->sayable)) {
        say(words, phrase, size);
    }
}

static json_t *number(double value)
{
    return value == (double)(int64_t)value ? json_integer((int64_t)value) : json_real(value);
}

/* ---- How often ---- */

static void put_rate(struct words *words, const struct trn_rate *rate)
{
    bool ok = put(words->repeat, "frequency", number(rate->times)) &&
              put(words->repeat, "period", number(rate->period)) &&
              put(words->repeat, "periodUnit", json_string(trn_fhir_unit_code(rate->unit)));

    if (rate->times_max > 0) {
        ok = ok && put(words->repeat, "frequencyMax", number(rate->times_max));
    }
    if (rate->period_max > 0) {
        ok = ok && put(words->repeat, "periodMax", number(rate->period_max));
    }
    words->failed |= !ok;
}

static void write_frequency(struct words *words)
{
    struct trn_rate rate;
    bool is_rate = trn_rate_read(words->frequency, &rate);

    if (is_rate && words->sayable.rate) {
        put_rate(words, &rate);
    } else if (is_rate) {
        leave(words, words->frequency, strlen(words->frequency));
    } else if (words->frequency[0] != '\0') {
        say(words, words->frequency, strlen(words->frequency));
    }
}

/* ---- When ---- */

/* "2 tablet a dose", the importer's own words. */
static bool write_amount(struct words *words, const char *phrase, size_t size)
{
    static const char tail[] = " a dose";
    size_t tail_size = sizeof(tail) - 1;
    char *rest = NULL;
    double amount;
    json_t *quantity;

    if (words->quantity != NULL || size <= tail_size || phrase[0] < '0' || phrase[0] > '9' ||
        memcmp(phrase + size - tail_size, tail, tail_size) != 0) {
        return false;
    }
    amount = strtod(phrase, &rest);
    size -= tail_size + (size_t)(rest - phrase);
    if ((size > 0 && *rest != ' ') || amount > FREQUENCY_MAX) {
        return false;
    }
    quantity = json_object();
    words->quantity = quantity;
    words->failed |= quantity == NULL || !put(quantity, "value", number(amount));
    if (size > 1) {
        words->failed |= !put(quantity, "unit", json_stringn(rest + 1, size - 1));
    }
    return true;
}

static bool write_reason(struct words *words, const char *phrase, size_t size)
{
    static const char head[] = "as needed for ";
    size_t head_size = sizeof(head) - 1;

    if (words->reason != NULL || size <= head_size || memcmp(phrase, head, head_size) != 0) {
        return false;
    }
    words->reason = json_pack("{s:o}", "text", json_stringn(phrase + head_size, size - head_size));
    words->failed |= words->reason == NULL;
    return true;
}

static void write_phrase(struct words *words, const char *text, size_t size)
{
    struct trn_phrase phrase;
    char clock[16];

    trn_phrase_read(text, size, &phrase);
    if (phrase.kind == TRN_PHRASE_TIME && words->sayable.times) {
        (void)snprintf(clock, sizeof(clock), "%.5s:00", text);
        words->failed |= !add(words->repeat, "timeOfDay", json_string(clock));
    } else if (phrase.kind == TRN_PHRASE_MOMENT && words->sayable.moments) {
        words->failed |= !add(words->repeat, "when", json_stringn(text, size));
    } else if (phrase.kind == TRN_PHRASE_DAY && words->sayable.weekdays) {
        words->failed |= !add(words->repeat, "dayOfWeek", json_stringn(text, size));
    } else if (phrase.kind == TRN_PHRASE_TIME || phrase.kind == TRN_PHRASE_MOMENT ||
               phrase.kind == TRN_PHRASE_DAY) {
        leave(words, text, size);
    } else if (!write_amount(words, text, size) && !write_reason(words, text, size)) {
        say(words, text, size);
    }
}

static void write_timing(struct words *words)
{
    const char *at = words->timing;
    size_t size = 0;

    while (trn_phrase_next(&at, &size)) {
        write_phrase(words, at, size);
    }
}

/* ---- From when to when ---- */

static void write_period(struct words *words, const char *start, const char *end)
{
    json_t *period = json_object();
    bool ok = put(words->repeat, "boundsPeriod", period);

    if (start[0] != '\0') {
        ok = ok && put(period, "start", json_string(start));
    }
    if (end[0] != '\0') {
        ok = ok && put(period, "end", json_string(end));
    }
    words->failed |= !ok;
}

/* As the schedule has it: the prescription's own date, else the day on which it was put in force,
 * else that on which it was made; a medicine that an edit added begins on a day of its own, yet not
 * before the prescription. */
static void read_start(struct words *words)
{
    char starts_on[WORDS_BYTES];

    read_text(words->prescription, "start_date", words->start);
    if (words->start[0] == '\0') {
        read_text(words->prescription, "begins_on", words->start);
    }
    if (words->start[0] == '\0') {
        (void)snprintf(words->start, WORDS_BYTES, "%s", words->authored_date);
    }
    read_text(words->medication, "starts_on", starts_on);
    if (strcmp(starts_on, words->start) > 0) {
        memcpy(words->start, starts_on, WORDS_BYTES);
    }
}

/* A course ends after its days, where its prescription does not end before. */
static void end_course(const char *start, int64_t duration, char end[WORDS_BYTES])
{
    char last_day[TRN_DATE_BYTES];
    int32_t day = 0;

    if (duration <= 0 || !trn_day_parse(start, strlen(start), &day) ||
        duration > TRN_DAY_MAX - day) {
        return;
    }
    trn_day_format(day + (int32_t)duration - 1, last_day);
    if (end[0] == '\0' || strcmp(last_day, end) < 0) {
        memcpy(end, last_day, sizeof(last_day));
    }
}

/* What ends before it begins is never taken: it has an end alone. */
static void write_bounds(struct words *words)
{
    tern_value duration = trn_fhir_row_find(words->medication, "duration");
    int64_t days = duration.kind == TERN_INTEGER ? duration.integer : 0;

    if (words->end[0] != '\0' && strcmp(words->start, words->end) > 0) {
        write_period(words, "", words->end);
    } else if (words->end[0] != '\0' || strcmp(words->start, words->authored_date) != 0) {
        end_course(words->start, days, words->end);
        write_period(words, words->start, words->end);
    } else if (days > 0) {
        words->failed |= !put(words->repeat,
                              "boundsDuration",
                              json_pack("{s:I, s:s, s:s, s:s}",
                                        "value",
                                        (json_int_t)days,
                                        "unit",
                                        "day",
                                        "system",
                                        "http://unitsofmeasure.org",
                                        "code",
                                        "d"));
    }
}

/* ---- Slots ---- */

/* Of what jansson cannot represent the amount is not told. */
static json_t *read_dosage(struct words *words, tern_value value)
{
    const struct trn_slice text = trn_slice_make(value.data, value.size);
    json_error_t reason;
    json_t *slot = NULL;
    tern_status status = trn_json_load(text, 0, &slot, &reason);

    if (status == TERN_ERR_FORMAT) {
        status = trn_json_load_any(text, &slot, &reason);
        (void)json_object_del(slot, "amount");
        (void)json_object_del(slot, "unit");
    }
    words->failed |= status == TERN_ERR_NOMEM;
    return slot;
}

static void read_slots(struct words *words)
{
    for (int i = 0; i < TRN_SLOTS; i++) {
        tern_value value = trn_fhir_row_find(words->medication, slot_columns[i]);

        if (value.kind == TERN_TEXT) {
            json_t *slot = read_dosage(words, value);

            if (json_is_object(slot)) {
                words->slots[i] = slot;
            } else {
                words->is_unread |= !json_is_null(slot);
                json_decref(slot);
            }
        }
    }
}

static bool is_before_meal(const json_t *slot)
{
    return json_is_true(json_object_get(slot, "before_meal"));
}

static const char *moment_of(const struct words *words, unsigned slot)
{
    static const char *const codes[TRN_SLOTS][2] = {{"PCM", "ACM"}, {"PCD", "ACD"}, {"PCV", "ACV"}};

    return codes[slot][words->sayable.before_meal >> slot & 1];
}

static json_t *quantity_of(const json_t *slot)
{
    json_t *amount = json_object_get(slot, "amount");
    json_t *unit = json_object_get(slot, "unit");
    json_t *quantity = json_object();
    bool ok = quantity != NULL;

    if (json_number_value(amount) > 0) {
        ok = ok && json_object_set(quantity, "value", amount) == 0;
    }
    if (json_is_string(unit) && json_string_length(unit) > 0) {
        ok = ok && json_object_set(quantity, "unit", unit) == 0;
    }
    if (!ok) {
        json_decref(quantity);
        return NULL;
    }
    return quantity;
}

/* ---- One instruction ---- */

static bool put_amount(json_t *instruction, json_t *quantity)
{
    return json_object_size(quantity) == 0 ||
           put(instruction, "doseAndRate", json_pack("[{s:O}]", "doseQuantity", quantity));
}

static bool put_as_needed(const struct words *words, json_t *instruction)
{
    if (words->reason != NULL) {
        return json_object_set(instruction, "asNeededCodeableConcept", words->reason) == 0;
    }
    return !words->sayable.as_needed || put(instruction, "asNeededBoolean", json_true());
}

/* Where elements do not say at which meals it is taken, text does. */
static tern_status say_meals(const struct words *words, unsigned slots, struct trn_bytes *text)
{
    static const char *const meals[TRN_SLOTS] = {"morning", "midday", "evening"};
    tern_status status = TERN_OK;

    for (unsigned i = 0; status == TERN_OK && i < TRN_SLOTS; i++) {
        char phrase[32];

        if (words->slots[i] != NULL && (slots >> i & 1) != 0) {
            bool is_before = (words->sayable.before_meal >> i & 1) != 0;

            (void)snprintf(phrase,
                           sizeof(phrase),
                           "%s the %s meal",
                           is_before ? "before" : "after",
                           meals[i]);
            status = trn_fhir_say(text, phrase);
        }
    }
    return status;
}

static bool put_text(const struct words *words, unsigned slots, json_t *instruction)
{
    struct trn_bytes text = {0};
    bool ok = trn_bytes_append(&text, words->text.data, words->text.size) == TERN_OK;

    if (trn_fhir_is_text_alone(&words->sayable)) {
        ok = ok && say_meals(words, slots, &text) == TERN_OK;
    }
    if (text.size > 0) {
        ok = ok && put(instruction, "text", json_stringn((const char *)text.data, text.size));
    }
    trn_bytes_free(&text);
    return ok;
}

/* Of so much at those slots. */
static json_t *
make_instruction(const struct words *words, json_t *repeat, unsigned slots, json_t *quantity)
{
    json_t *instruction = json_object();
    bool ok = instruction != NULL && put_text(words, slots, instruction);

    if (json_object_size(repeat) > 0) {
        ok = ok && put(instruction, "timing", json_pack("{s:O}", "repeat", repeat));
    }
    ok = ok && put_as_needed(words, instruction) && put_amount(instruction, quantity);
    if (!ok) {
        json_decref(instruction);
        return NULL;
    }
    return instruction;
}

/* Whether all slots have one amount, so that one instruction says it all. */
static bool have_one_amount(json_t *const quantities[TRN_SLOTS])
{
    const json_t *first = NULL;

    for (int i = 0; i < TRN_SLOTS; i++) {
        if (first != NULL && quantities[i] != NULL && !json_equal(first, quantities[i])) {
            return false;
        }
        first = first != NULL ? first : quantities[i];
    }
    return true;
}

static bool append(json_t *instructions, json_t *instruction)
{
    if (json_object_size(instruction) == 0 && instruction != NULL) {
        json_decref(instruction);
        return true; /* nothing to be said */
    }
    return json_array_append_new(instructions, instruction) == 0;
}

static bool
write_one(struct words *words, json_t *const quantities[TRN_SLOTS], json_t *instructions)
{
    const unsigned slots = words->sayable.taken_at;
    json_t *quantity = words->quantity;
    bool ok = true;

    for (unsigned i = 0; i < TRN_SLOTS; i++) {
        quantity = quantities[i] != NULL ? quantities[i] : quantity;
        if (words->sayable.slots && (slots >> i & 1) != 0) {
            ok = ok && add(words->repeat, "when", json_string(moment_of(words, i)));
        }
    }
    return ok && append(instructions, make_instruction(words, words->repeat, slots, quantity));
}

/* Of one moment, whose rate is that of all only where it is said of each. */
static json_t *make_repeat(const struct words *words, unsigned slot)
{
    static const char *const of_all[] = {"frequency",
                                         "frequencyMax",
                                         "period",
                                         "periodMax",
                                         "periodUnit"};
    json_t *repeat = json_copy(words->repeat);

    for (size_t i = 0; !words->sayable.apart && i < sizeof(of_all) / sizeof(of_all[0]); i++) {
        (void)json_object_del(repeat, of_all[i]);
    }
    (void)json_object_del(repeat, "timeOfDay");
    if (!trn_fhir_is_text_alone(&words->sayable) &&
        !put(repeat, "when", json_pack("[s]", moment_of(words, slot)))) {
        json_decref(repeat);
        return NULL;
    }
    return repeat;
}

/* An instruction a slot: at that meal so much. */
static bool
write_each(struct words *words, json_t *const quantities[TRN_SLOTS], json_t *instructions)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < TRN_SLOTS; i++) {
        json_t *repeat;

        if ((words->sayable.taken_at >> i & 1) == 0) {
            continue;
        }
        repeat = make_repeat(words, i);
        ok = repeat != NULL &&
             append(instructions,
                    make_instruction(words,
                                     repeat,
                                     1U << i,
                                     quantities[i] != NULL ? quantities[i] : words->quantity));
        json_decref(repeat);
    }
    return ok;
}

static bool write_instructions(struct words *words, json_t *instructions)
{
    json_t *quantities[TRN_SLOTS] = {NULL};
    bool ok = true;

    for (int i = 0; i < TRN_SLOTS; i++) {
        if (words->slots[i] != NULL) {
            quantities[i] = quantity_of(words->slots[i]);
            ok = ok && quantities[i] != NULL;
        }
    }
    if (ok) {
        ok = have_one_amount(quantities) && !words->sayable.apart
                 ? write_one(words, quantities, instructions)
                 : write_each(words, quantities, instructions);
    }
    for (int i = 0; i < TRN_SLOTS; i++) {
        json_decref(quantities[i]);
    }
    return ok;
}

/* Asks the schedule what it makes of all this. */
static void read_sayable(struct words *words)
{
    tern_regimen source = {.size = sizeof(source),
                           .start_date = words->start,
                           .end_date = words->end[0] != '\0' ? words->end : NULL,
                           .frequency = words->frequency,
                           .timing = words->timing,
                           .is_prn = trn_fhir_row_find(words->medication, "is_prn").integer != 0};

    for (unsigned i = 0; i < TRN_SLOTS; i++) {
        if (words->slots[i] != NULL) {
            source.slots |= 1U << i;
            source.before_meal |= is_before_meal(words->slots[i]) ? 1U << i : 0;
        }
    }
    trn_fhir_sayable_read(&source, words->is_unread, &words->sayable);
}

static void read_words(struct words *words)
{
    read_text(words->medication, "frequency", words->frequency);
    read_text(words->medication, "timing", words->timing);
    read_start(words);
    read_text(words->prescription, "end_date", words->end);
    read_slots(words);
    read_sayable(words);
}

static void close_words(struct words *words)
{
    for (int i = 0; i < TRN_SLOTS; i++) {
        json_decref(words->slots[i]);
    }
    json_decref(words->repeat);
    json_decref(words->quantity);
    json_decref(words->reason);
    trn_bytes_free(&words->text);
}

tern_status trn_fhir_words_write(const struct trn_fhir_row *prescription,
                                 const struct trn_fhir_row *medication,
                                 const char *authored_date,
                                 json_t **ret_instructions)
{
    struct words words = {.prescription = prescription,
                          .medication = medication,
                          .authored_date = authored_date,
                          .repeat = json_object()};
    json_t *instructions = json_array();

    words.failed = words.repeat == NULL || instructions == NULL;
    if (!words.failed) {
        read_words(&words);
        write_frequency(&words);
        write_timing(&words);
        write_bounds(&words);
    }
    if (!words.failed) {
        words.failed = !write_instructions(&words, instructions);
    }
    close_words(&words);
    if (words.failed || json_array_size(instructions) == 0) {
        json_decref(instructions);
        instructions = NULL;
    }
    if (words.failed) {
        return TERN_ERR_NOMEM;
    }
    *ret_instructions = instructions;
    return TERN_OK;
}
