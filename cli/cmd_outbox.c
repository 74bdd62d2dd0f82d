/* tern outbox: what waits for the server, and what one entry holds. */
#include <stdio.h>

#include "base/error.h"
#include "base/uuid.h"
#include "cli/command.h"
#include "cli/entries.h"
#include "cli/files.h"
#include "cli/output.h"

enum { COLUMNS = 5 };

static const char *const names[COLUMNS] = {"operation", "table", "row", "unit", "values"};

/* Begun by the first change, so that nothing is printed of an entry that is not there. */
struct changes {
    enum trn_sheet_format format;
    struct trn_sheet sheet;
    bool begun;
};

static void begin(struct changes *changes)
{
    if (!changes->begun) {
        trn_sheet_begin(&changes->sheet, changes->format, stdout, names, COLUMNS);
        changes->begun = true;
    }
}

static bool add(void *context, const tern_entry_change *change)
{
    struct changes *changes = context;
    struct trn_sheet *sheet = &changes->sheet;
    char row[TRN_ID_TEXT_SIZE + 1];
    tern_value values[COLUMNS];

    begin(changes);
    trn_id_format(&change->row, row);
    values[0] = tern_value_text(change->operation);
    values[1] = tern_value_text(change->table);
    values[2] = tern_value_text(row);
    values[3] = tern_value_text(change->unit);
    values[4] = tern_value_text(change->values);
    trn_sheet_row(sheet, values);
    return sheet->status == TERN_OK;
}

static enum trn_exit
print_changes(const struct trn_call *call, tern_replica *replica, uint64_t ordinal)
{
    struct changes changes = {.format =
                                  trn_has(call, TRN_OPT_JSON) ? TRN_SHEET_JSON : TRN_SHEET_TABLE};
    tern_error error = {0};
    tern_status printed = TERN_OK;
    tern_status status = tern_outbox_changes(replica, ordinal, add, &changes, &error);

    if (status == TERN_OK) {
        begin(&changes);
    }
    if (changes.begun) {
        printed = trn_sheet_end(&changes.sheet);
    }
    if (status == TERN_OK && printed != TERN_OK) {
        status = trn_fail(&error, printed, "the output could not be written");
    }
    return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
}

static enum trn_exit run(const struct trn_call *call)
{
    unsigned states =
        trn_has(call, TRN_OPT_ALL)
            ? 0
            : 1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;
    enum trn_exit result;
    uint64_t ordinal = 0;

    if (call->argument_count > 0 && !trn_ordinal_of(call, call->arguments[0], &ordinal)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_replica_of(call, &replica, &error);
    if (status != TERN_OK) {
        return trn_report_failure(call, status, &error);
    }
    result = call->argument_count > 0 ? print_changes(call, replica, ordinal)
                                      : trn_entries_print(call, replica, states);
    tern_replica_close(replica);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA, TRN_OPT_ALL, TRN_OPT_JSON, TRN_OPT_END};

const struct trn_command trn_command_outbox = {
    .name = "outbox",
    .arguments = "[ENTRY]",
    .summary = "List what waits for the server, or show what one entry changes",
    .details = "  tern outbox\n"
               "  tern outbox --all\n"
               "  tern outbox 12\n",
    .most = 1,
    .options = options,
    .run = run,
};
