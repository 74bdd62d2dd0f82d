/**
 * What a row of a medication, its prescription and its patient say, as a regimen, and what that
 * makes of a dose: the rules that a device and the server's job go by, with no row of a database in
 * them.
 */
#ifndef TRN_MEDICATION_SOURCE_H
#define TRN_MEDICATION_SOURCE_H

#include "medication/regimen.h"
#include "tern/value.h"

/** The values that make a source, in this order. */
enum trn_source_column {
    TRN_SOURCE_ZONE,     /* the patient's, never null */
    TRN_SOURCE_START,    /* start_date */
    TRN_SOURCE_CREATED,  /* created_at of the prescription */
    TRN_SOURCE_END,      /* end_date */
    TRN_SOURCE_DURATION, /* days */
    TRN_SOURCE_SLOTS,    /* set of TERN_SLOT_...: those that have a dosage */
    TRN_SOURCE_BEFORE,   /* those of them that come before the meal */
    TRN_SOURCE_FREQUENCY,
    TRN_SOURCE_TIMING,
    TRN_SOURCE_PRN,
    TRN_SOURCE_MEALS,                        /* three: morning, afternoon, night */
    TRN_SOURCE_GRACE = TRN_SOURCE_MEALS + 3, /* the patient's minutes */
    TRN_SOURCE_YIELDS,                       /* active, and nothing deleted */
    TRN_SOURCE_COLUMNS
};

/** What they say; texts are its own. */
struct trn_source {
    tern_regimen regimen; /* points into this struct: never copied */
    struct trn_regimen rule;
    char zone[65];
    char start[11];
    char end[11];
    char frequency[401];
    char timing[401];
};

/** Makes a source. The port's codes, and TERN_ERR_RANGE as tern_zone_to_local. */
TERN_MUST_USE tern_status trn_source_make(const tern_zone_port *zones,
                                          const tern_value values[TRN_SOURCE_COLUMNS],
                                          struct trn_source *ret_source,
                                          tern_error *error);

/** Whether the source has a dose of that local date and slot. */
bool trn_source_yields(const struct trn_source *source, tern_value local_date, tern_value slot);

tern_id trn_value_to_id(tern_value value);
/** Copies a text of the schema's length; one that is longer is cut, null is "". */
void trn_value_to_text(tern_value value, char *buffer, size_t size);
bool trn_value_is(tern_value value, const char *text);

#endif
