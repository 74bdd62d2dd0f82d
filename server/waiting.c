/* Who waits for a thing is found by a table of lists, in which each thing has one place; who was
 * woken stands in a set of bits, which a pass walks along. */
#include "server/waiting.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/portion.h"

enum { PLACES = 1 << 14, WORD_BITS = 64 };

/* One thing that one change waits for. Those of a place are a list by their numbers, from 1. */
struct trn_wish {
    uint32_t waiter;
    uint32_t next;
};

/* ---- Things ---- */

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t begin_thing(char kind, const struct trn_table *table)
{
    uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), &kind, sizeof(kind));

    return mix(hash, &table->index, sizeof(table->index));
}

trn_thing trn_thing_added(const struct trn_table *table, const tern_id *id)
{
    return mix(begin_thing('a', table), id, sizeof(*id));
}

trn_thing trn_thing_changed(const struct trn_table *table, const tern_id *id)
{
    return mix(begin_thing('c', table), id, sizeof(*id));
}

trn_thing trn_thing_key(const struct trn_table *table, size_t unique, const tern_value *values)
{
    const struct trn_unique *key = &table->uniques[unique];
    uint64_t hash = mix(begin_thing('k', table), &unique, sizeof(unique));

    for (size_t i = 0; i < key->column_count; i++) {
        const tern_value *value = &values[key->columns[i]];

        if (value->kind == TERN_TEXT || value->kind == TERN_BLOB) {
            hash = mix(hash, &value->size, sizeof(value->size));
            hash = mix(hash, value->data, value->size);
        } else if (value->kind == TERN_INTEGER) {
            hash = mix(hash, &value->integer, sizeof(value->integer));
        }
    }
    return hash;
}

trn_thing trn_thing_grants(void)
{
    return 0;
}

static uint32_t *place_of(struct trn_waiting *waiting, trn_thing thing)
{
    return &waiting->places[(thing ^ thing >> 32) % trn_portion(PLACES)];
}

/* ---- Who waits ---- */

void trn_waiting_free(struct trn_waiting *waiting)
{
    trn_free(waiting->waiters);
    trn_free(waiting->woken);
    trn_free(waiting->wishes);
    trn_free(waiting->places);
    memset(waiting, 0, sizeof(*waiting));
}

bool trn_waiting_any(const struct trn_waiting *waiting)
{
    return waiting != NULL && waiting->left > 0;
}

void trn_waiting_try(struct trn_waiting *waiting)
{
    waiting->wished_count = 0;
}

/* What finds no room is found out by the pass over all of them at the end. */
void trn_waiting_wish(struct trn_waiting *waiting, trn_thing thing)
{
    if (waiting != NULL && waiting->wished_count < trn_portion(TRN_WISHES_MAX)) {
        waiting->wished[waiting->wished_count++] = thing;
    }
}

static tern_status new_wish(struct trn_waiting *waiting, uint32_t *ret_number, tern_error *error)
{
    if (waiting->spare != 0) {
        *ret_number = waiting->spare;
        waiting->spare = waiting->wishes[waiting->spare - 1].next;
        return TERN_OK;
    }
    if (waiting->wish_count == waiting->wish_room) {
        uint32_t room = waiting->wish_room == 0 ? 64 : waiting->wish_room * 2;
        struct trn_wish *wishes = trn_realloc(waiting->wishes, room * sizeof(*wishes));

        if (wishes == NULL) {
            return trn_fail_nomem(error);
        }
        waiting->wishes = wishes;
        waiting->wish_room = room;
    }
    *ret_number = ++waiting->wish_count;
    return TERN_OK;
}

tern_status
trn_waiting_again(struct trn_waiting *waiting, struct trn_waiter *waiter, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < waiting->wished_count && status == TERN_OK; i++) {
        uint32_t *place = place_of(waiting, waiting->wished[i]);
        uint32_t number = 0;

        status = new_wish(waiting, &number, error);
        if (status == TERN_OK) {
            waiting->wishes[number - 1] =
                (struct trn_wish){(uint32_t)(waiter - waiting->waiters), *place};
            *place = number;
        }
    }
    return status;
}

