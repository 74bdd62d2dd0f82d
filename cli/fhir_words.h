/** From the words and slots of a medication back to FHIR's dosage instructions: what fhir_timing.h
 * reads, the other way round. */
#ifndef TRN_CLI_FHIR_WORDS_H
#define TRN_CLI_FHIR_WORDS_H

#include <jansson.h>

#include "cli/fhir_row.h"

/**
 * Writes `dosageInstruction` of a medication. Words of which FHIR has no element are its text.
 *
 * @param authored_date The local date of the request's `authoredOn`, from which a prescription
 * starts if it says nothing else; "" for none.
 * @param ret_instructions NULL where nothing is to be said; owned by the caller.
 * @return TERN_OK or TERN_ERR_NOMEM.
 */
TERN_MUST_USE tern_status trn_fhir_words_write(const struct trn_fhir_row *prescription,
                                               const struct trn_fhir_row *medication,
                                               const char *authored_date,
                                               json_t **ret_instructions);

#endif
