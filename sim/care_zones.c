/* Offsets by a rule for each half of the year; what is asked of a zone is nothing else. */
#include "sim/care_zones.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/world.h"

/* A change of the clock: the nth Sunday of a month (5: the last), at an hour of UTC. */
struct change {
    int month; /* 0: never */
    int nth;
    int hour;
};

static const struct zone {
    const char *name;
    int32_t standard_s;
    int32_t summer_s;
    struct change start;
    struct change end;
} zones[] = {
    {"Asia/Phnom_Penh", 7 * 3600, 0, {0, 0, 0}, {0, 0, 0}},
    {"UTC", 0, 0, {0, 0, 0}, {0, 0, 0}},
    {"Asia/Kathmandu", 5 * 3600 + 45 * 60, 0, {0, 0, 0}, {0, 0, 0}},
    {"Europe/Paris", 3600, 7200, {3, 5, 1}, {10, 5, 1}},
    {"America/New_York", -5 * 3600, -4 * 3600, {3, 2, 7}, {11, 1, 6}},
};

enum { ZONES = sizeof zones / sizeof *zones };

const char *sim_zones_name(unsigned nth)
{
    return zones[nth % ZONES].name;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* The moment of a change in a year, in seconds: these lives begin in 2025. */
static int64_t change_at(const struct change *change, int year)
{
    int first = 10957; /* 2000-01-01 */
    int ahead;

    for (int i = 2000; i < year; i++) {
        first += is_leap(i) ? 366 : 365;
    }
    for (int i = 1; i < change->month; i++) {
        first += days_in(i, year);
    }
    ahead = (7 - (first + 4) % 7) % 7 + (change->nth - 1) * 7;
    while (ahead >= days_in(change->month, year)) {
        ahead -= 7;
    }
    return (int64_t)(first + ahead) * 86400 + change->hour * 3600;
}

static int32_t offset_of(const struct zone *zone, int64_t utc_s)
{
    time_t at = utc_s;
    struct tm day;
    int year;

    if (zone->start.month == 0 || gmtime_r(&at, &day) == NULL) {
        return zone->standard_s;
    }
    year = day.tm_year + 1900;
    return utc_s >= change_at(&zone->start, year) && utc_s < change_at(&zone->end, year)
               ? zone->summer_s
               : zone->standard_s;
}

static const struct zone *find(const char *name)
{
    for (size_t i = 0; i < ZONES; i++) {
        if (strcmp(zones[i].name, name) == 0) {
            return &zones[i];
        }
    }
    return NULL;
}

static int64_t seconds(int64_t us)
{
    return us / SIM_SECOND_US - (us % SIM_SECOND_US < 0);
}

static tern_status
offset(void *context, const char *name, int64_t utc_us, int32_t *ret_offset_s, tern_error *error)
{
    const struct zone *zone = find(name);

    (void)context;
    if (zone == NULL) {
        if (error != NULL) {
            *error = (tern_error){.status = TERN_ERR_NOT_FOUND};
        }
        return TERN_ERR_NOT_FOUND;
    }
    *ret_offset_s = offset_of(zone, seconds(utc_us));
    return TERN_OK;
}

const tern_zone_port sim_zones = {NULL, offset};

void sim_zones_date(const char *name, int64_t utc_us, int days, char ret_date[11])
{
    const struct zone *zone = find(name);
    time_t at = seconds(utc_us) + (zone != NULL ? offset_of(zone, seconds(utc_us)) : 0);
    struct tm day;

    at += (time_t)days * 86400;
    if (gmtime_r(&at, &day) == NULL || strftime(ret_date, 11, "%Y-%m-%d", &day) == 0) {
        abort();
    }
}
