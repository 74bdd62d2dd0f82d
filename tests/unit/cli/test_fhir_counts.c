/* What another system counts by the elements of an export alone, and what the schedule makes: of
 * all combinations of words and dosages. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/fhir_timing.h"
#include "cli/fhir_words.h"
#include "medication/calendar.h"
#include "medication/regimen.h"
#include "medication/words.h"
#include "tests/harness/harness.h"

enum { SLOTS = 3, YEAR = 365 };

static const tern_id nobody = {{1}};

static const char *const dosages[SLOTS] = {"morning_dosage", "daytime_dosage", "night_dosage"};

/* What is prescribed. */
struct words {
    const char *frequency;
    const char *timing;
    unsigned slots;
    unsigned before_meal;
    bool amounts_differ;
};

/* ---- Here ---- */

static double counted_here(const struct words *words, bool *ret_understood)
{
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    struct trn_regimen regimen;
    const tern_regimen source = {.size = sizeof(source),
                                 .zone = "UTC",
                                 .start_date = "2026-03-02",
                                 .slots = words->slots,
                                 .before_meal = words->before_meal,
                                 .frequency = words->frequency,
                                 .timing = words->timing,
                                 .meal_minutes = {420, 720, 1080},
                                 .grace_minutes = 30};
    double count = 0;

    CHECK(trn_regimen_read(&source, &regimen));
    regimen.anchor_minute = 420;
    for (int32_t day = 0; day < YEAR; day++) {
        count += (double)trn_regimen_day(&regimen, regimen.first_day + day, times);
    }
    *ret_understood = regimen.is_understood;
    return count;
}

/* ---- There ---- */

static double number(const json_t *repeat, const char *name, double missing)
{
    const json_t *value = json_object_get(repeat, name);

    return value != NULL ? json_number_value(value) : missing;
}

static double days_of(const json_t *repeat)
{
    static const struct {
        const char *code;
        double days;
    } units[] = {{"s", 1.0 / 86400},
                 {"min", 1.0 / 1440},
                 {"h", 1.0 / 24},
                 {"d", 1},
                 {"wk", 7},
                 {"mo", YEAR / 12.0},
                 {"a", YEAR}};
    const char *unit = json_string_value(json_object_get(repeat, "periodUnit"));

    for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].code) == 0) {
            return number(repeat, "period", 1) * units[i].days;
        }
    }
    return 0; /* none is named */
}

/* Moments are each of every day that there is, and what is of any meal is of all three; so are
 * times, which bear no period of more than a day beside them (the notes of R4 on timeOfDay). Where
 * a frequency stands beside them, it has to say the same. */
static double named_a_day(const json_t *repeat)
{
    const json_t *codes = json_object_get(repeat, "when");
    double count = (double)json_array_size(json_object_get(repeat, "timeOfDay"));

    CHECK(count == 0 || codes == NULL);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        bool of_any = strcmp(code, "C") == 0 || strcmp(code, "AC") == 0 || strcmp(code, "PC") == 0;

        count += of_any ? 3 : 1;
    }
    return count;
}

static bool is_close(double a, double b)
{
    return fabs(a - b) <= 0.01 * b;
}

static double counted_of_one(const json_t *repeat)
{
    double days = days_of(repeat);
    double named = named_a_day(repeat);
    double of_week = (double)json_array_size(json_object_get(repeat, "dayOfWeek"));
    double share = of_week > 0 ? of_week / 7 : 1;
    double a_day = days > 0 ? number(repeat, "frequency", 1) / days : named;

    if (named > 0 && json_object_get(repeat, "timeOfDay") != NULL) {
        CHECK(days <= 1 || of_week > 0);
    }
    if (days <= 1) {
        CHECK(a_day > 0);
        CHECK(named == 0 || is_close(a_day, named));
        return a_day * share;
    }
    if (of_week > 0 && is_close(days, 7)) {
        CHECK(named == 0 || is_close(a_day, named * share));
        return a_day;
    }
    CHECK(named <= 1); /* of several it would not be known whether each is meant */
    return a_day;
}

