/* Doses that wait, by time, then those of the last day that are missed; each with the rows that say
 * when it is due. What has passed, or is to be told, becomes one request of the job's device. One
 * thread serves the database, so nothing comes between the reading and the request. */
#include "server/missed.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "medication/window.h"
#include "server/missed_request.h"
#include "wire/answer.h"

/* The doses that a round looks at, one list behind the other: those that wait for an outcome, and
 * those of the last day of which a device has stored that they were missed, perhaps without telling
 * everybody. */
enum list { DUE, MISSED, LISTS };

static const char *const words[LISTS] = {"DUE", "MISSED"};

struct trn_missed {
    struct trn_db *db;
    struct trn_missed_port port;
    struct trn_doses doses;
    struct trn_alerts alerts;
    struct trn_bytes seen; /* versions, in the view of the step under way */
    struct trn_db_waiting waiting[LISTS];
    struct cursor {
        enum list list;
        struct trn_db_moment after;
    } cursor;
    struct trn_missed_request request; /* of what the step under way has found */
};

static const struct cursor begin = {.list = DUE, .after = {.us = INT64_MIN}};

/* ---- Opening ---- */

tern_status trn_missed_open(struct trn_db *db,
                            const struct trn_missed_port *port,
                            struct trn_missed **ret_job,
                            tern_error *error)
{
    struct trn_missed *job = trn_calloc(1, sizeof(*job));
    tern_status status = TERN_OK;

    if (job == NULL) {
        return trn_fail_nomem(error);
    }
    job->db = db;
    job->port = *port;
    job->cursor = begin;
    job->request.schema = db->schema;
    job->request.doses = &job->doses;
    job->request.alerts = &job->alerts;
    if (!trn_doses_know(db->schema, &job->doses) || !trn_alerts_know(db, &job->alerts)) {
        status = trn_fail(error,
                          TERN_ERR_MISUSE,
                          "missed doses: the schema document has none as they are known here");
    }
    if (status == TERN_OK) {
        job->request.outcome =
            job->doses.doses.table->columns[job->doses.doses.columns[TRN_DOSE_STATUS]].unit;
    }
    for (size_t i = 0; status == TERN_OK && i < LISTS; i++) {
        job->waiting[i] =
            (struct trn_db_waiting){.table = job->doses.doses.table,
                                    .word_column = job->doses.doses.columns[TRN_DOSE_STATUS],
                                    .word = words[i],
                                    .time_column = job->doses.doses.columns[TRN_DOSE_TIME]};
        status = db->ops->waiting_prepare(db, &job->waiting[i], error);
    }
    if (status != TERN_OK) {
        trn_missed_close(job);
        return status;
    }
    *ret_job = job;
    return TERN_OK;
}

void trn_missed_close(struct trn_missed *job)
{
    if (job != NULL) {
        trn_bytes_free(&job->seen);
    }
    trn_free(job);
}

/* ---- Looking ---- */

/* A zone that cannot be read is one patient's trouble, and never quietly another zone. */
static bool is_of_the_zone(tern_status status)
{
    return status == TERN_ERR_NOT_FOUND || status == TERN_ERR_FORMAT ||
           status == TERN_ERR_CORRUPT || status == TERN_ERR_RANGE;
}

static tern_status add_found(struct trn_missed *job,
                             const struct trn_source *source,
                             const struct trn_row *row,
                             bool is_due,
                             int64_t now_us,
                             tern_error *error)
{
    const struct trn_known_table *known = &job->doses.doses;
    struct trn_missed_found *found = &job->request.found[job->request.count];
    int64_t scheduled_us = trn_known_value(known, row, TRN_DOSE_TIME).integer;
    tern_local_time local = {0};
    tern_status status = TERN_OK;

    *found = (struct trn_missed_found){
        .dose = {.dose = row->id,
                 .patient = trn_value_to_id(trn_known_value(known, row, TRN_DOSE_PATIENT)),
                 .prescription =
                     trn_value_to_id(trn_known_value(known, row, TRN_DOSE_PRESCRIPTION)),
                 .medication = trn_value_to_id(trn_known_value(known, row, TRN_DOSE_MEDICATION)),
                 .scheduled_us = scheduled_us,
                 .passed_us = trn_window_end(scheduled_us,
                                             trn_known_value(known, row, TRN_DOSE_GRACE).integer)},
        .is_due = is_due,
        .is_told = scheduled_us >= trn_alert_doses_since(now_us),
        .base = row->version.keys[job->request.outcome]};
    trn_value_to_text(trn_known_value(known, row, TRN_DOSE_DATE),
                      found->dose.local_date,
                      sizeof(found->dose.local_date));
    if (found->is_told) {
        status = tern_zone_to_local(&job->port.zones, source->zone, scheduled_us, &local, error);
        found->dose.minute = local.hour * 60 + local.minute;
    }
    job->request.count +=
        status == TERN_OK && !(TRN_MUTANT(CARE_JOB_FORGETS) && job->request.count == 1) ? 1 : 0;
    return status;
}

