/* Open addressing; at most three quarters full. */
#include "engine/idset.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"

enum { FIRST_ROOM = 64 };

void trn_idset_free(struct trn_idset *set)
{
    trn_free(set->items);
    *set = (struct trn_idset){0};
}

static struct trn_idset_item *
place_of(const struct trn_idset *set, uint16_t table, const tern_id *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ table;
    size_t at;

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        hash = (hash ^ id->bytes[i]) * UINT64_C(0x100000001b3);
    }
    at = (size_t)(hash ^ hash >> 32) & (set->room - 1);
    while (set->items[at].table != 0 &&
           (set->items[at].table != table || !trn_id_equal(&set->items[at].id, id))) {
        at = (at + 1) & (set->room - 1);
    }
    return &set->items[at];
}

static tern_status grow(struct trn_idset *set, tern_error *error)
{
    struct trn_idset larger = {.room = set->room == 0 ? FIRST_ROOM : set->room * 2,
                               .count = set->count};

    larger.items = trn_calloc(larger.room, sizeof *larger.items);
    if (larger.items == NULL) {
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < set->room; i++) {
        if (set->items[i].table != 0) {
            *place_of(&larger, set->items[i].table, &set->items[i].id) = set->items[i];
        }
    }
    trn_free(set->items);
    *set = larger;
    return TERN_OK;
}

tern_status trn_idset_add(struct trn_idset *set,
                          const struct trn_table *table,
                          const tern_id *id,
                          tern_error *error)
{
    struct trn_idset_item *place;

    if ((set->count + 1) * 4 > set->room * 3) {
        tern_status status = grow(set, error);

        if (status != TERN_OK) {
            return status;
        }
    }
    place = place_of(set, (uint16_t)(table->index + 1), id);
    if (place->table == 0) {
        *place = (struct trn_idset_item){(uint16_t)(table->index + 1), *id};
        set->count++;
    }
    return TERN_OK;
}

bool trn_idset_has(const struct trn_idset *set, const struct trn_table *table, const tern_id *id)
{
    return set->room != 0 && place_of(set, (uint16_t)(table->index + 1), id)->table != 0;
}
