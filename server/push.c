/*
 * The verdict on one entry.
 *
 * Its number is taken first, since row versions name it; a rejected entry keeps the number it took,
 * for its receipt. Its changes are applied in order; one that needs what a later one brings (its
 * parent, a unique key to be freed) waits for the rest of them.
 */
#include "server/push.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/mutant.h"
#include "base/text.h"
#include "base/uuid.h"
#include "server/erased.h"
#include "server/passes.h"
#include "server/stored_time.h"

void trn_push_begin(struct trn_push *push,
                    struct trn_db *db,
                    const struct trn_db_meta *meta,
                    struct trn_facts *facts,
                    const struct trn_auth *auth)
{
    memset(push, 0, sizeof(*push));
    push->db = db;
    push->facts = facts;
    push->auth = auth;
    push->any_erased = meta->any_erased;
    trn_hex_encode(meta->epoch, sizeof(meta->epoch), push->epoch);
}

void trn_push_end(struct trn_push *push)
{
    trn_grants_free(&push->grants);
}

static struct trn_db_view *writer(const struct trn_push *push)
{
    return push->db->ops->writer(push->db);
}

/* ---- Receipts ---- */

#ifdef TERN_MUTANTS
/* A planted bug: what was answered once is answered again, whatever its commit came to. */
static struct {
    tern_id tx;
    struct trn_outcome outcome;
} answered[64];

static bool was_answered(const tern_id *tx, struct trn_outcome *ret_outcome)
{
    for (size_t i = 0; i < sizeof(answered) / sizeof(*answered); i++) {
        if (TRN_MUTANT(ACK_AGAIN) && trn_id_equal(&answered[i].tx, tx)) {
            *ret_outcome = answered[i].outcome;
            return true;
        }
    }
    return false;
}

static void note_answer(const struct trn_db_entry *entry, const struct trn_outcome *outcome)
{
    size_t slot = (size_t)entry->number % (sizeof(answered) / sizeof(*answered));

    answered[slot].tx = entry->tx;
    answered[slot].outcome = *outcome;
}
#endif

static void
reject(struct trn_outcome *outcome, tern_status code, int32_t change, const char *detail)
{
    struct trn_slice text = trn_slice_text(detail);

    outcome->kind = TRN_OUTCOME_REJECTED;
    outcome->code = code;
    outcome->change = change;
    if (text.size >= sizeof(outcome->detail)) {
        text.size = sizeof(outcome->detail) - 1;
    }
    text.size = trn_utf8_whole(text);
    memmove(outcome->detail, text.data, text.size);
    outcome->detail[text.size] = '\0';
}

/* What is left of a transaction, from another device than its author. */
static bool is_relayed(const struct trn_push *push)
{
    return push->is_left && !trn_id_equal(&push->entry.device, &push->sender);
}

/* The sender's own tx, that another device handed in: a copy of the sender's replica did, and what
 * that copy wrote as the sender, before it was told so, the sender does not hold. */
static bool was_handed_in_by_a_copy(const struct trn_push *push, const struct trn_db_entry *receipt)
{
    return trn_id_equal(&push->entry.device, &push->sender) &&
           trn_id_equal(&receipt->device, &push->sender) &&
           !trn_id_equal(&receipt->sender, &push->sender);
}

/* The verdict that an earlier sending got. */
static void repeat(const struct trn_push *push,
                   const struct trn_db_entry *receipt,
                   struct trn_outcome *ret_outcome)
{
    if (memcmp(receipt->hash, push->entry.hash, sizeof(receipt->hash)) != 0 ||
        !trn_id_equal(&receipt->user, &push->auth->user)) {
        reject(ret_outcome, TERN_ERR_TX_ID_REUSED, -1, "this tx id belongs to another body");
        return;
    }
    if (receipt->verdict != TERN_OK) {
        reject(ret_outcome, receipt->verdict, receipt->change, receipt->detail);
        return;
    }
    ret_outcome->kind = TRN_OUTCOME_DUPLICATE;
    ret_outcome->number = receipt->number;
    ret_outcome->time_us = TRN_MUTANT(DUPLICATE_TIME) ? push->received_us : receipt->time_us;
}

