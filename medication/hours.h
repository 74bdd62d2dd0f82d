/** Where the hours of a medicine are counted from that an edit changes. */
#ifndef TRN_MEDICATION_HOURS_H
#define TRN_MEDICATION_HOURS_H

#include "medication/internal.h"
#include "tern/medication/prescription.h"

/** The `first_minute` with which what is taken so many hours apart goes on from the dose that its
 * row, as it stands, had last: so the next one comes no sooner after that. Below 0 where the row's
 * own does, where neither had one, or where the patient's zone cannot be read. `edited` has the id
 * of a medication; `start_date` is the one that the edit names, or NULL. To be asked before the
 * edit of the prescription is written: by another start the last dose would be another one. */
TERN_MUST_USE tern_status trn_hours_go_on(tern_care *care,
                                          const tern_medicine *edited,
                                          const char *start_date,
                                          int32_t *ret_minute,
                                          tern_care_error *error);

#endif
