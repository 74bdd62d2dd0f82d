/* tern export fhir: patients, their requests and their doses, from one snapshot, a row at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"
#include "cli/command.h"
#include "cli/fhir_export.h"
#include "cli/files.h"
#include "cli/output.h"

/* The columns that statements bring, each list behind its id; they are the cells of the rows. */
static const char *const user_columns[] = {"first_name",
                                           "last_name",
                                           "full_name",
                                           "phone_number",
                                           "email",
                                           "gender",
                                           "date_of_birth",
                                           "id_card_number",
                                           "language",
                                           "theme",
                                           "grace_period_minutes",
                                           "time_zone",
                                           "created_at",
                                           NULL};
static const char *const meal_columns[] = {"morning_meal",
                                           "afternoon_meal",
                                           "night_meal",
                                           "created_at",
                                           NULL};
static const char *const prescription_columns[] = {"patient_id",
                                                   "doctor_id",
                                                   "patient_name",
                                                   "patient_gender",
                                                   "patient_age",
                                                   "symptoms",
                                                   "diagnosis",
                                                   "start_date",
                                                   "end_date",
                                                   "status",
                                                   "current_version",
                                                   "is_urgent",
                                                   "urgent_reason",
                                                   "created_at",
                                                   NULL};
static const char *const medication_columns[] = {"prescription_id",
                                                 "row_number",
                                                 "medicine_name",
                                                 "medicine_name_khmer",
                                                 "image_url",
                                                 "morning_dosage",
                                                 "daytime_dosage",
                                                 "night_dosage",
                                                 "frequency",
                                                 "duration",
                                                 "timing",
                                                 "is_prn",
                                                 "prn_times",
                                                 "starts_on",
                                                 "first_minute",
                                                 "created_at",
                                                 NULL};
static const char *const medicine_columns[] = {"medicine_name", "medicine_name_khmer", NULL};
static const char *const dose_columns[] = {"prescription_id",
                                           "medication_id",
                                           "patient_id",
                                           "scheduled_time",
                                           "local_date",
                                           "slot",
                                           "time_period",
                                           "reminder_time",
                                           "grace_minutes",
                                           "status",
                                           "taken_at",
                                           "skip_reason",
                                           "was_offline",
                                           "flags",
                                           "created_at",
                                           NULL};

static const char patients_query[] =
    "SELECT k.id,u.id,u.first_name,u.last_name,u.full_name,u.phone_number,u.email,u.gender,"
    "u.date_of_birth,u.id_card_number,u.language,u.theme,u.grace_period_minutes,u.time_zone,"
    "u.created_at,t.id,t.morning_meal,t.afternoon_meal,t.night_meal,t.created_at FROM (SELECT id "
    "FROM users WHERE role='PATIENT' AND deleted_at IS NULL"
    " UNION SELECT patient_id FROM prescriptions WHERE deleted_at IS NULL) k"
    " LEFT JOIN users u ON u.id=k.id AND u.deleted_at IS NULL"
    " LEFT JOIN meal_time_preferences t ON t.user_id=u.id AND t.deleted_at IS NULL"
    " WHERE ?1 IS NULL OR k.id=?1 ORDER BY k.id";

static const char requests_query[] =
    "SELECT p.id,p.patient_id,p.doctor_id,p.patient_name,p.patient_gender,p.patient_age,p.symptoms,"
    "p.diagnosis,coalesce(p.start_date,p.begins_on),p.end_date,p.status,p.current_version,p.is_"
    "urgent,p.urgent_reason,"
    "p.created_at,m.id,m.prescription_id,m.row_number,m.medicine_name,m.medicine_name_khmer,"
    "m.image_url,m.morning_dosage,m.daytime_dosage,m.night_dosage,m.frequency,m.duration,m.timing,"
    "m.is_prn,m.prn_times,m.starts_on,m.first_minute,m.created_at FROM prescriptions p"
    " LEFT JOIN medications m ON m.prescription_id=p.id AND m.deleted_at IS NULL"
    " WHERE p.patient_id=?1 AND p.deleted_at IS NULL ORDER BY p.created_at,p.id,m.row_number,m.id";

