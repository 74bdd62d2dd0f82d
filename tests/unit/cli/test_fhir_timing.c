/* Dosage instructions: which become slots of the day, and which stay words. */
#include "cli/fhir_timing.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/harness.h"

/* Slots as a text such as "M-N", lower case before the meal; then frequency, timing and days. */
static void describe(const struct trn_fhir_dosage *dosage, char *text, size_t size)
{
    static const char letters[] = "MDN";
    char slots[TRN_SLOTS + 1] = "---";

    for (int i = 0; i < TRN_SLOTS; i++) {
        if (dosage->slots[i] != NULL) {
            bool before = json_is_true(json_object_get(dosage->slots[i], "before_meal"));

            slots[i] = before ? (char)(letters[i] + ('a' - 'A')) : letters[i];
        }
    }
    (void)snprintf(text,
                   size,
                   "%s|%s|%s|%d|%s",
                   slots,
                   trn_bytes_text(&dosage->frequency),
                   trn_bytes_text(&dosage->timing),
                   (int)dosage->duration_days,
                   dosage->is_prn ? "prn" : "");
}

static void check_dosage(const char *instructions, const char *expected)
{
    struct trn_fhir_report report = {0};
    struct trn_fhir_dosage dosage;
    json_t *array = json_loads(instructions, 0, NULL);
    char text[1024];

    CHECK(array != NULL);
    CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
    CHECK(trn_fhir_dosage_read(array, &report, &dosage) == TERN_OK);
    describe(&dosage, text, sizeof(text));
    CHECK_TEXT(text, expected);
    trn_fhir_dosage_free(&dosage);
    trn_fhir_report_close(&report);
    json_decref(array);
}

static void check_repeat(const char *repeat, const char *expected)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "[{\"timing\":{\"repeat\":{%s}}}]", repeat);
    check_dosage(text, expected);
}

/* A dosage that says it would be refused by an edit. */
TEST(an_amount_of_nothing_is_none_and_counted)
{
    static const struct {
        const char *amount;
        const char *dosage;
        size_t counted;
    } cases[] = {{"1.5", "{\"before_meal\":false,\"amount\":1.5}", 0},
                 {"0", "{\"before_meal\":false}", 1},
                 {"-1", "{\"before_meal\":false}", 1},
                 {"\"2\"", "{\"before_meal\":false}", 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trn_fhir_report report = {0};
        struct trn_fhir_dosage dosage;
        char text[256];
        json_t *array;
        json_t *wanted = json_loads(cases[i].dosage, 0, NULL);

        (void)snprintf(text,
                       sizeof(text),
                       "[{\"timing\":{\"code\":{\"coding\":[{\"code\":\"QD\"}]}},"
                       "\"doseAndRate\":[{\"doseQuantity\":{\"value\":%s}}]}]",
                       cases[i].amount);
        array = json_loads(text, 0, NULL);
        CHECK(array != NULL);
        CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
        CHECK(trn_fhir_dosage_read(array, &report, &dosage) == TERN_OK);
        CHECK(json_equal(dosage.slots[TRN_SLOT_MORNING], wanted));
        CHECK_INT(json_object_size(report.unmapped), cases[i].counted);
        trn_fhir_dosage_free(&dosage);
        trn_fhir_report_close(&report);
        json_decref(array);
        json_decref(wanted);
    }
}

TEST(up_to_three_times_a_day_fill_the_slots)
{
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"d\"", "M--|once a day||0|");
    check_repeat("\"frequency\":2,\"period\":1,\"periodUnit\":\"d\"", "M-N|twice a day||0|");
    check_repeat("\"frequency\":3,\"period\":1,\"periodUnit\":\"d\"", "MDN|3 times a day||0|");
    check_repeat("\"frequency\":1,\"period\":8,\"periodUnit\":\"h\"", "MDN|every 8 hours||0|");
    check_repeat("\"frequency\":1,\"period\":12,\"periodUnit\":\"h\"", "M-N|every 12 hours||0|");
    check_repeat("\"period\":1,\"periodUnit\":\"d\"", "M--|once a day||0|");
}

TEST(other_rates_stay_words)
{
    check_repeat("\"frequency\":4,\"period\":1,\"periodUnit\":\"d\"", "---|4 times a day||0|");
    check_repeat("\"frequency\":1,\"period\":6,\"periodUnit\":\"h\"", "---|every 6 hours||0|");
    check_repeat("\"frequency\":1,\"period\":60,\"periodUnit\":\"d\"", "---|every 60 days||0|");
    check_repeat("\"frequency\":2,\"period\":3,\"periodUnit\":\"d\"", "---|twice every 3 days||0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"wk\"", "---|once a week||0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"h\"", "---|once an hour||0|");
    check_repeat("\"frequency\":3,\"frequencyMax\":4,\"period\":1,\"periodUnit\":\"d\"",
                 "---|3-4 times a day||0|");
    check_repeat("\"frequency\":1,\"period\":4,\"periodMax\":6,\"periodUnit\":\"h\"",
                 "---|every 4-6 hours||0|");
    check_repeat("\"frequency\":1,\"period\":0,\"periodUnit\":\"h\"", "---|||0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"fortnight\"", "---|||0|");
}

TEST(moments_of_the_day_name_their_slots_and_their_meals)
{
    check_repeat("\"when\":[\"MORN\",\"NIGHT\"]", "M-N||MORN; NIGHT|0|");
    check_repeat("\"when\":[\"ACM\",\"PCV\"]", "m-N||ACM; PCV|0|");
    check_repeat("\"frequency\":3,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"AC\"]",
                 "mdn|3 times a day|AC|0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"HS\"]",
                 "--N|once a day|HS|0|");
    check_repeat("\"when\":[\"PHS\"]", "---||PHS|0|");
    check_repeat("\"when\":[\"ACM\"],\"offset\":30", "---||ACM|0|");
    check_repeat("\"frequency\":3,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"MORN\"]",
                 "---|3 times a day|MORN|0|");
}

/* AC is "before a meal": how often is the frequency's to say, and which meal nobody says. */
TEST(a_relation_to_any_meal_multiplies_no_dose)
{
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"AC\"]",
                 "---|once a day|AC|0|");
    check_repeat("\"period\":1,\"periodUnit\":\"d\",\"when\":[\"PC\"]", "---|once a day|PC|0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"C\"]",
                 "---|once a day|C|0|");
    check_repeat("\"frequency\":2,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"AC\"]",
                 "---|twice a day|AC|0|");
    check_repeat("\"frequency\":1,\"period\":8,\"periodUnit\":\"h\",\"when\":[\"PC\"]",
                 "MDN|every 8 hours|PC|0|");
    check_repeat("\"when\":[\"AC\"]", "mdn||AC|0|");
    check_repeat("\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"when\":[\"CM\",\"CV\"]",
                 "M-N|once a day|CM; CV|0|");
}

TEST(times_of_the_day_fill_slots_and_are_kept_in_words)
{
    check_repeat("\"timeOfDay\":[\"08:00:00\",\"20:30:00\"]", "M-N||08:00; 20:30|0|");
    check_repeat("\"timeOfDay\":[\"08:00\",\"10:00\"]", "---||08:00; 10:00|0|");
    check_repeat("\"timeOfDay\":[\"12:00:00\"]", "-D-||12:00|0|");
    check_repeat("\"timeOfDay\":[\"25:00:00\"]", "---|||0|");
}

TEST(weekdays_stay_words)
{
    check_repeat(
        "\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"dayOfWeek\":[\"mon\",\"thu\"]",
        "---|once a day|mon; thu|0|");
}

TEST(bounds_give_dates_and_days)
{
    struct trn_fhir_report report = {0};
    struct trn_fhir_dosage dosage;
    json_t *array =
        json_loads("[{\"timing\":{\"repeat\":{\"boundsPeriod\":{\"start\":\"2024-02-28\","
                   "\"end\":\"2024-03-01T10:00:00Z\"}}}}]",
                   0,
                   NULL);

    CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
    CHECK(trn_fhir_dosage_read(array, &report, &dosage) == TERN_OK);
    CHECK_TEXT(dosage.start, "2024-02-28");
    CHECK_TEXT(dosage.end, "2024-03-01");
    CHECK_INT(dosage.duration_days, 3);
    trn_fhir_dosage_free(&dosage);
    trn_fhir_report_close(&report);
    json_decref(array);

    check_repeat(
        "\"frequency\":1,\"period\":1,\"periodUnit\":\"d\",\"boundsDuration\":{\"value\":2,"
        "\"code\":\"wk\"}",
        "M--|once a day||14|");
    check_repeat("\"boundsDuration\":{\"value\":2,\"code\":\"mo\"}", "---|||0|");
}

TEST(as_needed_has_no_slots)
{
    check_dosage("[{\"asNeededBoolean\":true}]", "---|||0|prn");
    check_dosage("[{\"asNeededBoolean\":true,\"timing\":{\"repeat\":{\"frequency\":1,\"period\":1,"
                 "\"periodUnit\":\"d\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":2}}]}]",
                 "---|once a day|2 a dose|0|prn");
    check_dosage("[{\"asNeededCodeableConcept\":{\"text\":\"pain\"}}]",
                 "---||as needed for pain|0|prn");
    check_dosage("[]", "---|||0|");
}

TEST(codes_stand_for_rates)
{
    check_dosage("[{\"timing\":{\"code\":{\"coding\":[{\"code\":\"BID\"}]}}}]",
                 "M-N|twice a day||0|");
    check_dosage("[{\"timing\":{\"code\":{\"coding\":[{\"code\":\"BED\"}]}}}]",
                 "--N|once a day||0|");
    check_dosage("[{\"timing\":{\"code\":{\"coding\":[{\"code\":\"QID\"}],\"text\":\"4x\"}}}]",
                 "---|4 times a day|4x|0|");
}

TEST(several_instructions_share_the_day_or_stay_words)
{
    check_dosage("[{\"timing\":{\"repeat\":{\"when\":[\"MORN\"]}}},"
                 "{\"timing\":{\"repeat\":{\"when\":[\"NIGHT\"]}}}]",
                 "M-N||MORN; NIGHT|0|");
    check_dosage("[{\"text\":\"first\",\"timing\":{\"repeat\":{\"period\":1,\"periodUnit\":\"d\"}},"
                 "\"doseAndRate\":[{\"doseQuantity\":{\"value\":2,\"unit\":\"tablet\"}}]},"
                 "{\"text\":\"then\",\"timing\":{\"repeat\":{\"period\":1,\"periodUnit\":\"d\"}},"
                 "\"doseAndRate\":[{\"doseRange\":{\"low\":{\"value\":1}}}]}]",
                 "---|once a day; once a day|first; then; 2 tablet a dose; 1 a dose|0|");
}
