/* UTF-8 by a bounded cursor: nothing is read behind the slice, whatever it holds. */
#include "base/text.h"

#include <string.h>

#include "base/memory.h"

char *trn_text_copy(struct trn_slice text)
{
    char *copy = trn_alloc(text.size + 1);

    if (copy == NULL) {
        return NULL;
    }
    if (text.size != 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = '\0';
    return copy;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the character that begins with `byte`; 0 if none does. */
static size_t sequence_size(uint8_t byte)
{
    if (byte < 0x80) {
        return 1;
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        return 2;
    }
    if ((byte & 0xF0) == 0xE0) {
        return 3;
    }
    return byte >= 0xF0 && byte <= 0xF4 ? 4 : 0;
}

/* The second byte is where overlong forms, surrogates and numbers above U+10FFFF show. */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0;
    case 0xED:
        return second < 0xA0;
    case 0xF0:
        return second >= 0x90;
    case 0xF4:
        return second < 0x90;
    default:
        return true;
    }
}

/* Bytes of the valid character at `at`; 0 if there is none. */
static size_t character_size(struct trn_slice text, size_t at)
{
    size_t size = sequence_size(text.data[at]);

    if (size > text.size - at) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(text.data[at + i])) {
            return 0;
        }
    }
    if (size > 1 && !second_fits(text.data[at], text.data[at + 1])) {
        return 0;
    }
    return size;
}

bool trn_utf8_is_valid(struct trn_slice text)
{
    size_t at = 0;

    while (at < text.size) {
        size_t size = character_size(text, at);

        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

size_t trn_utf8_count(struct trn_slice text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        count += !is_continuation(text.data[i]);
    }
    return count;
}

size_t trn_utf8_whole(struct trn_slice text)
{
    size_t start = text.size;

    while (start > 0 && text.size - start < 3 && is_continuation(text.data[start - 1])) {
        start--;
    }
    if (start == 0) {
        return text.size;
    }
    start--;
    return sequence_size(text.data[start]) > text.size - start ? start : text.size;
}
