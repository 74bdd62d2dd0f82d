/* What an escape stands for is never longer than the escape, so the scratch buffer has room. */
#include "wire/escape.h"

#include <string.h>

#include "base/hex.h"
#include "wire/plain.h"

/* Four hexadecimal digits; -1 where there are none. */
static int32_t hex_unit(const uint8_t *at)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = trn_hex_digit(at[i]);

        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static void append_character(struct trn_bytes *scratch, uint32_t character)
{
    uint8_t *out = scratch->data + scratch->size;

    if (character < 0x80) {
        out[0] = (uint8_t)character;
        scratch->size += 1;
    } else if (character < 0x800) {
        out[0] = (uint8_t)(0xC0 | character >> 6);
        out[1] = (uint8_t)(0x80 | (character & 0x3F));
        scratch->size += 2;
    } else if (character < 0x10000) {
        out[0] = (uint8_t)(0xE0 | character >> 12);
        out[1] = (uint8_t)(0x80 | (character >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (character & 0x3F));
        scratch->size += 3;
    } else {
        out[0] = (uint8_t)(0xF0 | character >> 18);
        out[1] = (uint8_t)(0x80 | (character >> 12 & 0x3F));
        out[2] = (uint8_t)(0x80 | (character >> 6 & 0x3F));
        out[3] = (uint8_t)(0x80 | (character & 0x3F));
        scratch->size += 4;
    }
}

/* The character of a \u escape, the cursor behind its "\u"; a pair of surrogates is one character.
 * 0 where there is none: a zero character is refused, as a C string could not hold it. */
static uint32_t scan_unicode(struct trn_line_reader *reader)
{
    int32_t unit = hex_unit(reader->cursor);
    int32_t low;

    if (unit <= 0) {
        return 0;
    }
    reader->cursor += 4;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return (uint32_t)unit;
    }
    if (unit > 0xDBFF || reader->cursor[0] != '\\' || reader->cursor[1] != 'u') {
        return 0;
    }
    low = hex_unit(reader->cursor + 2);
    if (low < 0xDC00 || low > 0xDFFF) {
        return 0;
    }
    reader->cursor += 6;
    return 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
}

/* The character that the escape at the cursor stands for; 0 where it is none. */
static uint32_t scan_escape(struct trn_line_reader *reader)
{
    uint8_t letter = reader->cursor[1];

    if (letter == '\n') {
        return 0;
    }
    reader->cursor += 2;
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        return scan_unicode(reader);
    default:
        return 0;
    }
}

bool trn_escape_decode(struct trn_line_reader *reader, bool *is_ascii, struct trn_slice *ret_text)
{
    struct trn_bytes *scratch = &reader->scratch;
    size_t start = scratch->size;

    while (*reader->cursor != '"') {
        size_t run =
            trn_plain_run(reader->cursor, (size_t)(reader->end - reader->cursor), is_ascii);

        memcpy(scratch->data + scratch->size, reader->cursor, run);
        scratch->size += run;
        reader->cursor += run;
        if (*reader->cursor == '\\') {
            uint32_t character = scan_escape(reader);

            if (character == 0) {
                return false;
            }
            append_character(scratch, character);
        } else if (*reader->cursor != '"') {
            return false;
        }
    }
    *ret_text = trn_slice_make(scratch->data + start, scratch->size - start);
    return true;
}
