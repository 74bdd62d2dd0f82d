/* Local time both ways over a port that knows offsets alone. Two changes of a zone lie more than
 * two days apart, so the offsets a day before and a day after are those on either side of a change.
 */
#include "tern/medication/zone.h"

#include <stddef.h>

#include "base/error.h"
#include "medication/calendar.h"

static bool exists(const tern_local_time *local)
{
    return local->year >= 1 && local->year <= 9999 && local->month >= 1 && local->month <= 12 &&
           local->day >= 1 && local->day <= trn_month_days(local->year, local->month) &&
           local->hour >= 0 && local->hour <= 23 && local->minute >= 0 && local->minute <= 59 &&
           local->second >= 0 && local->second <= 59;
}

tern_status tern_zone_to_local(const tern_zone_port *port,
                               const char *zone,
                               int64_t utc_us,
                               tern_local_time *ret_local,
                               tern_error *error)
{
    struct trn_date date;
    int64_t second;
    int64_t day;
    int64_t rest;
    int32_t offset = 0;
    tern_status status;

    trn_error_clear(error);
    if (port == NULL || port->offset == NULL || zone == NULL || ret_local == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "tern_zone_to_local: an argument is missing");
    }
    status = port->offset(port->context, zone, utc_us, &offset, error);
    if (status != TERN_OK) {
        return status;
    }
    day = trn_floor_divide(trn_floor_divide(utc_us, TRN_SECOND_US, &rest) + offset,
                           TRN_DAY_SECONDS,
                           &second);
    if (day < TRN_DAY_MIN || day > TRN_DAY_MAX) {
        return trn_fail(error, TERN_ERR_RANGE, "a time outside the years 1 to 9999");
    }
    date = trn_date_of_day((int32_t)day);
    *ret_local = (tern_local_time){.year = date.year,
                                   .month = date.month,
                                   .day = date.day,
                                   .hour = (int32_t)(second / 3600),
                                   .minute = (int32_t)(second / 60 % 60),
                                   .second = (int32_t)(second % 60)};
    return TERN_OK;
}

/* Whether the zone has `offset_s` at the moment that the local time means with it. */
static tern_status holds(const tern_zone_port *port,
                         const char *zone,
                         int64_t local_us,
                         int32_t offset_s,
                         bool *ret_holds,
                         tern_error *error)
{
    int32_t there = 0;
    tern_status status =
        port->offset(port->context, zone, local_us - offset_s * TRN_SECOND_US, &there, error);

    *ret_holds = status == TERN_OK && there == offset_s;
    return status;
}

static tern_status resolve(const tern_zone_port *port,
                           const char *zone,
                           int64_t local_us,
                           int32_t *ret_offset_s,
                           tern_zone_fit *ret_fit,
                           tern_error *error)
{
    int32_t before = 0;
    int32_t after = 0;
    bool by_before = false;
    bool by_after = false;
    tern_status status = port->offset(port->context, zone, local_us - TRN_DAY_US, &before, error);

    if (status == TERN_OK) {
        status = port->offset(port->context, zone, local_us + TRN_DAY_US, &after, error);
    }
    if (status == TERN_OK) {
        status = holds(port, zone, local_us, before, &by_before, error);
    }
    if (status == TERN_OK) {
        status = holds(port, zone, local_us, after, &by_after, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_fit = TERN_ZONE_FITS;
    if (!by_before && !by_after) {
        *ret_fit =
            TERN_ZONE_GAP; /* by the old offset it lands as far behind the gap as it was in */
    } else if (by_before && by_after && before != after) {
        *ret_fit = TERN_ZONE_OVERLAP;
    }
    *ret_offset_s = by_after && !by_before ? after : before;
    return TERN_OK;
}

tern_status tern_zone_to_utc(const tern_zone_port *port,
                             const char *zone,
                             const tern_local_time *local,
                             int64_t *ret_utc_us,
                             tern_zone_fit *ret_fit,
                             tern_error *error)
{
    tern_zone_fit fit = TERN_ZONE_FITS;
    int32_t offset = 0;
    int64_t local_us;
    tern_status status;

    trn_error_clear(error);
    if (port == NULL || port->offset == NULL || zone == NULL || local == NULL ||
        ret_utc_us == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "tern_zone_to_utc: an argument is missing");
    }
    if (!exists(local)) {
        return trn_fail(error, TERN_ERR_RANGE, "a local time that does not exist");
    }
    local_us =
        trn_day_of_date((struct trn_date){local->year, local->month, local->day}) * TRN_DAY_US +
        (local->hour * 3600 + local->minute * 60 + local->second) * TRN_SECOND_US;
    status = resolve(port, zone, local_us, &offset, &fit, error);
    if (status != TERN_OK) {
        return status;
    }
    *ret_utc_us = local_us - offset * TRN_SECOND_US;
    if (ret_fit != NULL) {
        *ret_fit = fit;
    }
    return TERN_OK;
}
