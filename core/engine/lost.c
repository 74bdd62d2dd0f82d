/* A number is forgotten only where the epoch changes, so what has none, and no entry, is from
 * before that. */
#include "engine/lost.h"

#include "base/error.h"
#include "base/uuid.h"
#include "engine/keep.h"
#include "engine/reach.h"
#include "engine/rebase.h"
#include "engine/reoffer.h"
#include "wire/entry.h"

static const unsigned PARKED = 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;

/* One parked entry: units of one row by one transaction. */
struct item {
    uint64_t ordinal;
    const struct trn_table *table; /* NULL: none, or cleared */
    tern_id id;
    uint16_t units;
    uint16_t ranks; /* bit u: rank of unit u */
    int64_t time_us;
    tern_id author;
};

static bool may_be(const struct trn_work *work, const struct trn_entry *entry)
{
    return trn_entry_kind_is_left(entry->kind) &&
           !trn_id_equal(&entry->author, &work->meta.device) && entry->reason != TERN_ERR_ERASED &&
           (PARKED & 1U << entry->state) != 0;
}

/* What was left of this device's own, before it took another id, names the number that it had. */
static bool is_of_another(const struct trn_entry_reader *reader)
{
    return reader->header.former == 0;
}

tern_status trn_lost_is(const struct trn_work *work,
                        const struct trn_entry *entry,
                        bool *ret_is,
                        tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_bytes body = {0};
    tern_status status;

    *ret_is = false;
    if (!may_be(work, entry)) {
        return TERN_OK;
    }
    status = trn_keep_body(work->store, entry->ordinal, &body, error);
    if (status == TERN_OK) {
        status = trn_entry_open(&reader, work->engine->schema, trn_bytes_slice(&body), error);
    }
    if (status == TERN_OK) {
        *ret_is = is_of_another(&reader);
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    return status;
}

/* ---- Parking ---- */

/* The transaction that wrote the unit, if it is another's of an earlier epoch. */
static tern_status is_lost(struct trn_work *work,
                           int64_t key,
                           bool *ret_lost,
                           struct trn_tx_info *ret_info,
                           tern_error *error)
{
    uint64_t ordinal = 0;
    bool own = false;
    tern_status status = TERN_OK;

    *ret_lost = false;
    if (key == 0) {
        return TERN_OK;
    }
    status = trn_known_get(&work->known, work->store, key, ret_info, error);
    if (status == TERN_OK && ret_info->number == 0) {
        status = trn_meta_is_own(work->store, &ret_info->device, &own, error);
    }
    if (status != TERN_OK || ret_info->number != 0 || own) {
        return status;
    }
    status = trn_outbox_by_key(work->store, key, &ordinal, error);
    *ret_lost = status == TERN_OK && ordinal == 0;
    return status;
}

/* Whether the unit is newer than what comes for it. */
static tern_status is_newer(struct trn_work *work,
                            const struct trn_row *here,
                            const struct trn_row *incoming,
                            size_t unit,
                            const struct trn_tx_info *info,
                            bool *ret_newer,
                            tern_error *error)
{
    struct trn_stamp here_stamp = {trn_version_rank(&here->version, unit),
                                   info->time_us,
                                   info->device};
    struct trn_tx_info there = {0};
    struct trn_stamp there_stamp;
    tern_status status = TERN_OK;

    *ret_newer = true;
    if (incoming == NULL || incoming->version.keys[unit] == 0) {
        return TERN_OK;
    }
    status =
        trn_known_number(&work->known, work->store, incoming->version.keys[unit], &there, error);
    there_stamp =
        (struct trn_stamp){trn_version_rank(&incoming->version, unit), there.time_us, there.device};
    *ret_newer = trn_stamp_compare(&here_stamp, &there_stamp) > 0;
    return status;
}

/* The units from `first` up to `end` that the transaction of the first wrote last and that are to
 * be parked. */
static tern_status park_key(struct trn_work *work,
                            const struct trn_table *table,
                            const struct trn_row *here,
                            const struct trn_row *incoming,
                            size_t first,
                            size_t end,
                            tern_error *error)
{
    struct trn_left left = {.key = here->version.keys[first], .table = table, .id = here->id};
    struct trn_tx_info info = {0};
    bool lost = false;
    tern_status status = is_lost(work, left.key, &lost, &info, error);

    for (size_t unit = first; unit < end && status == TERN_OK && lost; unit++) {
        bool newer = false;

        if (here->version.keys[unit] == left.key) {
            status = is_newer(work, here, incoming, unit, &info, &newer, error);
            left.units = (uint16_t)(left.units | (newer ? 1U << unit : 0));
        }
    }
    if (status != TERN_OK || left.units == 0) {
        return status;
    }
    left.time_us = info.time_us;
    left.author = info.device;
    return trn_reoffer_park(work, &left, error);
}

/* A deletion of a row that the server does not have says nothing to it, unless what waits here is
 * about to bring the row back. */
static tern_status park_deletion(struct trn_work *work,
                                 const struct trn_table *table,
                                 const struct trn_row *here,
                                 tern_error *error)
{
    struct trn_tx_info info = {0};
    bool lost = false;
    bool comes = false;
    tern_status status = is_lost(work, here->version.keys[TRN_UNIT_EXISTENCE], &lost, &info, error);

    if (status == TERN_OK && lost) {
        status = trn_reach_makes(work, table, &here->id, &comes, error);
    }
    return status == TERN_OK && comes ? park_key(work,
                                                 table,
                                                 here,
                                                 NULL,
                                                 TRN_UNIT_EXISTENCE,
                                                 TRN_UNIT_EXISTENCE + 1,
                                                 error)
                                      : status;
}

tern_status trn_lost_park(struct trn_work *work,
                          const struct trn_table *table,
                          const tern_id *id,
                          const struct trn_row *incoming,
                          tern_error *error)
{
    struct trn_row here;
    bool found = false;
    tern_status status = TERN_OK;

    if (table->index + 1U == work->engine->schema->table_count) {
        return TERN_OK; /* the audit is the server's */
    }
    status = trn_store_row_read(work->store, table, id, &found, &here, error);
    if (status == TERN_OK && found && incoming == NULL && here.deleted_at_us != 0) {
        return park_deletion(work, table, &here, error);
    }
    if (status != TERN_OK || !found) {
        return status;
    }
    for (size_t unit = 0; unit < table->unit_count && status == TERN_OK; unit++) {
        bool first = true;

        for (size_t i = 0; i < unit; i++) {
            first = first && here.version.keys[i] != here.version.keys[unit];
        }
        if (first) {
            status = park_key(work, table, &here, incoming, unit, table->unit_count, error);
        }
    }
    return status;
}

/* ---- Clearing ---- */

static tern_status read_item(struct trn_work *work,
                             const struct trn_entry *entry,
                             struct item *item,
                             tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_bytes body = {0};
    struct trn_change change;
    bool any = true;
    tern_status status = trn_keep_body(work->store, entry->ordinal, &body, error);

    *item = (struct item){.ordinal = entry->ordinal,
                          .time_us = entry->time_us,
                          .author = entry->author};
    if (status == TERN_OK) {
        status = trn_entry_open(&reader, work->engine->schema, trn_bytes_slice(&body), error);
    }
    any = status == TERN_OK && is_of_another(&reader);
    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        item->table = change.table;
        item->id = change.id;
        item->units = (uint16_t)(item->units | 1U << change.unit);
        if (trn_change_rank(change.table,
                            change.unit,
                            change.values,
                            trn_entry_kind_is_inferred(entry->kind),
                            change.operation == TRN_OP_UNDO,
                            change.operation == TRN_OP_INSERT) == TRN_RANK_1_RECORDED) {
            item->ranks = (uint16_t)(item->ranks | 1U << change.unit);
        }
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    return status;
}

tern_status
trn_lost_load(struct trn_work *work, struct trn_lost *lost, uint64_t after, tern_error *error)
{
    struct trn_entry entry = {.ordinal = after};

    for (;;) {
        struct item item;
        tern_status status = trn_outbox_next(work->store, entry.ordinal, PARKED, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0) {
            return status;
        }
        if (!may_be(work, &entry)) {
            continue;
        }
        status = read_item(work, &entry, &item, error);
        if (status != TERN_OK) {
            return status;
        }
        if (item.table != NULL && trn_bytes_append(&lost->items, &item, sizeof item) != TERN_OK) {
            return trn_fail_nomem(error);
        }
    }
}

void trn_lost_free(struct trn_lost *lost)
{
    trn_bytes_free(&lost->items);
}

/* Whether the server has the item again, or something newer for each unit of it. */
static tern_status is_superseded(struct trn_work *work,
                                 const struct item *item,
                                 const struct trn_row *incoming,
                                 bool *ret_superseded,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    *ret_superseded = true;
    for (size_t unit = 0; unit < item->table->unit_count && status == TERN_OK; unit++) {
        struct trn_stamp lost = {(item->ranks & 1U << unit) != 0 ? TRN_RANK_1_RECORDED
                                                                 : TRN_RANK_0_INFERRED,
                                 item->time_us,
                                 item->author};
        struct trn_tx_info info = {0};
        struct trn_stamp there;

        if ((item->units & 1U << unit) == 0) {
            continue;
        }
        if (incoming->version.keys[unit] == 0) {
            *ret_superseded = false;
            continue;
        }
        status =
            trn_known_get(&work->known, work->store, incoming->version.keys[unit], &info, error);
        there = (struct trn_stamp){trn_version_rank(&incoming->version, unit),
                                   info.time_us,
                                   info.device};
        /* The author's own may be there as it was told by another rank. */
        *ret_superseded =
            *ret_superseded &&
            (trn_stamp_compare(&there, &lost) > 0 ||
             (info.time_us == item->time_us && trn_id_equal(&info.device, &item->author)));
    }
    return status;
}

tern_status trn_lost_clear(struct trn_work *work,
                           struct trn_lost *lost,
                           const struct trn_table *table,
                           const struct trn_row *incoming,
                           tern_error *error)
{
    struct item *items = (void *)lost->items.data;
    size_t count = lost->items.size / sizeof *items;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        bool superseded = false;

        if (items[i].table != table || !trn_id_equal(&items[i].id, &incoming->id)) {
            continue;
        }
        status = is_superseded(work, &items[i], incoming, &superseded, error);
        if (status == TERN_OK && superseded) {
            items[i].table = NULL;
            status = trn_outbox_remove(work->store, items[i].ordinal, error);
        }
    }
    return status;
}

/* ---- Sending ---- */

tern_status trn_lost_send(struct trn_work *work, struct trn_entry *entry, tern_error *error)
{
    struct trn_bytes body = {0};
    tern_status status = trn_keep_body(work->store, entry->ordinal, &body, error);

    if (status == TERN_OK) {
        status = trn_rebase_lift(work, error); /* the commit lays it with the others, in order */
    }
    if (status == TERN_OK) {
        status = trn_outbox_remove(work->store, entry->ordinal, error);
    }
    if (status == TERN_OK) {
        entry->state = TERN_ENTRY_PENDING;
        entry->reason = TERN_ERR_EPOCH_CHANGED;
        entry->number = 0;
        entry->waits_for = 0;
        status = trn_store_tx_await(work->store, entry, error);
    }
    if (status == TERN_OK) {
        status = trn_outbox_add(work->store,
                                entry,
                                trn_bytes_slice(&body),
                                (struct trn_slice){0},
                                NULL,
                                0,
                                NULL,
                                error);
    }
    trn_bytes_free(&body);
    return status;
}
