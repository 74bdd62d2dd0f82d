/* Versions of prescriptions that were rejected whole, read from the entries that keep them. */
#include <string.h>

#include "base/bytes.h"
#include "medication/internal.h"
#include "tern/medication/prescription.h"
#include "tern/outbox.h"

/* What an entry says of a version. */
struct text {
    tern_id prescription;
    struct trn_bytes version;  /* JSON */
    struct trn_bytes clinical; /* JSON */
    tern_status status;
};

struct run {
    tern_care *care;
    tern_refused_visitor visitor;
    void *context;
    struct trn_bytes entries; /* tern_entry, one after another */
    tern_status status;
    struct text text;
    tern_refused_version version;
    bool more;
};

static bool note_entry(void *context, const tern_entry *entry)
{
    struct run *run = context;

    run->status = trn_bytes_append(&run->entries, entry, sizeof(*entry));
    return run->status == TERN_OK;
}

static void keep(struct text *text, struct trn_bytes *place, const char *values)
{
    trn_bytes_clear(place);
    text->status = trn_bytes_append_text(place, values);
}

static bool note_change(void *context, const tern_entry_change *change)
{
    struct text *text = context;
    bool inserts = strcmp(change->operation, "insert") == 0;

    if (strcmp(change->table, "prescription_versions") == 0 && inserts) {
        keep(text, &text->version, change->values);
    } else if (strcmp(change->table, "prescriptions") == 0) {
        text->prescription = change->row;
        if (inserts || strcmp(change->unit, "clinical") == 0) {
            keep(text, &text->clinical, change->values);
        }
    }
    return text->status == TERN_OK;
}

static tern_status
visit_medication(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct run *run = context;
    bool has_one = tern_statement_value(row, 0).kind == TERN_BLOB;
    tern_medication medication;

    (void)error;
    trn_medication_read(row, 0, &medication);
    run->version.version = (int32_t)tern_statement_value(row, TRN_MEDICATION_COLUMNS).integer;
    run->version.change_reason = tern_statement_value(row, TRN_MEDICATION_COLUMNS + 1);
    run->version.snapshot = tern_statement_value(row, TRN_MEDICATION_COLUMNS + 2);
    run->version.clinical = tern_statement_value(row, TRN_MEDICATION_COLUMNS + 3);
    run->more = run->visitor(run->context, &run->version, has_one ? &medication : NULL);
    *ret_more = run->more;
    return TERN_OK;
}

static tern_status visit_version(struct run *run, const tern_entry *entry, tern_care_error *error)
{
    const struct text *text = &run->text;
    const tern_value values[] = {
        tern_value_text(trn_bytes_text(&text->version)),
        tern_value_text(text->clinical.size > 0 ? trn_bytes_text(&text->clinical) : NULL),
        tern_value_id(&text->prescription)};

    run->version = (tern_refused_version){.ordinal = entry->ordinal,
                                          .problem = entry->reason == TERN_ERR_APPEND_ONLY
                                                         ? TERN_PROBLEM_OVERTAKEN
                                                         : TERN_PROBLEM_NONE,
                                          .reason = entry->reason,
                                          .time_us = entry->time_us,
                                          .prescription = text->prescription};
    return trn_care_each(run->care,
                         TRN_SQL_REFUSED,
                         values,
                         3,
                         TERN_PROBLEM_NONE,
                         visit_medication,
                         run,
                         error);
}

static tern_status visit_entry(struct run *run, const tern_entry *entry, tern_care_error *error)
{
    struct text *text = &run->text;
    tern_status status;

    memset(&text->prescription, 0, sizeof(text->prescription));
    trn_bytes_clear(&text->version);
    trn_bytes_clear(&text->clinical);
    text->status = TERN_OK;
    status = tern_outbox_changes(run->care->replica,
                                 entry->ordinal,
                                 note_change,
                                 text,
                                 trn_engine_error(error));
    if (status == TERN_OK && text->status != TERN_OK) {
        return trn_care_nomem(error);
    }
    return status == TERN_OK && text->version.size > 0 ? visit_version(run, entry, error) : status;
}

tern_status tern_prescription_refused(tern_care *care,
                                      tern_refused_visitor visitor,
                                      void *context,
                                      tern_care_error *error)
{
    struct run run = {.care = care, .visitor = visitor, .context = context, .more = true};
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_prescription_refused");
    }
    status = tern_outbox_visit(care->replica,
                               1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED,
                               note_entry,
                               &run,
                               trn_engine_error(error));
    if (status == TERN_OK && run.status != TERN_OK) {
        status = trn_care_nomem(error);
    }
    for (size_t at = 0; status == TERN_OK && run.more && at < run.entries.size;
         at += sizeof(tern_entry)) {
        tern_entry entry;

        memcpy(&entry, run.entries.data + at, sizeof(entry));
        status = visit_entry(&run, &entry, error);
    }
    trn_bytes_free(&run.entries);
    trn_bytes_free(&run.text.version);
    trn_bytes_free(&run.text.clinical);
    return status;
}
