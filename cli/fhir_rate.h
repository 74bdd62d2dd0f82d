/** How often a medicine is taken: FHIR's frequency and period, as a number a day and in words. */
#ifndef TRN_CLI_FHIR_RATE_H
#define TRN_CLI_FHIR_RATE_H

#include <jansson.h>

#include "base/bytes.h"
#include "medication/words.h"

/** `times` (up to `times_max`) every `period` (up to `period_max`) of `unit`. */
struct trn_fhir_rate {
    double times;
    double times_max;
    double period;
    double period_max;
    char unit[4]; /* s min h d wk mo a; empty: not said */
};

/** Reads timing.repeat. */
void trn_fhir_rate_read(const json_t *repeat, struct trn_fhir_rate *ret_rate);
/** Reads one of HL7's codes for timing.code, such as "BID"; leaves `ret_rate` alone for another. */
void trn_fhir_rate_of_code(const char *code, struct trn_fhir_rate *ret_rate);

/** The code of a unit in UCUM, as FHIR has it: "h", "wk". */
const char *trn_fhir_unit_code(enum trn_unit unit);

/** How often a day, where that is a whole number; 0 otherwise. */
int trn_fhir_rate_times_a_day(const struct trn_fhir_rate *rate);

/** Says it, as "twice a day" or "every 6 hours"; nothing for an unknown rate. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_rate_say(const struct trn_fhir_rate *rate,
                                            struct trn_bytes *words);

/** Puts a further phrase behind the words, after a semicolon. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_say(struct trn_bytes *words, const char *phrase);

#endif
