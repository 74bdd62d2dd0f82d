/* Doses as they are shown: a day's list, and one. */
#include "tern/medication/dose.h"

#include <string.h>

#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/window.h"

enum { STATUS = 8, LOCAL_DATE = 16 }; /* the latter behind what a tern_dose has */

static void read_dose(tern_statement *row, tern_dose *dose)
{
    tern_value values[16];

    for (int i = 0; i < 16; i++) {
        values[i] = tern_statement_value(row, TRN_SOURCE_COLUMNS + i);
    }
    *dose = (tern_dose){.id = trn_value_to_id(values[0]),
                        .prescription = trn_value_to_id(values[1]),
                        .medication = trn_value_to_id(values[2]),
                        .scheduled_us = values[3].integer,
                        .slot = values[4],
                        .period = trn_value_is(values[5], "NIGHT") ? TERN_PERIOD_NIGHT
                                                                   : TERN_PERIOD_DAYTIME,
                        .reminder_time = values[6],
                        .grace_minutes = (int32_t)values[7].integer,
                        .status = trn_dose_status_of(values[STATUS]),
                        .taken_us = values[9].kind == TERN_INTEGER ? values[9].integer : 0,
                        .skip_reason = values[10],
                        .flags = values[11],
                        .was_offline = values[12].integer != 0,
                        .medicine_name = values[13],
                        .medicine_name_khmer = values[14],
                        .dosage = values[15]};
}

/* A guess that was stored is read as if it were not; nor is its flag told where a program that does
 * not know it has left it beside what somebody recorded. */
static bool take_back_guess(tern_dose *dose, tern_value status)
{
    const bool is_guess = trn_is_guess(status, dose->flags);

    if (is_guess) {
        dose->status = TERN_DOSE_DUE;
    }
    if (trn_value_is(dose->flags, TRN_INFERRED)) {
        dose->flags = tern_value_null();
    }
    return is_guess;
}

/* Reads the row; false in `ret_shown` where it is a DUE dose that nothing yields any more, and that
 * nobody ever recorded, or that was taken as needed and undone. */
static tern_status read_shown(tern_care *care,
                              tern_statement *row,
                              int32_t day,
                              int64_t now_us,
                              tern_dose *dose,
                              bool *ret_shown,
                              tern_care_error *error)
{
    struct trn_source source;
    bool is_guess;
    bool passed;
    tern_status status = TERN_OK;

    read_dose(row, dose);
    is_guess = take_back_guess(dose, tern_statement_value(row, TRN_SOURCE_COLUMNS + STATUS));
    *ret_shown = true;
    if (dose->status != TERN_DOSE_DUE) {
        return TERN_OK;
    }
    passed = trn_window_has_passed(dose->scheduled_us, dose->grace_minutes, now_us);
    status = trn_source_read(care, row, 0, &source, error);
    if (status == TERN_OK) {
        *ret_shown = trn_source_has(&source, is_guess && passed, day, dose->slot) ||
                     (trn_value_is(dose->flags, trn_undone) && passed &&
                      dose->slot.size != TRN_PRN_SLOT_BYTES);
    }
    if (passed && now_us != INT64_MAX) {
        dose->status = TERN_DOSE_MISSED;
    }
    return status;
}

static tern_status visit_day(tern_care *care,
                             tern_statement *row,
                             int32_t day,
                             int64_t now_us,
                             tern_dose_visitor visitor,
                             void *context,
                             tern_care_error *error)
{
    bool more = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && more) {
        tern_dose dose;
        bool shown = false;

        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            status = read_shown(care, row, day, now_us, &dose, &shown, error);
        }
        if (status == TERN_OK && more && !shown && now_us == INT64_MAX) {
            dose.grace_minutes = -1;
            shown = true;
        }
        if (status == TERN_OK && shown) {
            more = visitor(context, &dose);
        }
    }
    tern_statement_reset(row);
    return status;
}

tern_status trn_dose_visit(tern_care *care,
                           const tern_id *patient,
                           const char *local_date,
                           int64_t now_us,
                           tern_dose_visitor visitor,
                           void *context,
                           tern_care_error *error)
{
    tern_statement *row = NULL;
    tern_value values[5];
    int32_t day = 0;
    tern_status status;

    if (!trn_day_parse(local_date, strlen(local_date), &day)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    /* A local day lies within these three days of UTC, wherever it is and if its night meal is
     * late. */
    values[0] = tern_value_id(patient);
    values[1] = tern_value_integer((day - 1) * TRN_DAY_US);
    values[2] = tern_value_integer((day + 2) * TRN_DAY_US);
    values[3] = tern_value_text(local_date);
    values[4] = tern_value_integer(now_us);
    status = trn_care_bind(care, TRN_SQL_DAY, values, 5, &row, error);
    return status == TERN_OK ? visit_day(care, row, day, now_us, visitor, context, error) : status;
}

tern_status tern_dose_list(tern_care *care,
                           const tern_id *patient,
                           const char *local_date,
                           tern_dose_visitor visitor,
                           void *context,
                           tern_care_error *error)
{
    int64_t now_us = 0;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || local_date == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_dose_list");
    }
    status = trn_care_now(care, &now_us, error);
    return status == TERN_OK ? trn_dose_visit(care,
                                              patient != NULL ? patient : &care->user,
                                              local_date,
                                              now_us,
                                              visitor,
                                              context,
                                              error)
                             : status;
}

/* One that its day would leave out is not shown. */
static tern_status read_one(tern_care *care,
                            tern_statement *row,
                            int64_t now_us,
                            tern_dose *dose,
                            bool *ret_shown,
                            tern_care_error *error)
{
    tern_value date = tern_statement_value(row, TRN_SOURCE_COLUMNS + LOCAL_DATE);
    int32_t day = 0;
    bool shown = false;
    tern_status status = TERN_OK;

    if (trn_day_parse(date.data, date.size, &day)) {
        status = read_shown(care, row, day, now_us, dose, &shown, error);
    }
    *ret_shown = status == TERN_OK && shown;
    return status;
}

tern_status tern_dose_read(tern_care *care,
                           const tern_id *dose,
                           tern_dose_visitor visitor,
                           void *context,
                           tern_care_error *error)
{
    tern_value values[5] = {{.kind = TERN_NULL}};
    tern_statement *row = NULL;
    tern_dose found;
    int64_t now_us = 0;
    bool shown = false;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || dose == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_dose_read");
    }
    status = trn_care_now(care, &now_us, error);
    if (status != TERN_OK) {
        return status;
    }
    values[0] = tern_value_id(dose);
    values[4] = tern_value_integer(now_us);
    status = trn_care_row(care, TRN_SQL_DOSE_READ, values, 5, TERN_PROBLEM_NO_DOSE, &row, error);
    if (status != TERN_OK) {
        return status;
    }
    status = read_one(care, row, now_us, &found, &shown, error);
    if (shown) {
        (void)visitor(context, &found);
    }
    tern_statement_reset(row);
    return status == TERN_OK && !shown ? trn_problem(error, TERN_PROBLEM_NO_DOSE, 0, 0) : status;
}
