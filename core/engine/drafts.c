/* An arena of drafts, found again through an open-addressed table of their indexes. */
#include "engine/drafts.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"

enum { BLOCK_BYTES = 16 * 1024, FIRST_BUCKETS = 16, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t used;
    size_t size;
};

struct trn_drafts {
    struct block *blocks;
    size_t bytes; /* of all blocks */
    struct trn_draft **items;
    size_t count;
    size_t room;
    uint32_t *buckets; /* index + 1; 0: free */
    size_t bucket_count;
};

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *take(struct trn_drafts *drafts, size_t size)
{
    struct block *block = drafts->blocks;
    size_t head = aligned(sizeof *block);
    uint8_t *start;

    size = aligned(size);
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

        block = trn_alloc(head + room);
        if (block == NULL) {
            return NULL;
        }
        *block = (struct block){.next = drafts->blocks, .size = room};
        drafts->blocks = block;
        drafts->bytes += room;
    }
    start = (uint8_t *)block + head + block->used;
    block->used += size;
    return start;
}

tern_status trn_drafts_new(struct trn_drafts **ret_drafts, tern_error *error)
{
    struct trn_drafts *drafts = trn_calloc(1, sizeof *drafts);

    if (drafts == NULL) {
        return trn_fail_nomem(error);
    }
    *ret_drafts = drafts;
    return TERN_OK;
}

void trn_drafts_free(struct trn_drafts *drafts)
{
    if (drafts == NULL) {
        return;
    }
    while (drafts->blocks != NULL) {
        struct block *next = drafts->blocks->next;

        trn_free(drafts->blocks);
        drafts->blocks = next;
    }
    trn_free(drafts->items);
    trn_free(drafts->buckets);
    trn_free(drafts);
}

