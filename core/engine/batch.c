/* Entries in the order of their commits, as the server must see them. */
#include "engine/batch.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "engine/keep.h"

enum { DEPENDENCIES_AT_ONCE = 64 };

static const unsigned WAITING =
    1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_DISCARDED | 1U << TERN_ENTRY_LOCKED;

void trn_batch_free(struct trn_batch *batch)
{
    trn_free(batch->items);
    trn_free(batch->ends);
    trn_bytes_free(&batch->bodies);
    *batch = (struct trn_batch){0};
}

void trn_set_aside_free(struct trn_set_aside *aside)
{
    trn_free(aside->ordinals);
    *aside = (struct trn_set_aside){0};
}

static bool is_aside(const struct trn_set_aside *aside, uint64_t ordinal)
{
    for (size_t i = 0; i < aside->count; i++) {
        if (aside->ordinals[i] == ordinal) {
            return true;
        }
    }
    return false;
}

tern_status trn_set_aside_add(struct trn_set_aside *aside, uint64_t ordinal, tern_error *error)
{
    if (is_aside(aside, ordinal)) {
        return TERN_OK;
    }
    if (aside->count == aside->room) {
        size_t room = aside->room == 0 ? 8 : aside->room * 2;
        uint64_t *ordinals = trn_realloc(aside->ordinals, room * sizeof *ordinals);

        if (ordinals == NULL) {
            return trn_fail_nomem(error);
        }
        aside->ordinals = ordinals;
        aside->room = room;
    }
    aside->ordinals[aside->count++] = ordinal;
    return TERN_OK;
}

/* An entry is left alone with what it builds on. */
static tern_status join_aside(struct trn_work *work,
                              uint64_t ordinal,
                              struct trn_set_aside *aside,
                              bool *ret_aside,
                              tern_error *error)
{
    const size_t room = trn_portion(DEPENDENCIES_AT_ONCE);
    uint64_t depends[DEPENDENCIES_AT_ONCE];
    uint64_t last = 0;
    size_t count = 0;
    tern_status status = TERN_OK;

    *ret_aside = is_aside(aside, ordinal);
    if (*ret_aside || aside->count == 0) {
        return TERN_OK;
    }
    do {
        status = trn_outbox_depends_after(work->store, ordinal, last, depends, room, &count, error);
        for (size_t i = 0; i < count && status == TERN_OK && !*ret_aside; i++) {
            last = depends[i];
            *ret_aside = is_aside(aside, depends[i]);
        }
    } while (status == TERN_OK && count == room && !*ret_aside);
    return status == TERN_OK && *ret_aside ? trn_set_aside_add(aside, ordinal, error) : status;
}

/* Never, but where a planted bug lets an entry that was set aside hold up the others. */
static tern_status is_blocked(struct trn_work *work, bool *ret_blocked, tern_error *error)
{
    struct trn_entry parked = {.ordinal = 0};
    tern_status status = TERN_OK;

    if (TRN_MUTANT(QUARANTINE_BLOCKS)) {
        status = trn_outbox_next(work->store, 0, 1U << TERN_ENTRY_QUARANTINED, &parked, error);
    }
    *ret_blocked = parked.ordinal != 0;
    return status;
}

/* The next entry after `after` that has no verdict yet; ordinal 0 at the end. A negative number
 * says that the server has refused it. */
static tern_status
next_waiting(struct trn_work *work, uint64_t after, struct trn_entry *ret_entry, tern_error *error)
{
    bool blocked = false;
    tern_status status = is_blocked(work, &blocked, error);

    if (status != TERN_OK || blocked) {
        ret_entry->ordinal = 0;
        return status;
    }
    ret_entry->ordinal = after;
    do {
        status = trn_outbox_next(work->store, ret_entry->ordinal, WAITING, ret_entry, error);
    } while (status == TERN_OK && ret_entry->ordinal != 0 && ret_entry->number != 0);
    return status;
}

