/* A growing run of bytes, JSON values written into it, and gzip. */
#include "tests/bench/choices/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tests/bench/choices/bench.h"

void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;

    if (buffer->size + more <= buffer->capacity) {
        return;
    }
    while (capacity < buffer->size + more) {
        capacity *= 2;
    }
    buffer->data = realloc(buffer->data, capacity);
    bench_check(buffer->data != NULL, "memory", NULL);
    buffer->capacity = capacity;
}

void buffer_put(struct buffer *buffer, const void *bytes, size_t size)
{
    buffer_reserve(buffer, size);
    if (size > 0) {
        memcpy(buffer->data + buffer->size, bytes, size);
    }
    buffer->size += size;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}

void buffer_put_int(struct buffer *buffer, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    buffer_put(buffer, digits + at, sizeof(digits) - at);
}

void buffer_put_base64(struct buffer *buffer, const unsigned char *bytes, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char *out;
    size_t i;

    buffer_reserve(buffer, size * 4 / 3 + 6);
    out = buffer->data + buffer->size;
    *out++ = '"';
    for (i = 0; i + 2 < size; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

        *out++ = (unsigned char)alphabet[word >> 18];
        *out++ = (unsigned char)alphabet[word >> 12 & 63];
        *out++ = (unsigned char)alphabet[word >> 6 & 63];
        *out++ = (unsigned char)alphabet[word & 63];
    }
    if (size - i == 1) {
        *out++ = (unsigned char)alphabet[bytes[i] >> 2];
        *out++ = (unsigned char)alphabet[(bytes[i] & 3) << 4];
    } else if (size - i == 2) {
        *out++ = (unsigned char)alphabet[bytes[i] >> 2];
        *out++ = (unsigned char)alphabet[(bytes[i] & 3) << 4 | bytes[i + 1] >> 4];
        *out++ = (unsigned char)alphabet[(bytes[i + 1] & 15) << 2];
    }
    *out++ = '"';
    buffer->size = (size_t)(out - buffer->data);
}

void buffer_put_text(struct buffer *buffer, const unsigned char *text, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char *out;
    size_t i;

    buffer_reserve(buffer, size * 6 + 2);
    out = buffer->data + buffer->size;
    *out++ = '"';
    for (i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            *out++ = '\\';
            *out++ = text[i];
        } else if (text[i] < 0x20) {
            memcpy(out, "\\u00", 4);
            out[4] = (unsigned char)hex[text[i] >> 4];
            out[5] = (unsigned char)hex[text[i] & 15];
            out += 6;
        } else {
            *out++ = text[i];
        }
    }
    *out++ = '"';
    buffer->size = (size_t)(out - buffer->data);
}

void buffer_put_value(struct buffer *buffer, sqlite3_value *value)
{
    char text[40];
    const void *bytes;

    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        buffer_put_int(buffer, sqlite3_value_int64(value));
        break;
    case SQLITE_TEXT:
        bytes = sqlite3_value_text(value);
        buffer_put_text(buffer, bytes, (size_t)sqlite3_value_bytes(value));
        break;
    case SQLITE_BLOB:
        bytes = sqlite3_value_blob(value);
        buffer_put_base64(buffer, bytes, (size_t)sqlite3_value_bytes(value));
        break;
    case SQLITE_FLOAT:
        buffer_put(buffer,
                   text,
                   (size_t)snprintf(text, sizeof(text), "%.17g", sqlite3_value_double(value)));
        break;
    default:
        buffer_put(buffer, "null", 4);
        break;
    }
}

size_t buffer_gzip(const void *data, size_t size, int level, struct buffer *ret_packed)
{
    z_stream stream = {0};
    size_t start = ret_packed->size;

    bench_check(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                "deflate",
                NULL);
    buffer_reserve(ret_packed, deflateBound(&stream, size));
    stream.next_in = (z_const Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = ret_packed->data + ret_packed->size;
    stream.avail_out = (uInt)(ret_packed->capacity - ret_packed->size);
    bench_check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate", NULL);
    ret_packed->size += stream.total_out;
    deflateEnd(&stream);
    return ret_packed->size - start;
}

void buffer_gunzip(const void *data, size_t size, struct buffer *ret_plain)
{
    z_stream stream = {0};
    int rc;

    bench_check(inflateInit2(&stream, 15 + 32) == Z_OK, "inflate", NULL);
    stream.next_in = (z_const Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    do {
        buffer_reserve(ret_plain, 65536);
        stream.next_out = ret_plain->data + ret_plain->size;
        stream.avail_out = (uInt)(ret_plain->capacity - ret_plain->size);
        rc = inflate(&stream, Z_NO_FLUSH);
        bench_check(rc == Z_OK || rc == Z_STREAM_END, "inflate", NULL);
        ret_plain->size = (size_t)(stream.next_out - ret_plain->data);
    } while (rc != Z_STREAM_END);
    inflateEnd(&stream);
}
