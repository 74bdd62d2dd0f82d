/* Reads NDJSON array lines in place: one pass, no allocation. */
#include "tests/bench/choices/reader.h"

#include <stdlib.h>
#include <string.h>

static struct token read_number(struct reader *reader)
{
    struct token token = {TOKEN_INT, 0, 0, NULL, 0};
    unsigned char *at = reader->at;
    int negative = *at == '-';
    uint64_t value = 0;

    token.text = at;
    at += negative;
    while (at < reader->end && *at >= '0' && *at <= '9') {
        value = value * 10 + (uint64_t)(*at++ - '0');
    }
    if (at < reader->end && (*at == '.' || *at == 'e' || *at == 'E')) {
        char *stop;

        token.kind = TOKEN_REAL;
        token.real = strtod((char *)token.text, &stop);
        at = (unsigned char *)stop;
    }
    token.integer = negative ? (int64_t)(0 - value) : (int64_t)value;
    reader->at = at;
    return token;
}

static unsigned hex_value(unsigned char c)
{
    return c <= '9' ? (unsigned)c - '0' : ((unsigned)c | 0x20u) - 'a' + 10;
}

static size_t put_utf8(unsigned char *out, unsigned point)
{
    if (point < 0x80) {
        out[0] = (unsigned char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (unsigned char)(0xC0 | point >> 6);
        out[1] = (unsigned char)(0x80 | (point & 63));
        return 2;
    }
    out[0] = (unsigned char)(0xE0 | point >> 12);
    out[1] = (unsigned char)(0x80 | (point >> 6 & 63));
    out[2] = (unsigned char)(0x80 | (point & 63));
    return 3;
}

static unsigned char *unescape(struct reader *reader, unsigned char *at, unsigned char **ret_out)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    unsigned char *out = *ret_out;
    const char *found = strchr(from, at[1]);

    if (at[1] == 'u' && reader->end - at >= 6) {
        unsigned point = hex_value(at[2]) << 12 | hex_value(at[3]) << 8 | hex_value(at[4]) << 4 |
                         hex_value(at[5]);

        *ret_out = out + put_utf8(out, point);
        return at + 6;
    }
    *out = found != NULL && *found != 0 ? (unsigned char)to[found - from] : at[1];
    *ret_out = out + 1;
    return at + 2;
}

static struct token read_string(struct reader *reader)
{
    struct token token = {TOKEN_STRING, 0, 0, reader->at + 1, 0};
    unsigned char *at = reader->at + 1;
    unsigned char *out;

    while (at < reader->end && *at != '"' && *at != '\\') {
        at++;
    }
    out = at;
    while (at < reader->end && *at != '"') {
        if (*at == '\\') {
            at = unescape(reader, at, &out);
        } else {
            *out++ = *at++;
        }
    }
    token.size = (size_t)(out - token.text);
    reader->at = at + 1;
    return token;
}

struct token reader_next(struct reader *reader)
{
    struct token token = {TOKEN_END, 0, 0, NULL, 0};

    while (reader->at < reader->end &&
           (*reader->at == '[' || *reader->at == ',' || *reader->at == ' ')) {
        reader->at++;
    }
    if (reader->at >= reader->end || *reader->at == ']') {
        return token;
    }
    if (*reader->at == '"') {
        return read_string(reader);
    }
    if (*reader->at == 'n') {
        reader->at += 4;
        token.kind = TOKEN_NULL;
        return token;
    }
    if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9')) {
        return read_number(reader);
    }
    token.kind = TOKEN_BAD;
    return token;
}

int decode_base64(const unsigned char *text, size_t size, unsigned char out[16])
{
    static unsigned char table[256];
    static int ready;
    size_t at = 0;
    uint32_t word = 0;
    int bits = 0;
    size_t i;

    if (!ready) {
        static const char alphabet[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        memset(table, 0xFF, sizeof(table));
        for (i = 0; i < 64; i++) {
            table[(unsigned char)alphabet[i]] = (unsigned char)i;
        }
        ready = 1;
    }
    if (size != 22) {
        return 0;
    }
    for (i = 0; i < size; i++) {
        if (table[text[i]] > 63) {
            return 0;
        }
        word = word << 6 | table[text[i]];
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (unsigned char)(word >> bits);
        }
    }
    return 1;
}

int decode_hex(const unsigned char *text, size_t size, unsigned char out[16])
{
    size_t at = 0;
    size_t i;

    for (i = 0; i + 1 < size && at < 16;) {
        if (text[i] == '-') {
            i++;
            continue;
        }
        out[at++] = (unsigned char)(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
        i += 2;
    }
    return at == 16;
}
