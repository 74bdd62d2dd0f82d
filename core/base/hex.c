/* Hexadecimal, checked in full before anything is written. */
#include "base/hex.h"

void trn_hex_encode(const uint8_t *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 0x0F];
    }
    ret_text[2 * size] = '\0';
}

int trn_hex_digit(uint8_t character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

bool trn_hex_decode(struct trn_slice text, uint8_t *ret_bytes, size_t size)
{
    if (text.size / 2 != size || text.size % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (trn_hex_digit(text.data[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < size; i++) {
        int high = trn_hex_digit(text.data[2 * i]);
        int low = trn_hex_digit(text.data[2 * i + 1]);

        ret_bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
