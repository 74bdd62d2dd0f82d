/*
 * Rows that open entries (pending, quarantined, locked) hold in the replica although they are too
 * old for it: those that an entry changes, and those that it references, or referenced before.
 */
#ifndef TRN_ENGINE_HELD_H
#define TRN_ENGINE_HELD_H

#include "engine/work.h"

/* Works the set `work->held` out, unless that was done in this transaction. Entries that are
 * settled meanwhile stay in it. */
tern_status trn_held_find(struct trn_work *work, tern_error *error);
/* Whether an open entry holds the row. */
tern_status trn_held_has(struct trn_work *work,
                         const struct trn_table *table,
                         const tern_id *id,
                         bool *ret_has,
                         tern_error *error);

/* Calls back with each row of a table with a window that a line of the entry references by a
 * foreign key which the replica enforces. */
tern_status trn_held_visit_references(struct trn_work *work,
                                      uint64_t ordinal,
                                      tern_status (*visit)(void *context,
                                                           const struct trn_table *table,
                                                           const tern_id *id,
                                                           tern_error *error),
                                      void *context,
                                      tern_error *error);

#endif
