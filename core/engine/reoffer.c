/* One transaction after the other: its rows are gathered, then written as the lines of an entry. */
#include "engine/reoffer.h"

#include "base/error.h"
#include "base/log.h"
#include "base/uuid.h"
#include "engine/issue.h"
#include "engine/reach.h"
#include "engine/rebase.h"
#include "engine/unheard.h"
#include "wire/entry.h"
#include "wire/limits.h"

struct offering {
    struct trn_work *work;
    struct trn_bytes items; /* struct trn_left, of one transaction */
    struct trn_bytes body;
    struct trn_unheard unheard;
    struct trn_bytes ordinals; /* of entries that may say it all */
    struct trn_line_writer writer;
    struct trn_change change;
    uint32_t changes;
    bool inferred;    /* the transaction */
    uint64_t ordinal; /* last taken */
    bool parks;       /* its author is to offer it, who is another device */
};

/* ---- Lines ---- */

static bool has(const struct trn_left *left, size_t unit)
{
    return (left->units & 1U << unit) != 0;
}

static tern_status
write_line(struct offering *offering, enum trn_operation operation, size_t unit, tern_error *error)
{
    offering->change.operation = operation;
    offering->change.unit = unit;
    offering->changes++;
    return trn_entry_write_change(&offering->writer, &offering->change, error);
}

/* An insert carries all columns. What others wrote since stands in it as it is held, under a stamp
 * that theirs are after; but units of the server's are not a user's to say. */
static void
fill_values(struct offering *offering, const struct trn_left *left, const struct trn_row *row)
{
    const struct trn_table *table = left->table;

    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        bool as_held = column->unit == TRN_UNIT_EXISTENCE || has(left, column->unit) ||
                       !table->server_owned_units[column->unit];

        offering->change.values[i] = row->values[i];
        if (!as_held && column->has_default) {
            offering->change.values[i] = column->default_value;
        } else if (!as_held && column->nullable) {
            offering->change.values[i] = tern_value_null();
        }
    }
}

/* These units are not offered. The verdict on the rest is not to be taken for one on them: what the
 * server has of them is right, whatever it is. */
static tern_status let_go(struct offering *offering,
                          const struct trn_left *left,
                          unsigned units,
                          struct trn_row *row,
                          tern_error *error)
{
    if (units == 0 || offering->parks) {
        return TERN_OK;
    }
    for (size_t unit = 0; unit < left->table->unit_count; unit++) {
        if ((units & 1U << unit) != 0) {
            trn_version_set(&row->version, unit, 0, TRN_RANK_0_INFERRED);
        }
    }
    return trn_store_row_write(offering->work->store, left->table, row, error);
}

/* Whether an update by a recorded transaction gives the unit another rank than it has. */
static bool is_below_update(const struct trn_left *left, const struct trn_row *row, size_t unit)
{
    return trn_version_rank(&row->version, unit) == TRN_RANK_0_INFERRED &&
           trn_change_rank(left->table, unit, row->values, false, false, false) ==
               TRN_RANK_1_RECORDED;
}

/* A unit that a person recorded says so; of the others the rule and the kind of entry do. Of a row
 * whose existence is another transaction's by now, the defaults of its insert are that one's to
 * say: as an update they would be what somebody recorded. */
static tern_status write_units(struct offering *offering,
                               const struct trn_left *left,
                               struct trn_row *row,
                               tern_error *error)
{
    bool inserted = has(left, TRN_UNIT_EXISTENCE);
    unsigned defaults = 0;
    tern_status status = TERN_OK;

    for (size_t unit = 1; unit < left->table->unit_count && status == TERN_OK; unit++) {
        bool recorded = trn_version_rank(&row->version, unit) == TRN_RANK_1_RECORDED;

        if (!has(left, unit) || (inserted && !recorded)) {
            continue;
        }
        if (!offering->inferred && is_below_update(left, row, unit)) {
            defaults |= 1U << unit;
        } else {
            status = write_line(offering, recorded ? TRN_OP_UNDO : TRN_OP_UPDATE, unit, error);
        }
    }
    return status == TERN_OK ? let_go(offering, left, defaults, row, error) : status;
}

