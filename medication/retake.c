/* A prescription that has ended, taken up again: a new one, with what the ended one held at its
 * end. The ended one and its doses stay as they are. */
#include "tern/medication/prescription.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mutant.h"
#include "medication/form.h"

/* Columns of the ended one. */
enum { NEW_ID, STATUS, PATIENT, DETAILS, MEDICATIONS, SIZE };

struct retake {
    const tern_id *ended;
    const char *start_date;
    const char *end_date;
    const char *reason;
    tern_id id;
    tern_id patient;
    int64_t bytes;
    struct trn_bytes details; /* of the audit row */
};

static tern_status read_row(tern_statement *row, struct retake *retake, tern_care_error *error)
{
    tern_value details = tern_statement_value(row, DETAILS);

    if (!trn_value_is(tern_statement_value(row, STATUS), "INACTIVE") &&
        !TRN_MUTANT(CARE_RETAKE_LIVING)) {
        return trn_problem(error, TERN_PROBLEM_STATUS, 0, 0);
    }
    if (tern_statement_value(row, MEDICATIONS).integer == 0) {
        return trn_problem(error, TERN_PROBLEM_NO_MEDICATIONS, 0, 0);
    }
    retake->id = trn_value_to_id(tern_statement_value(row, NEW_ID));
    retake->patient = trn_value_to_id(tern_statement_value(row, PATIENT));
    /* The medications stand in their rows and in the version. */
    retake->bytes = 2 * tern_statement_value(row, SIZE).integer;
    return trn_bytes_append(&retake->details, details.data, details.size) == TERN_OK &&
                   trn_bytes_append(&retake->details, "", 1) == TERN_OK
               ? TERN_OK
               : trn_care_nomem(error);
}

static tern_status read_ended(tern_care *care, struct retake *retake, tern_care_error *error)
{
    const tern_value key = tern_value_id(retake->ended);
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(care, TRN_SQL_ENDED, &key, 1, TERN_PROBLEM_NO_PRESCRIPTION, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    status = read_row(row, retake, error);
    tern_statement_reset(row);
    return status;
}

static tern_status write_rows(tern_care *care, const struct retake *retake, tern_care_error *error)
{
    int32_t morning = 0;
    const tern_value rows[] = {tern_value_id(retake->ended),
                               tern_value_id(&retake->id),
                               tern_value_id(&care->user),
                               tern_value_text(retake->start_date),
                               tern_value_text(retake->end_date)};
    tern_status status = trn_care_run(care, TRN_SQL_RETAKE, rows, 5, error);

    if (status == TERN_OK && TRN_MUTANT(CARE_RETAKE_SNAPSHOT_EARLY)) {
        status = trn_version_write(care, &retake->id, 1, retake->reason, error);
    }
    if (status == TERN_OK) {
        status = trn_care_morning(care, &retake->patient, &morning, error);
    }
    if (status == TERN_OK) {
        const tern_value medications[] = {rows[0], rows[1], tern_value_integer(morning)};

        status = trn_care_run(care, TRN_SQL_RETAKE_MEDICATIONS, medications, 3, error);
    }
    return status == TERN_OK && !TRN_MUTANT(CARE_RETAKE_SNAPSHOT_EARLY)
               ? trn_version_write(care, &retake->id, 1, retake->reason, error)
               : status;
}

static tern_status write(tern_care *care, struct retake *retake, tern_care_error *error)
{
    tern_status status = read_ended(care, retake, error);

    if (status == TERN_OK) {
        status = trn_care_may(care, &retake->patient, TRN_RIGHT_PRESCRIPTIONS, error);
    }
    if (status == TERN_OK) {
        status = write_rows(care, retake, error);
    }
    if (status == TERN_OK) {
        status = trn_care_action(care,
                                 "PRESCRIPTION_RETAKE",
                                 "prescriptions",
                                 &retake->id,
                                 (const char *)retake->details.data,
                                 error);
    }
    return status == TERN_OK ? trn_quota_check(care, &retake->patient, retake->bytes, error)
                             : status;
}

tern_status tern_prescription_retake(tern_care *care,
                                     const tern_id *id,
                                     const char *start_date,
                                     const char *end_date,
                                     const char *reason,
                                     tern_id *ret_id,
                                     tern_care_error *error)
{
    struct retake retake = {.ended = id,
                            .start_date = start_date,
                            .end_date = end_date,
                            .reason = reason};
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || id == NULL || ret_id == NULL) {
        return trn_care_misuse(error, "tern_prescription_retake");
    }
    status = trn_form_check_again(start_date, end_date, reason, error);
    if (status == TERN_OK) {
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, write(care, &retake, error), error);
    trn_bytes_free(&retake.details);
    if (status == TERN_OK) {
        *ret_id = retake.id;
    }
    return status;
}
