/* The moments of a regimen's doses in a zone, and the times of meals. */
#include "medication/plan.h"

#include <string.h>

#include "base/error.h"
#include "medication/calendar.h"

enum { DAYS_MAX = 400, HOURS = 24 };

/* Fills in the dose, and the minute since 1970 that the clock will show, if it skips the one that
 * was meant. */
static tern_status plan(const tern_zone_port *zones,
                        const char *zone,
                        int32_t day,
                        const struct trn_day_time *time,
                        tern_planned_dose *ret_dose,
                        tern_zone_fit *ret_fit,
                        int64_t *ret_minute,
                        tern_error *error)
{
    int64_t minute;
    int32_t on = day + (int32_t)trn_floor_divide(time->minute, TRN_DAY_MINUTES, &minute);
    struct trn_date date = trn_date_of_day(on);
    tern_local_time local = {.year = date.year,
                             .month = date.month,
                             .day = date.day,
                             .hour = (int32_t)minute / 60,
                             .minute = (int32_t)minute % 60};
    tern_status status =
        tern_zone_to_utc(zones, zone, &local, &ret_dose->scheduled_us, ret_fit, error);

    if (status == TERN_OK) { /* what the clock will show, which in a gap is another time */
        status = tern_zone_to_local(zones, zone, ret_dose->scheduled_us, &local, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_day_format(day, ret_dose->local_date);
    memcpy(ret_dose->slot, time->slot, sizeof(ret_dose->slot));
    ret_dose->period = strcmp(time->slot, "NIGHT") == 0 ? TERN_PERIOD_NIGHT
                       : time->slot[2] == ':'           ? trn_minute_period(time->minute)
                                                        : TERN_PERIOD_DAYTIME;
    trn_minute_format(local.hour * 60 + local.minute, ret_dose->reminder_time);
    date = (struct trn_date){local.year, local.month, local.day};
    *ret_minute =
        (int64_t)trn_day_of_date(date) * TRN_DAY_MINUTES + (int64_t)local.hour * 60 + local.minute;
    return TERN_OK;
}

tern_status trn_plan_dose(const tern_zone_port *zones,
                          const char *zone,
                          int32_t day,
                          const struct trn_day_time *time,
                          tern_planned_dose *ret_dose,
                          tern_error *error)
{
    tern_zone_fit fit;
    int64_t minute;

    return plan(zones, zone, day, time, ret_dose, &fit, &minute, error);
}

/* Whether a dose is meant for that minute since 1970. The minutes of a day's doses lie less than a
 * day beside it. */
static bool has_minute(const struct trn_regimen *regimen, int64_t minute)
{
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    int64_t rest;
    int32_t on = (int32_t)trn_floor_divide(minute, TRN_DAY_MINUTES, &rest);

    for (int32_t day = on - 1; day <= on + 1; day++) {
        size_t count = trn_regimen_day(regimen, day, times);

        for (size_t i = 0; i < count; i++) {
            if ((int64_t)day * TRN_DAY_MINUTES + times[i].minute == minute) {
                return true;
            }
        }
    }
    return false;
}

tern_status trn_plan_day(const tern_zone_port *zones,
                         const char *zone,
                         const struct trn_regimen *regimen,
                         int32_t day,
                         tern_planned_dose *ret_doses,
                         size_t *ret_count,
                         tern_error *error)
{
    struct trn_day_time times[TRN_DAY_TIMES_MAX];
    size_t count = trn_regimen_day(regimen, day, times);
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        tern_zone_fit fit = TERN_ZONE_FITS;
        int64_t minute = 0;
        tern_status status =
            plan(zones, zone, day, &times[i], &ret_doses[kept], &fit, &minute, error);

        if (status != TERN_OK) {
            return status;
        }
        kept += fit == TERN_ZONE_GAP && has_minute(regimen, minute) ? 0 : 1;
    }
    *ret_count = kept;
    return TERN_OK;
}

/* No clock skips anything around a day that begins and ends by one offset. */
static bool may_skip(const tern_zone_port *zones, const char *zone, int32_t day)
{
    enum { AROUND = 3 };
    const int64_t from_us = (day - AROUND) * TRN_DAY_US;
    const int64_t to_us = (day + AROUND) * TRN_DAY_US;
    int32_t before = 0;
    int32_t after = 0;
    tern_error cause;

    return zones->offset(zones->context, zone, from_us, &before, &cause) == TERN_OK &&
           zones->offset(zones->context, zone, to_us, &after, &cause) == TERN_OK && before != after;
}

bool trn_plan_yields(const tern_zone_port *zones,
                     const char *zone,
                     const struct trn_regimen *regimen,
                     int32_t day,
                     const char *slot,
                     size_t size)
{
    tern_planned_dose doses[TRN_DAY_TIMES_MAX];
    tern_error cause;
    size_t count = 0;
    bool yields = trn_regimen_yields(regimen, day, slot, size);

    if (!yields || !may_skip(zones, zone, day) ||
        trn_plan_day(zones, zone, regimen, day, doses, &count, &cause) != TERN_OK) {
        return yields;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(doses[i].slot) == size && memcmp(doses[i].slot, slot, size) == 0) {
            return true;
        }
    }
    return false;
}