static const char doses_query[] =
    "SELECT m.id,m.medicine_name,m.medicine_name_khmer,d.id,d.prescription_id,d.medication_id,"
    "d.patient_id,d.scheduled_time,d.local_date,d.slot,d.time_period,d.reminder_time,"
    "d.grace_minutes,d.status,d.taken_at,d.skip_reason,d.was_offline,d.flags,d.created_at,"
    "d.scheduled_time+d.grace_minutes*60000000<strftime('%s','now')*1000000"
    " FROM dose_events d JOIN medications m ON m.id=d.medication_id"
    " WHERE d.patient_id=?1 AND d.deleted_at IS NULL ORDER BY d.scheduled_time,d.id";

/* One export under way. */
struct export
{
    const struct trn_call *call;
    tern_reader *reader;
    FILE *file;       /* NULL: none is open */
    size_t resources; /* in the file */
    json_t *counts;   /* resource type -> how many were written */
    json_t *left_out; /* what -> how many */
    struct trn_fhir_exporter exporter;
    struct trn_fhir_row rows[2];
};

static tern_status count(json_t *counts, const char *name, tern_error *error)
{
    json_int_t number = json_integer_value(json_object_get(counts, name)) + 1;

    return json_object_set_new(counts, name, json_integer(number)) == 0 ? TERN_OK
                                                                        : trn_fail_nomem(error);
}

/* ---- Files ---- */

static bool is_bundle(const struct export *export)
{
    return export->exporter.form == TRN_FHIR_BUNDLE;
}

static void begin_file(struct export *export, FILE *file)
{
    export->file = file;
    export->resources = 0;
    if (is_bundle(export)) {
        (void)fputs("{\"resourceType\":\"Bundle\",\"type\":\"collection\"", file);
    }
}

static tern_status end_file(struct export *export, tern_error *error)
{
    FILE *file = export->file;
    bool failed;

    if (is_bundle(export)) {
        (void)fputs(export->resources > 0 ? "\n]}\n" : "}\n", file);
    }
    failed = fflush(file) != 0 || ferror(file) != 0;
    failed = (file != stdout && fclose(file) != 0) || failed;
    export->file = NULL;
    return failed ? trn_fail(error, TERN_ERR_IO, "the output could not be written") : TERN_OK;
}

/* Writes the resource, which is taken over. */
static tern_status write_resource(struct export *export, json_t *resource, tern_error *error)
{
    const char *type = json_string_value(json_object_get(resource, "resourceType"));
    const char *id = json_string_value(json_object_get(resource, "id"));
    tern_status status = count(export->counts, type, error);
    FILE *file = export->file;

    if (status == TERN_OK && is_bundle(export)) {
        (void)fprintf(file,
                      "%s\n{\"fullUrl\":\"urn:uuid:%s\",\"resource\":",
                      export->resources > 0 ? "," : ",\"entry\":[",
                      id);
    }
    if (status == TERN_OK &&
        json_dumpf(resource, file, JSON_COMPACT | JSON_REAL_PRECISION(15)) != 0) {
        status = trn_fail(error, TERN_ERR_IO, "the output could not be written");
    }
    if (status == TERN_OK) {
        (void)fputs(is_bundle(export) ? "}" : "\n", file);
        export->resources++;
    }
    json_decref(resource);
    return status;
}

/* ---- Rows ---- */

static tern_id id_at(tern_statement *statement, int column)
{
    tern_value value = tern_statement_value(statement, column);
    tern_id id = {{0}};

    if (value.kind == TERN_BLOB && value.size == sizeof(id.bytes)) {
        memcpy(id.bytes, value.data, sizeof(id.bytes));
    }
    return id;
}

/* Copies the id at `first` and the columns behind it. */
static void read_row(tern_statement *statement,
                     int first,
                     const char *table,
                     const char *const *columns,
                     const tern_id *patient,
                     struct trn_fhir_row *ret_row)
{
    tern_id id = id_at(statement, first);

    trn_fhir_row_begin(ret_row, table, "", &id, patient);
    for (int i = 0; columns[i] != NULL; i++) {
        tern_value value = tern_statement_value(statement, first + 1 + i);

        if (value.kind == TERN_INTEGER) {
            trn_fhir_row_add_integer(ret_row, columns[i], value.integer);
        } else if (value.kind == TERN_TEXT) {
            trn_fhir_row_add_text(ret_row, columns[i], trn_slice_make(value.data, value.size));
        } else if (value.kind == TERN_BLOB) {
            id = id_at(statement, first + 1 + i);
            trn_fhir_row_add_id(ret_row, columns[i], &id);
        }
    }
}

