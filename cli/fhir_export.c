/* Made, read back, and completed. */
#include "cli/fhir_export.h"

#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "cli/fhir_column.h"

tern_status trn_fhir_exporter_open(struct trn_fhir_exporter *exporter,
                                   enum trn_fhir_form form,
                                   tern_error *error)
{
    tern_status status;

    *exporter = (struct trn_fhir_exporter){.form = form};
    status = trn_fhir_index_open(&exporter->index, error);
    exporter->index.has_doses = true;
    return status == TERN_OK ? trn_fhir_report_open(&exporter->report, error) : status;
}

void trn_fhir_exporter_close(struct trn_fhir_exporter *exporter)
{
    trn_fhir_index_close(&exporter->index);
    trn_fhir_report_close(&exporter->report);
    trn_fhir_row_free(&exporter->read[0]);
    trn_fhir_row_free(&exporter->read[1]);
}

void trn_fhir_exporter_next(struct trn_fhir_exporter *exporter)
{
    (void)json_object_clear(exporter->index.patients);
    (void)json_object_clear(exporter->index.requests);
    (void)json_object_clear(exporter->index.aliases);
}

/* Adds the extension with what was read back otherwise. */
static tern_status complete(const struct trn_fhir_exporter *exporter,
                            const struct trn_fhir_row *row,
                            const struct trn_fhir_row *read,
                            json_t *resource)
{
    json_t *extension = NULL;
    json_t *extensions = json_object_get(resource, "extension");
    tern_status status = read->status != TERN_OK ? read->status : exporter->report.status;

    if (status == TERN_OK) {
        status = trn_fhir_columns_write(row, read, &extension);
    }
    if (status != TERN_OK || extension == NULL) {
        return status;
    }
    if (extensions != NULL) {
        return json_array_append_new(extensions, extension) == 0 ? TERN_OK : TERN_ERR_NOMEM;
    }
    return json_object_set_new(resource, "extension", json_pack("[o]", extension)) == 0
               ? TERN_OK
               : TERN_ERR_NOMEM;
}

static tern_status
hand_over(tern_status status, json_t *resource, json_t **ret_resource, tern_error *error)
{
    if (status != TERN_OK) {
        json_decref(resource);
        return trn_fail(error, status, "a FHIR resource could not be made");
    }
    *ret_resource = resource;
    return TERN_OK;
}

tern_status trn_fhir_export_user(struct trn_fhir_exporter *exporter,
                                 const struct trn_fhir_row *user,
                                 const struct trn_fhir_row *meals,
                                 json_t **ret_patient,
                                 tern_error *error)
{
    const struct trn_fhir_row nothing = {.table = "meal_time_preferences"};
    json_t *patient = NULL;
    tern_status status = trn_fhir_make_patient(user, &patient);

    if (status == TERN_OK) {
        (void)trn_fhir_map_patient(patient, NULL, &exporter->report, &exporter->read[0]);
        status = complete(exporter, user, &exporter->read[0], patient);
    }
    if (status == TERN_OK && meals != NULL) {
        status = complete(exporter, meals, &nothing, patient);
    }
    if (status == TERN_OK) {
        status = trn_fhir_index_add(&exporter->index, patient, NULL, error);
    }
    return hand_over(status, patient, ret_patient, error);
}

/* A medication whose id is the one that the import derives has its prescription's id as request;
 * any other has its own. */
static tern_status
request_id(const tern_id *prescription, const tern_id *medication, tern_id *ret_id)
{
    tern_id derived;
    tern_status status = trn_fhir_medication_id(prescription, &derived);

    if (status == TERN_OK) {
        *ret_id = trn_id_equal(&derived, medication) ? *prescription : *medication;
    }
    return status;
}

/* The one of several medications of a prescription names it. */
static tern_status name_prescription(const struct trn_fhir_row *medication, json_t *request)
{
    json_t *extension = NULL;
    struct trn_fhir_row nothing = {.table = "medications"};
    struct trn_fhir_row link = {.table = "medications"};
    tern_value value = trn_fhir_row_find(medication, "prescription_id");
    tern_status status;
    tern_id id;

    memcpy(id.bytes, value.data, sizeof(id.bytes));
    trn_fhir_row_add_id(&link, "prescription_id", &id);
    status =
        link.status != TERN_OK ? link.status : trn_fhir_columns_write(&link, &nothing, &extension);
    trn_fhir_row_free(&link);
    if (status != TERN_OK) {
        return status;
    }
    return json_object_set_new(request, "extension", json_pack("[o]", extension)) == 0
               ? TERN_OK
               : TERN_ERR_NOMEM;
}

