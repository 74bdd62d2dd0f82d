/* What a person records. */
#include "tern/medication/dose.h"

#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "medication/calendar.h"
#include "medication/form.h"
#include "medication/internal.h"
#include "medication/window.h"
#include "tern/outbox.h"
#include "tern/row.h"

static const char table[] = "dose_events";

const char trn_undone[] = "UNDONE";

static const char *const status_names[] = {"DUE",
                                           "TAKEN_ON_TIME",
                                           "TAKEN_LATE",
                                           "MISSED",
                                           "SKIPPED"};

tern_dose_status trn_dose_status_of(tern_value value)
{
    for (unsigned i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++) {
        if (trn_value_is(value, status_names[i])) {
            return (tern_dose_status)i;
        }
    }
    return TERN_DOSE_DUE;
}

struct dose_row {
    tern_dose_status status;
    int64_t scheduled_us;
    int32_t grace_minutes;
    bool is_prn; /* made by its record, and on time by that */
};

static tern_status
read_row(tern_care *care, const tern_id *id, struct dose_row *dose, tern_care_error *error)
{
    const tern_value key = tern_value_id(id);
    tern_statement *row = NULL;
    tern_id patient;
    tern_status status =
        trn_care_row(care, TRN_SQL_DOSE, &key, 1, TERN_PROBLEM_NO_DOSE, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    dose->status = trn_dose_status_of(tern_statement_value(row, 0));
    dose->scheduled_us = tern_statement_value(row, 1).integer;
    dose->grace_minutes = (int32_t)tern_statement_value(row, 2).integer;
    dose->is_prn = tern_statement_value(row, 3).size == TRN_PRN_SLOT_BYTES;
    patient = trn_value_to_id(tern_statement_value(row, 4));
    tern_statement_reset(row);
    return trn_care_may(care, &patient, TRN_RIGHT_DOSES, error);
}

static bool is_open(const struct dose_row *dose)
{
    return dose->status == TERN_DOSE_DUE || dose->status == TERN_DOSE_MISSED;
}

/* What the clock says, and whether it can be believed. */
static tern_status read_clock(tern_care *care, struct trn_window *window, tern_care_error *error)
{
    tern_clock_state clock = {.size = sizeof(clock)};
    tern_status status = tern_replica_read_clock(care->replica, &clock, trn_engine_error(error));

    if (status == TERN_OK) {
        window->now_us = clock.now_us;
        window->suspect = clock.clock_suspect;
    }
    return status;
}

static bool is_act(const tern_dose_act *act)
{
    return act == NULL || act->size == sizeof(*act);
}

/* What the clocks and the windows say to an act; without a dose there is no time to keep to. */
static tern_status judge(tern_care *care,
                         const tern_dose_act *act,
                         const struct dose_row *dose,
                         struct trn_window *window,
                         struct trn_window_verdict *verdict,
                         tern_care_error *error)
{
    tern_status status = read_clock(care, window, error);

    if (status != TERN_OK) {
        return status;
    }
    if (act != NULL && !trn_us_has_date(act->taken_us)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    window->insist = act != NULL && act->insist;
    window->taken_us = act != NULL && act->taken_us != 0 ? act->taken_us : window->now_us;
    window->scheduled_us = dose != NULL ? dose->scheduled_us : window->taken_us;
    window->grace_minutes = dose != NULL ? dose->grace_minutes : 0;
    trn_window_judge(window, verdict);
    if (verdict->problem != TERN_PROBLEM_NONE) {
        return trn_problem(error, verdict->problem, verdict->first, verdict->second);
    }
    return TERN_OK;
}

static tern_value text_or_null(const char *text)
{
    return tern_value_text(text != NULL && text[0] != '\0' ? text : NULL);
}

/* The columns of TRN_SQL_BEGINNINGS behind those of the source. */
enum { BEGINS_ON = TRN_SOURCE_COLUMNS, PRESCRIPTION, DATE, SLOT };

/* The first of the days on which a prescription was put in force under which a dose exists. */
struct settled {
    tern_care *care;
    int seen; /* of these days */
    bool found;
    tern_id prescription;
    char day[TRN_DATE_BYTES];
};

/* Whether the words that stand have the dose, where they are counted from this day. What is paused,
 * ended or left out by now had its doses as well. */
static tern_status
read_exists(tern_care *care, tern_statement *row, bool *ret_exists, tern_care_error *error)
{
    const tern_value date = tern_statement_value(row, DATE);
    const tern_value slot = tern_statement_value(row, SLOT);
    tern_value values[TRN_SOURCE_COLUMNS];
    struct trn_source source;
    int32_t day = 0;
    tern_status status;

    for (int i = 0; i < TRN_SOURCE_COLUMNS; i++) {
        values[i] = tern_statement_value(row, i);
    }
    values[TRN_SOURCE_BEGINS] = tern_statement_value(row, BEGINS_ON);
    values[TRN_SOURCE_STANDS] = tern_value_integer(1);
    values[TRN_SOURCE_ACTIVE] = tern_value_integer(1);
    status = trn_source_make(&care->zones, values, &source, trn_engine_error(error));
    *ret_exists = status == TERN_OK && trn_day_parse(date.data, date.size, &day) &&
                  trn_regimen_yields(&source.rule, day, slot.data, slot.size);
    return trn_zone_failed(status, error);
}

static tern_status
look_at_day(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct settled *settled = run;
    tern_status status = read_exists(settled->care, row, &settled->found, error);

    settled->seen++;
    settled->prescription = trn_value_to_id(tern_statement_value(row, PRESCRIPTION));
    trn_value_to_text(tern_statement_value(row, BEGINS_ON), settled->day, sizeof(settled->day));
    *ret_more = !settled->found;
    return status;
}

/* The first record of a prescription that names no start says under which day its dose exists, so
 * that no other day moves it that somebody wrote who had not heard of it. Where there is but one,
 * it is that. */
static tern_status settle_day(tern_care *care, const tern_id *dose, tern_care_error *error)
{
    const tern_value key = tern_value_id(dose);
    struct settled settled = {.care = care};
    tern_status status = trn_care_each(care,
                                       TRN_SQL_BEGINNINGS,
                                       &key,
                                       1,
                                       TERN_PROBLEM_NONE,
                                       look_at_day,
                                       &settled,
                                       error);

    if (status != TERN_OK || (!settled.found && settled.seen != 1)) {
        return status;
    }
    {
        const tern_value values[] = {tern_value_id(&settled.prescription),
                                     tern_value_text(settled.day),
                                     tern_value_integer(1)};

        return trn_care_run(care, TRN_SQL_BEGINNING, values, 3, error);
    }
}

/* What is taken as needed hangs on no day. */
static tern_status record(tern_care *care,
                          const tern_id *id,
                          const struct dose_row *dose,
                          const tern_value values[6],
                          tern_care_error *error)
{
    tern_status status = trn_care_run(care, TRN_SQL_DOSE_RECORD, values, 6, error);

    return status == TERN_OK && !dose->is_prn && !TRN_MUTANT(CARE_BEGINNING_UNSAID)
               ? settle_day(care, id, error)
               : status;
}

static tern_status take(tern_care *care,
                        const tern_id *id,
                        const tern_dose_act *act,
                        tern_dose_status *ret_status,
                        tern_care_error *error)
{
    struct dose_row dose = {.status = TERN_DOSE_DUE};
    struct trn_window window = {0};
    struct trn_window_verdict verdict = {.problem = TERN_PROBLEM_NONE};
    tern_status status = read_row(care, id, &dose, error);

    if (status == TERN_OK && !is_open(&dose) && !TRN_MUTANT(CARE_TAKEN_TWICE)) {
        return trn_problem(error, TERN_PROBLEM_RECORDED, 0, 0);
    }
    if (status == TERN_OK) {
        status = judge(care, act, dose.is_prn ? NULL : &dose, &window, &verdict, error);
    }
    if (status == TERN_OK) {
        const tern_value values[] = {tern_value_id(id),
                                     tern_value_text(status_names[verdict.status]),
                                     tern_value_integer(window.taken_us),
                                     tern_value_null(),
                                     tern_value_integer(act != NULL && act->was_offline),
                                     text_or_null(verdict.flags)};

        *ret_status = verdict.status;
        status = record(care, id, &dose, values, error);
    }
    return status == TERN_OK ? trn_care_action(care, "DOSE_TAKEN", table, id, NULL, error) : status;
}

tern_status tern_dose_take(tern_care *care,
                           const tern_id *dose,
                           const tern_dose_act *act,
                           tern_dose_status *ret_status,
                           tern_care_error *error)
{
    tern_dose_status taken = TERN_DOSE_DUE;
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || dose == NULL || !is_act(act)) {
        return trn_care_misuse(error, "tern_dose_take");
    }
    status = trn_care_begin(care, false, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, take(care, dose, act, &taken, error), error);
    if (status == TERN_OK && ret_status != NULL) {
        *ret_status = taken;
    }
    return status;
}

static tern_status skip(tern_care *care,
                        const tern_id *id,
                        const char *reason,
                        bool was_offline,
                        tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(id),
                                 tern_value_text("SKIPPED"),
                                 tern_value_null(),
                                 text_or_null(reason),
                                 tern_value_integer(was_offline),
                                 tern_value_null()};
    struct dose_row dose = {.status = TERN_DOSE_DUE};
    tern_status status = read_row(care, id, &dose, error);

    if (status == TERN_OK && !is_open(&dose)) {
        return trn_problem(error, TERN_PROBLEM_RECORDED, 0, 0);
    }
    if (status == TERN_OK) {
        status = record(care, id, &dose, values, error);
    }
    return status == TERN_OK ? trn_care_action(care, "DOSE_SKIPPED", table, id, NULL, error)
                             : status;
}