static tern_status rows_status(const struct export *export, tern_error *error)
{
    return export->rows[0].status == TERN_OK && export->rows[1].status == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

static tern_status put_request(struct export *export,
                               const tern_id *patient,
                               tern_statement *statement,
                               tern_error *error)
{
    enum { MEDICATION = 15 };
    json_t *request = NULL;
    tern_status status;

    if (tern_statement_value(statement, MEDICATION).kind == TERN_NULL) {
        return count(export->left_out, "prescription without a medication", error);
    }
    read_row(statement, 0, "prescriptions", prescription_columns, patient, &export->rows[0]);
    read_row(statement, MEDICATION, "medications", medication_columns, patient, &export->rows[1]);
    status = rows_status(export, error);
    if (status == TERN_OK) {
        status = trn_fhir_export_medication(&export->exporter,
                                            &export->rows[0],
                                            &export->rows[1],
                                            &request,
                                            error);
    }
    if (status == TERN_OK && request == NULL) {
        return count(export->left_out, "medication without a name", error);
    }
    return status == TERN_OK ? write_resource(export, request, error) : status;
}

/* A dose that is due is a plan, which any device makes of the request. Whether one that has passed
 * was missed is a rule's guess, which the export does not make. */
static tern_status put_dose(struct export *export,
                            const tern_id *patient,
                            tern_statement *statement,
                            tern_error *error)
{
    enum { DOSE = 3, STATUS = 13, PASSED = 19 };
    tern_value value = tern_statement_value(statement, STATUS);
    json_t *administration = NULL;
    tern_status status;

    if (trn_slice_equal_text(trn_slice_make(value.data, value.size), "DUE")) {
        return count(export->left_out,
                     tern_statement_value(statement, PASSED).integer != 0
                         ? "dose that has passed and is not stored as missed"
                         : "dose that is due",
                     error);
    }
    read_row(statement, 0, "medications", medicine_columns, patient, &export->rows[0]);
    read_row(statement, DOSE, "dose_events", dose_columns, patient, &export->rows[1]);
    status = rows_status(export, error);
    if (status == TERN_OK) {
        status = trn_fhir_export_dose(&export->exporter,
                                      &export->rows[0],
                                      &export->rows[1],
                                      &administration,
                                      error);
    }
    return status == TERN_OK ? write_resource(export, administration, error) : status;
}

typedef tern_status (*put_function)(struct export *export,
                                    const tern_id *patient,
                                    tern_statement *statement,
                                    tern_error *error);

static tern_status put_all(struct export *export,
                           const tern_id *patient,
                           const char *sql,
                           put_function put,
                           tern_error *error)
{
    const tern_value key = tern_value_id(patient);
    tern_statement *statement = NULL;
    bool ready = true;
    tern_status status = trn_prepare_with(export->reader, sql, &key, 1, &statement, error);

    while (status == TERN_OK && ready) {
        status = tern_statement_step(statement, &ready, error);
        if (status == TERN_OK && ready) {
            status = put(export, patient, statement, error);
        }
    }
    tern_statement_free(statement);
    return status;
}

/* ---- Patients ---- */

static tern_status open_file(struct export *export, const tern_id *patient, tern_error *error)
{
    const char *folder = trn_option(export->call, TRN_OPT_DIRECTORY);
    char id[TRN_ID_TEXT_SIZE + 1];
    struct trn_bytes path = {0};
    tern_status status = TERN_OK;
    FILE *file;

    trn_id_format(patient, id);
    if (trn_bytes_append_format(&path,
                                "%s/%s.%s",
                                folder,
                                id,
                                is_bundle(export) ? "json" : "ndjson") != TERN_OK) {
        return trn_fail_nomem(error);
    }
    file = fopen(trn_bytes_text(&path), "we");
    if (file == NULL) {
        status = trn_fail(error, TERN_ERR_IO, "%s: %s", trn_bytes_text(&path), strerror(errno));
    } else {
        begin_file(export, file);
    }
    trn_bytes_free(&path);
    return status;
}

static tern_status
put_record(struct export *export, const tern_id *patient, tern_statement *row, tern_error *error)
{
    enum { MEALS = 15 };
    bool has_meals = tern_statement_value(row, MEALS).kind != TERN_NULL;
    json_t *resource = NULL;
    tern_status status = TERN_OK;

    trn_fhir_exporter_next(&export->exporter);
    if (tern_statement_value(row, 1).kind != TERN_NULL) {
        read_row(row, 1, "users", user_columns, patient, &export->rows[0]);
        read_row(row, MEALS, "meal_time_preferences", meal_columns, patient, &export->rows[1]);
        status = rows_status(export, error);
        if (status == TERN_OK) {
            status = trn_fhir_export_user(&export->exporter,
                                          &export->rows[0],
                                          has_meals ? &export->rows[1] : NULL,
                                          &resource,
                                          error);
        }
        if (status == TERN_OK) {
            status = write_resource(export, resource, error);
        }
    }
    if (status == TERN_OK) {
        status = put_all(export, patient, requests_query, put_request, error);
    }
    return status == TERN_OK ? put_all(export, patient, doses_query, put_dose, error) : status;
}

static tern_status put_patient(struct export *export, tern_statement *row, tern_error *error)
{
    bool own_file = trn_has(export->call, TRN_OPT_DIRECTORY);
    tern_id patient = id_at(row, 0);
    tern_status status = own_file ? open_file(export, &patient, error) : TERN_OK;
    tern_status ended;

    if (status == TERN_OK) {
        status = put_record(export, &patient, row, error);
    }
    if (own_file && export->file != NULL) {
        ended = end_file(export, status == TERN_OK ? error : NULL);
        status = status == TERN_OK ? ended : status;
    }
    return status;
}

/* Of all, or of the one; TERN_ERR_NOT_FOUND where that one is no patient. Without `put` only
 * looks. */
static tern_status
put_patients(struct export *export, const tern_id *only, bool put, tern_error *error)
{
    const tern_value key = only != NULL ? tern_value_id(only) : tern_value_null();
    tern_statement *row = NULL;
    bool ready = true;
    bool any = false;
    tern_status status = trn_prepare_with(export->reader, patients_query, &key, 1, &row, error);

    while (status == TERN_OK && ready) {
        status = tern_statement_step(row, &ready, error);
        if (status == TERN_OK && ready) {
            any = true;
            status = put ? put_patient(export, row, error) : TERN_OK;
        }
    }
    tern_statement_free(row);
    if (status == TERN_OK && only != NULL && !any) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "no patient of this replica has that id");
    }
    return status;
}

