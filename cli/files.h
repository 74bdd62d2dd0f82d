/** Opening what a command works on: the replica's file, documents, tokens. */
#ifndef TRN_CLI_FILES_H
#define TRN_CLI_FILES_H

#include <jansson.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "tern/replica.h"

/** Appends the whole file. TERN_ERR_IO, _TOO_LARGE above `limit`, _NOMEM; the message names the
 * file. */
TERN_MUST_USE tern_status trn_file_read(const char *path,
                                        size_t limit,
                                        struct trn_bytes *bytes,
                                        tern_error *error);

/** Opens the existing replica that the call names. */
TERN_MUST_USE tern_status trn_replica_of(const struct trn_call *call,
                                         tern_replica **ret_replica,
                                         tern_error *error);

/** The desktop's ports, with errors and warnings of the library on standard error. */
void trn_ports_of(tern_ports *ret_ports);

/** Reads a UUID off the command line; says what is wrong and returns false for anything else. */
bool trn_id_of(const struct trn_call *call, const char *text, tern_id *ret_id);
/** The same for an ordinal of the outbox. */
bool trn_ordinal_of(const struct trn_call *call, const char *text, uint64_t *ret_ordinal);

/** Prepares, and binds the ids and texts in order. */
TERN_MUST_USE tern_status trn_prepare_with(tern_reader *reader,
                                           const char *sql,
                                           const tern_value *values,
                                           size_t count,
                                           tern_statement **ret_statement,
                                           tern_error *error);

/** Appends the names of the synced tables, sorted, to a JSON array. */
TERN_MUST_USE tern_status trn_tables_of(tern_reader *reader, json_t *names, tern_error *error);

#endif