static size_t hash_of(const struct trn_table *table, const tern_id *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ table->index;

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        hash = (hash ^ id->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* The bucket that holds the row, or the free one where it belongs. */
static uint32_t *
bucket_of(struct trn_drafts *drafts, const struct trn_table *table, const tern_id *id)
{
    size_t at = hash_of(table, id) & (drafts->bucket_count - 1);

    while (drafts->buckets[at] != 0) {
        const struct trn_draft *draft = drafts->items[drafts->buckets[at] - 1];

        if (draft->table == table && trn_id_equal(&draft->id, id)) {
            break;
        }
        at = (at + 1) & (drafts->bucket_count - 1);
    }
    return &drafts->buckets[at];
}

static tern_status rehash(struct trn_drafts *drafts, size_t bucket_count, tern_error *error)
{
    uint32_t *buckets = trn_calloc(bucket_count, sizeof *buckets);

    if (buckets == NULL) {
        return trn_fail_nomem(error);
    }
    trn_free(drafts->buckets);
    drafts->buckets = buckets;
    drafts->bucket_count = bucket_count;
    for (size_t i = 0; i < drafts->count; i++) {
        *bucket_of(drafts, drafts->items[i]->table, &drafts->items[i]->id) = (uint32_t)(i + 1);
    }
    return TERN_OK;
}

static tern_status make_room(struct trn_drafts *drafts, tern_error *error)
{
    if (drafts->count == drafts->room) {
        size_t room = drafts->room == 0 ? FIRST_BUCKETS : drafts->room * 2;
        struct trn_draft **items = trn_realloc(drafts->items, room * sizeof(struct trn_draft *));

        if (items == NULL) {
            return trn_fail_nomem(error);
        }
        drafts->items = items;
        drafts->room = room;
    }
    if ((drafts->count + 1) * 2 > drafts->bucket_count) {
        return rehash(drafts,
                      drafts->bucket_count == 0 ? FIRST_BUCKETS : drafts->bucket_count * 2,
                      error);
    }
    return TERN_OK;
}

static tern_status copy_value(struct trn_drafts *drafts,
                              const tern_value *value,
                              tern_value *ret_copy,
                              tern_error *error)
{
    tern_value copy = *value;

    copy.data = NULL;
    copy.size = 0;
    if (value->kind == TERN_TEXT || value->kind == TERN_BLOB) {
        void *data = take(drafts, value->size + 1);

        if (data == NULL) {
            return trn_fail_nomem(error);
        }
        if (value->size > 0) {
            memcpy(data, value->data, value->size);
        }
        copy.data = data;
        copy.size = value->size;
    }
    *ret_copy = copy;
    return TERN_OK;
}

static tern_status fill(struct trn_drafts *drafts,
                        struct trn_draft *draft,
                        const struct trn_row *row,
                        tern_error *error)
{
    tern_status status = TERN_OK;

    draft->updated_at_us = row->updated_at_us;
    draft->deleted_at_us = row->deleted_at_us;
    draft->version = row->version;
    for (size_t i = 0; i < draft->table->column_count && status == TERN_OK; i++) {
        status = copy_value(drafts, &row->values[i], &draft->values[i], error);
    }
    return status;
}

static tern_status read_draft(struct trn_drafts *drafts,
                              struct trn_store *store,
                              struct trn_draft *draft,
                              bool bare,
                              tern_error *error)
{
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(store, draft->table, &draft->id, &found, &row, error);

    draft->bare = bare;
    if (status != TERN_OK || !found) {
        return status;
    }
    draft->was = true;
    draft->is = true;
    return bare ? TERN_OK : fill(drafts, draft, &row, error);
}

static tern_status open_draft(struct trn_drafts *drafts,
                              struct trn_store *store,
                              const struct trn_table *table,
                              const tern_id *id,
                              bool bare,
                              struct trn_draft **ret_draft,
                              tern_error *error)
{
    struct trn_draft *draft;
    tern_status status = make_room(drafts, error);
    uint32_t *bucket;

    if (status != TERN_OK) {
        return status;
    }
    bucket = bucket_of(drafts, table, id);
    if (*bucket != 0) {
        *ret_draft = drafts->items[*bucket - 1];
        return (*ret_draft)->bare && !bare ? read_draft(drafts, store, *ret_draft, false, error)
                                           : TERN_OK;
    }
    draft = take(drafts, sizeof *draft);
    if (draft == NULL) {
        return trn_fail_nomem(error);
    }
    *draft = (struct trn_draft){.table = table, .id = *id};
    draft->values = take(drafts, table->column_count * sizeof *draft->values);
    if (draft->values == NULL) {
        return trn_fail_nomem(error);
    }
    memset(draft->values, 0, table->column_count * sizeof *draft->values);
    status = read_draft(drafts, store, draft, bare, error);
    if (status != TERN_OK) {
        return status;
    }
    drafts->items[drafts->count] = draft;
    drafts->count++;
    *bucket = (uint32_t)drafts->count;
    *ret_draft = draft;
    return TERN_OK;
}

tern_status trn_drafts_open(struct trn_drafts *drafts,
                            struct trn_store *store,
                            const struct trn_table *table,
                            const tern_id *id,
                            struct trn_draft **ret_draft,
                            tern_error *error)
{
    return open_draft(drafts, store, table, id, false, ret_draft, error);
}

tern_status trn_drafts_open_bare(struct trn_drafts *drafts,
                                 struct trn_store *store,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 struct trn_draft **ret_draft,
                                 tern_error *error)
{
    return open_draft(drafts, store, table, id, true, ret_draft, error);
}

tern_status trn_drafts_set(struct trn_drafts *drafts,
                           struct trn_draft *draft,
                           uint16_t column,
                           const tern_value *value,
                           tern_error *error)
{
    TRN_ASSERT(column < draft->table->column_count);

    return copy_value(drafts, value, &draft->values[column], error);
}

size_t trn_drafts_count(const struct trn_drafts *drafts)
{
    return drafts->count;
}

size_t trn_drafts_bytes(const struct trn_drafts *drafts)
{
    return drafts->bytes;
}

struct trn_draft *trn_drafts_at(struct trn_drafts *drafts, size_t index)
{
    TRN_ASSERT(index < drafts->count);

    return drafts->items[index];
}

void trn_draft_as_row(const struct trn_draft *draft, struct trn_row *ret_row)
{
    ret_row->id = draft->id;
    ret_row->updated_at_us = draft->updated_at_us;
    ret_row->deleted_at_us = draft->deleted_at_us;
    ret_row->version = draft->version;
    memcpy(ret_row->values, draft->values, draft->table->column_count * sizeof *draft->values);
}

/* Takes a row out of the unique indexes; what it holds otherwise does not matter, for it is about
 * to be written. */
static tern_status park(struct trn_store *store, const struct trn_draft *draft, tern_error *error)
{
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(store, draft->table, &draft->id, &found, &row, error);

    if (status != TERN_OK || !found || row.deleted_at_us != 0) {
        return status;
    }
    row.deleted_at_us = TRN_ASIDE_US;
    return trn_store_row_write(store, draft->table, &row, error);
}

static tern_status park_all(struct trn_drafts *drafts, struct trn_store *store, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < drafts->count && status == TERN_OK; i++) {
        if (drafts->items[i]->changed && drafts->items[i]->was) {
            status = park(store, drafts->items[i], error);
        }
    }
    return status;
}

static tern_status write_all(struct trn_drafts *drafts, struct trn_store *store, tern_error *error)
{
    struct trn_row row;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < drafts->count && status == TERN_OK; i++) {
        const struct trn_draft *draft = drafts->items[i];

        if (!draft->changed) {
            continue;
        }
        trn_store_touch(store, draft->table);
        if (!draft->is) {
            status = trn_store_row_erase(store, draft->table, &draft->id, error);
            continue;
        }
        trn_draft_as_row(draft, &row);
        status = trn_store_row_write(store, draft->table, &row, error);
    }
    return status;
}

