/* Making alerts: of doses missed and of prescriptions changed, once each whoever makes them. */
#include "tern/medication/alert.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/alert_text.h"
#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/window.h"
#include "tern/medication/message.h"
#include "tern/outbox.h"

enum { LIMIT_MAX = 500, NAME_BYTES = 1024, REASON_BYTES = 1024 };

/* Older changes are told only where they are urgent and a sync has ended since. */
#define CHANGES_SINCE_US (7 * TRN_DAY_US)

struct run {
    tern_care *care;
    tern_locale locale; /* the recipient's */
    bool is_family;
    int64_t now_us;
    int64_t synced_us; /* when a sync last ended well */
    uint32_t limit;
    uint32_t made;
    bool more;
};

static tern_status make(struct run *run,
                        const char *type,
                        const tern_id *about,
                        const struct trn_alert_text *text,
                        tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(&run->care->user),
                                 tern_value_text(type),
                                 tern_value_id(about),
                                 tern_value_text(text->title),
                                 tern_value_text(text->message),
                                 tern_value_text(text->data)};

    run->made++;
    return trn_care_run(run->care,
                        TRN_SQL_ALERT_INSERT,
                        values,
                        sizeof(values) / sizeof(values[0]),
                        error);
}

/* Whether there is room for another one. */
static bool has_room(struct run *run, bool *ret_more)
{
    if (run->made < run->limit) {
        return true;
    }
    run->more = true;
    *ret_more = false;
    return false;
}

static bool is_user(const struct run *run, const tern_id *id)
{
    return memcmp(&run->care->user, id, sizeof(*id)) == 0;
}

/* ---- Missed doses ---- */

/* The columns behind those of the regimen. */
enum {
    DOSE = TRN_SOURCE_COLUMNS,
    SCHEDULED,
    GRACE,
    DATE,
    SLOT,
    STATUS,
    FLAGS,
    PATIENT,
    PRESCRIPTION,
    PERSON,
    NAME,
    NAME_KHMER
};

/* Whether it is missed, as far as this device can know. */
static bool is_missed(const struct run *run,
                      tern_statement *row,
                      const struct trn_source *source,
                      int64_t passed_us)
{
    const tern_value outcome = tern_statement_value(row, STATUS);
    const bool is_guess = trn_is_guess(outcome, tern_statement_value(row, FLAGS));
    tern_id patient = trn_value_to_id(tern_statement_value(row, PATIENT));

    if (run->now_us <= passed_us ||
        (run->synced_us < passed_us && !TRN_MUTANT(CARE_ALERT_UNHEARD) &&
         (!is_user(run, &patient) || trn_alert_is_late(passed_us, run->now_us)))) {
        return false;
    }
    return (trn_value_is(outcome, "MISSED") && !is_guess) || TRN_MUTANT(CARE_ALERT_OF_PAUSED) ||
           trn_source_yields(source,
                             is_guess,
                             tern_statement_value(row, DATE),
                             tern_statement_value(row, SLOT));
}

static tern_status tell_missed(struct run *run,
                               tern_statement *row,
                               const struct trn_source *source,
                               int64_t passed_us,
                               tern_care_error *error)
{
    struct trn_alert_dose dose = {.dose = trn_value_to_id(tern_statement_value(row, DOSE)),
                                  .patient = trn_value_to_id(tern_statement_value(row, PATIENT)),
                                  .prescription =
                                      trn_value_to_id(tern_statement_value(row, PRESCRIPTION)),
                                  .scheduled_us = tern_statement_value(row, SCHEDULED).integer,
                                  .passed_us = passed_us,
                                  .local_date = tern_statement_value(row, DATE),
                                  .person = tern_statement_value(row, PERSON),
                                  .medicine = tern_statement_value(row, NAME),
                                  .medicine_khmer = tern_statement_value(row, NAME_KHMER)};
    struct trn_alert_text text;
    tern_local_time local = {0};
    int32_t day = 0;
    tern_status status =
        trn_care_local_day(run->care, source->zone, dose.scheduled_us, &day, &local, error);

    if (status != TERN_OK) {
        return status;
    }
    dose.minute = local.hour * 60 + local.minute;
    trn_alert_dose_say(&dose, &run->care->user, &run->locale, run->now_us, &text);
    return make(run, trn_alert_dose_type(&dose, &run->care->user), &dose.dose, &text, error);
}

static tern_status
look_at_dose(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct run *run = context;
    int64_t passed_us = trn_window_end(tern_statement_value(row, SCHEDULED).integer,
                                       tern_statement_value(row, GRACE).integer);
    struct trn_source source;
    tern_status status = trn_source_read(run->care, row, 0, &source, error);

    if (status != TERN_OK || !is_missed(run, row, &source, passed_us) || !has_room(run, ret_more)) {
        return status;
    }
    return tell_missed(run, row, &source, passed_us, error);
}

/* ---- Changed prescriptions ---- */

enum { ABOUT, WRITTEN, CHANGED, CHANGED_PATIENT, CHANGED_PERSON, IS_URGENT, URGENT_REASON, REASON };

