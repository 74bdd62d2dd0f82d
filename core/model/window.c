/* Dates are compared as texts, which order as the days do. */
#include "model/window.h"

#include <stdio.h>
#include <string.h>

/* A day in the westernmost time zone ends so long after the next one has begun in UTC. */
#define WEST_US (TRN_DAY_US / 2)

bool trn_window_is_declared(const struct trn_table *table)
{
    return table->window_column != TRN_NO_COLUMN;
}

static bool references(const struct trn_table *from, const struct trn_table *table)
{
    for (size_t i = 0; i < from->column_count; i++) {
        if (from->columns[i].target == table->index && !from->columns[i].may_leave) {
            return true;
        }
    }
    return false;
}

bool trn_window_is_referenced(const struct trn_schema *schema, const struct trn_table *table)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (references(&schema->tables[i], table)) {
            return true;
        }
    }
    return false;
}

int64_t trn_window_floor(int64_t now_us, uint32_t days)
{
    return now_us - (int64_t)days * TRN_DAY_US;
}

/* Of the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March. */
static void write_date(int64_t days, char room[TRN_DATE_BYTES])
{
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = shifted / 146097;
    int64_t day = shifted % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t in_year = day - (365 * year + year / 4 - year / 100);
    int64_t march = (5 * in_year + 2) / 153; /* months since March */
    int64_t month = march < 10 ? march + 3 : march - 9;

    year += era * 400 + (month <= 2 ? 1 : 0);
    (void)snprintf(room,
                   TRN_DATE_BYTES,
                   "%04u-%02u-%02u",
                   (unsigned)(year % 10000),
                   (unsigned)(month % 100),
                   (unsigned)((in_year - (153 * march + 2) / 5 + 1) % 100));
}

/* The first day that has not ended everywhere; years 1 to 9999. */
static void write_first_date(int64_t floor_us, char room[TRN_DATE_BYTES])
{
    const int64_t first = -719162; /* 0001-01-01 */
    const int64_t last = 2932896;  /* 9999-12-31 */
    int64_t us = floor_us < INT64_MIN + WEST_US ? INT64_MIN : floor_us - WEST_US;
    int64_t days = us / TRN_DAY_US - (us % TRN_DAY_US < 0 ? 1 : 0);

    write_date(days < first ? first : days > last ? last : days, room);
}

tern_value trn_window_bound(enum trn_type type, int64_t floor_us, char room[TRN_DATE_BYTES])
{
    if (type != TRN_TYPE_DATE) {
        return (tern_value){.kind = TERN_INTEGER, .integer = floor_us};
    }
    write_first_date(floor_us, room);
    return (tern_value){.kind = TERN_TEXT, .data = room, .size = strlen(room)};
}

bool trn_window_covers(enum trn_type type, int64_t floor_us, const tern_value *value)
{
    char room[TRN_DATE_BYTES];
    tern_value bound;

    if (value->kind == TERN_INTEGER) {
        return value->integer >= floor_us;
    }
    if (value->kind != TERN_TEXT || value->size != TRN_DATE_BYTES - 1) {
        return true;
    }
    bound = trn_window_bound(type, floor_us, room);
    return bound.kind != TERN_TEXT || memcmp(value->data, bound.data, bound.size) >= 0;
}
