/*
 * What the job for missed doses has found, as the request of a device: a transaction a patient,
 * with the outcomes and the alerts of all of their doses.
 */
#ifndef TRN_SERVER_MISSED_REQUEST_H
#define TRN_SERVER_MISSED_REQUEST_H

#include "medication/source.h"
#include "server/alerts.h"
#include "server/missed.h"

/* A dose that was missed. */
struct trn_missed_found {
    struct trn_alerts_dose dose;
    bool is_due;  /* nobody has stored it yet */
    bool is_told; /* it is recent enough for alerts */
    int64_t base; /* the number of the transaction that last wrote its outcome */
};

struct trn_missed_request {
    const struct trn_schema *schema; /* borrowed, as are the next two */
    const struct trn_doses *doses;
    struct trn_alerts *alerts;
    size_t outcome;          /* unit of the doses */
    struct trn_db_meta meta; /* of the step under way */
    tern_id device;
    struct trn_missed_found found[TRN_MISSED_STEP_DOSES];
    size_t count;
    size_t alerts_made; /* for them */
};

/* The device's id follows from `meta`. */
TERN_MUST_USE tern_status trn_missed_request_name_device(struct trn_missed_request *request,
                                                         tern_error *error);

/**
 * Puts what was found in order, patient by patient, and appends the request that says it.
 *
 * @param last_ordinal The device's, as the database has it.
 */
TERN_MUST_USE tern_status trn_missed_request_write(struct trn_missed_request *request,
                                                   struct trn_db_view *view,
                                                   int64_t last_ordinal,
                                                   int64_t now_us,
                                                   struct trn_bytes *ret_body,
                                                   tern_error *error);

/* Whether one transaction says both. */
bool trn_missed_of_one_patient(const struct trn_missed_found *a, const struct trn_missed_found *b);

#endif
