/* Bodies compressed and decompressed, the latter under a limit: the other side may be hostile. */
#ifndef TRN_WIRE_GZIP_H
#define TRN_WIRE_GZIP_H

#include "base/bytes.h"

/* Appends `plain` as one gzip member; `level` from 1, fastest, to 9, smallest. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_gzip(struct trn_slice plain,
                                   int level,
                                   struct trn_bytes *bytes,
                                   tern_error *error);

/* Appends what the one gzip member holds. TERN_ERR_TOO_LARGE where that is more than `limit` bytes,
 * found out before they take memory; _PROTOCOL where it is damaged, cut off, or followed by more;
 * _NOMEM. On failure `bytes` are as before. */
TERN_MUST_USE tern_status trn_gunzip(struct trn_slice compressed,
                                     size_t limit,
                                     struct trn_bytes *bytes,
                                     tern_error *error);

#endif
