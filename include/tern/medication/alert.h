/**
 * Alerts: what a person is to be told of, made by rule on whatever device sees it first.
 *
 * An alert is a row of notifications whose id is derived from its recipient, its type and the row
 * that it is about, so however many devices infer it, there is one. It is inferred: that somebody
 * has read it outranks whoever makes it again. docs/MEDICATION.md.
 */
#ifndef TERN_ALERT_H
#define TERN_ALERT_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_alert_type {
    TERN_ALERT_CONNECTION_REQUEST = 0,
    TERN_ALERT_PRESCRIPTION_UPDATE = 1,
    TERN_ALERT_MISSED_DOSE = 2, /* one's own */
    TERN_ALERT_URGENT_CHANGE = 3,
    TERN_ALERT_FAMILY = 4 /* a dose missed by one whose record is open to a family member */
} tern_alert_type;

/** One alert; borrowed for the callback. Texts are values of TERN_TEXT, or null. */
typedef struct tern_alert {
    tern_id id;
    tern_alert_type type;
    tern_id about;    /* the dose, the version of a prescription, or the audit entry of an end that
                         was set aside; nil: not made by rule */
    tern_value title; /* in the recipient's language when it was made; tells no name */
    tern_value message;
    tern_value data; /* JSON: patient_id, prescription_id, at, late; or what an app wrote */
    int64_t created_us;
    bool is_late; /* it could not be made in time, for want of a connection */
    bool is_over; /* the dose it is about has a record by now */
    bool is_read;
    int64_t read_us; /* 0: not read */
} tern_alert;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_alert_visitor)(void *context, const tern_alert *alert);

/**
 * Makes the alerts of the replica's user that are due and not there yet: one inferred transaction.
 * To be called after syncs, and when a grace has passed.
 *
 * Of doses missed in the last 24 hours: one's own and, for a family member, those of the records
 * that are open to them. Of versions that others wrote and that are current: the urgent ones of
 * every record here, however old, others of one's own, of the last 7 days. Of ends of prescriptions
 * that a sync set aside, as somebody who had not heard changed the state later, to all: while the
 * prescription goes on, a person has to decide. What concerns another's dose, a dose missed more
 * than an hour ago, and what is urgent and older than 7 days wait for a sync that has ended since,
 * which may bring a record of the dose, or the alert.
 *
 * @param limit    1 to 500.
 * @param ret_made How many were made; may be NULL.
 * @param ret_more Whether a further call has more to make; may be NULL.
 * @return TERN_OK; problems NO_PATIENT (the user's row has not been downloaded yet), ZONE; the
 * engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_alerts_infer(tern_care *care,
                                                     uint32_t limit,
                                                     uint32_t *ret_made,
                                                     bool *ret_more,
                                                     tern_care_error *error);

/** Behind which alert a page begins; all zero for the first one. */
typedef struct tern_alert_cursor {
    int64_t created_us;
    tern_id id;
} tern_alert_cursor;

/**
 * Visits a page of the user's alerts, the newest first.
 *
 * @param unread Only those that nobody has read.
 * @param limit  1 to 1,000. A page that has as many may be followed by another one.
 * @param cursor Moved behind the last alert visited.
 */
TERN_API TERN_MUST_USE tern_status tern_alert_list(tern_care *care,
                                                   bool unread,
                                                   uint32_t limit,
                                                   tern_alert_cursor *cursor,
                                                   tern_alert_visitor visitor,
                                                   void *context,
                                                   tern_care_error *error);

/** How many are unread and not over. */
TERN_API TERN_MUST_USE tern_status tern_alert_count(tern_care *care,
                                                    uint32_t *ret_count,
                                                    tern_care_error *error);

/** Marks an alert as read; one that is stays as it was. Problem NO_ALERT. */
TERN_API TERN_MUST_USE tern_status tern_alert_mark_read(tern_care *care,
                                                        const tern_id *alert,
                                                        tern_care_error *error);
/** Marks all as read. */
TERN_API TERN_MUST_USE tern_status tern_alerts_mark_read(tern_care *care, tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif
