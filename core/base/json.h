/** JSON as jansson reads it, kept from what happens there where memory runs out. */
#ifndef TRN_BASE_JSON_H
#define TRN_BASE_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "tern/error.h"

/**
 * Reads one JSON value; `flags` are jansson's for decoding, and any kind of value is taken. To be
 * released with json_decref.
 *
 * TERN_ERR_NOMEM; TERN_ERR_FORMAT where the text is none, and `ret_reason` says where and why: in
 * line 0, where it is several.
 */
TERN_MUST_USE tern_status trn_json_load(struct trn_slice text,
                                        size_t flags,
                                        json_t **ret_json,
                                        json_error_t *ret_reason);

/**
 * The same of whatever is well-formed, also where jansson cannot represent it: then numbers that it
 * refuses, and all that have an exponent, are other numbers, and letters that are written as `\uD`
 * and so on are other letters. Members and kinds are what they are.
 */
TERN_MUST_USE tern_status trn_json_load_any(struct trn_slice text,
                                            json_t **ret_json,
                                            json_error_t *ret_reason);

#endif
