/* By jansson: these objects are small and rare. */
#include "wire/values.h"

#include <jansson.h>
#include <string.h>

#include "base/base64.h"
#include "base/digits.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/change.h"
#include "wire/envelope.h"
#include "wire/limits.h"

enum { ESCAPE_BYTES_MAX = 6 };

/* ---- Writing ---- */

static json_t *write_blob(const tern_value *value)
{
    size_t size = trn_base64_encoded_size(value->size);
    char *text = trn_alloc(size + 1);
    json_t *json = NULL;

    if (text != NULL) {
        trn_base64_encode(value->data, value->size, text);
        json = json_stringn(text, size);
        trn_free(text);
    }
    return json;
}

static json_t *write_value(const struct trn_column *column, const tern_value *value)
{
    switch (value->kind) {
    case TERN_NULL:
        return json_null();
    case TERN_INTEGER:
        return column->type == TRN_TYPE_BOOL ? json_boolean(value->integer != 0)
                                             : json_integer(value->integer);
    case TERN_REAL:
        return json_real(value->real);
    case TERN_TEXT:
        return json_stringn(value->size == 0 ? "" : value->data, value->size);
    case TERN_BLOB:
        return write_blob(value);
    }
    return NULL;
}

tern_status trn_values_write(const struct trn_table *table,
                             uint64_t columns,
                             const tern_value *values,
                             struct trn_bytes *text,
                             tern_error *error)
{
    json_t *object = json_object();
    bool failed = object == NULL;
    tern_status status;

    for (size_t i = 0; i < table->column_count && !failed; i++) {
        if ((columns >> i & 1) != 0) {
            failed = json_object_set_new(object,
                                         table->columns[i].name,
                                         write_value(&table->columns[i], &values[i])) != 0;
        }
    }
    status = failed ? trn_fail_nomem(error) : trn_envelope_append(text, object, error);
    json_decref(object);
    return status;
}

/* ---- Sizes ---- */

static bool is_long(const tern_value *value)
{
    return value->kind == TERN_TEXT || value->kind == TERN_BLOB;
}

/* Lines and JSON objects spell a value alike. */
static size_t spelled_size(const tern_value *value)
{
    const uint8_t *bytes = value->data;
    size_t size = value->size + 2;

    if (!is_long(value)) {
        return TRN_NUMBER_BYTES;
    }
    if (value->kind == TERN_BLOB) {
        return trn_base64_encoded_size(value->size) + 2;
    }
    for (size_t i = 0; i < value->size; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\' ||
            (bytes[i] >= '\b' && bytes[i] <= '\r' && bytes[i] != '\v')) {
            size += 1;
        } else if (bytes[i] < 0x20) {
            size += ESCAPE_BYTES_MAX - 1;
        }
    }
    return size;
}

/* What most values are far below of, without a look at their bytes. */
static size_t bound_of(const tern_value *value)
{
    return is_long(value) ? value->size * ESCAPE_BYTES_MAX + 2 : TRN_NUMBER_BYTES;
}

static size_t
unit_size(const struct trn_table *table, size_t unit, const tern_value *values, bool exactly)
{
    const struct trn_unit *described = &table->units[unit];
    size_t size = sizeof "{}" - 2; /* a comma each, but for one */

    for (size_t i = 0; i < described->column_count; i++) {
        const uint16_t column = described->columns[i];

        size += strlen(table->columns[column].name) + sizeof "\"\":," - 1;
        size += exactly ? spelled_size(&values[column]) : bound_of(&values[column]);
    }
    return size;
}

bool trn_values_fit(const struct trn_table *table, size_t unit, const tern_value *values)
{
    return unit == TRN_UNIT_EXISTENCE ||
           unit_size(table, unit, values, false) <= TRN_WIRE_STRING_MAX ||
           unit_size(table, unit, values, true) <= TRN_WIRE_STRING_MAX;
}

tern_status
trn_values_check_size(const struct trn_table *table, const tern_value *values, tern_error *error)
{
    size_t size = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        size += spelled_size(&values[i]) + 1;
    }
    return size <= TRN_WIRE_ROW_BYTES_MAX
               ? TERN_OK
               : trn_fail(error,
                          TERN_ERR_TOO_LARGE,
                          "%s: a row is longer than the protocol takes, 7 MiB",
                          table->name);
}

