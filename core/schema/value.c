/* Constants of a document (defaults, conditions) as cells of their columns. */
#include "schema/value.h"

#include <string.h>

#include "base/base64.h"
#include "base/uuid.h"

static tern_status read_copy(struct trn_loader *loader,
                             const void *bytes,
                             size_t size,
                             tern_kind kind,
                             tern_value *value)
{
    char *copy = trn_arena_copy(loader->reader.arena, bytes, size);

    if (copy == NULL) {
        return trn_fail_nomem(loader->reader.error);
    }
    *value = (tern_value){.kind = kind, .data = copy, .size = size};
    return TERN_OK;
}

static tern_status
read_text(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    const char *text = NULL;
    tern_status status = trn_node_text(&loader->reader, node, &text);

    return status == TERN_OK ? read_copy(loader, text, strlen(text), TERN_TEXT, value) : status;
}

static tern_status
read_id(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    const char *text = NULL;
    tern_id id;
    tern_status status = trn_node_text(&loader->reader, node, &text);

    if (status == TERN_OK && !trn_id_parse(trn_slice_text(text), &id)) {
        return trn_node_fail(&loader->reader, node, "must be a uuid of 36 characters");
    }
    return status == TERN_OK ? read_copy(loader, id.bytes, sizeof(id.bytes), TERN_BLOB, value)
                             : status;
}

static tern_status
read_bytes(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    const char *text = NULL;
    uint8_t *bytes;
    tern_status status = trn_node_text(&loader->reader, node, &text);

    if (status != TERN_OK) {
        return status;
    }
    bytes = trn_reader_take(&loader->reader, strlen(text) + 1, 1);
    if (bytes == NULL) {
        return TERN_ERR_NOMEM;
    }
    if (!trn_base64_decode(trn_slice_text(text), bytes)) {
        return trn_node_fail(&loader->reader, node, "must be base64 without padding");
    }
    *value = tern_value_blob(bytes, trn_base64_decoded_size(strlen(text)));
    return TERN_OK;
}

static tern_status
read_json(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    size_t size = json_dumpb(node->json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = size == 0 ? NULL : trn_arena_take(loader->reader.arena, size + 1, 1);

    if (text == NULL) {
        return trn_fail_nomem(loader->reader.error);
    }
    if (json_dumpb(node->json, text, size, JSON_COMPACT | JSON_ENCODE_ANY) != size) {
        return trn_fail_nomem(loader->reader.error);
    }
    *value = (tern_value){.kind = TERN_TEXT, .data = text, .size = size};
    return TERN_OK;
}

static tern_status
read_integer(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    int64_t integer = 0;
    tern_status status = trn_node_integer(&loader->reader, node, INT64_MIN, INT64_MAX, &integer);

    *value = tern_value_integer(integer);
    return status;
}

static tern_status
read_real(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    double number = 0;
    tern_status status = trn_node_number(&loader->reader, node, &number);

    *value = tern_value_real(number);
    return status;
}

static tern_status
read_bool(struct trn_loader *loader, const struct trn_node *node, tern_value *value)
{
    if (!json_is_boolean(node->json)) {
        return trn_node_fail(&loader->reader, node, "must be true or false");
    }
    *value = tern_value_integer(json_is_true(node->json) ? 1 : 0);
    return TERN_OK;
}

static tern_status read_value(struct trn_loader *loader,
                              const struct trn_column *column,
                              const struct trn_node *node,
                              tern_value *value)
{
    switch (column->type) {
    case TRN_TYPE_UUID:
        return read_id(loader, node, value);
    case TRN_TYPE_BYTES:
        return read_bytes(loader, node, value);
    case TRN_TYPE_JSON:
        return read_json(loader, node, value);
    case TRN_TYPE_BOOL:
        return read_bool(loader, node, value);
    case TRN_TYPE_REAL:
        return read_real(loader, node, value);
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        return read_integer(loader, node, value);
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
        break;
    }
    return read_text(loader, node, value);
}

tern_status trn_load_value(struct trn_loader *loader,
                           const struct trn_draft *draft,
                           const struct trn_column *column,
                           const struct trn_node *node,
                           tern_value *ret_value)
{
    tern_error reason = {.status = TERN_OK};
    tern_value value = tern_value_null();
    tern_status status = read_value(loader, column, node, &value);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_schema_check_value(draft->table, column, &value, &reason);
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(loader->reader.error);
    }
    if (status != TERN_OK) {
        return trn_node_fail(&loader->reader, node, "%s", reason.message);
    }
    *ret_value = value;
    return TERN_OK;
}