static tern_status hand_over(tern_status status, const tern_error *first, tern_error *error)
{
    if (status != TERN_OK && error != NULL && error->status == TERN_OK) {
        *error = *first;
    }
    return status;
}

tern_status trn_drafts_write(struct trn_drafts *drafts, struct trn_store *store, tern_error *error)
{
    tern_error first = {0};
    tern_status status = write_all(drafts, store, &first);

    if (status == TERN_ERR_UNIQUE) {
        status = park_all(drafts, store, error);
        return status == TERN_OK ? write_all(drafts, store, error) : status;
    }
    return hand_over(status, &first, error);
}

static tern_status force_one(const struct trn_draft *draft,
                             struct trn_store *store,
                             struct trn_idset *aside,
                             tern_error *error)
{
    tern_error why = {0};
    struct trn_row row;
    tern_status status;

    if (!draft->changed) {
        return TERN_OK;
    }
    trn_store_touch(store, draft->table);
    if (!draft->is) {
        return trn_store_row_erase(store, draft->table, &draft->id, error);
    }
    trn_draft_as_row(draft, &row);
    status = trn_store_row_write(store, draft->table, &row, &why);
    if (status != TERN_ERR_UNIQUE) {
        return hand_over(status, &why, error);
    }
    row.deleted_at_us = TRN_ASIDE_US;
    status = trn_idset_add(aside, draft->table, &draft->id, error);
    return status == TERN_OK ? trn_store_row_write(store, draft->table, &row, error) : status;
}

tern_status trn_drafts_force(struct trn_drafts *drafts,
                             struct trn_store *store,
                             struct trn_idset *aside,
                             tern_error *error)
{
    tern_error first = {0};
    tern_status status = trn_drafts_write(drafts, store, &first);

    if (status != TERN_ERR_UNIQUE) {
        return hand_over(status, &first, error);
    }
    /* Those of the set are out of each other's way already. */
    status = park_all(drafts, store, error);
    for (size_t i = 0; i < drafts->count && status == TERN_OK; i++) {
        status = force_one(drafts->items[i], store, aside, error);
    }
    return status;
}
