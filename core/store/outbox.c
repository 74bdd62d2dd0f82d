/*
 * The outbox: one row an entry.
 *
 * A transaction of the app dirties one page more than its rows do: a body that is short, and all
 * else that is known of the entry, stand in that row, at the end of its table; what tern_meta and
 * tern_tx would say is read from there until a sync writes them. Long bodies have rows of their
 * own, so that the entry's state can change without moving them. The acknowledged entries that are
 * kept stand before all others, so those are in reach however many are kept.
 */
#include "store/store.h"

#include <string.h>

#include "base/error.h"
#include "base/portion.h"
#include "store/cell.h"
#include "store/needs.h"
#include "store/sql.h"

#define OPEN_STATES (~(1u << TERN_ENTRY_ACKED))
#define ORDINAL_MAX ((uint64_t)1 << 61)

enum { BODY_BESIDE = 1000 }; /* bytes of a body that stand in the entry's row */

static const char place[] = "outbox";

static tern_status
add_body(struct trn_store *store, uint64_t ordinal, struct trn_slice body, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_ADD_BODY, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, ordinal);
    trn_bind_slice(stmt, 2, body);
    return trn_store_run(store, stmt, place, error);
}

/* From now on tern_tx says that the transaction waits here. */
static tern_status
queue_tx(struct trn_store *store, int64_t key, uint64_t ordinal, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_TX_QUEUE, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, key);
    trn_bind_uint64(stmt, 2, ordinal);
    return trn_store_run(store, stmt, place, error);
}

static void bind_entry(sqlite3_stmt *stmt, const struct trn_entry *entry)
{
    trn_bind_uint64(stmt, 1, entry->ordinal);
    trn_bind_id(stmt, 2, &entry->tx);
    trn_bind_id(stmt, 3, &entry->author);
    (void)sqlite3_bind_int64(stmt, 4, entry->key);
    (void)sqlite3_bind_int(stmt, 5, (int)entry->state);
    (void)sqlite3_bind_int64(stmt, 6, entry->time_us);
    (void)sqlite3_bind_int64(stmt, 7, entry->number);
    (void)sqlite3_bind_int64(stmt, 8, entry->reading.wall_us);
    (void)sqlite3_bind_int64(stmt, 9, entry->reading.monotonic_us);
    trn_bind_id(stmt, 10, &entry->reading.boot);
    (void)sqlite3_bind_int64(stmt, 11, entry->change_count);
    (void)sqlite3_bind_int64(stmt, 12, entry->attempts);
    (void)sqlite3_bind_int(stmt, 13, entry->kind);
    (void)sqlite3_bind_int64(stmt, 14, entry->schema_version);
    (void)sqlite3_bind_int(stmt, 15, (int)entry->reason);
    trn_bind_uint64(stmt, 16, entry->waits_for);
}

static void bind_optional(sqlite3_stmt *stmt, int index, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        (void)sqlite3_bind_null(stmt, index);
    } else {
        trn_bind_text(stmt, index, text);
    }
}

static tern_status insert_entry(struct trn_store *store,
                                const struct trn_entry *entry,
                                struct trn_slice body,
                                struct trn_slice undo,
                                const struct trn_bytes *needs,
                                const char *detail,
                                tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_ADD, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    bind_entry(stmt, entry);
    trn_bind_uint64(stmt, 17, entry->is_packed ? entry->body_size : body.size);
    bind_optional(stmt, 18, detail);
    if (entry->state == TERN_ENTRY_PENDING) {
        trn_bind_slice(stmt, 19, undo);
    } else {
        (void)sqlite3_bind_null(stmt, 19);
    }
    (void)sqlite3_bind_int(stmt, 20, entry->is_packed);
    bind_optional(stmt, 21, trn_bytes_text(needs));
    if (body.size <= trn_portion_bytes(BODY_BESIDE)) {
        trn_bind_slice(stmt, 22, body);
    } else {
        (void)sqlite3_bind_null(stmt, 22);
    }
    return trn_store_run(store, stmt, place, error);
}

tern_status trn_outbox_add(struct trn_store *store,
                           const struct trn_entry *entry,
                           struct trn_slice body,
                           struct trn_slice undo,
                           const uint64_t *depends_on,
                           size_t depends_count,
                           const char *detail,
                           tern_error *error)
{
    struct trn_bytes needs = {0};
    tern_status status = trn_needs_write(&needs, depends_on, depends_count, error);

    if (status == TERN_OK) {
        status = insert_entry(store, entry, body, undo, &needs, detail, error);
    }
    if (status == TERN_OK && body.size > trn_portion_bytes(BODY_BESIDE)) {
        status = add_body(store, entry->ordinal, body, error);
    }
    if (status == TERN_OK && entry->key != 0 && entry->key != trn_store_tx_key(entry->ordinal) &&
        entry->state != TERN_ENTRY_ACKED) {
        status = queue_tx(store, entry->key, entry->ordinal, error);
    }
    trn_bytes_free(&needs);
    return status;
}

