/* Writing lines: each member takes its room once and is written in place. */
#include "wire/line.h"

#include <string.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/digits.h"
#include "base/error.h"
#include "base/text.h"
#include "wire/limits.h"
#include "wire/plain.h"

enum { ID_BYTES = 16, ESCAPE_BYTES_MAX = 6 };

void trn_line_writer_open(struct trn_line_writer *writer, struct trn_bytes *bytes)
{
    *writer = (struct trn_line_writer){.bytes = bytes, .start = bytes->size, .status = TERN_OK};
}

/* Room for `size` bytes behind what there is; NULL once anything has failed. */
static char *room_for(struct trn_line_writer *writer, size_t size)
{
    if (writer->status == TERN_OK) {
        writer->status = trn_bytes_reserve(writer->bytes, size);
    }
    return writer->status == TERN_OK ? (char *)writer->bytes->data + writer->bytes->size : NULL;
}

static void take(struct trn_line_writer *writer, size_t size)
{
    writer->bytes->size += size;
    writer->bytes->data[writer->bytes->size] = 0;
}

static void append(struct trn_line_writer *writer, const char *text, size_t size)
{
    char *out = room_for(writer, size);

    if (out != NULL) {
        memcpy(out, text, size);
        take(writer, size);
    }
}

void trn_line_begin(struct trn_line_writer *writer, char tag)
{
    char opening[] = {'[', '"', tag, '"'};

    writer->start = writer->bytes->size;
    append(writer, opening, sizeof(opening));
}

void trn_line_write_null(struct trn_line_writer *writer)
{
    append(writer, ",null", 5);
}

void trn_line_write_bool(struct trn_line_writer *writer, bool value)
{
    if (value) {
        append(writer, ",true", 5);
    } else {
        append(writer, ",false", 6);
    }
}

void trn_line_write_integer(struct trn_line_writer *writer, int64_t integer)
{
    char *out = room_for(writer, TRN_NUMBER_BYTES + 1);

    if (out != NULL) {
        out[0] = ',';
        take(writer, 1 + trn_integer_format(integer, out + 1));
    }
}

/* Writes the escape of one byte that is not plain; returns its size. */
static size_t escape(uint8_t byte, char *out)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "btn-fr"; /* from \b, 8, on; 11 has none */

    out[0] = '\\';
    if (byte == '"' || byte == '\\') {
        out[1] = (char)byte;
        return 2;
    }
    if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        out[1] = letters[byte - '\b'];
        return 2;
    }
    out[1] = 'u';
    out[2] = '0';
    out[3] = '0';
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 0xF];
    return ESCAPE_BYTES_MAX;
}

/* The text without its quotes. False where it holds a zero character. */
static bool write_characters(struct trn_line_writer *writer, struct trn_slice text, bool *is_ascii)
{
    size_t at = 0;

    while (at < text.size) {
        size_t run = trn_plain_run(text.data + at, text.size - at, is_ascii);
        char *out = room_for(writer, run + ESCAPE_BYTES_MAX);

        if (out == NULL) {
            return true;
        }
        memcpy(out, text.data + at, run);
        at += run;
        if (at < text.size) {
            if (text.data[at] == 0) {
                return false;
            }
            run += escape(text.data[at++], out + run);
        }
        take(writer, run);
    }
    return true;
}

void trn_line_write_text(struct trn_line_writer *writer, struct trn_slice text)
{
    bool is_ascii = true;

    if (text.size > TRN_WIRE_STRING_MAX && writer->status == TERN_OK) {
        writer->status = TERN_ERR_TOO_LARGE;
    }
    append(writer, ",\"", 2);
    if (!write_characters(writer, text, &is_ascii)) {
        writer->status = TERN_ERR_FORMAT;
    }
    if (writer->status == TERN_OK && !is_ascii && !trn_utf8_is_valid(text)) {
        writer->status = TERN_ERR_NOT_UTF8;
    }
    append(writer, "\"", 1);
}

static void write_bytes(struct trn_line_writer *writer, const uint8_t *bytes, size_t size)
{
    size_t encoded = trn_base64_encoded_size(size);
    char *out = NULL;

    if (encoded > TRN_WIRE_STRING_MAX && writer->status == TERN_OK) {
        writer->status = TERN_ERR_TOO_LARGE;
    }
    out = room_for(writer, encoded + 3);
    if (out != NULL) {
        out[0] = ',';
        out[1] = '"';
        trn_base64_encode(bytes, size, out + 2);
        out[encoded + 2] = '"';
        take(writer, encoded + 3);
    }
}

