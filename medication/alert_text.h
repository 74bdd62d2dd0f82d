/**
 * What an alert says as a row of notifications: the same bytes whoever makes it, a device or the
 * server's job, with no row of a database in it.
 */
#ifndef TRN_MEDICATION_ALERT_TEXT_H
#define TRN_MEDICATION_ALERT_TEXT_H

#include "tern/medication/message.h"
#include "tern/value.h"

/** One that is to be made. Texts are borrowed. */
struct trn_alert {
    const char *type; /* of the schema's NotificationType */
    tern_notice notice;
    tern_id about;
    tern_id patient;
    tern_id prescription;
    int64_t at_us; /* what it tells of happened then */
    tern_notice_words words;
};

/** The texts of its row. */
struct trn_alert_text {
    char title[256];
    char message[4096];
    char data[256];
};

void trn_alert_say(const struct trn_alert *alert,
                   const tern_locale *locale,
                   struct trn_alert_text *ret_text);

/** Whether it comes later than what is called in time. */
bool trn_alert_is_late(int64_t happened_us, int64_t now_us);

/* ---- Missed doses ---- */

/** Doses scheduled before this are not told of. */
int64_t trn_alert_doses_since(int64_t now_us);

/** A dose that was missed; values are borrowed. */
struct trn_alert_dose {
    tern_id dose;
    tern_id patient;
    tern_id prescription;
    int64_t scheduled_us;
    int64_t passed_us;     /* the end of its grace */
    int32_t minute;        /* of the patient's local day */
    tern_value local_date; /* YYYY-MM-DD */
    tern_value person;     /* the patient's name */
    tern_value medicine;
    tern_value medicine_khmer; /* or null */
};

/** The type of the alert that `recipient` gets of it. */
const char *trn_alert_dose_type(const struct trn_alert_dose *dose, const tern_id *recipient);
void trn_alert_dose_say(const struct trn_alert_dose *dose,
                        const tern_id *recipient,
                        const tern_locale *locale,
                        int64_t now_us,
                        struct trn_alert_text *ret_text);

#endif
