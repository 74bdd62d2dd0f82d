/** Reads FHIR JSON from a file: a Bundle, one resource, or newline-delimited resources, line by
 * line. */
#ifndef TRN_CLI_FHIR_READ_H
#define TRN_CLI_FHIR_READ_H

#include <jansson.h>

#include "tern/error.h"

/** Takes one resource; `full_url` is the Bundle entry's, or NULL. Both are borrowed. Anything but
 * TERN_OK ends the reading. */
typedef tern_status (*trn_fhir_visitor)(void *context,
                                        json_t *resource,
                                        const char *full_url,
                                        tern_error *error);

/**
 * Visits every resource of the file in order.
 *
 * @return TERN_OK, TERN_ERR_IO, TERN_ERR_FORMAT (not FHIR JSON; the message names file and line),
 * TERN_ERR_NOMEM, or what the visitor returned.
 */
TERN_MUST_USE tern_status trn_fhir_read(const char *path,
                                        trn_fhir_visitor visitor,
                                        void *context,
                                        tern_error *error);

#endif
