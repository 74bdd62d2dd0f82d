/**
 * When a prescription was paused and resumed: rows of prescription_turns, which stand in the file
 * as one text beside the request.
 */
#ifndef TRN_CLI_FHIR_TURNS_H
#define TRN_CLI_FHIR_TURNS_H

#include "cli/fhir_report.h"
#include "cli/fhir_row.h"
#include "tern/replica.h"

/** The cell of a prescription that holds them, and is no column of its table: the moments
 * (microseconds of UTC since 1970, between commas) at which it began to be active, ceased, began
 * again; 0 first: ever since it was made. */
#define TRN_FHIR_TURNS "active_spans"

/** Inserts those that the replica has not. A text that is none says nothing. */
TERN_MUST_USE tern_status trn_fhir_turns_put(tern_tx *tx,
                                             const struct trn_fhir_row *prescription,
                                             struct trn_fhir_report *report,
                                             tern_error *error);

/** Inserts what makes it begin or cease now, by its status until now and its turns. */
TERN_MUST_USE tern_status trn_fhir_turns_turn(tern_replica *replica,
                                              tern_tx *tx,
                                              const tern_id *prescription,
                                              tern_value status,
                                              bool begins,
                                              int64_t now_us,
                                              struct trn_fhir_report *report,
                                              tern_error *error);

#endif