static void read_entry(sqlite3_stmt *stmt, struct trn_entry *entry)
{
    entry->ordinal = trn_column_uint64(stmt, 0);
    trn_column_id(stmt, 1, &entry->tx);
    trn_column_id(stmt, 2, &entry->author);
    entry->key = sqlite3_column_int64(stmt, 3);
    entry->state = (tern_entry_state)sqlite3_column_int(stmt, 4);
    entry->time_us = sqlite3_column_int64(stmt, 5);
    entry->number = sqlite3_column_int64(stmt, 6);
    entry->reading.wall_us = sqlite3_column_int64(stmt, 7);
    entry->reading.monotonic_us = sqlite3_column_int64(stmt, 8);
    trn_column_id(stmt, 9, &entry->reading.boot);
    entry->change_count = (uint32_t)sqlite3_column_int64(stmt, 10);
    entry->attempts = (uint32_t)sqlite3_column_int64(stmt, 11);
    entry->kind = (uint8_t)sqlite3_column_int(stmt, 12);
    entry->schema_version = (uint32_t)sqlite3_column_int64(stmt, 13);
    entry->reason = (tern_status)sqlite3_column_int(stmt, 14);
    entry->waits_for = trn_column_uint64(stmt, 15);
    entry->body_size = (size_t)trn_column_uint64(stmt, 16);
    entry->acked_us = sqlite3_column_int64(stmt, 17);
}

static tern_status seek(struct trn_store *store,
                        enum trn_sql which,
                        uint64_t from,
                        unsigned states,
                        struct trn_entry *ret_entry,
                        tern_error *error)
{
    struct trn_entry entry = {0};
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, from < ORDINAL_MAX ? from : ORDINAL_MAX);
    if (states != 0) {
        (void)sqlite3_bind_int64(stmt, 2, states);
    }
    status = trn_store_step(store, stmt, place, &found, error);
    if (status != TERN_OK) {
        return status;
    }
    if (found) {
        read_entry(stmt, &entry);
        (void)sqlite3_reset(stmt);
    }
    *ret_entry = entry;
    return TERN_OK;
}

tern_status trn_outbox_find(struct trn_store *store,
                            uint64_t ordinal,
                            unsigned states,
                            struct trn_entry *ret_entry,
                            tern_error *error)
{
    return seek(store, TRN_SQL_OUTBOX_FIND, ordinal, states & OPEN_STATES, ret_entry, error);
}

/* Among the open ones by `open`, among the kept ones by `kept`. */
static tern_status seek_both(struct trn_store *store,
                             enum trn_sql open,
                             enum trn_sql kept,
                             uint64_t from,
                             unsigned states,
                             struct trn_entry ret_entries[2],
                             tern_error *error)
{
    struct trn_entry entries[2] = {{0}, {0}};
    tern_status status = TERN_OK;

    if ((states & OPEN_STATES) != 0) {
        status = seek(store, open, from, states & OPEN_STATES, &entries[0], error);
    }
    if (status == TERN_OK && (states & ~OPEN_STATES) != 0) {
        status = seek(store, kept, from, 0, &entries[1], error);
    }
    if (status == TERN_OK) {
        memcpy(ret_entries, entries, sizeof entries);
    }
    return status;
}

tern_status trn_outbox_next(struct trn_store *store,
                            uint64_t after,
                            unsigned states,
                            struct trn_entry *ret_entry,
                            tern_error *error)
{
    struct trn_entry found[2];
    tern_status status = seek_both(store,
                                   TRN_SQL_OUTBOX_NEXT_OPEN,
                                   TRN_SQL_OUTBOX_NEXT_KEPT,
                                   after,
                                   states,
                                   found,
                                   error);

    if (status == TERN_OK) {
        bool is_kept =
            found[0].ordinal == 0 || (found[1].ordinal != 0 && found[1].ordinal < found[0].ordinal);

        *ret_entry = found[is_kept];
    }
    return status;
}

tern_status trn_outbox_previous(struct trn_store *store,
                                uint64_t before,
                                unsigned states,
                                struct trn_entry *ret_entry,
                                tern_error *error)
{
    struct trn_entry found[2];
    tern_status status = seek_both(store,
                                   TRN_SQL_OUTBOX_PREVIOUS_OPEN,
                                   TRN_SQL_OUTBOX_PREVIOUS_KEPT,
                                   before,
                                   states,
                                   found,
                                   error);

    if (status == TERN_OK) {
        *ret_entry = found[found[1].ordinal > found[0].ordinal];
    }
    return status;
}

