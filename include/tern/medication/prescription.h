/**
 * Prescriptions and their medications: created, edited by version, put in force, paused, ended.
 *
 * Versions never change. An edit says the version that it was written from, and is refused where
 * another stands here by then. One that another author's version overtakes on its way is rejected
 * whole by the server, and stays with its author in quarantine. Nothing here deletes a dose.
 *
 * All that writes here is for the patient and their doctors: problem NOT_PATIENT for everybody else
 * (care.h).
 */
#ifndef TERN_PRESCRIPTION_H
#define TERN_PRESCRIPTION_H

#include "tern/medication/medication.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One medication of a prescription. Texts are NUL-terminated and borrowed; NULL: none. */
typedef struct tern_medicine {
    tern_id id; /* of the medication that is changed; nil: a new one */
    const char *name;
    const char *name_khmer;
    const char *image_url;
    const char *morning_dosage; /* a JSON object, such as {"amount":1,"before_meal":true}: where
                                   they stand there, `amount` is a finite number above 0,
                                   `before_meal` true or false; no name stands there twice */
    const char *daytime_dosage;
    const char *night_dosage;
    const char *frequency; /* in words, as docs/MEDICATION.md lists them */
    const char *timing;
    int32_t duration_days; /* 0: open */
    bool is_prn; /* the times to be reminded at are the patient's: tern_medication_set_prn_times */
} tern_medicine;

/** What a clinician writes. Texts are NUL-terminated and borrowed; NULL: none. */
typedef struct tern_prescription {
    size_t size;     /* sizeof(tern_prescription) */
    tern_id patient; /* never changes */
    tern_id doctor;  /* nil: none */
    const char *patient_name;
    const char *patient_gender; /* MALE, FEMALE, OTHER */
    int32_t patient_age;        /* at most 150; below 0: not said */
    const char *symptoms;
    const char *diagnosis;
    const char *start_date; /* YYYY-MM-DD; NULL: the patient's local date when it is put in force;
                               in an edit, as it stands */
    const char *end_date;
    bool is_urgent;
    const char *urgent_reason;      /* needed if urgent */
    const tern_medicine *medicines; /* in the order of their rows */
    size_t medicine_count;
    /* Of an edit: the version that this was written from, as tern_prescription_read gave it; 0: not
     * said. */
    int32_t base_version;
} tern_prescription;

/**
 * Creates a prescription, DRAFT, with version 1. What is nothing but white space, or has no
 * width (U+200B), is missing, here and in an edit.
 *
 * @param reason Why, for the version; may be NULL.
 * @return TERN_OK; problems NO_MEDICATIONS, URGENT_REASON, DATE, END_DATE, NO_PATIENT (the
 * patient's row is not here: their record was never downloaded, and the server might not take it),
 * QUOTA (unless it is urgent); MISSING, TOO_LONG, OUT_OF_RANGE, CHOICE, DOSAGE,
 * NOT_TEXT, TIMES with the tern_field and the medicine; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_create(tern_care *care,
                                                            const tern_prescription *prescription,
                                                            const char *reason,
                                                            tern_id *ret_id,
                                                            tern_care_error *error);

/**
 * Edits a prescription: all that stands in it, as a new version. Medications that are not named are
 * marked deleted; their doses keep their records.
 *
 * What it adds has doses from the next tern_schedule_generate on.
 *
 * @param prescription Its patient must be the same, and no medication may be named twice (MISUSE).
 * Where its base_version is not said, what another version has brought meanwhile is overruled: say
 * it.
 * @param reason       Why; needed.
 * @param ret_version  May be NULL.
 * @return TERN_OK; problems NO_PRESCRIPTION, NO_MEDICATION (one that is not of this prescription),
 * NO_MEDICATIONS, REASON, URGENT_REASON, DATE, END_DATE, STATUS (it has ended), OVERTAKEN (the
 * current version is not base_version; `first` has its number), QUOTA (unless it is urgent), those
 * of what was entered as tern_prescription_create (TIMES not of words that the medicine has
 * already, DOSAGE and a TOO_LONG of more than 10,000 characters not of a text that stands in that
 * place already, as it may by a sync or an import), OUT_OF_RANGE of no field (no number is left for
 * a version); the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_edit(tern_care *care,
                                                          const tern_id *id,
                                                          const tern_prescription *prescription,
                                                          const char *reason,
                                                          int32_t *ret_version,
                                                          tern_care_error *error);

/** From DRAFT to ACTIVE. One that names no start begins on the patient's local date of now, so its
 * days are as many however long it has been a draft. Where another device did so as well, and
 * neither knew of the other, on the earlier of these days, and of those alone under which a dose
 * was recorded once there is one. Its doses, and what rings, come with the next
 * tern_schedule_generate. Problems NO_PRESCRIPTION, STATUS. */
TERN_API TERN_MUST_USE tern_status tern_prescription_activate(tern_care *care,
                                                              const tern_id *id,
                                                              tern_care_error *error);
/** From ACTIVE to PAUSED. Problems NO_PRESCRIPTION, STATUS, ZONE. */
TERN_API TERN_MUST_USE tern_status tern_prescription_pause(tern_care *care,
                                                           const tern_id *id,
                                                           tern_care_error *error);
/** From PAUSED to ACTIVE. Problems NO_PRESCRIPTION, STATUS. Then tern_schedule_generate, as after
 * tern_prescription_activate. */
TERN_API TERN_MUST_USE tern_status tern_prescription_resume(tern_care *care,
                                                            const tern_id *id,
                                                            tern_care_error *error);
/** From any other status to INACTIVE, for good. Problems NO_PRESCRIPTION, STATUS (it has ended),
 * ZONE. */
