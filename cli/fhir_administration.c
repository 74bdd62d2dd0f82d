/* MedicationAdministration to a dose. What was given, or plainly not, is a record; what has merely
 * begun to be given counts as taken then; all else says nothing that a record could hold. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/uuid.h"
#include "cli/fhir_column.h"
#include "cli/fhir_map.h"
#include "cli/fhir_value.h"
#include "medication/regimen.h"
#include "model/change.h"

static const char place[] = "MedicationAdministration";

enum { GRACE_MINUTES = 30, CLOCK_SIZE = 8 /* HH:MM:SS */ };

/* What the elements say. */
struct administration {
    struct trn_fhir_request_ids ids;
    const char *status;           /* of a dose */
    const char *moment;           /* when it was given or not */
    char date[TRN_DATE_SIZE + 1]; /* as written where it was written */
    char clock[CLOCK_SIZE + 1];   /* so, too */
    int64_t moment_us;
};

static const char *mapped_status(const json_t *source)
{
    static const char *const pairs[][2] = {{"completed", "TAKEN_ON_TIME"},
                                           {"in-progress", "TAKEN_ON_TIME"},
                                           {"not-done", "SKIPPED"}};
    const char *status = trn_fhir_text(source, "status");

    for (size_t i = 0; status != NULL && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], status) == 0) {
            return pairs[i][1];
        }
    }
    return NULL;
}

/* A date alone names no dose of that day. */
static bool read_moment(const json_t *source, struct administration *dose)
{
    dose->moment = trn_fhir_text(source, "effectiveDateTime");
    if (dose->moment == NULL) {
        dose->moment = trn_fhir_text(json_object_get(source, "effectivePeriod"), "start");
    }
    if (!trn_fhir_date(dose->moment, dose->date) ||
        !trn_fhir_time(dose->moment, &dose->moment_us) || dose->moment[TRN_DATE_SIZE] == '\0') {
        return false;
    }
    memcpy(dose->clock, dose->moment + TRN_DATE_SIZE + 1, CLOCK_SIZE);
    dose->clock[CLOCK_SIZE] = '\0';
    if (dose->clock[6] == '6') {
        memcpy(dose->clock + 6, "59", 3); /* a leap second */
    }
    return true;
}

static bool is_of_its_patient(const struct trn_fhir_index *index,
                              const json_t *source,
                              const struct administration *dose)
{
    const char *subject = trn_fhir_text(json_object_get(source, "subject"), "reference");
    tern_id patient;

    return trn_fhir_index_patient(index, subject, &patient) &&
           trn_id_equal(&patient, &dose->ids.patient);
}

/* Why it cannot be taken over; NULL if it can. */
static const char *
obstacle(const struct trn_fhir_index *index, const json_t *source, struct administration *dose)
{
    const char *request = trn_fhir_text(json_object_get(source, "request"), "reference");

    dose->status = mapped_status(source);
    if (dose->status == NULL) {
        return "MedicationAdministration (of another status)";
    }
    if (!trn_fhir_index_request(index, request, &dose->ids)) {
        return "MedicationAdministration (without its request)";
    }
    if (!is_of_its_patient(index, source, dose)) {
        return "MedicationAdministration (not of its request's patient)";
    }
    return read_moment(source, dose) ? NULL : "MedicationAdministration (without a time)";
}

static void map_outcome(const json_t *source,
                        const struct administration *dose,
                        struct trn_fhir_report *report,
                        struct trn_fhir_row *row)
{
    const char *reason = trn_fhir_concept(trn_fhir_first(source, "statusReason"));

    trn_fhir_row_add_text(row, "status", trn_slice_text(dose->status));
    if (strcmp(dose->status, "SKIPPED") != 0) {
        trn_fhir_row_add_integer(row, "taken_at", dose->moment_us);
    } else if (reason != NULL && reason[0] != '\0') {
        trn_fhir_add_limited(row,
                             "skip_reason",
                             reason,
                             TRN_FHIR_TEXT_BYTES_MAX,
                             report,
                             "MedicationAdministration.statusReason");
    }
}

