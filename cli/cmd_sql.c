/* tern sql: one statement, read-only unless told otherwise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"

/* A parameter that is given no value would be null, and a condition on it true of nothing. */
static tern_status refuse_missing(size_t index, tern_statement *statement, tern_error *error)
{
    if (tern_statement_bind(statement, (int)index, tern_value_null(), NULL) == TERN_OK) {
        return trn_fail(error, TERN_ERR_MISUSE, "parameter %zu is given no value", index);
    }
    return TERN_OK;
}

/* A parameter that reads as a UUID is an id, one that reads as a whole number, and would be written
 * so, is one, anything else is a text. */
static tern_value parameter(const char *text, tern_id *id)
{
    long long number = strtoll(text, NULL, 10);
    char written[32];

    if (trn_id_parse(trn_slice_text(text), id)) {
        return tern_value_id(id);
    }
    (void)snprintf(written, sizeof(written), "%lld", number);
    return strcmp(written, text) == 0 ? tern_value_integer(number) : tern_value_text(text);
}

static tern_status
bind_all(const struct trn_call *call, tern_statement *statement, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 1; status == TERN_OK && i < call->argument_count; i++) {
        tern_id id;

        status = tern_statement_bind(statement, (int)i, parameter(call->arguments[i], &id), error);
    }
    return status == TERN_OK ? refuse_missing(call->argument_count, statement, error) : status;
}

static tern_status print_rows(tern_statement *statement,
                              enum trn_sheet_format format,
                              bool *ret_ready,
                              tern_error *error)
{
    size_t columns = (size_t)tern_statement_columns(statement);
    const char **names = calloc(columns + 1, sizeof(*names));
    tern_value *values = calloc(columns + 1, sizeof(*values));
    struct trn_sheet sheet;
    tern_status status = TERN_OK;
    tern_status printed;

    if (names == NULL || values == NULL) {
        free(names);
        free(values);
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < columns; i++) {
        names[i] = tern_statement_name(statement, (int)i);
    }
    trn_sheet_begin(&sheet, format, stdout, names, columns);
    while (status == TERN_OK && *ret_ready) {
        for (size_t i = 0; i < columns; i++) {
            values[i] = tern_statement_value(statement, (int)i);
        }
        trn_sheet_row(&sheet, values);
        status = tern_statement_step(statement, ret_ready, error);
    }
    printed = trn_sheet_end(&sheet);
    free(names);
    free(values);
    return status == TERN_OK && printed != TERN_OK
               ? trn_fail(error, printed, "the output could not be written")
               : status;
}

/* Runs to the first row before anything is printed: most failures show there. */
static tern_status run_statement(const struct trn_call *call,
                                 tern_statement *statement,
                                 enum trn_sheet_format format,
                                 tern_error *error)
{
    bool ready = false;
    tern_status status = bind_all(call, statement, error);

    if (status == TERN_OK) {
        status = tern_statement_step(statement, &ready, error);
    }
    if (status == TERN_OK && tern_statement_columns(statement) > 0) {
        status = print_rows(statement, format, &ready, error);
    }
    return status;
}

/* Why a reader refuses the statement: where the writer would take it, only the option is missing.
 */
static tern_status explain_refusal(tern_replica *replica, const char *sql, tern_error *error)
{
    tern_error reason = *error;
    tern_statement *statement = NULL;
    tern_status status = tern_statement_prepare(replica, sql, strlen(sql), &statement, error);

    tern_statement_free(statement);
    if (status == TERN_OK) {
        return trn_fail(error, TERN_ERR_SQL, "the statement writes: give --write");
    }
    *error = reason;
    return reason.status;
}

static tern_status read_only(const struct trn_call *call,
                             tern_replica *replica,
                             enum trn_sheet_format format,
                             tern_error *error)
{
    const char *sql = call->arguments[0];
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    tern_status status = tern_reader_open(replica, &reader, error);

    if (status == TERN_OK) {
        status = tern_reader_prepare(reader, sql, strlen(sql), &statement, error);
        if (status == TERN_ERR_SQL) {
            status = explain_refusal(replica, sql, error);
        }
    }
    if (status == TERN_OK) {
        status = run_statement(call, statement, format, error);
    }
    tern_statement_free(statement);
    tern_reader_close(reader);
    return status;
}

static tern_status writing(const struct trn_call *call,
                           tern_replica *replica,
                           enum trn_sheet_format format,
                           tern_error *error)
{
    const char *sql = call->arguments[0];
    tern_statement *statement = NULL;
    tern_tx *tx = NULL;
    tern_status status = tern_tx_begin(replica, NULL, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = tern_statement_prepare(replica, sql, strlen(sql), &statement, error);
    if (status == TERN_OK) {
        status = run_statement(call, statement, format, error);
    }
    tern_statement_free(statement);
    if (status != TERN_OK) {
        tern_tx_rollback(tx);
        return status;
    }
    return tern_tx_commit(tx, NULL, error);
}

static enum trn_exit run(const struct trn_call *call)
{
    enum trn_sheet_format format;
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;

    if (!trn_sheet_format_read(call, &format)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_replica_of(call, &replica, &error);
    if (status == TERN_OK) {
        status = trn_has(call, TRN_OPT_WRITE) ? writing(call, replica, format, &error)
                                              : read_only(call, replica, format, &error);
    }
    tern_replica_close(replica);
    return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
}

static const enum trn_option options[] = {TRN_OPT_REPLICA,
                                          TRN_OPT_WRITE,
                                          TRN_OPT_FORMAT,
                                          TRN_OPT_JSON,
                                          TRN_OPT_END};

const struct trn_command trn_command_sql = {
    .name = "sql",
    .arguments = "STATEMENT [PARAMETER...]",
    .summary = "Run one SQL statement on the replica",
    .details =
        "Reads only, unless --write is given: then the statement is one transaction, stamped, "
        "queued and\n"
        "pushed by the next sync. Deleted rows are still there; leave them out with deleted_at IS "
        "NULL.\n"
        "Ids are shown as UUIDs. Parameters stand for ?1, ?2 and so on: UUIDs as ids, whole "
        "numbers as\n"
        "numbers, anything else as text. tern_id(), tern_id_text(), tern_id_blob() and tern_now() "
        "help.\n\n"
        "  tern sql \"SELECT id, status FROM prescriptions WHERE deleted_at IS NULL\"\n"
        "  tern sql -f csv \"SELECT * FROM medications WHERE prescription_id = ?\" 0ee71c8f-...\n"
        "  tern sql --write \"UPDATE prescriptions SET status = ? WHERE id = ?\" PAUSED "
        "0ee71c8f-...\n",
    .least = 1,
    .most = 1000,
    .options = options,
    .run = run,
};
