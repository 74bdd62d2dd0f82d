/*
 * Pending edits off the rows and back onto them.
 *
 * Lifting walks the entries from the newest to the oldest by their undo images, which leaves the
 * ground as the server knows it. Laying back goes in order, each entry under a savepoint, by the
 * merge that the server runs: a unit that loses is not shown and stays queued; an entry that breaks
 * a constraint is quarantined, and so is what depends on it. One that may have been sent, or may
 * stand on rows that are still to come, is the server's to judge: it is not shown, has no undo
 * image, and stays queued until the verdict.
 */
#ifndef TRN_ENGINE_REBASE_H
#define TRN_ENGINE_REBASE_H

#include "engine/work.h"

/* In the number of an entry that is neither pending nor acknowledged: the server has said no, to it
 * or to what it builds on, so it is not sent again. */
#define TRN_ENTRY_REFUSED INT64_C(-1)

/* Lifts all pending edits off, unless they are off already. */
tern_status trn_rebase_lift(struct trn_work *work, tern_error *error);
/* The same, if some entry is not shown: it may stand on the rows that are about to come. */
tern_status trn_rebase_lift_for_unseen(struct trn_work *work, tern_error *error);
/* Lays them back; to be called with them lifted. */
tern_status trn_rebase_lay(struct trn_work *work, tern_error *error);
/* Parks an entry that cannot stand: `state` is quarantined or locked. Its values must not be on the
 * rows. */
tern_status trn_rebase_park(struct trn_work *work,
                            struct trn_entry *entry,
                            tern_entry_state state,
                            tern_status reason,
                            uint64_t waits_for,
                            const char *detail,
                            tern_error *error);
/* Parks one that builds on a parked one, as that is; a locked one stays so. It is not sent without
 * that one. */
tern_status trn_rebase_park_behind(struct trn_work *work,
                                   struct trn_entry *entry,
                                   const struct trn_entry *blocker,
                                   tern_error *error);

/* Puts the entry `ordinal` for the blocker where it is parked and there is none yet (ordinal 0), or
 * only one that is still sent and this is not. */
tern_status trn_rebase_ask_blocker(struct trn_work *work,
                                   uint64_t ordinal,
                                   struct trn_entry *blocker,
                                   tern_error *error);

/* The first parked entry that `ordinal` builds on, of those that are not sent if there are such;
 * its ordinal is 0 if there is none. */
tern_status trn_rebase_find_blocker(struct trn_work *work,
                                    uint64_t ordinal,
                                    struct trn_entry *ret_blocker,
                                    tern_error *error);

#endif
