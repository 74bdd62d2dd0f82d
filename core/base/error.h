/**
 * Filling the caller's error: the first cause wins, and callers on the way up put the place in
 * front.
 *
 * Messages name tables, columns and limits, never a value of a row and never a token.
 */
#ifndef TRN_BASE_ERROR_H
#define TRN_BASE_ERROR_H

#include "tern/error.h"

/** Notes status and message in `error`, unless it is NULL or holds a cause already. Returns
 * `status`. */
TERN_MUST_USE tern_status trn_fail(tern_error *error, tern_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Notes that memory ran out. Returns TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fail_nomem(tern_error *error);

/** Puts the text and ": " before the message, cutting its end if need be; nothing where there is no
 * cause. */
void trn_error_context(tern_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Forgets an earlier call's cause: what every public function does first. NULL is accepted. */
void trn_error_clear(tern_error *error);

/** Whether a failure says that a change does not fit the rows or the schema that it met, rather
 * than that the work could not be done. */
bool trn_status_is_of_rows(tern_status status);

#endif
