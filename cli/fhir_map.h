/** From FHIR resources to rows: Patient to users, MedicationRequest to prescriptions and
 * medications, MedicationAdministration to dose_events. docs/FHIR.md states what becomes what. */
#ifndef TRN_CLI_FHIR_MAP_H
#define TRN_CLI_FHIR_MAP_H

#include "cli/fhir_report.h"
#include "cli/fhir_row.h"

/** Stands where the files do not name the patient: a prescription must have a name. */
extern const char trn_fhir_nameless[];

/** What the files hold beside the requests; found by reading them once before. */
struct trn_fhir_index {
    json_t *patients;    /* id as text -> {"name", "gender", "birth"} */
    json_t *medications; /* "Medication/id" and full URLs -> concept */
    json_t *aliases;     /* full URL -> "Type/id" */
    json_t *requests;    /* id as text -> ids of prescription, medication and patient */
    bool has_doses;      /* there are administrations */
};

/** What became of a request, for the administrations that refer to it. */
struct trn_fhir_request_ids {
    tern_id prescription;
    tern_id medication;
    tern_id patient;
};

/** TERN_ERR_NOMEM; the index can be closed then, too. */
TERN_MUST_USE tern_status trn_fhir_index_open(struct trn_fhir_index *index, tern_error *error);
void trn_fhir_index_close(struct trn_fhir_index *index);

/** Notes what later resources may refer to. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_index_add(struct trn_fhir_index *index,
                                             json_t *resource,
                                             const char *full_url,
                                             tern_error *error);

/** The id of a Patient that a reference names; false if it names none. */
bool trn_fhir_index_patient(const struct trn_fhir_index *index,
                            const char *reference,
                            tern_id *ret_id);

/** The code of a Medication that a reference names; NULL if there is none. Borrowed. */
const json_t *trn_fhir_index_medication(const struct trn_fhir_index *index, const char *reference);

/** Notes a request that was taken over. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_index_add_request(struct trn_fhir_index *index,
                                                     const json_t *request,
                                                     const char *full_url,
                                                     const struct trn_fhir_request_ids *ids,
                                                     tern_error *error);
/** The request that a reference names; false if none that was noted. */
bool trn_fhir_index_request(const struct trn_fhir_index *index,
                            const char *reference,
                            struct trn_fhir_request_ids *ret_ids);

/** A text for a person's name. TERN_ERR_NOMEM; empty if the Patient has none. */
TERN_MUST_USE tern_status trn_fhir_patient_name(const json_t *patient, struct trn_bytes *ret_name);

/** Makes the users row of a Patient. False if it has no id, which is counted. */
bool trn_fhir_map_patient(json_t *patient,
                          const char *full_url,
                          struct trn_fhir_report *report,
                          struct trn_fhir_row *ret_user);

/** Makes the row of a Patient's meal times. False where it says none of them. */
bool trn_fhir_map_meals(const json_t *patient,
                        const tern_id *id,
                        struct trn_fhir_report *report,
                        struct trn_fhir_row *ret_meals);

/** Makes the users row of somebody of whom there is nothing but the id. */
void trn_fhir_map_stranger(const tern_id *id, struct trn_fhir_row *ret_user);

/** Takes out of a prescription the day on which it was put in force, and makes the row of it. False
 * where it says none. */
bool trn_fhir_map_beginning(struct trn_fhir_row *prescription, struct trn_fhir_row *ret_beginning);

/** Makes both rows of a MedicationRequest. False if it was left out, which is counted. */
bool trn_fhir_map_request(const struct trn_fhir_index *index,
                          json_t *request,
                          const char *full_url,
                          struct trn_fhir_report *report,
                          struct trn_fhir_row *ret_prescription,
                          struct trn_fhir_row *ret_medication);

/** The medication that a request makes beside its prescription, where it does not say otherwise. */
TERN_MUST_USE tern_status trn_fhir_medication_id(const tern_id *request, tern_id *ret_id);

/** Makes the row of a MedicationAdministration. False if it was left out, which is counted. */
bool trn_fhir_map_administration(const struct trn_fhir_index *index,
                                 json_t *administration,
                                 struct trn_fhir_report *report,
                                 struct trn_fhir_row *ret_dose);

/** Counts each member that is neither in the NULL-terminated list nor the extension of columns. */
void trn_fhir_report_beyond(struct trn_fhir_report *report,
                            const char *type,
                            json_t *resource,
                            const char *const *known);

/** Adds a text of at most `limit` characters, cutting and counting a longer one; nothing for NULL
 * or the empty text. */
void trn_fhir_add_limited(struct trn_fhir_row *row,
                          const char *column,
                          const char *text,
                          size_t limit,
                          struct trn_fhir_report *report,
                          const char *path);

#endif
