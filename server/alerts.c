/* Two rows a dose, of medication and prescription, and one look for the alert of each recipient. */
#include "server/alerts.h"

#include "base/error.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "server/grants.h"

enum notification_column {
    NOTIFICATION_CREATED,
    NOTIFICATION_RECIPIENT,
    NOTIFICATION_TYPE,
    NOTIFICATION_ABOUT,
    NOTIFICATION_TITLE,
    NOTIFICATION_MESSAGE,
    NOTIFICATION_DATA,
    NOTIFICATION_COLUMNS
};
enum medication_column { MEDICATION_NAME, MEDICATION_NAME_KHMER, MEDICATION_COLUMNS };
enum { PRESCRIPTION_PERSON, PRESCRIPTION_COLUMNS };
enum { USER_LANGUAGE, USER_COLUMNS };

bool trn_alerts_know(const struct trn_db *db, struct trn_alerts *ret_alerts)
{
    static const char *const notification[NOTIFICATION_COLUMNS] =
        {"created_at", "recipient_id", "type", "about_id", "title", "message", "data"};
    static const char *const medication[MEDICATION_COLUMNS] = {"medicine_name",
                                                               "medicine_name_khmer"};
    static const char *const prescription[PRESCRIPTION_COLUMNS] = {"patient_name"};
    static const char *const user[USER_COLUMNS] = {"language"};
    const struct trn_schema *schema = db->schema;

    *ret_alerts = (struct trn_alerts){.db = db};
    return trn_known_find(schema,
                          "notifications",
                          notification,
                          NOTIFICATION_COLUMNS,
                          &ret_alerts->notifications) &&
           trn_known_find(schema,
                          "medications",
                          medication,
                          MEDICATION_COLUMNS,
                          &ret_alerts->medications) &&
           trn_known_find(schema,
                          "prescriptions",
                          prescription,
                          PRESCRIPTION_COLUMNS,
                          &ret_alerts->prescriptions) &&
           trn_known_find(schema, "users", user, USER_COLUMNS, &ret_alerts->users);
}

/* ---- Who is told ---- */

/* Nobody is told who is not there. */
static tern_status add_recipient(struct trn_alerts *alerts,
                                 struct trn_db_view *view,
                                 const tern_id *id,
                                 tern_error *error)
{
    struct trn_alerts_recipient *recipient = &alerts->recipients[alerts->recipient_count];
    struct trn_row row;
    bool found = false;
    tern_status status =
        alerts->db->ops->row_read(view, alerts->users.table, id, &found, &row, error);

    if (status != TERN_OK || !found || row.deleted_at_us != 0) {
        return status;
    }
    recipient->id = *id;
    recipient->language =
        trn_value_is(trn_known_value(&alerts->users, &row, USER_LANGUAGE), "ENGLISH") ? TERN_ENGLISH
                                                                                      : TERN_KHMER;
    alerts->recipient_count++;
    return TERN_OK;
}

tern_status trn_alerts_address(struct trn_alerts *alerts,
                               struct trn_db_view *view,
                               const tern_id *patient,
                               tern_error *error)
{
    tern_id family[TRN_ALERTS_FAMILY_MAX];
    size_t count = 0;
    tern_status status;

    if (trn_id_equal(&alerts->patient, patient)) {
        return TERN_OK;
    }
    status = trn_grants_holders(alerts->db,
                                view,
                                patient,
                                "FAMILY_MEMBER",
                                family,
                                TRN_ALERTS_FAMILY_MAX,
                                &count,
                                error);
    alerts->patient = *patient;
    alerts->recipient_count = 0;
    if (status == TERN_OK) {
        status = add_recipient(alerts, view, patient, error);
    }
    count = TRN_MUTANT(CARE_JOB_NO_FAMILY) ? 0 : count;
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = add_recipient(alerts, view, &family[i], error);
    }
    return status;
}

/* ---- What they are told ---- */

static void set(const struct trn_alerts *alerts,
                struct trn_change *change,
                enum notification_column column,
                tern_value value)
{
    change->values[alerts->notifications.columns[column]] = value;
}

/* Its id follows from recipient, type and dose, which are set. */
static tern_status find_alert(const struct trn_alerts *alerts,
                              struct trn_db_view *view,
                              const struct trn_alert_dose *dose,
                              const tern_id *recipient,
                              struct trn_change *change,
                              bool *ret_found,
                              tern_error *error)
{
    struct trn_row row;
    bool derived = false;
    tern_status status;

    set(alerts, change, NOTIFICATION_RECIPIENT, tern_value_id(recipient));
    set(alerts, change, NOTIFICATION_TYPE, tern_value_text(trn_alert_dose_type(dose, recipient)));
    set(alerts, change, NOTIFICATION_ABOUT, tern_value_id(&dose->dose));
    status = trn_natural_id(change->table, change->values, &derived, &change->id, error);
    if (status == TERN_OK && !derived) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "missed doses: an alert has no derived id");
    }
    return status == TERN_OK
               ? alerts->db->ops->row_read(view, change->table, &change->id, ret_found, &row, error)
               : status;
}

