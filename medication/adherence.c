/*
 * Adherence: sums of days that are kept beside the rows.
 *
 * A span is read as the whole months in it and the days at its edges, so that a year is a dozen
 * rows of each medication. A month some of whose doses may still be taken is read by its days.
 */
#include "tern/medication/adherence.h"

#include <string.h>

#include "medication/calendar.h"
#include "medication/sums.h"

/* Today where the patient is; of one who is not here, by the preset zone. */
static tern_status read_today(tern_care *care,
                              const tern_id *patient,
                              int64_t now_us,
                              int32_t *ret_day,
                              tern_care_error *error)
{
    const tern_value key = tern_value_id(patient);
    tern_statement *row = NULL;
    char zone[TRN_ZONE_BYTES] = "Asia/Phnom_Penh";
    bool found = false;
    tern_status status = trn_care_bind(care, TRN_SQL_PATIENT, &key, 1, &row, error);

    if (status == TERN_OK) {
        status = tern_statement_step(row, &found, trn_engine_error(error));
    }
    if (status == TERN_OK && found) {
        trn_value_to_text(tern_statement_value(row, 0), zone, sizeof(zone));
        tern_statement_reset(row);
    }
    return status == TERN_OK ? trn_care_local_day(care, zone, now_us, ret_day, NULL, error)
                             : status;
}

struct span {
    char first[TRN_DATE_BYTES];
    char last[TRN_DATE_BYTES];
    char today[TRN_DATE_BYTES];
    char months[TRN_DATE_BYTES];     /* the first day of the whole months */
    char months_end[TRN_DATE_BYTES]; /* the day after them; the same where there are none */
};

/* The first day of the month that begins on the day, or next. */
static int32_t month_from(int32_t day)
{
    struct trn_date date = trn_date_of_day(day);

    return date.day == 1 ? day : day - date.day + 1 + trn_month_days(date.year, date.month);
}

static void split_span(int32_t first, int32_t last, struct span *span)
{
    int32_t months = month_from(first);
    int32_t end = last + 1 - (trn_date_of_day(last + 1).day - 1);

    if (months >= end) {
        months = last + 1;
        end = last + 1;
    }
    trn_day_format(months, span->months);
    trn_day_format(end, span->months_end);
}

static tern_status read_span(const tern_adherence_query *query,
                             int32_t today,
                             struct span *span,
                             tern_care_error *error)
{
    int32_t last = today;
    int32_t first = INT32_MIN;

    if (query->last_date != NULL &&
        !trn_day_parse(query->last_date, strlen(query->last_date), &last)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    if (query->first_date != NULL &&
        !trn_day_parse(query->first_date, strlen(query->first_date), &first)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    if (query->last_date != NULL && first > last) {
        return trn_problem(error, TERN_PROBLEM_END_DATE, 0, 0);
    }
    last = last < today ? last : today;
    first = query->first_date != NULL ? first : last - (TERN_ADHERENCE_DAYS - 1);
    trn_day_format(first, span->first);
    trn_day_format(last, span->last);
    trn_day_format(today, span->today);
    split_span(first, last, span);
    return TERN_OK;
}

static tern_status visit_sums(tern_statement *row,
                              tern_adherence_by by,
                              tern_adherence_visitor visitor,
                              void *context,
                              tern_care_error *error)
{
    bool more = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && more) {
        tern_adherence sum = {.on_time = 0};

        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status != TERN_OK || !more) {
            break;
        }
        if (by == TERN_ADHERENCE_DAY) {
            trn_value_to_text(tern_statement_value(row, 0), sum.local_date, sizeof(sum.local_date));
        } else if (by == TERN_ADHERENCE_PERIOD) {
            sum.period =
                tern_statement_value(row, 0).integer != 0 ? TERN_PERIOD_NIGHT : TERN_PERIOD_DAYTIME;
        } else if (by == TERN_ADHERENCE_MEDICATION) {
            sum.medication = trn_value_to_id(tern_statement_value(row, 0));
        }
        sum.on_time = tern_statement_value(row, 1).integer;
        sum.late = tern_statement_value(row, 2).integer;
        sum.skipped = tern_statement_value(row, 3).integer;
        sum.missed = tern_statement_value(row, 4).integer;
        sum.taken = sum.on_time + sum.late;
        sum.scheduled = sum.taken + sum.skipped + sum.missed;
        more = visitor(context, &sum);
    }
    tern_statement_reset(row);
    return status;
}