static tern_status make_room(struct trn_batch *batch, tern_error *error)
{
    size_t room = batch->room == 0 ? 16 : batch->room * 2;
    struct trn_batch_item *items;
    size_t *ends;

    if (batch->count < batch->room) {
        return TERN_OK;
    }
    items = trn_realloc(batch->items, room * sizeof *items);
    if (items == NULL) {
        return trn_fail_nomem(error);
    }
    batch->items = items;
    ends = trn_realloc(batch->ends, room * sizeof *ends);
    if (ends == NULL) {
        return trn_fail_nomem(error);
    }
    batch->ends = ends;
    batch->room = room;
    return TERN_OK;
}

static tern_status add(struct trn_batch *batch,
                       struct trn_work *work,
                       const struct trn_entry *entry,
                       tern_error *error)
{
    tern_status status = make_room(batch, error);

    if (status == TERN_OK) {
        status = trn_keep_body(work->store, entry->ordinal, &batch->bodies, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    batch->items[batch->count] =
        (struct trn_batch_item){.ordinal = entry->ordinal,
                                .tx = entry->tx,
                                .author = entry->author,
                                .time_us = entry->time_us,
                                .stored = entry->reason == TERN_ERR_EPOCH_CHANGED,
                                .reading = entry->reading};
    batch->ends[batch->count] = batch->bodies.size;
    batch->count++;
    return TERN_OK;
}

static bool is_exact(const struct trn_batch_item *item, const struct trn_reading *now)
{
    return !trn_id_is_nil(&now->boot) && trn_id_equal(&item->reading.boot, &now->boot);
}

/* Ages fall along the queue; one that rests on the wall clock alone is held between its neighbours.
 */
static void compute_ages(struct trn_batch *batch, const struct trn_reading *now)
{
    int64_t least_us = 0;
    int64_t most_us = INT64_MAX;

    for (size_t i = batch->count; i > 0; i--) {
        struct trn_batch_item *item = &batch->items[i - 1];

        item->age_us = trn_clock_age(&item->reading, now);
        if (is_exact(item, now)) {
            least_us = item->age_us;
        } else if (item->age_us < least_us) {
            item->age_us = least_us;
        }
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct trn_batch_item *item = &batch->items[i];

        if (!is_exact(item, now) && item->age_us > most_us) {
            item->age_us = most_us;
        }
        most_us = item->age_us;
    }
}

tern_status trn_batch_fill(struct trn_batch *batch,
                           struct trn_work *work,
                           const struct trn_batch_limits *limits,
                           struct trn_set_aside *aside,
                           tern_error *error)
{
    struct trn_entry entry = {0};
    tern_status status = TERN_OK;

    while (batch->count < limits->entries) {
        bool skip = false;

        status = next_waiting(work, entry.ordinal, &entry, error);
        if (status != TERN_OK || entry.ordinal == 0) {
            break;
        }
        status = join_aside(work, entry.ordinal, aside, &skip, error);
        if (status != TERN_OK) {
            break;
        }
        if (skip) {
            continue;
        }
        if (batch->count > 0 && batch->bodies.size + entry.body_size > limits->bytes) {
            break;
        }
        status = add(batch, work, &entry, error);
        if (status != TERN_OK) {
            break;
        }
    }
    compute_ages(batch, &work->now);
    return status;
}

struct trn_slice trn_batch_body(const struct trn_batch *batch, size_t index)
{
    size_t start = index == 0 ? 0 : batch->ends[index - 1];

    return trn_slice_make(batch->bodies.data + start, batch->ends[index] - start);
}

void trn_batch_forget_bodies(struct trn_batch *batch)
{
    trn_bytes_free(&batch->bodies);
}

tern_status trn_batch_waiting(struct trn_work *work,
                              const struct trn_set_aside *aside,
                              uint64_t *ret_count,
                              uint64_t *ret_first,
                              tern_error *error)
{
    struct trn_entry entry = {0};
    uint64_t count = 0;
    bool blocked = false;
    tern_status status = is_blocked(work, &blocked, error);

    if (status == TERN_OK && !blocked) {
        status = trn_outbox_unanswered(work->store, WAITING, &count, &entry.ordinal, error);
    }
    while (status == TERN_OK && entry.ordinal != 0 && is_aside(aside, entry.ordinal)) {
        status = next_waiting(work, entry.ordinal, &entry, error);
    }
    if (status == TERN_OK) {
        *ret_count = count;
        *ret_first = entry.ordinal;
    }
    return status;
}
