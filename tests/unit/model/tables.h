/* A small schema described by hand, so that model and wire are tested without the schema loader. */
#ifndef TESTS_UNIT_MODEL_TABLES_H
#define TESTS_UNIT_MODEL_TABLES_H

#include "model/schema.h"

/* `later` came with version 2; the audit is the last, so it moved. */
enum { TABLES_DOSES, TABLES_KINDS, TABLES_LATER, TABLES_AUDIT, TABLES_COUNT };
enum { TABLES_1_AUDIT = TABLES_LATER };

/* doses: the shape of a dose event. */
enum {
    DOSE_CREATED_AT,
    DOSE_PATIENT_ID,
    DOSE_SLOT,
    DOSE_IS_PRN,
    DOSE_SCHEDULED_TIME,
    DOSE_STATUS,
    DOSE_TAKEN_AT,
    DOSE_SKIP_REASON,
    DOSE_COLUMNS
};
enum { DOSE_UNIT_EXISTENCE, DOSE_UNIT_SCHEDULE, DOSE_UNIT_OUTCOME, DOSE_UNITS };

/* kinds: one column of each type, and `added` in a unit of its own, brought by version 2. */
enum {
    KIND_CREATED_AT,
    KIND_UUID,
    KIND_TEXT,
    KIND_INTEGER,
    KIND_BIGINT,
    KIND_REAL,
    KIND_DECIMAL,
    KIND_BOOL,
    KIND_DATE,
    KIND_TIMESTAMPTZ,
    KIND_ENUM,
    KIND_JSON,
    KIND_BYTES,
    KIND_ADDED,
    KIND_COLUMNS
};
/* later, sync_audit: one column. */
enum { NOTE_CREATED_AT, NOTE_TEXT, NOTE_COLUMNS };
enum { NOTE_UNIT_EXISTENCE, NOTE_UNIT_ALL, NOTE_UNITS };

enum { KIND_UNIT_EXISTENCE, KIND_UNIT_ALL, KIND_UNIT_ADDED, KIND_UNITS };

/* Version 2 of the schema. */
const struct trn_schema *tables_schema(void);
/* The same as version 1 had it: `kinds` without its last column and unit, no `later`, and no value
 * POSTPONED, which it reads as DUE. */
const struct trn_schema *tables_schema_1(void);

#endif
