/*
 * The undo image, written and read.
 *
 * A record: table, id, units + 1 (0: the row was absent); then updated_at, deleted_at, the version
 * cell, and of each unit its columns' values, every value led by its kind.
 */
#include "engine/undo.h"

#include <string.h>

#include "base/error.h"

/* ---- Writing ---- */

static tern_status write_varint(struct trn_bytes *image, uint64_t value)
{
    uint8_t room[10];
    size_t size = 0;

    do {
        room[size] = (uint8_t)(value & 0x7f);
        value >>= 7;
        room[size] |= value != 0 ? 0x80 : 0;
        size++;
    } while (value != 0);
    return trn_bytes_append(image, room, size);
}

static tern_status write_signed(struct trn_bytes *image, int64_t value)
{
    uint64_t bits = (uint64_t)value;

    return write_varint(image, bits << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

static tern_status write_value(struct trn_bytes *image, const tern_value *value)
{
    tern_status status = trn_bytes_append_byte(image, (uint8_t)value->kind);

    if (status != TERN_OK) {
        return status;
    }
    switch (value->kind) {
    case TERN_INTEGER:
        return write_signed(image, value->integer);
    case TERN_REAL:
        return trn_bytes_append(image, &value->real, sizeof(value->real));
    case TERN_TEXT:
    case TERN_BLOB:
        status = write_varint(image, value->size);
        return status != TERN_OK ? status : trn_bytes_append(image, value->data, value->size);
    case TERN_NULL:
    default:
        return TERN_OK;
    }
}

static tern_status write_head(struct trn_bytes *image,
                              const struct trn_table *table,
                              const tern_id *id,
                              unsigned units)
{
    tern_status status = write_varint(image, table->index);

    if (status == TERN_OK) {
        status = trn_bytes_append(image, id->bytes, sizeof(id->bytes));
    }
    return status == TERN_OK ? write_varint(image, units) : status;
}

tern_status
trn_undo_write_absent(struct trn_bytes *image, const struct trn_table *table, const tern_id *id)
{
    size_t size = image->size;
    tern_status status = write_head(image, table, id, 0);

    if (status != TERN_OK) {
        image->size = size;
    }
    return status;
}

static tern_status write_units(struct trn_bytes *image,
                               const struct trn_table *table,
                               const struct trn_row *before,
                               uint16_t units)
{
    /* created_at comes with the insert that wins existence. */
    tern_status status = (units & 1u) != 0 ? write_value(image, &before->values[0]) : TERN_OK;

    for (size_t u = 1; u < table->unit_count; u++) {
        const struct trn_unit *unit = &table->units[u];

        if ((units & (1u << u)) == 0) {
            continue;
        }
        for (size_t i = 0; i < unit->column_count && status == TERN_OK; i++) {
            status = write_value(image, &before->values[unit->columns[i]]);
        }
    }
    return status;
}

tern_status trn_undo_write_row(struct trn_bytes *image,
                               const struct trn_table *table,
                               const struct trn_row *before,
                               uint16_t units)
{
    uint8_t room[TRN_VERSION_BLOB_MAX];
    tern_value version = {0};
    size_t size = image->size;
    tern_status status = write_head(image, table, &before->id, units + 1u);

    trn_version_encode(&before->version, table->unit_count, room, &version);
    if (status == TERN_OK) {
        status = write_signed(image, before->updated_at_us);
    }
    if (status == TERN_OK) {
        status = write_signed(image, before->deleted_at_us);
    }
    if (status == TERN_OK) {
        status = write_value(image, &version);
    }
    if (status == TERN_OK) {
        status = write_units(image, table, before, units);
    }
    if (status != TERN_OK) {
        image->size = size;
    }
    return status;
}

/* ---- Reading ---- */

void trn_undo_reader_open(struct trn_undo_reader *reader,
                          const struct trn_schema *schema,
                          struct trn_slice image)
{
    reader->image = image;
    reader->schema = schema;
    reader->at = 0;
}

static bool read_bytes(struct trn_undo_reader *reader, size_t size, const uint8_t **ret_bytes)
{
    if (size > reader->image.size - reader->at) {
        return false;
    }
    *ret_bytes = reader->image.data + reader->at;
    reader->at += size;
    return true;
}

static bool read_varint(struct trn_undo_reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && reader->at < reader->image.size; shift += 7) {
        uint8_t byte = reader->image.data[reader->at++];

        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool read_signed(struct trn_undo_reader *reader, int64_t *ret_value)
{
    uint64_t bits = 0;

    if (!read_varint(reader, &bits)) {
        return false;
    }
    *ret_value = (int64_t)(bits >> 1 ^ ((bits & 1) != 0 ? UINT64_MAX : 0));
    return true;
}

static bool read_value(struct trn_undo_reader *reader, tern_value *ret_value)
{
    tern_value value = {.kind = TERN_NULL};
    const uint8_t *bytes = NULL;
    uint64_t size = 0;

    if (!read_bytes(reader, 1, &bytes) || *bytes > TERN_BLOB) {
        return false;
    }
    value.kind = (tern_kind)*bytes;
    if (value.kind == TERN_INTEGER && !read_signed(reader, &value.integer)) {
        return false;
    }
    if (value.kind == TERN_REAL) {
        if (!read_bytes(reader, sizeof(value.real), &bytes)) {
            return false;
        }
        memcpy(&value.real, bytes, sizeof(value.real));
    }
    if (value.kind == TERN_TEXT || value.kind == TERN_BLOB) {
        if (!read_varint(reader, &size) || !read_bytes(reader, (size_t)size, &bytes)) {
            return false;
        }
        value.data = bytes;
        value.size = (size_t)size;
    }
    *ret_value = value;
    return true;
}

static bool read_head(struct trn_undo_reader *reader, struct trn_undo_record *record)
{
    const uint8_t *id = NULL;
    uint64_t table = 0;
    uint64_t units = 0;

    if (!read_varint(reader, &table) || table >= reader->schema->table_count ||
        !read_bytes(reader, sizeof(record->id.bytes), &id) || !read_varint(reader, &units) ||
        units > UINT16_MAX + 1u) {
        return false;
    }
    record->table = &reader->schema->tables[table];
    memcpy(record->id.bytes, id, sizeof(record->id.bytes));
    record->absent = units == 0;
    record->units = units == 0 ? 0 : (uint16_t)(units - 1);
    return true;
}

static bool
read_before(struct trn_undo_reader *reader, struct trn_undo_record *record, tern_error *error)
{
    const struct trn_table *table = record->table;
    tern_value version;

    if (!read_signed(reader, &record->updated_at_us) ||
        !read_signed(reader, &record->deleted_at_us) || !read_value(reader, &version) ||
        trn_version_decode(&version, table->unit_count, &record->version, error) != TERN_OK) {
        return false;
    }
    if ((record->units & 1u) != 0 && !read_value(reader, &record->values[0])) {
        return false;
    }
    for (size_t u = 1; u < TRN_UNITS_MAX; u++) {
        if ((record->units & (1u << u)) == 0) {
            continue;
        }
        if (u >= table->unit_count) {
            return false;
        }
        for (size_t i = 0; i < table->units[u].column_count; i++) {
            if (!read_value(reader, &record->values[table->units[u].columns[i]])) {
                return false;
            }
        }
    }
    return true;
}

tern_status trn_undo_next(struct trn_undo_reader *reader,
                          bool *ret_any,
                          struct trn_undo_record *ret_record,
                          tern_error *error)
{
    if (reader->at == reader->image.size) {
        *ret_any = false;
        return TERN_OK;
    }
    if (!read_head(reader, ret_record) ||
        (!ret_record->absent && !read_before(reader, ret_record, error))) {
        return trn_fail(error, TERN_ERR_CORRUPT, "an entry's undo image is damaged");
    }
    *ret_any = true;
    return TERN_OK;
}
