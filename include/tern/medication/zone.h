/**
 * Time zones: a port that knows the offsets of IANA zones, and local time both ways on top of it.
 *
 * Schedules run by the patient's zone, never by the phone's. The port answers one question only, so
 * that a host can answer it with what its platform has; tern_posix_zones reads the system's files.
 */
#ifndef TERN_ZONE_H
#define TERN_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "tern/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Called on the caller's thread, one call at a time for one handle that it was given to. */
typedef struct tern_zone_port {
    void *context;
    /**
     * The offset of `zone` at a moment: seconds to add to UTC, east positive.
     *
     * @return TERN_OK, TERN_ERR_NOT_FOUND (no such zone), _FORMAT (a name that is none), _CORRUPT
     * (what is known of the zone cannot be read), _IO, _NOMEM.
     */
    tern_status (*offset)(void *context,
                          const char *zone,
                          int64_t utc_us,
                          int32_t *ret_offset_s,
                          tern_error *error);
} tern_zone_port;

/** What a calendar and a clock on the wall say. The Gregorian calendar, also before 1582. */
typedef struct tern_local_time {
    int32_t year;
    int32_t month;  /* 1 to 12 */
    int32_t day;    /* 1 to 31 */
    int32_t hour;   /* 0 to 23 */
    int32_t minute; /* 0 to 59 */
    int32_t second; /* 0 to 59 */
} tern_local_time;

/** How a local time met the zone's changes. */
typedef enum tern_zone_fit {
    TERN_ZONE_FITS = 0,   /* it happens once */
    TERN_ZONE_GAP = 1,    /* it was skipped; moved forward by the length of the gap */
    TERN_ZONE_OVERLAP = 2 /* it happens twice; the first is taken */
} tern_zone_fit;

/** The local time at a moment; fractions of a second are dropped. The port's codes, and
 * TERN_ERR_MISUSE, or _RANGE outside the years 1 to 9999. */
TERN_API TERN_MUST_USE tern_status tern_zone_to_local(const tern_zone_port *port,
                                                      const char *zone,
                                                      int64_t utc_us,
                                                      tern_local_time *ret_local,
                                                      tern_error *error);

/**
 * The moment of a local time.
 *
 * One that a change of the clock skips is moved forward by the length of the gap: 02:30, where
 * 02:00 became 03:00, is 03:30. Of one that happens twice the first is taken.
 *
 * @param ret_fit May be NULL.
 * @return The port's codes, TERN_ERR_MISUSE, or _RANGE for a date or time that does not exist.
 */
TERN_API TERN_MUST_USE tern_status tern_zone_to_utc(const tern_zone_port *port,
                                                    const char *zone,
                                                    const tern_local_time *local,
                                                    int64_t *ret_utc_us,
                                                    tern_zone_fit *ret_fit,
                                                    tern_error *error);

/** The zones of a system's folder of TZif files (RFC 8536, version 2 and later), read once each.
 * What else stands there is no zone (TERN_ERR_FORMAT): localtime, which is another one on each
 * machine, posixrules, Factory, and what is in posix/ and right/. */
typedef struct tern_posix_zones tern_posix_zones;

/**
 * Opens a folder of zones. Nothing is read before a zone is asked for.
 *
 * @param folder    Copied; NULL means /usr/share/zoneinfo.
 * @param ret_zones Closed with tern_posix_zones_close.
 * @return TERN_OK, TERN_ERR_MISUSE, _NOMEM.
 */
TERN_API TERN_MUST_USE tern_status tern_posix_zones_open(const char *folder,
                                                         tern_posix_zones **ret_zones,
                                                         tern_error *error);
/** Fills in a port that lives as long as `zones`; of NULL one that every call refuses (MISUSE). One
 * call at a time. */
TERN_API void tern_posix_zones_port(tern_posix_zones *zones, tern_zone_port *ret_port);
/** NULL is accepted. */
TERN_API void tern_posix_zones_close(tern_posix_zones *zones);

#ifdef __cplusplus
}
#endif
#endif
