/* tern import fhir: the rows of FHIR files become transactions of the replica, to be pushed by the
 * next sync. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/fhir_import.h"
#include "cli/fhir_map.h"
#include "cli/fhir_turns.h"
#include "cli/files.h"
#include "cli/output.h"
#include "medication/source.h"
#include "model/change.h"
#include "tern/outbox.h"
#include "tern/row.h"

/* Columns of users that must be nobody else's, and that an import can do without. */
static const char *const contact_columns[] = {"phone_number", "email"};

static bool is_contact(const char *column)
{
    for (size_t i = 0; i < sizeof(contact_columns) / sizeof(contact_columns[0]); i++) {
        if (strcmp(contact_columns[i], column) == 0) {
            return true;
        }
    }
    return false;
}

static size_t cells_of(const struct trn_fhir_row *row,
                       bool with_contacts,
                       tern_cell cells[TRN_FHIR_CELLS_MAX + 1])
{
    size_t count = 0;

    cells[count++] = (tern_cell){.column = "id", .value = tern_value_id(&row->id)};
    for (size_t i = 0; i < row->count; i++) {
        const char *column = row->cells[i].column;

        if ((with_contacts || !is_contact(column)) && strcmp(column, TRN_FHIR_TURNS) != 0) {
            cells[count++] = (tern_cell){.column = column, .value = trn_fhir_row_value(row, i)};
        }
    }
    return count;
}

static bool may_be_the_contact(const struct trn_fhir_row *row, tern_status status)
{
    return strcmp(row->table, "users") == 0 &&
           (status == TERN_ERR_UNIQUE || status == TERN_ERR_FORMAT || status == TERN_ERR_CHECK);
}

static tern_status insert(tern_tx *tx,
                          const struct trn_fhir_row *row,
                          struct trn_fhir_report *report,
                          tern_error *error)
{
    tern_cell cells[TRN_FHIR_CELLS_MAX + 1];
    size_t count = cells_of(row, true, cells);
    tern_status status = tern_row_insert(tx, row->table, cells, count, NULL, error);

    if (may_be_the_contact(row, status)) {
        /* Families share telephones; the person matters more than the number. */
        trn_error_clear(error);
        count = cells_of(row, false, cells);
        status = tern_row_insert(tx, row->table, cells, count, NULL, error);
        if (status == TERN_OK) {
            trn_fhir_report_unmapped(report, "Patient.telecom (malformed, or somebody else's)");
        }
    }
    if (status == TERN_OK) {
        trn_fhir_report_row(report, row->table, "created");
    }
    return status;
}

static bool is_equal(tern_value left, tern_value right)
{
    if (left.kind != right.kind || left.size != right.size) {
        return false;
    }
    if (left.kind == TERN_INTEGER) {
        return left.integer == right.integer;
    }
    return left.size == 0 || memcmp(left.data, right.data, left.size) == 0;
}

/* Whether the file has a say in the cell once the row is there. created_at never changes; contacts
 * may have been left out; and that these files do not name somebody takes no name away. */
static bool may_change(const char *column, tern_value wanted)
{
    size_t size = strlen(trn_fhir_nameless);

    return strcmp(column, "created_at") != 0 && !is_contact(column) &&
           !(strcmp(column, "patient_name") == 0 && wanted.size == size &&
             memcmp(wanted.data, trn_fhir_nameless, size) == 0);
}

/* The cells in which the file differs from the replica. */
static tern_status changed_cells(const tern_row *stored,
                                 const struct trn_fhir_row *row,
                                 tern_cell cells[TRN_FHIR_CELLS_MAX],
                                 size_t *ret_count,
                                 tern_error *error)
{
    size_t count = 0;

    for (size_t i = 0; i < row->count; i++) {
        const char *column = row->cells[i].column;
        tern_value wanted = trn_fhir_row_value(row, i);
        tern_value present;
        tern_status status;

        if (strcmp(column, TRN_FHIR_TURNS) == 0) {
            continue;
        }
        status = tern_row_value(stored, column, &present, error);
        if (status != TERN_OK) {
            return status;
        }
        if (may_change(column, wanted) && !is_equal(present, wanted)) {
            cells[count++] = (tern_cell){.column = column, .value = wanted};
        }
    }
    *ret_count = count;
    return TERN_OK;
}

/* A prescription that the file takes out of a pause, or ends, was until now what it was: else what
 * passed in that pause would be missed. */
static tern_status turn(tern_replica *replica,
                        tern_tx *tx,
                        const tern_row *stored,
                        const struct trn_fhir_row *row,
                        int64_t now_us,
                        struct trn_fhir_report *report,
                        tern_error *error)
{
    const tern_value to = trn_fhir_row_find(row, "status");
    tern_value from = {.kind = TERN_NULL};
    tern_status status = tern_row_value(stored, "status", &from, error);

    if (status != TERN_OK || to.kind == TERN_NULL || is_equal(from, to)) {
        return status;
    }
    return trn_fhir_turns_turn(replica,
                               tx,
                               &row->id,
                               from,
                               trn_value_is(to, "ACTIVE"),
                               now_us,
                               report,
                               error);
}

static tern_status update(tern_replica *replica,
                          tern_tx *tx,
                          const tern_row *stored,
                          const struct trn_fhir_row *row,
                          int64_t now_us,
                          struct trn_fhir_report *report,
                          tern_error *error)
{
    tern_cell cells[TRN_FHIR_CELLS_MAX + 1];
    size_t count = 0;
    tern_status status = changed_cells(stored, row, cells, &count, error);

    if (status == TERN_OK && strcmp(row->table, "prescriptions") == 0) {
        status = turn(replica, tx, stored, row, now_us, report, error);
    }
    if (status == TERN_OK && count > 0) {
        status = tern_row_update(tx, row->table, &row->id, cells, count, error);
    }
    if (status == TERN_OK) {
        trn_fhir_report_row(report, row->table, count > 0 ? "changed" : "unchanged");
    }
    return status;
}

