/*
 * The server's job for missed doses: a device of its own, which infers what any device would.
 *
 * The rules of which dose is missed are the medication library's. What the job finds it pushes as a
 * device pushes: inferred transactions, one a patient, with numbers, receipts and audit, so that it
 * yields to every record. A step looks at a bounded number of doses and is one group, whole or not
 * at all. Between steps nothing is kept but a cursor, which may be begun anew.
 */
#ifndef TRN_SERVER_MISSED_H
#define TRN_SERVER_MISSED_H

#include "server/sync.h"
#include "tern/medication/zone.h"

/* A step looks at no further dose once it has read so many versions of prescriptions. */
enum { TRN_MISSED_STEP_DOSES = 100, TRN_MISSED_STEP_VERSIONS = 5000 };

struct trn_missed;

/* What the job has of the world. */
struct trn_missed_port {
    tern_zone_port zones;
    void *context;
    /* Has the server handle the request of a call, as any device's. */
    void (*hand_in)(void *context, int64_t now_us, struct trn_sync_call *call);
};

struct trn_missed_report {
    size_t looked_at;
    size_t missed;
    size_t alerts;  /* made of these, and of those that devices stored: to patients and families */
    size_t unread;  /* whose patient's zone cannot be read: they stay as they are */
    size_t undosed; /* of whose dosage something stands that is none: likewise */
    size_t refused; /* of whose patient the server refused the transaction: likewise */
    bool more;      /* this round has further doses to look at; else the next step begins anew */
};

/**
 * @param db   Borrowed until it is closed.
 * @param port Copied; what it points to is borrowed.
 * @return TERN_OK, TERN_ERR_MISUSE where the schema document has no doses as the medication library
 * knows them, and the database's codes.
 */
TERN_MUST_USE tern_status trn_missed_open(struct trn_db *db,
                                          const struct trn_missed_port *port,
                                          struct trn_missed **ret_job,
                                          tern_error *error);
/* NULL is accepted. */
void trn_missed_close(struct trn_missed *job);

/**
 * Looks at the next doses, at most TRN_MISSED_STEP_DOSES, and fewer where their prescriptions have
 * thousands of versions, of all patients by time, and stores
 * MISSED, and with it the alerts of those that were due within a day. Behind them in a round come
 * the doses of the last day that are MISSED already, of which alerts are made that are not there:
 * a patient's device stores and tells its own, but may not tell the family. Not within a group.
 *
 * @param now_us The server's clock.
 * @return TERN_OK, or what failed, and nothing was stored then; TERN_ERR_INTERNAL where the server
 * refused all that the job pushed.
 */
TERN_MUST_USE tern_status trn_missed_step(struct trn_missed *job,
                                          int64_t now_us,
                                          struct trn_missed_report *ret_report,
                                          tern_error *error);

#endif