TERN_API TERN_MUST_USE tern_status tern_prescription_end(tern_care *care,
                                                         const tern_id *id,
                                                         tern_care_error *error);

/**
 * Takes an ended prescription up again: makes a new one, DRAFT, with version 1, of what the ended
 * one held at its end. The ended one stays ended, and its doses are its own. What belongs to
 * another time is not taken over: dates, urgency, and the times at which the patient wished to be
 * reminded. Its doctor is the user, if that is one. One transaction with the audit row
 * PRESCRIPTION_RETAKE.
 *
 * @param start_date YYYY-MM-DD; NULL: the day on which it is put in force.
 * @param end_date   NULL: open.
 * @param reason     Why, for the version; may be NULL.
 * @return TERN_OK; problems NO_PRESCRIPTION, STATUS (it has not ended), NO_MEDICATIONS (nothing is
 * left in it), DATE, END_DATE, NOT_TEXT, TOO_LONG, QUOTA; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_retake(tern_care *care,
                                                            const tern_id *id,
                                                            const char *start_date,
                                                            const char *end_date,
                                                            const char *reason,
                                                            tern_id *ret_id,
                                                            tern_care_error *error);

/* ---- Reading ---- */

typedef enum tern_prescription_status {
    TERN_PRESCRIPTION_DRAFT = 0,
    TERN_PRESCRIPTION_ACTIVE = 1,
    TERN_PRESCRIPTION_PAUSED = 2,
    TERN_PRESCRIPTION_INACTIVE = 3
} tern_prescription_status;

/** A prescription as it stands; borrowed for the callback. Texts are values of TERN_TEXT, or null.
 */
typedef struct tern_prescription_row {
    tern_id id;
    tern_id patient;
    tern_id doctor; /* nil: none */
    tern_value patient_name;
    tern_value patient_gender;
    int32_t patient_age; /* -1: not said */
    tern_value symptoms;
    tern_value diagnosis;
    tern_value start_date; /* null: none is named; a form hands it back so */
    tern_value begins_on;  /* that day; else the one on which it was put in force, as it stands by
                              now, which may be another when more is heard; null: nobody wrote
                              one, as of a draft */
    tern_value end_date;
    tern_prescription_status status;
    bool is_urgent;
    tern_value urgent_reason;
    int64_t created_us;
    int32_t version; /* the current one: */
    int64_t version_us;
    tern_id author;           /* nil: not known */
    tern_value change_reason; /* why it was written */
    int32_t medication_count;
} tern_prescription_row;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_prescription_visitor)(void *context, const tern_prescription_row *prescription);

/**
 * Visits a patient's prescriptions, the newest first.
 *
 * @param patient  NULL: the replica's user.
 * @param statuses A set of bits `1u << TERN_PRESCRIPTION_...`; 0: all.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_list(tern_care *care,
                                                          const tern_id *patient,
                                                          unsigned statuses,
                                                          tern_prescription_visitor visitor,
                                                          void *context,
                                                          tern_care_error *error);

/** Returns false to stop. Must not call the handle. `medication` is NULL, once, where there is
 * none. */
typedef bool (*tern_prescription_part_visitor)(void *context,
                                               const tern_prescription_row *prescription,
                                               const tern_medication *medication);

/** Visits one prescription with each of its medications, in their order. Problems NO_PRESCRIPTION,
 * ZONE. */
TERN_API TERN_MUST_USE tern_status tern_prescription_read(tern_care *care,
                                                          const tern_id *id,
                                                          tern_prescription_part_visitor visitor,
                                                          void *context,
                                                          tern_care_error *error);

/** A version of a prescription; borrowed for the callback. */
typedef struct tern_prescription_version {
    tern_id id;
    int32_t version;
    tern_id author; /* nil: not known */
    tern_value reason;
    int64_t created_us;
    bool is_current;
    tern_value snapshot; /* JSON, an array of its medications */
} tern_prescription_version;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_version_visitor)(void *context, const tern_prescription_version *version);

/** Visits the versions of a prescription, the first one first. Problem NO_PRESCRIPTION. */
TERN_API TERN_MUST_USE tern_status tern_prescription_versions(tern_care *care,
                                                              const tern_id *id,
                                                              tern_version_visitor visitor,
                                                              void *context,
                                                              tern_care_error *error);

/** Visits the medications as a version has them, in their order. Problem NO_VERSION. */
TERN_API TERN_MUST_USE tern_status tern_prescription_snapshot(tern_care *care,
                                                              const tern_id *id,
                                                              int32_t version,
                                                              tern_medication_visitor visitor,
                                                              void *context,
                                                              tern_care_error *error);

/* ---- What was refused ---- */

/** A version that its author wrote here and that was not taken; borrowed for the callback. */
typedef struct tern_refused_version {
    uint64_t ordinal;     /* of its entry: for tern_quarantine_discard and tern_outbox_changes */
    tern_problem problem; /* OVERTAKEN, or NONE: `reason` says why */
    tern_status reason;
    int64_t time_us; /* when it was written */
    tern_id prescription;
    int32_t version;
    tern_value change_reason;
    tern_value clinical; /* JSON: what else it said, column to value; null: nothing */
    tern_value snapshot; /* JSON, an array of its medications */
} tern_refused_version;

/** Returns false to stop. Must not call the handle or the replica. `medication` is NULL, once,
 * where there is none. */
typedef bool (*tern_refused_visitor)(void *context,
                                     const tern_refused_version *version,
                                     const tern_medication *medication);

/**
 * Visits the versions that were written here and rejected whole, as where another doctor's came
 * first, each with its medications: the text to write anew from. Its author gives it up with
 * tern_quarantine_discard.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_refused(tern_care *care,
                                                             tern_refused_visitor visitor,
                                                             void *context,
                                                             tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif
