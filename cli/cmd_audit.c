/* tern audit: which values were overwritten by somebody who had not seen them. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"

enum { COLUMNS = 11, LIMIT_MAX = 1000000, LOST = 5, LOST_TIME, KEPT, KEPT_TIME };

static const char query[] =
    "SELECT id, table_name, row_id, unit, rule, lost_values, lost_time, kept_values, kept_time, "
    "lost_device, kept_device FROM sync_audit WHERE deleted_at IS NULL AND "
    "(?1 IS NULL OR table_name = ?1) AND (?2 IS NULL OR row_id = ?2) "
    "ORDER BY created_at DESC, id DESC LIMIT ?3";

static const char *const names[COLUMNS] = {"id",
                                           "table",
                                           "row",
                                           "unit",
                                           "rule",
                                           "lost_values",
                                           "lost_time",
                                           "kept_values",
                                           "kept_time",
                                           "lost_device",
                                           "kept_device"};

static tern_status
print_rows(tern_statement *statement, enum trn_sheet_format format, tern_error *error)
{
    struct trn_sheet sheet;
    tern_status status;
    tern_status printed;
    bool ready = false;

    trn_sheet_begin(&sheet, format, stdout, names, COLUMNS);
    sheet.documents = 1U << LOST | 1U << KEPT;
    while ((status = tern_statement_step(statement, &ready, error)) == TERN_OK && ready) {
        tern_value values[COLUMNS];
        char lost[TRN_TIME_BYTES];
        char kept[TRN_TIME_BYTES];

        for (int i = 0; i < COLUMNS; i++) {
            values[i] = tern_statement_value(statement, i);
        }
        if (format == TRN_SHEET_TABLE) {
            trn_time_text(values[LOST_TIME].integer, lost);
            trn_time_text(values[KEPT_TIME].integer, kept);
            values[LOST_TIME] = tern_value_text(lost);
            values[KEPT_TIME] = tern_value_text(kept);
        }
        trn_sheet_row(&sheet, values);
    }
    printed = trn_sheet_end(&sheet);
    return status == TERN_OK && printed != TERN_OK
               ? trn_fail(error, printed, "the output could not be written")
               : status;
}

/* A misspelled table would look like one of which nothing was ever overwritten. */
static tern_status check_table(tern_reader *reader, const char *table, tern_error *error)
{
    json_t *tables = json_array();
    tern_status status = trn_tables_of(reader, tables, error);
    bool found = false;

    for (size_t i = 0; i < json_array_size(tables); i++) {
        found = found || strcmp(json_string_value(json_array_get(tables, i)), table) == 0;
    }
    json_decref(tables);
    return status == TERN_OK && !found
               ? trn_fail(error, TERN_ERR_UNKNOWN_TABLE, "there is no table %s", table)
               : status;
}

static tern_status read_audit(tern_replica *replica,
                              const char *table,
                              const tern_value *values,
                              size_t count,
                              enum trn_sheet_format format,
                              tern_error *error)
{
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    tern_status status = tern_reader_open(replica, &reader, error);

    if (status == TERN_OK && table != NULL) {
        status = check_table(reader, table, error);
    }
    if (status == TERN_OK) {
        status = trn_prepare_with(reader, query, values, count, &statement, error);
    }
    if (status == TERN_OK) {
        status = print_rows(statement, format, error);
    }
    tern_statement_free(statement);
    tern_reader_close(reader);
    return status;
}

static enum trn_exit run(const struct trn_call *call)
{
    const char *table = trn_option(call, TRN_OPT_TABLE);
    const char *row = trn_option(call, TRN_OPT_ROW);
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_value values[3];
    tern_id row_id;
    tern_status status;
    enum trn_sheet_format format;
    long limit;

    if (!trn_sheet_format_read(call, &format) ||
        !trn_option_number(call, TRN_OPT_LIMIT, 1, LIMIT_MAX, &limit) ||
        (row != NULL && !trn_id_of(call, row, &row_id))) {
        return TRN_EXIT_USAGE;
    }
    values[0] = tern_value_text(table);
    values[1] = row != NULL ? tern_value_id(&row_id) : tern_value_null();
    values[2] = tern_value_integer(limit);
    status = trn_replica_of(call, &replica, &error);
    if (status == TERN_OK) {
        status = read_audit(replica, table, values, 3, format, &error);
    }
    tern_replica_close(replica);
    return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
}

static const enum trn_option options[] = {TRN_OPT_REPLICA,
                                          TRN_OPT_TABLE,
                                          TRN_OPT_ROW,
                                          TRN_OPT_LIMIT,
                                          TRN_OPT_FORMAT,
                                          TRN_OPT_JSON,
                                          TRN_OPT_END};

const struct trn_command trn_command_audit = {
    .name = "audit",
    .arguments = "",
    .summary = "List the values that were overwritten unseen, with both sides",
    .details = "An entry stands wherever two people changed the same thing without having seen "
               "each other's\n"
               "change: what was lost, what was kept, when, on which devices, and the rule that "
               "decided.\n"
               "tern reinstate brings a lost value back.\n\n"
               "  tern audit\n"
               "  tern audit --table dose_events --limit 10\n"
               "  tern audit --json --row 0ee71c8f-f792-4f92-8c44-25cc03971222\n",
    .options = options,
    .run = run,
};
