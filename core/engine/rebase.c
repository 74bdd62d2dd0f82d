/* Entries are laid one by one, so that heap holds one of them. They are lifted together: between
 * two of them a row may stand where the server has put another by now. Where they are too many for
 * that, such a row stands aside until all are off. */
#include "engine/rebase.h"

#include "base/error.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "engine/keep.h"
#include "engine/lay.h"
#include "engine/lift.h"
#include "engine/window.h"
#include "wire/entry.h"

enum { DEPENDENCIES_AT_ONCE = 16, LIFT_ROWS = 10000, LIFT_BYTES = 1 << 20 };

static const unsigned PENDING = 1U << TERN_ENTRY_PENDING;
static const unsigned PARKED = 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;

/* Works off as many entries as fit, from `entry` back. Its ordinal is 0 at the end. */
static tern_status lift_some(struct trn_work *work,
                             struct trn_drafts *drafts,
                             struct trn_entry *entry,
                             struct trn_idset *aside,
                             tern_error *error)
{
    tern_status status = TERN_OK;

    while (entry->ordinal != 0 && trn_drafts_count(drafts) < trn_portion(LIFT_ROWS) &&
           trn_drafts_bytes(drafts) < trn_portion_bytes(LIFT_BYTES) && status == TERN_OK) {
        status = trn_outbox_previous(work->store, entry->ordinal, PENDING, entry, error);
        if (status == TERN_OK && entry->ordinal != 0) {
            status = trn_lift(work, drafts, entry->ordinal, error);
        }
    }
    return status == TERN_OK ? trn_drafts_force(drafts, work->store, aside, error) : status;
}

/* One that stands aside still is to stay as it is: whoever holds its keys by now makes way. */
static tern_status
bring_back(struct trn_work *work, const struct trn_idset_item *item, tern_error *error)
{
    const struct trn_table *table = &work->engine->schema->tables[item->table - 1];
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(work->store, table, &item->id, &found, &row, error);

    if (status != TERN_OK || !found || row.deleted_at_us != TRN_ASIDE_US ||
        trn_work_made_way(&row.version, row.deleted_at_us)) {
        return status;
    }
    row.deleted_at_us = 0;
    status = trn_work_displace(work, table, &row, true, error);
    return status == TERN_OK ? trn_store_row_write(work->store, table, &row, error) : status;
}

static tern_status
bring_all_back(struct trn_work *work, const struct trn_idset *aside, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < aside->room && status == TERN_OK; i++) {
        if (aside->items[i].table != 0) {
            status = bring_back(work, &aside->items[i], error);
        }
    }
    return status;
}

tern_status trn_rebase_lift(struct trn_work *work, tern_error *error)
{
    struct trn_entry entry = {.ordinal = INT64_MAX};
    struct trn_idset aside = {0};
    tern_status status = TERN_OK;

    if (work->lifted) {
        return TERN_OK;
    }
    work->lifted = true;
    while (entry.ordinal != 0 && status == TERN_OK) {
        struct trn_drafts *drafts = NULL;

        status = trn_drafts_new(&drafts, error);
        if (status == TERN_OK) {
            status = lift_some(work, drafts, &entry, &aside, error);
        }
        trn_drafts_free(drafts);
        if (TRN_MUTANT(LIFT_CUT)) {
            break;
        }
    }
    if (status == TERN_OK) {
        status = bring_all_back(work, &aside, error);
    }
    trn_idset_free(&aside);
    return status;
}

tern_status trn_rebase_lift_for_unseen(struct trn_work *work, tern_error *error)
{
    bool unseen = false;
    tern_status status = TERN_OK;

    if (work->meta.has_open && !work->lifted) {
        status = trn_outbox_has_unseen(work->store, &unseen, error);
    }
    return status == TERN_OK && unseen ? trn_rebase_lift(work, error) : status;
}

tern_status trn_rebase_park(struct trn_work *work,
                            struct trn_entry *entry,
                            tern_entry_state state,
                            tern_status reason,
                            uint64_t waits_for,
                            const char *detail,
                            tern_error *error)
{
    entry->state = state;
    entry->reason = reason;
    entry->waits_for = waits_for;
    return trn_outbox_update(work->store, entry, detail, error);
}

/* A locked one that the server has not refused. */
static bool is_sent(const struct trn_entry *parked)
{
    return parked->state == TERN_ENTRY_LOCKED && parked->number == 0;
}

