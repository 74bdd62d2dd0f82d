/* MedicationRequest to a prescription with one medication. */
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "cli/fhir_column.h"
#include "cli/fhir_map.h"
#include "cli/fhir_timing.h"
#include "cli/fhir_value.h"

enum { PATIENT_NAME_MAX = 200, MEDICINE_MAX = 255, WORDS_MAX = 100, AGE_MAX = 150 };

static const char place[] = "MedicationRequest";

const char trn_fhir_nameless[] = "(no name given)";

/* The one request at hand and what has been found out about it. */
struct request {
    const struct trn_fhir_index *index;
    json_t *source;
    struct trn_fhir_report *report;
    tern_id id;
    tern_id prescription; /* the request's, unless it is one of several of a prescription */
    tern_id medication;
    tern_id patient;
    const json_t *medicine;    /* CodeableConcept */
    const char *medicine_name; /* from the reference, where there is no concept */
    const json_t *person;      /* of the index, or NULL */
    const char *authored;
    char authored_date[TRN_DATE_SIZE + 1]; /* empty if it is no date */
};

static const char *reference_of(const json_t *source, const char *member)
{
    return trn_fhir_text(json_object_get(source, member), "reference");
}

static const json_t *contained_concept(const json_t *source, const char *local)
{
    const json_t *contained = json_object_get(source, "contained");

    for (size_t i = 0; i < json_array_size(contained); i++) {
        const json_t *resource = json_array_get(contained, i);
        const char *id = trn_fhir_text(resource, "id");

        if (id != NULL && strcmp(id, local) == 0) {
            return json_object_get(resource, "code");
        }
    }
    return NULL;
}

/* The medication that a reference leads to: contained, in a Bundle, or a line of its own. */
static const json_t *referred_concept(const struct request *request, const char *reference)
{
    if (reference != NULL && reference[0] == '#') {
        return contained_concept(request->source, reference + 1);
    }
    return reference != NULL ? trn_fhir_index_medication(request->index, reference) : NULL;
}

static bool find_medicine(struct request *request)
{
    const json_t *reference = json_object_get(request->source, "medicationReference");

    request->medicine = json_object_get(request->source, "medicationCodeableConcept");
    if (request->medicine == NULL) {
        request->medicine = referred_concept(request, trn_fhir_text(reference, "reference"));
    }
    request->medicine_name = trn_fhir_concept(request->medicine);
    if (request->medicine_name == NULL) {
        request->medicine_name = trn_fhir_text(reference, "display");
    }
    return request->medicine_name != NULL && request->medicine_name[0] != '\0';
}

static bool find_patient(struct request *request)
{
    char id[TRN_ID_TEXT_SIZE + 1];

    if (!trn_fhir_index_patient(request->index,
                                reference_of(request->source, "subject"),
                                &request->patient)) {
        return false;
    }
    trn_id_format(&request->patient, id);
    request->person = json_object_get(request->index->patients, id);
    return true;
}

/* Why the request cannot be taken over; NULL if it can. */
static const char *obstacle(struct request *request, const char *full_url)
{
    if (!trn_fhir_resource_id(request->source, place, full_url, &request->id)) {
        return "MedicationRequest (without id)";
    }
    if (json_is_true(json_object_get(request->source, "doNotPerform"))) {
        return "MedicationRequest (doNotPerform)";
    }
    if (!find_patient(request)) {
        return "MedicationRequest (without a patient)";
    }
    return find_medicine(request) ? NULL : "MedicationRequest (without a medicine's name)";
}

/* A proposal, a plan or an option is nothing that anybody ordered yet. */
static bool is_order(const json_t *source)
{
    static const char *const not_yet[] = {"proposal", "plan", "option"};
    const char *intent = trn_fhir_text(source, "intent");

    for (size_t i = 0; intent != NULL && i < sizeof(not_yet) / sizeof(not_yet[0]); i++) {
        if (strcmp(not_yet[i], intent) == 0) {
            return false;
        }
    }
    return true;
}

static const char *mapped_status(const json_t *source)
{
    static const char *const pairs[][2] = {{"active", "ACTIVE"},
                                           {"on-hold", "PAUSED"},
                                           {"draft", "DRAFT"}};
    const char *status = trn_fhir_text(source, "status");

    if (status != NULL && strcmp(status, "active") == 0 && !is_order(source)) {
        return "DRAFT";
    }
    for (size_t i = 0; status != NULL && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], status) == 0) {
            return pairs[i][1];
        }
    }
    return "INACTIVE";
}

static bool is_urgent(const json_t *source)
{
    static const char *const words[] = {"urgent", "asap", "stat", NULL};
    const char *priority = trn_fhir_text(source, "priority");

    return priority != NULL && trn_fhir_is_named(priority, words);
}

