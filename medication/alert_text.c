/* Alerts as texts: title and message by the sentences for people, the data as JSON. */
#include "medication/alert_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "base/uuid.h"
#include "medication/calendar.h"
#include "medication/source.h"

enum { NAME_BYTES = 1024 };

#define LATE_US (INT64_C(3600) * 1000000)

bool trn_alert_is_late(int64_t happened_us, int64_t now_us)
{
    return now_us - happened_us > LATE_US && !TRN_MUTANT(CARE_ALERT_LATE_UNSAID);
}

int64_t trn_alert_doses_since(int64_t now_us)
{
    return now_us - TRN_DAY_US;
}

void trn_alert_say(const struct trn_alert *alert,
                   const tern_locale *locale,
                   struct trn_alert_text *ret_text)
{
    char patient[TRN_ID_TEXT_SIZE + 1];
    char prescription[TRN_ID_TEXT_SIZE + 1];

    trn_id_format(&alert->patient, patient);
    trn_id_format(&alert->prescription, prescription);
    (void)tern_say_title(locale, alert->notice, ret_text->title, sizeof(ret_text->title));
    (void)tern_say_notice(locale,
                          alert->notice,
                          &alert->words,
                          ret_text->message,
                          sizeof(ret_text->message));
    (void)snprintf(ret_text->data,
                   sizeof(ret_text->data),
                   "{\"patient_id\":\"%s\",\"prescription_id\":\"%s\",\"at\":%" PRId64
                   ",\"late\":%s}",
                   patient,
                   prescription,
                   alert->at_us,
                   alert->words.late ? "true" : "false");
}

/* ---- Missed doses ---- */

static bool is_own(const struct trn_alert_dose *dose, const tern_id *recipient)
{
    return memcmp(&dose->patient, recipient, sizeof(*recipient)) == 0;
}

const char *trn_alert_dose_type(const struct trn_alert_dose *dose, const tern_id *recipient)
{
    return is_own(dose, recipient) ? "MISSED_DOSE_ALERT" : "FAMILY_ALERT";
}

void trn_alert_dose_say(const struct trn_alert_dose *dose,
                        const tern_id *recipient,
                        const tern_locale *locale,
                        int64_t now_us,
                        struct trn_alert_text *ret_text)
{
    char person[NAME_BYTES];
    char medicine[NAME_BYTES];
    char date[TRN_DATE_BYTES];
    bool in_khmer = locale->language == TERN_KHMER && dose->medicine_khmer.kind == TERN_TEXT;
    struct trn_alert alert = {.type = trn_alert_dose_type(dose, recipient),
                              .notice = TERN_NOTICE_MISSED,
                              .about = dose->dose,
                              .patient = dose->patient,
                              .prescription = dose->prescription,
                              .at_us = dose->scheduled_us};

    trn_value_to_text(dose->person, person, sizeof(person));
    trn_value_to_text(in_khmer ? dose->medicine_khmer : dose->medicine, medicine, sizeof(medicine));
    trn_value_to_text(dose->local_date, date, sizeof(date));
    alert.words = (tern_notice_words){.size = sizeof(alert.words),
                                      .person = is_own(dose, recipient) ? NULL : person,
                                      .medicine = medicine,
                                      .local_date = date,
                                      .minute = dose->minute,
                                      .late = trn_alert_is_late(dose->passed_us, now_us)};
    trn_alert_say(&alert, locale, ret_text);
}
