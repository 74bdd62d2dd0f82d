/**
 * From rows to FHIR resources, by the elements that R4 has: what fhir_map.h reads, the other way
 * round. Each resource is the caller's; all calls return TERN_OK or TERN_ERR_NOMEM.
 */
#ifndef TRN_CLI_FHIR_RESOURCE_H
#define TRN_CLI_FHIR_RESOURCE_H

#include <jansson.h>

#include "cli/fhir_row.h"

/** How resources refer to each other: within a Bundle by "urn:uuid:...", else by "Type/...". */
enum trn_fhir_form { TRN_FHIR_BUNDLE, TRN_FHIR_LINES };

/** Makes a reference's text. */
enum { TRN_FHIR_REFERENCE_BYTES = 80 };
void trn_fhir_reference(enum trn_fhir_form form,
                        const char *type,
                        const tern_id *id,
                        char ret_text[TRN_FHIR_REFERENCE_BYTES]);

TERN_MUST_USE tern_status trn_fhir_make_patient(const struct trn_fhir_row *user,
                                                json_t **ret_patient);

/** `id` is the request's. */
TERN_MUST_USE tern_status trn_fhir_make_request(enum trn_fhir_form form,
                                                const tern_id *id,
                                                const struct trn_fhir_row *prescription,
                                                const struct trn_fhir_row *medication,
                                                json_t **ret_request);

/** `request` is NULL where the medication is there no more; `medicine` holds its names. Not for a
 * dose that is due. */
TERN_MUST_USE tern_status trn_fhir_make_administration(enum trn_fhir_form form,
                                                       const tern_id *request,
                                                       const struct trn_fhir_row *medicine,
                                                       const struct trn_fhir_row *dose,
                                                       json_t **ret_administration);

#endif
