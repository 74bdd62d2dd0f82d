/* Who is to be locked is found while the rows still stand; then the edits are lifted, and the rows
 * go. */
#include "engine/leave.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "engine/keep.h"
#include "engine/rebase.h"
#include "engine/sweep.h"
#include "wire/entry.h"

struct locking {
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

/* Whether the row lies in `scope` and in no other that is held. */
static tern_status lies_there_alone(struct trn_work *work,
                                    const struct trn_table *table,
                                    const struct trn_row *row,
                                    const tern_id *scope,
                                    bool *ret_there,
                                    tern_error *error)
{
    tern_id scopes[TRN_SCOPES_MAX];
    size_t count = 0;
    bool there = false;
    bool elsewhere = false;
    tern_status status = trn_store_row_scopes(work->store, table, row, scopes, &count, error);

    for (size_t i = 0; i < count && status == TERN_OK && !elsewhere; i++) {
        if (trn_id_equal(&scopes[i], scope)) {
            there = true;
        } else {
            status = trn_scope_is_held(work->store, &scopes[i], &elsewhere, error);
        }
    }
    *ret_there = there && !elsewhere;
    return status;
}

static tern_status change_is_there(struct trn_work *work,
                                   const struct trn_change *change,
                                   const tern_id *scope,
                                   bool *ret_there,
                                   tern_error *error)
{
    struct trn_row row;
    bool found = false;
    tern_status status =
        trn_store_row_read(work->store, change->table, &change->id, &found, &row, error);

    if (status == TERN_OK && !found && change->operation == TRN_OP_INSERT) {
        row.id = change->id;
        memcpy(row.values, change->values, change->table->column_count * sizeof *row.values);
        found = true;
    }
    *ret_there = false;
    return status == TERN_OK && found
               ? lies_there_alone(work, change->table, &row, scope, ret_there, error)
               : status;
}

static tern_status entry_is_there(struct trn_work *work,
                                  uint64_t ordinal,
                                  const tern_id *scope,
                                  bool *ret_there,
                                  tern_error *error)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    struct trn_bytes body = {0};
    bool any = true;
    tern_status status = trn_keep_body(work->store, ordinal, &body, error);

    *ret_there = false;
    if (status == TERN_OK) {
        status = trn_entry_open(&reader, work->engine->schema, trn_bytes_slice(&body), error);
    }
    while (status == TERN_OK && !*ret_there) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = change_is_there(work, &change, scope, ret_there, error);
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    return status;
}

static tern_status find_to_lock(struct trn_work *work,
                                const tern_id *scope,
                                struct locking *locking,
                                tern_error *error)
{
    const unsigned states = 1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED;
    struct trn_entry entry = {0};

    for (;;) {
        bool there = false;
        tern_status status = trn_outbox_next(work->store, entry.ordinal, states, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
        status = entry_is_there(work, entry.ordinal, scope, &there, error);
        if (status == TERN_OK && there) {
            status = note(locking, entry.ordinal, error);
        }
        if (status != TERN_OK) {
            return status;
        }
    }
}

/* A pending one is still offered to the server once; what the server has refused already is not. */
static tern_status lock(struct trn_work *work, uint64_t ordinal, tern_error *error)
{
    struct trn_entry entry = {0};
    tern_status status = trn_outbox_next(work->store, ordinal - 1, UINT_MAX, &entry, error);

    if (status != TERN_OK || entry.ordinal != ordinal) {
        return status;
    }
    if (entry.state == TERN_ENTRY_QUARANTINED) {
        entry.number = TRN_ENTRY_REFUSED;
    }
    return trn_rebase_park(work,
                           &entry,
                           TERN_ENTRY_LOCKED,
                           TERN_ERR_FORBIDDEN,
                           entry.waits_for,
                           "its rows are not granted any more",
                           error);
}

static tern_status lock_all(struct trn_work *work, const struct locking *locking, tern_error *error)
{
    tern_status status = locking->count > 0 ? trn_rebase_lift(work, error) : TERN_OK;

    for (size_t i = 0; i < locking->count && status == TERN_OK; i++) {
        status = lock(work, locking->ordinals[i], error);
    }
    return status;
}

tern_status trn_leave(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    struct locking locking = {0};
    /* Scopes are worked out from the rows as the app sees them. */
    tern_status status = work->lifted ? trn_rebase_lay(work, error) : TERN_OK;

    if (status == TERN_OK) {
        status = find_to_lock(work, scope, &locking, error);
    }
    if (status == TERN_OK) {
        status = lock_all(work, &locking, error);
    }
    if (status == TERN_OK) {
        status = trn_sweep(work, scope, NULL, error);
    }
    if (status == TERN_OK) {
        status = trn_stage_drop(work->store, scope, error);
    }
    trn_free(locking.ordinals);
    return status == TERN_OK ? trn_scope_release(work->store, scope, error) : status;
}
