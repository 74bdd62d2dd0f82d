/*
 * New transactions that the engine itself makes: edits tried again, given up, brought back. They go
 * to the outbox like any commit of the app.
 */
#ifndef TRN_ENGINE_ISSUE_H
#define TRN_ENGINE_ISSUE_H

#include "engine/work.h"
#include "wire/entry.h"

/* The next entry of this device, named, stamped and keyed, without its bytes. */
tern_status trn_issue_name(struct trn_work *work,
                           enum trn_entry_kind kind,
                           uint32_t change_count,
                           struct trn_entry *ret_entry,
                           tern_error *error);
/* What the wire says first of an entry, to a server of that epoch. */
struct trn_entry_header trn_issue_header(const struct trn_entry *entry,
                                         const char epoch[TRN_EPOCH_BYTES]);
/* Queues it. Unless it is one that gives its changes up, lays it over the rows first: then the code
 * of a constraint that it breaks. */
tern_status trn_issue_queue(struct trn_work *work,
                            const struct trn_entry *entry,
                            struct trn_slice body,
                            const uint64_t *depends_on,
                            size_t depends_count,
                            tern_error *error);

#endif
