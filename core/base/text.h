/** Text: copies, and UTF-8 as RFC 3629 defines it (no surrogates, nothing above U+10FFFF, shortest
 * forms only). */
#ifndef TRN_BASE_TEXT_H
#define TRN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/** A copy as a C string, to be freed with trn_free; NULL when memory ran out. A zero byte in `text`
 * ends what is seen. */
char *trn_text_copy(struct trn_slice text);

bool trn_utf8_is_valid(struct trn_slice text);

/** Characters (code points) of a valid text. */
size_t trn_utf8_count(struct trn_slice text);

/** Bytes of `text` without a last character that was cut off in its middle. */
size_t trn_utf8_whole(struct trn_slice text);

/** Copies as much of a valid text as `buffer` has room for, whole characters and a zero byte, with
 * a space for each that would steer a terminal or the direction of writing. `size` is above 0. */
void trn_utf8_print(struct trn_slice text, char *buffer, size_t size);

/** A text without the line end (LF or CRLF) that an editor or a shell left behind it. Bytes that
 * are no line of text (RFC 3629, no control character) are left whole: of 256 random keys one ends
 * in the byte of a line end. */
struct trn_slice trn_text_line(struct trn_slice bytes);

#endif