static tern_status put_chosen(struct export *export, bool put, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 1; status == TERN_OK && i < export->call->argument_count; i++) {
        const char *text = export->call->arguments[i];
        tern_id id;

        (void)trn_id_parse(trn_slice_text(text), &id); /* looked at before */
        status = put_patients(export, &id, put, error);
        if (status == TERN_ERR_NOT_FOUND) {
            trn_error_context(error, "%s", text);
        }
    }
    return status;
}

static tern_status check_tables(struct export *export, tern_error *error)
{
    static const char *const wanted[] = {"users",
                                         "meal_time_preferences",
                                         "prescriptions",
                                         "medications",
                                         "dose_events"};
    json_t *tables = json_array();
    tern_status status =
        tables != NULL ? trn_tables_of(export->reader, tables, error) : trn_fail_nomem(error);

    for (size_t i = 0; status == TERN_OK && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        bool found = false;

        for (size_t at = 0; at < json_array_size(tables); at++) {
            found |= strcmp(json_string_value(json_array_get(tables, at)), wanted[i]) == 0;
        }
        if (!found) {
            status = trn_fail(error,
                              TERN_ERR_UNKNOWN_TABLE,
                              "there is no table %s: this record is not one of medication",
                              wanted[i]);
        }
    }
    json_decref(tables);
    return status;
}

