/* Who is to be locked is found while the rows still stand; then the edits are lifted, and the rows
 * go. */
#include "engine/leave.h"

#include <limits.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "engine/reach.h"
#include "engine/rebase.h"
#include "engine/sweep.h"

struct locking {
    bool erased;
    uint64_t *ordinals;
    size_t count;
    size_t room;
};

static tern_status note(struct locking *locking, uint64_t ordinal, tern_error *error)
{
    if (locking->count == locking->room) {
        size_t room = locking->room == 0 ? 16 : locking->room * 2;
        uint64_t *ordinals = trn_realloc(locking->ordinals, room * sizeof *ordinals);

        if (ordinals == NULL) {
            return trn_fail_nomem(error);
        }
        locking->ordinals = ordinals;
        locking->room = room;
    }
    locking->ordinals[locking->count++] = ordinal;
    return TERN_OK;
}

static tern_status find_to_lock(struct trn_work *work,
                                const tern_id *scope,
                                struct locking *locking,
                                tern_error *error)
{
    const unsigned states = 1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED |
                            (locking->erased ? 1U << TERN_ENTRY_LOCKED : 0);
    struct trn_entry entry = {0};
    bool may = true;
    tern_status status = locking->erased ? TERN_OK : trn_reach_may(work, scope, &may, error);

    while (status == TERN_OK && may) {
        bool there = false;

        status = trn_outbox_next(work->store, entry.ordinal, states, &entry, error);
        if (status != TERN_OK || entry.ordinal == 0) {
            break;
        }
        status = locking->erased ? trn_reach_touches(work, entry.ordinal, scope, &there, error)
                                 : trn_reach_alone(work, entry.ordinal, scope, &there, error);
        if (status == TERN_OK && there) {
            status = note(locking, entry.ordinal, error);
        }
    }
    return status;
}

/* A pending one is still offered to the server once; what the server has refused already is not. */
static tern_status lock(struct trn_work *work, uint64_t ordinal, bool erased, tern_error *error)
{
    struct trn_entry entry = {0};
    tern_status status = trn_outbox_next(work->store, ordinal - 1, UINT_MAX, &entry, error);

    if (status != TERN_OK || entry.ordinal != ordinal) {
        return status;
    }
    if (TRN_MUTANT(LOCKED_DROPPED) && !erased) {
        return trn_outbox_remove(work->store, entry.ordinal, error);
    }
    if (entry.state == TERN_ENTRY_QUARANTINED || erased) {
        entry.number = TRN_ENTRY_REFUSED;
    }
    return trn_rebase_park(work,
                           &entry,
                           TERN_ENTRY_LOCKED,
                           erased ? TERN_ERR_ERASED : TERN_ERR_FORBIDDEN,
                           entry.waits_for,
                           erased ? "its rows were erased" : "its rows are not granted any more",
                           error);
}

static tern_status lock_all(struct trn_work *work, const struct locking *locking, tern_error *error)
{
    tern_status status = locking->count > 0 ? trn_rebase_lift(work, error) : TERN_OK;

    for (size_t i = 0; i < locking->count && status == TERN_OK; i++) {
        status = lock(work, locking->ordinals[i], locking->erased, error);
    }
    return status;
}

/* One that the server has not refused, and whose rows are all granted now. */
static tern_status unlock(struct trn_work *work, struct trn_entry *entry, tern_error *error)
{
    bool all = false;
    bool any = false;
    tern_status status = TERN_OK;

    if (entry->number != 0) {
        return TERN_OK;
    }
    status = trn_reach_held(work, entry->ordinal, &all, &any, error);
    if (status == TERN_OK && all) {
        status = trn_rebase_lift(work, error);
    }
    if (status != TERN_OK || !all) {
        return status;
    }
    entry->state = TERN_ENTRY_PENDING;
    entry->reason = TERN_OK;
    entry->waits_for = 0;
    return trn_outbox_update(work->store, entry, NULL, error);
}

tern_status trn_leave_undo(struct trn_work *work, tern_error *error)
{
    struct trn_entry entry = {0};

    for (;;) {
        tern_status status =
            trn_outbox_next(work->store, entry.ordinal, 1U << TERN_ENTRY_LOCKED, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
        status = unlock(work, &entry, error);
        if (status != TERN_OK) {
            return status;
        }
    }
}

tern_status trn_leave_stale(struct trn_work *work, bool *ret_done, tern_error *error)
{
    tern_id scope;
    bool any = false;
    tern_status status = trn_scope_stale(work->store, &any, &scope, error);

    if (status == TERN_OK && any) {
        status = trn_leave(work, &scope, error);
    }
    if (status == TERN_OK) {
        *ret_done = !any;
    }
    return status;
}

static tern_status sweep(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    struct trn_leavers leavers = {0};
    tern_status status = trn_sweep_gather(work, scope, &leavers, error);

    if (status == TERN_OK) {
        status = trn_sweep_erase(work, &leavers, NULL, error);
    }
    trn_leavers_free(&leavers);
    return status;
}

/* What was acknowledged and is kept in case that the server comes back from a backup: it is not to
 * bring the record back. A user whose own was erased has nothing to bring back anywhere, and of the
 * other records that were erased since they may not be told. What was given up and waits to be told
 * goes, too: nothing is to be kept of it. */
static tern_status forget_kept(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    const bool all = trn_id_equal(scope, &work->meta.user);
    const unsigned states = 1U << TERN_ENTRY_ACKED | 1U << TERN_ENTRY_DISCARDED;
    struct trn_entry entry = {0};

    for (;;) {
        tern_status status = trn_outbox_next(work->store, entry.ordinal, states, &entry, error);
        bool there = all && entry.state == TERN_ENTRY_ACKED;

        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
        if (!there) {
            status = trn_reach_touches(work, entry.ordinal, scope, &there, error);
        }
        if (status == TERN_OK && there) {
            status = trn_outbox_remove(work->store, entry.ordinal, error);
        }
        if (status != TERN_OK) {
            return status;
        }
    }
}

static tern_status
leave(struct trn_work *work, const tern_id *scope, bool erased, tern_error *error)
{
    struct locking locking = {.erased = erased};
    /* Scopes are worked out from the rows as the app sees them. */
    tern_status status = work->lifted ? trn_rebase_lay(work, error) : TERN_OK;

    if (status == TERN_OK && erased) {
        status = trn_store_scrub(work->store, error);
    }
    if (status == TERN_OK && erased && !TRN_MUTANT(ERASED_ENTRY_KEPT)) {
        status = forget_kept(work, scope, error);
    }
    if (status == TERN_OK) {
        status = find_to_lock(work, scope, &locking, error);
    }
    if (status == TERN_OK) {
        status = lock_all(work, &locking, error);
    }
    if (status == TERN_OK) {
        status = sweep(work, scope, error);
    }
    if (status == TERN_OK && !TRN_MUTANT(STAGE_OF_CLOSED)) {
        status = trn_stage_drop(work->store, scope, error);
    }
    trn_free(locking.ordinals);
    return status == TERN_OK ? trn_scope_release(work->store, scope, error) : status;
}

tern_status trn_leave(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    return leave(work, scope, false, error);
}

tern_status trn_leave_erased(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    return leave(work, scope, true, error);
}
