/*
 * The one row of settings and clocks, and the cursor.
 *
 * What the app's transactions move (the ordinal, the name of the last of them, the clock) they
 * leave to the last entry of the outbox, so that they dirty no page here. The next tx that writes
 * the row takes it over, and is the only one that may change or remove that entry.
 */
#include "store/meta.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "store/cell.h"
#include "store/sql.h"

static tern_status read_cells(sqlite3_stmt *stmt, struct trn_meta *meta, tern_error *error)
{
    const unsigned char *epoch = sqlite3_column_text(stmt, 10);

    if (epoch == NULL) {
        return trn_fail_nomem(error);
    }
    trn_column_id(stmt, 0, &meta->device);
    trn_column_id(stmt, 1, &meta->user);
    meta->schema_version = (uint32_t)sqlite3_column_int64(stmt, 2);
    meta->clock.last_us = sqlite3_column_int64(stmt, 3);
    meta->clock.offset_us = sqlite3_column_int64(stmt, 4);
    meta->clock.offset_known = sqlite3_column_int(stmt, 5) != 0;
    meta->last_ordinal = trn_column_uint64(stmt, 6);
    meta->acked_ordinal = trn_column_uint64(stmt, 7);
    trn_column_id(stmt, 8, &meta->last_tx);
    trn_column_id(stmt, 9, &meta->acked_tx);
    if (strlen((const char *)epoch) < sizeof(meta->epoch)) {
        memcpy(meta->epoch, epoch, strlen((const char *)epoch));
    }
    meta->last_sync_us = sqlite3_column_int64(stmt, 11);
    meta->last_error = (tern_status)sqlite3_column_int(stmt, 12);
    meta->stamps_capped = trn_column_uint64(stmt, 13);
    meta->clock_suspect = sqlite3_column_int(stmt, 14) != 0;
    trn_column_id(stmt, 15, &meta->lease);
    meta->lease_until_wall_us = sqlite3_column_int64(stmt, 16);
    meta->lease_reading.wall_us = sqlite3_column_int64(stmt, 17);
    meta->lease_reading.monotonic_us = sqlite3_column_int64(stmt, 18);
    trn_column_id(stmt, 19, &meta->lease_reading.boot);
    meta->sent_ordinal = trn_column_uint64(stmt, 20);
    meta->clock.steady_us = sqlite3_column_int64(stmt, 21);
    trn_column_id(stmt, 22, &meta->clock.steady_boot);
    return TERN_OK;
}

/* What the app's transactions did since the row was written. */
static tern_status follow_outbox(struct trn_store *store, struct trn_meta *meta, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_LAST, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, "outbox", &found, error);
    }
    if (status != TERN_OK || !found) {
        return status;
    }
    meta->has_open = true;
    if (trn_column_uint64(stmt, 0) > meta->last_ordinal) {
        meta->last_ordinal = trn_column_uint64(stmt, 0);
        meta->clock.last_us = TRN_MUTANT(LAST_STAMP_LOST) ? 0 : sqlite3_column_int64(stmt, 1);
        trn_column_id(stmt, 2, &meta->last_tx);
    }
    (void)sqlite3_reset(stmt);
    return TERN_OK;
}

/* Changes with what another connection writes, once a transaction of ours sees it, and with each
 * commit of ours. */
static unsigned data_version(struct trn_store *store)
{
    unsigned version = 0;

    (void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
    return version;
}

void trn_meta_committed(struct trn_store *store)
{
    store->meta_version = data_version(store);
}

static tern_status read_row(struct trn_store *store, tern_error *error)
{
    struct trn_meta meta = {0};
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_META, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, "tern_meta", &found, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error, TERN_ERR_CORRUPT, "tern_meta lost its row");
    }
    status = read_cells(stmt, &meta, error);
    (void)sqlite3_reset(stmt);
    if (status != TERN_OK) {
        return status;
    }
    store->meta = meta;
    store->meta_is_known = trn_store_in_transaction(store);
    store->meta_version = data_version(store);
    return TERN_OK;
}

