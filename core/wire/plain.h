/* The bytes of a text that JSON carries as they are: all but quote, backslash and control
 * characters. Eight at a time, since texts are most of a body. */
#ifndef TRN_WIRE_PLAIN_H
#define TRN_WIRE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool trn_is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* How many plain bytes come first; `is_ascii` becomes false where one of them is not ASCII. */
static inline size_t trn_plain_run(const uint8_t *bytes, size_t size, bool *is_ascii)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones << 7;
    uint64_t high = 0;
    size_t at = 0;

    while (size - at >= sizeof(uint64_t)) {
        uint64_t word;
        uint64_t quote;
        uint64_t slash;
        uint64_t special;

        memcpy(&word, bytes + at, sizeof(word));
        quote = word ^ ones * '"';
        slash = word ^ ones * '\\';
        special =
            ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if ((special & tops) != 0) {
            break;
        }
        high |= word;
        at += sizeof(word);
    }
    for (; at < size && trn_is_plain(bytes[at]); at++) {
        high |= bytes[at];
    }
    if ((high & tops) != 0) {
        *is_ascii = false;
    }
    return at;
}

#endif
