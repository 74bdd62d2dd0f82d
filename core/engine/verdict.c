/* One verdict at a time, in the order in which the entries were sent. */
#include "engine/verdict.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/text.h"
#include "base/uuid.h"
#include "engine/keep.h"
#include "engine/lay.h"
#include "engine/reach.h"
#include "engine/rebase.h"
#include "wire/entry.h"

/* A dependent may have been parked with what it builds on before its own verdict was heard. */
static const unsigned WAITING = 1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_DISCARDED |
                                1U << TERN_ENTRY_LOCKED | 1U << TERN_ENTRY_QUARANTINED;

static tern_status find(struct trn_work *work,
                        const struct trn_batch_item *item,
                        bool *ret_found,
                        struct trn_entry *ret_entry,
                        tern_error *error)
{
    tern_status status = trn_outbox_find(work->store, item->ordinal, WAITING, ret_entry, error);

    *ret_found = status == TERN_OK && ret_entry->ordinal == item->ordinal &&
                 trn_id_equal(&ret_entry->tx, &item->tx);
    return status;
}

/* Whether the entry is the oldest pending one, and its values are on the rows. */
static tern_status
is_lowest(struct trn_work *work, uint64_t ordinal, bool *ret_lowest, tern_error *error)
{
    struct trn_entry oldest = {0};
    tern_status status = trn_outbox_next(work->store, 0, 1U << TERN_ENTRY_PENDING, &oldest, error);

    *ret_lowest = false;
    return status == TERN_OK && oldest.ordinal == ordinal
               ? trn_outbox_stands(work->store, ordinal, ret_lowest, error)
               : status;
}

/* The entry's values become ground, with the stored time, where no page told of it before; pending
 * edits are off the rows. */
static tern_status
lay_as_ground(struct trn_work *work, const struct trn_entry *entry, bool told, tern_error *error)
{
    struct trn_lay lay = {.key = entry->key,
                          .time_us = entry->time_us,
                          .author = entry->author,
                          .inferred = trn_entry_kind_is_inferred(entry->kind),
                          .left = trn_entry_kind_is_left(entry->kind),
                          .told = told};
    struct trn_bytes body = {0};
    tern_error why = {0};
    bool hold = true;
    tern_status status = trn_store_savepoint(work->store, error);
    tern_status laid;

    if (status != TERN_OK) {
        return status;
    }
    laid = trn_keep_body(work->store, entry->ordinal, &body, &why);
    if (laid == TERN_OK) {
        laid = trn_lay(work, &lay, trn_bytes_slice(&body), NULL, &why);
    }
    if (laid == TERN_OK) {
        laid = trn_store_foreign_keys_hold(work->store, &hold, &why);
    }
    if (laid == TERN_OK && !hold) {
        laid = trn_fail(&why, TERN_ERR_FOREIGN_KEY, "a row that it references is not here");
    }
    trn_bytes_free(&body);
    if (laid == TERN_OK) {
        return trn_store_savepoint_release(work->store, error);
    }
    status = trn_store_savepoint_rollback(work->store, laid, why.message, error);
    if (status == TERN_OK && !trn_status_is_of_rows(laid)) {
        return trn_fail(error, laid, "%s", why.message);
    }
    /* It stands on the server and not beside the rows that are here, so these are not what the
     * server has. */
    work->refetch = true;
    return status;
}

/* Authors come one after the other: what was written under an earlier id of this device has lower
 * ordinals. */
static void note_stored(struct trn_work *work, const tern_id *author, int64_t stored_us)
{
    if (!trn_id_equal(&work->stored_of, author) || stored_us > work->stored_us) {
        work->stored_of = *author;
        work->stored_us = stored_us;
    }
}

static void note_acknowledged(struct trn_work *work,
                              const struct trn_entry *entry,
                              const struct trn_verdict *verdict,
                              int64_t claimed_us,
                              struct trn_verdict_tally *tally)
{
    struct trn_meta *meta = &work->meta;

    tally->acknowledged++;
    trn_clock_observe(&meta->clock, verdict->stored_us);
    if (verdict->stored_us != claimed_us) {
        meta->stamps_capped++;
    }
    /* What is left of a transaction stands under no ordinal at the server. */
    if (trn_entry_kind_is_left(entry->kind)) {
        return;
    }
    note_stored(work, &entry->author, verdict->stored_us);
    if (trn_id_equal(&entry->author, &meta->device) && entry->ordinal > meta->acked_ordinal) {
        meta->acked_ordinal = entry->ordinal;
        meta->acked_tx = entry->tx;
    }
}