tern_status trn_rebase_park_behind(struct trn_work *work,
                                   struct trn_entry *entry,
                                   const struct trn_entry *blocker,
                                   tern_error *error)
{
    tern_entry_state state = entry->state == TERN_ENTRY_LOCKED ? TERN_ENTRY_LOCKED : blocker->state;

    if (state == TERN_ENTRY_LOCKED && !is_sent(blocker)) {
        entry->number = TRN_ENTRY_REFUSED;
    }
    return trn_rebase_park(work,
                           entry,
                           state,
                           TERN_ERR_DEPENDENCY_REJECTED,
                           blocker->ordinal,
                           "an earlier transaction that it builds on is parked",
                           error);
}

tern_status trn_rebase_ask_blocker(struct trn_work *work,
                                   uint64_t ordinal,
                                   struct trn_entry *blocker,
                                   tern_error *error)
{
    struct trn_entry parked = {0};
    tern_status status = TERN_OK;

    if (blocker->ordinal == 0 || is_sent(blocker)) {
        status = trn_outbox_find(work->store, ordinal, PARKED, &parked, error);
    }
    if (status == TERN_OK && parked.ordinal != 0 && (blocker->ordinal == 0 || !is_sent(&parked))) {
        *blocker = parked;
    }
    return status;
}

tern_status trn_rebase_find_blocker(struct trn_work *work,
                                    uint64_t ordinal,
                                    struct trn_entry *ret_blocker,
                                    tern_error *error)
{
    const size_t room = trn_portion(DEPENDENCIES_AT_ONCE);
    uint64_t depends[DEPENDENCIES_AT_ONCE];
    uint64_t last = 0;
    size_t count = 0;
    tern_status status;

    ret_blocker->ordinal = 0;
    do {
        status = trn_outbox_depends_after(work->store, ordinal, last, depends, room, &count, error);
        for (size_t i = 0; i < count && status == TERN_OK; i++) {
            last = depends[i];
            status = trn_rebase_ask_blocker(work, depends[i], ret_blocker, error);
        }
    } while (status == TERN_OK && count == room);
    return status;
}

/* No server has stored it: its time is a claim. */
static bool is_unstored(const struct trn_entry *entry)
{
    return entry->reason != TERN_ERR_EPOCH_CHANGED && !trn_entry_kind_is_left(entry->kind);
}

static tern_status lay_under_savepoint(struct trn_work *work,
                                       const struct trn_entry *entry,
                                       struct trn_bytes *body,
                                       struct trn_bytes *undo,
                                       tern_error *error)
{
    struct trn_lay lay = {.key = entry->key,
                          .time_us = entry->time_us,
                          .author = entry->author,
                          .inferred = trn_entry_kind_is_inferred(entry->kind),
                          .waits = is_unstored(entry),
                          .left = trn_entry_kind_is_left(entry->kind)};
    bool hold = true;
    tern_status status = trn_keep_body(work->store, entry->ordinal, body, error);

    if (status == TERN_OK) {
        status = trn_lay(work, &lay, trn_bytes_slice(body), undo, error);
    }
    if (status == TERN_OK) {
        status = trn_store_foreign_keys_hold(work->store, &hold, error);
    }
    if (status == TERN_OK && !hold) {
        status = trn_fail(error, TERN_ERR_FOREIGN_KEY, "a row that it references is gone");
    }
    if (status == TERN_OK && !TRN_MUTANT(UNDO_STALE)) {
        status = trn_outbox_set_undo(work->store, entry->ordinal, trn_bytes_slice(undo), error);
    }
    return status;
}

/* The server may have taken it, or what it stands behind, and what stands in its way may be just
 * that: it stays in the queue, unseen, until the server has said so. */
static tern_status
leave_to_server(struct trn_work *work, const struct trn_entry *entry, tern_error *error)
{
    return trn_outbox_set_undo(work->store, entry->ordinal, trn_slice_make(NULL, 0), error);
}

/* Of a ground that is torn no entry can be judged. Of one that is whole, and yet not what the
 * server has, none either: but there it can wait, and the transaction goes on. */
static tern_status
check_ground(struct trn_work *work, tern_status laid, const char *why, tern_error *error)
{
    bool hold = true;
    tern_status status = TERN_OK;

    if (laid == TERN_ERR_FOREIGN_KEY && work->refetch) {
        status = trn_store_foreign_keys_hold(work->store, &hold, error);
    }
    return status == TERN_OK && !hold ? trn_fail(error, laid, "%s", why) : status;
}

