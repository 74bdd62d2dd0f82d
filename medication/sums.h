/** The sums of adherence: kept by day and by month in tables of this library, worked on by reads.
 */
#ifndef TRN_MEDICATION_SUMS_H
#define TRN_MEDICATION_SUMS_H

#include "medication/internal.h"

/** When a dose that nothing yields counts as missed: never. */
#define TRN_NEVER "9223372036854775807"

/** SQL: the columns of a group of days as a month keeps them, behind patient and month. */
#define TRN_MONTH_SUMS                                                                             \
    "medication_id,night,max(passes),sum(on_time),sum(late),sum(skipped),sum(missed)"

/** SQL: the columns of a day in one row, behind patient and date. */
#define TRN_DATE_SUMS "max(passes),sum(on_time),sum(late),sum(skipped),sum(missed)"

/** Makes the tables that are not there or of another definition, in a transaction; with `anew` all
 * of them. */
TERN_MUST_USE tern_status trn_sums_open(tern_care *care, bool anew, tern_care_error *error);

/** Sums a patient's days up to `today` again that have changed, and their months. */
TERN_MUST_USE tern_status trn_sums_catch_up(tern_care *care,
                                            const tern_id *patient,
                                            const char *today,
                                            tern_care_error *error);

#endif
