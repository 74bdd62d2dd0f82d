/** Hashes, by mbed TLS. SHA-1 is here for derived ids (UUIDv5) alone. */
#ifndef TRN_BASE_DIGEST_H
#define TRN_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { TRN_SHA256_BYTES = 32, TRN_SHA1_BYTES = 20 };

/** The hash of `count` parts one after another. TERN_ERR_INTERNAL where the platform's hash engine
 * fails. */
TERN_MUST_USE tern_status trn_sha256(const struct trn_slice *parts,
                                     size_t count,
                                     uint8_t ret_hash[TRN_SHA256_BYTES]);
TERN_MUST_USE tern_status trn_sha1(const struct trn_slice *parts,
                                   size_t count,
                                   uint8_t ret_hash[TRN_SHA1_BYTES]);
/** The keyed hash (HMAC, RFC 2104) of `count` parts one after another. TERN_ERR_INTERNAL as above.
 */
TERN_MUST_USE tern_status trn_hmac_sha256(struct trn_slice key,
                                          const struct trn_slice *parts,
                                          size_t count,
                                          uint8_t ret_mac[TRN_SHA256_BYTES]);

#endif
