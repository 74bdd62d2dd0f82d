/* Says all that the library has words for, a line each, so that another program can compare it:
 * language, kind, what was asked and what was said, between tabs. */
#include <inttypes.h>
#include <stdio.h>

#include "medication/saying.h"

enum { SAID_BYTES = 200, DAY_MINUTES = 1440, LONGEST = 4 * DAY_MINUTES };

struct voice {
    const char *name;
    tern_locale locale;
};

static void tell(const struct voice *voice, const char *kind, int64_t asked, const char *said)
{
    (void)printf("%s\t%s\t%" PRId64 "\t%s\n", voice->name, kind, asked, said);
}

/* Every day of a leap year, and some far from it. */
static void say_dates(const struct voice *voice)
{
    static const char *const far[] = {"1969-12-31", "2000-02-29", "2100-03-01", "9999-12-31"};
    static const unsigned months[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char dates[370][11];
    size_t count = 0;

    for (unsigned month = 0; month < 12; month++) {
        for (unsigned day = 1; day <= months[month]; day++) {
            (void)snprintf(dates[count++],
                           sizeof(dates[0]),
                           "2024-%02u-%02u",
                           (month + 1) % 100,
                           day % 100);
        }
    }
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        (void)snprintf(dates[count++], sizeof(dates[0]), "%s", far[i]);
    }
    for (size_t i = 0; i < count; i++) {
        char said[SAID_BYTES];

        (void)tern_say_date(&voice->locale, dates[i], false, said, sizeof(said));
        (void)printf("%s\tdate\t%s\t%s\n", voice->name, dates[i], said);
        (void)tern_say_date(&voice->locale, dates[i], true, said, sizeof(said));
        (void)printf("%s\tday\t%s\t%s\n", voice->name, dates[i], said);
    }
}

static void say_all(const struct voice *voice)
{
    static const int64_t sizes[] = {0, 1, 107374183, 1073741824, 5368709120, 21474836480};
    char said[SAID_BYTES];

    say_dates(voice);
    for (int32_t minute = 0; minute < DAY_MINUTES; minute++) {
        (void)tern_say_time(&voice->locale, minute, said, sizeof(said));
        tell(voice, "time", minute, said);
    }
    for (int64_t minutes = 0; minutes < LONGEST; minutes++) {
        (void)tern_say_span(&voice->locale, minutes, said, sizeof(said));
        tell(voice, "span", minutes, said);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct trn_saying saying;

        if (trn_saying_begin(&saying, &voice->locale, said, sizeof(said)) &&
            trn_say_gigabytes(&saying, sizes[i])) {
            (void)trn_saying_end(&saying);
        }
        tell(voice, "size", sizes[i], said);
    }
}

int main(void)
{
    static const struct voice voices[] = {
        {"en", {sizeof(tern_locale), TERN_ENGLISH, false}},
        {"km", {sizeof(tern_locale), TERN_KHMER, false}},
        {"km-native", {sizeof(tern_locale), TERN_KHMER, true}},
    };

    for (size_t i = 0; i < sizeof(voices) / sizeof(voices[0]); i++) {
        say_all(&voices[i]);
    }
    return 0;
}
