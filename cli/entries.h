/** Printing entries of the outbox. */
#ifndef TRN_CLI_ENTRIES_H
#define TRN_CLI_ENTRIES_H

#include "cli/command.h"
#include "tern/outbox.h"

/** Prints the entries whose state is among `states` (bits 1u << TERN_ENTRY_...), as a sheet. */
enum trn_exit
trn_entries_print(const struct trn_call *call, tern_replica *replica, unsigned states);

#endif
