/*
 * Receipts, history, devices and meta in SQLite.
 *
 * tern_entry is all three of receipt, history and the table of numbers: one row a transaction,
 * appended in the order of numbers, never changed.
 */
#include "server/db_sqlite_entry.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "wire/entry.h"

tern_status trn_db_sqlite_meta_get(struct trn_db_view *view,
                                   const char *key,
                                   bool *ret_found,
                                   struct trn_bytes *value,
                                   tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_META_READ, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    status = trn_db_sqlite_step(view, statement, &row, "meta: read", error);
    if (status == TERN_OK && row) {
        const void *blob = sqlite3_column_blob(statement, 0);

        status =
            trn_bytes_append(value, blob, (size_t)sqlite3_column_bytes(statement, 0)) == TERN_OK
                ? TERN_OK
                : trn_fail_nomem(error);
    }
    sqlite3_reset(statement);
    if (status == TERN_OK) {
        *ret_found = row;
    }
    return status;
}

tern_status trn_db_sqlite_meta_write(struct trn_db_view *view,
                                     const char *key,
                                     const void *value,
                                     size_t size,
                                     tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_META_WRITE, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 2, value, size, SQLITE_STATIC);
    return trn_db_sqlite_run(view, statement, "meta: write", error);
}

static tern_status meta_bytes(struct trn_db_view *view,
                              const char *key,
                              uint8_t *ret_bytes,
                              size_t size,
                              tern_error *error)
{
    struct trn_bytes value = {0};
    bool found = false;
    tern_status status = trn_db_sqlite_meta_get(view, key, &found, &value, error);

    if (status == TERN_OK && found && value.data != NULL && value.size == size) {
        memcpy(ret_bytes, value.data, size);
    } else if (status == TERN_OK) {
        status = trn_fail(error, TERN_ERR_CORRUPT, "meta: no %s", key);
    }
    trn_bytes_free(&value);
    return status;
}

static tern_status any_erased(struct trn_db_view *view, bool *ret_any, tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ERASED_ANY, &statement, error);

    if (status == TERN_OK) {
        status = trn_db_sqlite_step(view, statement, ret_any, "erased: read", error);
        sqlite3_reset(statement);
    }
    return status;
}

static tern_status
meta_read(struct trn_db_view *view, struct trn_db_meta *ret_meta, tern_error *error)
{
    struct trn_db_meta meta;
    tern_status status = meta_bytes(view, "epoch", meta.epoch, sizeof(meta.epoch), error);

    if (status == TERN_OK) {
        status = meta_bytes(view, "seal_key", meta.seal_key, sizeof(meta.seal_key), error);
    }
    if (status == TERN_OK) {
        status = any_erased(view, &meta.any_erased, error);
    }
    if (status == TERN_OK) {
        *ret_meta = meta;
    }
    return status;
}

static tern_status
set_epoch(struct trn_db *db, const uint8_t epoch[TRN_EPOCH_SIZE], tern_error *error)
{
    return trn_db_sqlite_meta_write(trn_db_sqlite_of(db)->writer,
                                    "epoch",
                                    epoch,
                                    TRN_EPOCH_SIZE,
                                    error);
}

/* The key of an epoch that ended, in `tern_meta`. */
enum { ENDED_KEY_BYTES = sizeof("ended ") + 2 * (size_t)TRN_EPOCH_TAG_BYTES };

static void write_ended_key(const uint8_t tag[TRN_EPOCH_TAG_BYTES], char ret_key[ENDED_KEY_BYTES])
{
    memcpy(ret_key, "ended ", sizeof("ended "));
    trn_hex_encode(tag, TRN_EPOCH_TAG_BYTES, ret_key + sizeof("ended ") - 1);
}

static tern_status
epoch_ended(struct trn_db *db, const uint8_t tag[TRN_EPOCH_TAG_BYTES], tern_error *error)
{
    char key[ENDED_KEY_BYTES];

    write_ended_key(tag, key);
    return trn_db_sqlite_meta_write(trn_db_sqlite_of(db)->writer,
                                    key,
                                    tag,
                                    TRN_EPOCH_TAG_BYTES,
                                    error);
}

static tern_status has_epoch_ended(struct trn_db_view *view,
                                   const uint8_t tag[TRN_EPOCH_TAG_BYTES],
                                   bool *ret_ended,
                                   tern_error *error)
{
    struct trn_bytes value = {0};
    char key[ENDED_KEY_BYTES];
    tern_status status;

    write_ended_key(tag, key);
    status = trn_db_sqlite_meta_get(view, key, ret_ended, &value, error);
    trn_bytes_free(&value);
    return status;
}

/* ---- Entries ---- */