/* False where text is all that there is. */
static bool counted_there(const json_t *instructions, double *ret_count)
{
    size_t silent = 0;

    *ret_count = 0;
    for (size_t i = 0; i < json_array_size(instructions); i++) {
        const json_t *one = json_array_get(instructions, i);
        json_t *repeat = json_object_get(json_object_get(one, "timing"), "repeat");

        (void)json_object_del(repeat, "boundsPeriod");
        if (json_object_size(repeat) == 0) {
            CHECK(json_string_length(json_object_get(one, "text")) > 0);
            silent++;
            continue;
        }
        *ret_count += counted_of_one(repeat) * YEAR;
    }
    CHECK(silent == 0 || silent == json_array_size(instructions));
    return silent < json_array_size(instructions);
}

/* ---- Both ---- */

struct rows {
    struct trn_fhir_row prescription;
    struct trn_fhir_row medication;
};

static void begin_rows(const struct words *words, struct rows *rows)
{
    char dosage[64];

    *rows = (struct rows){.prescription = {.count = 0}};
    trn_fhir_row_begin(&rows->prescription, "prescriptions", "", &nobody, &nobody);
    trn_fhir_row_add_text(&rows->prescription, "start_date", trn_slice_text("2026-03-02"));
    trn_fhir_row_begin(&rows->medication, "medications", "", &nobody, &nobody);
    trn_fhir_row_add_text(&rows->medication, "frequency", trn_slice_text(words->frequency));
    trn_fhir_row_add_text(&rows->medication, "timing", trn_slice_text(words->timing));
    for (unsigned i = 0; i < SLOTS; i++) {
        if ((words->slots >> i & 1) != 0) {
            (void)snprintf(dosage,
                           sizeof(dosage),
                           "{\"amount\":%u,\"before_meal\":%s}",
                           words->amounts_differ ? i + 1 : 1,
                           (words->before_meal >> i & 1) != 0 ? "true" : "false");
            trn_fhir_row_add_text(&rows->medication, dosages[i], trn_slice_text(dosage));
        }
    }
}

static json_t *end_rows(struct rows *rows)
{
    json_t *instructions = NULL;

    CHECK(
        trn_fhir_words_write(&rows->prescription, &rows->medication, "2026-03-02", &instructions) ==
        TERN_OK);
    trn_fhir_row_free(&rows->prescription);
    trn_fhir_row_free(&rows->medication);
    return instructions;
}

/* Words that no schedule is made of, and that contradict nothing: they are what the prescriber
 * said, as "every 4-6 hours". */
static bool is_rate_alone(const struct words *words)
{
    struct trn_timing timing = {0};
    struct trn_rate rate;

    return words->slots == 0 && trn_rate_read(words->frequency, &rate) &&
           trn_timing_read(words->timing, &timing) && timing.count == 0 && timing.slots == 0 &&
           timing.weekdays == 0 && !trn_words_pass_a_day(words->timing);
}

static void check(const struct words *words)
{
    bool understood;
    double here = counted_here(words, &understood);
    json_t *instructions;
    struct rows rows;
    double there;
    bool told;

    begin_rows(words, &rows);
    instructions = end_rows(&rows);
    told = counted_there(instructions, &there);

    if (told && (understood ? fabs(here - there) > 2 + 0.02 * here : !is_rate_alone(words))) {
        char *said = json_dumps(instructions, 0);

        fail_msg("%s | %s | %u: %g here, %g there: %s",
                 words->frequency,
                 words->timing,
                 words->slots,
                 here,
                 there,
                 said);
    }
    json_decref(instructions);
}

