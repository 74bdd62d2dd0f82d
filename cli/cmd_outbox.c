/* tern outbox: what waits for the server, and what one entry holds. */
#include <stdio.h>

#include "base/uuid.h"
#include "cli/command.h"
#include "cli/entries.h"
#include "cli/files.h"
#include "cli/output.h"

enum { COLUMNS = 5 };

static const char *const names[COLUMNS] = {"operation", "table", "row", "unit", "values"};

static bool add(void *context, const tern_entry_change *change)
{
    struct trn_sheet *sheet = context;
    char row[TRN_ID_TEXT_SIZE + 1];
    tern_value values[COLUMNS];

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
    enum trn_sheet_format format = trn_has(call, TRN_OPT_JSON) ? TRN_SHEET_JSON : TRN_SHEET_TABLE;
    struct trn_sheet sheet;
    tern_error error = {0};
    tern_status status;
    tern_status printed;

    trn_sheet_begin(&sheet, format, stdout, names, COLUMNS);
    status = tern_outbox_changes(replica, ordinal, add, &sheet, &error);
    printed = trn_sheet_end(&sheet);
    if (status != TERN_OK || printed != TERN_OK) {
        return trn_report_failure(call, status != TERN_OK ? status : printed, &error);
    }
    return TRN_EXIT_OK;
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
