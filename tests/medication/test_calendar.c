/* Days and dates. */
#include "medication/calendar.h"

#include "tests/harness/harness.h"

TEST(every_day_of_the_calendar_is_one_date_and_back)
{
    int32_t year = 1;
    int32_t month = 1;
    int32_t day = 1;

    for (int32_t at = TRN_DAY_MIN; at <= TRN_DAY_MAX; at++) {
        struct trn_date date = trn_date_of_day(at);

        if (date.year != year || date.month != month || date.day != day ||
            trn_day_of_date(date) != at) {
            fail_msg("day %d", (int)at);
        }
        day++;
        if (day > trn_month_days(year, month)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1 ? 1 : 0;
        }
    }
    CHECK_INT(year, 10000);
}

TEST(known_days_have_known_numbers_and_weekdays)
{
    CHECK_INT(trn_day_of_date((struct trn_date){1970, 1, 1}), 0);
    CHECK_INT(trn_day_weekday(0), 4);
    CHECK_INT(trn_day_of_date((struct trn_date){2100, 3, 1}), 47541);
    CHECK_INT(trn_day_weekday(trn_day_of_date((struct trn_date){2026, 11, 21})), 6);
    CHECK_INT(trn_day_weekday(TRN_DAY_MIN), 1);
}

TEST(a_text_is_read_only_as_a_date_that_exists)
{
    static const char *const bad[] = {"2025-02-29",
                                      "2100-02-29",
                                      "2024-13-01",
                                      "2024-00-10",
                                      "2024-04-31",
                                      "0000-01-01",
                                      "2024-1-011",
                                      "2024/01/01",
                                      "+024-01-01",
                                      "2024-01-0x"};
    char text[TRN_DATE_BYTES];
    int32_t day = 77;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(!trn_day_parse(bad[i], 10, &day));
    }
    CHECK(!trn_day_parse("2024-02-29T", 11, &day));
    CHECK_INT(day, 77);
    CHECK(trn_day_parse("2024-02-29", 10, &day));
    trn_day_format(day, text);
    CHECK_TEXT(text, "2024-02-29");
    trn_day_format(TRN_DAY_MIN, text);
    CHECK_TEXT(text, "0001-01-01");
}