static tern_status put_row(tern_replica *replica,
                           tern_tx *tx,
                           const struct trn_fhir_row *row,
                           int64_t now_us,
                           struct trn_fhir_report *report,
                           tern_error *error)
{
    tern_value deleted = {.kind = TERN_NULL};
    tern_row *stored = NULL;
    tern_status status = tern_row_get(tx, row->table, &row->id, &stored, error);

    if (status == TERN_ERR_NOT_FOUND) {
        trn_error_clear(error);
        status = insert(tx, row, report, error);
    } else if (status == TERN_OK) {
        status = tern_row_value(stored, "deleted_at", &deleted, error);
        if (status == TERN_OK && deleted.kind != TERN_NULL) {
            trn_fhir_report_row(report, row->table, "deleted");
        } else if (status == TERN_OK) {
            status = update(replica, tx, stored, row, now_us, report, error);
        }
    }
    if (status == TERN_OK && deleted.kind == TERN_NULL) {
        status = trn_fhir_turns_put(tx, row, report, error);
    }
    tern_row_free(stored);
    return status;
}

static tern_status put(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *error)
{
    tern_clock_state clock = {.size = sizeof(clock)};
    tern_tx *tx = NULL;
    tern_status status = tern_replica_read_clock(context, &clock, error);

    if (status == TERN_OK) {
        status = tern_tx_begin(context, NULL, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = put_row(context, tx, &rows[i], clock.now_us, report, error);
    }
    if (status != TERN_OK) {
        tern_tx_rollback(tx);
        return status;
    }
    return tern_tx_commit(tx, NULL, error);
}

static tern_status find(void *context,
                        const tern_id *prescription,
                        bool *ret_found,
                        tern_id *ret_patient,
                        tern_error *error)
{
    static const char sql[] = "SELECT patient_id FROM prescriptions WHERE id = ?1";
    const tern_value id = tern_value_id(prescription);
    tern_statement *statement = NULL;
    bool ready = false;
    tern_status status = tern_statement_prepare(context, sql, sizeof(sql) - 1, &statement, error);

    if (status == TERN_OK) {
        status = tern_statement_bind(statement, 1, id, error);
    }
    if (status == TERN_OK) {
        status = tern_statement_step(statement, &ready, error);
    }
    if (status == TERN_OK && ready) {
        const tern_value patient = tern_statement_value(statement, 0);

        ready = trn_value_id(&patient, ret_patient);
    }
    tern_statement_free(statement);
    if (status == TERN_OK) {
        *ret_found = ready;
    }
    return status;
}

static enum trn_exit finish(const struct trn_call *call, const struct trn_fhir_report *report)
{
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(trn_fhir_report_json(report)) ? TRN_EXIT_OK : TRN_EXIT_FAILED;
    }
    if (!trn_has(call, TRN_OPT_QUIET)) {
        trn_fhir_report_print(report, stdout);
    }
    return TRN_EXIT_OK;
}

static enum trn_exit run(const struct trn_call *call)
{
    struct trn_fhir_report report = {0};
    struct trn_fhir_sink sink = {.put = put, .find = find};
    tern_replica *replica = NULL;
    tern_error error = {0};
    enum trn_exit result;
    tern_status status;

    if (strcmp(call->arguments[0], "fhir") != 0) {
        return trn_usage_error(call, "\"%s\" is no format; fhir is", call->arguments[0]);
    }
    status = trn_replica_of(call, &replica, &error);
    if (status == TERN_OK) {
        status = trn_fhir_report_open(&report, &error);
    }
    if (status == TERN_OK) {
        sink.context = replica;
        status = trn_fhir_import((const char *const *)(call->arguments + 1),
                                 call->argument_count - 1,
                                 &sink,
                                 &report,
                                 &error);
    }
    result = status == TERN_OK ? finish(call, &report) : trn_report_failure(call, status, &error);
    trn_fhir_report_close(&report);
    tern_replica_close(replica);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA,
                                          TRN_OPT_JSON,
                                          TRN_OPT_QUIET,
                                          TRN_OPT_END};

const struct trn_command trn_command_import = {
    .name = "import",
    .arguments = "fhir FILE...",
    .summary = "Take FHIR R4 files over: patients, medication requests, doses",
    .details =
        "Reads Bundles and newline-delimited resources (ndjson). A Patient becomes a row of users, "
        "a\n"
        "MedicationRequest a prescription with one medication; a patient whom the files only refer "
        "to\n"
        "becomes a users row with the id alone; a MedicationAdministration becomes a dose. What "
        "has no\n"
        "place is counted and named, never dropped silently. Importing a file again sets back to "
        "what\n"
        "it says what somebody has changed since, and writes nothing that stands so already.\n"
        "docs/FHIR.md says what becomes what.\n\n"
        "An operator imports records of other people: make a replica for the operator, import, and "
        "sync\n"
        "with an operator token. The replica is then an outbox; the records go to their "
        "patients.\n\n"
        "  tern import fhir patients.ndjson requests.ndjson\n"
        "  tern import fhir --json bundle.json | jq .not_taken_over\n",
    .least = 2,
    .most = 10000,
    .options = options,
    .run = run,
};
