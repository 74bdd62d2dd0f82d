/**
 * One time zone as a TZif file tells it (RFC 8536): its changes so far, and the rule for the time
 * after the last of them.
 *
 * Bytes are judged before they are believed: what is read has ascending changes, offsets within a
 * day and a bit, and kinds that exist.
 */
#ifndef TRN_MEDICATION_TZIF_H
#define TRN_MEDICATION_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/error.h"

enum {
    TRN_ZONE_OFFSET_MAX = 26 * 60 * 60, /* seconds from UTC, either way */
    TRN_ZONE_KINDS_MAX = 256
};

/** The day of a yearly change, and the local time of it. */
struct trn_rule_day {
    enum { TRN_RULE_JULIAN, TRN_RULE_ORDINAL, TRN_RULE_MONTH } form;
    int32_t month;   /* of TRN_RULE_MONTH: 1 to 12 */
    int32_t week;    /* 1 to 5, which is the last */
    int32_t weekday; /* 0 for Sunday */
    int32_t day;     /* 1 to 365 without leap days (JULIAN), or 0 to 365 (ORDINAL) */
    int32_t time_s;  /* local time of the change, up to a week away from its day */
};

/** A POSIX TZ text: one offset, or two and when the year changes between them. */
struct trn_rule {
    int32_t standard_s; /* east positive */
    int32_t summer_s;
    bool has_summer;
    struct trn_rule_day start; /* of the summer offset */
    struct trn_rule_day end;
};

/** Reads `size` bytes such as "EST5EDT,M3.2.0,M11.1.0". False, and `ret_rule` as it was, where they
 * are no such text; times of day may be -167 to 167 hours, as RFC 8536 allows. */
bool trn_rule_parse(const char *text, size_t size, struct trn_rule *ret_rule);

/** Seconds east of UTC at a moment, in seconds since 1970. */
int32_t trn_rule_offset(const struct trn_rule *rule, int64_t utc_s);

struct trn_tzif {
    int64_t *times;   /* `count` moments, ascending */
    int32_t *offsets; /* the offset from each on */
    size_t count;
    int32_t first_s; /* the offset before all of them */
    struct trn_rule rule;
    bool has_rule;
};

/** Reads a file's bytes. TERN_ERR_CORRUPT, saying what is wrong, or _NOMEM; `ret_zone` is untouched
 * then, else freed with trn_tzif_free. */
TERN_MUST_USE tern_status trn_tzif_read(const void *data,
                                        size_t size,
                                        struct trn_tzif *ret_zone,
                                        tern_error *error);
int32_t trn_tzif_offset(const struct trn_tzif *zone, int64_t utc_s);
void trn_tzif_free(struct trn_tzif *zone);

#endif
