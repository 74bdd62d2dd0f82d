/*
 * Alerts of missed doses, as the server's job makes them: rows of notifications by the ids, the
 * rules and the words of the medication library, so that a device that makes the same makes the
 * same row.
 *
 * One is made for the patient and for each family member to whom the record is open, where there is
 * none yet: what a device has told stands as that device has told it.
 */
#ifndef TRN_SERVER_ALERTS_H
#define TRN_SERVER_ALERTS_H

#include "medication/alert_text.h"
#include "server/doses.h"
#include "wire/entry.h"

/* Of one patient; the devices of further ones make theirs themselves. */
enum { TRN_ALERTS_FAMILY_MAX = 31 };

struct trn_alerts {
    const struct trn_db *db;
    struct trn_known_table notifications;
    struct trn_known_table users;
    struct trn_known_table medications;
    struct trn_known_table prescriptions;
    tern_id patient; /* whose alerts the recipients get */
    struct trn_alerts_recipient {
        tern_id id;
        tern_language language;
    } recipients[TRN_ALERTS_FAMILY_MAX + 1];
    size_t recipient_count;
};

/* A dose that was missed. */
struct trn_alerts_dose {
    tern_id dose;
    tern_id patient;
    tern_id prescription;
    tern_id medication;
    int64_t scheduled_us;
    int64_t passed_us; /* the end of its grace */
    int32_t minute;    /* of the patient's local day */
    char local_date[11];
};

/* False where the document lacks a table or a column. */
bool trn_alerts_know(const struct trn_db *db, struct trn_alerts *ret_alerts);

/* Reads who is told of a patient's doses, where those of `alerts` are not that patient's. A nil
 * patient in `alerts` has them read anew. */
tern_status trn_alerts_address(struct trn_alerts *alerts,
                               struct trn_db_view *view,
                               const tern_id *patient,
                               tern_error *error);

/* Appends the id of each alert of the dose that those who are to be told have not got. */
tern_status trn_alerts_lack(struct trn_alerts *alerts,
                            struct trn_db_view *view,
                            const tern_id *patient,
                            const tern_id *dose,
                            struct trn_bytes *lacking,
                            tern_error *error);

/* Appends an insert for each of them who has no alert of the dose. */
tern_status trn_alerts_write(struct trn_alerts *alerts,
                             struct trn_db_view *view,
                             const struct trn_alerts_dose *dose,
                             int64_t now_us,
                             struct trn_line_writer *writer,
                             size_t *made,
                             tern_error *error);

#endif
