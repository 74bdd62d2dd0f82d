/* The elements of Patient, MedicationRequest and MedicationAdministration, as FHIR R4 has them. */
#include "cli/fhir_resource.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "cli/fhir_value.h"
#include "cli/fhir_words.h"

enum { OFFSET_MAX = 14 * 60, DAY_MINUTES = 24 * 60 };

/* Two words for one thing: ours, and FHIR's. */
struct pair {
    const char *ours;
    const char *theirs;
};

static const struct pair genders[] = {{"MALE", "male"},
                                      {"FEMALE", "female"},
                                      {"OTHER", "other"},
                                      {NULL, NULL}};
static const struct pair languages[] = {{"KHMER", "km"}, {"ENGLISH", "en"}, {NULL, NULL}};
static const struct pair request_statuses[] = {{"ACTIVE", "active"},
                                               {"PAUSED", "on-hold"},
                                               {"DRAFT", "draft"},
                                               {"INACTIVE", "stopped"},
                                               {NULL, NULL}};
static const struct pair dose_statuses[] = {{"TAKEN_ON_TIME", "completed"},
                                            {"TAKEN_LATE", "completed"},
                                            {"SKIPPED", "not-done"},
                                            {"MISSED", "not-done"},
                                            {NULL, NULL}};

static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* Any text but none and the empty one, which FHIR does not have. */
static bool has(const struct trn_fhir_row *row, const char *column)
{
    tern_value value = trn_fhir_row_find(row, column);

    return value.kind == TERN_INTEGER || value.size > 0;
}

static json_t *text_of(const struct trn_fhir_row *row, const char *column)
{
    tern_value value = trn_fhir_row_find(row, column);

    return json_stringn(value.data, value.size);
}

static bool
put_text(json_t *object, const char *name, const struct trn_fhir_row *row, const char *column)
{
    return !has(row, column) || put(object, name, text_of(row, column));
}

static const char *
theirs(const struct pair *pairs, const struct trn_fhir_row *row, const char *column)
{
    tern_value value = trn_fhir_row_find(row, column);

    for (; pairs->ours != NULL; pairs++) {
        if (trn_slice_equal_text(trn_slice_make(value.data, value.size), pairs->ours)) {
            return pairs->theirs;
        }
    }
    return NULL;
}

static bool put_id(json_t *resource, const tern_id *id)
{
    char text[TRN_ID_TEXT_SIZE + 1];

    trn_id_format(id, text);
    return put(resource, "id", json_string(text));
}

void trn_fhir_reference(enum trn_fhir_form form,
                        const char *type,
                        const tern_id *id,
                        char ret_text[TRN_FHIR_REFERENCE_BYTES])
{
    char text[TRN_ID_TEXT_SIZE + 1];

    trn_id_format(id, text);
    (void)snprintf(ret_text,
                   TRN_FHIR_REFERENCE_BYTES,
                   "%s%s%s",
                   form == TRN_FHIR_BUNDLE ? "urn:uuid:" : type,
                   form == TRN_FHIR_BUNDLE ? "" : "/",
                   text);
}

static bool put_reference(json_t *resource,
                          const char *name,
                          enum trn_fhir_form form,
                          const char *type,
                          const tern_id *id)
{
    char text[TRN_FHIR_REFERENCE_BYTES];

    trn_fhir_reference(form, type, id, text);
    return put(resource, name, json_pack("{s:s}", "reference", text));
}

static tern_status hand_over(bool ok, json_t *resource, json_t **ret_resource)
{
    if (!ok) {
        json_decref(resource);
        return TERN_ERR_NOMEM;
    }
    *ret_resource = resource;
    return TERN_OK;
}

/* ---- Patient ---- */

static bool put_name(json_t *patient, const struct trn_fhir_row *user)
{
    json_t *name;
    bool ok;

    if (!has(user, "full_name") && !has(user, "first_name") && !has(user, "last_name")) {
        return true;
    }
    name = json_pack("{s:s}", "use", "official");
    ok = put_text(name, "text", user, "full_name") && put_text(name, "family", user, "last_name");
    if (has(user, "first_name")) {
        ok = ok && put(name, "given", json_pack("[o]", text_of(user, "first_name")));
    }
    return put(patient, "name", json_pack("[o]", name)) && ok;
}

static bool add_contact(json_t *contacts, const char *system, json_t *value)
{
    return json_array_append_new(contacts,
                                 json_pack("{s:s, s:o}", "system", system, "value", value)) == 0;
}

static bool put_contacts(json_t *patient, const struct trn_fhir_row *user)
{
    json_t *contacts = json_array();
    bool ok = contacts != NULL;

    if (has(user, "phone_number")) {
        ok = ok && add_contact(contacts, "phone", text_of(user, "phone_number"));
    }
    if (has(user, "email")) {
        ok = ok && add_contact(contacts, "email", text_of(user, "email"));
    }
    if (json_array_size(contacts) > 0) {
        ok = json_object_set(patient, "telecom", contacts) == 0 && ok;
    }
    json_decref(contacts);
    return ok;
}

static bool put_language(json_t *patient, const struct trn_fhir_row *user)
{
    const char *code = theirs(languages, user, "language");

    return code == NULL || put(patient,
                               "communication",
                               json_pack("[{s:{s:[{s:s, s:s}]}}]",
                                         "language",
                                         "coding",
                                         "system",
                                         "urn:ietf:bcp:47",
                                         "code",
                                         code));
}

tern_status trn_fhir_make_patient(const struct trn_fhir_row *user, json_t **ret_patient)
{
    json_t *patient = json_pack("{s:s}", "resourceType", "Patient");
    const char *gender = theirs(genders, user, "gender");
    bool ok = put_id(patient, &user->id) && put_name(patient, user) && put_contacts(patient, user);

    if (gender != NULL) {
        ok = ok && put(patient, "gender", json_string(gender));
    }
    ok = ok && put_text(patient, "birthDate", user, "date_of_birth") && put_language(patient, user);
    return hand_over(ok, patient, ret_patient);
}

/* ---- MedicationRequest ---- */

static json_t *translation(const struct trn_fhir_row *medicine)
{
    return json_pack("{s:[{s:s, s:[{s:s, s:s}, {s:s, s:o}]}]}",
                     "extension",
                     "url",
                     "http://hl7.org/fhir/StructureDefinition/translation",
                     "extension",
                     "url",
                     "lang",
                     "valueCode",
                     "km",
                     "url",
                     "content",
                     "valueString",
                     text_of(medicine, "medicine_name_khmer"));
}

static bool put_medicine(json_t *resource, const struct trn_fhir_row *medicine)
{
    json_t *concept = json_object();
    bool ok = put_text(concept, "text", medicine, "medicine_name");

    if (has(medicine, "medicine_name_khmer")) {
        ok = ok && put(concept, "_text", translation(medicine));
    }
    return put(resource, "medicationCodeableConcept", concept) && ok;
}

static bool put_order(json_t *request, const struct trn_fhir_row *prescription)
{
    const char *status = theirs(request_statuses, prescription, "status");
    bool urgent = trn_fhir_row_find(prescription, "is_urgent").integer != 0;

    return put(request, "status", json_string(status != NULL ? status : "unknown")) &&
           put(request, "intent", json_string("order")) &&
           (!urgent || put(request, "priority", json_string("urgent")));
}

static bool
put_author(json_t *request, enum trn_fhir_form form, const struct trn_fhir_row *prescription)
{
    tern_value doctor = trn_fhir_row_find(prescription, "doctor_id");
    tern_id id;

    if (doctor.kind != TERN_BLOB) {
        return true;
    }
    memcpy(id.bytes, doctor.data, sizeof(id.bytes));
    return put_reference(request, "requester", form, "Practitioner", &id);
}

static bool put_reason(json_t *request, const struct trn_fhir_row *prescription)
{
    return !has(prescription, "diagnosis") ||
           put(request,
               "reasonCode",
               json_pack("[{s:o}]", "text", text_of(prescription, "diagnosis")));
}

static bool put_dosage(json_t *request,
                       const struct trn_fhir_row *prescription,
                       const struct trn_fhir_row *medication,
                       const char *authored)
{
    char date[TRN_DATE_SIZE + 1] = "";
    json_t *instructions = NULL;

    (void)trn_fhir_date(authored, date);
    return trn_fhir_words_write(prescription, medication, date, &instructions) == TERN_OK &&
           (instructions == NULL || put(request, "dosageInstruction", instructions));
}

