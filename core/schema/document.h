/* A text as a tree. */
#ifndef TRN_SCHEMA_DOCUMENT_H
#define TRN_SCHEMA_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>

#include "tern/error.h"

/* The tree of a text, owned by the caller. TERN_ERR_SCHEMA, TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_document_parse(const char *json,
                                             size_t size,
                                             json_t **ret_tree,
                                             tern_error *error);

#endif
