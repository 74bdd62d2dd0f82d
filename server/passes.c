/* Changes are tried once in their order; those that wait, when what they wait for has happened.
 * Heap holds one change and where the waiting ones stand, and not the entry. */
#include "server/passes.h"

#include "base/error.h"
#include "server/apply.h"
#include "server/waiting.h"

/* A change waits for a few things, one after the other. What waits oftener was made to. */
enum { TRIES_PER_CHANGE = 16, TRIES_MIN = 1024 };

static tern_status try_change(struct trn_push *push,
                              const struct trn_change *change,
                              bool last_call,
                              bool *ret_waits,
                              tern_error *error)
{
    *ret_waits = false;
    return push->entry.kind == TRN_ENTRY_DISCARDED
               ? trn_apply_discard(push, change, error)
               : trn_apply_change(push, change, last_call, ret_waits, error);
}

/* All of them once; `ret_index` is the one that failed, or their number. */
static tern_status apply_all(struct trn_push *push,
                             struct trn_entry_reader *reader,
                             size_t *ret_index,
                             tern_error *error)
{
    struct trn_change change;
    tern_status status = TERN_OK;

    for (*ret_index = 0; status == TERN_OK; (*ret_index)++) {
        const struct trn_entry_place place = trn_entry_place(reader);
        bool any = false;
        bool waits = false;

        status = trn_entry_next(reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        trn_waiting_try(push->waiting);
        status = try_change(push, &change, false, &waits, error);
        if (status == TERN_OK && waits) {
            status = trn_waiting_add(push->waiting, *ret_index, place, error);
        }
        if (status != TERN_OK) {
            break;
        }
    }
    return status;
}

static tern_status apply_waiter(struct trn_push *push,
                                struct trn_entry_reader *reader,
                                struct trn_waiter *waiter,
                                bool last_call,
                                tern_error *error)
{
    struct trn_change change;
    bool any = false;
    bool waits = false;
    tern_status status;

    trn_entry_return(reader, waiter->place);
    status = trn_entry_next(reader, &any, &change, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_waiting_try(push->waiting);
    status = try_change(push, &change, last_call, &waits, error);
    if (status == TERN_OK && waits) {
        return trn_waiting_again(push->waiting, waiter, error);
    }
    if (status == TERN_OK) {
        trn_waiting_done(push->waiting, waiter);
    }
    return status;
}

/* Once nobody is woken any more, all are tried again, and then for the last time. */
static tern_status apply_waiting(struct trn_push *push,
                                 struct trn_entry_reader *reader,
                                 size_t changes,
                                 size_t *ret_index,
                                 tern_error *error)
{
    size_t tries = changes * TRIES_PER_CHANGE + TRIES_MIN;
    size_t left = push->waiting->left;
    bool all = false;
    bool last_call = false;
    tern_status status = TERN_OK;

    while (status == TERN_OK && trn_waiting_any(push->waiting)) {
        struct trn_waiter *waiter = trn_waiting_next(push->waiting);

        if (push->waiting->left < left) {
            left = push->waiting->left;
            all = last_call = false;
        }
        if (waiter == NULL) {
            last_call = all;
            all = true;
            trn_waiting_wake_all(push->waiting);
            continue;
        }
        *ret_index = waiter->index;
        if (tries-- == 0) {
            return trn_fail(error,
                            TERN_ERR_TOO_LARGE,
                            "its changes wait for one another too often");
        }
        status = apply_waiter(push, reader, waiter, last_call, error);
    }
    return status;
}

static tern_status
apply_changes(struct trn_push *push, struct trn_slice bytes, size_t *ret_index, tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    tern_status status = trn_entry_open(&reader, push->db->schema, bytes, error);

    if (status == TERN_OK) {
        status = apply_all(push, &reader, ret_index, error);
    }
    if (status == TERN_OK) {
        status = apply_waiting(push, &reader, *ret_index, ret_index, error);
    }
    trn_entry_close(&reader);
    return status;
}

tern_status trn_passes_apply(struct trn_push *push,
                             struct trn_slice bytes,
                             int32_t *ret_change,
                             tern_error *error)
{
    struct trn_waiting waiting = {.left = 0};
    size_t index = 0;
    bool hold = true;
    tern_status status;

    push->waiting = &waiting;
    status = apply_changes(push, bytes, &index, error);
    push->waiting = NULL;
    trn_waiting_free(&waiting);
    *ret_change = (int32_t)index;
    if (status == TERN_OK) {
        status = push->db->ops->references_hold(push->db, &hold, error);
        *ret_change = -1;
    }
    if (status == TERN_OK && !hold) {
        status = trn_fail(error, TERN_ERR_FOREIGN_KEY, "a row references one that is not there");
    }
    return status;
}