tern_status trn_alerts_lack(struct trn_alerts *alerts,
                            struct trn_db_view *view,
                            const tern_id *patient,
                            const tern_id *dose,
                            struct trn_bytes *lacking,
                            tern_error *error)
{
    const struct trn_alert_dose about = {.dose = *dose, .patient = *patient};
    tern_status status = trn_alerts_address(alerts, view, patient, error);

    for (size_t i = 0; status == TERN_OK && i < alerts->recipient_count; i++) {
        struct trn_change change = {.table = alerts->notifications.table};
        bool found = false;

        status =
            find_alert(alerts, view, &about, &alerts->recipients[i].id, &change, &found, error);
        if (status == TERN_OK && !found &&
            trn_bytes_append(lacking, &change.id, sizeof(change.id)) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    return status;
}

static tern_status tell(struct trn_alerts *alerts,
                        struct trn_db_view *view,
                        const struct trn_alert_dose *dose,
                        const struct trn_alerts_recipient *recipient,
                        int64_t now_us,
                        struct trn_line_writer *writer,
                        size_t *made,
                        tern_error *error)
{
    const tern_locale locale = {.size = sizeof(locale), .language = recipient->language};
    struct trn_change change = {.operation = TRN_OP_INSERT, .table = alerts->notifications.table};
    struct trn_alert_text text;
    bool found = false;
    tern_status status;

    for (size_t i = 0; i < change.table->column_count; i++) {
        change.values[i] = change.table->columns[i].default_value;
    }
    set(alerts, &change, NOTIFICATION_CREATED, tern_value_integer(now_us));
    status = find_alert(alerts, view, dose, &recipient->id, &change, &found, error);
    if (status != TERN_OK || (found && !TRN_MUTANT(CARE_JOB_TELLS_AGAIN))) {
        return status;
    }
    change.id.bytes[0] ^= TRN_MUTANT(CARE_JOB_MINTS) ? 1 : 0;
    trn_alert_dose_say(dose, &recipient->id, &locale, now_us, &text);
    set(alerts, &change, NOTIFICATION_TITLE, tern_value_text(text.title));
    set(alerts, &change, NOTIFICATION_MESSAGE, tern_value_text(text.message));
    set(alerts, &change, NOTIFICATION_DATA, tern_value_text(text.data));
    (*made)++;
    return trn_entry_write_change(writer, &change, error);
}

static tern_status read_names(struct trn_alerts *alerts,
                              struct trn_db_view *view,
                              const struct trn_alerts_dose *dose,
                              struct trn_alert_dose *ret_told,
                              tern_error *error)
{
    struct trn_row medication;
    struct trn_row prescription;
    bool has_medication = false;
    bool has_prescription = false;
    tern_status status = alerts->db->ops->row_read(view,
                                                   alerts->medications.table,
                                                   &dose->medication,
                                                   &has_medication,
                                                   &medication,
                                                   error);

    if (status == TERN_OK) {
        status = alerts->db->ops->row_read(view,
                                           alerts->prescriptions.table,
                                           &dose->prescription,
                                           &has_prescription,
                                           &prescription,
                                           error);
    }
    if (status == TERN_OK && has_medication) {
        ret_told->medicine = trn_known_value(&alerts->medications, &medication, MEDICATION_NAME);
        ret_told->medicine_khmer =
            trn_known_value(&alerts->medications, &medication, MEDICATION_NAME_KHMER);
    }
    if (status == TERN_OK && has_prescription) {
        ret_told->person =
            trn_known_value(&alerts->prescriptions, &prescription, PRESCRIPTION_PERSON);
    }
    return status;
}

tern_status trn_alerts_write(struct trn_alerts *alerts,
                             struct trn_db_view *view,
                             const struct trn_alerts_dose *dose,
                             int64_t now_us,
                             struct trn_line_writer *writer,
                             size_t *made,
                             tern_error *error)
{
    struct trn_alert_dose told = {.dose = dose->dose,
                                  .patient = dose->patient,
                                  .prescription = dose->prescription,
                                  .scheduled_us = dose->scheduled_us,
                                  .passed_us = dose->passed_us,
                                  .minute = dose->minute,
                                  .local_date = tern_value_text(dose->local_date)};
    tern_status status = read_names(alerts, view, dose, &told, error);

    for (size_t i = 0; status == TERN_OK && i < alerts->recipient_count; i++) {
        status = tell(alerts, view, &told, &alerts->recipients[i], now_us, writer, made, error);
    }
    return status;
}
