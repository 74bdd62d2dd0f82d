/* Looking through the outbox. */
#include "tern/outbox.h"

#include "api/internal.h"
#include "engine/keep.h"
#include "wire/entry.h"
#include "wire/values.h"

static const unsigned ALL_STATES = 0x1F;

/* ---- Entries ---- */

static tern_entry describe(const struct trn_entry *entry, const struct trn_bytes *detail)
{
    return (tern_entry){.ordinal = entry->ordinal,
                        .tx = entry->tx,
                        .device = entry->author,
                        .state = entry->state,
                        .time_us = entry->time_us,
                        .number = entry->number > 0 ? (uint64_t)entry->number : 0,
                        .size_bytes = entry->body_size,
                        .changes = entry->change_count,
                        .attempts = entry->attempts,
                        .reason = entry->state == TERN_ENTRY_PENDING ? TERN_OK : entry->reason,
                        .detail = trn_bytes_text(detail),
                        .waits_for = entry->waits_for};
}

static tern_status visit_all(struct trn_store *store,
                             unsigned states,
                             tern_entry_visitor visitor,
                             void *context,
                             tern_error *error)
{
    struct trn_bytes detail = {0};
    struct trn_entry entry = {0};
    tern_status status;

    do {
        tern_entry described;

        trn_bytes_clear(&detail);
        status = trn_outbox_next(store, entry.ordinal, states, &entry, error);
        if (status == TERN_OK && entry.ordinal != 0) {
            status = trn_outbox_detail(store, entry.ordinal, &detail, error);
        }
        if (status != TERN_OK || entry.ordinal == 0) {
            break;
        }
        described = describe(&entry, &detail);
        if (!visitor(context, &described)) {
            break;
        }
    } while (true);
    trn_bytes_free(&detail);
    return status;
}

tern_status tern_outbox_visit(tern_replica *replica,
                              unsigned states,
                              tern_entry_visitor visitor,
                              void *context,
                              tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || visitor == NULL || (states & ~ALL_STATES) != 0) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica, known states and a visitor are needed");
    }
    trn_replica_enter(replica);
    status = visit_all(replica->store, states == 0 ? ALL_STATES : states, visitor, context, error);
    trn_replica_leave(replica);
    return status;
}

/* ---- Changes of one entry ---- */

static const char *const operations[] = {[TRN_OP_INSERT] = "insert",
                                         [TRN_OP_UPDATE] = "update",
                                         [TRN_OP_UNDO] = "undo",
                                         [TRN_OP_DELETE] = "delete",
                                         [TRN_OP_UNDELETE] = "undelete"};

static uint64_t columns_of(const struct trn_change *change)
{
    const struct trn_unit *unit = &change->table->units[change->unit];
    uint64_t columns = 0;

    if (change->operation == TRN_OP_INSERT) {
        return change->table->column_count == 64 ? UINT64_MAX
                                                 : (UINT64_C(1) << change->table->column_count) - 1;
    }
    for (size_t i = 0; i < unit->column_count && change->unit != TRN_UNIT_EXISTENCE; i++) {
        columns |= UINT64_C(1) << unit->columns[i];
    }
    return columns;
}

static tern_status show(const struct trn_change *change,
                        tern_entry_change_visitor visitor,
                        void *context,
                        bool *ret_more,
                        tern_error *error)
{
    struct trn_bytes values = {0};
    tern_status status =
        trn_values_write(change->table, columns_of(change), change->values, &values, error);

    if (status == TERN_OK) {
        tern_entry_change shown = {.operation = operations[change->operation],
                                   .table = change->table->name,
                                   .row = change->id,
                                   .unit = change->operation == TRN_OP_INSERT
                                               ? ""
                                               : change->table->units[change->unit].name,
                                   .values = trn_bytes_text(&values)};

        *ret_more = visitor(context, &shown);
    }
    trn_bytes_free(&values);
    return status;
}

static tern_status show_all(tern_replica *replica,
                            struct trn_slice body,
                            tern_entry_change_visitor visitor,
                            void *context,
                            tern_error *error)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    bool more = true;
    tern_status status = trn_entry_open(&reader, replica->schema, body, error);

    while (status == TERN_OK && more) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = show(&change, visitor, context, &more, error);
    }
    trn_entry_close(&reader);
    return status;
}

static tern_status find(tern_replica *replica, uint64_t ordinal, tern_error *error)
{
    struct trn_entry entry = {0};
    tern_status status =
        ordinal == 0 ? TERN_OK
                     : trn_outbox_next(replica->store, ordinal - 1, ALL_STATES, &entry, error);

    if (status != TERN_OK) {
        return status;
    }
    if (ordinal == 0 || entry.ordinal != ordinal) {
        return trn_fail(error,
                        TERN_ERR_NOT_FOUND,
                        "the outbox has no entry %llu",
                        (unsigned long long)ordinal);
    }
    if (entry.state == TERN_ENTRY_LOCKED) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "the rows of entry %llu are not granted any more",
                        (unsigned long long)ordinal);
    }
    return TERN_OK;
}

tern_status tern_outbox_changes(tern_replica *replica,
                                uint64_t ordinal,
                                tern_entry_change_visitor visitor,
                                void *context,
                                tern_error *error)
{
    struct trn_bytes body = {0};
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || visitor == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica and a visitor are needed");
    }
    trn_replica_enter(replica);
    status = find(replica, ordinal, error);
    if (status == TERN_OK) {
        status = trn_keep_body(replica->store, ordinal, &body, error);
    }
    if (status == TERN_OK) {
        status = show_all(replica, trn_bytes_slice(&body), visitor, context, error);
    }
    trn_replica_leave(replica);
    trn_bytes_free(&body);
    return status;
}
