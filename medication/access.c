/* That somebody looked at another's record: an act of the one who looks, once a local day of the
 * patient. */
#include "tern/medication/audit.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/calendar.h"
#include "medication/internal.h"

/* The moments at which the patient's local day that holds this one begins and ends. */
static tern_status read_day(tern_care *care,
                            const char *zone,
                            int64_t now_us,
                            int64_t bounds[2],
                            tern_care_error *error)
{
    int32_t day = 0;
    tern_status status;

    zone = TRN_MUTANT(CARE_ACCESS_BY_UTC) ? "UTC" : zone;
    status = trn_care_local_day(care, zone, now_us, &day, NULL, error);
    for (int32_t i = 0; status == TERN_OK && i < 2; i++) {
        const struct trn_date date = trn_date_of_day(day + i);
        const tern_local_time midnight = {.year = date.year, .month = date.month, .day = date.day};

        status = tern_zone_to_utc(&care->zones,
                                  zone,
                                  &midnight,
                                  &bounds[i],
                                  NULL,
                                  trn_engine_error(error));
        if (status != TERN_OK) {
            return trn_zone_failed(status, error);
        }
    }
    return status;
}

static tern_status
read_known(tern_care *care, const tern_id *patient, bool *ret_known, tern_care_error *error)
{
    char zone[TRN_ZONE_BYTES];
    int64_t now_us = 0;
    int64_t bounds[2] = {0, 0};
    tern_statement *row = NULL;
    tern_status status = trn_care_zone(care, patient, zone, error);

    if (status == TERN_OK) {
        status = trn_care_now(care, &now_us, error);
    }
    if (status == TERN_OK) {
        status = read_day(care, zone, now_us, bounds, error);
    }
    if (status == TERN_OK) {
        const tern_value values[] = {tern_value_id(patient),
                                     tern_value_id(&care->user),
                                     tern_value_integer(bounds[0]),
                                     tern_value_integer(bounds[1])};

        status = trn_care_row(care, TRN_SQL_ACCESSED, values, 4, TERN_PROBLEM_NONE, &row, error);
    }
    if (status == TERN_OK) {
        *ret_known = tern_statement_value(row, 0).integer != 0;
        tern_statement_reset(row);
    }
    return status;
}

tern_status tern_audit_access(tern_care *care,
                              const tern_id *patient,
                              bool *ret_written,
                              tern_care_error *error)
{
    tern_tx *tx = NULL;
    bool known = false;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || patient == NULL) {
        return trn_care_misuse(error, "tern_audit_access");
    }
    status = trn_care_begin(care, false, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = read_known(care, patient, &known, error);
    known = known && !TRN_MUTANT(CARE_ACCESS_AGAIN);
    known |= memcmp(patient, &care->user, sizeof(*patient)) == 0 && !TRN_MUTANT(CARE_ACCESS_OWN);
    if (status == TERN_OK && !known) {
        status = trn_care_action(care, "DATA_ACCESS", "users", patient, NULL, error);
    }
    status = trn_care_end(tx, status, error);
    if (status == TERN_OK && ret_written != NULL) {
        *ret_written = !known;
    }
    return status;
}
