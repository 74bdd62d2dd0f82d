/* Each in one write transaction. */
#include "engine/history.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "engine/reach.h"
#include "engine/reoffer.h"
#include "engine/work.h"
#include "engine/work_commit.h"
#include "wire/entry.h"
#include "wire/request.h"

/* An acknowledged entry waits again. It keeps its key, so that its values on the rows are its own
 * edit once more; it has no undo image, since the server's fresh rows replace what lies beneath
 * anyway. */
static tern_status offer_again(struct trn_work *work, struct trn_entry *entry, tern_error *error)
{
    tern_status status;

    if (entry->number <= 0 || TRN_MUTANT(NO_REOFFER)) {
        return TERN_OK;
    }
    entry->number = 0;
    entry->reason = TERN_ERR_EPOCH_CHANGED;
    entry->state = entry->kind == TRN_ENTRY_DISCARDED ? TERN_ENTRY_DISCARDED : TERN_ENTRY_PENDING;
    status = trn_reach_offered(work, entry->ordinal, error);
    return status == TERN_OK ? trn_outbox_requeue(work->store, entry, error) : status;
}

static tern_status offer_all_again(struct trn_work *work, tern_error *error)
{
    struct trn_entry entry = {0};

    for (;;) {
        tern_status status =
            trn_outbox_next(work->store, entry.ordinal, 1U << TERN_ENTRY_ACKED, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
        status = offer_again(work, &entry, error);
        if (status != TERN_OK || TRN_MUTANT(REOFFER_ALONE)) {
            return status;
        }
    }
}

static tern_status start_over(struct trn_work *work, tern_error *error)
{
    return trn_work_start_over(work, error);
}

/* In another epoch, and of another device, not even a dropped cursor proves anything. */
static tern_status forget_cursor(struct trn_work *work, tern_error *error)
{
    tern_status status = trn_work_start_over(work, error);

    return status == TERN_OK ? trn_meta_set_cursor(work->store, trn_slice_make(NULL, 0), error)
                             : status;
}

static void forget_acknowledged(struct trn_meta *meta)
{
    meta->acked_ordinal = 0;
    memset(&meta->acked_tx, 0, sizeof meta->acked_tx);
}

static tern_status change_epoch(struct trn_work *work, tern_error *error)
{
    tern_status status = trn_reoffer_gather(work, error);

    if (status == TERN_OK) {
        status = trn_store_tx_forget_numbers(work->store, error);
        trn_known_clear(&work->known);
    }
    if (status == TERN_OK) {
        status = trn_reoffer_queue(work, error);
    }
    if (status == TERN_OK) {
        status = offer_all_again(work, error);
    }
    if (status == TERN_OK) {
        status = forget_cursor(work, error);
    }
    work->meta.epoch[0] = '\0';
    forget_acknowledged(&work->meta);
    return status;
}

#ifdef TERN_MUTANTS
static void lose_queue(struct trn_work *work)
{
    struct trn_entry entry = {0};

    while (trn_outbox_next(work->store, entry.ordinal, 1U << TERN_ENTRY_PENDING, &entry, NULL) ==
               TERN_OK &&
           entry.ordinal != 0) {
        (void)trn_outbox_remove(work->store, entry.ordinal, NULL);
    }
}
#endif

/* The server sealed it for the id that this device had then. */
static tern_status name_receiver(struct trn_work *work, const tern_id *device, tern_error *error)
{
    struct trn_bytes proof = {0};
    struct trn_bytes named = {0};
    tern_status status = trn_meta_proof(work->store, &proof, error);

    if (status == TERN_OK && proof.size > 0) {
        status = trn_dropped_write(device, trn_bytes_slice(&proof), &named, error);
    }
    if (status == TERN_OK && proof.size > 0) {
        status = trn_meta_set_proof(work->store, trn_bytes_slice(&named), error);
    }
    trn_bytes_free(&named);
    trn_bytes_free(&proof);
    return status;
}

static tern_status change_device(struct trn_work *work, tern_error *error)
{
    const tern_id before = work->meta.device;
    uint8_t random[16];
    tern_status status = trn_engine_random(work->engine, random, sizeof random, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_meta_retire(work->store, &before, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_id_v4(random, &work->meta.device);
    forget_acknowledged(&work->meta);
#ifdef TERN_MUTANTS
    if (TRN_MUTANT(RETIRED_QUEUE_LOST)) {
        lose_queue(work);
    }
#endif
    if (TRN_MUTANT(PROOF_FORGOTTEN)) {
        return forget_cursor(work, error);
    }
    status = trn_work_start_over(work, error);
    return status == TERN_OK ? name_receiver(work, &before, error) : status;
}

/* Whether the word is of the file as it is: a later session may have heard of the fork, too. */
static tern_status check_sent(const struct trn_sent *sent, struct trn_work *work, tern_error *error)
{
    bool matches = true;
    tern_status status = sent != NULL ? trn_sent_matches(sent, work, &matches, error) : TERN_OK;

    return status == TERN_OK && !matches
               ? trn_fail(error, TERN_ERR_PROTOCOL, "the answer is to a request that was overtaken")
               : status;
}

static tern_status in_a_transaction(const struct trn_engine *engine,
                                    const tern_id *session,
                                    const struct trn_sent *sent,
                                    tern_status (*change)(struct trn_work *work, tern_error *error),
                                    uint64_t *ret_last,
                                    tern_error *error)
{
    struct trn_work work;
    tern_status status = trn_work_begin(&work, engine, session, error);

    if (status != TERN_OK) {
        return status;
    }
    status = check_sent(sent, &work, error);
    if (status == TERN_OK) {
        status = change(&work, error);
    }
    if (status != TERN_OK) {
        trn_work_rollback(&work);
        return status;
    }
    *ret_last = work.meta.last_ordinal;
    return trn_work_commit(&work, error);
}

tern_status
trn_history_start_over(const struct trn_engine *engine, const tern_id *session, tern_error *error)
{
    uint64_t last = 0;

    return in_a_transaction(engine, session, NULL, start_over, &last, error);
}

tern_status trn_history_epoch_changed(const struct trn_engine *engine,
                                      const tern_id *session,
                                      const struct trn_sent *sent,
                                      uint64_t *ret_last,
                                      tern_error *error)
{
    return in_a_transaction(engine, session, sent, change_epoch, ret_last, error);
}

tern_status trn_history_cloned(const struct trn_engine *engine,
                               const tern_id *session,
                               const struct trn_sent *sent,
                               uint64_t *ret_last,
                               tern_error *error)
{
    return in_a_transaction(engine, session, sent, change_device, ret_last, error);
}