/* Whole years: months and days compare as the text that they are. */
static int64_t age_at(const char *birth, const char *date)
{
    return strtol(date, NULL, 10) - strtol(birth, NULL, 10) - (strcmp(date + 5, birth + 5) < 0);
}

/* A birth long before anybody's is somebody's slip of the pen. */
static void map_age(const struct request *request, struct trn_fhir_row *row)
{
    char birth[TRN_DATE_SIZE + 1];
    int64_t age;

    if (request->authored_date[0] == '\0' ||
        !trn_fhir_date(trn_fhir_text(request->person, "birth"), birth) ||
        strcmp(birth, request->authored_date) > 0) {
        return;
    }
    age = age_at(birth, request->authored_date);
    if (age > AGE_MAX) {
        trn_fhir_report_unmapped(request->report, "Patient.birthDate (no age)");
        return;
    }
    trn_fhir_row_add_integer(row, "patient_age", age);
}

static void map_person(const struct request *request, struct trn_fhir_row *row)
{
    static const char *const pairs[][2] = {{"male", "MALE"},
                                           {"female", "FEMALE"},
                                           {"other", "OTHER"}};
    const char *name = trn_fhir_text(request->person, "name");
    const char *gender = trn_fhir_text(request->person, "gender");

    if (name == NULL || name[0] == '\0') {
        name = trn_fhir_text(json_object_get(request->source, "subject"), "display");
    }
    if (name == NULL || name[0] == '\0') {
        name = trn_fhir_nameless;
    }
    trn_fhir_add_limited(row,
                         "patient_name",
                         name,
                         PATIENT_NAME_MAX,
                         request->report,
                         "Patient.name");
    for (size_t i = 0; gender != NULL && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], gender) == 0) {
            trn_fhir_row_add_text(row, "patient_gender", trn_slice_text(pairs[i][1]));
        }
    }
    map_age(request, row);
}

static void map_reasons(const struct request *request, struct trn_fhir_row *row)
{
    const json_t *reasons = json_object_get(request->source, "reasonCode");
    struct trn_bytes words = {0};
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(reasons); i++) {
        const char *text = trn_fhir_concept(json_array_get(reasons, i));

        if (text != NULL) {
            status = trn_bytes_append_format(&words, "%s%s", words.size > 0 ? "; " : "", text);
        }
    }
    if (status != TERN_OK) {
        row->status = status;
    } else if (words.size > 0) {
        trn_fhir_add_limited(row,
                             "diagnosis",
                             trn_bytes_text(&words),
                             TRN_FHIR_TEXT_BYTES_MAX,
                             request->report,
                             "MedicationRequest.reasonCode");
    }
    trn_bytes_free(&words);
}

static void map_creation(const struct request *request, struct trn_fhir_row *row)
{
    int64_t authored_us;

    if (trn_fhir_time(request->authored, &authored_us)) {
        trn_fhir_row_add_integer(row, "created_at", authored_us);
    }
}

static void map_prescription(const struct request *request,
                             const struct trn_fhir_dosage *dosage,
                             struct trn_fhir_row *row)
{
    const char *start = dosage->start[0] != '\0' ? dosage->start : request->authored_date;

    trn_fhir_row_begin(row, "prescriptions", place, &request->prescription, &request->patient);
    trn_fhir_row_add_id(row, "patient_id", &request->patient);
    map_person(request, row);
    map_reasons(request, row);
    if (start[0] != '\0') {
        trn_fhir_row_add_text(row, "start_date", trn_slice_text(start));
    }
    if (dosage->end[0] != '\0') {
        trn_fhir_row_add_text(row, "end_date", trn_slice_text(dosage->end));
    }
    trn_fhir_row_add_text(row, "status", trn_slice_text(mapped_status(request->source)));
    if (is_urgent(request->source)) {
        trn_fhir_row_add_integer(row, "is_urgent", 1);
    }
    map_creation(request, row);
}

static void map_slots(const struct trn_fhir_dosage *dosage,
                      struct trn_fhir_report *report,
                      struct trn_fhir_row *row)
{
    static const char *const columns[TRN_SLOTS] = {"morning_dosage",
                                                   "daytime_dosage",
                                                   "night_dosage"};

    for (int i = 0; i < TRN_SLOTS; i++) {
        char text[1024];
        size_t size;

        if (dosage->slots[i] == NULL) {
            continue;
        }
        size = json_dumpb(dosage->slots[i],
                          text,
                          sizeof(text),
                          JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_SORT_KEYS);
        if (size > 0 && size <= sizeof(text)) {
            trn_fhir_row_add_text(row, columns[i], trn_slice_make(text, size));
        } else {
            trn_fhir_report_unmapped(report,
                                     "MedicationRequest.dosageInstruction.doseAndRate (too long)");
        }
    }
}

tern_status trn_fhir_medication_id(const tern_id *request, tern_id *ret_id)
{
    return trn_id_v5(request, trn_slice_text("medication/1"), ret_id);
}

