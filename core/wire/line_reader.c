/* Reading lines: one cursor, bounded by the line's newline, which no token may contain. */
#include "wire/line.h"

#include <string.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/digits.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "wire/escape.h"
#include "wire/limits.h"
#include "wire/plain.h"

enum { DIGITS_SAFE = 18, ID_BYTES = 16 };

tern_status trn_line_fail(const struct trn_line_reader *reader,
                          tern_status status,
                          const char *what,
                          tern_error *error)
{
    if (reader->member == 0) {
        return trn_fail(error, status, "line %zu: %s", reader->count, what);
    }
    return trn_fail(error, status, "line %zu, member %zu: %s", reader->count, reader->member, what);
}

static tern_status malformed(const struct trn_line_reader *reader, tern_error *error)
{
    return trn_line_fail(reader, TERN_ERR_PROTOCOL, "not JSON", error);
}

void trn_line_reader_open(struct trn_line_reader *reader, struct trn_slice body)
{
    *reader = (struct trn_line_reader){.body = body};
}

void trn_line_reader_free(struct trn_line_reader *reader)
{
    trn_bytes_free(&reader->scratch);
}

static void skip_space(struct trn_line_reader *reader)
{
    while (*reader->cursor == ' ' || *reader->cursor == '\t' || *reader->cursor == '\r') {
        reader->cursor++;
    }
}

/* Behind a member: a comma and another one, or the closing bracket. */
static tern_status finish_member(struct trn_line_reader *reader, tern_error *error)
{
    skip_space(reader);
    if (*reader->cursor == ']') {
        return TERN_OK;
    }
    if (*reader->cursor != ',') {
        return malformed(reader, error);
    }
    reader->cursor++;
    skip_space(reader);
    return *reader->cursor == ']' ? malformed(reader, error) : TERN_OK;
}

tern_status trn_line_next(struct trn_line_reader *reader, bool *ret_any, tern_error *error)
{
    size_t left = reader->body.size - reader->at;
    const uint8_t *end;

    if (left == 0) {
        *ret_any = false;
        return TERN_OK;
    }
    reader->line = reader->body.data + reader->at;
    reader->cursor = reader->line;
    reader->member = 0;
    reader->count++;
    end = memchr(reader->line, '\n', left);
    if (end == NULL) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "cut off", error);
    }
    reader->end = end;
    reader->at += (size_t)(end - reader->line) + 1;
    /* Neither a text without its escapes nor base64 decoded is longer than its spelling: twice the
     * line is room for both, and nothing borrowed from the buffer moves. */
    trn_bytes_clear(&reader->scratch);
    if (trn_bytes_reserve(&reader->scratch, 2 * (size_t)(end - reader->line)) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    skip_space(reader);
    if (*reader->cursor != '[') {
        return malformed(reader, error);
    }
    reader->cursor++;
    skip_space(reader);
    *ret_any = true;
    return TERN_OK;
}

struct trn_slice trn_line_bytes(const struct trn_line_reader *reader)
{
    return trn_slice_make(reader->line, (size_t)(reader->end - reader->line) + 1);
}

bool trn_line_has_more(const struct trn_line_reader *reader)
{
    return *reader->cursor != ']';
}

bool trn_line_is_null(const struct trn_line_reader *reader)
{
    return *reader->cursor == 'n';
}