/* That a request left is noted without waiting for the disk, so a power cut may have taken that
 * back, and so does a copy of the file that comes back from before: whatever was here as the file
 * was opened may have left. */
static void distrust_sent(struct trn_store *store, struct trn_meta *meta)
{
    if (!store->is_opening_noted) {
        store->is_opening_noted = true;
        store->opening_ordinal = meta->last_ordinal;
    }
    if (meta->sent_ordinal < store->opening_ordinal) {
        meta->sent_ordinal = store->opening_ordinal;
    }
}

tern_status trn_meta_read(struct trn_store *store, struct trn_meta *ret_meta, tern_error *error)
{
    struct trn_meta meta;
    tern_status status = TERN_OK;

    if (!store->meta_is_known || !trn_store_in_transaction(store) ||
        store->meta_version != data_version(store)) {
        status = read_row(store, error);
    }
    meta = store->meta;
    if (status == TERN_OK) {
        status = follow_outbox(store, &meta, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    distrust_sent(store, &meta);
    if (!trn_store_in_transaction(store)) {
        trn_store_clock_committed(store, &meta.clock);
    }
    store->clock = meta.clock;
    *ret_meta = meta;
    return TERN_OK;
}

tern_status trn_meta_write(struct trn_store *store, const struct trn_meta *meta, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_META_SET, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, &meta->device);
    trn_bind_id(stmt, 2, &meta->user);
    (void)sqlite3_bind_int64(stmt, 3, meta->schema_version);
    (void)sqlite3_bind_int64(stmt, 4, TRN_MUTANT(LAST_STAMP_LOST) ? 0 : meta->clock.last_us);
    (void)sqlite3_bind_int64(stmt, 5, meta->clock.offset_us);
    (void)sqlite3_bind_int(stmt, 6, meta->clock.offset_known ? 1 : 0);
    trn_bind_uint64(stmt, 7, meta->last_ordinal);
    trn_bind_uint64(stmt, 8, meta->acked_ordinal);
    trn_bind_id(stmt, 9, &meta->last_tx);
    trn_bind_id(stmt, 10, &meta->acked_tx);
    trn_bind_text(stmt, 11, meta->epoch);
    (void)sqlite3_bind_int64(stmt, 12, meta->last_sync_us);
    (void)sqlite3_bind_int(stmt, 13, (int)meta->last_error);
    trn_bind_uint64(stmt, 14, meta->stamps_capped);
    (void)sqlite3_bind_int(stmt, 15, meta->clock_suspect ? 1 : 0);
    trn_bind_id(stmt, 16, &meta->lease);
    (void)sqlite3_bind_int64(stmt, 17, meta->lease_until_wall_us);
    (void)sqlite3_bind_int64(stmt, 18, meta->lease_reading.wall_us);
    (void)sqlite3_bind_int64(stmt, 19, meta->lease_reading.monotonic_us);
    trn_bind_id(stmt, 20, &meta->lease_reading.boot);
    trn_bind_uint64(stmt, 21, meta->sent_ordinal);
    (void)sqlite3_bind_int64(stmt, 22, meta->clock.steady_us);
    trn_bind_id(stmt, 23, &meta->clock.steady_boot);
    store->clock = meta->clock;
    status = trn_store_run(store, stmt, "tern_meta", error);
    store->meta = *meta;
    store->meta.has_open = false;
    store->meta_version = data_version(store);
    store->meta_is_known = status == TERN_OK && !TRN_MUTANT(LAST_STAMP_LOST);
    return status;
}

/* ---- Ids ---- */

tern_status trn_meta_retire(struct trn_store *store, const tern_id *device, tern_error *error)
{
    struct trn_bytes former = {0};
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_FORMER, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, "tern_meta", &found, error);
    }
    if (status == TERN_OK && found) {
        status = trn_column_append(stmt, 0, &former, error);
        (void)sqlite3_reset(stmt);
    }
    if (status == TERN_OK &&
        trn_bytes_append(&former, device->bytes, sizeof device->bytes) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = trn_store_sql(store, TRN_SQL_FORMER_SET, &stmt, error);
    }
    if (status == TERN_OK) {
        trn_bind_slice(stmt, 1, trn_bytes_slice(&former));
        status = trn_store_run(store, stmt, "tern_meta", error);
    }
    trn_bytes_free(&former);
    return status;
}