static tern_status
tell_change(struct run *run, tern_statement *row, tern_notice notice, tern_care_error *error)
{
    char person[NAME_BYTES];
    char reason[REASON_BYTES];
    bool is_plain = notice == TERN_NOTICE_CHANGE;
    struct trn_alert_text text;
    struct trn_alert alert = {
        .type = is_plain ? "PRESCRIPTION_UPDATE" : "URGENT_PRESCRIPTION_CHANGE",
        .notice = notice,
        .about = trn_value_to_id(tern_statement_value(row, ABOUT)),
        .patient = trn_value_to_id(tern_statement_value(row, CHANGED_PATIENT)),
        .prescription = trn_value_to_id(tern_statement_value(row, CHANGED)),
        .at_us = tern_statement_value(row, WRITTEN).integer};

    trn_value_to_text(tern_statement_value(row, CHANGED_PERSON), person, sizeof(person));
    trn_value_to_text(tern_statement_value(row, is_plain ? REASON : URGENT_REASON),
                      reason,
                      sizeof(reason));
    alert.words = (tern_notice_words){.size = sizeof(alert.words),
                                      .person = is_user(run, &alert.patient) ? NULL : person,
                                      .reason = reason,
                                      .minute = -1,
                                      .late = trn_alert_is_late(alert.at_us, run->now_us)};
    trn_alert_say(&alert, &run->locale, &text);
    return make(run, alert.type, &alert.about, &text, error);
}

static tern_status
look_at_change(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    bool is_urgent = tern_statement_value(row, IS_URGENT).integer != 0;

    return has_room(context, ret_more)
               ? tell_change(context,
                             row,
                             is_urgent ? TERN_NOTICE_URGENT_CHANGE : TERN_NOTICE_CHANGE,
                             error)
               : TERN_OK;
}

/* An end that a merge set aside: a person has to decide. */
static tern_status
look_at_end(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    return has_room(context, ret_more) ? tell_change(context, row, TERN_NOTICE_GOES_ON, error)
                                       : TERN_OK;
}

/* ---- The run ---- */

static tern_status read_recipient(struct run *run, tern_care_error *error)
{
    const tern_value key = tern_value_id(&run->care->user);
    tern_replica_status state = {.size = sizeof(state)};
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(run->care, TRN_SQL_RECIPIENT, &key, 1, TERN_PROBLEM_NO_PATIENT, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    run->locale = (tern_locale){.size = sizeof(run->locale),
                                .language = trn_value_is(tern_statement_value(row, 0), "ENGLISH")
                                                ? TERN_ENGLISH
                                                : TERN_KHMER};
    run->is_family = trn_value_is(tern_statement_value(row, 1), "FAMILY_MEMBER");
    tern_statement_reset(row);
    status = tern_replica_read_status(run->care->replica, &state, trn_engine_error(error));
    run->synced_us = state.last_sync_us;
    return status == TERN_OK ? trn_care_now(run->care, &run->now_us, error) : status;
}

static tern_status infer(struct run *run, tern_care_error *error)
{
    tern_value values[5];
    tern_status status = read_recipient(run, error);

    if (status != TERN_OK) {
        return status;
    }
    values[0] = tern_value_id(&run->care->user);
    values[1] = tern_value_integer(run->now_us - CHANGES_SINCE_US);
    values[2] = tern_value_integer(run->synced_us);
    status = trn_care_each(run->care,
                           TRN_SQL_ALERT_CHANGES,
                           values,
                           3,
                           TERN_PROBLEM_NONE,
                           look_at_change,
                           run,
                           error);
    if (status == TERN_OK) {
        status = trn_care_each(run->care,
                               TRN_SQL_ALERT_ENDS,
                               values,
                               3,
                               TERN_PROBLEM_NONE,
                               look_at_end,
                               run,
                               error);
    }
    values[1] = tern_value_integer(trn_alert_doses_since(run->now_us));
    values[2] = tern_value_integer(run->now_us);
    values[3] = tern_value_integer(run->is_family);
    values[4] = tern_value_integer(run->now_us);
    return status == TERN_OK ? trn_care_each(run->care,
                                             TRN_SQL_ALERT_DOSES,
                                             values,
                                             5,
                                             TERN_PROBLEM_NONE,
                                             look_at_dose,
                                             run,
                                             error)
                             : status;
}

tern_status tern_alerts_infer(tern_care *care,
                              uint32_t limit,
                              uint32_t *ret_made,
                              bool *ret_more,
                              tern_care_error *error)
{
    struct run run = {.care = care, .limit = limit};
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || limit == 0 || limit > LIMIT_MAX) {
        return trn_care_misuse(error, "tern_alerts_infer");
    }
    status = trn_care_begin(care, true, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, infer(&run, error), error);
    if (status != TERN_OK) {
        return status;
    }
    if (ret_made != NULL) {
        *ret_made = run.made;
    }
    if (ret_more != NULL) {
        *ret_more = run.more;
    }
    return TERN_OK;
}
