/* What a person, and those who look after them, do by dice to the replica and handle of the
 * fixture. Whether a call is refused is not the matter; that it does not fail is. */
#ifndef TERN_TEST_MEDICATION_LIVES_H
#define TERN_TEST_MEDICATION_LIVES_H

#include "tests/medication/fixture.h"

struct life {
    uint64_t seed; /* that messages name */
    uint64_t state;
    tern_id patient;
    bool leaves_none_due; /* what is taken back is skipped instead */
};

unsigned life_roll(struct life *life, unsigned below);
/* Takes, skips or takes back one of the latest doses. */
void life_act_on_dose(struct life *life);
/* Pauses, resumes, ends or edits a prescription. */
void life_act_on_prescription(struct life *life);
/* Another zone, grace or meal time. */
void life_act_on_settings(struct life *life);
/* Fails the test unless adherence since a date, in all and of one medication, is that of the rows.
 */
void life_compare(struct life *life, const char *first_date);

#endif
