/** One dose of a regimen as a moment in a zone. */
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

#endif
