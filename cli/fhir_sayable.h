/** What of a medication's words FHIR's elements may repeat: what another system counts by them has
 * to be the doses that the schedule makes. Where it makes none, text says it all. */
#ifndef TRN_CLI_FHIR_SAYABLE_H
#define TRN_CLI_FHIR_SAYABLE_H

#include "cli/fhir_rate.h"
#include "tern/medication/schedule.h"

struct trn_fhir_sayable {
    bool as_needed;
    bool rate;     /* frequency and period */
    bool times;    /* timeOfDay, as in words */
    bool moments;  /* `when`, as in words */
    bool weekdays; /* dayOfWeek, as in words */
    bool slots;    /* `when`, of the slots below */
    bool apart;    /* of each of them an instruction: a rate of more than a day counts one moment */
    unsigned taken_at; /* set of TERN_SLOT_...: by the dosages, else by the moments in words */
    unsigned before_meal;
};

/** Tells it. Dates are the day on which the schedule begins, and the one on which it ends, or NULL;
 * `is_unread` says that something stands for a dosage that is none. */
void trn_fhir_sayable_read(const tern_regimen *source,
                           bool is_unread,
                           struct trn_fhir_sayable *ret_sayable);

/** Whether no element says when it is taken. */
bool trn_fhir_is_text_alone(const struct trn_fhir_sayable *sayable);

#endif