/* ---- Reading ---- */

static tern_status damaged(tern_error *error)
{
    return trn_fail(error, TERN_ERR_CORRUPT, "kept values that are none of their table");
}

static bool is_blob(enum trn_type type)
{
    return type == TRN_TYPE_UUID || type == TRN_TYPE_BYTES;
}

static bool read_blob(const json_t *json, struct trn_bytes *blobs, tern_value *ret_value)
{
    struct trn_slice text = trn_slice_make(json_string_value(json), json_string_length(json));
    size_t size = trn_base64_decoded_size(text.size);
    uint8_t *place = blobs->data + blobs->size; /* room was made for all of them */

    if (!trn_base64_decode(text, place)) {
        return false;
    }
    blobs->size += size;
    *ret_value = tern_value_blob(place, size);
    return true;
}

static bool read_value(const struct trn_column *column,
                       const json_t *json,
                       struct trn_bytes *blobs,
                       tern_value *ret_value)
{
    if (json_is_null(json)) {
        *ret_value = tern_value_null();
        return true;
    }
    if (json_is_boolean(json)) {
        *ret_value = tern_value_integer(json_is_true(json) ? 1 : 0);
        return column->type == TRN_TYPE_BOOL;
    }
    if (column->type == TRN_TYPE_REAL && json_is_number(json)) {
        *ret_value = tern_value_real(json_number_value(json));
        return true;
    }
    if (json_is_integer(json)) {
        *ret_value = tern_value_integer(json_integer_value(json));
        return column->type == TRN_TYPE_INTEGER || column->type == TRN_TYPE_BIGINT ||
               column->type == TRN_TYPE_TIMESTAMPTZ;
    }
    if (!json_is_string(json)) {
        return false;
    }
    if (is_blob(column->type)) {
        return read_blob(json, blobs, ret_value);
    }
    *ret_value = (tern_value){.kind = TERN_TEXT,
                              .data = json_string_value(json),
                              .size = json_string_length(json)};
    return column->type == TRN_TYPE_TEXT || column->type == TRN_TYPE_DECIMAL ||
           column->type == TRN_TYPE_DATE || column->type == TRN_TYPE_ENUM ||
           column->type == TRN_TYPE_JSON;
}

static bool read_members(const struct trn_table *table, struct trn_values *values)
{
    const json_t *deleted = json_object_get(values->object, "deleted_at");

    for (size_t i = 0; i < table->column_count; i++) {
        const json_t *json = json_object_get(values->object, table->columns[i].name);

        if (json == NULL) {
            continue;
        }
        if (!read_value(&table->columns[i], json, &values->blobs, &values->values[i])) {
            return false;
        }
        values->columns |= UINT64_C(1) << i;
    }
    values->has_deleted = deleted != NULL;
    values->deleted_at_us = json_integer_value(deleted);
    return true;
}

tern_status trn_values_read(const struct trn_table *table,
                            struct trn_slice text,
                            struct trn_values *ret_values,
                            tern_error *error)
{
    struct trn_values values = {.values = trn_calloc(TRN_COLUMNS_MAX, sizeof(tern_value))};
    json_t *object = NULL;
    tern_status status = TERN_OK;

    if (values.values == NULL || trn_bytes_reserve(&values.blobs, text.size) != TERN_OK) {
        trn_values_free(&values);
        return trn_fail_nomem(error);
    }
    status = trn_envelope_parse(text, "kept values", &object, NULL);
    values.object = object;
    if (status == TERN_ERR_NOMEM) {
        status = trn_fail_nomem(error);
    } else if (status != TERN_OK || !read_members(table, &values)) {
        status = damaged(error);
    }
    if (status != TERN_OK) {
        trn_values_free(&values);
        return status;
    }
    *ret_values = values;
    return TERN_OK;
}

void trn_values_free(struct trn_values *values)
{
    json_decref(values->object);
    trn_bytes_free(&values->blobs);
    trn_free(values->values);
    memset(values, 0, sizeof *values);
}
