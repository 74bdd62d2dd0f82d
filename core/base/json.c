/*
 * jansson (2.14) drops a byte of a token where the buffer of its tokens cannot grow, and says
 * nothing: the text comes out shorter, or, where that byte ended it, what lies behind the buffer is
 * read, and written over what lies behind another. So the text is read as the second item of an
 * array whose first, the primer, is as long as any token of the text may be: once that one has come
 * through whole, the buffer never grows again.
 */
#include "base/json.h"

#include <stdbool.h>
#include <string.h>

enum { PART_BEGIN, PART_PRIMER, PART_BETWEEN, PART_TEXT, PART_END, PARTS };

struct source {
    struct trn_slice parts[PARTS]; /* what is still to be given of each; the primer has no data */
    unsigned part;
};

/* The bytes of the longest string, with its quotes, or of what stands between two marks. */
static size_t longest_token(struct trn_slice text)
{
    bool in_string = false;
    size_t longest = 0;
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];

        size++;
        if (in_string && byte == '\\' && i + 1 < text.size) {
            i++;
            size++;
        } else if (byte == '"') {
            in_string = !in_string;
            size = in_string ? 1 : size;
        } else if (!in_string && strchr(" \t\r\n,:[]{}", byte) != NULL) {
            size = 0;
        }
        longest = size > longest ? size : longest;
    }
    return longest;
}

/* A power of two, since then neither the primer's last byte nor its closing quote is the one that
 * the buffer, which grows to such sizes less one, has no room for. */
static size_t primer_size(struct trn_slice text)
{
    size_t longest = longest_token(text);
    size_t size = 16;

    while (size < longest) {
        size *= 2;
    }
    return size;
}

static size_t feed(void *buffer, size_t room, void *context)
{
    struct source *source = context;
    struct trn_slice *part;
    size_t size;

    while (source->part < PARTS && source->parts[source->part].size == 0) {
        source->part++;
    }
    if (source->part == PARTS) {
        return 0;
    }
    part = &source->parts[source->part];
    size = part->size < room ? part->size : room;
    if (source->part == PART_PRIMER) {
        memset(buffer, 'x', size);
    } else {
        memcpy(buffer, part->data, size);
        part->data += size;
    }
    part->size -= size;
    return size;
}

static json_t *load_array(struct trn_slice text, size_t primer, size_t flags, json_error_t *reason)
{
    struct source source = {.parts = {[PART_BEGIN] = trn_slice_text("[\""),
                                      [PART_PRIMER] = {.size = primer},
                                      [PART_BETWEEN] = trn_slice_text("\",\n"),
                                      [PART_TEXT] = text,
                                      [PART_END] = trn_slice_text("]")}};

    return json_load_callback(feed, &source, flags, reason);
}

/* The text alone, out of the array. */
static tern_status unwrap(json_t *array, size_t primer, json_t **ret_json, json_error_t *ret_reason)
{
    if (json_string_length(json_array_get(array, 0)) != primer) {
        return TERN_ERR_NOMEM;
    }
    if (json_array_size(array) != 2) {
        ret_reason->line = 0;
        return TERN_ERR_FORMAT;
    }
    *ret_json = json_incref(json_array_get(array, 1));
    return TERN_OK;
}

enum { HEARD_ENOUGH = 3, READINGS = 6 };

/* What readings were refused for. Some failed allocations are called syntax errors, and two of
 * these may be alike; so a refusal is believed once it was heard three times in a row. */
struct refusal {
    json_error_t last;
    unsigned heard; /* in a row */
    unsigned readings;
};

/* Whether to read again; where none is heard often enough at last, memory runs out. */
static bool is_doubtful(struct refusal *refusal, const json_error_t *reason)
{
    bool is_alike = refusal->heard > 0 && refusal->last.position == reason->position &&
                    strcmp(refusal->last.text, reason->text) == 0;

    refusal->heard = reason->text[0] == '\0' ? 0 : is_alike ? refusal->heard + 1 : 1;
    refusal->last = *reason;
    refusal->readings++;
    return refusal->heard < HEARD_ENOUGH && refusal->readings < READINGS;
}

