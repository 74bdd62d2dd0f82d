/**
 * Prescriptions and their medications: created, edited by version, put in force, paused, ended.
 *
 * Versions never change. An edit that another author's version has overtaken is rejected whole by
 * the server, and stays with its author in quarantine. Nothing here deletes a dose.
 */
#ifndef TERN_PRESCRIPTION_H
#define TERN_PRESCRIPTION_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One medication of a prescription. Texts are NUL-terminated and borrowed; NULL: none. */
typedef struct tern_medicine {
    tern_id id; /* of the medication that is changed; nil: a new one */
    const char *name;
    const char *name_khmer;
    const char *image_url;
    const char *morning_dosage; /* JSON, such as {"amount":1,"before_meal":true} */
    const char *daytime_dosage;
    const char *night_dosage;
    const char *frequency; /* in words, as docs/MEDICATION.md lists them */
    const char *timing;
    int32_t duration_days; /* 0: open */
    bool is_prn;
    const char *prn_times; /* JSON, an array of "HH:MM" */
} tern_medicine;

/** What a clinician writes. Texts are NUL-terminated and borrowed; NULL: none. */
typedef struct tern_prescription {
    size_t size;     /* sizeof(tern_prescription) */
    tern_id patient; /* never changes */
    tern_id doctor;  /* nil: none */
    const char *patient_name;
    const char *patient_gender; /* MALE, FEMALE, OTHER */
    int32_t patient_age;        /* below 0: not said */
    const char *symptoms;
    const char *diagnosis;
    const char *start_date; /* YYYY-MM-DD */
    const char *end_date;
    bool is_urgent;
    const char *urgent_reason;      /* needed if urgent */
    const tern_medicine *medicines; /* in the order of their rows */
    size_t medicine_count;
} tern_prescription;

/**
 * Creates a prescription, DRAFT, with version 1.
 *
 * @param reason Why, for the version; may be NULL.
 * @return TERN_OK; problems NO_MEDICATIONS, URGENT_REASON; the engine's codes.
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
 * @param prescription Its patient must be the same.
 * @param reason       Why; needed.
 * @param ret_version  May be NULL.
 * @return TERN_OK; problems NO_PRESCRIPTION, NO_MEDICATION (one that is not of this prescription),
 * NO_MEDICATIONS, REASON, URGENT_REASON, STATUS (it has ended); the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_prescription_edit(tern_care *care,
                                                          const tern_id *id,
                                                          const tern_prescription *prescription,
                                                          const char *reason,
                                                          int32_t *ret_version,
                                                          tern_care_error *error);

/** From DRAFT to ACTIVE. Problems NO_PRESCRIPTION, STATUS. */
TERN_API TERN_MUST_USE tern_status tern_prescription_activate(tern_care *care,
                                                              const tern_id *id,
                                                              tern_care_error *error);
/** From ACTIVE to PAUSED. */
TERN_API TERN_MUST_USE tern_status tern_prescription_pause(tern_care *care,
                                                           const tern_id *id,
                                                           tern_care_error *error);
/** From PAUSED to ACTIVE. */
TERN_API TERN_MUST_USE tern_status tern_prescription_resume(tern_care *care,
                                                            const tern_id *id,
                                                            tern_care_error *error);
/** From any status to INACTIVE, for good. */
TERN_API TERN_MUST_USE tern_status tern_prescription_end(tern_care *care,
                                                         const tern_id *id,
                                                         tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif
