/* What is said to people: whole in both languages, cut only between characters, and by the facts of
 * the Unicode CLDR. */
#include "tern/medication/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/harness/harness.h"

enum { LAST_PROBLEM = TERN_PROBLEM_TIMES, LAST_NOTICE = TERN_NOTICE_GOES_ON };

static const tern_locale khmer = {.size = sizeof khmer, .language = TERN_KHMER};
static const tern_locale native = {.size = sizeof native,
                                   .language = TERN_KHMER,
                                   .native_digits = true};
static const tern_locale english = {.size = sizeof english, .language = TERN_ENGLISH};

static bool is_text(const char *text)
{
    return trn_utf8_is_valid((struct trn_slice){(const uint8_t *)text, strlen(text)});
}

static const char *problem(const tern_locale *locale, tern_problem which, int64_t one, int64_t two)
{
    static char said[400];
    tern_care_error error = {.problem = which, .first = one, .second = two};
    size_t length = tern_say_problem(locale, &error, said, sizeof said);

    CHECK_INT(length, strlen(said));
    return said;
}

static const char *date(const tern_locale *locale, const char *day, bool weekday)
{
    static char said[100];
    size_t length = tern_say_date(locale, day, weekday, said, sizeof said);

    CHECK_INT(length, strlen(said));
    return said;
}

static const char *time_of(const tern_locale *locale, int32_t minute)
{
    static char said[100];
    size_t length = tern_say_time(locale, minute, said, sizeof said);

    CHECK_INT(length, strlen(said));
    return said;
}

static const char *span(const tern_locale *locale, int64_t minutes)
{
    static char said[100];
    size_t length = tern_say_span(locale, minutes, said, sizeof said);

    CHECK_INT(length, strlen(said));
    return said;
}

TEST(every_problem_is_a_whole_sentence_of_its_own_in_both_languages)
{
    const tern_locale *const locales[] = {&khmer, &english};
    char seen[2][LAST_PROBLEM + 1][400];

    for (int at = TERN_PROBLEM_NONE; at <= LAST_PROBLEM; at++) {
        for (int i = 0; i < 2; i++) {
            const char *said = problem(locales[i], (tern_problem)at, 90, 30);

            CHECK(strlen(said) > 10 && is_text(said) && strpbrk(said, "{}") == NULL);
            for (int other = 0; other < at; other++) {
                CHECK(strcmp(seen[i][other], said) != 0);
            }
            (void)snprintf(seen[i][at], sizeof seen[i][at], "%s", said);
        }
        CHECK(strcmp(seen[0][at], seen[1][at]) != 0);
    }
    CHECK_TEXT(tern_problem_code((tern_problem)(LAST_PROBLEM + 1)), "UNKNOWN");
    CHECK_TEXT(problem(&english, (tern_problem)(LAST_PROBLEM + 1), 0, 0), "");
}

TEST(a_problem_says_its_numbers_as_lengths_of_time_or_sizes)
{
    CHECK_TEXT(problem(&english, TERN_PROBLEM_TOO_EARLY, 125, 30),
               "This is 2 hours 5 minutes before the time of the dose. It can be recorded from 30 "
               "minutes before its time.");
    CHECK_TEXT(problem(&english, TERN_PROBLEM_QUOTA, INT64_C(5905580032), INT64_C(5368709120)),
               "The storage is full: 5.5 GB of 5.0 GB are used.");
    CHECK(strstr(problem(&khmer, TERN_PROBLEM_QUOTA, INT64_C(5905580032), INT64_C(5368709120)),
                 "5,5 GB") != NULL);
    CHECK(strstr(problem(&khmer, TERN_PROBLEM_TOO_LATE, 1500, 0), "1 ថ្ងៃ 1 ម៉ោង") != NULL);
    CHECK(strstr(problem(&native, TERN_PROBLEM_GRACE, 15, 0), "១០") != NULL);
    CHECK(strpbrk(problem(&native, TERN_PROBLEM_GRACE, 15, 0), "0123456789") == NULL);
}

TEST(a_failure_of_the_engine_is_named_by_its_code_alone)
{
    tern_care_error error = {.error = {.status = TERN_ERR_CORRUPT}};
    char said[400];

    (void)snprintf(error.error.message, sizeof error.error.message, "words for developers");
    CHECK(tern_say_problem(&english, &error, said, sizeof said) > 0);
    CHECK_TEXT(said, "This did not work (CORRUPT). Nothing was changed.");
    error.error.status = TERN_ERR_DISK_FULL;
    CHECK(tern_say_problem(&english, &error, said, sizeof said) > 0);
    CHECK_TEXT(said, "The phone's storage is full. Nothing was changed.");
}

