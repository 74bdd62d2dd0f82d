/* A second reckoning of when doses are due: from the words and times of the raw rows, by
 * docs/MEDICATION.md and by the C library's zones. It shares nothing with the code that it judges.
 */
#ifndef TERN_TEST_MEDICATION_ALMANAC_H
#define TERN_TEST_MEDICATION_ALMANAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALMANAC_TIMES_MAX = 48, ALMANAC_SLOTS = 3 };

/* What was prescribed, as the rows have it. Texts are borrowed; an empty one is a null. */
struct almanac_source {
    const char *zone;
    const char *start_date;
    const char *end_date;
    const char *frequency;
    const char *timing;
    const char *meals[ALMANAC_SLOTS];
    bool has_dosage[ALMANAC_SLOTS];
    bool before_meal[ALMANAC_SLOTS];
    int64_t duration_days; /* 0: open */
    int64_t first_minute;  /* of what is so many hours apart */
    bool is_prn;
};

struct almanac_dose {
    char slot[9];
    int64_t scheduled_us;
};

/* The doses of the local day, counted from 1970; how many. Fails the test for words of a form that
 * it does not know. */
size_t almanac_day(const struct almanac_source *source,
                   int32_t day,
                   struct almanac_dose ret_doses[ALMANAC_TIMES_MAX]);
/* Whether the day has a dose of the slot. */
bool almanac_yields(const struct almanac_source *source, int32_t day, const char *slot);

/* The moment of a minute of a local day, of which it may lie outside; and the local day of a
 * moment. */
int64_t almanac_moment(const char *zone, int32_t day, int32_t minute);
int32_t almanac_today(const char *zone, int64_t us);
/* YYYY-MM-DD and back. */
int32_t almanac_day_of(const char *date);
void almanac_date_of(int32_t day, char ret_date[11]);

#endif