tern_status trn_outbox_pending_kind(struct trn_store *store,
                                    uint64_t ordinal,
                                    uint8_t *ret_kind,
                                    tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_KIND, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, ordinal);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status == TERN_OK && found) {
        *ret_kind = (uint8_t)sqlite3_column_int(stmt, 0);
        (void)sqlite3_reset(stmt);
    }
    return status;
}

/* Appends one cell of the entry; leaves the statement's second cell, if any, in `ret_flag`. */
static tern_status read_cell(struct trn_store *store,
                             enum trn_sql which,
                             uint64_t ordinal,
                             struct trn_bytes *bytes,
                             bool *ret_flag,
                             tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, ordinal);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "the outbox has no such entry");
    }
    status = trn_column_append(stmt, 0, bytes, error);
    if (status == TERN_OK && ret_flag != NULL) {
        *ret_flag = sqlite3_column_int(stmt, 1) != 0;
    }
    (void)sqlite3_reset(stmt);
    return status;
}

tern_status trn_outbox_kept(struct trn_store *store,
                            uint64_t ordinal,
                            bool *ret_gzip,
                            struct trn_bytes *kept,
                            tern_error *error)
{
    return read_cell(store, TRN_SQL_OUTBOX_BODY, ordinal, kept, ret_gzip, error);
}

tern_status trn_outbox_body(struct trn_store *store,
                            uint64_t ordinal,
                            struct trn_bytes *body,
                            tern_error *error)
{
    size_t size = body->size;
    bool gzip = false;
    tern_status status = trn_outbox_kept(store, ordinal, &gzip, body, error);

    if (status == TERN_OK && gzip) {
        body->size = size;
        return trn_fail(error, TERN_ERR_INTERNAL, "the entry is kept compressed");
    }
    return status;
}

tern_status trn_outbox_undo(struct trn_store *store,
                            uint64_t ordinal,
                            struct trn_bytes *undo,
                            tern_error *error)
{
    return read_cell(store, TRN_SQL_OUTBOX_UNDO, ordinal, undo, NULL, error);
}

tern_status
trn_outbox_stands(struct trn_store *store, uint64_t ordinal, bool *ret_stands, tern_error *error)
{
    struct trn_bytes nothing = {0};
    tern_status status =
        read_cell(store, TRN_SQL_OUTBOX_STANDS, ordinal, &nothing, ret_stands, error);

    trn_bytes_free(&nothing);
    return status;
}

tern_status trn_outbox_has_unseen(struct trn_store *store, bool *ret_has, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_UNSEEN, &stmt, error);

    if (status == TERN_OK) {
        status = trn_store_step(store, stmt, place, &found, error);
    }
    if (status == TERN_OK) {
        *ret_has = found && sqlite3_column_int(stmt, 0) != 0;
        (void)sqlite3_reset(stmt);
    }
    return status;
}

tern_status trn_outbox_detail(struct trn_store *store,
                              uint64_t ordinal,
                              struct trn_bytes *text,
                              tern_error *error)
{
    return read_cell(store, TRN_SQL_OUTBOX_DETAIL, ordinal, text, NULL, error);
}

/* Runs a statement of (ordinal, bytes). */
static tern_status write_cell(struct trn_store *store,
                              enum trn_sql which,
                              uint64_t ordinal,
                              struct trn_slice bytes,
                              tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, which, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, ordinal);
    trn_bind_slice(stmt, 2, bytes);
    return trn_store_run(store, stmt, place, error);
}

tern_status trn_outbox_set_undo(struct trn_store *store,
                                uint64_t ordinal,
                                struct trn_slice undo,
                                tern_error *error)
{
    return write_cell(store, TRN_SQL_OUTBOX_SET_UNDO, ordinal, undo, error);
}

tern_status trn_outbox_compress(struct trn_store *store,
                                uint64_t ordinal,
                                struct trn_slice gzip,
                                tern_error *error)
{
    tern_status status = write_cell(store, TRN_SQL_OUTBOX_COMPRESS, ordinal, gzip, error);

    return status == TERN_OK ? write_cell(store, TRN_SQL_OUTBOX_COMPRESSED, ordinal, gzip, error)
                             : status;
}

tern_status trn_outbox_update(struct trn_store *store,
                              const struct trn_entry *entry,
                              const char *detail,
                              tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_UPDATE, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_bind_uint64(stmt, 1, entry->ordinal);
    (void)sqlite3_bind_int(stmt, 2, (int)entry->state);
    (void)sqlite3_bind_int64(stmt, 3, entry->number);
    (void)sqlite3_bind_int64(stmt, 4, entry->time_us);
    (void)sqlite3_bind_int64(stmt, 5, entry->attempts);
    (void)sqlite3_bind_int(stmt, 6, (int)entry->reason);
    trn_bind_uint64(stmt, 7, entry->waits_for);
    bind_optional(stmt, 8, detail);
    (void)sqlite3_bind_int64(stmt, 9, entry->acked_us);
    (void)sqlite3_bind_int64(stmt, 10, entry->key);
    return trn_store_run(store, stmt, place, error);
}

