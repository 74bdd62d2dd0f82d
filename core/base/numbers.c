/* Open addressing; at most half full. */
#include "base/numbers.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

enum { FIRST_ROOM = 64 };

/* Where the number stands, or would. */
static size_t slot_of(const struct trn_numbers *set, int64_t number)
{
    size_t slot = (size_t)((uint64_t)number * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    slot &= set->room - 1;
    while (set->slots[slot] != 0 && set->slots[slot] != number) {
        slot = (slot + 1) & (set->room - 1);
    }
    return slot;
}

static tern_status grow(struct trn_numbers *set)
{
    struct trn_numbers larger = {.room = set->room == 0 ? FIRST_ROOM : set->room * 2,
                                 .count = set->count};

    larger.slots = trn_calloc(larger.room, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < set->room; i++) {
        if (set->slots[i] != 0) {
            larger.slots[slot_of(&larger, set->slots[i])] = set->slots[i];
        }
    }
    trn_free(set->slots);
    *set = larger;
    return TERN_OK;
}

tern_status trn_numbers_add(struct trn_numbers *set, int64_t number)
{
    size_t slot;

    TRN_ASSERT(number > 0);

    if (set->count * 2 >= set->room && grow(set) != TERN_OK) {
        return TERN_ERR_NOMEM;
    }
    slot = slot_of(set, number);
    set->count += set->slots[slot] == 0;
    set->slots[slot] = number;
    return TERN_OK;
}

bool trn_numbers_has(const struct trn_numbers *set, int64_t number)
{
    return set->room != 0 && number != 0 && set->slots[slot_of(set, number)] == number;
}

void trn_numbers_clear(struct trn_numbers *set)
{
    if (set->count > 0) {
        memset(set->slots, 0, set->room * sizeof *set->slots);
        set->count = 0;
    }
}

void trn_numbers_free(struct trn_numbers *set)
{
    trn_free(set->slots);
    *set = (struct trn_numbers){0};
}