static tern_status scan_word(struct trn_line_reader *reader,
                             const char *word,
                             size_t size,
                             enum trn_token_kind kind,
                             struct trn_token *ret_token,
                             tern_error *error)
{
    if ((size_t)(reader->end - reader->cursor) < size || memcmp(reader->cursor, word, size) != 0) {
        return malformed(reader, error);
    }
    reader->cursor += size;
    ret_token->kind = kind;
    return TERN_OK;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static const uint8_t *skip_digits(const uint8_t *at)
{
    while (is_digit(*at)) {
        at++;
    }
    return at;
}

/* The digits from `at` as an integer. False where it does not fit. */
static bool sum_digits(const uint8_t *at, const uint8_t *end, bool negative, int64_t *ret_integer)
{
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;

    if (end - at > DIGITS_SAFE + 1) {
        return false;
    }
    for (; at < end; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (value > limit) {
        return false;
    }
    *ret_integer = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Behind the integer digits of a number: its fraction and exponent. NULL where they are malformed.
 */
static const uint8_t *skip_fraction(const uint8_t *at)
{
    if (*at == '.') {
        if (!is_digit(at[1])) {
            return NULL;
        }
        at = skip_digits(at + 1);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        return is_digit(*at) ? skip_digits(at) : NULL;
    }
    return at;
}

static tern_status
scan_number(struct trn_line_reader *reader, struct trn_token *ret_token, tern_error *error)
{
    const uint8_t *start = reader->cursor;
    bool negative = *start == '-';
    const uint8_t *digits = start + negative;
    const uint8_t *at = skip_digits(digits);
    struct trn_slice text;

    if (at == digits || (*digits == '0' && at - digits > 1)) {
        return malformed(reader, error);
    }
    if (*at != '.' && *at != 'e' && *at != 'E') {
        if (!sum_digits(digits, at, negative, &ret_token->integer)) {
            return trn_line_fail(reader, TERN_ERR_PROTOCOL, "integer beyond 64 bits", error);
        }
        ret_token->kind = TRN_TOKEN_INTEGER;
        reader->cursor = at;
        return TERN_OK;
    }
    at = skip_fraction(at);
    if (at == NULL) {
        return malformed(reader, error);
    }
    text = trn_slice_make(start, (size_t)(at - start));
    if (!trn_real_parse(text, &ret_token->real)) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "number beyond a double", error);
    }
    ret_token->kind = TRN_TOKEN_REAL;
    reader->cursor = at;
    return TERN_OK;
}

static tern_status
scan_text(struct trn_line_reader *reader, struct trn_token *ret_token, tern_error *error)
{
    const uint8_t *start = ++reader->cursor;
    bool is_ascii = true;
    size_t run = trn_plain_run(start, (size_t)(reader->end - start), &is_ascii);

    ret_token->kind = TRN_TOKEN_TEXT;
    if (start[run] == '"') {
        reader->cursor += run;
        ret_token->text = trn_slice_make(start, run);
    } else if (!trn_escape_decode(reader, &is_ascii, &ret_token->text)) {
        return malformed(reader, error);
    }
    reader->cursor++;
    if (ret_token->text.size > TRN_WIRE_STRING_MAX) {
        return trn_line_fail(reader, TERN_ERR_TOO_LARGE, "text above the cap", error);
    }
    if (!is_ascii && !trn_utf8_is_valid(ret_token->text)) {
        return trn_line_fail(reader, TERN_ERR_NOT_UTF8, "text is not UTF-8", error);
    }
    return TERN_OK;
}

static tern_status
scan_token(struct trn_line_reader *reader, struct trn_token *ret_token, tern_error *error)
{
    switch (*reader->cursor) {
    case '"':
        return scan_text(reader, ret_token, error);
    case 'n':
        return scan_word(reader, "null", 4, TRN_TOKEN_NULL, ret_token, error);
    case 't':
        return scan_word(reader, "true", 4, TRN_TOKEN_TRUE, ret_token, error);
    case 'f':
        return scan_word(reader, "false", 5, TRN_TOKEN_FALSE, ret_token, error);
    case '[':
    case '{':
        return trn_line_fail(reader, TERN_ERR_TOO_DEEP, "nothing is nested in a line", error);
    case ']':
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "missing", error);
    default:
        return scan_number(reader, ret_token, error);
    }
}

tern_status
trn_line_read(struct trn_line_reader *reader, struct trn_token *ret_token, tern_error *error)
{
    tern_status status;

    TRN_ASSERT(reader->cursor != NULL && reader->cursor <= reader->end);

    reader->member++;
    status = scan_token(reader, ret_token, error);
    return status == TERN_OK ? finish_member(reader, error) : status;
}

static tern_status read_kind(struct trn_line_reader *reader,
                             enum trn_token_kind kind,
                             const char *expected,
                             struct trn_token *ret_token,
                             tern_error *error)
{
    tern_status status = trn_line_read(reader, ret_token, error);

    if (status == TERN_OK && ret_token->kind != kind) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, expected, error);
    }
    return status;
}

tern_status
trn_line_read_integer(struct trn_line_reader *reader, int64_t *ret_integer, tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_status status = read_kind(reader, TRN_TOKEN_INTEGER, "not an integer", &token, error);

    if (status == TERN_OK) {
        *ret_integer = token.integer;
    }
    return status;
}

tern_status trn_line_read_count(struct trn_line_reader *reader,
                                int64_t min,
                                int64_t max,
                                int64_t *ret_integer,
                                tern_error *error)
{
    int64_t integer = 0;
    tern_status status = trn_line_read_integer(reader, &integer, error);

    if (status == TERN_OK && (integer < min || integer > max)) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "out of range", error);
    }
    if (status == TERN_OK) {
        *ret_integer = integer;
    }
    return status;
}