/* Lays one entry, or parks it if it no longer fits. `doubt` is set once one was left to the server,
 * as one is, too, that references rows which may have left the replica for their age, or that does
 * not fit rows which are to come afresh. */
static tern_status
lay_one(struct trn_work *work, struct trn_entry *entry, bool *doubt, tern_error *error)
{
    struct trn_bytes body = {0};
    struct trn_bytes undo = {0};
    tern_error why = {0};
    tern_status status;
    tern_status laid;

    if (TRN_MUTANT(UNSENT_UNSEEN) && entry->ordinal > work->meta.sent_ordinal) {
        return leave_to_server(work, entry, error);
    }
    status = trn_store_savepoint(work->store, error);
    if (status != TERN_OK) {
        return status;
    }
    laid = lay_under_savepoint(work, entry, &body, &undo, &why);
    trn_bytes_free(&body);
    trn_bytes_free(&undo);
    if (laid == TERN_OK) {
        return trn_store_savepoint_release(work->store, error);
    }
    status = trn_store_savepoint_rollback(work->store, laid, why.message, error);
    if (status == TERN_OK && !trn_status_is_of_rows(laid)) {
        return trn_fail(error, laid, "%s", why.message);
    }
    if (status == TERN_OK) {
        status = check_ground(work, laid, why.message, error);
    }
    *doubt =
        *doubt || work->refetch || work->met_aside || entry->ordinal <= work->meta.sent_ordinal;
    if (status == TERN_OK && !*doubt && laid == TERN_ERR_FOREIGN_KEY) {
        status = trn_window_lacks(work, entry->ordinal, doubt, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (*doubt) {
        return leave_to_server(work, entry, error);
    }
    return trn_rebase_park(work, entry, TERN_ENTRY_QUARANTINED, laid, 0, why.message, error);
}

/* The server stores each transaction of an author after the one before, whatever its clock had
 * said: so does what waits stand here, or it would be hidden by what its own writer had seen. A
 * time that a server has stored before stays. */
static tern_status
stamp_behind_stored(struct trn_work *work, struct trn_entry *entry, tern_error *error)
{
    tern_status status;

    if (work->stored_us == 0 || entry->time_us > work->stored_us || !is_unstored(entry) ||
        !trn_id_equal(&entry->author, &work->stored_of)) {
        return TERN_OK;
    }
    entry->time_us = ++work->stored_us;
    trn_clock_observe(&work->meta.clock, entry->time_us);
    status = trn_known_settle(&work->known,
                              work->store,
                              entry->key,
                              -(int64_t)entry->ordinal,
                              entry->time_us,
                              &entry->author,
                              error);
    return status == TERN_OK ? trn_outbox_update(work->store, entry, NULL, error) : status;
}

/* A pending one is laid, or parked behind what it builds on. A locked one that is still sent is
 * held back where it builds on one that is not any more. */
static tern_status
lay_or_hold(struct trn_work *work, struct trn_entry *entry, bool *doubt, tern_error *error)
{
    bool is_pending = entry->state == TERN_ENTRY_PENDING;
    struct trn_entry blocker = {0};
    tern_status status;

    if (!is_pending && !is_sent(entry)) {
        return TERN_OK;
    }
    status = trn_rebase_find_blocker(work, entry->ordinal, &blocker, error);
    if (status != TERN_OK) {
        return status;
    }
    if (blocker.ordinal != 0 && (is_pending || !is_sent(&blocker))) {
        return trn_rebase_park_behind(work, entry, &blocker, error);
    }
    if (!is_pending) {
        return TERN_OK;
    }
    status = stamp_behind_stored(work, entry, error);
    return status == TERN_OK ? lay_one(work, entry, doubt, error) : status;
}

tern_status trn_rebase_lay(struct trn_work *work, tern_error *error)
{
    const unsigned states = PENDING | 1U << TERN_ENTRY_LOCKED;
    struct trn_entry entry = {0};
    bool doubt = false;
    tern_status status;

    if (TRN_MUTANT(NO_REBASE)) {
        work->lifted = false;
        return TERN_OK;
    }
    for (;;) {
        status = trn_outbox_next(work->store, entry.ordinal, states, &entry, error);
        if (status != TERN_OK || entry.ordinal == 0) {
            break;
        }
        status = lay_or_hold(work, &entry, &doubt, error);
        if (status != TERN_OK) {
            break;
        }
    }
    work->lifted = status != TERN_OK;
    return status;
}