static tern_status make_room(struct trn_waiting *waiting, tern_error *error)
{
    size_t room = waiting->room == 0 ? WORD_BITS : waiting->room * 2;
    struct trn_waiter *waiters;
    uint64_t *woken;

    if (waiting->count < waiting->room) {
        return TERN_OK;
    }
    if (waiting->places == NULL) {
        waiting->places = trn_calloc(PLACES, sizeof(*waiting->places));
    }
    if (waiting->places == NULL) {
        return trn_fail_nomem(error);
    }
    waiters = trn_realloc(waiting->waiters, room * sizeof(*waiters));
    if (waiters == NULL) {
        return trn_fail_nomem(error);
    }
    waiting->waiters = waiters;
    woken = trn_realloc(waiting->woken, room / WORD_BITS * sizeof(*woken));
    if (woken == NULL) {
        return trn_fail_nomem(error);
    }
    memset(woken + waiting->room / WORD_BITS,
           0,
           (room - waiting->room) / WORD_BITS * sizeof(*woken));
    waiting->woken = woken;
    waiting->room = room;
    return TERN_OK;
}

tern_status trn_waiting_add(struct trn_waiting *waiting,
                            size_t index,
                            struct trn_entry_place place,
                            tern_error *error)
{
    tern_status status = make_room(waiting, error);

    if (status != TERN_OK) {
        return status;
    }
    waiting->waiters[waiting->count] = (struct trn_waiter){.index = index, .place = place};
    waiting->left++;
    return trn_waiting_again(waiting, &waiting->waiters[waiting->count++], error);
}

void trn_waiting_done(struct trn_waiting *waiting, struct trn_waiter *waiter)
{
    const size_t at = (size_t)(waiter - waiting->waiters);

    waiter->done = true;
    waiting->woken[at / WORD_BITS] &= ~(UINT64_C(1) << at % WORD_BITS); /* by itself, it may be */
    waiting->left--;
}

/* ---- Who is woken ---- */

static void wake(struct trn_waiting *waiting, size_t waiter)
{
    if (!waiting->waiters[waiter].done) {
        waiting->woken[waiter / WORD_BITS] |= UINT64_C(1) << waiter % WORD_BITS;
    }
}

void trn_waiting_happened(struct trn_waiting *waiting, trn_thing thing)
{
    uint32_t *place;

    if (!trn_waiting_any(waiting)) {
        return;
    }
    place = place_of(waiting, thing);
    while (*place != 0) {
        uint32_t number = *place;
        struct trn_wish *wish = &waiting->wishes[number - 1];

        wake(waiting, wish->waiter);
        *place = wish->next;
        wish->next = waiting->spare;
        waiting->spare = number;
    }
}

void trn_waiting_wake_all(struct trn_waiting *waiting)
{
    for (size_t i = 0; i < waiting->count; i++) {
        wake(waiting, i);
    }
    waiting->at = 0;
}

/* The first bit that is set from `from` on, below `end`; `end`: none. */
static size_t find_woken(const struct trn_waiting *waiting, size_t from, size_t end)
{
    while (from < end) {
        uint64_t word = waiting->woken[from / WORD_BITS] >> from % WORD_BITS;

        if (word & 1) {
            return from;
        }
        from = word == 0 ? (from / WORD_BITS + 1) * WORD_BITS : from + 1;
    }
    return end;
}

struct trn_waiter *trn_waiting_next(struct trn_waiting *waiting)
{
    size_t at = find_woken(waiting, waiting->at, waiting->count);

    if (at == waiting->count) {
        at = find_woken(waiting, 0, waiting->count);
    }
    if (at == waiting->count) {
        return NULL;
    }
    waiting->woken[at / WORD_BITS] &= ~(UINT64_C(1) << at % WORD_BITS);
    waiting->at = at + 1;
    return &waiting->waiters[at];
}
