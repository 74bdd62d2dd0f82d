/** Base64 (RFC 4648 section 4) without padding, as the wire spells ids and bytes. */
#ifndef TRN_BASE_BASE64_H
#define TRN_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/** Characters that `size` bytes become. */
size_t trn_base64_encoded_size(size_t size);
/** Writes trn_base64_encoded_size(size) characters, and no NUL. */
void trn_base64_encode(const uint8_t *bytes, size_t size, char *ret_text);

/** Bytes that `size` characters become; meaningful only for what trn_base64_decode takes. */
size_t trn_base64_decoded_size(size_t size);
/**
 * Reads the one spelling that trn_base64_encode writes, into trn_base64_decoded_size(text.size)
 * bytes.
 *
 * @return False for anything else; `ret_bytes` is undefined then.
 */
bool trn_base64_decode(struct trn_slice text, uint8_t *ret_bytes);

#endif
