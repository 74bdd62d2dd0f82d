/* Entries as devices send them, taken apart for the model. */
#include "sim/model/twin_internal.h"

#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"

void twin_reading_free(struct twin_reading *reading)
{
    free(reading->changes);
    free(reading->depends);
}

void *twin_grow(void *items, size_t count, size_t size)
{
    void *grown = realloc(items, (count + 1) * size);

    if (grown == NULL) {
        abort();
    }
    return grown;
}

/* Values are borrowed from the reader's line: kept for good. */
static void
add_change(const struct twin *twin, struct twin_reading *reading, const struct trn_change *change)
{
    static const enum model_operation operations[] = {[TRN_OP_INSERT] = MODEL_INSERT,
                                                      [TRN_OP_UPDATE] = MODEL_UPDATE,
                                                      [TRN_OP_UNDO] = MODEL_UNDO,
                                                      [TRN_OP_DELETE] = MODEL_DELETE,
                                                      [TRN_OP_UNDELETE] = MODEL_UNDELETE};
    struct model_change *item;

    reading->changes =
        twin_grow(reading->changes, reading->tx.change_count, sizeof(*reading->changes));
    item = &reading->changes[reading->tx.change_count++];
    memset(item, 0, sizeof(*item));
    item->operation = operations[change->operation];
    item->table = change->table->index;
    item->id = change->id;
    item->unit = change->unit;
    item->base = change->base;
    for (size_t i = 0; i < change->table->column_count; i++) {
        bool carried = change->operation == TRN_OP_INSERT ||
                       ((change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) &&
                        change->table->columns[i].unit == change->unit);

        if (carried) {
            item->values[i] = model_keep(twin->model, &change->values[i]);
        }
    }
}

static void read_header(struct twin_reading *reading, const struct trn_entry_header *header)
{
    struct model_tx *tx = &reading->tx;

    tx->tx = header->tx;
    tx->ordinal = header->ordinal;
    tx->time_us = header->time_us;
    tx->kind = (enum model_kind)header->kind;
    tx->former = header->former;
    memcpy(tx->epoch, header->epoch, sizeof(tx->epoch));
    for (size_t i = 0; i < header->depends_count; i++) {
        reading->depends = twin_grow(reading->depends, i, sizeof(*reading->depends));
        reading->depends[i] = header->depends_on[i];
    }
    tx->depends = reading->depends;
    tx->depends_count = header->depends_count;
}

/* Nobody forges here: what tells two bodies apart is enough. */
static void hash_body(struct trn_slice body, uint8_t ret_hash[MODEL_HASH_BYTES])
{
    uint64_t lanes[2] = {UINT64_C(0xcbf29ce484222325), body.size};
    uint64_t word = 0;

    for (size_t at = 0; at < body.size; at += sizeof word) {
        size_t size = body.size - at < sizeof word ? body.size - at : sizeof word;

        word = 0;
        memcpy(&word, body.data + at, size);
        lanes[0] = (lanes[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        lanes[0] ^= lanes[0] >> 29;
        lanes[1] = (lanes[1] + word) * UINT64_C(0xd6e8feb86659fd93);
        lanes[1] ^= lanes[1] >> 32;
    }
    memset(ret_hash, 0, MODEL_HASH_BYTES);
    memcpy(ret_hash, lanes, sizeof lanes);
}

bool twin_read_entry(const struct twin *twin,
                     const struct trn_request_entry *entry,
                     const tern_id *device,
                     struct twin_reading *ret_reading)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, model_schema(twin->model), entry->bytes, NULL);

    memset(ret_reading, 0, sizeof(*ret_reading));
    if (status == TERN_OK || status == TERN_ERR_CANNOT_UPCAST) {
        read_header(ret_reading, &reader.header);
    }
    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, NULL);
        if (status == TERN_OK && any) {
            add_change(twin, ret_reading, &change);
        }
    }
    trn_entry_close(&reader);
    ret_reading->tx.author = entry->attempt.is_inherited ? entry->attempt.author : *device;
    ret_reading->tx.age_us = entry->attempt.age_us;
    ret_reading->tx.offered_again = entry->attempt.is_reoffer;
    ret_reading->tx.stored_us = entry->attempt.stored_us;
    hash_body(entry->bytes, ret_reading->tx.hash);
    ret_reading->tx.malformed = status;
    ret_reading->tx.changes = ret_reading->changes;
    return ret_reading->tx.ordinal != 0;
}
