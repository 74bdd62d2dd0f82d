/* Windows of tables, by numbers. */
#include "model/window.h"

#include <string.h>

#include "tests/harness/harness.h"

#define HOUR_US (TRN_DAY_US / 24)
#define MAY_FIRST_US (INT64_C(1777593600) * 1000000) /* 2026-05-01 */

static const char *first_date(int64_t floor_us)
{
    static char room[TRN_DATE_BYTES];
    tern_value bound = trn_window_bound(TRN_TYPE_DATE, floor_us, room);

    CHECK(bound.kind == TERN_TEXT && bound.data == room && bound.size == strlen(room));
    return room;
}

static bool covers_date(int64_t floor_us, const char *date)
{
    tern_value value = {.kind = TERN_TEXT, .data = date, .size = strlen(date)};

    return trn_window_covers(TRN_TYPE_DATE, floor_us, &value);
}

TEST(a_floor_lies_the_declared_days_back)
{
    CHECK_INT(trn_window_floor(MAY_FIRST_US, 30), MAY_FIRST_US - 30 * TRN_DAY_US);
}

TEST(a_time_is_covered_from_the_floor_on)
{
    tern_value value = {.kind = TERN_INTEGER, .integer = MAY_FIRST_US};

    CHECK(trn_window_covers(TRN_TYPE_TIMESTAMPTZ, MAY_FIRST_US, &value));
    CHECK(!trn_window_covers(TRN_TYPE_TIMESTAMPTZ, MAY_FIRST_US + 1, &value));
    CHECK(trn_window_covers(TRN_TYPE_TIMESTAMPTZ, INT64_MIN, &value));
    value = (tern_value){.kind = TERN_NULL};
    CHECK(trn_window_covers(TRN_TYPE_TIMESTAMPTZ, INT64_MAX, &value));
    CHECK(trn_window_covers(TRN_TYPE_DATE, INT64_MAX, &value));
}

TEST(a_date_is_covered_until_noon_of_the_next_day)
{
    CHECK(covers_date(MAY_FIRST_US + 12 * HOUR_US - 1, "2026-04-30"));
    CHECK(!covers_date(MAY_FIRST_US + 12 * HOUR_US, "2026-04-30"));
    CHECK(covers_date(MAY_FIRST_US + 12 * HOUR_US, "2026-05-01"));
    CHECK(covers_date(MAY_FIRST_US, "9999-12-31"));
    CHECK(covers_date(MAY_FIRST_US, "no date")); /* what cannot be judged stays */
}

TEST(the_first_date_is_right_in_any_year)
{
    CHECK_TEXT(first_date(12 * HOUR_US), "1970-01-01");
    CHECK_TEXT(first_date(12 * HOUR_US - 1), "1969-12-31");
    CHECK_TEXT(first_date(INT64_C(951782400) * 1000000 + 12 * HOUR_US), "2000-02-29");
    CHECK_TEXT(first_date(INT64_C(951868800) * 1000000 + 12 * HOUR_US), "2000-03-01");
    CHECK_TEXT(first_date(INT64_C(4107542399) * 1000000 + 12 * HOUR_US), "2100-02-28");
    CHECK_TEXT(first_date(INT64_C(4107542400) * 1000000 + 12 * HOUR_US), "2100-03-01");
    CHECK_TEXT(first_date(INT64_C(-62135596800) * 1000000 + 12 * HOUR_US), "0001-01-01");
    CHECK_TEXT(first_date(INT64_MIN), "0001-01-01");
    CHECK_TEXT(first_date(INT64_MAX), "9999-12-31");
}

TEST(a_table_is_referenced_where_a_replica_enforces_it)
{
    struct trn_column to_second = {.target = 1};
    struct trn_column leaving = {.target = 0, .may_leave = true};
    struct trn_table tables[] = {
        {.index = 0, .columns = &to_second, .column_count = 1, .window_column = TRN_NO_COLUMN},
        {.index = 1, .columns = &leaving, .column_count = 1, .window_column = 0}};
    struct trn_schema schema = {.tables = tables, .table_count = 2};

    CHECK(!trn_window_is_referenced(&schema, &tables[0]));
    CHECK(trn_window_is_referenced(&schema, &tables[1]));
    CHECK(!trn_window_is_declared(&tables[0]) && trn_window_is_declared(&tables[1]));
}
