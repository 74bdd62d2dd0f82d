/* Touches in order, and a hash table over them by row. */
#include "engine/touches.h"

#include "base/memory.h"

enum { SLOTS_MIN = 64, ROOM_MIN = 16, ROOM_KEPT = 256 };

static size_t place(const struct trn_touches *touches, const struct trn_table *table, int64_t rowid)
{
    uint64_t hash = ((uint64_t)rowid << 8 ^ table->index) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (touches->slot_room - 1);

    while (touches->slots[at].table != NULL &&
           (touches->slots[at].table != table || touches->slots[at].rowid != rowid)) {
        at = (at + 1) & (touches->slot_room - 1);
    }
    return at;
}

size_t
trn_touches_latest(const struct trn_touches *touches, const struct trn_table *table, int64_t rowid)
{
    const struct trn_touch_slot *slot;

    if (touches->slot_room == 0) {
        return TRN_NO_TOUCH;
    }
    slot = &touches->slots[place(touches, table, rowid)];
    return slot->table != NULL ? slot->latest : TRN_NO_TOUCH;
}

static tern_status grow_slots(struct trn_touches *touches)
{
    struct trn_touches larger = *touches;

    larger.slot_room = touches->slot_room == 0 ? SLOTS_MIN : touches->slot_room * 2;
    larger.slots = trn_calloc(larger.slot_room, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < touches->slot_room; i++) {
        const struct trn_touch_slot *slot = &touches->slots[i];

        if (slot->table != NULL) {
            larger.slots[place(&larger, slot->table, slot->rowid)] = *slot;
        }
    }
    trn_free(touches->slots);
    *touches = larger;
    return TERN_OK;
}

static tern_status grow_items(struct trn_touches *touches)
{
    size_t room = touches->room == 0 ? ROOM_MIN : touches->room * 2;
    struct trn_touch *items = trn_realloc(touches->items, room * sizeof(*items));

    if (items == NULL) {
        return TERN_ERR_NOMEM;
    }
    touches->items = items;
    touches->room = room;
    return TERN_OK;
}

tern_status trn_touches_add(struct trn_touches *touches, const struct trn_touch *touch)
{
    struct trn_touch_slot *slot;

    if (touches->slots_used * 2 >= touches->slot_room && grow_slots(touches) != TERN_OK) {
        return TERN_ERR_NOMEM;
    }
    if (touches->count == touches->room && grow_items(touches) != TERN_OK) {
        return TERN_ERR_NOMEM;
    }
    slot = &touches->slots[place(touches, touch->table, touch->rowid)];
    if (slot->table == NULL) {
        *slot = (struct trn_touch_slot){touch->table, touch->rowid, TRN_NO_TOUCH};
        touches->slots_used++;
    }
    touches->items[touches->count] = *touch;
    touches->items[touches->count].previous = slot->latest;
    touches->items[touches->count].is_latest = true;
    if (slot->latest != TRN_NO_TOUCH) {
        touches->items[slot->latest].is_latest = false;
    }
    slot->latest = touches->count++;
    return TERN_OK;
}

void trn_touches_cut(struct trn_touches *touches, size_t count)
{
    while (touches->count > count) {
        const struct trn_touch *touch = &touches->items[--touches->count];

        touches->slots[place(touches, touch->table, touch->rowid)].latest = touch->previous;
        if (touch->previous != TRN_NO_TOUCH) {
            touches->items[touch->previous].is_latest = true;
        }
    }
}

void trn_touches_clear(struct trn_touches *touches)
{
    if (touches->room > ROOM_KEPT || touches->slot_room > ROOM_KEPT) {
        trn_touches_free(touches);
        return;
    }
    touches->count = 0;
    touches->slots_used = 0;
    for (size_t i = 0; i < touches->slot_room; i++) {
        touches->slots[i].table = NULL;
    }
}

void trn_touches_free(struct trn_touches *touches)
{
    trn_free(touches->items);
    trn_free(touches->slots);
    *touches = (struct trn_touches){0};
}
