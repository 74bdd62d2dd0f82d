/** Bytes as lower-case hexadecimal digits, and back from either case. */
#ifndef TRN_BASE_HEX_H
#define TRN_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/** Writes 2 * size digits and a NUL. */
void trn_hex_encode(const uint8_t *bytes, size_t size, char *ret_text);

/** Reads exactly 2 * size digits. False, and `ret_bytes` untouched, for anything else. */
bool trn_hex_decode(struct trn_slice text, uint8_t *ret_bytes, size_t size);

/** The value of one digit, or -1. */
int trn_hex_digit(uint8_t character);

#endif
