/* Medications on their own, and whether they have doses to come. */
#include "tern/medication/medication.h"

#include "base/mutant.h"
#include "medication/internal.h"

void trn_medication_read(tern_statement *row, int first, tern_medication *ret_medication)
{
    tern_value values[TRN_MEDICATION_COLUMNS];

    for (int i = 0; i < TRN_MEDICATION_COLUMNS; i++) {
        values[i] = tern_statement_value(row, first + i);
    }
    *ret_medication = (tern_medication){.id = trn_value_to_id(values[0]),
                                        .prescription = trn_value_to_id(values[1]),
                                        .row_number = (int32_t)values[2].integer,
                                        .name = values[3],
                                        .name_khmer = values[4],
                                        .image_url = values[5],
                                        .morning_dosage = values[6],
                                        .daytime_dosage = values[7],
                                        .night_dosage = values[8],
                                        .frequency = values[9],
                                        .timing = values[10],
                                        .duration_days = (int32_t)values[11].integer,
                                        .is_prn = values[12].integer != 0,
                                        .prn_times = values[13],
                                        .state = TERN_MEDICATION_SNAPSHOT};
}

static tern_medication_state state_of(const struct trn_source *source, int32_t today)
{
    const tern_regimen *regimen = &source->regimen;

    if (regimen->is_prn) {
        return TERN_MEDICATION_PRN;
    }
    if (!source->rule.is_understood && source->unread != 0) {
        return TERN_MEDICATION_DOSAGE;
    }
    if (!source->rule.is_understood) {
        return regimen->slots == 0 && source->frequency[0] == '\0' && source->timing[0] == '\0'
                   ? TERN_MEDICATION_TIMELESS
                   : TERN_MEDICATION_WORDS;
    }
    if (today > source->rule.last_day && !TRN_MUTANT(CARE_OVER_UNSEEN)) {
        return TERN_MEDICATION_OVER;
    }
    if (today < source->rule.first_day) {
        return TERN_MEDICATION_TO_COME;
    }
    return source->unread != 0 ? TERN_MEDICATION_DOSAGE : TERN_MEDICATION_SCHEDULED;
}

tern_status trn_medication_judge(tern_care *care,
                                 tern_statement *row,
                                 int64_t now_us,
                                 tern_medication *medication,
                                 tern_care_error *error)
{
    struct trn_source source;
    int32_t today = 0;
    tern_status status;

    if (!trn_source_is_active(row)) {
        medication->state = TERN_MEDICATION_INACTIVE;
        return TERN_OK;
    }
    status = trn_source_read(care, row, 0, &source, error);
    if (status == TERN_OK) {
        status = trn_care_local_day(care, source.zone, now_us, &today, NULL, error);
    }
    if (status == TERN_OK) {
        medication->state = state_of(&source, today);
    }
    return status;
}

struct visit {
    tern_care *care;
    unsigned states;
    int64_t now_us;
    tern_medication_visitor visitor;
    void *context;
};

static tern_status visit_one(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct visit *visit = run;
    tern_medication medication;
    tern_status status;

    trn_medication_read(row, TRN_SOURCE_COLUMNS, &medication);
    status = trn_medication_judge(visit->care, row, visit->now_us, &medication, error);
    if (status == TERN_OK && (visit->states >> medication.state & 1) != 0) {
        *ret_more = visit->visitor(visit->context, &medication);
    }
    return status;
}

static tern_status visit_all(struct visit *visit,
                             enum trn_sql which,
                             const tern_id *key,
                             tern_problem missing,
                             tern_care_error *error)
{
    const tern_value value = tern_value_id(key);
    tern_status status = trn_care_now(visit->care, &visit->now_us, error);

    return status == TERN_OK
               ? trn_care_each(visit->care, which, &value, 1, missing, visit_one, visit, error)
               : status;
}

tern_status tern_medication_read(tern_care *care,
                                 const tern_id *medication,
                                 tern_medication_visitor visitor,
                                 void *context,
                                 tern_care_error *error)
{
    struct visit visit = {.care = care, .states = ~0U, .visitor = visitor, .context = context};

    trn_care_clear(error);
    if (care == NULL || medication == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_medication_read");
    }
    return visit_all(&visit,
                     TRN_SQL_MEDICATION_READ,
                     medication,
                     TERN_PROBLEM_NO_MEDICATION,
                     error);
}

tern_status tern_medication_list(tern_care *care,
                                 const tern_id *patient,
                                 unsigned states,
                                 tern_medication_visitor visitor,
                                 void *context,
                                 tern_care_error *error)
{
    struct visit visit = {.care = care,
                          .states = states != 0 ? states : ~0U,
                          .visitor = visitor,
                          .context = context};

    trn_care_clear(error);
    if (care == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_medication_list");
    }
    return visit_all(&visit,
                     TRN_SQL_MEDICATION_LIST,
                     patient != NULL ? patient : &care->user,
                     TERN_PROBLEM_NONE,
                     error);
}