/* Whether the entry's values belong on the rows: pending ones are there, of the locked ones those
 * that lie in what is held now. */
static tern_status
is_shown(struct trn_work *work, const struct trn_entry *entry, bool *ret_shown, tern_error *error)
{
    bool all = false;

    *ret_shown = entry->state == TERN_ENTRY_PENDING || entry->state == TERN_ENTRY_QUARANTINED;
    return entry->state == TERN_ENTRY_LOCKED
               ? trn_reach_held(work, entry->ordinal, &all, ret_shown, error)
               : TERN_OK;
}

/* A page may have told of the transaction before its verdict did, and then it is known by another
 * key, which stands on rows of others' as well: the entry takes that one. Its own may stand on rows
 * whose fresh copy is still to come, and stays known, without a number, so that it is nothing that
 * could be offered. */
static tern_status
take_key(struct trn_work *work, struct trn_entry *entry, int64_t key, tern_error *error)
{
    tern_status status = trn_known_settle(&work->known,
                                          work->store,
                                          entry->key,
                                          0,
                                          entry->time_us,
                                          &entry->author,
                                          error);

    entry->key = key;
    return status;
}

/* The key that the number has already, if it is not the entry's. */
static tern_status find_key(struct trn_work *work,
                            const struct trn_entry *entry,
                            int64_t number,
                            int64_t *ret_key,
                            tern_error *error)
{
    struct trn_tx_info info = {0};
    bool found = false;
    tern_status status = trn_store_tx_by_number(work->store, number, &found, &info, error);

    *ret_key = found && entry->key != 0 && info.key != entry->key ? info.key : 0;
    return status;
}

static void take_verdict(struct trn_entry *entry, const struct trn_verdict *verdict)
{
    entry->time_us = verdict->stored_us;
    entry->number = verdict->number;
    entry->reason = TERN_OK;
    entry->waits_for = 0;
}

/* Kept until a backup of the server covers it. */
static tern_status keep_acknowledged(struct trn_work *work,
                                     struct trn_entry *entry,
                                     const struct trn_verdict *verdict,
                                     int64_t claimed_us,
                                     struct trn_verdict_tally *tally,
                                     tern_error *error)
{
    tern_status status;

    entry->state = TERN_ENTRY_ACKED;
    entry->acked_us = tally->heard_us;
    note_acknowledged(work, entry, verdict, claimed_us, tally);
    status = trn_outbox_update(work->store, entry, NULL, error);
    return status == TERN_OK ? trn_keep_compress(work->store, entry, error) : status;
}

static bool is_relayed(const struct trn_work *work, const struct trn_entry *entry)
{
    return trn_entry_kind_is_left(entry->kind) && !trn_id_equal(&entry->author, &work->meta.device);
}

/* What this device had of another's transaction: the server sends the rows as they are now, or had
 * them, and may have had more of it, or other, so they are shown no longer by what was sent. Until
 * they come nobody here can tell whether what the app has written on them fits. */
static tern_status acknowledge_relayed(struct trn_work *work,
                                       struct trn_entry *entry,
                                       const struct trn_verdict *verdict,
                                       struct trn_verdict_tally *tally,
                                       tern_error *error)
{
    int64_t claimed_us = entry->time_us;
    tern_status status = trn_rebase_lift(work, error);

    work->meta.sent_ordinal = work->meta.last_ordinal;
    take_verdict(entry, verdict);
    if (status == TERN_OK) {
        status = trn_known_settle(&work->known,
                                  work->store,
                                  entry->key,
                                  0,
                                  entry->time_us,
                                  &entry->author,
                                  error);
    }
    return status == TERN_OK ? keep_acknowledged(work, entry, verdict, claimed_us, tally, error)
                             : status;
}

