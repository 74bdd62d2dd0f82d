/* An entry is told by what it says: every unit that is left holds its values. Where an older
 * transaction left the same, the entry says that as well as it could. */
#include "engine/unheard.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "engine/keep.h"
#include "wire/entry.h"

static const unsigned WAITING =
    1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;

/* What is left, and which of its units the entry says. */
struct search {
    struct trn_work *work;
    const struct trn_left *items;
    uint16_t *said;
    size_t count;
};

static int compare(const struct trn_left *item, const struct trn_change *change)
{
    return item->table->index != change->table->index
               ? (item->table->index < change->table->index ? -1 : 1)
               : memcmp(item->id.bytes, change->id.bytes, sizeof change->id.bytes);
}

/* The item that the change is of; `count` for none. */
static size_t find(const struct search *search, const struct trn_change *change)
{
    size_t low = 0;
    size_t high = search->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&search->items[middle], change) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < search->count && compare(&search->items[low], change) == 0 ? low : search->count;
}

/* Of the units of the server's an insert says nothing. */
static bool says_unit(const struct trn_change *change, const struct trn_row *row, size_t unit)
{
    bool inserts = change->operation == TRN_OP_INSERT;

    if (unit == TRN_UNIT_EXISTENCE) {
        return (change->operation == TRN_OP_DELETE) == (row->deleted_at_us != 0);
    }
    return (inserts && change->table->server_owned_units[unit]) ||
           trn_unit_equal(change->table, unit, row->values, change->values);
}

static bool carries_unit(const struct trn_change *change, size_t unit)
{
    switch (change->operation) {
    case TRN_OP_INSERT:
        return true;
    case TRN_OP_UPDATE:
    case TRN_OP_UNDO:
        return unit == change->unit;
    default:
        return unit == TRN_UNIT_EXISTENCE;
    }
}

/* The last change of a unit is the entry's word on it. */
static tern_status
take_change(struct search *search, const struct trn_change *change, tern_error *error)
{
    size_t at = find(search, change);
    struct trn_row row;
    bool found = false;
    tern_status status;

    if (at == search->count) {
        return TERN_OK;
    }
    status =
        trn_store_row_read(search->work->store, change->table, &change->id, &found, &row, error);
    for (size_t unit = 0; status == TERN_OK && found && unit < change->table->unit_count; unit++) {
        uint16_t bit = (uint16_t)(1U << unit);

        if (carries_unit(change, unit)) {
            search->said[at] = (uint16_t)(says_unit(change, &row, unit) ? search->said[at] | bit
                                                                        : search->said[at] & ~bit);
        }
    }
    return status;
}

static tern_status take_entry(struct search *search, uint64_t ordinal, tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    struct trn_bytes body = {0};
    bool any = true;
    tern_status status = trn_keep_body(search->work->store, ordinal, &body, error);

    memset(search->said, 0, search->count * sizeof *search->said);
    if (status == TERN_OK) {
        status =
            trn_entry_open(&reader, search->work->engine->schema, trn_bytes_slice(&body), error);
    }
    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = take_change(search, &change, error);
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    return status;
}

static bool is_all_said(const struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        if ((search->items[i].units & ~search->said[i]) != 0) {
            return false;
        }
    }
    return true;
}

tern_status trn_unheard_list(struct trn_work *work, struct trn_bytes *ordinals, tern_error *error)
{
    struct trn_entry entry = {0};

    for (;;) {
        bool own = false;
        tern_status status = trn_outbox_next(work->store, entry.ordinal, WAITING, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0 || entry.ordinal > work->meta.sent_ordinal) {
            return status;
        }
        if (entry.number == 0 && !trn_entry_kind_is_left(entry.kind)) {
            status = trn_meta_is_own(work->store, &entry.author, &own, error);
        }
        if (status != TERN_OK) {
            return status;
        }
        if (own && trn_bytes_append(ordinals, &entry.ordinal, sizeof entry.ordinal) != TERN_OK) {
            return trn_fail_nomem(error);
        }
    }
}

tern_status trn_unheard_says(struct trn_work *work,
                             struct trn_slice ordinals,
                             const struct trn_left *items,
                             size_t count,
                             bool *ret_says,
                             tern_error *error)
{
    struct search search = {.work = work, .items = items, .count = count};
    const uint64_t *unheard = (const void *)ordinals.data;
    bool says = false;
    tern_status status = TERN_OK;

    search.said = trn_calloc(count + 1, sizeof *search.said);
    if (search.said == NULL) {
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < ordinals.size / sizeof *unheard && status == TERN_OK && !says; i++) {
        status = take_entry(&search, unheard[i], error);
        says = status == TERN_OK && is_all_said(&search);
    }
    trn_free(search.said);
    if (status == TERN_OK) {
        *ret_says = says;
    }
    return status;
}
