/* The copies: a row's values are borrowed from the line that it was read from. */
#include "engine/bulk.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"

enum { ROOM_BYTES = 32 * 1024 };

static bool has_bytes(const tern_value *value)
{
    return value->kind == TERN_TEXT || value->kind == TERN_BLOB;
}

static size_t bytes_of(const struct trn_table *table, const struct trn_row *row)
{
    size_t size = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        size += has_bytes(&row->values[i]) ? row->values[i].size : 0;
    }
    return size;
}

bool trn_bulk_has_room(const struct trn_bulk *bulk,
                       const struct trn_table *table,
                       const struct trn_row *row)
{
    size_t size = bytes_of(table, row);

    if (bulk->count == 0) {
        return true;
    }
    return bulk->table == table && bulk->count < TRN_ROWS_AT_ONCE &&
           size < bulk->room.capacity - bulk->room.size;
}

/* The first may be of any size. */
static tern_status make_room(struct trn_bulk *bulk, size_t size, tern_error *error)
{
    if (bulk->rows == NULL) {
        bulk->rows = trn_alloc(TRN_ROWS_AT_ONCE * sizeof *bulk->rows);
    }
    if (bulk->rows == NULL ||
        trn_bytes_reserve(&bulk->room, size > ROOM_BYTES ? size : ROOM_BYTES) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

static void keep(struct trn_bytes *room, tern_value *value)
{
    uint8_t *place = room->data + room->size;

    if (has_bytes(value)) {
        memcpy(place, value->data, value->size);
        room->size += value->size;
        value->data = place;
    }
}

tern_status trn_bulk_add(struct trn_bulk *bulk,
                         const struct trn_table *table,
                         const struct trn_row *row,
                         tern_error *error)
{
    struct trn_row *copy;

    TRN_ASSERT(trn_bulk_has_room(bulk, table, row));

    if (bulk->count == 0 && make_room(bulk, bytes_of(table, row), error) != TERN_OK) {
        return TERN_ERR_NOMEM;
    }
    bulk->table = table;
    copy = &bulk->rows[bulk->count++];
    copy->id = row->id;
    copy->updated_at_us = row->updated_at_us;
    copy->deleted_at_us = row->deleted_at_us;
    copy->version = row->version;
    for (size_t i = 0; i < table->column_count; i++) {
        copy->values[i] = row->values[i];
        keep(&bulk->room, &copy->values[i]);
    }
    return TERN_OK;
}

void trn_bulk_clear(struct trn_bulk *bulk)
{
    bulk->count = 0;
    trn_bytes_clear(&bulk->room);
}

void trn_bulk_free(struct trn_bulk *bulk)
{
    trn_free(bulk->rows);
    trn_bytes_free(&bulk->room);
    *bulk = (struct trn_bulk){0};
}