static tern_status export_record(struct export *export, tern_error *error)
{
    const char *folder = trn_option(export->call, TRN_OPT_DIRECTORY);
    bool all = export->call->argument_count == 1;
    tern_status status = check_tables(export, error);
    tern_status ended;

    if (status == TERN_OK) {
        status = put_chosen(export, false, error);
    }
    if (status == TERN_OK && folder != NULL && mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) {
        status = trn_fail(error, TERN_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    if (status != TERN_OK) {
        return status;
    }
    if (folder == NULL) {
        begin_file(export, stdout);
    }
    status = all ? put_patients(export, NULL, true, error) : put_chosen(export, true, error);
    if (folder == NULL) {
        ended = end_file(export, status == TERN_OK ? error : NULL);
        status = status == TERN_OK ? ended : status;
    }
    return status;
}

/* ---- The command ---- */

static void print_counts(FILE *file, const char *title, json_t *counts)
{
    const char *name;
    json_t *value;

    if (json_object_size(counts) == 0) {
        return;
    }
    (void)fprintf(file, "%s\n", title);
    json_object_foreach(counts, name, value)
    {
        (void)fprintf(file, "  %8lld  %s\n", (long long)json_integer_value(value), name);
    }
}

/* On standard output where the resources are in files, else on standard error. */
static enum trn_exit report(const struct export *export)
{
    bool in_files = trn_has(export->call, TRN_OPT_DIRECTORY);
    FILE *file = in_files ? stdout : stderr;

    if (trn_has(export->call, TRN_OPT_JSON) && in_files) {
        json_t *document =
            json_pack("{s:O, s:O}", "resources", export->counts, "left_out", export->left_out);

        return trn_print_json(document) ? TRN_EXIT_OK : TRN_EXIT_FAILED;
    }
    if (!trn_has(export->call, TRN_OPT_QUIET)) {
        if (in_files) {
            print_counts(file, "Resources written", export->counts);
        }
        print_counts(file, "Left out", export->left_out);
    }
    return TRN_EXIT_OK;
}

static bool read_form(const struct trn_call *call, enum trn_fhir_form *ret_form)
{
    const char *name = trn_option(call, TRN_OPT_FORMAT);

    if (name != NULL && strcmp(name, "ndjson") == 0) {
        *ret_form = TRN_FHIR_LINES;
    } else if (name == NULL || strcmp(name, "json") == 0) {
        *ret_form = TRN_FHIR_BUNDLE;
    } else {
        (void)trn_usage_error(call, "--format of FHIR must be json or ndjson");
        return false;
    }
    return true;
}

static bool are_ids(const struct trn_call *call)
{
    tern_id id;

    for (size_t i = 1; i < call->argument_count; i++) {
        if (!trn_id_of(call, call->arguments[i], &id)) {
            return false;
        }
    }
    return true;
}

static tern_status run_export(struct export *export, enum trn_fhir_form form, tern_error *error)
{
    tern_replica *replica = NULL;
    tern_status status = trn_replica_of(export->call, &replica, error);

    export->counts = json_object();
    export->left_out = json_object();
    if (status == TERN_OK && (export->counts == NULL || export->left_out == NULL)) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = trn_fhir_exporter_open(&export->exporter, form, error);
    }
    if (status == TERN_OK) {
        status = tern_reader_open(replica, &export->reader, error);
    }
    if (status == TERN_OK) {
        status = tern_reader_begin(export->reader, error);
    }
    if (status == TERN_OK) {
        status = export_record(export, error);
        tern_reader_end(export->reader);
    }
    tern_reader_close(export->reader);
    tern_replica_close(replica);
    return status;
}

enum trn_exit trn_run_export_fhir(const struct trn_call *call)
{
    struct export export = {.call = call};
    enum trn_fhir_form form = TRN_FHIR_BUNDLE;
    tern_error error = {0};
    enum trn_exit result;
    tern_status status;

    if (trn_has(call, TRN_OPT_DELETED)) {
        return trn_usage_error(call, "FHIR has no deleted rows: --deleted is of tables");
    }
    if (!read_form(call, &form) || !are_ids(call)) {
        return TRN_EXIT_USAGE;
    }
    status = run_export(&export, form, &error);
    result = status == TERN_OK ? report(&export) : trn_report_failure(call, status, &error);
    json_decref(export.counts);
    json_decref(export.left_out);
    trn_fhir_exporter_close(&export.exporter);
    trn_fhir_row_free(&export.rows[0]);
    trn_fhir_row_free(&export.rows[1]);
    return result;
}
