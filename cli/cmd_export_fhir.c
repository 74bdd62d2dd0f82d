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

/* A row is an id and the columns behind it, up to the next id or the end; their names are the
 * cells' of the rows. */
static const char patients_query[] =
    "SELECT k.id,u.id,u.first_name,u.last_name,u.full_name,u.phone_number,u.email,u.gender,"
    "u.date_of_birth,u.id_card_number,u.language,u.theme,u.grace_period_minutes,u.time_zone,"
    "u.hospital_clinic,u.specialty,u.license_number,u.license_photo_url,u.created_at,"
    "t.id,t.morning_meal,t.afternoon_meal,t.night_meal,t.created_at FROM (SELECT id "
    "FROM users WHERE role='PATIENT' AND deleted_at IS NULL"
    " UNION SELECT patient_id FROM prescriptions WHERE deleted_at IS NULL) k"
    " LEFT JOIN users u ON u.id=k.id AND u.deleted_at IS NULL"
    " LEFT JOIN meal_time_preferences t ON t.user_id=u.id AND t.deleted_at IS NULL"
    " WHERE ?1 IS NULL OR k.id=?1 ORDER BY k.id";

static const char requests_query[] =
    "SELECT p.id,p.patient_id,p.doctor_id,p.patient_name,p.patient_gender,p.patient_age,p.symptoms,"
    "p.diagnosis,p.start_date,"
    "(SELECT b.begins_on FROM prescription_beginnings b WHERE b.prescription_id=p.id AND "
    "b.deleted_at IS NULL ORDER BY b.is_taken DESC,b.begins_on LIMIT 1) AS "
    "begins_on,p.end_date,p.status,"
    "(SELECT max(iif(k.was IS NULL AND NOT k.begins,'0,',''))||group_concat(k.turned_at) FROM "
    "(SELECT r.turned_at,r.begins,lag(r.begins) OVER (ORDER BY r.turned_at,r.begins) AS was FROM "
    "prescription_turns r WHERE r.prescription_id=p.id AND r.deleted_at IS NULL "
    "ORDER BY r.turned_at,r.begins) k WHERE k.was IS NOT k.begins) AS active_spans,"
    "p.current_version,"
    "p.is_urgent,p.urgent_reason,p.created_at,"
    "m.id,m.prescription_id,m.row_number,m.medicine_name,m.medicine_name_khmer,"
    "m.image_url,m.morning_dosage,m.daytime_dosage,m.night_dosage,m.frequency,m.duration,m.timing,"
    "m.is_prn,m.prn_times,m.starts_on,m.first_minute,m.created_at FROM prescriptions p"
    " LEFT JOIN medications m ON m.prescription_id=p.id AND m.deleted_at IS NULL"
    " WHERE p.patient_id=?1 AND p.deleted_at IS NULL ORDER BY p.created_at,p.id,m.row_number,m.id";

static const char doses_query[] =
    "SELECT d.scheduled_time+d.grace_minutes*60000000<strftime('%s','now')*1000000,"
    "m.id,m.medicine_name,m.medicine_name_khmer,"
    "d.id,d.prescription_id,d.medication_id,d.patient_id,d.scheduled_time,d.local_date,d.slot,"
    "d.time_period,d.reminder_time,d.grace_minutes,d.status,d.taken_at,d.skip_reason,"
    "d.was_offline,nullif(d.flags,'INFERRED') AS flags,d.created_at FROM dose_events d JOIN "
    "medications m ON "
    "m.id=d.medication_id"
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

static bool is_id(tern_statement *statement, int column)
{
    return strcmp(tern_statement_name(statement, column), "id") == 0;
}

/* Copies the row whose id is at `first`; returns where the next one begins. The names of its cells
 * are the statement's. */
static int read_row(tern_statement *statement,
                    int first,
                    const char *table,
                    const tern_id *patient,
                    struct trn_fhir_row *ret_row)
{
    int count = tern_statement_columns(statement);
    tern_id id = id_at(statement, first);
    int at;

    trn_fhir_row_begin(ret_row, table, "", &id, patient);
    for (at = first + 1; at < count && !is_id(statement, at); at++) {
        const char *column = tern_statement_name(statement, at);
        tern_value value = tern_statement_value(statement, at);

        if (value.kind == TERN_INTEGER) {
            trn_fhir_row_add_integer(ret_row, column, value.integer);
        } else if (value.kind == TERN_TEXT) {
            trn_fhir_row_add_text(ret_row, column, trn_slice_make(value.data, value.size));
        } else if (value.kind == TERN_BLOB) {
            id = id_at(statement, at);
            trn_fhir_row_add_id(ret_row, column, &id);
        }
    }
    return at;
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
    int medication = read_row(statement, 0, "prescriptions", patient, &export->rows[0]);
    json_t *request = NULL;
    tern_status status;

    if (tern_statement_value(statement, medication).kind == TERN_NULL) {
        return count(export->left_out, "prescription without a medication", error);
    }
    (void)read_row(statement, medication, "medications", patient, &export->rows[1]);
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
    bool has_passed = tern_statement_value(statement, 0).integer != 0;
    int dose = read_row(statement, 1, "medications", patient, &export->rows[0]);
    json_t *administration = NULL;
    tern_value said;
    tern_status status;

    (void)read_row(statement, dose, "dose_events", patient, &export->rows[1]);
    said = trn_fhir_row_find(&export->rows[1], "status");
    status = rows_status(export, error);
    if (status == TERN_OK && trn_slice_equal_text(trn_slice_make(said.data, said.size), "DUE")) {
        return count(export->left_out,
                     has_passed ? "dose that has passed and is not stored as missed"
                                : "dose that is due",
                     error);
    }
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
    int meals = read_row(row, 1, "users", patient, &export->rows[0]);
    bool has_meals = tern_statement_value(row, meals).kind != TERN_NULL;
    json_t *resource = NULL;
    tern_status status = TERN_OK;

    trn_fhir_exporter_next(&export->exporter);
    if (tern_statement_value(row, 1).kind != TERN_NULL) {
        (void)read_row(row, meals, "meal_time_preferences", patient, &export->rows[1]);
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