TEST(elements_count_what_the_schedule_makes_or_text_is_all_there_is)
{
    static const char *const frequencies[] = {
        "",
        "once a day",
        "twice a day",
        "3 times a day",
        "4 times a day",
        "every 1 days",
        "every 8 hours",
        "every 36 hours",
        "every 48 hours",
        "3 times every 36 hours",
        "twice every 2 days",
        "every 2 days",
        "once a week",
        "twice a week",
        "6 times a week",
        "every 1 weeks",
        "every 2 weeks",
        "twice every 2 weeks",
        "once a month",
        "twice a month",
        "4 times a year",
        "3-4 times a day",
        "every 2-3 days",
        "every 10 minutes",
        "weekly",
        "as the doctor said",
    };
    static const char *const timings[] = {
        "",
        "08:00",
        "08:00; 20:30",
        "08:00; 08:00",
        "ACM",
        "CM; PCV",
        "ACM; PCM",
        "HS",
        "AC",
        "PC; mon",
        "08:00; PCV",
        "mon; thu",
        "mon; thu; 08:00",
        "mon; thu; CM; CV",
        "weekly",
        "with water",
    };
    static const unsigned before[] = {0, 1, 7};

    for (size_t f = 0; f < sizeof(frequencies) / sizeof(frequencies[0]); f++) {
        for (size_t t = 0; t < sizeof(timings) / sizeof(timings[0]); t++) {
            for (unsigned i = 0; i < 8U * 3 * 2; i++) {
                const struct words words = {.frequency = frequencies[f],
                                            .timing = timings[t],
                                            .slots = i % 8,
                                            .before_meal = before[i / 8 % 3] & i % 8,
                                            .amounts_differ = i / 24 != 0};

                check(&words);
            }
        }
    }
}

/* The instructions without their amounts. */
static void check_rows(struct rows *rows, const char *expected)
{
    json_t *instructions = end_rows(rows);
    json_t *wanted = json_loads(expected, 0, NULL);

    CHECK(wanted != NULL);
    for (size_t i = 0; i < json_array_size(instructions); i++) {
        (void)json_object_del(json_array_get(instructions, i), "doseAndRate");
    }
    if (!json_equal(instructions, wanted)) {
        fail_msg("%s, and not %s", json_dumps(instructions, 0), expected);
    }
    json_decref(instructions);
    json_decref(wanted);
}

static void check_said(const struct words *words, const char *expected)
{
    struct rows rows;

    begin_rows(words, &rows);
    check_rows(&rows, expected);
}