void trn_line_write_id(struct trn_line_writer *writer, const tern_id *id)
{
    write_bytes(writer, id->bytes, sizeof(id->bytes));
}

static void write_real(struct trn_line_writer *writer, double real)
{
    char *out = room_for(writer, TRN_NUMBER_BYTES + 1);
    size_t size;

    if (out == NULL) {
        return;
    }
    out[0] = ',';
    size = trn_real_format(real, out + 1);
    if (size == 0) {
        writer->status = TERN_ERR_RANGE;
    } else {
        take(writer, 1 + size);
    }
}

/* Whether a cell that is not null is one of that type. */
static bool is_of_type(enum trn_type type, const tern_value *value)
{
    switch (type) {
    case TRN_TYPE_UUID:
        return value->kind == TERN_BLOB && value->size == ID_BYTES;
    case TRN_TYPE_BYTES:
        return value->kind == TERN_BLOB;
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
    case TRN_TYPE_JSON:
        return value->kind == TERN_TEXT;
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        return value->kind == TERN_INTEGER;
    case TRN_TYPE_BOOL:
        return value->kind == TERN_INTEGER && (value->integer == 0 || value->integer == 1);
    case TRN_TYPE_REAL:
        return value->kind == TERN_INTEGER || value->kind == TERN_REAL;
    }
    return false;
}

static void
write_of_type(struct trn_line_writer *writer, enum trn_type type, const tern_value *value)
{
    if (type == TRN_TYPE_BOOL) {
        trn_line_write_bool(writer, value->integer != 0);
    } else if (type == TRN_TYPE_REAL && value->kind == TERN_REAL) {
        write_real(writer, value->real);
    } else if (value->kind == TERN_INTEGER) {
        trn_line_write_integer(writer, value->integer);
    } else if (value->kind == TERN_TEXT) {
        trn_line_write_text(writer, trn_slice_make(value->data, value->size));
    } else {
        write_bytes(writer, value->data, value->size);
    }
}

void trn_line_write_value(struct trn_line_writer *writer,
                          const struct trn_column *column,
                          const tern_value *value)
{
    if (writer->status != TERN_OK) {
        return;
    }
    if (value->kind == TERN_NULL) {
        trn_line_write_null(writer);
    } else if (!is_of_type(column->type, value)) {
        writer->status = TERN_ERR_TYPE;
    } else {
        write_of_type(writer, column->type, value);
    }
    if (writer->status != TERN_OK) {
        writer->culprit = column;
    }
}

static tern_status fail(struct trn_line_writer *writer, tern_error *error)
{
    writer->bytes->size = writer->start;
    if (writer->bytes->data != NULL) {
        writer->bytes->data[writer->start] = 0;
    }
    if (writer->status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    if (writer->culprit == NULL) {
        return trn_fail(error, writer->status, "line %zu cannot be written", writer->lines + 1);
    }
    return trn_fail(error, writer->status, "column %s cannot be written", writer->culprit->name);
}

tern_status trn_line_finish(struct trn_line_writer *writer, tern_error *error)
{
    append(writer, "]\n", 2);
    if (writer->status != TERN_OK) {
        return fail(writer, error);
    }
    writer->start = writer->bytes->size;
    writer->lines++;
    return TERN_OK;
}

tern_status
trn_line_append(struct trn_line_writer *writer, struct trn_slice lines, tern_error *error)
{
    const uint8_t *at = lines.data;
    size_t left = lines.size;
    size_t count = 0;

    writer->start = writer->bytes->size;
    while (left != 0) {
        const uint8_t *end = memchr(at, '\n', left);

        TRN_ASSERT(end != NULL);

        count++;
        left -= (size_t)(end - at) + 1;
        at = end + 1;
    }
    if (writer->status == TERN_OK) {
        writer->status = trn_bytes_append_slice(writer->bytes, lines);
    }
    if (writer->status != TERN_OK) {
        return fail(writer, error);
    }
    writer->start = writer->bytes->size;
    writer->lines += count;
    return TERN_OK;
}

tern_status trn_line_write_last(struct trn_line_writer *writer, tern_error *error)
{
    size_t before = writer->lines;

    trn_line_begin(writer, 'z');
    trn_line_write_integer(writer, (int64_t)before);
    return trn_line_finish(writer, error);
}
