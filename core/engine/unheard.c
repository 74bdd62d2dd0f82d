/* An entry is told by what it says: every unit that is left holds its values. Where an older
 * transaction left the same, the entry says that as well as it could. */
#include "engine/unheard.h"

#include <stdlib.h>
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

/* ---- Which entries are read ---- */

/* A row that an entry changes. Rows are told apart by a number made of their ids: where two share
 * one, an entry is read in vain. */
struct line {
    uint64_t row;
    uint64_t ordinal;
};

static uint64_t number_of(const struct trn_table *table, const tern_id *id)
{
    uint64_t halves[2];

    memcpy(halves, id->bytes, sizeof halves);
    return halves[0] ^ halves[1] ^ table->index;
}

static int compare_lines(const void *left, const void *right)
{
    const struct line *a = left;
    const struct line *b = right;

    if (a->row != b->row) {
        return a->row < b->row ? -1 : 1;
    }
    return (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

/* The place of the first line that is not before the row. */
static size_t find_line(const struct line *lines, size_t count, uint64_t row)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (lines[middle].row < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static tern_status
list_lines(struct trn_work *work, uint64_t ordinal, struct trn_bytes *lines, tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    struct trn_bytes body = {0};
    bool any = true;
    tern_status status = trn_keep_body(work->store, ordinal, &body, error);

    if (status == TERN_OK) {
        status = trn_entry_open(&reader, work->engine->schema, trn_bytes_slice(&body), error);
    }
    while (status == TERN_OK) {
        struct line line = {.ordinal = ordinal};

        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        line.row = number_of(change.table, &change.id);
        if (trn_bytes_append(lines, &line, sizeof line) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    return status;
}

/* What is left of transactions is left out. */
static tern_status is_unheard(struct trn_work *work,
                              const struct trn_entry *entry,
                              bool *ret_unheard,
                              tern_error *error)
{
    *ret_unheard = false;
    return entry->number == 0 && !trn_entry_kind_is_left(entry->kind)
               ? trn_meta_is_own(work->store, &entry->author, ret_unheard, error)
               : TERN_OK;
}

tern_status trn_unheard_list(struct trn_work *work, struct trn_unheard *unheard, tern_error *error)
{
    struct trn_bytes *lines = &unheard->lines;
    struct trn_entry entry = {0};
    tern_status status = TERN_OK;

    while (status == TERN_OK) {
        bool is = false;

        status = trn_outbox_next(work->store, entry.ordinal, WAITING, &entry, error);
        if (status != TERN_OK || entry.ordinal == 0 || entry.ordinal > work->meta.sent_ordinal) {
            break;
        }
        status = is_unheard(work, &entry, &is, error);
        if (status == TERN_OK && is) {
            status = list_lines(work, entry.ordinal, lines, error);
        }
    }
    unheard->is_listed = status == TERN_OK;
    if (lines->size > 0) {
        qsort(lines->data, lines->size / sizeof(struct line), sizeof(struct line), compare_lines);
    }
    return status;
}

void trn_unheard_free(struct trn_unheard *unheard)
{
    trn_bytes_free(&unheard->lines);
    unheard->is_listed = false;
}

tern_status trn_unheard_find(const struct trn_unheard *unheard,
                             const struct trn_left *left,
                             struct trn_bytes *ordinals,
                             tern_error *error)
{
    const struct line *lines = (const void *)unheard->lines.data;
    const size_t count = unheard->lines.size / sizeof *lines;
    const uint64_t row = number_of(left->table, &left->id);
    uint64_t last = 0;

    for (size_t i = find_line(lines, count, row); i < count && lines[i].row == row; i++) {
        if (lines[i].ordinal != last &&
            trn_bytes_append(ordinals, &lines[i].ordinal, sizeof lines[i].ordinal) != TERN_OK) {
            return trn_fail_nomem(error);
        }
        last = lines[i].ordinal;
    }
    return TERN_OK;
}

/* ---- What they say ---- */

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
