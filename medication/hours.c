/* Hours that an edit changes: they go on from the last dose, so that the next one comes no sooner
 * after it than they say. */
#include "medication/hours.h"

#include <string.h>

#include "medication/calendar.h"
#include "medication/form.h"

enum { GRACE_MAX = 60, NOWHERE = -1 };

/* The dose that an earlier rule had last, in minutes from midnight before 1970. */
struct last_dose {
    bool found;
    bool by_slot; /* it is named by a slot of the day, and not by its time */
    int64_t minute;
};

/* The days in which the last dose of the old hours lies, and any that is nearer than the new. */
static int32_t reach(const struct trn_regimen *old, const struct trn_regimen *rule)
{
    const bool is_longer = old->every == TRN_EVERY_MINUTES && old->period > rule->period;

    return (is_longer ? old->period : rule->period) / TRN_DAY_MINUTES + 2;
}

static void
find_last(const struct trn_regimen *rule, int64_t now, int32_t back_days, struct last_dose *last)
{
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    int64_t rest;
    int32_t today = (int32_t)trn_floor_divide(now, TRN_DAY_MINUTES, &rest);

    *last = (struct last_dose){.found = false};
    for (int32_t day = today - back_days; day <= today + 1; day++) {
        size_t count = trn_regimen_day(rule, day, times);

        for (size_t i = 0; i < count; i++) {
            int64_t minute = (int64_t)day * TRN_DAY_MINUTES + times[i].minute;

            if (minute <= now && (!last->found || minute >= last->minute)) {
                *last = (struct last_dose){true, times[i].slot[2] != ':', minute};
            }
        }
    }
}

/* A dose named by a slot would stand there twice, by its time as well, while its grace runs. */
static bool may_go_on(const struct last_dose *last, int64_t now)
{
    return last->found && (!last->by_slot || now - last->minute > GRACE_MAX);
}

/* Whether hours from where the old ones were counted have a dose at that minute of the new first
 * day, or begin long enough after it. */
static bool stand_as_they_are(const struct trn_regimen *old, int32_t period, int64_t minute)
{
    return (minute - old->anchor_minute) % period == 0 ||
           (minute < 0 && minute + period <= old->anchor_minute);
}

/* Of the rule that stands there: the minute of the new first day from which the hours of `edited`
 * go on. Where longer hours had put it past the first day, shorter ones would leave a gap there. */
static int32_t
go_on(const struct trn_source *source, const tern_medicine *edited, int32_t first_day, int64_t now)
{
    const struct trn_regimen *old = &source->rule;
    struct trn_regimen rule;
    struct last_dose last;
    tern_regimen regimen;
    int64_t minute;

    trn_medicine_regimen(edited, source->start, &regimen);
    if (!old->is_understood || !trn_regimen_read(&regimen, &rule) || !rule.is_understood ||
        rule.every != TRN_EVERY_MINUTES) {
        return NOWHERE;
    }
    find_last(old, now, reach(old, &rule), &last);
    if (!may_go_on(&last, now)) {
        return NOWHERE;
    }
    minute = last.minute - (int64_t)first_day * TRN_DAY_MINUTES;
    if (old->anchor_minute < TRN_DAY_MINUTES && stand_as_they_are(old, rule.period, minute)) {
        return NOWHERE;
    }
    (void)trn_floor_divide(minute, rule.period, &minute);
    return (int32_t)minute;
}

/* Of TRN_SQL_MEDICATION, behind the source, the prescription and the patient. */
enum { HAS_TURNED = TRN_SOURCE_COLUMNS + 2 };

/* As it stands, and its first day once the prescription starts on `start_date`. A pause leaves the
 * last dose where it was. What cannot be read has none. */
static tern_status read_source(tern_care *care,
                               const tern_id *medication,
                               const char *start_date,
                               struct trn_source *source,
                               int32_t *ret_first_day,
                               tern_care_error *error)
{
    const tern_value key = tern_value_id(medication);
    tern_value values[TRN_SOURCE_COLUMNS];
    struct trn_source moved = {.start = ""};
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(care, TRN_SQL_MEDICATION, &key, 1, TERN_PROBLEM_NO_MEDICATION, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    for (int i = 0; i < TRN_SOURCE_COLUMNS; i++) {
        values[i] = tern_statement_value(row, i);
    }
    if (tern_statement_value(row, HAS_TURNED).integer != 0) {
        values[TRN_SOURCE_ACTIVE] = tern_value_integer(1);
    }
    status = trn_source_make(&care->zones, values, source, trn_engine_error(error));
    if (start_date != NULL) {
        values[TRN_SOURCE_START] = tern_value_text(start_date);
    }
    if (status == TERN_OK) {
        status = trn_source_make(&care->zones, values, &moved, trn_engine_error(error));
    }
    tern_statement_reset(row);
    (void)trn_day_parse(moved.start, strlen(moved.start), ret_first_day);
    return status == TERN_ERR_RANGE ? trn_problem(error, TERN_PROBLEM_ZONE, 0, 0)
                                    : trn_zone_failed(status, error);
}

static tern_status read_minute(tern_care *care,
                               const tern_medicine *edited,
                               const char *start_date,
                               int32_t *ret_minute,
                               tern_care_error *error)
{
    tern_local_time local = {0};
    struct trn_source source;
    int64_t now_us = 0;
    int32_t first_day = 0;
    int32_t day = 0;
    tern_status status = read_source(care, &edited->id, start_date, &source, &first_day, error);

    if (status == TERN_OK) {
        status = trn_care_now(care, &now_us, error);
    }
    if (status == TERN_OK) {
        status = trn_care_local_day(care, source.zone, now_us, &day, &local, error);
    }
    if (status == TERN_OK) {
        *ret_minute =
            go_on(&source,
                  edited,
                  first_day,
                  (int64_t)day * TRN_DAY_MINUTES + (int64_t)local.hour * 60 + local.minute);
    }
    return status;
}

tern_status trn_hours_go_on(tern_care *care,
                            const tern_medicine *edited,
                            const char *start_date,
                            int32_t *ret_minute,
                            tern_care_error *error)
{
    tern_care_error cause = {.problem = TERN_PROBLEM_NONE};
    tern_status status = read_minute(care, edited, start_date, ret_minute, &cause);

    if (cause.problem == TERN_PROBLEM_ZONE) {
        *ret_minute = NOWHERE;
        return TERN_OK;
    }
    if (status != TERN_OK && error != NULL) {
        *error = cause;
    }
    return status;
}