/* Sets `ret_taken` to false where the import would not take it, having nothing to call it. */
static tern_status complete_request(struct trn_fhir_exporter *exporter,
                                    const struct trn_fhir_row *prescription,
                                    const struct trn_fhir_row *medication,
                                    bool linked,
                                    json_t *request,
                                    bool *ret_taken)
{
    struct trn_fhir_row *read = exporter->read;
    tern_status status;

    *ret_taken = trn_fhir_map_request(&exporter->index,
                                      request,
                                      NULL,
                                      &exporter->report,
                                      &read[0],
                                      &read[1]);
    if (!*ret_taken) {
        return exporter->report.status;
    }
    if (linked) {
        (void)json_object_del(request, "extension");
        trn_fhir_row_drop(&read[1], "prescription_id");
    }
    status = complete(exporter, prescription, &read[0], request);
    return status == TERN_OK ? complete(exporter, medication, &read[1], request) : status;
}

tern_status trn_fhir_export_medication(struct trn_fhir_exporter *exporter,
                                       const struct trn_fhir_row *prescription,
                                       const struct trn_fhir_row *medication,
                                       json_t **ret_request,
                                       tern_error *error)
{
    const struct trn_fhir_request_ids ids = {.prescription = prescription->id,
                                             .medication = medication->id,
                                             .patient = prescription->patient};
    json_t *request = NULL;
    bool linked = false;
    bool taken = false;
    tern_id id;
    tern_status status = request_id(&prescription->id, &medication->id, &id);

    if (status == TERN_OK) {
        status = trn_fhir_make_request(exporter->form, &id, prescription, medication, &request);
    }
    if (status == TERN_OK && trn_id_equal(&id, &medication->id)) {
        linked = true;
        status = name_prescription(medication, request);
    }
    if (status == TERN_OK) {
        status = complete_request(exporter, prescription, medication, linked, request, &taken);
    }
    if (status == TERN_OK && !taken) {
        json_decref(request);
        request = NULL;
    }
    if (status == TERN_OK && taken) {
        status = trn_fhir_index_add_request(&exporter->index, request, NULL, &ids, error);
    }
    return hand_over(status, request, ret_request, error);
}

static tern_id id_of(const struct trn_fhir_row *row, const char *column)
{
    tern_value value = trn_fhir_row_find(row, column);
    tern_id id = {{0}};

    if (value.kind == TERN_BLOB && value.size == sizeof(id.bytes)) {
        memcpy(id.bytes, value.data, sizeof(id.bytes));
    }
    return id;
}

tern_status trn_fhir_export_dose(struct trn_fhir_exporter *exporter,
                                 const struct trn_fhir_row *medicine,
                                 const struct trn_fhir_row *dose,
                                 json_t **ret_administration,
                                 tern_error *error)
{
    tern_id prescription = id_of(dose, "prescription_id");
    tern_id medication = id_of(dose, "medication_id");
    struct trn_fhir_request_ids ids;
    char reference[TRN_FHIR_REFERENCE_BYTES];
    json_t *administration = NULL;
    bool known = false;
    tern_id request;
    tern_status status = request_id(&prescription, &medication, &request);

    if (status == TERN_OK) {
        trn_fhir_reference(TRN_FHIR_BUNDLE, "", &request, reference);
        known = trn_fhir_index_request(&exporter->index, reference, &ids);
        status = trn_fhir_make_administration(exporter->form,
                                              known ? &request : NULL,
                                              medicine,
                                              dose,
                                              &administration);
    }
    if (status == TERN_OK && known &&
        trn_fhir_map_administration(&exporter->index,
                                    administration,
                                    &exporter->report,
                                    &exporter->read[0])) {
        status = complete(exporter, dose, &exporter->read[0], administration);
    }
    return hand_over(status, administration, ret_administration, error);
}
