/*
 * Histories that fork: a server that came back from a backup, a replica whose copy is alive
 * elsewhere, and a ground that does not hold together. Each ends with everything being pulled
 * afresh; nothing that waits is lost on the way. The word of a fork is an answer to what was
 * `sent`, and refused with TERN_ERR_PROTOCOL where the file is not that any more: a later session
 * may have heard of it as well. `ret_last` is the highest ordinal by then: what is offered again
 * may need new ones.
 */
#ifndef TRN_ENGINE_HISTORY_H
#define TRN_ENGINE_HISTORY_H

#include "engine/exchange.h"

/* Forgets cursor and staging: all scopes are sent whole. */
tern_status
trn_history_start_over(const struct trn_engine *engine, const tern_id *session, tern_error *error);
/* The server begins a new epoch: what it had acknowledged and is still kept waits again, with its
 * stored times, before what was pending; the numbers of the old epoch are forgotten. */
tern_status trn_history_epoch_changed(const struct trn_engine *engine,
                                      const tern_id *session,
                                      const struct trn_sent *sent,
                                      uint64_t *ret_last,
                                      tern_error *error);
/* Another copy of this replica is alive: this one takes a new device id. Entries keep their author
 * and tx ids, so none applies twice. */
tern_status trn_history_cloned(const struct trn_engine *engine,
                               const tern_id *session,
                               const struct trn_sent *sent,
                               uint64_t *ret_last,
                               tern_error *error);

#endif