static tern_status acknowledge(struct trn_work *work,
                               struct trn_entry *entry,
                               const struct trn_verdict *verdict,
                               struct trn_verdict_tally *tally,
                               tern_error *error)
{
    bool shown = false;
    bool as_it_stands = true;
    int64_t claimed_us = entry->time_us;
    int64_t other_key = 0;
    tern_status status = is_shown(work, entry, &shown, error);

    if (status == TERN_OK) {
        status = find_key(work, entry, verdict->number, &other_key, error);
    }
    if (status == TERN_OK && shown) {
        status = is_lowest(work, entry->ordinal, &as_it_stands, error);
        /* Of a duplicate, a page may have told of what came after it, over which it was laid. */
        as_it_stands = as_it_stands && verdict->kind != TRN_VERDICT_DUPLICATE &&
                       verdict->stored_us == claimed_us && !work->lifted && other_key == 0;
        if (status == TERN_OK && !as_it_stands) {
            status = trn_rebase_lift(work, error);
        }
    }
    take_verdict(entry, verdict);
    if (status == TERN_OK && other_key != 0) {
        status = take_key(work, entry, other_key, error);
    }
    if (status == TERN_OK) {
        status = trn_known_settle(&work->known,
                                  work->store,
                                  entry->key,
                                  verdict->number,
                                  verdict->stored_us,
                                  &entry->author,
                                  error);
    }
    if (status == TERN_OK && !as_it_stands) {
        status = lay_as_ground(work, entry, other_key != 0, error);
    }
    /* Of a scope that never came, or went before this, only what is noted here ever leaves. */
    if (status == TERN_OK && shown && entry->state == TERN_ENTRY_LOCKED) {
        status = trn_reach_closed(work, entry->ordinal, error);
    } else if (status == TERN_OK && shown &&
               (verdict->kind == TRN_VERDICT_DUPLICATE ||
                (tally->apart && !TRN_MUTANT(APART_UNSEEN)))) {
        status = trn_reach_suspect(work, entry->ordinal, error);
    }
    return status == TERN_OK ? keep_acknowledged(work, entry, verdict, claimed_us, tally, error)
                             : status;
}

/* Cut at a character's boundary, as every message is. */
static void copy_sentence(struct trn_slice sentence, char ret_text[TERN_ERROR_MESSAGE_BYTES])
{
    size_t size = sentence.size;

    if (size >= TERN_ERROR_MESSAGE_BYTES) {
        size = trn_utf8_whole(trn_slice_make(sentence.data, TERN_ERROR_MESSAGE_BYTES - 1));
    }
    if (size > 0) {
        memcpy(ret_text, sentence.data, size);
    }
    ret_text[size] = '\0';
}

static tern_status reject(struct trn_work *work,
                          struct trn_entry *entry,
                          const struct trn_verdict *verdict,
                          tern_error *error)
{
    bool locks = verdict->code == TERN_ERR_FORBIDDEN || verdict->code == TERN_ERR_ERASED ||
                 entry->state == TERN_ENTRY_LOCKED;
    char detail[TERN_ERROR_MESSAGE_BYTES];
    struct trn_entry blocker = {0};
    tern_status status = TERN_OK;

    copy_sentence(verdict->sentence, detail);
    if (entry->state == TERN_ENTRY_DISCARDED) {
        entry->reason = verdict->code;
        entry->number = TRN_ENTRY_REFUSED;
        return trn_outbox_update(work->store, entry, detail, error);
    }
    if (entry->state == TERN_ENTRY_PENDING) {
        status = trn_rebase_lift(work, error);
    }
    if (status == TERN_OK && verdict->code == TERN_ERR_DEPENDENCY_REJECTED) {
        status = trn_rebase_find_blocker(work, entry->ordinal, &blocker, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    /* What builds on an edit that nobody may read would tell of it. */
    locks = locks || (blocker.ordinal != 0 && blocker.state == TERN_ENTRY_LOCKED);
    if (locks) {
        entry->number = TRN_ENTRY_REFUSED;
    }
    return trn_rebase_park(work,
                           entry,
                           locks ? TERN_ENTRY_LOCKED : TERN_ENTRY_QUARANTINED,
                           verdict->code,
                           blocker.ordinal,
                           detail,
                           error);
}

tern_status trn_verdict_take(struct trn_work *work,
                             const struct trn_batch_item *item,
                             const struct trn_verdict *verdict,
                             struct trn_verdict_tally *tally,
                             tern_error *error)
{
    struct trn_entry entry = {0};
    bool found = false;
    tern_status status;

    if (verdict->kind == TRN_VERDICT_RETRY) {
        return TERN_OK;
    }
    status = find(work, item, &found, &entry, error);
    if (status != TERN_OK || !found) {
        return status;
    }
    tally->decided++;
    if (verdict->kind == TRN_VERDICT_REJECTED) {
        return reject(work, &entry, verdict, error);
    }
    return is_relayed(work, &entry) ? acknowledge_relayed(work, &entry, verdict, tally, error)
                                    : acknowledge(work, &entry, verdict, tally, error);
}
