/* The lines are read again in each pass, so that heap holds one change and not the entry. */
#include "server/passes.h"

#include "base/error.h"
#include "base/memory.h"
#include "server/apply.h"
#include "wire/entry.h"

/* Indexes of the changes that wait, ascending. */
struct waiting {
    size_t *indexes;
    size_t count;
    size_t capacity;
};

static tern_status wait_for(struct waiting *waiting, size_t index, tern_error *error)
{
    if (waiting->count == waiting->capacity) {
        size_t capacity = waiting->capacity == 0 ? 16 : waiting->capacity * 2;
        size_t *indexes = trn_realloc(waiting->indexes, capacity * sizeof(*indexes));

        if (indexes == NULL) {
            return trn_fail_nomem(error);
        }
        waiting->indexes = indexes;
        waiting->capacity = capacity;
    }
    waiting->indexes[waiting->count++] = index;
    return TERN_OK;
}

/* One pass over the entry's changes: all of them, or those of `only`. Those that wait are added to
 * `waiting`; `ret_index` is the change that failed. */
static tern_status apply_pass(struct trn_push *push,
                              struct trn_slice bytes,
                              const struct waiting *only,
                              bool last_call,
                              struct waiting *waiting,
                              size_t *ret_index,
                              tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    size_t next = 0;
    tern_status status = trn_entry_open(&reader, push->db->schema, bytes, error);

    for (size_t index = 0; status == TERN_OK; index++) {
        bool any = false;
        bool waits = false;

        *ret_index = index;
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        if (only != NULL && (next == only->count || only->indexes[next] != index)) {
            continue;
        }
        next++;
        status = push->entry.kind == TRN_ENTRY_DISCARDED
                     ? trn_apply_discard(push, &change, error)
                     : trn_apply_change(push, &change, last_call, &waits, error);
        if (status == TERN_OK && waits) {
            status = wait_for(waiting, index, error);
        }
    }
    trn_entry_close(&reader);
    return status;
}

static tern_status apply_waiting(struct trn_push *push,
                                 struct trn_slice bytes,
                                 struct waiting *waiting,
                                 size_t *ret_index,
                                 tern_error *error)
{
    bool last_call = false;
    tern_status status = TERN_OK;

    while (waiting->count > 0 && status == TERN_OK) {
        struct waiting still = {.indexes = NULL};

        status = apply_pass(push, bytes, waiting, last_call, &still, ret_index, error);
        last_call = still.count == waiting->count;
        trn_free(waiting->indexes);
        *waiting = still;
    }
    return status;
}

tern_status trn_passes_apply(struct trn_push *push,
                             struct trn_slice bytes,
                             int32_t *ret_change,
                             tern_error *error)
{
    struct waiting waiting = {.indexes = NULL};
    size_t index = 0;
    bool hold = true;
    tern_status status = apply_pass(push, bytes, NULL, false, &waiting, &index, error);

    if (status == TERN_OK) {
        status = apply_waiting(push, bytes, &waiting, &index, error);
    }
    trn_free(waiting.indexes);
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
