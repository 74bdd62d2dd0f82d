/* Which rows have been met: a set of (table, id). */
#ifndef TRN_ENGINE_IDSET_H
#define TRN_ENGINE_IDSET_H

#include "model/schema.h"
#include "tern/error.h"

struct trn_idset_item {
    uint16_t table; /* index + 1; 0: free */
    tern_id id;
};

/* All zero is the empty set. */
struct trn_idset {
    struct trn_idset_item *items;
    size_t room; /* a power of two */
    size_t count;
};

void trn_idset_free(struct trn_idset *set);
tern_status trn_idset_add(struct trn_idset *set,
                          const struct trn_table *table,
                          const tern_id *id,
                          tern_error *error);
bool trn_idset_has(const struct trn_idset *set, const struct trn_table *table, const tern_id *id);

#endif
