/* Ids derived from natural keys: the same key gives the same id on every device, for ever, so
 * nothing here may change once rows exist. */
#include "model/change.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/uuid.h"

enum { KEY_BYTES = 120 }; /* as JSON, mostly */

/* f62bc345-c465-459d-86fc-496a0ae4dffa, drawn once: the namespace of the tables' names. */
/* clang-format off */
static const tern_id tables_space = {{
    0xF6, 0x2B, 0xC3, 0x45, 0xC4, 0x65, 0x45, 0x9D,
    0x86, 0xFC, 0x49, 0x6A, 0x0A, 0xE4, 0xDF, 0xFA,
}};
/* clang-format on */

tern_status trn_natural_space(const char *table, tern_id *ret_space)
{
    return trn_id_v5(&tables_space, trn_slice_text(table), ret_space);
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* The escapes of RFC 8785: the short ones, and \u00xx for other controls. */
static tern_status append_escape(struct trn_bytes *json, uint8_t byte)
{
    static const char escaped[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    const char *found = byte == 0 ? NULL : strchr(escaped, byte);

    return found != NULL ? trn_bytes_append_format(json, "\\%c", letters[found - escaped])
                         : trn_bytes_append_format(json, "\\u%04x", byte);
}

static tern_status append_text(struct trn_bytes *json, const tern_value *value)
{
    const uint8_t *bytes = value->data;
    tern_status status = trn_bytes_append_byte(json, '"');
    size_t at = 0;

    while (at < value->size && status == TERN_OK) {
        size_t end = at;

        while (end < value->size && is_plain(bytes[end])) {
            end++;
        }
        status = trn_bytes_append(json, bytes + at, end - at);
        if (status == TERN_OK && end < value->size) {
            status = append_escape(json, bytes[end++]);
        }
        at = end;
    }
    return status == TERN_OK ? trn_bytes_append_byte(json, '"') : status;
}

static tern_status append_id(struct trn_bytes *json, const tern_value *value)
{
    char text[TRN_ID_TEXT_SIZE + 3] = "\"";
    tern_id id;

    memcpy(id.bytes, value->data, sizeof(id.bytes));
    trn_id_format(&id, text + 1);
    text[1 + TRN_ID_TEXT_SIZE] = '"';
    return trn_bytes_append(json, text, TRN_ID_TEXT_SIZE + 2);
}

static tern_status
append_value(struct trn_bytes *json, const struct trn_column *column, const tern_value *value)
{
    if (value->kind == TERN_TEXT) {
        return append_text(json, value);
    }
    if (value->kind == TERN_BLOB) {
        return append_id(json, value);
    }
    if (column->type == TRN_TYPE_BOOL) {
        return trn_bytes_append_text(json, value->integer != 0 ? "true" : "false");
    }
    return trn_bytes_append_format(json, "%" PRId64, value->integer);
}

/* Texts, whole numbers and ids can be in a key; a schema document with another is not loaded. */
static bool can_be_key(const struct trn_column *column, const tern_value *value)
{
    if (column->type == TRN_TYPE_UUID) {
        return value->kind == TERN_BLOB && value->size == sizeof(tern_id);
    }
    return value->kind == TERN_TEXT || value->kind == TERN_INTEGER;
}

static tern_status
append_key(struct trn_bytes *json, const struct trn_table *table, const tern_value *values)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->natural_key_count && status == TERN_OK; i++) {
        uint16_t column = table->natural_key[i];

        status = trn_bytes_append_byte(json, i == 0 ? '[' : ',');
        if (status == TERN_OK) {
            status = append_value(json, &table->columns[column], &values[column]);
        }
    }
    return status == TERN_OK ? trn_bytes_append_byte(json, ']') : status;
}

static tern_status check_key(const struct trn_table *table,
                             const tern_value *values,
                             bool *ret_null,
                             tern_error *error)
{
    *ret_null = false;
    for (size_t i = 0; i < table->natural_key_count; i++) {
        const struct trn_column *column = &table->columns[table->natural_key[i]];
        const tern_value *value = &values[table->natural_key[i]];

        if (value->kind == TERN_NULL && table->natural_key_is_partial) {
            *ret_null = true;
        } else if (value->kind == TERN_NULL) {
            return trn_fail(error,
                            TERN_ERR_NOT_NULL,
                            "%s.%s must not be null",
                            table->name,
                            column->name);
        } else if (!can_be_key(column, value)) {
            return trn_fail(error,
                            TERN_ERR_TYPE,
                            "%s.%s holds what cannot be part of a key",
                            table->name,
                            column->name);
        }
    }
    return TERN_OK;
}

static tern_status
derive(const struct trn_table *table, const tern_value *values, tern_id *ret_id, tern_error *error)
{
    static const tern_id nil;
    struct trn_bytes json = {0};
    tern_id space = table->natural_space;
    tern_status status = TERN_OK;

    if (trn_id_equal(&space, &nil)) {
        status = trn_natural_space(table->name, &space);
    }
    if (status == TERN_OK) {
        status = trn_bytes_reserve(&json, KEY_BYTES);
    }
    if (status == TERN_OK) {
        status = append_key(&json, table, values);
    }
    if (status == TERN_OK) {
        status = trn_id_v5(&space, trn_bytes_slice(&json), ret_id);
    }
    trn_bytes_free(&json);
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "SHA-1 failed");
}

tern_status trn_natural_id(const struct trn_table *table,
                           const tern_value *values,
                           bool *ret_derived,
                           tern_id *ret_id,
                           tern_error *error)
{
    bool has_null = false;
    tern_status status;

    TRN_ASSERT(table != NULL && values != NULL && ret_derived != NULL && ret_id != NULL);

    if (table->natural_key_count == 0) {
        *ret_derived = false;
        return TERN_OK;
    }
    status = check_key(table, values, &has_null, error);
    if (status != TERN_OK) {
        return status;
    }
    if (has_null) {
        *ret_derived = false;
        return TERN_OK;
    }
    status = derive(table, values, ret_id, error);
    if (status == TERN_OK) {
        *ret_derived = true;
    }
    return status;
}