static void entry_of(sqlite3_stmt *statement, struct trn_db_entry *ret_entry)
{
    const unsigned char *detail = sqlite3_column_text(statement, 14);

    memset(ret_entry, 0, sizeof(*ret_entry));
    ret_entry->number = sqlite3_column_int64(statement, 0);
    ret_entry->tx = trn_db_sqlite_column_id(statement, 1);
    ret_entry->device = trn_db_sqlite_column_id(statement, 2);
    ret_entry->sender = trn_db_sqlite_column_id(statement, 3);
    ret_entry->ordinal = sqlite3_column_int64(statement, 4);
    ret_entry->user = trn_db_sqlite_column_id(statement, 5);
    ret_entry->time_us = sqlite3_column_int64(statement, 6);
    ret_entry->raw_time_us = sqlite3_column_int64(statement, 7);
    ret_entry->received_us = sqlite3_column_int64(statement, 8);
    if (sqlite3_column_bytes(statement, 9) == TRN_SHA256_BYTES) {
        memcpy(ret_entry->hash, sqlite3_column_blob(statement, 9), TRN_SHA256_BYTES);
    }
    ret_entry->kind = (uint8_t)sqlite3_column_int(statement, 10);
    ret_entry->schema_version = (uint32_t)sqlite3_column_int64(statement, 11);
    ret_entry->verdict = (tern_status)sqlite3_column_int(statement, 12);
    ret_entry->change = sqlite3_column_int(statement, 13);
    if (detail != NULL) {
        size_t size = strnlen((const char *)detail, sizeof(ret_entry->detail) - 1);

        memcpy(ret_entry->detail, detail, size);
    }
}

static tern_status entry_read(struct trn_db_view *view,
                              sqlite3_stmt *statement,
                              bool *ret_found,
                              struct trn_db_entry *ret_entry,
                              tern_error *error)
{
    bool row = false;
    tern_status status = trn_db_sqlite_step(view, statement, &row, "entry: read", error);

    if (status != TERN_OK) {
        return status;
    }
    if (row) {
        entry_of(statement, ret_entry);
    }
    sqlite3_reset(statement);
    *ret_found = row;
    return TERN_OK;
}

static tern_status entry_by_tx(struct trn_db_view *view,
                               const tern_id *tx,
                               bool *ret_found,
                               struct trn_db_entry *ret_entry,
                               tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_BY_TX, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, tx);
    return entry_read(view, statement, ret_found, ret_entry, error);
}

/* Whose it is: 0 what `sender` handed in, 1 what its author did, 2 what another did. */
static int origin_of(const struct trn_db_entry *entry, const tern_id *sender)
{
    if (trn_id_equal(&entry->sender, sender)) {
        return 0;
    }
    return trn_id_equal(&entry->sender, &entry->device) ? 1 : 2;
}

static bool
comes_before(const struct trn_db_entry *a, const struct trn_db_entry *b, const tern_id *sender)
{
    int origin_a = origin_of(a, sender);
    int origin_b = origin_of(b, sender);

    if (origin_a != origin_b) {
        return origin_a < origin_b;
    }
    if ((a->verdict == TERN_OK) != (b->verdict == TERN_OK)) {
        return a->verdict == TERN_OK;
    }
    return a->number < b->number;
}

/* There is mostly none, or one: to let SQLite sort them costs more than the rest. */
static tern_status entry_by_ordinal(struct trn_db_view *view,
                                    const tern_id *device,
                                    int64_t ordinal,
                                    const tern_id *sender,
                                    bool *ret_found,
                                    struct trn_db_entry *ret_entry,
                                    tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    struct trn_db_entry first = {.number = 0};
    bool found = false;
    bool row = true;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_BY_ORDINAL, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, device);
    sqlite3_bind_int64(statement, 2, ordinal);
    while ((status = trn_db_sqlite_step(view, statement, &row, "entry: read", error)) == TERN_OK &&
           row) {
        struct trn_db_entry entry;

        entry_of(statement, &entry);
        if (!found || comes_before(&entry, &first, sender)) {
            first = entry;
        }
        found = true;
    }
    if (status != TERN_OK) {
        return status;
    }
    if (found) {
        *ret_entry = first;
    }
    *ret_found = found;
    return TERN_OK;
}

