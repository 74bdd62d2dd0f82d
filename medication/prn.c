/* The times at which a patient has asked to be reminded of what is taken as needed. */
#include "tern/medication/medication.h"

#include <stdio.h>
#include <string.h>

#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/regimen.h"
#include "tern/row.h"

enum { TEXT_BYTES = TERN_PRN_TIMES_MAX * 8 + 3 }; /* "HH:MM" in quotes, commas, brackets, NUL */

static tern_status check(const int32_t *minutes, size_t count, tern_care_error *error)
{
    if (count > TERN_PRN_TIMES_MAX) {
        return trn_problem(error, TERN_PROBLEM_PRN_TIME, TERN_PRN_TIMES_MAX, 0);
    }
    for (size_t i = 0; i < count; i++) {
        if (minutes[i] < 0 || minutes[i] >= TRN_DAY_MINUTES) {
            return trn_problem(error, TERN_PROBLEM_PRN_TIME, (int64_t)i, 0);
        }
    }
    return TERN_OK;
}

static bool has_minute(const int32_t *minutes, size_t count, int32_t minute)
{
    for (size_t i = 0; i < count; i++) {
        if (minutes[i] == minute) {
            return true;
        }
    }
    return false;
}

/* In the order of the day, so that the same times are the same value. */
static void write_times(const int32_t *minutes, size_t count, char text[TEXT_BYTES])
{
    size_t used = 0;

    for (int32_t minute = 0; minute < TRN_DAY_MINUTES; minute++) {
        char time[6];

        if (has_minute(minutes, count, minute)) {
            trn_minute_format(minute, time);
            used += (size_t)
                snprintf(text + used, TEXT_BYTES - used, "%c\"%s\"", used > 0 ? ',' : '[', time);
        }
    }
    (void)snprintf(text + used, TEXT_BYTES - used, "]");
}

static tern_status
check_medication(tern_care *care, const tern_id *medication, tern_care_error *error)
{
    const tern_value key = tern_value_id(medication);
    tern_statement *row = NULL;
    tern_id patient;
    bool is_prn;
    tern_status status =
        trn_care_row(care, TRN_SQL_MEDICATION, &key, 1, TERN_PROBLEM_NO_MEDICATION, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    is_prn = tern_statement_value(row, TRN_SOURCE_PRN).integer != 0;
    patient = trn_value_to_id(tern_statement_value(row, TRN_SOURCE_COLUMNS + 1));
    tern_statement_reset(row);
    if (memcmp(&patient, &care->user, sizeof(patient)) != 0) {
        return trn_problem(error, TERN_PROBLEM_NOT_PATIENT, 0, 0);
    }
    return is_prn ? TERN_OK : trn_problem(error, TERN_PROBLEM_NOT_PRN, 0, 0);
}

static tern_status set(tern_care *care,
                       tern_tx *tx,
                       const tern_id *medication,
                       const char *times,
                       tern_care_error *error)
{
    static const char table[] = "medications";
    const tern_cell cell = {"prn_times", tern_value_text(times)};
    tern_status status = check_medication(care, medication, error);

    if (status == TERN_OK) {
        status = tern_row_update(tx, table, medication, &cell, 1, trn_engine_error(error));
    }
    return status == TERN_OK ? trn_care_action(care,
                                               "PRESCRIPTION_UPDATE",
                                               table,
                                               medication,
                                               "{\"prn_times\":true}",
                                               error)
                             : status;
}

tern_status tern_medication_set_prn_times(tern_care *care,
                                          const tern_id *medication,
                                          const int32_t *minutes,
                                          size_t count,
                                          tern_care_error *error)
{
    char text[TEXT_BYTES];
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || medication == NULL || (minutes == NULL && count > 0)) {
        return trn_care_misuse(error, "tern_medication_set_prn_times");
    }
    status = check(minutes, count, error);
    if (status == TERN_OK) {
        write_times(minutes, count, text);
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    return trn_care_end(tx, set(care, tx, medication, count > 0 ? text : NULL, error), error);
}
