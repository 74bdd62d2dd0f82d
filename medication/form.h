/** What may be entered, of a prescription most of all, told in words for people before anything is
 * written. */
#ifndef TRN_MEDICATION_FORM_H
#define TRN_MEDICATION_FORM_H

#include "medication/internal.h"
#include "tern/medication/prescription.h"

/** Whether there is no text, or nothing in it that can be seen. */
bool trn_is_blank(const char *text);

/** How many characters of a tern_field there may be; 0 where nothing is said of it. */
int64_t trn_field_length(int64_t field);

/** The least and the greatest number of a tern_field, INT64_MAX where there is none greatest; false
 * for what is no number, or not known here. */
bool trn_field_range(int64_t field, int64_t *ret_least, int64_t *ret_greatest);

/** What is prescribed of a medicine as it is entered, but its days: it borrows all texts. */
void trn_medicine_regimen(const tern_medicine *medicine,
                          const char *start_date,
                          tern_regimen *ret_regimen);

/** Whether this can be written as it stands: problems NO_MEDICATIONS, URGENT_REASON, DATE, END_DATE
 * and those of what was entered. What else the document asks of a row is left to the engine.
 * `edited` is the prescription that it is an edit of, or NULL. What stands there already is not
 * refused as TIMES, as DOSAGE, or as TOO_LONG where the document has no length. */
TERN_MUST_USE tern_status trn_form_check(tern_care *care,
                                         const tern_id *edited,
                                         const tern_prescription *prescription,
                                         const char *reason,
                                         tern_care_error *error);

/** Whether an ended one can be taken up again with these: problems DATE, END_DATE, NOT_TEXT,
 * TOO_LONG. */
TERN_MUST_USE tern_status trn_form_check_again(const char *start_date,
                                               const char *end_date,
                                               const char *reason,
                                               tern_care_error *error);

/** Whether a dose can be skipped with this reason: problems NOT_TEXT, TOO_LONG. */
TERN_MUST_USE tern_status trn_form_check_skip(const char *reason, tern_care_error *error);

#endif
