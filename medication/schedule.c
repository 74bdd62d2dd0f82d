/* The rows of the days to come. What exists is compared by its derived id: missing rows are made,
 * future ones without a record are moved, all others are left alone. A medication that has no rows
 * at all needs no look at each. */
#include "tern/medication/schedule.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/plan.h"
#include "tern/row.h"

/* A run: whose, from when on, and of what fate: what waits for one entry is a transaction. */
struct run {
    tern_care *care;
    tern_tx *tx;
    tern_id patient;
    int64_t now_us;
    int64_t fate; /* INT64_MAX: before the first */
    tern_schedule_report report;
};

/* The medication that is being scheduled. */
struct subject {
    tern_id medication;
    tern_id prescription;
    bool has_doses;
    struct trn_source source;
};

static const char *period_name(tern_time_period period)
{
    return period == TERN_PERIOD_NIGHT ? "NIGHT" : "DAYTIME";
}

static tern_status make(struct run *run,
                        const struct subject *subject,
                        const tern_planned_dose *dose,
                        tern_care_error *error)
{
    const char *slot = TRN_MUTANT(CARE_KEY_BY_TIME) ? dose->reminder_time : dose->slot;
    const tern_cell cells[] = {
        {"prescription_id", tern_value_id(&subject->prescription)},
        {"medication_id", tern_value_id(&subject->medication)},
        {"patient_id", tern_value_id(&run->patient)},
        {"scheduled_time", tern_value_integer(dose->scheduled_us)},
        {"local_date", tern_value_text(dose->local_date)},
        {"slot", tern_value_text(slot)},
        {"time_period", tern_value_text(period_name(dose->period))},
        {"reminder_time", tern_value_text(dose->reminder_time)},
        {"grace_minutes", tern_value_integer(dose->grace_minutes)},
    };

    run->report.made++;
    return tern_row_insert(run->tx,
                           "dose_events",
                           cells,
                           sizeof(cells) / sizeof(cells[0]),
                           NULL,
                           trn_engine_error(error));
}

static tern_status
move(struct run *run, const tern_id *id, const tern_planned_dose *dose, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(id),
                                 tern_value_integer(dose->scheduled_us),
                                 tern_value_text(period_name(dose->period)),
                                 tern_value_text(dose->reminder_time),
                                 tern_value_integer(dose->grace_minutes)};

    run->report.moved++;
    return trn_care_run(run->care, TRN_SQL_DOSE_MOVE, values, 5, error);
}

/* Whether a row that stands there is to be moved. */
static bool is_moved(const struct run *run, tern_statement *row, const tern_planned_dose *dose)
{
    int64_t scheduled_us = tern_statement_value(row, 2).integer;

    return (trn_value_is(tern_statement_value(row, 1), "DUE") || TRN_MUTANT(CARE_RECORD_MOVED)) &&
           scheduled_us > run->now_us && dose->scheduled_us > run->now_us &&
           (scheduled_us != dose->scheduled_us ||
            !trn_value_is(tern_statement_value(row, 3), dose->reminder_time) ||
            !trn_value_is(tern_statement_value(row, 4), period_name(dose->period)));
}

/* A dose whose time to be taken has passed before its row was made is not invented, nor moved. */
static tern_status settle(struct run *run,
                          const struct subject *subject,
                          const tern_planned_dose *dose,
                          tern_care_error *error)
{
    const tern_value key[] = {tern_value_id(&subject->medication),
                              tern_value_text(dose->local_date),
                              tern_value_text(dose->slot)};
    tern_statement *row = NULL;
    tern_id id;
    bool exists;
    bool moved;
    tern_status status;

    if (dose->scheduled_us + dose->grace_minutes * TRN_MINUTE_US < run->now_us) {
        return TERN_OK;
    }
    if (!subject->has_doses) {
        return make(run, subject, dose, error);
    }
    status = trn_care_row(run->care, TRN_SQL_PLANNED, key, 3, TERN_PROBLEM_NO_DOSE, &row, error);
    if (status != TERN_OK) {
        return status;
    }
    id = trn_value_to_id(tern_statement_value(row, 0));
    exists = tern_statement_value(row, 1).kind != TERN_NULL;
    moved = exists && is_moved(run, row, dose);
    tern_statement_reset(row);
    if (!exists) {
        return make(run, subject, dose, error);
    }
    return moved ? move(run, &id, dose, error) : TERN_OK;
}

