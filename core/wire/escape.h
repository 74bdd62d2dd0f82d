/* Texts with escapes, which few are. */
#ifndef TRN_WIRE_ESCAPE_H
#define TRN_WIRE_ESCAPE_H

#include "wire/line.h"

/* Decodes the text from the cursor up to its closing quote, at which the cursor is left, into the
 * reader's scratch buffer. `is_ascii` is cleared where some character is not. False where an escape
 * is none, stands for the zero character or for half of a pair, or the line ends first. */
bool trn_escape_decode(struct trn_line_reader *reader, bool *is_ascii, struct trn_slice *ret_text);

#endif
