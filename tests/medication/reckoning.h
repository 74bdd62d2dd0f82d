/* A second reckoning of adherence: from all raw rows, with nothing kept and nothing clever. */
#ifndef TERN_TEST_MEDICATION_RECKONING_H
#define TERN_TEST_MEDICATION_RECKONING_H

#include "tests/medication/fixture.h"

enum { RECKONING_SAYS_BYTES = 512 };

/* Fails the test, naming the seed, unless the sums of the patient from `first_date` to `last_date`,
 * or NULL for today, in all and by day, period and medication, are those of the rows; of one
 * medication, or NULL for all. */
void reckoning_compare_span(const tern_id *patient,
                            const tern_id *medication,
                            const char *first_date,
                            const char *last_date,
                            uint64_t seed);
/* The same to today, of all and of each medication that the patient has doses of. */
void reckoning_compare(const tern_id *patient, const char *first_date, uint64_t seed);

/* Fails the test unless what is prescribed now has its rows for the days to come, at the times that
 * a second reckoning has for them; the schedule has just been generated. */
void reckoning_compare_plan(const tern_id *patient, uint64_t seed);

/* The same, but what differs is told. */
bool reckoning_agrees(const tern_id *patient,
                      const tern_id *medication,
                      const char *first_date,
                      const char *last_date,
                      char says[RECKONING_SAYS_BYTES]);
bool reckoning_plan_agrees(const tern_id *patient, char says[RECKONING_SAYS_BYTES]);

/* Where the rows are, if not in the replica whose sums are read; NULL: there. */
extern tern_replica *reckoning_rows;

uint64_t reckoning_random(uint64_t *state);

#endif
