/* Turns of a prescription: a row each, so that of two who turn it without hearing of each other
 * neither wipes the other's. */
#include "medication/internal.h"
#include "medication/source.h"

static tern_status read_last(tern_care *care,
                             const tern_value *prescription,
                             struct trn_turn *last,
                             bool *ret_found,
                             tern_care_error *error)
{
    tern_statement *row = NULL;
    tern_status status = trn_care_bind(care, TRN_SQL_LAST_TURN, prescription, 1, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    status = tern_statement_step(row, ret_found, trn_engine_error(error));
    if (status == TERN_OK && *ret_found) {
        *last = (struct trn_turn){tern_statement_value(row, 0).integer,
                                  tern_statement_value(row, 1).integer != 0};
    }
    tern_statement_reset(row);
    return status;
}

tern_status trn_care_turn(tern_care *care,
                          const tern_id *prescription,
                          const char *status_now,
                          bool begins,
                          int64_t now_us,
                          tern_care_error *error)
{
    const tern_value key = tern_value_id(prescription);
    struct trn_turn turns[2];
    struct trn_turn last = {0};
    bool found = false;
    size_t count = 0;
    tern_status status = read_last(care, &key, &last, &found, error);

    if (status == TERN_OK) {
        count = trn_turns_make(tern_value_text(status_now),
                               found ? &last : NULL,
                               begins,
                               now_us,
                               turns);
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        const tern_value values[] = {key,
                                     tern_value_integer(turns[i].at_us),
                                     tern_value_integer(turns[i].begins)};

        status = trn_care_run(care, TRN_SQL_TURN, values, 3, error);
    }
    return status;
}