static void map_medication(const struct request *request,
                           const struct trn_fhir_dosage *dosage,
                           struct trn_fhir_row *row)
{
    trn_fhir_row_begin(row, "medications", place, &request->medication, &request->patient);
    trn_fhir_row_add_id(row, "prescription_id", &request->prescription);
    trn_fhir_row_add_integer(row, "row_number", 1);
    trn_fhir_add_limited(row,
                         "medicine_name",
                         request->medicine_name,
                         MEDICINE_MAX,
                         request->report,
                         "MedicationRequest.medication");
    trn_fhir_add_limited(row,
                         "medicine_name_khmer",
                         trn_fhir_translation(request->medicine, "text", "km"),
                         MEDICINE_MAX,
                         request->report,
                         "MedicationRequest.medication");
    map_slots(dosage, request->report, row);
    trn_fhir_add_limited(row,
                         "frequency",
                         trn_bytes_text(&dosage->frequency),
                         WORDS_MAX,
                         request->report,
                         "MedicationRequest.dosageInstruction.timing");
    trn_fhir_add_limited(row,
                         "timing",
                         trn_bytes_text(&dosage->timing),
                         WORDS_MAX,
                         request->report,
                         "MedicationRequest.dosageInstruction");
    if (dosage->duration_days > 0) {
        trn_fhir_row_add_integer(row, "duration", dosage->duration_days);
    }
    trn_fhir_row_add_integer(row, "is_prn", dosage->is_prn ? 1 : 0);
    map_creation(request, row);
}

static void report_others(const struct request *request)
{
    static const char *const known[] = {"resourceType",
                                        "id",
                                        "meta",
                                        "status",
                                        "intent",
                                        "subject",
                                        "medicationCodeableConcept",
                                        "medicationReference",
                                        "contained",
                                        "authoredOn",
                                        "reasonCode",
                                        "dosageInstruction",
                                        "doNotPerform",
                                        "priority",
                                        NULL};

    trn_fhir_report_beyond(request->report, place, request->source, known);
    if (request->authored != NULL && request->authored_date[0] == '\0') {
        trn_fhir_report_member(request->report, place, "authoredOn");
    }
}

/* One of several medications of a prescription says so, and has the request's id. */
static tern_status find_ids(struct request *request)
{
    const json_t *columns = trn_fhir_columns_find(request->source, "medications");

    if (trn_fhir_columns_id(columns, "prescription_id", &request->prescription)) {
        request->medication = request->id;
        return TERN_OK;
    }
    request->prescription = request->id;
    return trn_fhir_medication_id(&request->id, &request->medication);
}

static void apply_columns(const struct request *request, struct trn_fhir_row *row)
{
    trn_fhir_columns_apply(trn_fhir_columns_find(request->source, row->table),
                           request->report,
                           row);
}

bool trn_fhir_map_request(const struct trn_fhir_index *index,
                          json_t *source,
                          const char *full_url,
                          struct trn_fhir_report *report,
                          struct trn_fhir_row *ret_prescription,
                          struct trn_fhir_row *ret_medication)
{
    struct request request = {.index = index, .source = source, .report = report};
    struct trn_fhir_dosage dosage = {0};
    const char *why = obstacle(&request, full_url);
    tern_status status;

    if (why != NULL) {
        trn_fhir_report_unmapped(report, why);
        return false;
    }
    request.authored = trn_fhir_text(source, "authoredOn");
    if (!trn_fhir_date(request.authored, request.authored_date)) {
        request.authored_date[0] = '\0';
    }
    report_others(&request);
    status = find_ids(&request);
    if (status == TERN_OK) {
        status =
            trn_fhir_dosage_read(json_object_get(source, "dosageInstruction"), report, &dosage);
    }
    map_prescription(&request, &dosage, ret_prescription);
    map_medication(&request, &dosage, ret_medication);
    apply_columns(&request, ret_prescription);
    apply_columns(&request, ret_medication);
    if (status != TERN_OK) {
        ret_prescription->status = status;
    }
    trn_fhir_dosage_free(&dosage);
    return true;
}

bool trn_fhir_map_beginning(struct trn_fhir_row *prescription, struct trn_fhir_row *ret_beginning)
{
    const tern_value day = trn_fhir_row_find(prescription, "begins_on");

    if (day.kind != TERN_TEXT) {
        return false;
    }
    trn_fhir_row_begin(ret_beginning,
                       "prescription_beginnings",
                       place,
                       &prescription->id,
                       &prescription->patient);
    trn_fhir_row_add_id(ret_beginning, "prescription_id", &prescription->id);
    trn_fhir_row_add_text(ret_beginning, "begins_on", trn_slice_make(day.data, day.size));
    trn_fhir_row_add_integer(ret_beginning, "is_taken", 0);
    trn_fhir_columns_derive_id(ret_beginning);
    trn_fhir_row_drop(prescription, "begins_on");
    return true;
}
