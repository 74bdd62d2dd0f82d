/* Which scopes the changes of an entry lie in, by the rows as they are or as the entry would make
 * them. */
#ifndef TRN_ENGINE_REACH_H
#define TRN_ENGINE_REACH_H

#include "engine/work.h"

/* Whether some row of an entry that is pending or quarantined may lie in `scope`. All entries are
 * looked at once, and again behind trn_reach_forget: a page may close many records. */
tern_status
trn_reach_may(struct trn_work *work, const tern_id *scope, bool *ret_may, tern_error *error);
/* Whether some entry that is pending or quarantined inserts the row. */
tern_status trn_reach_makes(struct trn_work *work,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_makes,
                            tern_error *error);
/* To be called where rows come: they may say where others lie. */
void trn_reach_forget(struct trn_work *work);
/* Whether some row of the entry lies in `scope` and in no other that is held. */
tern_status trn_reach_alone(struct trn_work *work,
                            uint64_t ordinal,
                            const tern_id *scope,
                            bool *ret_alone,
                            tern_error *error);
/* Whether some row of the entry lies in `scope`, whatever others it lies in, or is about one that
 * does. What has left for its age is taken to lie in the user's own record. */
tern_status trn_reach_touches(struct trn_work *work,
                              uint64_t ordinal,
                              const tern_id *scope,
                              bool *ret_touches,
                              tern_error *error);
/* Whether all rows of the entry, or any, lie in scopes that are held. */
tern_status trn_reach_held(struct trn_work *work,
                           uint64_t ordinal,
                           bool *ret_all,
                           bool *ret_any,
                           tern_error *error);

/* Rows of the entry may stay behind, where it is refused or where the scope never comes: every
 * scope that one lies in is stale, unless it is held. */
tern_status trn_reach_suspect(struct trn_work *work, uint64_t ordinal, tern_error *error);
/* The same of an entry that is offered again: a row of it that has left, and not for its age, did
 * so with records that were closed. */
tern_status trn_reach_offered(struct trn_work *work, uint64_t ordinal, tern_error *error);
/* The same of an entry that was locked: a record of it was closed, and nobody knows any more which
 * of those that are not held. */
tern_status trn_reach_closed(struct trn_work *work, uint64_t ordinal, tern_error *error);

#endif
