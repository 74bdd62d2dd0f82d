/* Envelopes: the one JSON object at the head of a body, read and written by jansson under limits.
 */
#ifndef TRN_WIRE_ENVELOPE_H
#define TRN_WIRE_ENVELOPE_H

#include <jansson.h>

#include "base/bytes.h"
#include "tern/error.h"
#include "tern/value.h"
#include "wire/line.h"

/* Parses one object of at most TRN_WIRE_STRING_MAX bytes. TERN_ERR_PROTOCOL, _TOO_LARGE, _TOO_DEEP,
 * _NOT_UTF8, _NOMEM. `what` names it in messages. */
TERN_MUST_USE tern_status trn_envelope_parse(struct trn_slice text,
                                             const char *what,
                                             json_t **ret_object,
                                             tern_error *error);
/* The first line of a body, without its newline; TERN_ERR_PROTOCOL where there is none. */
TERN_MUST_USE tern_status trn_envelope_line(struct trn_slice body,
                                            struct trn_slice *ret_line,
                                            tern_error *error);
/* Makes the line behind the envelope the reader's next one. */
void trn_envelope_pass(struct trn_line_reader *lines, struct trn_slice body, struct trn_slice line);
/* Writes the object, or NULL where there was no memory to make it, as the first line of a body. */
TERN_MUST_USE tern_status trn_envelope_write(struct trn_line_writer *writer,
                                             const json_t *object,
                                             tern_error *error);
/* Appends the object in its shortest spelling, its members in the order in which they were set. */
TERN_MUST_USE tern_status trn_envelope_append(struct trn_bytes *bytes,
                                              const json_t *object,
                                              tern_error *error);

/* Members, TERN_ERR_PROTOCOL where they are missing or of another kind, naming them. Texts are
 * borrowed from the object. */
TERN_MUST_USE tern_status trn_envelope_integer(const json_t *object,
                                               const char *name,
                                               int64_t min,
                                               int64_t max,
                                               int64_t *ret_integer,
                                               tern_error *error);
TERN_MUST_USE tern_status trn_envelope_bool(const json_t *object,
                                            const char *name,
                                            bool *ret_bool,
                                            tern_error *error);
TERN_MUST_USE tern_status trn_envelope_text(const json_t *object,
                                            const char *name,
                                            struct trn_slice *ret_text,
                                            tern_error *error);
TERN_MUST_USE tern_status trn_envelope_id(const json_t *object,
                                          const char *name,
                                          tern_id *ret_id,
                                          tern_error *error);
TERN_MUST_USE tern_status trn_envelope_fail(const char *name, tern_error *error);

/* The id as the wire spells it; NULL when memory ran out. */
json_t *trn_envelope_make_id(const tern_id *id);

#endif
