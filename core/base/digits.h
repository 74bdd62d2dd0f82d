/* Reals as JSON spells them, whatever the process's locale says of decimal points. */
#ifndef TRN_BASE_DIGITS_H
#define TRN_BASE_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Bytes that any integer or real fits in, its NUL included. */
#define TRN_NUMBER_BYTES 40

/* Writes the digits, and no NUL; returns how many bytes. */
size_t trn_integer_format(int64_t integer, char ret_text[TRN_NUMBER_BYTES]);
/* Writes the shorter of 15 and 17 digits that reads as the same real, and no NUL; returns how many
 * bytes, 0 for what is no number. */
size_t trn_real_format(double real, char ret_text[TRN_NUMBER_BYTES]);
/* Reads a text that is known to follow JSON's grammar of numbers. False where it is too large for a
 * real, or longer than any sane one. */
bool trn_real_parse(struct trn_slice text, double *ret_real);

#endif