tern_status tern_dose_skip(tern_care *care,
                           const tern_id *dose,
                           const char *reason,
                           bool was_offline,
                           tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || dose == NULL) {
        return trn_care_misuse(error, "tern_dose_skip");
    }
    status = trn_form_check_skip(reason, error);
    if (status == TERN_OK) {
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    return trn_care_end(tx, skip(care, dose, reason, was_offline, error), error);
}

static tern_status undo(tern_care *care, tern_tx *tx, const tern_id *id, tern_care_error *error)
{
    const tern_cell cells[] = {{"status", tern_value_text("DUE")},
                               {"taken_at", tern_value_null()},
                               {"skip_reason", tern_value_null()},
                               {"was_offline", tern_value_integer(0)},
                               {"flags", tern_value_text(trn_undone)}};
    struct dose_row dose = {.status = TERN_DOSE_DUE};
    tern_status status = read_row(care, id, &dose, error);

    if (status == TERN_OK && is_open(&dose)) {
        return trn_problem(error, TERN_PROBLEM_NOT_RECORDED, 0, 0);
    }
    if (status == TERN_OK) {
        status = TRN_MUTANT(CARE_UNDO_GUESSED)
                     ? tern_row_update(tx, table, id, cells, 5, trn_engine_error(error))
                     : tern_row_undo(tx, table, id, cells, 5, trn_engine_error(error));
    }
    if (status != TERN_OK) {
        return status;
    }
    return trn_care_action(care,
                           dose.status == TERN_DOSE_SKIPPED ? "DOSE_SKIPPED" : "DOSE_TAKEN",
                           table,
                           id,
                           "{\"undone\":true}",
                           error);
}

