/*
 * Records of made-up patients: rows of dose_events with what they refer to. The same seed gives the
 * same rows.
 *
 * A record is one prescription of a few medications; its doses run through medications, days and
 * slots as a schedule would.
 */
#ifndef BENCH_DOSES_H
#define BENCH_DOSES_H

#include "tern/value.h"
#include "tests/bench/bench.h"

enum { DOSE_MEDICATIONS = 8, DOSE_CELLS = 15, PARENT_CELLS = 5 };

struct bench_record {
    tern_id patient;
    tern_id doctor; /* nil: none */
    tern_id connection;
    tern_id prescription;
    tern_id medications[DOSE_MEDICATIONS];
};

struct bench_dose {
    tern_id id;
    const struct bench_record *record;
    const tern_id *medication;
    int64_t created_us;
    int64_t scheduled_us;
    char date[11];
    unsigned slot; /* 0 to 2 */
};

/* INSERT of a dose whose id is parameter 1, and of one whose id the library mints; both take the
 * cells of bench_dose_cells, the latter without the first. */
extern const char *const BENCH_DOSE_INSERT;
extern const char *const BENCH_DOSE_INSERT_MINTED;
/* The same with every cell overwritten where the id exists. */
extern const char *const BENCH_DOSE_UPSERT;
/* UPDATE of the outcome's status (parameter 1) by id (2). */
extern const char *const BENCH_DOSE_UPDATE;
/* A record's prescription and medication, by their PARENT_CELLS. */
extern const char *const BENCH_PRESCRIPTION_INSERT;
extern const char *const BENCH_MEDICATION_INSERT;
/* All columns of all live doses. */
extern const char *const BENCH_DOSE_SCAN;

uint64_t bench_random(uint64_t *state);
void bench_random_id(uint64_t *state, tern_id *ret_id);
/* An id of version 7 for that moment. */
void bench_ordered_id(uint64_t *state, int64_t time_us, tern_id *ret_id);

void bench_record_make(uint64_t seed, struct bench_record *ret_record);
/* Doses number `first` and following of the record; ids nil. */
void bench_doses_make(const struct bench_record *record,
                      size_t first,
                      struct bench_dose *doses,
                      size_t count);
/* The values of BENCH_DOSE_INSERT's parameters, in order; they borrow the dose. */
void bench_dose_cells(const struct bench_dose *dose, tern_value cells[DOSE_CELLS]);

void bench_prescription_cells(const struct bench_record *record, tern_value cells[PARENT_CELLS]);
void bench_medication_cells(const struct bench_record *record,
                            size_t medication,
                            tern_value cells[PARENT_CELLS]);

#endif