/* What the author of the entry at hand has under an ordinal, as its sender knows it. */
static tern_status author_entry(const struct trn_push *push,
                                int64_t ordinal,
                                bool *ret_found,
                                struct trn_db_entry *ret_entry,
                                tern_error *error)
{
    return push->db->ops->entry_by_ordinal(writer(push),
                                           &push->entry.device,
                                           ordinal,
                                           &push->entry.sender,
                                           ret_found,
                                           ret_entry,
                                           error);
}

/* One ordinal with two tx ids: two live copies of one replica. */
static tern_status
find_clone(struct trn_push *push, const struct trn_db_device *device, tern_error *error)
{
    struct trn_db_entry other;
    bool found = false;
    tern_status status;

    if (!trn_id_equal(&push->entry.device, &push->entry.sender) || push->is_left ||
        push->entry.ordinal > device->last_ordinal) {
        return TERN_OK;
    }
    status = author_entry(push, push->entry.ordinal, &found, &other, error);
    if (status == TERN_OK && found && !TRN_MUTANT(CLONE_UNNOTICED)) {
        push->cloned = true;
    }
    return status;
}

/* The same of an entry that another device hands in: that is no clone's doing, nor can it be kept.
 */
static tern_status
check_inherited(struct trn_push *push, struct trn_outcome *ret_outcome, tern_error *error)
{
    struct trn_db_entry other;
    bool found = false;
    tern_status status;

    if (trn_id_equal(&push->entry.device, &push->entry.sender) || push->is_left) {
        return TERN_OK;
    }
    status = author_entry(push, push->entry.ordinal, &found, &other, error);
    if (status == TERN_OK && found && trn_id_equal(&other.sender, &push->entry.sender)) {
        reject(ret_outcome,
               TERN_ERR_TX_ID_REUSED,
               -1,
               "this ordinal of its author belongs to another tx id");
    }
    return status;
}

static tern_status check_dependencies(struct trn_push *push,
                                      const struct trn_entry_header *header,
                                      struct trn_outcome *ret_outcome,
                                      tern_error *error)
{
    tern_status status = TERN_OK;

    if (header->kind == TRN_ENTRY_DISCARDED || TRN_MUTANT(DEPENDENTS_TAKEN)) {
        return TERN_OK; /* that is why it is discarded */
    }
    for (size_t index = 0; index < header->depends_count && status == TERN_OK; index++) {
        struct trn_db_entry other;
        bool found = false;

        status = author_entry(push, (int64_t)header->depends_on[index], &found, &other, error);
        if (status == TERN_OK && found && other.verdict != TERN_OK) {
            reject(ret_outcome,
                   TERN_ERR_DEPENDENCY_REJECTED,
                   -1,
                   "a transaction that it depends on was rejected");
            return TERN_OK;
        }
    }
    return status;
}

/* ---- Verdict ---- */

