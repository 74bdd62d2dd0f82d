/* The user's alerts: listed, counted, read. */
#include "medication/internal.h"
#include "tern/medication/alert.h"

enum { LIMIT_MAX = 1000, TYPES = 5 };

static tern_alert_type type_of(tern_value value)
{
    static const char *const names[TYPES] = {"CONNECTION_REQUEST",
                                             "PRESCRIPTION_UPDATE",
                                             "MISSED_DOSE_ALERT",
                                             "URGENT_PRESCRIPTION_CHANGE",
                                             "FAMILY_ALERT"};

    for (unsigned i = 0; i < TYPES; i++) {
        if (trn_value_is(value, names[i])) {
            return (tern_alert_type)i;
        }
    }
    return TERN_ALERT_PRESCRIPTION_UPDATE;
}

struct page {
    tern_alert_visitor visitor;
    void *context;
    tern_alert_cursor cursor;
};

static tern_status
visit_alert(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct page *page = run;
    const tern_value read = tern_statement_value(row, 8);
    const tern_alert alert = {.id = trn_value_to_id(tern_statement_value(row, 0)),
                              .created_us = tern_statement_value(row, 1).integer,
                              .type = type_of(tern_statement_value(row, 2)),
                              .about = trn_value_to_id(tern_statement_value(row, 3)),
                              .title = tern_statement_value(row, 4),
                              .message = tern_statement_value(row, 5),
                              .data = tern_statement_value(row, 6),
                              .is_read = tern_statement_value(row, 7).integer != 0,
                              .read_us = read.kind == TERN_INTEGER ? read.integer : 0,
                              .is_late = tern_statement_value(row, 9).integer != 0,
                              .is_over = tern_statement_value(row, 10).integer != 0};

    (void)error;
    page->cursor = (tern_alert_cursor){.created_us = alert.created_us, .id = alert.id};
    *ret_more = page->visitor(page->context, &alert);
    return TERN_OK;
}

tern_status tern_alert_list(tern_care *care,
                            bool unread,
                            uint32_t limit,
                            tern_alert_cursor *cursor,
                            tern_alert_visitor visitor,
                            void *context,
                            tern_care_error *error)
{
    struct page page = {.visitor = visitor, .context = context};
    tern_value values[5];
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || cursor == NULL || visitor == NULL || limit == 0 || limit > LIMIT_MAX) {
        return trn_care_misuse(error, "tern_alert_list");
    }
    page.cursor = *cursor;
    values[0] = tern_value_id(&care->user);
    values[1] = tern_value_integer(cursor->created_us != 0 ? cursor->created_us : INT64_MAX);
    values[2] = tern_value_id(&cursor->id);
    values[3] = tern_value_integer(limit);
    values[4] = tern_value_integer(unread);
    status = trn_care_each(care,
                           TRN_SQL_ALERTS,
                           values,
                           5,
                           TERN_PROBLEM_NONE,
                           visit_alert,
                           &page,
                           error);
    if (status == TERN_OK) {
        *cursor = page.cursor;
    }
    return status;
}

tern_status tern_alert_count(tern_care *care, uint32_t *ret_count, tern_care_error *error)
{
    tern_statement *row = NULL;
    tern_value key;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || ret_count == NULL) {
        return trn_care_misuse(error, "tern_alert_count");
    }
    key = tern_value_id(&care->user);
    status = trn_care_row(care, TRN_SQL_ALERT_COUNT, &key, 1, TERN_PROBLEM_NO_ALERT, &row, error);
    if (status == TERN_OK) {
        *ret_count = (uint32_t)tern_statement_value(row, 0).integer;
        tern_statement_reset(row);
    }
    return status;
}

static tern_status mark(tern_care *care, const tern_id *alert, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(&care->user), tern_value_id(alert)};
    tern_statement *row = NULL;
    bool is_read;
    tern_status status =
        trn_care_row(care, TRN_SQL_ALERT, values, 2, TERN_PROBLEM_NO_ALERT, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    is_read = tern_statement_value(row, 0).integer != 0;
    tern_statement_reset(row);
    return is_read ? TERN_OK : trn_care_run(care, TRN_SQL_ALERT_READ, &values[1], 1, error);
}

tern_status tern_alert_mark_read(tern_care *care, const tern_id *alert, tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || alert == NULL) {
        return trn_care_misuse(error, "tern_alert_mark_read");
    }
    status = trn_care_begin(care, false, &tx, error);
    return status == TERN_OK ? trn_care_end(tx, mark(care, alert, error), error) : status;
}

tern_status tern_alerts_mark_read(tern_care *care, tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_value key;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_alerts_mark_read");
    }
    key = tern_value_id(&care->user);
    status = trn_care_begin(care, false, &tx, error);
    return status == TERN_OK
               ? trn_care_end(tx, trn_care_run(care, TRN_SQL_ALERTS_READ, &key, 1, error), error)
               : status;
}
