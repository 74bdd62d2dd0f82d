/**
 * What a row of a medication, its prescription and its patient say, as a regimen, and what that
 * makes of a dose: the rules that a device and the server's job go by, with no row of a database in
 * them.
 */
#ifndef TRN_MEDICATION_SOURCE_H
#define TRN_MEDICATION_SOURCE_H

#include "base/bytes.h"
#include "medication/regimen.h"
#include "tern/value.h"

/** The values that make a source, in this order. */
enum trn_source_column {
    TRN_SOURCE_ZONE,     /* the patient's, never null */
    TRN_SOURCE_START,    /* start_date */
    TRN_SOURCE_BEGINS,   /* the first day on which it was put in force */
    TRN_SOURCE_CREATED,  /* created_at of the prescription */
    TRN_SOURCE_END,      /* end_date */
    TRN_SOURCE_DURATION, /* days */
    TRN_SOURCE_OWN,      /* starts_on of the medication */
    TRN_SOURCE_FIRST,    /* first_minute of the medication */
    TRN_SOURCE_SLOTS,    /* set of TERN_SLOT_...: those that have a dosage; and, times eight, those
                            where something stands that is none */
    TRN_SOURCE_BEFORE,   /* those of them that come before the meal */
    TRN_SOURCE_FREQUENCY,
    TRN_SOURCE_TIMING,
    TRN_SOURCE_PRN,
    TRN_SOURCE_MEALS,                        /* three: morning, afternoon, night */
    TRN_SOURCE_GRACE = TRN_SOURCE_MEALS + 3, /* the patient's minutes */
    TRN_SOURCE_WAS_ACTIVE, /* when it passed, by its turns; null: the status says it */
    TRN_SOURCE_STANDS,     /* nothing is deleted */
    TRN_SOURCE_ACTIVE,     /* the status is ACTIVE */
    TRN_SOURCE_COLUMNS
};

/** What they say; texts are its own. */
struct trn_source {
    tern_regimen regimen; /* points into this struct: never copied */
    struct trn_regimen rule;
    const tern_zone_port *zones;
    unsigned unread; /* set of TERN_SLOT_...: what stands for their dosage is none */
    char zone[65];
    char start[11];
    char end[11];
    char frequency[401];
    char timing[401];
};

/** Makes a source of what is prescribed now, or, where the values are those of the version and the
 * turn that were in force at a moment, of what was prescribed then. The port's codes, and
 * TERN_ERR_RANGE as tern_zone_to_local. */
TERN_MUST_USE tern_status trn_source_make(const tern_zone_port *zones,
                                          const tern_value values[TRN_SOURCE_COLUMNS],
                                          struct trn_source *ret_source,
                                          tern_error *error);

/** Whether the source has a dose of that day and slot, which gives way to no other; of one that a
 * guess has stored, by whichever zone that was, it is not asked whether it gives way. */
bool trn_source_has(const struct trn_source *source, bool is_guess, int32_t day, tern_value slot);

/** The same of a local date. */
bool trn_source_yields(const struct trn_source *source,
                       bool is_guess,
                       tern_value local_date,
                       tern_value slot);

/** The flag of a MISSED that a rule has stored and nobody said. */
#define TRN_INFERRED "INFERRED"

/** Whether an outcome is such a guess, which says nothing that the plan does not: it is read as if
 * the dose were DUE still. */
bool trn_is_guess(tern_value status, tern_value flags);

/** Whether what stands for the dosage of that slot is none. */
bool trn_source_is_unread(const struct trn_source *source, tern_value slot);

/** The last moment that a column of such holds, in the year 9999. */
#define TRN_MOMENT_MAX_US INT64_C(253402300799000000)

/** A moment at which a prescription began to be active, or ceased. */
struct trn_turn {
    int64_t at_us;
    bool begins;
};

/** What is written where one of that status begins to be active, or ceases, now; `last` is its last
 * turn, NULL for none. Returns how many there are, in order. Also who knows of a pause says once
 * more that it has ceased, for another may have resumed it unheard. A draft may have become active
 * elsewhere, and had doses, unless its turns say that it had ceased: to begin, it turns only then.
 * Where the last turn contradicts the status, which an app wrote alone, the status was right ever
 * since. */
size_t trn_turns_make(tern_value status,
                      const struct trn_turn *last,
                      bool begins,
                      int64_t now_us,
                      struct trn_turn ret_turns[2]);

tern_id trn_value_to_id(tern_value value);
/** Copies a text of the schema's length; one that is longer is cut at a whole character, null is
 * "". */
void trn_value_to_text(tern_value value, char *buffer, size_t size);
bool trn_value_is(tern_value value, const char *text);

#endif
