/* Storing missed doses. A step walks a bounded number of a patient's doses, by time, and goes past
 * those that have a record. It walks them again for each fate, which is a transaction: a guess of
 * one medication's dose is not to wait for the entry that inserts another. */
#include "tern/medication/dose.h"

#include <string.h>

#include "base/portion.h"
#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/window.h"

enum { LIMIT_MAX = 10000, SETTLE_LIMIT = 500 };

struct step {
    tern_care *care;
    const tern_id *patient;
    uint32_t limit;
    bool zone_may_fail; /* a dose whose zone cannot be read is passed over */
    bool only_looks;
    int64_t now_us;
    tern_missed_cursor from;
    uint32_t missed; /* in all walks */
    /* Of one walk: */
    tern_missed_cursor cursor;
    uint32_t walked;
    bool is_held; /* the cursor stays before a dose whose grace runs */
    bool has_fate;
    int64_t fate;    /* of the first that is missed */
    bool has_others; /* of other fates */
};

/* The columns behind those of the regimen. */
enum { DOSE = TRN_SOURCE_COLUMNS, SCHEDULED, GRACE, DATE, SLOT, FLAGS, WAITS, FATE };

static tern_status read_source(struct step *step,
                               tern_statement *row,
                               struct trn_source *source,
                               bool *ret_read,
                               tern_care_error *error)
{
    tern_care_error cause = {.problem = TERN_PROBLEM_NONE};
    tern_status status = trn_source_read(step->care, row, 0, source, &cause);

    *ret_read = status == TERN_OK;
    if (status != TERN_OK && step->zone_may_fail && cause.problem == TERN_PROBLEM_ZONE) {
        return TERN_OK;
    }
    if (status != TERN_OK && error != NULL) {
        *error = cause;
    }
    return status;
}

static tern_status
is_missed(struct step *step, tern_statement *row, bool *ret_missed, tern_care_error *error)
{
    struct trn_source source;
    bool is_read = false;
    tern_status status = read_source(step, row, &source, &is_read, error);

    *ret_missed = is_read && !step->is_held &&
                  !trn_value_is(tern_statement_value(row, FLAGS), trn_undone) &&
                  trn_source_yields(&source,
                                    false,
                                    tern_statement_value(row, DATE),
                                    tern_statement_value(row, SLOT));
    return status;
}

static tern_status store_missed(struct step *step, tern_statement *row, tern_care_error *error)
{
    int64_t fate = tern_statement_value(row, FATE).integer;
    tern_id id = trn_value_to_id(tern_statement_value(row, DOSE));
    const tern_value key = tern_value_id(&id);

    if (!step->has_fate) {
        step->has_fate = true;
        step->fate = fate;
    }
    if (fate != step->fate) {
        step->has_others = true;
        return TERN_OK;
    }
    step->missed++;
    return step->only_looks ? TERN_OK : trn_care_run(step->care, TRN_SQL_DOSE_MISS, &key, 1, error);
}

/* One that waits: missed, or its grace runs, or it was made DUE again, or nothing yields it. */
static tern_status look_at(struct step *step, tern_statement *row, tern_care_error *error)
{
    bool missed = false;
    tern_status status;

    step->is_held |= !trn_window_has_passed(tern_statement_value(row, SCHEDULED).integer,
                                            tern_statement_value(row, GRACE).integer,
                                            step->now_us);
    status = is_missed(step, row, &missed, error);
    return status == TERN_OK && missed ? store_missed(step, row, error) : status;
}

static tern_status walk_past(struct step *step, tern_statement *row, tern_care_error *error)
{
    tern_status status = TERN_OK;

    if (tern_statement_value(row, WAITS).integer != 0) {
        status = look_at(step, row, error);
    }
    step->walked++;
    if (status == TERN_OK && !step->is_held) {
        step->cursor =
            (tern_missed_cursor){.scheduled_us = tern_statement_value(row, SCHEDULED).integer,
                                 .dose = trn_value_to_id(tern_statement_value(row, DOSE))};
    }
    return status;
}

static bool has_more(const struct step *step)
{
    return step->walked == step->limit && !step->is_held;
}

/* Who only looks has seen enough by the first that is missed. */
static tern_status walk(struct step *step, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(step->patient),
                                 tern_value_integer(step->from.scheduled_us),
                                 tern_value_integer(step->now_us),
                                 tern_value_id(&step->from.dose),
                                 tern_value_integer(step->now_us),
                                 tern_value_integer(step->limit)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(step->care, TRN_SQL_PASSED, values, 6, &row, error);

    step->cursor = step->from;
    step->walked = 0;
    step->is_held = false;
    step->has_fate = false;
    step->has_others = false;
    while (status == TERN_OK && more && !(step->only_looks && step->missed > 0)) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            status = walk_past(step, row, error);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

static tern_status store_fate(struct step *step, tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(step->care, true, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_now(step->care, &step->now_us, error);
    if (status == TERN_OK) {
        status = walk(step, error);
    }
    return trn_care_end(tx, status, error);
}

/* The last walk meets nothing that is left to store: the cursor is the one that it came to. */
static tern_status
store(struct step *step, tern_missed_cursor *cursor, bool *ret_more, tern_care_error *error)
{
    tern_status status;

    step->from = *cursor;
    do {
        status = store_fate(step, error);
    } while (status == TERN_OK && step->has_others);
    if (status == TERN_OK) {
        *cursor = step->cursor;
        *ret_more = has_more(step);
    }
    return status;
}

tern_status tern_doses_infer_missed(tern_care *care,
                                    const tern_id *patient,
                                    uint32_t limit,
                                    tern_missed_cursor *cursor,
                                    uint32_t *ret_missed,
                                    bool *ret_more,
                                    tern_care_error *error)
{
    struct step step = {.care = care, .limit = limit};
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || cursor == NULL || ret_more == NULL || limit == 0 || limit > LIMIT_MAX) {
        return trn_care_misuse(error, "tern_doses_infer_missed");
    }
    step.patient = patient != NULL ? patient : &care->user;
    status = store(&step, cursor, ret_more, error);
    if (status == TERN_OK && ret_missed != NULL) {
        *ret_missed = step.missed;
    }
    return status;
}

tern_status trn_doses_settle(tern_care *care,
                             const tern_id *patient,
                             tern_missed_cursor *cursor,
                             bool *ret_more,
                             tern_care_error *error)
{
    struct step step = {.care = care,
                        .patient = patient,
                        .limit = (uint32_t)trn_portion(SETTLE_LIMIT),
                        .zone_may_fail = true};

    return store(&step, cursor, ret_more, error);
}

tern_status trn_doses_are_settled(tern_care *care,
                                  const tern_id *patient,
                                  tern_missed_cursor *cursor,
                                  bool *ret_settled,
                                  bool *ret_more,
                                  tern_care_error *error)
{
    struct step step = {.care = care,
                        .patient = patient,
                        .limit = (uint32_t)trn_portion(SETTLE_LIMIT),
                        .zone_may_fail = true,
                        .only_looks = true,
                        .from = *cursor};
    tern_status status = trn_care_now(care, &step.now_us, error);

    if (status == TERN_OK) {
        status = walk(&step, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_settled = step.missed == 0;
    if (*ret_settled) {
        *cursor = step.cursor;
        *ret_more = has_more(&step);
    }
    return TERN_OK;
}