static tern_status
entry_body(struct trn_db_view *view, int64_t number, struct trn_bytes *body, tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_BODY, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, number);
    status = trn_db_sqlite_step(view, statement, &row, "entry: body", error);
    if (status == TERN_OK && !row) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "no entry has this number");
    }
    if (status == TERN_OK) {
        const void *blob = sqlite3_column_blob(statement, 0);

        if (trn_bytes_append(body, blob, (size_t)sqlite3_column_bytes(statement, 0)) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    sqlite3_reset(statement);
    return status;
}

static tern_status entry_add(struct trn_db *db,
                             const struct trn_db_entry *entry,
                             struct trn_slice body,
                             tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_ENTRY_ADD, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, entry->number);
    trn_db_sqlite_bind_id(statement, 2, &entry->tx);
    trn_db_sqlite_bind_id(statement, 3, &entry->device);
    trn_db_sqlite_bind_id(statement, 4, &entry->sender);
    sqlite3_bind_int64(statement, 5, entry->ordinal);
    trn_db_sqlite_bind_id(statement, 6, &entry->user);
    sqlite3_bind_int64(statement, 7, entry->time_us);
    sqlite3_bind_int64(statement, 8, entry->raw_time_us);
    sqlite3_bind_int64(statement, 9, entry->received_us);
    sqlite3_bind_blob(statement, 10, entry->hash, TRN_SHA256_BYTES, SQLITE_STATIC);
    sqlite3_bind_int(statement, 11, entry->kind);
    sqlite3_bind_int64(statement, 12, entry->schema_version);
    sqlite3_bind_int(statement, 13, (int)entry->verdict);
    sqlite3_bind_int(statement, 14, entry->change);
    sqlite3_bind_text(statement, 15, entry->detail, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement,
                        16,
                        body.size == 0 ? "" : (const void *)body.data,
                        body.size,
                        SQLITE_STATIC);
    return trn_db_sqlite_run(view, statement, "entry: add", error);
}

static tern_status tx_get(struct trn_db_view *view,
                          int64_t number,
                          bool *ret_found,
                          struct trn_db_tx *ret_tx,
                          tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_TX_GET, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, number);
    status = trn_db_sqlite_step(view, statement, &row, "tx: read", error);
    if (status != TERN_OK) {
        return status;
    }
    if (row) {
        ret_tx->tx = trn_db_sqlite_column_id(statement, 0);
        ret_tx->device = trn_db_sqlite_column_id(statement, 1);
        ret_tx->time_us = sqlite3_column_int64(statement, 2);
        ret_tx->sender = trn_db_sqlite_column_id(statement, 3);
        ret_tx->received_us = sqlite3_column_int64(statement, 4);
        ret_tx->applied = sqlite3_column_int(statement, 5) != 0;
        ret_tx->left = trn_entry_kind_is_left((unsigned)sqlite3_column_int(statement, 6));
        ret_tx->relayed = ret_tx->left && sqlite3_column_int(statement, 7) != 0;
        sqlite3_reset(statement);
    }
    *ret_found = row;
    return TERN_OK;
}

static tern_status last_number(struct trn_db_view *view, int64_t *ret_number, tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_LAST_NUMBER, &statement, error);

    if (status == TERN_OK) {
        status = trn_db_sqlite_step(view, statement, &row, "numbers: read", error);
    }
    if (status != TERN_OK) {
        return status;
    }
    *ret_number = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return TERN_OK;
}

/* ---- Devices ---- */

static tern_status device_read(struct trn_db_view *view,
                               const tern_id *device,
                               struct trn_db_device *ret_device,
                               tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    tern_status status = trn_db_sqlite_statement(view, SQL_DEVICE_READ, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, device);
    status = trn_db_sqlite_step(view, statement, &row, "device: read", error);
    if (status != TERN_OK) {
        return status;
    }
    memset(ret_device, 0, sizeof(*ret_device));
    ret_device->last_time_us = INT64_MIN;
    if (row) {
        ret_device->user = trn_db_sqlite_column_id(statement, 0);
        ret_device->last_time_us = sqlite3_column_int64(statement, 1);
        ret_device->last_ordinal = sqlite3_column_int64(statement, 2);
        sqlite3_reset(statement);
    }
    return TERN_OK;
}

static tern_status device_write(struct trn_db *db,
                                const tern_id *id,
                                const struct trn_db_device *device,
                                tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, SQL_DEVICE_WRITE, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, id);
    trn_db_sqlite_bind_id(statement, 2, &device->user);
    sqlite3_bind_int64(statement, 3, device->last_time_us);
    sqlite3_bind_int64(statement, 4, device->last_ordinal);
    return trn_db_sqlite_run(view, statement, "device: write", error);
}

void trn_db_sqlite_enter_entries(struct trn_db_ops *ops)
{
    ops->set_epoch = set_epoch;
    ops->epoch_ended = epoch_ended;
    ops->has_epoch_ended = has_epoch_ended;
    ops->meta_read = meta_read;
    ops->entry_by_tx = entry_by_tx;
    ops->entry_by_ordinal = entry_by_ordinal;
    ops->entry_body = entry_body;
    ops->entry_add = entry_add;
    ops->tx_get = tx_get;
    ops->last_number = last_number;
    ops->device_read = device_read;
    ops->device_write = device_write;
}
