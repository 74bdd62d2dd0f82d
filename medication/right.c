/* What the user may write in another's record: as the grants of schemas/dastern.json have it, by
 * which the server judges. Whether the record is open to them the server alone knows. */
#include <string.h>

#include "medication/internal.h"

/* Whether the user is known here, as something else. */
static tern_status read_is_other(tern_care *care,
                                 const tern_id *user,
                                 const char *role,
                                 bool *ret_other,
                                 tern_care_error *error)
{
    const tern_value key = tern_value_id(user);
    tern_statement *row = NULL;
    bool found = false;
    tern_status status = trn_care_bind(care, TRN_SQL_ROLE, &key, 1, &row, error);

    if (status == TERN_OK) {
        status = tern_statement_step(row, &found, trn_engine_error(error));
    }
    if (status == TERN_OK) {
        *ret_other = found && !trn_value_is(tern_statement_value(row, 0), role);
        tern_statement_reset(row);
    }
    return status;
}

tern_status
trn_care_may(tern_care *care, const tern_id *patient, enum trn_right right, tern_care_error *error)
{
    const char *writer = right == TRN_RIGHT_PRESCRIPTIONS ? "DOCTOR" : "";
    bool is_known = false;
    bool other_writer = false;
    bool other_patient = false;
    tern_status status;

    if (memcmp(patient, &care->user, sizeof(*patient)) == 0) {
        return TERN_OK;
    }
    status = read_is_other(care, &care->user, "", &is_known, error);
    if (status == TERN_OK && is_known) {
        status = read_is_other(care, &care->user, writer, &other_writer, error);
    }
    if (status == TERN_OK && is_known) {
        status = read_is_other(care, patient, "PATIENT", &other_patient, error);
    }
    return status == TERN_OK && (other_writer || other_patient)
               ? trn_problem(error, TERN_PROBLEM_NOT_PATIENT, 0, 0)
               : status;
}
