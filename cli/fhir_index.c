/* What requests refer to: patients by name, medications, and the full URLs of a Bundle's
 * entries. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "cli/fhir_map.h"
#include "cli/fhir_value.h"

enum { REFERENCE_BYTES = 512, IDS = 3 };

tern_status trn_fhir_index_open(struct trn_fhir_index *index, tern_error *error)
{
    index->patients = json_object();
    index->medications = json_object();
    index->aliases = json_object();
    index->requests = json_object();
    if (index->patients == NULL || index->medications == NULL || index->aliases == NULL ||
        index->requests == NULL) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

void trn_fhir_index_close(struct trn_fhir_index *index)
{
    json_decref(index->patients);
    json_decref(index->medications);
    json_decref(index->aliases);
    json_decref(index->requests);
    *index = (struct trn_fhir_index){0};
}

/* "Type/id" of a reference, by way of the Bundle's full URLs. */
static bool canonical(const struct trn_fhir_index *index,
                      const char *reference,
                      const char *type,
                      char ret_text[REFERENCE_BYTES])
{
    const char *alias = json_string_value(json_object_get(index->aliases, reference));
    struct trn_slice tail = trn_fhir_reference_tail(alias != NULL ? alias : reference, type);

    if (tail.size == 0 || tail.size >= REFERENCE_BYTES) {
        return false;
    }
    memcpy(ret_text, tail.data, tail.size);
    ret_text[tail.size] = '\0';
    return true;
}

bool trn_fhir_index_patient(const struct trn_fhir_index *index,
                            const char *reference,
                            tern_id *ret_id)
{
    char text[REFERENCE_BYTES];

    if (reference == NULL) {
        return false;
    }
    if (canonical(index, reference, "Patient", text)) {
        return trn_fhir_id("Patient", text + strlen("Patient/"), ret_id);
    }
    /* A full URL of another type's entry is no patient. */
    return json_object_get(index->aliases, reference) == NULL && trn_fhir_urn_id(reference, ret_id);
}

tern_status trn_fhir_index_add_request(struct trn_fhir_index *index,
                                       const json_t *request,
                                       const char *full_url,
                                       const struct trn_fhir_request_ids *ids,
                                       tern_error *error)
{
    char text[IDS][TRN_ID_TEXT_SIZE + 1];
    char key[TRN_ID_TEXT_SIZE + 1];
    tern_id id;
    json_t *entry;

    if (!index->has_doses || !trn_fhir_resource_id(request, "MedicationRequest", full_url, &id)) {
        return TERN_OK;
    }
    trn_id_format(&id, key);
    trn_id_format(&ids->prescription, text[0]);
    trn_id_format(&ids->medication, text[1]);
    trn_id_format(&ids->patient, text[2]);
    entry = json_pack("[s, s, s]", text[0], text[1], text[2]);
    return json_object_set_new(index->requests, key, entry) == 0 ? TERN_OK : trn_fail_nomem(error);
}

static bool request_id(const struct trn_fhir_index *index, const char *reference, tern_id *ret_id)
{
    static const char type[] = "MedicationRequest";
    char text[REFERENCE_BYTES];

    if (canonical(index, reference, type, text)) {
        return trn_fhir_id(type, text + sizeof(type), ret_id);
    }
    return trn_fhir_urn_id(reference, ret_id);
}

bool trn_fhir_index_request(const struct trn_fhir_index *index,
                            const char *reference,
                            struct trn_fhir_request_ids *ret_ids)
{
    tern_id *const ids[IDS] = {&ret_ids->prescription, &ret_ids->medication, &ret_ids->patient};
    char key[TRN_ID_TEXT_SIZE + 1];
    const json_t *entry;
    tern_id id;

    if (reference == NULL || !request_id(index, reference, &id)) {
        return false;
    }
    trn_id_format(&id, key);
    entry = json_object_get(index->requests, key);
    for (size_t i = 0; entry != NULL && i < IDS; i++) {
        (void)trn_id_parse(trn_slice_text(json_string_value(json_array_get(entry, i))), ids[i]);
    }
    return entry != NULL;
}

const json_t *trn_fhir_index_medication(const struct trn_fhir_index *index, const char *reference)
{
    const json_t *concept = json_object_get(index->medications, reference);
    char text[REFERENCE_BYTES];

    if (concept == NULL && canonical(index, reference, "Medication", text)) {
        concept = json_object_get(index->medications, text);
    }
    return concept;
}

/* The full URL leads to "Type/id" where the entry has an id of its own. */
static bool
add_alias(struct trn_fhir_index *index, const char *type, const char *id, const char *full_url)
{
    char text[REFERENCE_BYTES];

    if (full_url == NULL || id == NULL ||
        snprintf(text, sizeof(text), "%s/%s", type, id) >= (int)sizeof(text)) {
        return true;
    }
    return json_object_set_new(index->aliases, full_url, json_string(text)) == 0;
}

static bool add_medication(struct trn_fhir_index *index, json_t *medication, const char *full_url)
{
    json_t *concept = json_object_get(medication, "code");
    const char *id = trn_fhir_text(medication, "id");
    char text[REFERENCE_BYTES];
    bool added = true;

    if (concept == NULL) {
        return true;
    }
    if (id != NULL && snprintf(text, sizeof(text), "Medication/%s", id) < (int)sizeof(text)) {
        added = json_object_set(index->medications, text, concept) == 0;
    }
    if (added && full_url != NULL) {
        added = json_object_set(index->medications, full_url, concept) == 0;
    }
    return added;
}

static bool set_text(json_t *object, const char *name, const char *text)
{
    return text == NULL || json_object_set_new(object, name, json_string(text)) == 0;
}

static bool add_patient(struct trn_fhir_index *index, const json_t *patient, const char *full_url)
{
    struct trn_bytes name = {0};
    char id_text[TRN_ID_TEXT_SIZE + 1];
    tern_id id;
    json_t *entry;
    bool added;

    if (!trn_fhir_resource_id(patient, "Patient", full_url, &id)) {
        return true;
    }
    trn_id_format(&id, id_text);
    entry = json_object();
    added = trn_fhir_patient_name(patient, &name) == TERN_OK &&
            set_text(entry, "name", trn_bytes_text(&name)) &&
            set_text(entry, "gender", trn_fhir_text(patient, "gender")) &&
            set_text(entry, "birth", trn_fhir_text(patient, "birthDate")) &&
            json_object_set(index->patients, id_text, entry) == 0;
    json_decref(entry);
    trn_bytes_free(&name);
    return added;
}

tern_status trn_fhir_index_add(struct trn_fhir_index *index,
                               json_t *resource,
                               const char *full_url,
                               tern_error *error)
{
    const char *type = trn_fhir_text(resource, "resourceType");
    bool added = true;

    if (type != NULL && strcmp(type, "Patient") == 0) {
        added = add_patient(index, resource, full_url);
    } else if (type != NULL && strcmp(type, "Medication") == 0) {
        added = add_medication(index, resource, full_url);
    }
    if (type != NULL && strcmp(type, "MedicationAdministration") == 0) {
        index->has_doses = true; /* to which nothing refers */
    } else if (added && type != NULL) {
        added = add_alias(index, type, trn_fhir_text(resource, "id"), full_url);
    }
    return added ? TERN_OK : trn_fail_nomem(error);
}
