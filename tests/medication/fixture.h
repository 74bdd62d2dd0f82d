/* A patient with a replica and a care handle, on a clock that the test sets. */
#ifndef TERN_TEST_MEDICATION_FIXTURE_H
#define TERN_TEST_MEDICATION_FIXTURE_H

#include "tern/medication/dose.h"
#include "tern/medication/prescription.h"
#include "tern/medication/schedule.h"
#include "tests/unit/api/fixture.h"

/* The patient's local time, in Phnom Penh, that a text such as "2026-03-02 07:30" means. */
int64_t care_time(const char *local);
/* The system's zones, as long as the care handle. */
const tern_zone_port *care_zones(void);
void care_zones_end(void);
/* Sets the clock, which stands still from then on but for a microsecond a reading. */
void care_clock(const char *local);

/* The replica of user 1, a patient, at the clock's time, and a handle over it; closed by care_end.
 */
extern tern_replica *care_replica;
extern tern_care *care;
void care_begin(const char *local);
void care_end(void);
/* The replica's file; borrowed. */
const char *care_path(void);
/* Changes it as a sync may, and not through the library. */
void care_change_file(const char *sql);
/* The word of a sync that found the wall clock wrong: the server's is ahead of it by so much. */
void care_compare_clock(int64_t ahead_s);

/* An active prescription of one medicine from 2026-03-02 on; the test may change them before. */
extern tern_medicine care_medicine;
extern tern_prescription care_prescription;
tern_id care_prescribe(void);

/* The doses of a day as "slot status[ flags]", in order, between commas; borrowed. */
const char *care_day(const char *local_date);
/* The one id that the SQL gives. */
tern_id care_id(const char *sql);
/* The id of the dose of a slot of the first medication. */
tern_id care_dose(const char *local_date, const char *slot);
/* Fails the test unless the call went well. */
void care_ok(tern_status status, const tern_care_error *error);

#endif