tern_status
trn_outbox_requeue(struct trn_store *store, const struct trn_entry *entry, tern_error *error)
{
    tern_status status = trn_outbox_update(store, entry, NULL, error);

    return status == TERN_OK ? queue_tx(store, entry->key, entry->ordinal, error) : status;
}

tern_status trn_outbox_remove(struct trn_store *store, uint64_t ordinal, tern_error *error)
{
    static const enum trn_sql steps[] = {TRN_SQL_TX_UNQUEUE,
                                         TRN_SQL_OUTBOX_REMOVE,
                                         TRN_SQL_OUTBOX_REMOVE_BODY};
    tern_status status = TERN_OK;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == TERN_OK; i++) {
        sqlite3_stmt *stmt = NULL;

        status = trn_store_sql(store, steps[i], &stmt, error);
        if (status == TERN_OK) {
            trn_bind_uint64(stmt, 1, ordinal);
            status = trn_store_run(store, stmt, place, error);
        }
    }
    return status;
}

tern_status
trn_outbox_count(struct trn_store *store, unsigned states, uint64_t *ret_count, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store,
                                       (states & ~OPEN_STATES) == 0 ? TRN_SQL_OUTBOX_COUNT_OPEN
                                                                    : TRN_SQL_OUTBOX_COUNT_ANY,
                                       &stmt,
                                       error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, states);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status == TERN_OK) {
        *ret_count = found ? trn_column_uint64(stmt, 0) : 0;
        (void)sqlite3_reset(stmt);
    }
    return status;
}

tern_status trn_outbox_unanswered(struct trn_store *store,
                                  unsigned states,
                                  uint64_t *ret_count,
                                  uint64_t *ret_first,
                                  tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = trn_store_sql(store, TRN_SQL_OUTBOX_UNANSWERED, &stmt, error);

    if (status != TERN_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(stmt, 1, states & OPEN_STATES);
    status = trn_store_step(store, stmt, place, &found, error);
    if (status == TERN_OK) {
        *ret_count = found ? trn_column_uint64(stmt, 0) : 0;
        *ret_first = found ? trn_column_uint64(stmt, 1) : 0;
        (void)sqlite3_reset(stmt);
    }
    return status;
}

static tern_status read_depends(struct trn_store *store,
                                uint64_t ordinal,
                                uint64_t after,
                                uint64_t *ret_ordinals,
                                size_t room,
                                bool stops,
                                size_t *ret_count,
                                tern_error *error)
{
    struct trn_bytes needs = {0};
    tern_status status = read_cell(store, TRN_SQL_OUTBOX_DEPENDS, ordinal, &needs, NULL, error);

    if (status == TERN_ERR_NOT_FOUND) {
        trn_error_clear(error); /* of an entry that is not there */
        status = TERN_OK;
    }
    if (status == TERN_OK) {
        *ret_count = trn_needs_read(trn_bytes_text(&needs), after, ret_ordinals, room, stops);
    }
    trn_bytes_free(&needs);
    return status;
}

tern_status trn_outbox_depends(struct trn_store *store,
                               uint64_t ordinal,
                               uint64_t *ret_ordinals,
                               size_t room,
                               size_t *ret_count,
                               tern_error *error)
{
    return read_depends(store, ordinal, 0, ret_ordinals, room, false, ret_count, error);
}

tern_status trn_outbox_depends_after(struct trn_store *store,
                                     uint64_t ordinal,
                                     uint64_t after,
                                     uint64_t *ret_ordinals,
                                     size_t room,
                                     size_t *ret_count,
                                     tern_error *error)
{
    return read_depends(store, ordinal, after, ret_ordinals, room, true, ret_count, error);
}

tern_status
trn_outbox_by_key(struct trn_store *store, int64_t key, uint64_t *ret_ordinal, tern_error *error)
{
    struct trn_entry entry = {0};
    int64_t base = 0;
    tern_status status = trn_store_tx_base(store, key, &base, error);

    if (status == TERN_OK && base < 0) {
        status = trn_outbox_next(store, (uint64_t)-base - 1, OPEN_STATES, &entry, error);
    }
    if (status == TERN_OK) {
        *ret_ordinal = base < 0 && entry.ordinal == (uint64_t)-base ? entry.ordinal : 0;
    }
    return status;
}
