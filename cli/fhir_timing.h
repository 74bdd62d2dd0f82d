/**
 * What FHIR's dosage instructions become in a medication: the day's three slots where they fit, and
 * the same in words where they do not.
 */
#ifndef TRN_CLI_FHIR_TIMING_H
#define TRN_CLI_FHIR_TIMING_H

#include "cli/fhir_report.h"
#include "cli/fhir_value.h"

enum { TRN_SLOT_MORNING = 0, TRN_SLOT_DAYTIME = 1, TRN_SLOT_NIGHT = 2, TRN_SLOTS = 3 };

/** The slots that so many times a day mean; none for more than three. */
unsigned trn_fhir_slots_of_count(int times);

/** The slot into which a second of the day falls. */
unsigned trn_fhir_slot_of_time(int seconds);

struct trn_fhir_dosage {
    json_t *slots[TRN_SLOTS];   /* {"amount", "unit", "before_meal"}, or NULL */
    struct trn_bytes frequency; /* how often, in words */
    struct trn_bytes timing;    /* when, in words: times, weekdays, the prescriber's own text */
    int64_t duration_days;      /* 0: not said */
    char start[TRN_DATE_SIZE + 1];
    char end[TRN_DATE_SIZE + 1]; /* both empty: not said */
    bool is_prn;
};

/**
 * Reads the array `dosageInstruction` of a request; NULL gives the empty dosage.
 *
 * Slots are filled only where every instruction is daily, up to three times a day, and no two want
 * the same slot. What has no place is counted in `report`. TERN_ERR_NOMEM; freed with
 * trn_fhir_dosage_free in any case.
 */
TERN_MUST_USE tern_status trn_fhir_dosage_read(const json_t *instructions,
                                               struct trn_fhir_report *report,
                                               struct trn_fhir_dosage *ret_dosage);

void trn_fhir_dosage_free(struct trn_fhir_dosage *dosage);

#endif