static tern_status write_row(struct offering *offering,
                             const struct trn_left *left,
                             struct trn_row *row,
                             tern_error *error)
{
    tern_status status = TERN_OK;

    offering->change.table = left->table;
    offering->change.id = left->id;
    offering->change.base = left->number;
    fill_values(offering, left, row);
    if (row->deleted_at_us != 0) {
        if (has(left, TRN_UNIT_EXISTENCE)) {
            status = write_line(offering, TRN_OP_DELETE, TRN_UNIT_EXISTENCE, error);
        }
        return status == TERN_OK
                   ? let_go(offering, left, left->units & ~(1U << TRN_UNIT_EXISTENCE), row, error)
                   : status;
    }
    if (has(left, TRN_UNIT_EXISTENCE)) {
        status = write_line(offering, TRN_OP_INSERT, TRN_UNIT_EXISTENCE, error);
    }
    return status == TERN_OK && !left->table->append_only ? write_units(offering, left, row, error)
                                                          : status;
}

/* ---- The entry ---- */

static const char waits_for_author[] =
    "a restored server lost it: its author's device offers it again, or an operator sends it";

/* What a row says of the kind of the transaction. Rank 0 is what an inferred one gives, and a
 * recorded one the defaults of what it inserts. */
enum { IS_RECORDED = 1, IS_INFERRED = 2, MAY_BE_INFERRED = 4 };

static unsigned signs_of(const struct trn_left *left, const struct trn_row *row)
{
    unsigned signs = 0;

    if (has(left, TRN_UNIT_EXISTENCE)) {
        return trn_version_rank(&row->version, TRN_UNIT_EXISTENCE) == TRN_RANK_0_INFERRED
                   ? IS_INFERRED
                   : IS_RECORDED;
    }
    for (size_t unit = 1; unit < left->table->unit_count; unit++) {
        if (has(left, unit) && is_below_update(left, row, unit)) {
            signs |= trn_change_rank(left->table, unit, row->values, false, false, true) ==
                             TRN_RANK_1_RECORDED
                         ? IS_INFERRED
                         : MAY_BE_INFERRED;
        }
    }
    return signs;
}

static bool is_inferred(unsigned signs)
{
    return (signs & IS_INFERRED) != 0 ||
           (signs & (IS_RECORDED | MAY_BE_INFERRED)) == MAY_BE_INFERRED;
}

static tern_status read_row(struct offering *offering,
                            const struct trn_left *left,
                            struct trn_row *ret_row,
                            tern_error *error)
{
    bool found = false;
    tern_status status =
        trn_store_row_read(offering->work->store, left->table, &left->id, &found, ret_row, error);

    return status == TERN_OK && !found
               ? trn_fail(error, TERN_ERR_INTERNAL, "a row that was there is gone")
               : status;
}

