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

/* Behind the ASCII from `at` on. Eight bytes at a time, since most text is nothing else. */
static size_t ascii_end(struct trn_slice text, size_t at)
{
    uint64_t word;

    while (text.size - at >= sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += sizeof word;
    }
    while (at < text.size && text.data[at] < 0x80) {
        at++;
    }
    return at;
}

bool trn_utf8_is_valid(struct trn_slice text)
{
    size_t at = ascii_end(text, 0);

    while (at < text.size) {
        size_t size = character_size(text, at);

        if (size == 0) {
            return false;
        }
        at = ascii_end(text, at + size);
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

/* Control characters, line and paragraph separators, marks and overrides of direction. */
static bool is_steering(const uint8_t *character, size_t size)
{
    if (size == 1) {
        return character[0] < 0x20 || character[0] == 0x7F;
    }
    if (size == 2) {
        return character[0] == 0xC2 && character[1] < 0xA0;
    }
    if (size == 3 && character[0] == 0xE2 && character[1] == 0x80) {
        return (character[2] >= 0xA8 && character[2] <= 0xAE) || character[2] == 0x8E ||
               character[2] == 0x8F;
    }
    return size == 3 && character[0] == 0xE2 && character[1] == 0x81 && character[2] >= 0xA6 &&
           character[2] <= 0xA9;
}

void trn_utf8_print(struct trn_slice text, char *buffer, size_t size)
{
    size_t used = 0;
    size_t step;

    for (size_t at = 0; at < text.size; at += step) {
        step = character_size(text, at);
        if (step == 0 || step >= size - used) {
            break;
        }
        if (is_steering(text.data + at, step)) {
            buffer[used++] = ' ';
        } else {
            memcpy(buffer + used, text.data + at, step);
            used += step;
        }
    }
    buffer[used] = '\0';
}

static bool is_line(struct trn_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7F) {
            return false;
        }
    }
    return trn_utf8_is_valid(text);
}

struct trn_slice trn_text_line(struct trn_slice bytes)
{
    struct trn_slice line = bytes;

    if (line.size > 0 && line.data[line.size - 1] == '\n') {
        line.size--;
        if (line.size > 0 && line.data[line.size - 1] == '\r') {
            line.size--;
        }
    }
    return is_line(line) ? line : bytes;
}