tern_status
trn_meta_is_own(struct trn_store *store, const tern_id *device, bool *ret_is_own, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_IS_OWN, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_id(stmt, 1, device);
    status = trn_store_step(store, stmt, "tern_meta", ret_is_own, error);
    (void)sqlite3_reset(stmt);
    return status;
}

/* ---- The cursor ---- */

/* In front of one that is only proof, behind the one that is gone by, if any: cursors are UTF-8,
 * which never has this byte. */
static const uint8_t proof = 0xFF;

/* Appends the cell. */
static tern_status read_cursor(struct trn_store *store, struct trn_bytes *cell, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_CURSOR, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, "tern_cursor", &found, error);
    }
    if (status == TERN_OK && found) {
        status = trn_column_append(stmt, 0, cell, error);
        (void)sqlite3_reset(stmt);
    }
    return status;
}

/* Appends the part of the cell before the mark, or that behind it. */
static tern_status
read_part(struct trn_store *store, bool behind, struct trn_bytes *cursor, tern_error *error)
{
    struct trn_bytes cell = {0};
    tern_status status = read_cursor(store, &cell, error);

    if (status == TERN_OK && cell.size > 0) {
        const uint8_t *mark = memchr(cell.data, proof, cell.size);
        size_t before = mark != NULL ? (size_t)(mark - cell.data) : cell.size;
        struct trn_slice part = trn_slice_make(cell.data, before);

        if (behind) {
            part = mark != NULL ? trn_slice_make(mark + 1, cell.size - before - 1)
                                : trn_slice_make(NULL, 0);
        }
        status = trn_bytes_append_slice(cursor, part) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
    }
    trn_bytes_free(&cell);
    return status;
}

tern_status trn_meta_cursor(struct trn_store *store, struct trn_bytes *cursor, tern_error *error)
{
    return read_part(store, false, cursor, error);
}

tern_status trn_meta_proof(struct trn_store *store, struct trn_bytes *cursor, tern_error *error)
{
    return read_part(store, true, cursor, error);
}

tern_status trn_meta_set_cursor(struct trn_store *store, struct trn_slice cursor, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_CURSOR_SET, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_slice(stmt, 1, cursor);
    return trn_store_run(store, stmt, "tern_cursor", error);
}

/* `cell` holds what comes before the mark. */
static tern_status write_proof(struct trn_store *store,
                               struct trn_bytes *cell,
                               struct trn_slice cursor,
                               tern_error *error)
{
    if (trn_bytes_append_byte(cell, proof) != TERN_OK ||
        trn_bytes_append_slice(cell, cursor) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return trn_meta_set_cursor(store, trn_bytes_slice(cell), error);
}

tern_status trn_meta_set_proof(struct trn_store *store, struct trn_slice cursor, tern_error *error)
{
    struct trn_bytes cell = {0};
    tern_status status = trn_meta_cursor(store, &cell, error);

    if (status == TERN_OK) {
        status = write_proof(store, &cell, cursor, error);
    }
    trn_bytes_free(&cell);
    return status;
}

tern_status trn_meta_drop_cursor(struct trn_store *store, tern_error *error)
{
    struct trn_bytes cell = {0};
    struct trn_bytes last = {0};
    tern_status status = trn_meta_proof(store, &last, error);

    if (status == TERN_OK && last.size == 0) {
        status = trn_meta_cursor(store, &last, error);
    }
    if (status == TERN_OK && last.size > 0) {
        status = write_proof(store, &cell, trn_bytes_slice(&last), error);
    }
    trn_bytes_free(&cell);
    trn_bytes_free(&last);
    return status;
}