static tern_status name(struct offering *offering,
                        const struct trn_left *first,
                        struct trn_entry *ret_entry,
                        tern_error *error)
{
    struct trn_work *work = offering->work;
    struct trn_entry entry = {.author = first->author,
                              .key = first->key,
                              .state = TERN_ENTRY_PENDING,
                              .time_us = first->time_us,
                              .reading = {.wall_us = first->time_us},
                              .kind = offering->inferred ? TRN_ENTRY_LEFT_INFERRED
                                                         : TRN_ENTRY_LEFT_RECORDED,
                              .schema_version = work->engine->schema->version,
                              .reason = TERN_ERR_EPOCH_CHANGED};
    uint8_t random[16];
    tern_status status = trn_engine_random(work->engine, random, sizeof random, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_id_v4(random, &entry.tx);
    if (offering->parks) {
        entry.state = TERN_ENTRY_QUARANTINED;
        entry.key = 0;
        entry.ordinal = work->meta.last_ordinal + 1;
    } else {
        status = trn_left_ordinal(work->store, offering->ordinal, &entry.ordinal, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    offering->ordinal = entry.ordinal;
    if (entry.ordinal > work->meta.last_ordinal) {
        work->meta.last_ordinal = entry.ordinal;
        work->meta.last_tx = entry.tx;
    }
    *ret_entry = entry;
    return TERN_OK;
}

static tern_status write_header(struct offering *offering,
                                const struct trn_entry *entry,
                                int64_t former,
                                tern_error *error)
{
    struct trn_entry_header header = trn_issue_header(entry, offering->work->meta.epoch);

    header.former = former;
    trn_bytes_clear(&offering->body);
    trn_line_writer_open(&offering->writer, &offering->body);
    offering->changes = 0;
    return trn_entry_write_header(&offering->writer, &header, error);
}

static tern_status queue(struct offering *offering, struct trn_entry *entry, tern_error *error)
{
    struct trn_work *work = offering->work;
    tern_status status;

    if (offering->changes == 0) {
        return TERN_OK;
    }
    if (offering->changes > TRN_WIRE_TX_CHANGES_MAX ||
        offering->body.size > TRN_WIRE_TX_BYTES_MAX) {
        trn_log(&work->engine->ports->log,
                TERN_LOG_WARNING,
                "sync: a transaction is too large to be offered again");
        return TERN_OK;
    }
    entry->change_count = offering->changes;
    status = trn_outbox_add(work->store,
                            entry,
                            trn_bytes_slice(&offering->body),
                            (struct trn_slice){0},
                            NULL,
                            0,
                            offering->parks ? waits_for_author : NULL,
                            error);
    if (status != TERN_OK || offering->parks) {
        return status;
    }
    status = trn_reach_suspect(work, entry->ordinal, error);
    /* Its key may tell this very ordinal, and yet tern_tx has a row of it, from before. */
    return status == TERN_OK ? trn_outbox_requeue(work->store, entry, error) : status;
}

/* Whether an entry says it all: one that waits for its verdict, or one of what was left before.
 * That may say less: a server that had the whole transaction may have come in between. */
static tern_status find_said(struct offering *offering,
                             const struct trn_left *items,
                             size_t count,
                             bool *ret_said,
                             tern_error *error)
{
    struct trn_work *work = offering->work;
    tern_status status =
        offering->unheard.is_listed ? TERN_OK : trn_unheard_list(work, &offering->unheard, error);

    trn_bytes_clear(&offering->ordinals);
    if (status == TERN_OK) {
        status = trn_unheard_find(&offering->unheard, &items[0], &offering->ordinals, error);
    }
    if (status == TERN_OK) {
        status = trn_left_offered(work->store, items[0].time_us, &offering->ordinals, error);
    }
    return status == TERN_OK ? trn_unheard_says(work,
                                                trn_bytes_slice(&offering->ordinals),
                                                items,
                                                count,
                                                ret_said,
                                                error)
                             : status;
}

static tern_status offer(struct offering *offering, tern_error *error)
{
    const struct trn_left *items = (const void *)offering->items.data;
    size_t count = offering->items.size / sizeof *items;
    struct trn_entry entry;
    struct trn_row row;
    unsigned signs = 0;
    bool is_queued = false;
    tern_status status = TERN_OK;

    if (count == 0) {
        return TERN_OK;
    }
    if (!offering->parks) {
        status = find_said(offering, items, count, &is_queued, error);
    }
    if (status != TERN_OK || is_queued) {
        trn_bytes_clear(&offering->items);
        return status;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        status = read_row(offering, &items[i], &row, error);
        signs |= status == TERN_OK ? signs_of(&items[i], &row) : 0;
    }
    offering->inferred = is_inferred(signs);
    if (status == TERN_OK) {
        status = name(offering, &items[0], &entry, error);
    }
    if (status == TERN_OK) {
        status = write_header(offering, &entry, items[0].number, error);
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        status = read_row(offering, &items[i], &row, error);
        if (status == TERN_OK) {
            status = write_row(offering, &items[i], &row, error);
        }
    }
    trn_bytes_clear(&offering->items);
    return status == TERN_OK ? queue(offering, &entry, error) : status;
}

static tern_status gather(void *context, const struct trn_left *left, tern_error *error)
{
    struct offering *offering = context;
    const struct trn_left *first = (const void *)offering->items.data;
    tern_status status = TERN_OK;

    if (offering->items.size > 0 && first->key != left->key) {
        status = offer(offering, error);
    }
    if (status == TERN_OK && trn_bytes_append(&offering->items, left, sizeof *left) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

tern_status trn_reoffer_gather(struct trn_work *work, tern_error *error)
{
    tern_status status = trn_rebase_lift(work, error);

    return status == TERN_OK ? trn_left_gather(work->store, error) : status;
}

tern_status trn_reoffer_queue(struct trn_work *work, tern_error *error)
{
    struct offering offering = {.work = work};
    tern_status status = trn_left_visit(work->store, gather, &offering, error);

    if (status == TERN_OK) {
        status = offer(&offering, error);
    }
    trn_bytes_free(&offering.items);
    trn_bytes_free(&offering.body);
    trn_bytes_free(&offering.ordinals);
    trn_unheard_free(&offering.unheard);
    return status == TERN_OK ? trn_rebase_lay(work, error) : status;
}

tern_status trn_reoffer_park(struct trn_work *work, const struct trn_left *left, tern_error *error)
{
    struct offering offering = {.work = work, .parks = true};
    tern_status status = trn_bytes_append(&offering.items, left, sizeof *left) == TERN_OK
                             ? TERN_OK
                             : trn_fail_nomem(error);

    if (status == TERN_OK) {
        status = offer(&offering, error);
    }
    trn_bytes_free(&offering.items);
    trn_bytes_free(&offering.body);
    return status;
}