static tern_status visit_day(const tern_zone_port *zones,
                             const tern_regimen *source,
                             const struct trn_regimen *regimen,
                             int32_t day,
                             tern_planned_dose_visitor visitor,
                             void *context,
                             bool *ret_more,
                             tern_error *error)
{
    tern_planned_dose doses[TRN_DAY_TIMES_MAX];
    size_t count = 0;
    tern_status status = trn_plan_day(zones, source->zone, regimen, day, doses, &count, error);

    for (size_t i = 0; status == TERN_OK && *ret_more && i < count; i++) {
        doses[i].grace_minutes = source->grace_minutes;
        *ret_more = visitor(context, &doses[i]);
    }
    return status;
}

tern_status tern_schedule_plan(const tern_zone_port *zones,
                               const tern_regimen *regimen,
                               const char *first_date,
                               uint32_t days,
                               tern_planned_dose_visitor visitor,
                               void *context,
                               bool *ret_understood,
                               tern_error *error)
{
    struct trn_regimen rule;
    int32_t first = 0;
    bool more = true;
    tern_status status = TERN_OK;

    trn_error_clear(error);
    if (zones == NULL || regimen == NULL || regimen->size != sizeof(*regimen) ||
        regimen->zone == NULL || first_date == NULL || visitor == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "tern_schedule_plan: an argument is missing");
    }
    if (days > DAYS_MAX || regimen->duration_days < 0 || regimen->grace_minutes < 0 ||
        !trn_day_parse(first_date, strlen(first_date), &first) ||
        !trn_regimen_read(regimen, &rule)) {
        return trn_fail(error, TERN_ERR_RANGE, "a date, a meal or a number is none");
    }
    for (uint32_t i = 0; status == TERN_OK && more && i < days; i++) {
        status =
            visit_day(zones, regimen, &rule, first + (int32_t)i, visitor, context, &more, error);
    }
    if (status == TERN_OK && ret_understood != NULL) {
        *ret_understood = rule.is_understood;
    }
    return status;
}

/* One end of a range, as it stands: half of the day not yet said. */
struct clock {
    int32_t hour;
    int32_t minute;
    enum { UNSAID, AM, PM } half;
};

static bool take_digits(const char **at, int32_t *ret_number)
{
    const char *start = *at;

    *ret_number = 0;
    while (**at >= '0' && **at <= '9' && *at - start < 2) {
        *ret_number = *ret_number * 10 + (**at - '0');
        (*at)++;
    }
    return *at > start;
}

static bool take_half(const char **at, struct clock *clock)
{
    char letter = **at;

    clock->half = UNSAID;
    if (letter != 'A' && letter != 'a' && letter != 'P' && letter != 'p') {
        return true;
    }
    if ((*at)[1] != 'M' && (*at)[1] != 'm') {
        return false;
    }
    clock->half = letter == 'A' || letter == 'a' ? AM : PM;
    *at += 2;
    return true;
}

static bool take_clock(const char **at, struct clock *clock)
{
    clock->minute = 0;
    *at += strspn(*at, " ");
    if (!take_digits(at, &clock->hour)) {
        return false;
    }
    if (**at == ':') {
        (*at)++;
        if (!take_digits(at, &clock->minute)) {
            return false;
        }
    }
    *at += strspn(*at, " ");
    if (!take_half(at, clock)) {
        return false;
    }
    *at += strspn(*at, " ");
    return clock->minute < 60 &&
           (clock->half == UNSAID ? clock->hour < HOURS : clock->hour >= 1 && clock->hour <= 12);
}

static int32_t clock_minute(const struct clock *clock)
{
    int32_t hour = clock->hour;

    if (clock->half != UNSAID) {
        hour = hour % 12 + (clock->half == PM ? 12 : 0);
    }
    return hour * 60 + clock->minute;
}

/* "11-1PM" begins in the morning, "6-7PM" does not. */
static int32_t range_start(struct clock start, const struct clock *end)
{
    if (start.half == UNSAID && end->half != UNSAID && start.hour >= 1 && start.hour <= 12) {
        start.half = end->half;
        if (clock_minute(&start) > clock_minute(end)) {
            start.half = end->half == PM ? AM : PM;
        }
    }
    return clock_minute(&start);
}

bool tern_meal_parse(const char *text, int32_t *ret_minutes)
{
    struct clock start;
    struct clock end;
    const char *at = text;
    int32_t from;

    if (text == NULL || ret_minutes == NULL || !take_clock(&at, &start)) {
        return false;
    }
    if (*at == '\0') {
        *ret_minutes = clock_minute(&start);
        return true;
    }
    if (*at++ != '-' || !take_clock(&at, &end) || *at != '\0') {
        return false;
    }
    from = range_start(start, &end);
    if (from > clock_minute(&end)) {
        return false;
    }
    *ret_minutes = (from + clock_minute(&end)) / 2;
    return true;
}