tern_status trn_fhir_make_request(enum trn_fhir_form form,
                                  const tern_id *id,
                                  const struct trn_fhir_row *prescription,
                                  const struct trn_fhir_row *medication,
                                  json_t **ret_request)
{
    json_t *request = json_pack("{s:s}", "resourceType", "MedicationRequest");
    char authored[TRN_INSTANT_BYTES];
    bool ok = put_id(request, id) && put_order(request, prescription) &&
              put_medicine(request, medication) &&
              put_reference(request, "subject", form, "Patient", &prescription->patient);

    trn_fhir_instant(trn_fhir_row_find(prescription, "created_at").integer, 0, authored);
    ok = ok && put(request, "authoredOn", json_string(authored)) &&
         put_author(request, form, prescription) && put_reason(request, prescription) &&
         put_dosage(request, prescription, medication, authored);
    return hand_over(ok, request, ret_request);
}

/* ---- MedicationAdministration ---- */

static void read_text(const struct trn_fhir_row *row, const char *column, char text[16])
{
    tern_value value = trn_fhir_row_find(row, column);
    size_t size = value.kind == TERN_TEXT && value.size < 16 ? value.size : 0;

    if (size > 0) {
        memcpy(text, value.data, size);
    }
    text[size] = '\0';
}

/* How far the patient's clock was ahead of UTC, as the dose itself shows; 0 where it does not. */
static int offset_of(const struct trn_fhir_row *dose)
{
    int64_t scheduled_us = trn_fhir_row_find(dose, "scheduled_time").integer;
    char date[16];
    char clock[16];
    int seconds;
    int64_t ahead;

    read_text(dose, "local_date", date);
    read_text(dose, "reminder_time", clock);
    if (clock[0] == '\0') {
        read_text(dose, "slot", clock);
    }
    seconds = trn_fhir_time_of_day(clock);
    if (seconds < 0 || strlen(date) != TRN_DATE_SIZE || scheduled_us % 1000000 != 0) {
        return 0;
    }
    ahead = trn_fhir_days(date) * DAY_MINUTES * 60 + seconds - scheduled_us / 1000000;
    if (ahead % 60 != 0) {
        return 0;
    }
    ahead = ahead / 60 % DAY_MINUTES; /* its date may be that of the meal, a day off */
    ahead += ahead > OFFSET_MAX ? -DAY_MINUTES : ahead < -OFFSET_MAX ? DAY_MINUTES : 0;
    return ahead > OFFSET_MAX || ahead < -OFFSET_MAX ? 0 : (int)ahead;
}

static bool put_effective(json_t *administration, const struct trn_fhir_row *dose)
{
    tern_value taken = trn_fhir_row_find(dose, "taken_at");
    char text[TRN_INSTANT_BYTES];

    if (taken.kind != TERN_INTEGER) {
        taken = trn_fhir_row_find(dose, "scheduled_time");
    }
    trn_fhir_instant(taken.integer, offset_of(dose), text);
    return put(administration, "effectiveDateTime", json_string(text));
}

static bool put_outcome(json_t *administration, const struct trn_fhir_row *dose)
{
    tern_value status = trn_fhir_row_find(dose, "status");
    bool missed = trn_slice_equal_text(trn_slice_make(status.data, status.size), "MISSED");
    bool ok = put(administration, "status", json_string(theirs(dose_statuses, dose, "status")));

    if (missed) {
        return ok && put(administration,
                         "statusReason",
                         json_pack("[{s:s}]", "text", "missed: nobody recorded it"));
    }
    if (has(dose, "skip_reason")) {
        ok = ok && put(administration,
                       "statusReason",
                       json_pack("[{s:o}]", "text", text_of(dose, "skip_reason")));
    }
    return ok;
}

tern_status trn_fhir_make_administration(enum trn_fhir_form form,
                                         const tern_id *request,
                                         const struct trn_fhir_row *medicine,
                                         const struct trn_fhir_row *dose,
                                         json_t **ret_administration)
{
    json_t *administration = json_pack("{s:s}", "resourceType", "MedicationAdministration");
    bool ok = put_id(administration, &dose->id) && put_outcome(administration, dose) &&
              put_medicine(administration, medicine) &&
              put_reference(administration, "subject", form, "Patient", &dose->patient) &&
              put_effective(administration, dose);

    if (request != NULL) {
        ok = ok && put_reference(administration, "request", form, "MedicationRequest", request);
    }
    return hand_over(ok, administration, ret_administration);
}
