/* A claim is checked by trn_clock_store; here is what it is checked against. */
#include "server/stored_time.h"

#include "base/error.h"
#include "model/clock.h"
#include "server/row_write.h"
#include "wire/entry.h"

/* The newest stored time among the bases that the entry names. */
static tern_status newest_base(struct trn_push *push,
                               struct trn_slice bytes,
                               int64_t *ret_newest_us,
                               tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    int64_t last = 0; /* looked up; the changes of an entry often share their base */
    bool any = true;
    tern_status status = trn_entry_open(&reader, push->db->schema, bytes, error);

    while (status == TERN_OK) {
        struct trn_db_tx tx;
        int64_t number = 0;
        bool found = false;

        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = trn_row_write_base(push, &change, &number, error);
        if (status == TERN_OK && number > 0 && number != push->entry.number && number != last) {
            last = number;
            status =
                push->db->ops->tx_get(push->db->ops->writer(push->db), number, &found, &tx, error);
        }
        if (status == TERN_OK && found && tx.applied && tx.time_us > *ret_newest_us) {
            *ret_newest_us = tx.time_us;
        }
    }
    trn_entry_close(&reader);
    return status;
}

/* Every stored time is at least this: a row's deletion bears it, and 0 is none. */
enum { TIME_MIN_US = 1 };

static int64_t at_least(int64_t time_us, int64_t min_us)
{
    return time_us > min_us ? time_us : min_us;
}

/* Its stamp is what it was, so that it wins over nothing that is newer. */
static int64_t left_time(const struct trn_push *push)
{
    int64_t ahead_us = push->entry.received_us + TRN_CLOCK_AHEAD_US;

    return push->entry.raw_time_us < ahead_us ? at_least(push->entry.raw_time_us, TIME_MIN_US)
                                              : ahead_us;
}

/* Bases are looked at even where the claim stands: its clock may be behind theirs by less than the
 * tolerance. What is wrong with the changes shows when they are applied. */
tern_status trn_stored_time_find(struct trn_push *push,
                                 const struct trn_request_entry *request,
                                 const struct trn_db_device *device,
                                 tern_error *error)
{
    struct trn_claim claim = {.time_us = push->entry.raw_time_us,
                              .age_us = request->attempt.age_us,
                              .sent_us = push->sent_us,
                              .received_us = push->entry.received_us,
                              .newest_base_us = INT64_MIN,
                              .previous_us = device->last_time_us};
    tern_status status = TERN_OK;

    if (push->is_left) {
        push->entry.time_us = left_time(push);
        return TERN_OK;
    }
    if (request->attempt.is_reoffer) {
        claim.time_us = at_least(request->attempt.stored_us, TIME_MIN_US);
        claim.sent_us = claim.received_us;
        claim.age_us = claim.received_us > claim.time_us ? claim.received_us - claim.time_us : 0;
        claim.stored = true;
    }
    status = newest_base(push, request->bytes, &claim.newest_base_us, error);
    if (status != TERN_OK && !trn_push_rejects(status)) {
        return status;
    }
    trn_error_clear(error);
    push->entry.time_us = at_least(trn_clock_store(&claim, NULL), TIME_MIN_US);
    return TERN_OK;
}
