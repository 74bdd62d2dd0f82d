/* Envelopes by jansson; its messages quote the text and are never passed on. */
#include "wire/envelope.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/uuid.h"
#include "wire/limits.h"

/* Whether brackets outside of texts nest deeper than allowed: looked at before the parser recurses.
 */
static bool is_too_deep(struct trn_slice text)
{
    unsigned depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];

        if (in_text) {
            i += byte == '\\';
            in_text = byte != '"';
        } else if (byte == '"') {
            in_text = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > TRN_WIRE_ENVELOPE_DEPTH_MAX) {
                return true;
            }
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static tern_status load(struct trn_slice text, json_t **ret_json)
{
    json_error_t cause = {.line = 0};
    tern_status status = trn_json_load(text, JSON_REJECT_DUPLICATES, ret_json, &cause);

    if (status != TERN_ERR_FORMAT) {
        return status;
    }
    return json_error_code(&cause) == json_error_invalid_utf8 ? TERN_ERR_NOT_UTF8
                                                              : TERN_ERR_PROTOCOL;
}

tern_status
trn_envelope_parse(struct trn_slice text, const char *what, json_t **ret_object, tern_error *error)
{
    json_t *object = NULL;
    tern_status status;

    if (text.size > TRN_WIRE_STRING_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "%s: above the cap", what);
    }
    if (is_too_deep(text)) {
        return trn_fail(error, TERN_ERR_TOO_DEEP, "%s: nested too deep", what);
    }
    status = load(text, &object);
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    if (status != TERN_OK) {
        return trn_fail(error, status, "%s: not JSON in UTF-8", what);
    }
    if (!json_is_object(object)) {
        json_decref(object);
        return trn_fail(error, TERN_ERR_PROTOCOL, "%s: no object", what);
    }
    *ret_object = object;
    return TERN_OK;
}

tern_status trn_envelope_line(struct trn_slice body, struct trn_slice *ret_line, tern_error *error)
{
    const uint8_t *end = body.size != 0 ? memchr(body.data, '\n', body.size) : NULL;

    if (end == NULL) {
        return trn_fail(error, TERN_ERR_PROTOCOL, "envelope: cut off");
    }
    *ret_line = trn_slice_make(body.data, (size_t)(end - body.data));
    return TERN_OK;
}

void trn_envelope_pass(struct trn_line_reader *lines, struct trn_slice body, struct trn_slice line)
{
    trn_line_reader_open(lines, body);
    lines->at = line.size + 1;
    lines->count = 1;
}

struct spelling {
    struct trn_bytes *bytes;
    bool failed;
};

/* jansson passes over the failure of a key's chunk, so one failure is all chunks'. */
static int append_chunk(const char *chunk, size_t size, void *context)
{
    struct spelling *spelling = context;

    spelling->failed =
        spelling->failed || trn_bytes_append(spelling->bytes, chunk, size) != TERN_OK;
    return spelling->failed ? -1 : 0;
}

tern_status trn_envelope_append(struct trn_bytes *bytes, const json_t *object, tern_error *error)
{
    size_t before = bytes->size;
    struct spelling spelling = {.bytes = bytes};

    if (json_dump_callback(object, append_chunk, &spelling, JSON_COMPACT) != 0 || spelling.failed) {
        bytes->size = before;
        if (bytes->data != NULL) {
            bytes->data[before] = 0;
        }
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

tern_status
trn_envelope_write(struct trn_line_writer *writer, const json_t *object, tern_error *error)
{
    struct trn_bytes text = {0};
    tern_status status = TERN_ERR_NOMEM;

    if (object != NULL) {
        status = trn_envelope_append(&text, object, error);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append_byte(&text, '\n');
    }
    if (status == TERN_OK) {
        status = trn_line_append(writer, trn_bytes_slice(&text), error);
    } else {
        status = trn_fail_nomem(error);
    }
    trn_bytes_free(&text);
    return status;
}

tern_status trn_envelope_fail(const char *name, tern_error *error)
{
    return trn_fail(error, TERN_ERR_PROTOCOL, "envelope: \"%s\" is missing or wrong", name);
}

tern_status trn_envelope_integer(const json_t *object,
                                 const char *name,
                                 int64_t min,
                                 int64_t max,
                                 int64_t *ret_integer,
                                 tern_error *error)
{
    const json_t *member = json_object_get(object, name);
    int64_t integer = json_integer_value(member);

    if (!json_is_integer(member) || integer < min || integer > max) {
        return trn_envelope_fail(name, error);
    }
    *ret_integer = integer;
    return TERN_OK;
}

tern_status
trn_envelope_bool(const json_t *object, const char *name, bool *ret_bool, tern_error *error)
{
    const json_t *member = json_object_get(object, name);

    if (!json_is_boolean(member)) {
        return trn_envelope_fail(name, error);
    }
    *ret_bool = json_is_true(member);
    return TERN_OK;
}

tern_status trn_envelope_text(const json_t *object,
                              const char *name,
                              struct trn_slice *ret_text,
                              tern_error *error)
{
    const json_t *member = json_object_get(object, name);

    if (!json_is_string(member)) {
        return trn_envelope_fail(name, error);
    }
    *ret_text = trn_slice_make(json_string_value(member), json_string_length(member));
    return TERN_OK;
}

tern_status
trn_envelope_id(const json_t *object, const char *name, tern_id *ret_id, tern_error *error)
{
    struct trn_slice text = {0};
    tern_status status = trn_envelope_text(object, name, &text, error);

    if (status == TERN_OK && !trn_id_from_wire(text, ret_id)) {
        return trn_envelope_fail(name, error);
    }
    return status;
}

json_t *trn_envelope_make_id(const tern_id *id)
{
    char text[TRN_ID_WIRE_SIZE + 1];

    trn_id_to_wire(id, text);
    return json_stringn_nocheck(text, TRN_ID_WIRE_SIZE);
}