/* What somebody said was missed is; what a rule has stored, and what is due still, is where it was
 * to be taken. */
static bool is_missed(const struct trn_missed *job,
                      const struct trn_source *source,
                      const struct trn_row *dose,
                      bool is_due)
{
    const struct trn_known_table *known = &job->doses.doses;
    const bool is_guess = trn_is_guess(trn_known_value(known, dose, TRN_DOSE_STATUS),
                                       trn_known_value(known, dose, TRN_DOSE_FLAGS));

    return (!is_due && !is_guess) || trn_source_yields(source,
                                                       is_guess,
                                                       trn_known_value(known, dose, TRN_DOSE_DATE),
                                                       trn_known_value(known, dose, TRN_DOSE_SLOT));
}

static tern_status judge(struct trn_missed *job,
                         struct trn_db_view *view,
                         const struct trn_row *dose,
                         bool is_due,
                         int64_t now_us,
                         struct trn_missed_report *report,
                         tern_error *error)
{
    struct trn_source source;
    tern_error cause = {.status = TERN_OK};
    tern_status status = trn_doses_source(&job->doses,
                                          job->db,
                                          view,
                                          &job->port.zones,
                                          dose,
                                          &job->seen,
                                          &source,
                                          &cause);

    if (status == TERN_OK && is_missed(job, &source, dose, is_due)) {
        status = add_found(job, &source, dose, is_due, now_us, &cause);
    } else if (status == TERN_OK) {
        report->undosed +=
            trn_source_is_unread(&source, trn_known_value(&job->doses.doses, dose, TRN_DOSE_SLOT));
    }
    if (is_of_the_zone(status)) {
        report->unread++;
        return TERN_OK;
    }
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "%s", cause.message);
}

/* Whether there is something to store or to tell. A dose that somebody made due again is theirs,
 * and no guess overrules it. */
static tern_status is_open(struct trn_missed *job,
                           struct trn_db_view *view,
                           const struct trn_row *dose,
                           bool is_due,
                           bool *ret_open,
                           tern_error *error)
{
    tern_id patient = trn_value_to_id(trn_known_value(&job->doses.doses, dose, TRN_DOSE_PATIENT));
    struct trn_bytes lacking = {0};
    tern_status status = TERN_OK;

    if (is_due) {
        *ret_open = trn_version_rank(&dose->version, job->request.outcome) != TRN_RANK_1_RECORDED ||
                    TRN_MUTANT(CARE_JOB_OVERRULES);
        return TERN_OK;
    }
    if (!TRN_MUTANT(CARE_JOB_UNTOLD)) {
        status = trn_alerts_lack(&job->alerts, view, &patient, &dose->id, &lacking, error);
    }
    *ret_open = lacking.size > 0;
    trn_bytes_free(&lacking);
    return status;
}

static tern_status look_at(struct trn_missed *job,
                           struct trn_db_view *view,
                           bool is_due,
                           const struct trn_db_moment *place,
                           int64_t now_us,
                           struct trn_missed_report *report,
                           tern_error *error)
{
    struct trn_row dose;
    bool found = false;
    bool open = false;
    tern_status status =
        job->db->ops->row_read(view, job->doses.doses.table, &place->id, &found, &dose, error);

    if (status == TERN_OK && found && (is_due || place->us >= trn_alert_doses_since(now_us))) {
        status = is_open(job, view, &dose, is_due, &open, error);
    }
    if (status != TERN_OK || !open ||
        (!trn_window_has_passed(place->us,
                                trn_known_value(&job->doses.doses, &dose, TRN_DOSE_GRACE).integer,
                                now_us) &&
         !TRN_MUTANT(CARE_JOB_EARLY))) {
        return status;
    }
    return judge(job, view, &dose, is_due, now_us, report, error);
}

static bool has_read_enough(const struct trn_missed *job)
{
    return job->doses.rows_read >= trn_portion(TRN_MISSED_STEP_VERSIONS);
}

/* Looks at the next doses of the cursor's list, and moves it behind them: to the next list where
 * this one has no more. */