TEST(dates_are_written_as_each_language_writes_them)
{
    CHECK_TEXT(date(&english, "2026-11-21", false), "November 21, 2026");
    CHECK_TEXT(date(&english, "2026-11-21", true), "Saturday, November 21, 2026");
    CHECK_TEXT(date(&khmer, "2026-11-21", true), "សៅរ៍ 21 វិច្ឆិកា 2026");
    CHECK_TEXT(date(&native, "2024-02-29", false), "២៩ កុម្ភៈ ២០២៤");
    CHECK_TEXT(date(&khmer, "2025-02-29", false), "");
    CHECK_TEXT(date(&khmer, "21/11/2026", false), "");
    CHECK_TEXT(date(&khmer, NULL, false), "");
}

TEST(times_have_the_period_of_the_day_that_each_language_gives_them)
{
    static const struct {
        int32_t minute;
        const char *english;
        const char *khmer;
    } cases[] = {
        {0, "12:00 midnight", "12:00 អធ្រាត្រ"},
        {1, "12:01 at night", "12:01 ព្រឹក"},
        {5 * 60 + 59, "5:59 at night", "5:59 ព្រឹក"},
        {6 * 60, "6:00 in the morning", "6:00 ព្រឹក"},
        {11 * 60 + 59, "11:59 in the morning", "11:59 ព្រឹក"},
        {12 * 60, "12:00 noon", "12:00 ថ្ងៃ\u200bត្រង់"},
        {12 * 60 + 1, "12:01 in the afternoon", "12:01 រសៀល"},
        {17 * 60 + 59, "5:59 in the afternoon", "5:59 រសៀល"},
        {18 * 60, "6:00 in the evening", "6:00 ល្ងាច"},
        {21 * 60, "9:00 at night", "9:00 យប់"},
        {23 * 60 + 59, "11:59 at night", "11:59 យប់"},
        {-1, "", ""},
        {24 * 60, "", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_TEXT(time_of(&english, cases[i].minute), cases[i].english);
        CHECK_TEXT(time_of(&khmer, cases[i].minute), cases[i].khmer);
    }
    CHECK_TEXT(time_of(&native, 7 * 60 + 5), "៧:០៥ ព្រឹក");
}

TEST(a_length_of_time_is_said_in_its_two_largest_units)
{
    CHECK_TEXT(span(&english, 0), "0 minutes");
    CHECK_TEXT(span(&english, 1), "1 minute");
    CHECK_TEXT(span(&english, 60), "1 hour");
    CHECK_TEXT(span(&english, 61), "1 hour 1 minute");
    CHECK_TEXT(span(&english, 1440), "1 day");
    CHECK_TEXT(span(&english, 1441), "1 day");
    CHECK_TEXT(span(&english, 2 * 1440 + 3 * 60 + 4), "2 days 3 hours");
    CHECK_TEXT(span(&khmer, 61), "1 ម៉ោង 1 នាទី");
    CHECK_TEXT(span(&khmer, -1), "");
}

TEST(a_notice_says_the_words_it_was_given_and_its_title_none)
{
    tern_notice_words words = {.size = sizeof words,
                               .medicine = "Vitamin B12",
                               .amount = "1 tablet",
                               .minute = 7 * 60,
                               .meal = TERN_MEAL_BEFORE};
    char said[300];

    CHECK(tern_say_notice(&english, TERN_NOTICE_REMINDER, &words, said, sizeof said) > 0);
    CHECK_TEXT(said, "Vitamin B12 1 tablet, 7:00 in the morning, before the meal");
    CHECK(tern_say_notice(&native, TERN_NOTICE_REMINDER, &words, said, sizeof said) > 0);
    CHECK_TEXT(said, "Vitamin B12 1 tablet, ៧:០០ ព្រឹក, មុនអាហារ");
    words = (tern_notice_words){.size = sizeof words,
                                .person = "Grandmother",
                                .medicine = "Aspirin",
                                .local_date = "2026-11-21",
                                .minute = 18 * 60,
                                .late = true};
    CHECK(tern_say_notice(&english, TERN_NOTICE_MISSED, &words, said, sizeof said) > 0);
    CHECK_TEXT(said,
               "Grandmother: Aspirin, November 21, 2026, 6:00 in the evening · sent after "
               "reconnect");
    words = (tern_notice_words){.size = sizeof words, .person = "Grandmother", .minute = -1};
    CHECK(tern_say_notice(&english, TERN_NOTICE_GOES_ON, &words, said, sizeof said) > 0);
    CHECK(strncmp(said, "Grandmother: It was ended, but", 30) == 0);
    CHECK(tern_say_notice(&khmer, TERN_NOTICE_GOES_ON, &words, NULL, 0) > 100);
    words.local_date = "2026-02-30";
    CHECK_INT(tern_say_notice(&english, TERN_NOTICE_MISSED, &words, said, sizeof said), 0);
    CHECK_TEXT(said, "");
    for (int at = 0; at <= LAST_NOTICE; at++) {
        CHECK(tern_say_title(&khmer, (tern_notice)at, said, sizeof said) > 0 && is_text(said));
        CHECK(tern_say_title(&english, (tern_notice)at, said, sizeof said) > 0 && is_text(said));
    }
    CHECK_INT(tern_say_title(&english, (tern_notice)(LAST_NOTICE + 1), said, sizeof said), 0);
}

TEST(a_buffer_too_small_is_filled_between_characters_and_the_whole_length_told)
{
    char whole[100];
    size_t length = tern_say_date(&native, "2026-11-21", true, whole, sizeof whole);

    CHECK_INT(tern_say_date(&native, "2026-11-21", true, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size++) {
        char *cut = malloc(size);

        CHECK(cut != NULL);
        CHECK_INT(tern_say_date(&native, "2026-11-21", true, cut, size), length);
        CHECK(strlen(cut) < size && strlen(cut) + 3 >= size && is_text(cut));
        CHECK(strncmp(cut, whole, strlen(cut)) == 0);
        free(cut);
    }
}

TEST(what_is_missing_or_no_locale_is_answered_by_an_empty_text)
{
    tern_locale other = {.size = sizeof other, .language = (tern_language)7};
    tern_locale small = {.size = 1, .language = TERN_ENGLISH};
    char said[20] = "before";

    CHECK_INT(tern_say_time(NULL, 0, said, sizeof said), 0);
    CHECK_TEXT(said, "");
    CHECK_INT(tern_say_time(&other, 0, said, sizeof said), 0);
    CHECK_INT(tern_say_time(&small, 0, said, sizeof said), 0);
    CHECK_INT(tern_say_time(&english, 0, NULL, 5), 0);
    CHECK_INT(tern_say_problem(&english, NULL, said, sizeof said), 0);
    CHECK_INT(tern_say_notice(&english, TERN_NOTICE_REMINDER, NULL, said, sizeof said), 0);
}

static char *read_facts(const char *path)
{
    const size_t most = 1 << 20;
    FILE *file = fopen(path, "rb");
    char *text = malloc(most);
    size_t size;

    CHECK(file != NULL && text != NULL);
    size = fread(text, 1, most - 1, file);
    CHECK(size > 0 && size < most - 1);
    text[size] = '\0';
    (void)fclose(file);
    return text;
}

/* The names of months, weekdays, periods and units are those of the CLDR's own file. */
TEST(khmer_names_are_those_of_the_cldr)
{
    static const char *const types[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    char *facts = read_facts(trn_test_path(trn_test_data(), "cldr-km/km.xml"));

    for (int month = 1; month <= 12; month++) {
        char day[12];
        char wanted[120];

        (void)snprintf(day, sizeof day, "2026-%02d-01", month);
        (void)snprintf(wanted,
                       sizeof wanted,
                       "<month type=\"%d\">%.*s</month>",
                       month,
                       (int)(strlen(date(&khmer, day, false)) - strlen("1  2026")),
                       date(&khmer, day, false) + 2);
        CHECK(strstr(facts, wanted) != NULL);
    }
    for (int i = 0; i < 7; i++) {
        char day[12];
        char wanted[120];
        const char *said;

        (void)snprintf(day, sizeof day, "2026-11-%02d", 22 + i);
        said = date(&khmer, day, true);
        (void)snprintf(wanted,
                       sizeof wanted,
                       "<day type=\"%s\">%.*s</day>",
                       types[i],
                       (int)strcspn(said, " "),
                       said);
        CHECK(strstr(facts, wanted) != NULL);
    }
    for (int32_t minute = 0; minute < 24 * 60; minute += 60) {
        char wanted[120];

        (void)snprintf(wanted,
                       sizeof wanted,
                       "\">%s</dayPeriod>",
                       strchr(time_of(&khmer, minute), ' ') + 1);
        CHECK(strstr(facts, wanted) != NULL);
    }
    free(facts);
}
