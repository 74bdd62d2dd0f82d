/* tern export: the replica's tables as JSON or CSV, or its record as FHIR, from one snapshot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"

enum { COLUMNS_MAX = 2000, TABLES_MAX = 512 };

/* One export under way. */
struct export
{
    const struct trn_call *call;
    tern_reader *reader;
    enum trn_sheet_format format;
    json_t *tables; /* names */
};

/* The library's own column is no data of the record. */
static const char own_column[] = "tern_v";

static bool is_listed(const json_t *tables, const char *name)
{
    for (size_t i = 0; i < json_array_size(tables); i++) {
        if (strcmp(json_string_value(json_array_get(tables, i)), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Keeps those that the command line names, in its order; all without any. */
static tern_status choose_tables(struct export *export, tern_error *error)
{
    const struct trn_call *call = export->call;
    json_t *chosen;

    if (call->argument_count == 0) {
        return TERN_OK;
    }
    chosen = json_array();
    for (size_t i = 0; i < call->argument_count; i++) {
        if (!is_listed(export->tables, call->arguments[i])) {
            json_decref(chosen);
            return trn_fail(error,
                            TERN_ERR_UNKNOWN_TABLE,
                            "there is no table %s",
                            call->arguments[i]);
        }
        (void)json_array_append_new(chosen, json_string(call->arguments[i]));
    }
    json_decref(export->tables);
    export->tables = chosen;
    return TERN_OK;
}

/* The places of the columns to be written, and their names. */
static size_t choose_columns(tern_statement *statement, int places[], const char *names[])
{
    int columns = tern_statement_columns(statement);
    size_t count = 0;

    for (int i = 0; i < columns && count < COLUMNS_MAX; i++) {
        const char *name = tern_statement_name(statement, i);

        if (strcmp(name, own_column) != 0) {
            places[count] = i;
            names[count] = name;
            count++;
        }
    }
    return count;
}

static tern_status
write_rows(tern_statement *statement, enum trn_sheet_format format, FILE *file, tern_error *error)
{
    int places[COLUMNS_MAX];
    const char *names[COLUMNS_MAX];
    tern_value values[COLUMNS_MAX];
    size_t columns = choose_columns(statement, places, names);
    struct trn_sheet sheet;
    tern_status status;
    tern_status written;
    bool ready = false;

    trn_sheet_begin(&sheet, format, file, names, columns);
    while ((status = tern_statement_step(statement, &ready, error)) == TERN_OK && ready) {
        for (size_t i = 0; i < columns; i++) {
            values[i] = tern_statement_value(statement, places[i]);
        }
        trn_sheet_row(&sheet, values);
    }
    written = trn_sheet_end(&sheet);
    return status == TERN_OK && written != TERN_OK
               ? trn_fail(error, written, "the output could not be written")
               : status;
}

static tern_status
write_table(struct export *export, const char *table, FILE *file, tern_error *error)
{
    bool with_deleted = trn_has(export->call, TRN_OPT_DELETED);
    struct trn_bytes sql = {0};
    tern_statement *statement = NULL;
    tern_status status = trn_bytes_append_format(&sql,
                                                 "SELECT * FROM \"%s\"%s ORDER BY id",
                                                 table,
                                                 with_deleted ? "" : " WHERE deleted_at IS NULL");

    if (status != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = trn_prepare_with(export->reader, trn_bytes_text(&sql), NULL, 0, &statement, error);
    }
    if (status == TERN_OK) {
        status = write_rows(statement, export->format, file, error);
    }
    tern_statement_free(statement);
    trn_bytes_free(&sql);
    return status;
}

static tern_status write_file(struct export *export, const char *table, tern_error *error)
{
    const char *folder = trn_option(export->call, TRN_OPT_DIRECTORY);
    struct trn_bytes path = {0};
    tern_status status;
    FILE *file;

    if (trn_bytes_append_format(&path,
                                "%s/%s.%s",
                                folder,
                                table,
                                export->format == TRN_SHEET_CSV ? "csv" : "json") != TERN_OK) {
        return trn_fail_nomem(error);
    }
    file = fopen(trn_bytes_text(&path), "we");
    if (file == NULL) {
        status = trn_fail(error, TERN_ERR_IO, "%s: %s", trn_bytes_text(&path), strerror(errno));
    } else {
        status = write_table(export, table, file, error);
        if (fclose(file) != 0 && status == TERN_OK) {
            status =
                trn_fail(error, TERN_ERR_IO, "%s: could not be written", trn_bytes_text(&path));
        }
    }
    trn_bytes_free(&path);
    return status;
}

/* {"table": [rows], ...}; a single CSV table, or a row of tables for people. */
static tern_status write_all(struct export *export, tern_error *error)
{
    bool many = export->format == TRN_SHEET_JSON;
    size_t count = json_array_size(export->tables);
    tern_status status = TERN_OK;

    if (many) {
        (void)fputs("{", stdout);
    }
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        const char *table = json_string_value(json_array_get(export->tables, i));

        if (many) {
            (void)printf("%s\"%s\": ", i > 0 ? ", " : "", table);
        } else if (count > 1) {
            (void)printf("%s%s\n", i > 0 ? "\n" : "", table);
        }
        status = write_table(export, table, stdout, error);
    }
    if (many) {
        (void)fputs("}\n", stdout);
    }
    return status;
}

static tern_status export_tables(struct export *export, tern_error *error)
{
    const char *folder = trn_option(export->call, TRN_OPT_DIRECTORY);
    tern_status status = trn_tables_of(export->reader, export->tables, error);

    if (status == TERN_OK) {
        status = choose_tables(export, error);
    }
    if (status != TERN_OK || folder == NULL) {
        return status != TERN_OK ? status : write_all(export, error);
    }
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) {
        return trn_fail(error, TERN_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    for (size_t i = 0; status == TERN_OK && i < json_array_size(export->tables); i++) {
        status = write_file(export, json_string_value(json_array_get(export->tables, i)), error);
    }
    return status;
}

static enum trn_exit run(const struct trn_call *call)
{
    struct export export = {.call = call, .format = TRN_SHEET_JSON};
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;

    if (call->argument_count > 0 && strcmp(call->arguments[0], "fhir") == 0) {
        return trn_run_export_fhir(call);
    }
    if (trn_has(call, TRN_OPT_FORMAT) && !trn_sheet_format_read(call, &export.format)) {
        return TRN_EXIT_USAGE;
    }
    if (export.format == TRN_SHEET_CSV && call->argument_count != 1 &&
        !trn_has(call, TRN_OPT_DIRECTORY)) {
        return trn_usage_error(call, "CSV of several tables needs --directory");
    }
    export.tables = json_array();
    status = trn_replica_of(call, &replica, &error);
    if (status == TERN_OK) {
        status = tern_reader_open(replica, &export.reader, &error);
    }
    if (status == TERN_OK) {
        status = tern_reader_begin(export.reader, &error);
    }
    if (status == TERN_OK) {
        status = export_tables(&export, &error);
        tern_reader_end(export.reader);
    }
    json_decref(export.tables);
    tern_reader_close(export.reader);
    tern_replica_close(replica);
    return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
}

static const enum trn_option options[] = {TRN_OPT_REPLICA,
                                          TRN_OPT_FORMAT,
                                          TRN_OPT_DIRECTORY,
                                          TRN_OPT_DELETED,
                                          TRN_OPT_JSON,
                                          TRN_OPT_QUIET,
                                          TRN_OPT_END};

const struct trn_command trn_command_export = {
    .name = "export",
    .arguments = "[TABLE... | fhir [PATIENT...]]",
    .summary = "Write tables as JSON or CSV, or the record as FHIR R4",
    .details =
        "All tables are of one moment. Without TABLE, all synced tables; deleted rows only with\n"
        "--deleted. Times are microseconds since 1970, UTC; in CSV a null is an empty field and an "
        "empty\n"
        "text a quoted one.\n\n"
        "fhir writes patients (all, or those whose ids are given) with their medication requests "
        "and\n"
        "administrations as one Bundle, with -f ndjson as lines, with -d as a Bundle a patient; "
        "what "
        "was\n"
        "left out is told on standard error. tern import fhir reads it back. docs/FHIR.md says "
        "what\n"
        "becomes what.\n\n"
        "  tern export > record.json\n"
        "  tern export fhir > record.json\n"
        "  tern export -f csv medications > medications.csv\n"
        "  tern export -f csv -d record/\n",
    .most = TABLES_MAX,
    .options = options,
    .run = run,
};
