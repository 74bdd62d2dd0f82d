/* Base64 without padding; each byte string has exactly one spelling, any other is refused. */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t trn_base64_encoded_size(size_t size)
{
    return size / 3 * 4 + (size % 3 != 0 ? size % 3 + 1 : 0);
}

size_t trn_base64_decoded_size(size_t size)
{
    return size / 4 * 3 + (size % 4 > 1 ? size % 4 - 1 : 0);
}

void trn_base64_encode(const uint8_t *bytes, size_t size, char *ret_text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t out = 0;

    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            ret_text[out++] = digits[bits >> held & 0x3F];
        }
    }
    if (held != 0) {
        ret_text[out] = digits[bits << (6 - held) & 0x3F];
    }
}

/* The value of one character, or -1. */
static int digit_value(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    if (character == '+') {
        return 62;
    }
    return character == '/' ? 63 : -1;
}

bool trn_base64_decode(struct trn_slice text, uint8_t *ret_bytes)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t out = 0;

    if (text.size % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        int value = digit_value(text.data[i]);

        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret_bytes[out++] = (uint8_t)(bits >> held);
        }
    }
    return (bits & ((1U << held) - 1)) == 0;
}