static tern_status read_sums(tern_care *care,
                             const tern_adherence_query *query,
                             const tern_id *patient,
                             const struct span *span,
                             int64_t now_us,
                             tern_statement **ret_row,
                             tern_care_error *error)
{
    static const enum trn_sql of_all[] = {TRN_SQL_SUMS_ALL,
                                          TRN_SQL_SUMS_BY_DAY,
                                          TRN_SQL_SUMS_BY_PERIOD,
                                          TRN_SQL_SUMS_BY_MEDICATION};
    static const enum trn_sql of_one[] = {TRN_SQL_SUMS_ONE_ALL,
                                          TRN_SQL_SUMS_ONE_BY_DAY,
                                          TRN_SQL_SUMS_ONE_BY_PERIOD,
                                          TRN_SQL_SUMS_ONE_BY_MEDICATION};
    const tern_value values[] = {tern_value_id(patient),
                                 tern_value_text(span->first),
                                 tern_value_text(span->last),
                                 tern_value_integer(now_us),
                                 query->medication != NULL ? tern_value_id(query->medication)
                                                           : tern_value_null(),
                                 tern_value_text(span->months),
                                 tern_value_text(span->months_end)};
    const bool is_one = query->medication != NULL;
    const bool by_day = query->by == TERN_ADHERENCE_DAY;

    return trn_care_bind(care,
                         is_one ? of_one[query->by] : of_all[query->by],
                         values,
                         by_day ? (is_one ? 5 : 4) : 7,
                         ret_row,
                         error);
}

static tern_status
read_whole(tern_care *care, const struct span *span, bool *ret_is_whole, tern_care_error *error)
{
    tern_statement *row = NULL;
    char since[TRN_DATE_BYTES];
    tern_status status =
        trn_care_row(care, TRN_SQL_SUMS_SINCE, NULL, 0, TERN_PROBLEM_NONE, &row, error);

    if (status == TERN_OK) {
        trn_value_to_text(tern_statement_value(row, 0), since, sizeof(since));
        *ret_is_whole = strcmp(since, span->first) <= 0;
        tern_statement_reset(row);
    }
    return status;
}

tern_status tern_adherence_read(tern_care *care,
                                const tern_adherence_query *query,
                                tern_adherence_visitor visitor,
                                void *context,
                                bool *ret_is_whole,
                                tern_care_error *error)
{
    const tern_adherence_query all = {.size = sizeof(all)};
    const tern_id *patient;
    struct span span;
    tern_statement *row = NULL;
    bool is_whole = false;
    int64_t now_us = 0;
    int32_t today = 0;
    tern_status status;

    trn_care_clear(error);
    query = query != NULL ? query : &all;
    if (care == NULL || visitor == NULL || query->size != sizeof(*query) ||
        (unsigned)query->by > TERN_ADHERENCE_MEDICATION) {
        return trn_care_misuse(error, "tern_adherence_read");
    }
    patient = query->patient != NULL ? query->patient : &care->user;
    status = trn_care_now(care, &now_us, error);
    if (status == TERN_OK) {
        status = read_today(care, patient, now_us, &today, error);
    }
    if (status == TERN_OK) {
        status = read_span(query, today, &span, error);
    }
    if (status == TERN_OK && !care->has_sums) {
        status = trn_sums_open(care, false, error);
    }
    if (status == TERN_OK) {
        status = trn_sums_catch_up(care, patient, span.today, error);
    }
    if (status == TERN_OK) {
        status = read_whole(care, &span, &is_whole, error);
    }
    if (status == TERN_OK) {
        status = read_sums(care, query, patient, &span, now_us, &row, error);
    }
    if (status == TERN_OK) {
        status = visit_sums(row, query->by, visitor, context, error);
    }
    if (status == TERN_OK && ret_is_whole != NULL) {
        *ret_is_whole = is_whole;
    }
    return status;
}

tern_status tern_adherence_rebuild(tern_care *care, tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_adherence_rebuild");
    }
    return trn_sums_open(care, true, error);
}