tern_status
trn_json_load(struct trn_slice text, size_t flags, json_t **ret_json, json_error_t *ret_reason)
{
    size_t primer = primer_size(text);
    struct refusal refusal = {.heard = 0};
    json_t *array;
    tern_status status;

    do {
        array = load_array(text, primer, flags, ret_reason);
    } while (array == NULL && is_doubtful(&refusal, ret_reason));
    ret_reason->line -= 1; /* the primer's */
    if (array == NULL) {
        return refusal.heard < HEARD_ENOUGH || ret_reason->line < 1 ||
                       json_error_code(ret_reason) == json_error_out_of_memory
                   ? TERN_ERR_NOMEM
                   : TERN_ERR_FORMAT;
    }
    status = unwrap(array, primer, ret_json, ret_reason);
    json_decref(array);
    return status;
}

/* ---- What jansson cannot represent ---- */

/* jansson knows a few rules beyond the grammar, about what it can represent. */
static bool is_beyond_grammar(const json_error_t *reason)
{
    return json_error_code(reason) == json_error_numeric_overflow ||
           strncmp(reason->text, "invalid Unicode", strlen("invalid Unicode")) == 0;
}

/* A walk over the text that leaves out, or writes otherwise, what is beyond them. */
struct softening {
    bool in_text;
    bool escaped;     /* the byte before was a backslash in a text */
    bool in_exponent; /* of a number */
    unsigned unicode; /* hexadecimal digits of \u that are to come */
    unsigned digits;  /* of a number so far, up to its point or from there on */
};

enum { DIGITS_MAX = 18 };

/* The first digit of an escape decides whether it is half of a pair: 0 is none. */
static uint8_t soften_text(struct softening *at, uint8_t byte)
{
    uint8_t soft = at->unicode == 4 && (byte == 'd' || byte == 'D') ? '0' : byte;

    if (at->unicode > 0) {
        at->unicode--;
    } else if (at->escaped) {
        at->escaped = false;
        at->unicode = byte == 'u' ? 4 : 0;
    } else {
        at->escaped = byte == '\\';
        at->in_text = byte != '"';
    }
    return soft;
}

/* 0 where the byte is left out. */
static uint8_t soften_other(struct softening *at, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return at->in_exponent ? '0' : ++at->digits > DIGITS_MAX ? 0 : byte;
    }
    at->in_exponent =
        byte == 'e' || byte == 'E' || (at->in_exponent && (byte == '+' || byte == '-'));
    at->digits = 0;
    at->in_text = byte == '"';
    return byte;
}

/* The grammar of it is the same. */
static tern_status soften(struct trn_slice text, struct trn_bytes *softened)
{
    struct softening at = {.in_text = false};
    tern_status status = trn_bytes_reserve(softened, text.size);

    for (size_t i = 0; i < text.size && status == TERN_OK; i++) {
        uint8_t byte =
            at.in_text ? soften_text(&at, text.data[i]) : soften_other(&at, text.data[i]);

        if (byte != 0) {
            status = trn_bytes_append_byte(softened, byte);
        }
    }
    return status;
}

tern_status trn_json_load_any(struct trn_slice text, json_t **ret_json, json_error_t *ret_reason)
{
    struct trn_bytes softened = {0};
    tern_status status = trn_json_load(text, JSON_ALLOW_NUL, ret_json, ret_reason);

    /* It stopped there, and what follows may be anything. */
    if (status == TERN_ERR_FORMAT && is_beyond_grammar(ret_reason)) {
        status = soften(text, &softened);
        if (status == TERN_OK) {
            status =
                trn_json_load(trn_bytes_slice(&softened), JSON_ALLOW_NUL, ret_json, ret_reason);
        }
        trn_bytes_free(&softened);
    }
    return status;
}
