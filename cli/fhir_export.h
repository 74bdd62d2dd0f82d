/**
 * The export to FHIR, a patient at a time: each resource is made of its row, read back as the
 * import would read it, and given what then differs in an extension. So whatever is exported comes
 * back the same. Holds one patient's requests by id, and no rows.
 */
#ifndef TRN_CLI_FHIR_EXPORT_H
#define TRN_CLI_FHIR_EXPORT_H

#include "cli/fhir_map.h"
#include "cli/fhir_resource.h"

struct trn_fhir_exporter {
    enum trn_fhir_form form;
    struct trn_fhir_index index;   /* of the patient at hand */
    struct trn_fhir_report report; /* of what is read back; nobody's to see */
    struct trn_fhir_row read[2];
};

/** TERN_ERR_NOMEM; the exporter can be closed then, too. */
TERN_MUST_USE tern_status trn_fhir_exporter_open(struct trn_fhir_exporter *exporter,
                                                 enum trn_fhir_form form,
                                                 tern_error *error);
void trn_fhir_exporter_close(struct trn_fhir_exporter *exporter);

/** Turns to another patient. */
void trn_fhir_exporter_next(struct trn_fhir_exporter *exporter);

/** Makes a Patient; the caller's. `meals` is the row of their meal times, or NULL. TERN_ERR_NOMEM.
 */
TERN_MUST_USE tern_status trn_fhir_export_user(struct trn_fhir_exporter *exporter,
                                               const struct trn_fhir_row *user,
                                               const struct trn_fhir_row *meals,
                                               json_t **ret_patient,
                                               tern_error *error);

/** Makes a MedicationRequest; NULL for a medicine without a name. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_export_medication(struct trn_fhir_exporter *exporter,
                                                     const struct trn_fhir_row *prescription,
                                                     const struct trn_fhir_row *medication,
                                                     json_t **ret_request,
                                                     tern_error *error);

/** Makes a MedicationAdministration of a dose that is not due. `medicine` holds the names of its
 * medication, whose request, if there is one, was made before. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_export_dose(struct trn_fhir_exporter *exporter,
                                               const struct trn_fhir_row *medicine,
                                               const struct trn_fhir_row *dose,
                                               json_t **ret_administration,
                                               tern_error *error);

#endif