tern_status tern_dose_undo(tern_care *care, const tern_id *dose, tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || dose == NULL) {
        return trn_care_misuse(error, "tern_dose_undo");
    }
    status = trn_care_begin(care, false, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    return trn_care_end(tx, undo(care, tx, dose, error), error);
}

/* ---- As needed ---- */

struct prn {
    tern_id medication;
    tern_id prescription;
    tern_id patient;
    int32_t grace_minutes;
    char zone[TRN_ZONE_BYTES];
    char date[TRN_DATE_BYTES];
    char slot[TRN_PRN_SLOT_BYTES + 1];
    tern_id dose;
    bool exists; /* and its record was taken back */
};

static tern_status
read_prn(tern_care *care, const tern_id *medication, struct prn *prn, tern_care_error *error)
{
    const tern_value key = tern_value_id(medication);
    struct trn_source source;
    tern_statement *row = NULL;
    bool is_active = false;
    tern_status status =
        trn_care_row(care, TRN_SQL_MEDICATION, &key, 1, TERN_PROBLEM_NO_MEDICATION, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    is_active = trn_source_is_active(row);
    prn->medication = *medication;
    prn->prescription = trn_value_to_id(tern_statement_value(row, TRN_SOURCE_COLUMNS));
    prn->patient = trn_value_to_id(tern_statement_value(row, TRN_SOURCE_COLUMNS + 1));
    status = trn_source_read(care, row, 0, &source, error);
    tern_statement_reset(row);
    if (status == TERN_OK) {
        status = trn_care_may(care, &prn->patient, TRN_RIGHT_DOSES, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!source.regimen.is_prn) {
        return trn_problem(error, TERN_PROBLEM_NOT_PRN, 0, 0);
    }
    if (!is_active) {
        return trn_problem(error, TERN_PROBLEM_STATUS, 0, 0);
    }
    prn->grace_minutes = source.regimen.grace_minutes;
    memcpy(prn->zone, source.zone, sizeof(prn->zone));
    return TERN_OK;
}

/* The key of a dose taken at this moment; RECORDED where there is one with a record. */
static tern_status place_prn(tern_care *care,
                             int64_t taken_us,
                             struct prn *prn,
                             int32_t *ret_minute,
                             tern_care_error *error)
{
    tern_local_time local = {0};
    tern_statement *row = NULL;
    int32_t day = 0;
    struct dose_row dose;
    tern_value key[3];
    tern_status status = trn_care_local_day(care, prn->zone, taken_us, &day, &local, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_day_format(day, prn->date);
    *ret_minute = local.hour * 60 + local.minute;
    trn_minute_format(*ret_minute, prn->slot);
    prn->slot[5] = ':';
    prn->slot[6] = (char)('0' + local.second / 10);
    prn->slot[7] = (char)('0' + local.second % 10);
    prn->slot[8] = '\0';
    key[0] = tern_value_id(&prn->medication);
    key[1] = tern_value_text(prn->date);
    key[2] = tern_value_text(prn->slot);
    status = trn_care_row(care, TRN_SQL_PLANNED, key, 3, TERN_PROBLEM_NO_DOSE, &row, error);
    if (status != TERN_OK) {
        return status;
    }
    prn->dose = trn_value_to_id(tern_statement_value(row, 0));
    prn->exists = tern_statement_value(row, 1).kind != TERN_NULL;
    dose.status = trn_dose_status_of(tern_statement_value(row, 1));
    tern_statement_reset(row);
    return prn->exists && !is_open(&dose) ? trn_problem(error, TERN_PROBLEM_RECORDED, 0, 0)
                                          : TERN_OK;
}

static tern_status write_prn(tern_care *care,
                             const struct prn *prn,
                             const struct trn_window *window,
                             const char *flags,
                             int32_t minute,
                             bool was_offline,
                             tern_care_error *error)
{
    const tern_value again[] = {tern_value_id(&prn->dose),
                                tern_value_text(status_names[TERN_DOSE_TAKEN_ON_TIME]),
                                tern_value_integer(window->taken_us),
                                tern_value_null(),
                                tern_value_integer(was_offline),
                                text_or_null(flags)};
    const tern_value values[] = {
        tern_value_id(&prn->dose),
        tern_value_id(&prn->prescription),
        tern_value_id(&prn->medication),
        tern_value_id(&prn->patient),
        tern_value_integer(window->taken_us),
        tern_value_text(prn->date),
        tern_value_text(prn->slot),
        tern_value_text(trn_minute_period(minute) == TERN_PERIOD_NIGHT ? "NIGHT" : "DAYTIME"),
        tern_value_integer(prn->grace_minutes),
        tern_value_integer(was_offline),
        text_or_null(flags)};

    return prn->exists ? trn_care_run(care, TRN_SQL_DOSE_RECORD, again, 6, error)
                       : trn_care_run(care, TRN_SQL_PRN_INSERT, values, 11, error);
}

static tern_status take_prn(tern_care *care,
                            const tern_id *medication,
                            const tern_dose_act *act,
                            struct prn *prn,
                            tern_care_error *error)
{
    const bool was_offline = act != NULL && act->was_offline;
    struct trn_window window = {0};
    struct trn_window_verdict verdict = {.problem = TERN_PROBLEM_NONE};
    int32_t minute = 0;
    tern_status status = read_prn(care, medication, prn, error);

    if (status == TERN_OK) {
        status = judge(care, act, NULL, &window, &verdict, error);
    }
    if (status == TERN_OK) {
        status = place_prn(care, window.taken_us, prn, &minute, error);
    }
    if (status == TERN_OK) {
        status = write_prn(care, prn, &window, verdict.flags, minute, was_offline, error);
    }
    return status == TERN_OK ? trn_care_action(care, "DOSE_TAKEN", table, &prn->dose, NULL, error)
                             : status;
}

tern_status tern_dose_take_prn(tern_care *care,
                               const tern_id *medication,
                               const tern_dose_act *act,
                               tern_id *ret_dose,
                               tern_care_error *error)
{
    struct prn prn = {.grace_minutes = 0};
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || medication == NULL || !is_act(act)) {
        return trn_care_misuse(error, "tern_dose_take_prn");
    }
    status = trn_care_begin(care, false, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, take_prn(care, medication, act, &prn, error), error);
    if (status == TERN_OK && ret_dose != NULL) {
        *ret_dose = prn.dose;
    }
    return status;
}