/* Applies the entry or undoes it. TERN_OK with the verdict in either case. */
static tern_status decide(struct trn_push *push,
                          struct trn_slice bytes,
                          struct trn_outcome *ret_outcome,
                          tern_error *error)
{
    const struct trn_db_tx tx = {.tx = push->entry.tx,
                                 .device = push->entry.device,
                                 .sender = push->entry.sender,
                                 .time_us = push->entry.time_us,
                                 .received_us = push->entry.received_us,
                                 .applied = true,
                                 .relayed = is_relayed(push)};
    tern_error cause = {.status = TERN_OK};
    int32_t change = -1;
    tern_status status = TERN_OK;

    if (push->careful) {
        status = push->db->ops->savepoint(push->db, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    trn_facts_put_tx(push->facts, push->entry.number, &tx);
    status = trn_passes_apply(push, bytes, &change, &cause);
    if (status == TERN_OK) {
        ret_outcome->kind = TRN_OUTCOME_APPLIED;
        ret_outcome->number = push->entry.number;
        ret_outcome->time_us = push->entry.time_us;
        return push->careful ? push->db->ops->release(push->db, error) : TERN_OK;
    }
    if (!trn_push_rejects(status)) {
        return trn_fail(error, status, "%s", cause.message);
    }
    reject(ret_outcome, status, change, cause.message);
    if (!push->careful && push->touched) {
        return TERN_ERR_CANCELLED;
    }
    trn_facts_forget(push->facts);
    push->grants_loaded = false;
    if (TRN_MUTANT(TX_HALF_APPLIED) && push->careful) {
        return push->db->ops->release(push->db, error);
    }
    return push->careful ? push->db->ops->restore(push->db, error) : TERN_OK;
}

/* ---- The entry ---- */

static tern_status keep_receipt(struct trn_push *push,
                                struct trn_slice bytes,
                                struct trn_db_device *device,
                                const struct trn_outcome *outcome,
                                tern_error *error)
{
    struct trn_db_entry *entry = &push->entry;
    tern_status status;

    if (outcome->kind == TRN_OUTCOME_REJECTED) {
        entry->verdict = outcome->code;
        entry->change = outcome->change;
        memcpy(entry->detail, outcome->detail, sizeof(entry->detail));
    } else if (entry->time_us > device->last_time_us) {
        device->last_time_us = entry->time_us;
    }
    push->wrote = true;
    status = outcome->kind == TRN_OUTCOME_REJECTED ? trn_erased_check_rejected(push, bytes, error)
                                                   : TERN_OK;
    if (status != TERN_OK) {
        return status;
    }
    if (TRN_MUTANT(RECEIPT_ALONE) && !push->careful) {
        status = push->db->ops->commit(push->db, error);
        status = status == TERN_OK ? push->db->ops->begin(push->db, error) : status;
        if (status != TERN_OK) {
            return status;
        }
    }
#ifdef TERN_MUTANTS
    note_answer(entry, outcome);
#endif
    status = push->db->ops->entry_add(push->db,
                                      entry,
                                      push->met_erased ? (struct trn_slice){0} : bytes,
                                      error);
    if (status != TERN_OK) {
        return status;
    }
    if (is_relayed(push)) {
        return TERN_OK; /* who handed it in does not own the device */
    }
    device->user = push->auth->user;
    if (trn_id_equal(&entry->device, &entry->sender) && entry->ordinal > device->last_ordinal) {
        device->last_ordinal = entry->ordinal;
    }
    return push->db->ops->device_write(push->db, &entry->device, device, error);
}

/* What is left of another device's transaction is that one's user's to hand in, or an operator's;
 * what names the number that it had is the sender's own, of an id that it had before. */
static bool speaks_for(const struct trn_push *push,
                       const struct trn_entry_header *header,
                       const struct trn_db_device *device)
{
    if (trn_id_is_nil(&device->user)) {
        return !is_relayed(push) || header->former != 0 || push->auth->power == TRN_POWER_OPERATOR;
    }
    return trn_id_equal(&device->user, &push->auth->user) ||
           (is_relayed(push) && push->auth->power == TRN_POWER_OPERATOR);
}

static tern_status push_new(struct trn_push *push,
                            const struct trn_request_entry *request,
                            const struct trn_entry_header *header,
                            struct trn_outcome *ret_outcome,
                            tern_error *error)
{
    struct trn_db_device device;
    tern_status status =
        push->db->ops->device_read(writer(push), &push->entry.device, &device, error);

    if (status == TERN_OK) {
        status = find_clone(push, &device, error);
    }
    if (status != TERN_OK || push->cloned) {
        return status;
    }
    if (!speaks_for(push, header, &device)) {
        reject(ret_outcome, TERN_ERR_FORBIDDEN, -1, "the device belongs to another user");
        return TERN_OK;
    }
    status = check_inherited(push, ret_outcome, error);
    if (status != TERN_OK || ret_outcome->kind == TRN_OUTCOME_REJECTED) {
        return status;
    }
    status = push->db->ops->next_number(push->db, &push->entry.number, error);
    if (status == TERN_OK && push->is_left) {
        /* The ordinal it comes under may be another's: nobody asks for it by one. */
        push->entry.ordinal = -push->entry.number;
    }
    if (status == TERN_OK) {
        status = trn_stored_time_find(push, request, &device, error);
    }
    if (status == TERN_OK) {
        status = check_dependencies(push, header, ret_outcome, error);
    }
    if (status == TERN_OK && ret_outcome->kind != TRN_OUTCOME_REJECTED) {
        status = decide(push, request->bytes, ret_outcome, error);
    }
    if (status == TERN_OK) {
        status = keep_receipt(push, request->bytes, &device, ret_outcome, error);
    }
    return status;
}

static void fill_entry(struct trn_push *push,
                       const struct trn_request_entry *request,
                       const struct trn_entry_header *header)
{
    struct trn_db_entry *entry = &push->entry;

    memset(entry, 0, sizeof(*entry));
    entry->tx = header->tx;
    entry->sender = push->sender;
    entry->device = request->attempt.is_inherited ? request->attempt.author : push->sender;
    entry->ordinal = (int64_t)header->ordinal;
    entry->user = push->auth->user;
    entry->raw_time_us = header->time_us;
    entry->received_us = push->received_us;
    entry->kind = (uint8_t)header->kind;
    entry->schema_version = header->schema_version;
    entry->change = -1;
    memcpy(entry->hash, request->hash, sizeof(entry->hash));
    push->audits = 0;
    push->touched = false;
    push->met_erased = false;
    push->is_left = trn_entry_kind_is_left(header->kind);
    push->same_epoch = !push->is_left && strcmp(header->epoch, push->epoch) == 0;
}

/* What is left of a transaction that this server has not lost. It has all of it, but where it was
 * itself handed what was left, which may have been less. */
static tern_status find_left(struct trn_push *push,
                             const struct trn_entry_header *header,
                             struct trn_outcome *ret_outcome,
                             bool *ret_found,
                             tern_error *error)
{
    struct trn_db_tx tx;
    bool found = false;
    tern_status status = TERN_OK;

    if (push->is_left) {
        status = push->db->ops->tx_get(writer(push), header->former, &found, &tx, error);
    }
    *ret_found = status == TERN_OK && found && tx.applied &&
                 trn_id_equal(&tx.device, &push->entry.device) && !tx.left &&
                 tx.time_us == header->time_us;
    if (*ret_found) {
        ret_outcome->kind = TRN_OUTCOME_DUPLICATE;
        ret_outcome->number = header->former;
        ret_outcome->time_us = tx.time_us;
    }
    return status;
}

tern_status trn_push_entry(struct trn_push *push,
                           const struct trn_request_entry *request,
                           struct trn_outcome *ret_outcome,
                           tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_outcome outcome = {.kind = TRN_OUTCOME_APPLIED};
    struct trn_db_entry receipt;
    bool found = false;
    tern_status status = trn_entry_open(&reader, NULL, request->bytes, error);

    if (status != TERN_OK) {
        goto out;
    }
    fill_entry(push, request, &reader.header);
    status = push->db->ops->entry_by_tx(writer(push), &push->entry.tx, &found, &receipt, error);
    if (status != TERN_OK) {
        goto out;
    }
    if (found && !TRN_MUTANT(RECEIPT_IGNORED)) {
        repeat(push, &receipt, &outcome);
        push->cloned = push->cloned || was_handed_in_by_a_copy(push, &receipt);
    } else if (reader.header.schema_version > push->db->schema->version) {
        outcome.kind =
            TRN_OUTCOME_RETRY; /* this server is to be upgraded; nothing is wrong with it */
    } else {
        status = find_left(push, &reader.header, &outcome, &found, error);
#ifdef TERN_MUTANTS
        found = found || was_answered(&push->entry.tx, &outcome);
#endif
        if (status == TERN_OK && !found) {
            status = push_new(push, request, &reader.header, &outcome, error);
        }
    }
    if (status == TERN_OK) {
        *ret_outcome = outcome;
    }
out:
    trn_entry_close(&reader);
    return status;
}
