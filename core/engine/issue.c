/* Inside a write transaction of the caller's, which is rolled back where anything fails. */
#include "engine/issue.h"

#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "engine/lay.h"

tern_status trn_issue_name(struct trn_work *work,
                           enum trn_entry_kind kind,
                           uint32_t change_count,
                           struct trn_entry *ret_entry,
                           tern_error *error)
{
    struct trn_meta *meta = &work->meta;
    struct trn_entry entry = {.ordinal = meta->last_ordinal + 1,
                              .author = meta->device,
                              .state = kind == TRN_ENTRY_DISCARDED ? TERN_ENTRY_DISCARDED
                                                                   : TERN_ENTRY_PENDING,
                              .reading = work->now,
                              .change_count = change_count,
                              .kind = (uint8_t)kind,
                              .schema_version = work->engine->schema->version};
    uint8_t random[16];
    tern_status status = trn_engine_random(work->engine, random, sizeof random, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_id_v4(random, &entry.tx);
    entry.time_us = trn_clock_issue(&meta->clock, &work->now);
    status = trn_store_tx_await(work->store, &entry, error);
    if (status == TERN_OK) {
        meta->last_ordinal = entry.ordinal;
        meta->last_tx = entry.tx;
        *ret_entry = entry;
    }
    return status;
}

static tern_status lay(struct trn_work *work,
                       const struct trn_entry *entry,
                       struct trn_slice body,
                       struct trn_bytes *undo,
                       tern_error *error)
{
    struct trn_lay how = {.key = entry->key,
                          .time_us = entry->time_us,
                          .author = entry->author,
                          .inferred = entry->kind == (uint8_t)TRN_ENTRY_INFERRED};
    bool hold = true;
    tern_status status = trn_lay(work, &how, body, undo, error);

    if (status == TERN_OK) {
        status = trn_store_foreign_keys_hold(work->store, &hold, error);
    }
    return status == TERN_OK && !hold
               ? trn_fail(error, TERN_ERR_FOREIGN_KEY, "a row that it references is gone")
               : status;
}

struct trn_entry_header trn_issue_header(const struct trn_entry *entry,
                                         const char epoch[TRN_EPOCH_BYTES])
{
    struct trn_entry_header header = {.ordinal = entry->ordinal,
                                      .tx = entry->tx,
                                      .time_us = entry->time_us,
                                      .kind = (enum trn_entry_kind)entry->kind,
                                      .schema_version = entry->schema_version};

    memcpy(header.epoch, epoch, sizeof header.epoch);
    return header;
}

tern_status trn_issue_queue(struct trn_work *work,
                            const struct trn_entry *entry,
                            struct trn_slice body,
                            const uint64_t *depends_on,
                            size_t depends_count,
                            tern_error *error)
{
    struct trn_bytes undo = {0};
    tern_status status = TERN_OK;

    if (entry->state == TERN_ENTRY_PENDING) {
        status = lay(work, entry, body, &undo, error);
    }
    if (status == TERN_OK) {
        status = trn_outbox_add(work->store,
                                entry,
                                body,
                                trn_bytes_slice(&undo),
                                depends_on,
                                depends_count,
                                NULL,
                                error);
    }
    trn_bytes_free(&undo);
    return status;
}
