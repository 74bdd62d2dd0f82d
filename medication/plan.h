/** Doses of a regimen as moments in a zone. */
#ifndef TRN_MEDICATION_PLAN_H
#define TRN_MEDICATION_PLAN_H

#include "medication/regimen.h"

/** Fills in all of the dose but its grace. The port's codes. */
TERN_MUST_USE tern_status trn_plan_dose(const tern_zone_port *zones,
                                        const char *zone,
                                        int32_t day,
                                        const struct trn_day_time *time,
                                        tern_planned_dose *ret_dose,
                                        tern_error *error);

/** The doses of a local day, all but their grace, and how many; there is room for
 * TRN_DAY_TIMES_MAX. One whose local time the clock skips, and that would be moved to the very
 * moment of another of the regimen, gives way to that. The port's codes. */
TERN_MUST_USE tern_status trn_plan_day(const tern_zone_port *zones,
                                       const char *zone,
                                       const struct trn_regimen *regimen,
                                       int32_t day,
                                       tern_planned_dose *ret_doses,
                                       size_t *ret_count,
                                       tern_error *error);

/** Whether the day has a dose of this slot that gives way to no other. Where the zone cannot be
 * read, by the regimen alone. */
bool trn_plan_yields(const tern_zone_port *zones,
                     const char *zone,
                     const struct trn_regimen *regimen,
                     int32_t day,
                     const char *slot,
                     size_t size);

#endif
