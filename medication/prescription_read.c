/* Prescriptions as they stand, their medications and their versions: one statement a read. */
#include "tern/medication/prescription.h"

#include "base/mutant.h"
#include "medication/internal.h"

enum { PRESCRIPTION_COLUMNS = 20, STATUSES = 4 };

static tern_prescription_status status_of(tern_value value)
{
    static const char *const names[STATUSES] = {"DRAFT", "ACTIVE", "PAUSED", "INACTIVE"};

    for (unsigned i = 0; i < STATUSES; i++) {
        if (trn_value_is(value, names[i])) {
            return (tern_prescription_status)i;
        }
    }
    return TERN_PRESCRIPTION_INACTIVE;
}

static void read_row(tern_statement *row, int first, tern_prescription_row *ret_row)
{
    tern_value values[PRESCRIPTION_COLUMNS];

    for (int i = 0; i < PRESCRIPTION_COLUMNS; i++) {
        values[i] = tern_statement_value(row, first + i);
    }
    *ret_row = (tern_prescription_row){
        .id = trn_value_to_id(values[0]),
        .patient = trn_value_to_id(values[1]),
        .doctor = trn_value_to_id(values[2]),
        .patient_name = values[3],
        .patient_gender = values[4],
        .patient_age = values[5].kind == TERN_INTEGER ? (int32_t)values[5].integer : -1,
        .symptoms = values[6],
        .diagnosis = values[7],
        .start_date = values[8],
        .begins_on = values[9],
        .end_date = values[10],
        .status = status_of(values[11]),
        .is_urgent = values[12].integer != 0,
        .urgent_reason = values[13],
        .created_us = values[14].integer,
        .version = (int32_t)values[15].integer,
        .version_us = values[16].kind == TERN_INTEGER ? values[16].integer : 0,
        .author = trn_value_to_id(values[17]),
        .change_reason = values[18],
        .medication_count = (int32_t)values[19].integer};
}

/* ---- Prescriptions ---- */

struct list {
    tern_prescription_visitor visitor;
    void *context;
};

static tern_status visit_row(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    const struct list *list = run;
    tern_prescription_row prescription;

    (void)error;
    read_row(row, 0, &prescription);
    *ret_more = list->visitor(list->context, &prescription);
    return TERN_OK;
}

tern_status tern_prescription_list(tern_care *care,
                                   const tern_id *patient,
                                   unsigned statuses,
                                   tern_prescription_visitor visitor,
                                   void *context,
                                   tern_care_error *error)
{
    struct list list = {visitor, context};
    tern_value values[2];

    trn_care_clear(error);
    if (care == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_prescription_list");
    }
    values[0] = tern_value_id(patient != NULL ? patient : &care->user);
    values[1] = tern_value_integer(
        statuses != 0 && !TRN_MUTANT(CARE_STATUSES_IGNORED) ? statuses & 15U : 15);
    return trn_care_each(care,
                         TRN_SQL_PRESCRIPTION_LIST,
                         values,
                         2,
                         TERN_PROBLEM_NONE,
                         visit_row,
                         &list,
                         error);
}

struct parts {
    tern_care *care;
    int64_t now_us;
    tern_prescription_part_visitor visitor;
    void *context;
};

static tern_status
visit_part(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    const struct parts *parts = run;
    tern_prescription_row prescription;
    tern_medication medication;
    bool has_one = tern_statement_value(row, TRN_SOURCE_COLUMNS).kind == TERN_BLOB;
    tern_status status = TERN_OK;

    read_row(row, TRN_SOURCE_COLUMNS + TRN_MEDICATION_COLUMNS, &prescription);
    trn_medication_read(row, TRN_SOURCE_COLUMNS, &medication);
    if (has_one) {
        status = trn_medication_judge(parts->care, row, parts->now_us, &medication, error);
    }
    if (status == TERN_OK) {
        *ret_more = parts->visitor(parts->context, &prescription, has_one ? &medication : NULL);
    }
    return status;
}

tern_status tern_prescription_read(tern_care *care,
                                   const tern_id *id,
                                   tern_prescription_part_visitor visitor,
                                   void *context,
                                   tern_care_error *error)
{
    struct parts parts = {.care = care, .visitor = visitor, .context = context};
    tern_value key;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || id == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_prescription_read");
    }
    key = tern_value_id(id);
    status = trn_care_now(care, &parts.now_us, error);
    return status == TERN_OK ? trn_care_each(care,
                                             TRN_SQL_PRESCRIPTION_READ,
                                             &key,
                                             1,
                                             TERN_PROBLEM_NO_PRESCRIPTION,
                                             visit_part,
                                             &parts,
                                             error)
                             : status;
}

/* ---- Versions ---- */

struct versions {
    tern_version_visitor visitor;
    void *context;
};

static tern_status
visit_version(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    const struct versions *versions = run;
    const tern_prescription_version version = {
        .id = trn_value_to_id(tern_statement_value(row, 0)),
        .version = (int32_t)tern_statement_value(row, 1).integer,
        .author = trn_value_to_id(tern_statement_value(row, 2)),
        .reason = tern_statement_value(row, 3),
        .created_us = tern_statement_value(row, 4).integer,
        .is_current = tern_statement_value(row, 5).integer != 0 || TRN_MUTANT(CARE_ALL_CURRENT),
        .snapshot = tern_statement_value(row, 6)};

    (void)error;
    *ret_more = versions->visitor(versions->context, &version);
    return TERN_OK;
}

tern_status tern_prescription_versions(tern_care *care,
                                       const tern_id *id,
                                       tern_version_visitor visitor,
                                       void *context,
                                       tern_care_error *error)
{
    struct versions versions = {visitor, context};
    tern_value key;

    trn_care_clear(error);
    if (care == NULL || id == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_prescription_versions");
    }
    key = tern_value_id(id);
    return trn_care_each(care,
                         TRN_SQL_VERSIONS,
                         &key,
                         1,
                         TERN_PROBLEM_NO_PRESCRIPTION,
                         visit_version,
                         &versions,
                         error);
}

struct snapshot {
    tern_medication_visitor visitor;
    void *context;
};

static tern_status
visit_snapshot(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    const struct snapshot *snapshot = run;
    tern_medication medication;

    (void)error;
    trn_medication_read(row, 0, &medication);
    if (tern_statement_value(row, 0).kind == TERN_BLOB) {
        *ret_more = snapshot->visitor(snapshot->context, &medication);
    }
    return TERN_OK;
}

tern_status tern_prescription_snapshot(tern_care *care,
                                       const tern_id *id,
                                       int32_t version,
                                       tern_medication_visitor visitor,
                                       void *context,
                                       tern_care_error *error)
{
    struct snapshot snapshot = {visitor, context};
    tern_value values[2];

    trn_care_clear(error);
    if (care == NULL || id == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_prescription_snapshot");
    }
    values[0] = tern_value_id(id);
    values[1] = tern_value_integer(version);
    return trn_care_each(care,
                         TRN_SQL_SNAPSHOT,
                         values,
                         2,
                         TERN_PROBLEM_NO_VERSION,
                         visit_snapshot,
                         &snapshot,
                         error);
}
