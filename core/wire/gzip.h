/*
 * Bodies compressed and decompressed, the latter under a limit: the other side may be hostile.
 *
 * Small bodies have a coding of their own, as HTTP's Content-Encoding names it: zlib's format (RFC
 * 1950) with a preset dictionary of what such bodies say anyway, dictionary.c. docs/WIRE.md lists
 * it.
 */
#ifndef TRN_WIRE_GZIP_H
#define TRN_WIRE_GZIP_H

#include <stdbool.h>

#include "base/bytes.h"

/* Appends `plain` as one gzip member; `level` from 1, fastest, to 9, smallest. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_gzip(struct trn_slice plain,
                                   int level,
                                   struct trn_bytes *bytes,
                                   tern_error *error);

#define TRN_CODING_SMALL "tern1"
#define TRN_CODING_GZIP "gzip"
#define TRN_CODINGS "gzip, tern1"

/* What suits a body of `size` bytes best, of what the other side takes; NULL: plain. Static. */
const char *trn_coding_for(size_t size, bool takes_gzip, bool takes_small);

/* Appends `plain` in the coding, which is one of the above or NULL. `level` is gzip's.
 * TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_code(struct trn_slice plain,
                                   const char *coding,
                                   int level,
                                   struct trn_bytes *bytes,
                                   tern_error *error);

/* Appends what the one gzip member holds, or the one body in the coding for small ones.
 * TERN_ERR_TOO_LARGE where that is more than `limit` bytes, found out before they take memory;
 * _PROTOCOL where it is damaged, cut off, or followed by more; _NOMEM. On failure `bytes` are as
 * before. */
TERN_MUST_USE tern_status trn_gunzip(struct trn_slice compressed,
                                     size_t limit,
                                     struct trn_bytes *bytes,
                                     tern_error *error);

#endif