TEST(elements_and_text_share_what_there_is_to_say)
{
    static const struct {
        struct words words;
        const char *said;
    } cases[] = {
        /* the words are followed */
        {{"twice a day", "", 5, 0, false},
         "[{\"timing\":{\"repeat\":{\"frequency\":2,\"period\":1,\"periodUnit\":\"d\"}}}]"},
        {{"every 2 days", "with water", 1, 1, false},
         "[{\"text\":\"with water\",\"timing\":{\"repeat\":{\"frequency\":1,\"period\":2,"
         "\"periodUnit\":\"d\",\"when\":[\"ACM\"]}}}]"},
        {{"", "08:00; 20:30", 5, 0, false},
         "[{\"timing\":{\"repeat\":{\"timeOfDay\":[\"08:00:00\",\"20:30:00\"]}}}]"},
        {{"every 4-6 hours", "", 0, 0, false},
         "[{\"timing\":{\"repeat\":{\"frequency\":1,\"period\":4,\"periodMax\":6,"
         "\"periodUnit\":\"h\"}}}]"},
        /* of a longer period each moment has a rate of its own */
        {{"once a week", "", 5, 0, true},
         "[{\"timing\":{\"repeat\":{\"frequency\":1,\"period\":1,\"periodUnit\":\"wk\","
         "\"when\":[\"PCM\"]}}},{\"timing\":{\"repeat\":{\"frequency\":1,\"period\":1,"
         "\"periodUnit\":\"wk\",\"when\":[\"PCV\"]}}}]"},
        /* and a time of day would be of every day */
        {{"once a week", "08:00", 0, 0, false},
         "[{\"text\":\"08:00\",\"timing\":{\"repeat\":{\"frequency\":1,\"period\":1,"
         "\"periodUnit\":\"wk\"}}}]"},
        /* dosages win */
        {{"3 times a day", "", 5, 0, false},
         "[{\"timing\":{\"repeat\":{\"when\":[\"PCM\",\"PCV\"]}}}]"},
        {{"", "08:00; 20:30", 1, 0, false}, "[{\"timing\":{\"repeat\":{\"when\":[\"PCM\"]}}}]"},
        {{"", "HS", 1, 0, false}, "[{\"timing\":{\"repeat\":{\"when\":[\"PCM\"]}}}]"},
        {{"as the doctor said", "", 1, 0, false},
         "[{\"text\":\"as the doctor said\",\"timing\":{\"repeat\":{\"when\":[\"PCM\"]}}}]"},
        /* no schedule */
        {{"weekly", "", 1, 0, false}, "[{\"text\":\"weekly; after the morning meal\"}]"},
        {{"every 36 hours", "mon", 5, 1, true},
         "[{\"text\":\"every 36 hours; mon; before the morning meal\"},"
         "{\"text\":\"every 36 hours; mon; after the evening meal\"}]"},
        {{"4 times a week", "mon; thu", 0, 0, false}, "[{\"text\":\"4 times a week; mon; thu\"}]"},
        {{"", "08:00; PCV", 0, 0, false}, "[{\"text\":\"08:00; PCV\"}]"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_said(&cases[i].words, cases[i].said);
    }
}

TEST(what_is_never_taken_or_cannot_be_read_has_no_element_that_says_when)
{
    static const struct words words = {.frequency = "twice a day", .timing = ""};
    static const struct words morning = {.frequency = "twice a day", .timing = "", .slots = 1};
    struct rows rows;

    begin_rows(&words, &rows); /* its end lies before its beginning */
    trn_fhir_row_add_text(&rows.prescription, "end_date", trn_slice_text("2026-03-01"));
    check_rows(&rows,
               "[{\"text\":\"twice a day\","
               "\"timing\":{\"repeat\":{\"boundsPeriod\":{\"end\":\"2026-03-01\"}}}}]");
    begin_rows(&words, &rows);
    trn_fhir_row_add_text(&rows.medication, "night_dosage", trn_slice_text("[1]"));
    check_rows(&rows, "[{\"text\":\"twice a day\"}]");
    begin_rows(&words, &rows);
    trn_fhir_row_add_text(&rows.medication, "night_dosage", trn_slice_text("null"));
    check_rows(&rows,
               "[{\"timing\":{\"repeat\":{\"frequency\":2,\"period\":1,\"periodUnit\":\"d\"}}}]");
    begin_rows(&morning, &rows); /* a dosage that can be read is taken */
    trn_fhir_row_add_text(&rows.medication, "night_dosage", trn_slice_text("3"));
    check_rows(&rows, "[{\"timing\":{\"repeat\":{\"when\":[\"PCM\"]}}}]");
}

/* Nobody counts what is taken as needed: elements repeat the words. */
TEST(what_is_taken_as_needed_says_when_in_elements)
{
    static const struct words words = {.frequency = "3 times a day", .timing = "", .slots = 5};
    static const struct words head = {.frequency = "", .timing = "as needed for pain", .slots = 1};
    struct rows rows;

    begin_rows(&words, &rows);
    trn_fhir_row_add_integer(&rows.medication, "is_prn", 1);
    check_rows(&rows,
               "[{\"timing\":{\"repeat\":{\"frequency\":3,\"period\":1,\"periodUnit\":\"d\","
               "\"when\":[\"PCM\",\"PCV\"]}},\"asNeededBoolean\":true}]");
    begin_rows(&head, &rows);
    check_rows(&rows,
               "[{\"timing\":{\"repeat\":{\"when\":[\"PCM\"]}},"
               "\"asNeededCodeableConcept\":{\"text\":\"pain\"}}]");
}

/* The words alone say it here, too; is_prn does not. */
TEST(words_that_say_as_needed_and_not_for_what_are_an_element)
{
    static const struct words words = {.frequency = "twice a day", .timing = "as needed"};
    struct rows rows;

    begin_rows(&words, &rows);
    check_rows(&rows,
               "[{\"text\":\"as needed\",\"timing\":{\"repeat\":{\"frequency\":2,\"period\":1,"
               "\"periodUnit\":\"d\"}},\"asNeededBoolean\":true}]");
}
