/*
 * Rows leaving the replica with a scope. A row that lies in several scopes stays as long as one of
 * them is held.
 */
#ifndef TRN_ENGINE_SWEEP_H
#define TRN_ENGINE_SWEEP_H

#include "engine/idset.h"
#include "engine/work.h"

struct trn_leaver {
    const struct trn_table *table;
    tern_id id;
};

/* Rows that are to leave; all zero is none. */
struct trn_leavers {
    struct trn_leaver *items;
    size_t count;
    size_t room;
    bool by_age; /* the copy that they are missing from may have left out what is too old */
};

void trn_leavers_free(struct trn_leavers *leavers);
/* Adds every row that lies in `scope` and in no other scope held; to be called while all rows
 * stand, since a row's scope is found through others. */
tern_status trn_sweep_gather(struct trn_work *work,
                             const tern_id *scope,
                             struct trn_leavers *leavers,
                             tern_error *error);
/* Takes them out, but those among `kept` (NULL: none is). Pending edits are lifted first, if there
 * is anything to take out. */
tern_status trn_sweep_erase(struct trn_work *work,
                            const struct trn_leavers *leavers,
                            const struct trn_idset *kept,
                            tern_error *error);

#endif