static tern_status
schedule_day(struct run *run, const struct subject *subject, int32_t day, tern_care_error *error)
{
    tern_planned_dose doses[TRN_DAY_TIMES_MAX];
    size_t count = 0;
    tern_status status = trn_plan_day(&run->care->zones,
                                      subject->source.zone,
                                      &subject->source.rule,
                                      day,
                                      doses,
                                      &count,
                                      trn_engine_error(error));

    if (status != TERN_OK) {
        return trn_zone_failed(status, error);
    }
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        doses[i].grace_minutes = subject->source.regimen.grace_minutes;
        status = settle(run, subject, &doses[i], error);
    }
    return status;
}

static tern_status read_has_doses(tern_care *care, struct subject *subject, tern_care_error *error)
{
    const tern_value medication = tern_value_id(&subject->medication);
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(care, TRN_SQL_HAS_DOSES, &medication, 1, TERN_PROBLEM_NO_DOSE, &row, error);

    if (status == TERN_OK) {
        subject->has_doses = tern_statement_value(row, 0).integer != 0;
        tern_statement_reset(row);
    }
    return status;
}

static tern_status schedule_subject(struct run *run, tern_statement *row, tern_care_error *error)
{
    struct subject subject = {
        .medication = trn_value_to_id(tern_statement_value(row, TRN_SOURCE_COLUMNS)),
        .prescription = trn_value_to_id(tern_statement_value(row, TRN_SOURCE_COLUMNS + 1))};
    int32_t today = 0;
    tern_status status = trn_source_read(run->care, row, 0, &subject.source, error);

    if (status == TERN_OK) {
        status =
            trn_care_local_day(run->care, subject.source.zone, run->now_us, &today, NULL, error);
    }
    if (status == TERN_OK) {
        status = read_has_doses(run->care, &subject, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    run->report.unscheduled += (!subject.source.rule.is_understood || subject.source.unread != 0) &&
                                       !subject.source.regimen.is_prn
                                   ? 1
                                   : 0;
    /* What is due behind midnight is of the day before. */
    for (int32_t i = -1; status == TERN_OK && i < TERN_SCHEDULE_DAYS; i++) {
        status = schedule_day(run, &subject, today + i, error);
    }
    return status;
}

/* The fate before the last one; what the server has, 0, comes last. */
static tern_status find_fate(struct run *run, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(&run->patient), tern_value_integer(run->fate)};
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(run->care, TRN_SQL_FATE, values, 2, TERN_PROBLEM_NONE, &row, error);

    if (status == TERN_OK) {
        run->fate = tern_statement_value(row, 0).integer;
        tern_statement_reset(row);
    }
    return status;
}

static tern_status schedule_each(struct run *run, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(&run->patient), tern_value_integer(run->fate)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(run->care, TRN_SQL_REGIMENS, values, 2, &row, error);

    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            status = schedule_subject(run, row, error);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

static tern_status schedule_fate(struct run *run, tern_care_error *error)
{
    tern_status status = trn_care_begin(run->care, true, &run->tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_knows(run->care, &run->patient, error);
    if (status == TERN_OK) {
        status = trn_care_now(run->care, &run->now_us, error);
    }
    if (status == TERN_OK) {
        status = find_fate(run, error);
    }
    if (status == TERN_OK) {
        status = schedule_each(run, error);
    }
    return trn_care_end(run->tx, status, error);
}

tern_status tern_schedule_generate(tern_care *care,
                                   const tern_id *patient,
                                   tern_schedule_report *ret_report,
                                   tern_care_error *error)
{
    struct run run = {.care = care, .fate = INT64_MAX};
    tern_status status = TERN_OK;

    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_schedule_generate");
    }
    run.patient = patient != NULL ? *patient : care->user;
    while (status == TERN_OK && run.fate > 0) {
        status = schedule_fate(&run, error);
    }
    if (status == TERN_OK && ret_report != NULL) {
        *ret_report = run.report;
    }
    return status;
}