static tern_status look_on(struct trn_missed *job,
                           struct trn_db_view *view,
                           int64_t now_us,
                           struct cursor *cursor,
                           struct trn_missed_report *report,
                           tern_error *error)
{
    struct trn_db_moment places[TRN_MISSED_STEP_DOSES];
    const size_t room = trn_portion(TRN_MISSED_STEP_DOSES) - report->looked_at;
    size_t count = 0;
    size_t at = 0;
    tern_status status = job->db->ops->rows_waiting(view,
                                                    &job->waiting[cursor->list],
                                                    &cursor->after,
                                                    now_us,
                                                    places,
                                                    room,
                                                    &count,
                                                    error);

    while (status == TERN_OK && at < count && !has_read_enough(job)) {
        status = look_at(job, view, cursor->list == DUE, &places[at++], now_us, report, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    report->looked_at += at;
    if (at == room || at < count) {
        cursor->after = places[at - 1];
    } else {
        cursor->list++;
        cursor->after = (struct trn_db_moment){.us = trn_alert_doses_since(now_us)};
    }
    return TERN_OK;
}

static tern_status look(struct trn_missed *job,
                        struct trn_db_view *view,
                        int64_t now_us,
                        struct cursor *cursor,
                        struct trn_missed_report *report,
                        tern_error *error)
{
    tern_status status = TERN_OK;

    job->request.count = 0;
    job->doses.rows_read = 0;
    trn_bytes_clear(&job->seen);
    job->alerts.patient = (tern_id){{0}};
    while (status == TERN_OK && cursor->list < LISTS &&
           report->looked_at < trn_portion(TRN_MISSED_STEP_DOSES) && !has_read_enough(job)) {
        status = look_on(job, view, now_us, cursor, report, error);
    }
    report->more = cursor->list < LISTS;
    if (!report->more) {
        *cursor = begin;
    }
    return status;
}

/* ---- Handing in ---- */

/* Counts the doses of the patient whose transaction the verdict is on: all from `at` on. */
static size_t count_patient(const struct trn_missed *job,
                            size_t at,
                            const struct trn_verdict *verdict,
                            struct trn_missed_report *report)
{
    const size_t first = at;

    while (at < job->request.count &&
           trn_missed_of_one_patient(&job->request.found[at], &job->request.found[first])) {
        if (verdict->kind == TRN_VERDICT_REJECTED) {
            report->refused++;
        } else {
            report->missed += job->request.found[at].is_due ? 1 : 0;
        }
        at++;
    }
    return at;
}

/* What is refused is one patient's trouble, and holds nobody else up. */
static tern_status take_verdicts(const struct trn_missed *job,
                                 struct trn_slice answer,
                                 struct trn_missed_report *report,
                                 tern_error *error)
{
    struct trn_answer_reader reader = {.schema = NULL};
    struct trn_answer_item item = {.kind = TRN_ANSWER_VERDICT};
    struct trn_row row;
    size_t at = 0;
    tern_status status = trn_answer_open(&reader, job->db->schema, answer, error);

    while (status == TERN_OK && at < job->request.count && item.kind == TRN_ANSWER_VERDICT) {
        status = trn_answer_next(&reader, &item, &row, error);
        if (status == TERN_OK && item.kind == TRN_ANSWER_VERDICT) {
            at = count_patient(job, at, &item.verdict, report);
        }
    }
    trn_answer_close(&reader);
    return status;
}

/* Pushes what was found, as the device of the job. */
static tern_status push(struct trn_missed *job,
                        struct trn_slice body,
                        int64_t now_us,
                        struct trn_missed_report *report,
                        tern_error *error)
{
    struct trn_sync_call call = {.auth = {.user = job->request.device, .power = TRN_POWER_SERVICE},
                                 .request = body};
    tern_status status = TERN_OK;

    job->port.hand_in(job->port.context, now_us, &call);
    if (call.cause.status != TERN_OK) {
        status = trn_fail(error, call.cause.status, "missed doses: %s", call.cause.message);
    } else if (call.code != TERN_OK || call.status != 200) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "missed doses: what was found was refused");
    } else {
        status = take_verdicts(job, trn_bytes_slice(&call.answer), report, error);
    }
    trn_sync_call_free(&call);
    return status;
}

/* ---- A step ---- */

static tern_status find(struct trn_missed *job,
                        int64_t now_us,
                        struct cursor *cursor,
                        struct trn_bytes *body,
                        struct trn_missed_report *report,
                        tern_error *error)
{
    struct trn_db_view *view = NULL;
    struct trn_db_device device = {.last_ordinal = 0};
    tern_status status = job->db->ops->snapshot_open(job->db, &view, error);

    if (status != TERN_OK) {
        return status;
    }
    status = job->db->ops->meta_read(view, &job->request.meta, error);
    if (status == TERN_OK) {
        status = trn_missed_request_name_device(&job->request, error);
    }
    if (status == TERN_OK) {
        status = job->db->ops->device_read(view, &job->request.device, &device, error);
    }
    if (status == TERN_OK) {
        status = look(job, view, now_us, cursor, report, error);
    }
    if (status == TERN_OK && job->request.count > 0) {
        status =
            trn_missed_request_write(&job->request, view, device.last_ordinal, now_us, body, error);
    }
    job->db->ops->snapshot_close(job->db, view);
    return status;
}

tern_status trn_missed_step(struct trn_missed *job,
                            int64_t now_us,
                            struct trn_missed_report *ret_report,
                            tern_error *error)
{
    struct trn_missed_report report = {.missed = 0};
    struct cursor cursor = job->cursor;
    struct trn_bytes body = {0};
    tern_status status = find(job, now_us, &cursor, &body, &report, error);

    if (status == TERN_OK && job->request.count > 0) {
        status = push(job, trn_bytes_slice(&body), now_us, &report, error);
    }
    trn_bytes_free(&body);
    if (status != TERN_OK) {
        return status;
    }
    report.alerts = job->request.count > 0 ? job->request.alerts_made : 0;
    job->cursor = cursor;
    *ret_report = report;
    return TERN_OK;
}
