/* The people of the real data: their rows as the import of FHIR makes them, and the requests that
 * they were made of. */
#ifndef TERN_TEST_MEDICATION_PEOPLE_H
#define TERN_TEST_MEDICATION_PEOPLE_H

#include <jansson.h>

#include "tern/replica.h"

enum { PEOPLE = 584, PEOPLE_TIMES_MAX = 24 };

struct person;

/* Reads all, once for the process; skips the test where there is no data. */
void people_read(void);
tern_id people_id(size_t number);
/* Writes a person's rows, in one transaction. */
void people_put(size_t number, tern_replica *replica);
/* The request that a prescription was made of; borrowed. */
const json_t *people_request(const tern_id *prescription);

/*
 * A second reading of a FHIR timing: the minutes of the local day `day` at which a dose is due, in
 * order, by the presets of meals; days are counted from 1970. Fails the test for a timing of a form
 * that it does not know.
 */
size_t people_times(const json_t *request,
                    int32_t first_day,
                    int32_t day,
                    int32_t ret_minutes[PEOPLE_TIMES_MAX]);

#endif
