/* The outbox as a sheet; each entry is copied before the next is visited. */
#include "cli/entries.h"

#include <stdio.h>

#include "base/error.h"
#include "cli/output.h"

enum { COLUMNS = 9 };

static const char *const names[COLUMNS] =
    {"entry", "state", "time", "changes", "bytes", "tries", "reason", "waits_for", "detail"};

static const char *const states_in_words[] = {
    [TERN_ENTRY_PENDING] = "pending",
    [TERN_ENTRY_ACKED] = "acked",
    [TERN_ENTRY_QUARANTINED] = "quarantined",
    [TERN_ENTRY_LOCKED] = "locked",
    [TERN_ENTRY_DISCARDED] = "discarded",
};

static bool add(void *context, const tern_entry *entry)
{
    struct trn_sheet *sheet = context;
    char time[TRN_TIME_BYTES];
    tern_value values[COLUMNS];

    trn_time_text(entry->time_us, time);
    values[0] = tern_value_integer((int64_t)entry->ordinal);
    values[1] = tern_value_text(states_in_words[entry->state]);
    values[2] = sheet->format == TRN_SHEET_TABLE ? tern_value_text(time)
                                                 : tern_value_integer(entry->time_us);
    values[3] = tern_value_integer(entry->changes);
    values[4] = tern_value_integer((int64_t)entry->size_bytes);
    values[5] = tern_value_integer(entry->attempts);
    values[6] = entry->reason != TERN_OK ? tern_value_text(tern_status_code(entry->reason))
                                         : tern_value_null();
    values[7] =
        entry->waits_for != 0 ? tern_value_integer((int64_t)entry->waits_for) : tern_value_null();
    values[8] = entry->detail != NULL && entry->detail[0] != '\0' ? tern_value_text(entry->detail)
                                                                  : tern_value_null();
    trn_sheet_row(sheet, values);
    return sheet->status == TERN_OK;
}

enum trn_exit trn_entries_print(const struct trn_call *call, tern_replica *replica, unsigned states)
{
    enum trn_sheet_format format = trn_has(call, TRN_OPT_JSON) ? TRN_SHEET_JSON : TRN_SHEET_TABLE;
    struct trn_sheet sheet;
    tern_error error = {0};
    tern_status status;
    tern_status printed;

    trn_sheet_begin(&sheet, format, stdout, names, COLUMNS);
    status = tern_outbox_visit(replica, states, add, &sheet, &error);
    printed = trn_sheet_end(&sheet);
    if (status == TERN_OK && printed != TERN_OK) {
        status = trn_fail(&error, printed, "the output could not be written");
    }
    return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
}