tern_status trn_line_read_bool(struct trn_line_reader *reader, bool *ret_bool, tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_status status = trn_line_read(reader, &token, error);

    if (status != TERN_OK) {
        return status;
    }
    if (token.kind != TRN_TOKEN_TRUE && token.kind != TRN_TOKEN_FALSE) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "neither true nor false", error);
    }
    *ret_bool = token.kind == TRN_TOKEN_TRUE;
    return TERN_OK;
}

tern_status
trn_line_read_text(struct trn_line_reader *reader, struct trn_slice *ret_text, tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_status status = read_kind(reader, TRN_TOKEN_TEXT, "not a text", &token, error);

    if (status == TERN_OK) {
        *ret_text = token.text;
    }
    return status;
}

tern_status trn_line_read_id(struct trn_line_reader *reader, tern_id *ret_id, tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_status status = read_kind(reader, TRN_TOKEN_TEXT, "not an id", &token, error);

    if (status == TERN_OK && !trn_id_from_wire(token.text, ret_id)) {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "not an id", error);
    }
    return status;
}

static tern_value text_value(const struct trn_token *token)
{
    return (tern_value){.kind = TERN_TEXT, .data = token->text.data, .size = token->text.size};
}

/* Base64, decoded into the scratch buffer. */
static bool
decode_bytes(struct trn_line_reader *reader, const struct trn_token *token, tern_value *ret_value)
{
    struct trn_bytes *scratch = &reader->scratch;
    uint8_t *room = scratch->data + scratch->size;

    if (!trn_base64_decode(token->text, room)) {
        return false;
    }
    *ret_value = tern_value_blob(room, trn_base64_decoded_size(token->text.size));
    scratch->size += ret_value->size;
    return true;
}

static tern_value number_value(const struct trn_token *token)
{
    return tern_value_real(token->kind == TRN_TOKEN_INTEGER ? (double)token->integer : token->real);
}

static bool is_kind_of(enum trn_token_kind kind, enum trn_type type)
{
    switch (type) {
    case TRN_TYPE_UUID:
    case TRN_TYPE_BYTES:
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
    case TRN_TYPE_JSON:
        return kind == TRN_TOKEN_TEXT;
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        return kind == TRN_TOKEN_INTEGER;
    case TRN_TYPE_BOOL:
        return kind == TRN_TOKEN_TRUE || kind == TRN_TOKEN_FALSE;
    case TRN_TYPE_REAL:
        return kind == TRN_TOKEN_INTEGER || kind == TRN_TOKEN_REAL;
    }
    return false;
}

/* The token, which is of that type's kind, as a cell; false for base64 that is none. */
static bool value_of(struct trn_line_reader *reader,
                     const struct trn_token *token,
                     enum trn_type type,
                     tern_value *ret_value)
{
    switch (type) {
    case TRN_TYPE_UUID:
        return decode_bytes(reader, token, ret_value) && ret_value->size == ID_BYTES;
    case TRN_TYPE_BYTES:
        return decode_bytes(reader, token, ret_value);
    case TRN_TYPE_BOOL:
        *ret_value = tern_value_integer(token->kind == TRN_TOKEN_TRUE);
        break;
    case TRN_TYPE_REAL:
        *ret_value = number_value(token);
        break;
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        *ret_value = tern_value_integer(token->integer);
        break;
    default:
        *ret_value = text_value(token);
        break;
    }
    return true;
}

tern_status trn_line_read_value(struct trn_line_reader *reader,
                                const struct trn_column *column,
                                tern_value *ret_value,
                                tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_value value;
    tern_status status = trn_line_read(reader, &token, error);

    if (status != TERN_OK) {
        return status;
    }
    if (token.kind == TRN_TOKEN_NULL) {
        value = tern_value_null();
    } else if (!is_kind_of(token.kind, column->type) ||
               !value_of(reader, &token, column->type, &value)) {
        return trn_fail(error,
                        TERN_ERR_TYPE,
                        "line %zu, column %s: not of the column's type",
                        reader->count,
                        column->name);
    }
    *ret_value = value;
    return TERN_OK;
}

tern_status trn_line_read_end(struct trn_line_reader *reader, tern_error *error)
{
    if (*reader->cursor != ']') {
        return trn_line_fail(reader, TERN_ERR_PROTOCOL, "more members than known", error);
    }
    reader->cursor++;
    skip_space(reader);
    return reader->cursor == reader->end ? TERN_OK : malformed(reader, error);
}

tern_status trn_line_skip(struct trn_line_reader *reader, tern_error *error)
{
    struct trn_token token = {.kind = TRN_TOKEN_NULL};
    tern_status status = TERN_OK;

    while (status == TERN_OK && trn_line_has_more(reader)) {
        status = trn_line_read(reader, &token, error);
    }
    return status == TERN_OK ? trn_line_read_end(reader, error) : status;
}