static void map_dose(const json_t *source,
                     const struct administration *dose,
                     struct trn_fhir_report *report,
                     struct trn_fhir_row *row)
{
    int32_t minute = trn_fhir_time_of_day(dose->clock) / 60;

    trn_fhir_row_add_id(row, "prescription_id", &dose->ids.prescription);
    trn_fhir_row_add_id(row, "medication_id", &dose->ids.medication);
    trn_fhir_row_add_id(row, "patient_id", &dose->ids.patient);
    trn_fhir_row_add_integer(row, "scheduled_time", dose->moment_us);
    trn_fhir_row_add_text(row, "local_date", trn_slice_text(dose->date));
    trn_fhir_row_add_text(row, "slot", trn_slice_text(dose->clock));
    trn_fhir_row_add_text(
        row,
        "time_period",
        trn_slice_text(trn_minute_period(minute) == TERN_PERIOD_NIGHT ? "NIGHT" : "DAYTIME"));
    trn_fhir_row_add_integer(row, "grace_minutes", GRACE_MINUTES);
    map_outcome(source, dose, report, row);
}

/* The id that every device derives of the key. */
static tern_status derive_id(const tern_value *values, tern_id *ret_id)
{
    static const uint16_t key[] = {0, 1, 2};
    struct trn_column *columns = trn_calloc(sizeof(key) / sizeof(key[0]), sizeof(*columns));
    const struct trn_table table = {.name = "dose_events",
                                    .columns = columns,
                                    .column_count = sizeof(key) / sizeof(key[0]),
                                    .natural_key = key,
                                    .natural_key_count = sizeof(key) / sizeof(key[0])};
    bool derived = false;
    tern_status status;

    if (columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    columns[0].name = "medication_id";
    columns[0].type = TRN_TYPE_UUID;
    columns[1].name = "local_date";
    columns[1].type = TRN_TYPE_DATE;
    columns[2].name = "slot";
    columns[2].type = TRN_TYPE_TEXT;
    status = trn_natural_id(&table, values, &derived, ret_id, NULL);
    trn_free(columns);
    return status;
}

static void set_id(struct trn_fhir_row *row)
{
    const tern_value values[] = {trn_fhir_row_find(row, "medication_id"),
                                 trn_fhir_row_find(row, "local_date"),
                                 trn_fhir_row_find(row, "slot")};

    if (row->status == TERN_OK) {
        row->status = derive_id(values, &row->id);
    }
}

static void report_others(struct trn_fhir_report *report, json_t *source)
{
    static const char *const known[] = {"resourceType",
                                        "id",
                                        "meta",
                                        "status",
                                        "statusReason",
                                        "subject",
                                        "request",
                                        "effectiveDateTime",
                                        "effectivePeriod",
                                        "medicationCodeableConcept",
                                        "medicationReference",
                                        "contained",
                                        NULL};

    trn_fhir_report_beyond(report, place, source, known);
    if (json_array_size(json_object_get(source, "statusReason")) > 1) {
        trn_fhir_report_unmapped(report, "MedicationAdministration.statusReason (further reasons)");
    }
}

bool trn_fhir_map_administration(const struct trn_fhir_index *index,
                                 json_t *source,
                                 struct trn_fhir_report *report,
                                 struct trn_fhir_row *ret_dose)
{
    struct administration dose = {.status = NULL};
    const char *why = obstacle(index, source, &dose);

    if (why != NULL) {
        trn_fhir_report_unmapped(report, why);
        return false;
    }
    trn_fhir_row_begin(ret_dose, "dose_events", place, &dose.ids.medication, &dose.ids.patient);
    map_dose(source, &dose, report, ret_dose);
    trn_fhir_columns_apply(trn_fhir_columns_find(source, "dose_events"), report, ret_dose);
    report_others(report, source);
    set_id(ret_dose);
    return true;
}
